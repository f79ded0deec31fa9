"""What one can do to the network, each one step that undo takes back: the shell's actions, menus and keys call these."""

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from nnlab.core import codec, layout
from nnlab.core.graph import Graph, Link
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.words import plural
from nnlab.errors import LinkError, NNLabError
from nnlab.ui.canvas import edits, geometry, search
from nnlab.ui.canvas.edits import End
from nnlab.ui.canvas.motion import Glide
from nnlab.ui.canvas.overlays import Bubble
from nnlab.ui.canvas.rename import NameField
from nnlab.ui.canvas.search import Choice, ChoiceList
from nnlab.ui.canvas.view import CanvasView
from nnlab.ui.workbench import Workbench

PASTE_STEP = 32  # a duplicate lies this far from its original


class EditingView(CanvasView):
    """A canvas with the verbs that edit."""

    edit_requested = Signal(str)
    """Id of a node whose settings the user wants to edit."""

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(bench, parent)
        self.glide = Glide(self.picture)
        self.bubble = Bubble(self)
        self.choices = ChoiceList(self)
        self.name_field = NameField(self.viewport())

    # ---------------------------------------------------------------- adding

    def add_layer(self) -> None:
        """Open the search for a layer at the pointer."""
        self.search_at(self.pointer())

    def search_at(self, place: QPointF) -> None:
        """Open the search for a layer that will stand at this point of the scene."""

        def picked(choice: Choice) -> None:
            layer = search.configured(choice.value, choice.number)
            if layer is not None:
                self.drop_layer(layer, place)

        self._offer(place, search.layer_choices(list(LAYERS)), "Add a layer", picked)

    def add_after_selection(self, layer_id: str) -> None:
        """Add a layer behind the selected one, or where there is room in the middle of the canvas."""
        layer, bench = LAYERS[layer_id](), self.bench
        if len(bench.selection) == 1:
            graph, new = edits.after_selection(bench.document, layer, *bench.selection)
        else:
            middle = self.seen().center()
            graph, new = edits.added(bench.document.graph, layer, *self._corner(middle))
        self._apply_new(f"Add {layer.title}", graph, (new,))

    def drop_layer(self, layer: Layer, place: QPointF, link: Link | None = None) -> str:
        """Add a layer with its middle at this point, into the middle of a wire if one is given; its id."""
        graph, new = edits.added(self.bench.document.graph, layer, *self._corner(place))
        label = f"Add {layer.title}"
        if link is not None and edits.can_insert(graph, new):
            self.insert(graph, new, link, label)
            self.bench.select({new})
        else:
            self._apply_new(label, graph, (new,))
        return new

    def insert(self, graph: Graph, node_id: str, link: Link, label: str = "") -> None:
        """Put a loose node of `graph` into the middle of a wire; if a port does not fit, say why and leave it loose."""
        title = graph.node(node_id).title
        try:
            grown = edits.inserted(graph, node_id, link)
        except LinkError as error:
            grown = graph
            self.say(str(error))
        self.apply_gliding(label or f"Insert {title}", grown)

    def _corner(self, middle: QPointF) -> tuple[float, float]:
        return middle.x() - geometry.WIDTH / 2, middle.y() - geometry.HEIGHT / 2

    def _apply_new(self, label: str, graph: Graph, new: Iterable[str]) -> None:
        ids = frozenset(new)
        self.apply_gliding(label, graph)
        self.bench.select(ids)
        if ids:
            self.show_point(self.picture.bounds(ids & self.picture.nodes.keys()))

    def _offer(self, place: QPointF, choices: list[Choice], prompt: str, picked: object, left: object = None) -> None:
        at = self.viewport().mapToGlobal(self.mapFromScene(place))
        self.choices.open_at(at, choices, prompt, picked, left)  # type: ignore[arg-type]

    # ---------------------------------------------------------------- wires

    def connect_selection(self) -> None:
        """List the layers the selected one can be connected to; the pick is connected."""
        if len(self.bench.selection) != 1:
            self.say("select one layer first, then press C to connect it")
            return
        (source,) = self.bench.selection
        graph = self.bench.document.graph
        outputs = graph.output_ports(source)
        start = End(source, outputs[0].name, True) if outputs else None
        ends = {n: edits.best_end(graph, start, n)[0] for n in graph.nodes if n != source} if start else {}
        open_ends = {n: end for n, end in ends.items() if end is not None}
        if start is None or not open_ends:
            self.say(f"there is nothing that {graph.node(source).title} could be connected to")
            return
        choices = [
            Choice(n, graph.nodes[n].title, _port_words(end), graph.nodes[n].layer.category, n)
            for n, end in sorted(open_ends.items(), key=lambda item: self._nearness(source, item[0]))
        ]

        def picked(choice: Choice) -> None:
            self._connect(start, open_ends[choice.value])

        place = self.picture.nodes[source].port_point(outputs[0].name, True)
        self._offer(place, choices, f"Connect {graph.node(source).title} to", picked)

    def _nearness(self, source: str, other: str) -> tuple[bool, float]:
        a, b = self.picture.nodes[source].pos(), self.picture.nodes[other].pos()
        return b.x() < a.x(), geometry.distance(a, b)

    def _connect(self, start: End, end: End) -> None:
        try:
            self.bench.apply_graph("Connect", self.bench.document.graph.with_link(edits.link_between(start, end)))
        except NNLabError as error:
            self.say(str(error))

    def cut_wires(self, links: Iterable[Link]) -> None:
        """Take these wires away."""
        cut = frozenset(links) & self.bench.document.graph.links
        if cut:
            label = "Cut wire" if len(cut) == 1 else "Cut wires"
            self.bench.apply_graph(label, self.bench.document.graph.without_links(cut))

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
        """Edit the settings of the selected layer."""
        if len(self.bench.selection) == 1:
            self.edit_requested.emit(next(iter(self.bench.selection)))

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
        """Lay the network out from left to right."""
        before = self.bench.document.graph
        self.apply_gliding("Tidy layout", layout.tidy(before))
        self.fit_all()

    # ---------------------------------------------------------------- saying and showing

    def say(self, sentence: str) -> None:
        """Show a sentence at the pointer for a moment."""
        place = self.mapFromGlobal(self.cursor().pos())
        if not self.rect().contains(place):
            place = QPoint(self.width() // 2, self.height() // 2)
        self.bubble.say(sentence, place, linger=True)

    def apply_gliding(self, label: str, graph: Graph) -> None:
        """One edit, after which layers that stand elsewhere glide there."""
        before = {n: item.pos() for n, item in self.picture.nodes.items()}
        self.bench.apply_graph(label, graph)
        self.glide.run_from(before)

    def fit(self, area: QRectF) -> None:
        """Show this part of the scene, where its layers will be once they stand still."""
        super().fit(area)


def _port_words(end: End) -> str:
    return "" if end.port == "in" else f"At {end.port}"
