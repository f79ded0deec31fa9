"""What the gestures do to a graph, as pure functions: each returns the next graph. No Qt."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from nnlab.core.blocks import grouping
from nnlab.core.blocks.inside import InnerDocument
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import CATEGORIES, MISSING, Layer, Port, PortKind, Shape
from nnlab.errors import LinkError, NNLabError, ShapeError
from nnlab.ui.canvas import shelf
from nnlab.ui.canvas.geometry import GAP, GRID, HEIGHT, WIDTH, snap


@dataclass(frozen=True)
class End:
    """One port, as the place where a wire starts or ends."""

    node: str
    port: str
    is_output: bool


def link_between(a: End, b: End) -> Link:
    """The wire between an output and an input, whichever was named first."""
    source, target = (a, b) if a.is_output else (b, a)
    return Link(source.node, target.node, target.port, source.port)


def refusal(graph: Graph, a: End, b: End) -> str:
    """Why a wire between these two ports is refused; empty if it is not."""
    if a.is_output == b.is_output:
        kind = "outputs" if a.is_output else "inputs"
        return f"a wire runs from an output to an input; these are two {kind}"
    try:
        graph.check_link(link_between(a, b))
    except NNLabError as error:
        return str(error)
    return ""


def best_end(graph: Graph, start: End, node_id: str) -> tuple[End | None, str]:
    """The port of this node that a wire from `start` fits best, or None and the reason."""
    if start.is_output:
        names = [port.name for port in graph.input_ports(node_id)]
        free = [name for name in names if graph.wire_into(node_id, name) is None]
        ends = [End(node_id, name, False) for name in [*free, *(n for n in names if n not in free)]]
    else:
        ends = [End(node_id, port.name, True) for port in graph.output_ports(node_id)]
    reason = ""
    for end in ends:
        said = refusal(graph, start, end)
        if not said:
            return end, ""
        reason = reason or said
    return None, reason or _no_port(graph, start, node_id)


def _no_port(graph: Graph, start: End, node_id: str) -> str:
    title = graph.node(node_id).title
    if start.is_output:
        return f"{title} takes no wire: it is where the data enters"
    return f"{title} has no output: it is where the answer leaves"


def added(graph: Graph, layer: Layer, x: float, y: float, aside: bool = True) -> tuple[Graph, str]:
    """With a new node of this layer, snapped to the grid; it steps aside, downwards, rather than lie on another."""
    x, y = snap(x), snap(y)
    tops = [node.y for node in graph.nodes.values() if abs(node.x - x) < WIDTH] if aside else []
    while any(abs(top - y) < HEIGHT + GRID for top in tops):
        y += GRID
    node_id = graph.new_id(layer)
    return graph.with_node(Node(node_id, layer, x, y)), node_id


def free_place(graph: Graph) -> tuple[float, float]:
    """Where a new node stands free: right of the rightmost one."""
    last = max(graph.nodes.values(), key=lambda node: node.x, default=None)
    return (last.x + WIDTH + GAP, last.y) if last else (-WIDTH / 2, 0.0)


def attached(graph: Graph, node_id: str, start: End) -> Graph:
    """With a wire from that port to this node's best port; unchanged if no port fits."""
    end, _ = best_end(graph, start, node_id)
    return graph.with_link(link_between(start, end)) if end is not None else graph


def can_insert(graph: Graph, node_id: str) -> bool:
    """Whether this node may be put into the middle of a wire: it has both sides and no wire yet."""
    loose = not graph.incoming[node_id] and not graph.outgoing[node_id]
    return loose and bool(graph.input_ports(node_id)) and bool(graph.output_ports(node_id))


def inserted(graph: Graph, node_id: str, link: Link) -> Graph:
    """With this node in the middle of that wire; LinkError if a port does not fit. Neighbours make room."""
    base = graph.without_links([link])
    into, why_not = best_end(base, End(link.source, link.source_port, True), node_id)
    if into is None:
        raise LinkError(why_not)
    base = base.with_link(link_between(End(link.source, link.source_port, True), into))
    out, why_not = best_end(base, End(link.target, link.target_port, False), node_id)
    if out is None:
        raise LinkError(why_not)
    base = base.with_link(link_between(out, End(link.target, link.target_port, False)))
    return make_room(base, node_id, link)


