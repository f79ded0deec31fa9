"""What one can do to the selection, each one step that undo takes back: the shell's actions, menus and keys call these."""

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from nnlab.core import wrapping
from nnlab.core.blocks import grouping
from nnlab.core.blocks.block import Block
from nnlab.core.words import plural
from nnlab.errors import NNLabError
from nnlab.files import codec
from nnlab.ui.canvas import edits, geometry
from nnlab.ui.canvas.adding import AddingView
from nnlab.ui.canvas.rename import NameField
from nnlab.ui.scope import Scope

PASTE_STEP = 32  # a duplicate lies this far from its original


class EditingView(AddingView):
    """A canvas with the verbs that edit."""

    edit_requested = Signal(str)
    """Id of a node whose settings the user wants to edit."""

    def __init__(self, bench: Scope, parent: QWidget | None = None) -> None:
        super().__init__(bench, parent)
        self.name_field = NameField(self.viewport(), self)

    # ---------------------------------------------------------------- the selection

    def delete_selection(self, reconnect: bool = False) -> None:
        """Delete the selected layers and wires; `reconnect` joins what was before them with what came after."""
        chosen, wires = self.bench.selection, self.picture.chosen_wires
        if not chosen:
            self.cut_wires(wires)
            return
        graph = edits.deleted(self.bench.document.graph, chosen, wires, reconnect)
        self.bench.apply_graph(f"Delete {plural(len(chosen), 'layer')}", graph)

    def copy(self) -> None:
        """Put the selected layers on the clipboard, as text."""
        if self.bench.selection:
            QGuiApplication.clipboard().setText(codec.copy(self.bench.document.graph, self.bench.selection))

    def cut(self) -> None:
        """Copy the selected layers, then delete them."""
        if self.bench.selection:
            self.copy()
            chosen = self.bench.selection
            graph = edits.deleted(self.bench.document.graph, chosen)
            self.bench.apply_graph(f"Cut {plural(len(chosen), 'layer')}", graph)

    def paste(self, keep_wires: bool = False) -> None:
        """Put the clipboard's layers at the pointer; `keep_wires` connects them to what fed the originals."""
        place = self.pointer()
        self._paste(QGuiApplication.clipboard().text(), (place.x(), place.y()), keep_wires, "Paste")

    def duplicate(self, keep_wires: bool = False) -> None:
        """The selected layers once more, beside themselves."""
        if self.bench.selection:
            graph = self.bench.document.graph
            corner = self.picture.bounds(self.bench.selection).topLeft()
            at = corner.x() + PASTE_STEP, corner.y() + geometry.HEIGHT + PASTE_STEP
            self._paste(codec.copy(graph, self.bench.selection), at, keep_wires, "Duplicate")

    def _paste(self, text: str, at: tuple[float, float], keep_wires: bool, label: str) -> None:
        snapped = geometry.snap(at[0]), geometry.snap(at[1])
        try:
            graph, new = codec.paste(self.bench.document.graph, text, snapped, keep_wires)
        except NNLabError as error:
            self.say(str(error))
            return
        self._apply_new(f"{label} {plural(len(new), 'layer')}", graph, new)

    def select_all(self) -> None:
        """Every layer."""
        self.bench.select(self.bench.document.graph.nodes)

    def nudge(self, dx: float, dy: float) -> None:
        """Move the selected layers by so much; nudges in a row undo as one."""
        nodes = self.bench.document.graph.nodes
        places = {n: (nodes[n].x + dx, nodes[n].y + dy) for n in self.bench.selection}
        if places:
            key = "nudge " + " ".join(sorted(places))
            self.bench.apply_graph("Move layers", edits.moved(self.bench.document.graph, places), key)

    def edit_selection(self) -> None:
        """Edit the settings of the selected layer, or open it if it is a block."""
        if len(self.bench.selection) != 1:
            return
        (node_id,) = self.bench.selection
        if isinstance(self.bench.document.graph.node(node_id).layer, Block):
            self.bench.enter(node_id)
        else:
            self.edit_requested.emit(node_id)

    def group_selection(self) -> None:
        """Put the selected layers into a block."""
        try:
            graph, block_id = grouping.group(self.bench.document.graph, self.bench.selection)
        except NNLabError as error:
            self.say(str(error))
            return
        self.bench.apply_graph(f"Group {plural(len(self.bench.selection), 'layer')}", graph)
        self.bench.select({block_id})

    def ungroup_selection(self) -> None:
        """Put the layers of the selected blocks in their places."""
        graph, found = self.bench.document.graph, set[str]()
        blocks = [n for n in self.bench.selection if isinstance(graph.node(n).layer, Block)]
        if not blocks:
            self.say("select a block to take it apart")
            return
        try:
            for block_id in blocks:
                graph, ids = grouping.ungroup(graph, block_id)
                found |= set(ids)
        except NNLabError as error:
            self.say(str(error))
            return
        self.bench.apply_graph(f"Ungroup {plural(len(blocks), 'block')}", graph)
        self.bench.select(found)

    def rename_selection(self) -> None:
        """Give the selected layer a name, in place."""
        if len(self.bench.selection) != 1:
            return
        (node_id,) = self.bench.selection
        self.show_point(self.picture.nodes[node_id].card())
        card = self.mapFromScene(self.picture.nodes[node_id].card()).boundingRect()

        def named(name: str) -> None:
            if node_id in self.bench.document.graph.nodes:
                self.bench.apply_graph("Rename", edits.renamed(self.bench.document.graph, node_id, name))

        self.name_field.open_over(QRect(card), self.bench.document.graph.node(node_id).title, named)

    def tidy(self) -> None:
        """Lay the network out from left to right, a long one in several rows."""
        before = self.bench.document.graph
        self.bench.apply_graph("Tidy layout", wrapping.tidy(before))
        self.fit_all()
