"""The right mouse button on a block of one's own in the list of layers: rename it, remove it."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QTreeWidget, QTreeWidgetItem

from nnlab.errors import NNLabError
from nnlab.ui.canvas.rename import NameField
from nnlab.ui.canvas.shelf import MINE_MARK
from nnlab.ui.keeping import my_blocks
from nnlab.ui.look import icons

Say = Callable[[str, str], None]


class MyBlocksMenu:
    """Listens to one tree; `id_role` is where its rows keep the id of what they stand for."""

    def __init__(self, tree: QTreeWidget, id_role: int, say: Say) -> None:
        self._tree, self._role, self._say = tree, id_role, say
        self.field = NameField(tree.viewport(), tree)
        self.field.setAccessibleName("Name of the block")
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.customContextMenuRequested.connect(self._show)

    def build(self, row: QTreeWidgetItem | None) -> QMenu | None:
        """The menu of a row; None if it is no block of one's own."""
        id_ = str(row.data(0, self._role) or "") if row is not None else ""
        if row is None or not id_.startswith(MINE_MARK):
            return None
        name = id_[len(MINE_MARK) :]
        menu = QMenu(self._tree)
        menu.addAction(icons.icon("pencil"), "Rename…").triggered.connect(partial(self._rename, row, name))
        menu.addAction(icons.icon("trash"), "Remove from My blocks").triggered.connect(partial(self._remove, name))
        return menu

    def _show(self, at: QPoint) -> None:
        menu = self.build(self._tree.itemAt(at))
        if menu is not None:
            menu.exec(self._tree.viewport().mapToGlobal(at))
            menu.deleteLater()

    def _rename(self, row: QTreeWidgetItem, name: str, *_: object) -> None:
        def done(new: str) -> None:
            if new.strip() != name:
                self._try(lambda: my_blocks.rename(name, new))

        self.field.open_over(self._tree.visualItemRect(row), name, done)

    def _remove(self, name: str, *_: object) -> None:
        self._try(lambda: my_blocks.remove(name))

    def _try(self, change: Callable[[], object]) -> None:
        try:
            change()
        except NNLabError as problem:
            self._say("error", str(problem))