def make_room(graph: Graph, node_id: str, link: Link) -> Graph:
    """With everything behind a freshly inserted node moved right, so that it fits between its neighbours."""
    node, source, target = graph.node(node_id), graph.node(link.source), graph.node(link.target)
    left = source.x + WIDTH + GAP
    if target.x < source.x:  # the wire leads back to another row: this one runs on
        return moved(graph, {node_id: (left, source.y)})
    missing = snap(max(0.0, left + WIDTH + GAP - target.x))
    if missing:
        behind = _onwards(graph, link.target) - {node_id}
        graph = moved(graph, {n: (graph.nodes[n].x + missing, graph.nodes[n].y) for n in behind})
        x = left
    else:
        x = min(max(node.x, left), target.x - WIDTH - GAP)
    y = node.y if not missing else (source.y + target.y) / 2
    return moved(graph, {node_id: (x, y)})


def _onwards(graph: Graph, start: str) -> set[str]:
    """This node and what its wires reach going right: rows further down stay where they are."""
    found, todo = {start}, [start]
    while todo:
        here = graph.nodes[todo.pop()]
        for link in graph.outgoing[here.id]:
            if link.target not in found and graph.nodes[link.target].x > here.x:
                found.add(link.target)
                todo.append(link.target)
    return found


def moved(graph: Graph, places: Mapping[str, tuple[float, float]]) -> Graph:
    """With these nodes at these places, on the grid."""
    nodes = [replace(graph.nodes[n], x=snap(x), y=snap(y)) for n, (x, y) in places.items()]
    return graph.with_nodes(node for node in nodes if node != graph.nodes[node.id])


def deleted(graph: Graph, node_ids: Iterable[str], links: Iterable[Link] = (), reconnect: bool = False) -> Graph:
    """Without these nodes and wires; `reconnect` joins what was before a node with what came after it."""
    gone = {n for n in node_ids if n in graph.nodes}
    after = graph.without_links(links).without_nodes(gone)
    if not reconnect:
        return after
    for link in sorted(graph.links):
        if link.source in gone and link.target not in gone:
            before = _source_before(graph, link.source, gone)
            if before is not None:
                after = _try_link(after, Link(before.source, link.target, link.target_port, before.source_port))
    return after


def _source_before(graph: Graph, node_id: str, gone: set[str]) -> Link | None:
    while graph.incoming[node_id]:
        link = graph.incoming[node_id][0]
        if link.source not in gone:
            return link
        node_id = link.source
    return None


def _try_link(graph: Graph, link: Link) -> Graph:
    try:
        return graph.with_link(link)
    except LinkError:
        return graph


def renamed(graph: Graph, node_id: str, name: str) -> Graph:
    """With this node called so; its layer's own title means no name at all."""
    node = graph.node(node_id)
    name = " ".join(name.split())[:80]
    return graph.with_node(grouping.named(node, name))


def after_selection(document: Document, layer: Layer, selected: str) -> tuple[Graph, str]:
    """With a new node behind the selected one: in the middle of its wire if it has one, else connected to it."""
    graph = document.graph
    node = graph.node(selected)
    grown, new = added(graph, layer, node.x + WIDTH + GAP, node.y)
    if not graph.output_ports(selected):
        return grown, new
    onward = graph.outgoing[selected]
    try:
        if len(onward) == 1 and can_insert(grown, new):
            return inserted(grown, new, onward[0]), new
        return attached(grown, new, End(selected, graph.output_ports(selected)[0].name, True)), new
    except LinkError:
        return grown, new


# ---------------------------------------------------------------- which layers fit

_NEXT = {
    "Core": ("Activation", "Normalisation", "Regularisation"),
    "Convolution": ("Activation", "Normalisation", "Pooling"),
    "Normalisation": ("Activation", "Core", "Convolution"),
    "Recurrent": ("Core", "Regularisation", "Recurrent"),
}
_NEXT_OF_FLAT = ("Core", "Regularisation", "Normalisation", "Activation")
_NEXT_OF_PICTURE = ("Convolution", "Pooling", "Core", "Regularisation")


