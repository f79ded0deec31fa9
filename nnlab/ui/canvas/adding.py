"""Adding layers and wires: by search, by drop, behind the selection; and saying why something cannot be."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QWidget

from nnlab.core.graph import Graph, Link
from nnlab.core.layer import LAYERS, Layer, Shape
from nnlab.core.typed.meant import Description
from nnlab.errors import LinkError, NNLabError
from nnlab.ui.canvas import edits, geometry, search, shelf, typed_layers
from nnlab.ui.canvas.edits import End
from nnlab.ui.canvas.motion import Glide
from nnlab.ui.canvas.overlays import Bubble
from nnlab.ui.canvas.search import Choice, ChoiceList, Describe
from nnlab.ui.canvas.view import CanvasView
from nnlab.ui.scope import Scope


class AddingView(CanvasView):
    """A canvas on which layers and wires can be put."""

    def __init__(self, bench: Scope, parent: QWidget | None = None) -> None:
        super().__init__(bench, parent)
        self.glide = Glide(self.picture)
        self.bubble = Bubble(self)
        self.choices = ChoiceList(self)
        self.mouse_moved = False  # since the last layer was added

    # ---------------------------------------------------------------- adding

    def add_layer(self) -> None:
        """Open the search at the pointer; if the mouse rests, or is on the selected layer, the new one goes behind that."""
        moved = self.mouse_moved and self.has_pointer()
        if len(self.bench.selection) == 1 and (
            not moved or self.picture.node_at(self.pointer()) in self.bench.selection
        ):
            self._search_behind(*self.bench.selection)
        else:
            self.search_at(self.pointer())

    def _search_behind(self, selected: str) -> None:
        document = self.bench.document
        outputs = document.graph.output_ports(selected)
        end = End(selected, outputs[0].name, True) if outputs else None
        ids = edits.layers_after(document, end) if end else shelf.offered(edits.is_inside(document))

        def picked(choice: Choice) -> None:
            if selected not in self.bench.document.graph.nodes:
                return
            if choice.described is not None:
                self.plant(choice, lambda d: typed_layers.behind(self.bench.document, d, selected))
                return
            shape = edits.shape_at(document, end) if end else None
            layer = search.configured(choice.value, choice.number, shape)
            if layer is not None:
                graph, new = edits.after_selection(self.bench.document, layer, selected)
                self._apply_new(f"Add {layer.title}", graph, (new,))

        self.show_point(self.picture.nodes[selected].card())
        place = self.picture.nodes[selected].card().topRight()
        self.offer(
            place, search.layer_choices(ids), "Add a layer behind this one", picked, describe=self.describe(selected)
        )

    def search_at(self, place: QPointF, link: Link | None = None) -> None:
        """Open the search for a layer that will stand at this point of the scene, in the middle of a wire if given."""

        def picked(choice: Choice) -> None:
            if choice.described is not None:
                self.plant(choice, lambda d: self._typed_at(d, place, link))
                return
            layer = search.configured(choice.value, choice.number, self.shape_on(link))
            if layer is not None:
                self.drop_layer(layer, place, link)

        if link is None:
            ids = shelf.usual_first(shelf.offered(edits.is_inside(self.bench.document)))
            self.offer(place, search.layer_choices(ids), "Add a layer", picked, describe=self.describe())
            return
        fitting = edits.layers_after(self.bench.document, End(link.source, link.source_port, True))
        ids = [layer_id for layer_id in fitting if layer_id not in LAYERS or LAYERS[layer_id].outputs]
        describe = self.describe(link.source, link.source_port)
        self.offer(place, search.layer_choices(ids), "Insert a layer", picked, describe=describe)

    # ---------------------------------------------------------------- typed layers

    def describe(self, after: str = "", port: str = "") -> Describe:
        """What typed layers would be behind a node, or by themselves."""
        shape = typed_layers.shape_behind(self.bench.document, after, port) if after else None
        return lambda typed: search.typed_choice(typed, shape)

    def plant(self, choice: Choice, planted: Callable[[Description], tuple[Graph, tuple[str, ...]]]) -> None:
        """Add the typed layers in one step; if they cannot follow each other, say why."""
        assert choice.described is not None
        try:
            graph, new = planted(choice.described)
        except NNLabError as problem:
            self.say(str(problem))
            return
        self._apply_new(choice.title, graph, new)

    def _typed_at(self, described: Description, place: QPointF, link: Link | None) -> tuple[Graph, tuple[str, ...]]:
        document = self.bench.document
        if link is not None and link in document.graph.links:
            return typed_layers.inside(document, described, link)
        return typed_layers.at_place(document, described, *self._corner(place))

    def shape_on(self, link: Link | None) -> Shape | None:
        """What a wire carries, if there is one and that is known."""
        if link is None or link not in self.bench.document.graph.links:
            return None
        return edits.shape_at(self.bench.document, End(link.source, link.source_port, True))

    def drop_layer(self, layer: Layer, place: QPointF, link: Link | None = None) -> str:
        """Add a layer with its middle at this point, into the middle of a wire if one is given; its id."""
        graph, new = edits.added(self.bench.document.graph, layer, *self._corner(place), aside=link is None)
        label = f"Add {layer.title}"
        if link in graph.links and link is not None and edits.can_insert(graph, new):
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
        self.bench.apply_graph(label or f"Insert {title}", grown)

    def _corner(self, middle: QPointF) -> tuple[float, float]:
        return middle.x() - geometry.WIDTH / 2, middle.y() - geometry.HEIGHT / 2

    def _apply_new(self, label: str, graph: Graph, new: Iterable[str]) -> None:
        ids = frozenset(new)
        self.mouse_moved = False
        self.bench.apply_graph(label, graph)
        self.bench.select(ids)
        if ids:
            self.show_point(self.picture.bounds(ids & self.picture.nodes.keys()))

    def offer(
        self,
        place: QPointF,
        choices: list[Choice],
        prompt: str,
        picked: Callable[[Choice], None],
        left: Callable[[], None] | None = None,
        describe: Describe | None = None,
    ) -> None:
        """List these choices at a point of the scene; one is `picked`, or the list is `left`."""
        at = self.viewport().mapTo(self, self.mapFromScene(place))
        self.choices.open_at(at, choices, prompt, picked, left, describe)

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
        self.offer(place, choices, f"Connect {graph.node(source).title} to", picked)

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

    # ---------------------------------------------------------------- saying and showing

    def say(self, sentence: str) -> None:
        """Show a sentence at the pointer for a moment."""
        place = self.mapFromGlobal(QCursor.pos())
        if not self.rect().contains(place):
            place = QPoint(self.width() // 2, self.height() // 2)
        self.bubble.say(sentence, place, linger=True)


def _port_words(end: End) -> str:
    return "" if end.port == "in" else f"At {end.port}"
