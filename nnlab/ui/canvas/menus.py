"""The menus of the right mouse button: on a node, on a wire, on the canvas. They call the same verbs as keys and actions."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QMenu

from nnlab.core.blocks.block import Block
from nnlab.core.fixes import Fix
from nnlab.core.graph import Link
from nnlab.errors import NNLabError
from nnlab.ui.canvas.places import WIRE_REACH
from nnlab.ui.look import icons

if TYPE_CHECKING:
    from nnlab.ui.canvas.editor import GraphEditor


def show(editor: "GraphEditor", at: QPoint, place: QPointF) -> None:
    """Open the menu of what is at this point of the scene."""
    menu = build(editor, place)
    menu.exec(at)
    menu.deleteLater()


def build(editor: "GraphEditor", place: QPointF) -> QMenu:
    """The menu of what is at this point of the scene."""
    menu = QMenu(editor)
    node_id = editor.picture.node_at(place)
    link = None if node_id else editor.picture.wire_at(place, WIRE_REACH / editor.zoom)
    if node_id is not None:
        if node_id not in editor.bench.selection:
            editor.bench.select({node_id})
        _node_menu(editor, menu, node_id)
    elif link is not None:
        editor.picture.choose_wires({link})
        _wire_menu(editor, menu, link, place)
    else:
        _canvas_menu(editor, menu, place)
    return menu


def _node_menu(editor: "GraphEditor", menu: QMenu, node_id: str) -> None:
    fixes = [(fix, problem.message) for problem in editor.problems.at(node_id) for fix in problem.fixes]
    for fix, message in fixes:
        action = _add(menu, "check", fix.label, _fixing(editor, fix))
        action.setStatusTip(message)
        action.setData(fix)
    menu.hovered.connect(lambda action: _preview(editor, action.data()))
    menu.aboutToHide.connect(lambda: editor.bench.preview(None))
    if fixes:
        menu.addSeparator()
    if len(editor.bench.selection) == 1:
        if _is_block(editor, node_id):
            _add(menu, "", "Open the block", editor.edit_selection, "Return")
        else:
            _add(menu, "settings", "Edit settings", editor.edit_selection, "Return")
        _add(menu, "pencil", "Rename", editor.rename_selection, "F2")
        _add(menu, "", "Connect to…", editor.connect_selection, "C")
        menu.addSeparator()
    _add(menu, "", "Group into a block", editor.group_selection, "Ctrl+G")
    if any(_is_block(editor, n) for n in editor.bench.selection):
        _add(menu, "", "Ungroup", editor.ungroup_selection, "Ctrl+Shift+G")
    menu.addSeparator()
    _add(menu, "cut", "Cut", editor.cut, "Ctrl+X")
    _add(menu, "copy", "Copy", editor.copy, "Ctrl+C")
    _add(menu, "duplicate", "Duplicate", editor.duplicate, "Ctrl+D")
    menu.addSeparator()
    _add(menu, "trash", "Delete", editor.delete_selection, "Del")
    _add(menu, "", "Delete and reconnect", lambda: editor.delete_selection(reconnect=True), "Ctrl+Del")


def _preview(editor: "GraphEditor", fix: object) -> None:
    """Show what the fix under the pointer would change; other entries of the menu change nothing one could show."""
    editor.bench.preview(fix.apply if isinstance(fix, Fix) else None)


def _is_block(editor: "GraphEditor", node_id: str) -> bool:
    return isinstance(editor.bench.document.graph.node(node_id).layer, Block)


def _wire_menu(editor: "GraphEditor", menu: QMenu, link: Link, place: QPointF) -> None:
    _add(menu, "plus", "Insert a layer…", lambda: editor.search_at(place, link))
    _add(menu, "trash", "Delete wire", lambda: editor.cut_wires({link}), "Del")


def _canvas_menu(editor: "GraphEditor", menu: QMenu, place: QPointF) -> None:
    _add(menu, "plus", "Add a layer…", lambda: editor.search_at(place), "A")
    _add(menu, "paste", "Paste", editor.paste, "Ctrl+V")
    menu.addSeparator()
    if editor.bench.path:
        _add(menu, "", "Leave the block", editor.bench.leave, "Esc")
    _add(menu, "", "Select all", editor.select_all, "Ctrl+A")
    _add(menu, "fit", "Show everything", editor.fit_all, "Home")
    _add(menu, "tidy", "Tidy layout", editor.tidy, "Ctrl+Shift+F")


def _fixing(editor: "GraphEditor", fix: Fix) -> Callable[[], None]:
    def apply() -> None:
        try:
            fixed = fix.apply(editor.bench.document)
        except NNLabError as error:
            editor.say(str(error))
            return
        editor.bench.apply(fix.label, fixed)

    return apply


def _add(menu: QMenu, icon: str, text: str, verb: Callable[[], object], keys: str = ""):  # type: ignore[no-untyped-def]
    # the keys are shown as text: the window's actions own the real shortcuts
    label = text.replace("&", "&&") + (f"\t{keys}" if keys else "")
    action = menu.addAction(icons.icon(icon) if icon else icons.icon(""), label)
    action.triggered.connect(lambda *_: verb())
    return action