def layers_after(document: Document, start: End) -> list[str]:
    """Ids of layers and ready blocks that take what this output gives, the likeliest next one first."""
    shape, kind = shape_at(document, start), _kind_at(document, start)
    fitting = [
        (i, layer) for i, layer in _offered(document, shape) if _meets(layer.inputs, kind) and _takes(layer, shape)
    ]
    before = document.graph.node(start.node).layer
    flat = shape is None or len(shape) == 1
    usual = _NEXT_OF_FLAT if flat else _NEXT_OF_PICTURE
    wanted = _NEXT.get(before.category, usual) if document.parameter_count(start.node) else usual
    if _answers(document, shape):
        wanted = ("Input and output", *wanted)
    # of one category, first what learns; but a picture is flattened before a Linear layer sees it
    fitting.sort(key=lambda each: (_rank(each[1], wanted), each[1].tier, _learns(each[1], shape) != flat))
    return [layer_id for layer_id, _ in fitting]


def layers_before(document: Document, start: End) -> list[str]:
    """Ids of layers and ready blocks whose output this input takes, the likeliest first."""
    kind = _kind_at(document, start)
    fitting = [(i, layer) for i, layer in _offered(document, None) if _meets(layer.outputs, kind)]
    after = document.graph.node(start.node).layer.category
    wanted = ("Core", "Activation") if after != "Activation" else ("Core", "Convolution")
    fitting.sort(key=lambda each: (_rank(each[1], wanted), each[1].tier))
    return [layer_id for layer_id, _ in fitting]


def _offered(document: Document, shape: Shape | None) -> list[tuple[str, Layer]]:
    made = ((layer_id, shelf.layer_of(layer_id, shape)) for layer_id in shelf.offered(is_inside(document)))
    return [(layer_id, layer) for layer_id, layer in made if layer is not None]


def is_inside(document: Document) -> bool:
    """Whether this is the inside of a block."""
    return isinstance(document, InnerDocument)


def _meets(ports: tuple[Port, ...], kind: PortKind) -> bool:
    return bool(ports) and (ports[0].kind == kind or "*" in (ports[0].kind, kind))


def _rank(layer: Layer, wanted: tuple[str, ...]) -> tuple[int, int]:
    category = layer.category
    first = wanted.index(category) if category in wanted else len(wanted)
    return first, CATEGORIES.index(category) if category in CATEGORIES else len(CATEGORIES)


def _answers(document: Document, shape: Shape | None) -> bool:
    """These numbers could be the answer, and the network has none yet."""
    ends = any(not graph_node.layer.outputs for graph_node in document.graph.nodes.values())
    return not ends and document.spec is not None and shape == (document.spec.width,)


def _learns(layer: Layer, shape: Shape | None) -> bool:
    return shape is not None and layer.parameter_count(*_filled(layer, shape)) > 0


def _filled(layer: Layer, shape: Shape) -> tuple[Shape, ...]:
    """This shape at every port that needs a wire."""
    if layer.variadic or not layer.inputs:
        return (shape,) * max(1, len(layer.inputs))
    return tuple(MISSING if port.optional else shape for port in (*layer.inputs[:1], *layer.inputs[1:]))


def _takes(layer: Layer, shape: Shape | None) -> bool:
    if shape is None:
        return True
    try:
        layer.output_shapes(*_filled(layer, shape))
    except ShapeError:
        return False
    return True


def shape_at(document: Document, end: End) -> Shape | None:
    """What leaves by this output, if that is known."""
    at = document.shapes[end.node]
    names = [port.name for port in document.graph.output_ports(end.node)]
    return at.outputs[names.index(end.port)] if at.known and end.port in names else None


def _kind_at(document: Document, end: End) -> PortKind:
    graph, at = document.graph, document.shapes[end.node]
    ports = graph.output_ports(end.node) if end.is_output else graph.input_ports(end.node)
    for k, port in enumerate(ports):
        if port.name == end.port:
            return at.kinds[k] if end.is_output and k < len(at.kinds) else port.kind
    return "x"
