"""Typed layers put into a network: which kind fits the data at their place, wires, and where they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nnlab.core import wrapping
from nnlab.core.graph import NOTHING, Graph, Link, Node
from nnlab.core.layer import MISSING, Layer, Shape
from nnlab.core.layout import GAP_X, GAP_Y, HEIGHT, WIDTH
from nnlab.core.shapes import NodeShapes
from nnlab.core.typed import spelling
from nnlab.core.typed.meant import Description, ShorthandError, Typed
from nnlab.core.wrapping import ROW, ROW_GAP
from nnlab.errors import GraphError, LinkError, ShapeError

Shapes = Mapping[str, NodeShapes]
TRIES = 8  # steps downwards in search of a free place


@dataclass
class _Growth:
    """A network while layers are put behind each other."""

    graph: Graph
    last: str = ""
    port: str = ""
    """The output that the next layer reads."""
    shape: Shape | None = None
    """What leaves there, as far as that is known."""


def planted(
    graph: Graph,
    description: Description,
    after: str | None = None,
    shapes: Shapes = NOTHING,
    port: str = "",
    place: tuple[float, float] | None = None,
) -> tuple[Graph, tuple[str, ...]]:
    """The graph with these layers behind a node (at its first output, or `port`), and their ids; ShorthandError if not.

    `shapes` are those at the graph's nodes, as far as they are known. The first layer stands at `place`, if one is given.
    """
    start = _Growth(graph) if after is None else _start(graph, after, port, shapes)
    grown, ids = _grown(start, description)
    return _placed(grown.graph, graph, ids, after, place), ids


def planted_in(
    graph: Graph, description: Description, link: Link, shapes: Shapes = NOTHING
) -> tuple[Graph, tuple[str, ...]]:
    """The graph with these layers in the middle of a wire, and their ids; ShorthandError if they do not fit there."""
    start = _start(graph, link.source, link.source_port, shapes)
    start.graph = graph.without_links([link])
    grown, ids = _grown(start, description)
    end = Link(grown.last, link.target, link.target_port, grown.port)
    try:
        joined = grown.graph.with_link(end)
    except LinkError as problem:
        title, target = graph.node(link.target).title, grown.graph.node(grown.last).title
        raise ShorthandError(f"{target} cannot lead to {title}: {problem}") from None
    return _between(joined, graph, ids, link), ids


def which(description: Description, shape: Shape | None) -> tuple[str, ...]:
    """The ids that typed layers have where numbers of this shape come in."""
    found: list[str] = []
    for typed in description.layers():
        id_ = _chosen(typed, shape, found)
        found.append(id_)
        shape = _shape_after(typed.layer(id_), shape)
    return tuple(found)


def shape_at(graph: Graph, node_id: str, port: str, shapes: Shapes) -> Shape | None:
    """What leaves by a node's output, if that is known."""
    ports = [p.name for p in graph.output_ports(node_id)]
    at = shapes.get(node_id)
    known = at is not None and at.known and port in ports and len(at.outputs) == len(ports)
    return at.outputs[ports.index(port)] if at is not None and known else None


def _start(graph: Graph, after: str, port: str, shapes: Shapes) -> _Growth:
    node = graph.node(after)
    ports = [p.name for p in graph.output_ports(after)]
    if not ports:
        raise ShorthandError(f"nothing can follow {node.title}: it is where the answer leaves")
    if port and port not in ports:
        raise GraphError(f"{node.title} has no output {port!r} (it has: {', '.join(ports)})")
    name = port or ports[0]
    return _Growth(graph, after, name, shape_at(graph, after, name, shapes))


def _grown(growth: _Growth, description: Description) -> tuple[_Growth, tuple[str, ...]]:
    ids: list[str] = []
    chosen: list[str] = []
    for typed in description.layers():
        kind = _chosen(typed, growth.shape, chosen or _before(growth))
        layer = typed.layer(kind)
        node_id = growth.graph.new_id(layer)
        growth.graph = growth.graph.with_node(Node(node_id, layer))
        if growth.last:
            _wire(growth, node_id)
        growth.shape = _shape_after(layer, growth.shape)
        growth.last = node_id
        growth.port = next((p.name for p in growth.graph.output_ports(node_id)), "")
        ids.append(node_id)
        chosen.append(kind)
    return growth, tuple(ids)


def _before(growth: _Growth) -> list[str]:
    return [growth.graph.node(growth.last).type_id] if growth.last else []


def _wire(growth: _Growth, node_id: str) -> None:
    """A wire from the last layer to this one, at the first ports that fit; attention reads one sequence at all of them."""
    graph, layer = growth.graph, growth.graph.node(node_id).layer
    before, title = graph.node(growth.last).title, layer.title
    if not growth.port:
        raise ShorthandError(f"nothing can follow {before}: it is where the answer leaves")
    if not graph.input_ports(node_id):
        raise ShorthandError(f"{title} takes no wire, so it cannot follow {before}: put it first")
    needed = [p.name for p in layer.inputs if not p.optional] if layer.category == "Attention" else []
    reason = ""
    for port in graph.input_ports(node_id):
        try:
            graph = graph.with_link(Link(growth.last, node_id, port.name, growth.port))
        except LinkError as problem:
            reason = reason or str(problem)
            continue
        if port.name not in needed or port.name == needed[-1]:
            growth.graph = graph
            return
    raise ShorthandError(f"{title} cannot follow {before}: {reason}")


def _shape_after(layer: Layer, shape: Shape | None) -> Shape | None:
    """What leaves a layer that gets this, if that can be said."""
    if not layer.inputs or shape is None:
        shapes: tuple[Shape, ...] | None = () if not layer.inputs and not layer.is_entry else None
    elif layer.variadic:
        shapes = None
    else:
        more = [MISSING if p.optional else None for p in layer.inputs[1:]]
        shared = layer.category == "Attention"
        filled = [shape if m is None and shared else m for m in more]
        shapes = None if None in filled else (shape, *(m for m in filled if m is not None))
    if shapes is None:
        return None
    try:
        return next(iter(layer.output_shapes(*shapes)), None)
    except ShapeError:
        return None


def _chosen(typed: Typed, shape: Shape | None, before: Sequence[str]) -> str:
    """The one of several layers that takes data of this shape; else the one of the dimension used before."""
    if len(typed.ids) == 1:
        return typed.ids[0]
    if shape is not None:
        takes = [id_ for id_ in typed.ids if _shape_after(typed.layer(id_), shape) is not None]
        meant = [id_ for id_ in typed.ids if spelling.dimension(id_) == len(shape) - 1]
        found = [*(id_ for id_ in takes if id_ in meant), *takes, *meant]
        return found[0] if found else typed.ids[0]
    for id_ in reversed(before):
        wanted = 1 if id_ == "Linear" else spelling.dimension(id_)
        same = [other for other in typed.ids if wanted and spelling.dimension(other) == wanted]
        if same:
            return same[0]
    return typed.ids[0]


# ---------------------------------------------------------------- places


def _block(graph: Graph, ids: Sequence[str]) -> Mapping[str, tuple[float, float]]:
    """Where these nodes stand when they are laid out by themselves, from 0, 0."""
    inside = set(ids)
    links = frozenset(k for k in graph.links if k.source in inside and k.target in inside)
    laid = wrapping.tidy(Graph({n: graph.nodes[n] for n in ids}, links))
    left, top = min(n.x for n in laid.nodes.values()), min(n.y for n in laid.nodes.values())
    return {n: (node.x - left, node.y - top) for n, node in laid.nodes.items()}


def _moved(graph: Graph, places: Mapping[str, tuple[float, float]], x: float, y: float) -> Graph:
    return graph.with_nodes(replace(graph.nodes[n], x=x + dx, y=y + dy) for n, (dx, dy) in places.items())


def _placed(
    graph: Graph, base: Graph, ids: Sequence[str], after: str | None, place: tuple[float, float] | None
) -> Graph:
    """With the new nodes right of the one they follow, or at a place; further down where others are in the way."""
    places = _block(graph, ids)
    others = list(base.nodes.values())
    origin = base.nodes[after] if after is not None else next((n for n in reversed(others) if n.layer.outputs), None)
    beside = (origin.x + WIDTH + GAP_X, origin.y) if origin is not None else (0.0, 0.0)
    x, y = place or beside
    for _ in range(TRIES):
        if not _overlaps(others, places, x, y):
            return _moved(graph, places, x, y)
        y += HEIGHT + GAP_Y
    return _moved(graph, places, x, max(node.y for node in others) + HEIGHT + ROW_GAP)


def _overlaps(others: Sequence[Node], places: Mapping[str, tuple[float, float]], x: float, y: float) -> bool:
    """Whether another node stands in the room that these take, or too near."""
    wide, tall = max(dx for dx, _ in places.values()), max(dy for _, dy in places.values())
    return any(-WIDTH < n.x - x < wide + WIDTH and -HEIGHT - GAP_Y < n.y - y < tall + HEIGHT + GAP_Y for n in others)


def _between(graph: Graph, base: Graph, ids: Sequence[str], link: Link) -> Graph:
    """With the new nodes between the ends of a wire, what comes behind moved right; many, and all is laid out anew."""
    source, target = base.nodes[link.source], base.nodes[link.target]
    if len(ids) > ROW or target.x < source.x + WIDTH:
        return wrapping.tidy(graph)
    places = _block(graph, ids)
    x, y = source.x + WIDTH + GAP_X, source.y
    missing = x + max(dx for dx, _ in places.values()) + WIDTH + GAP_X - target.x
    if missing > 0:
        behind = {link.target, *base.downstream(link.target)}
        shifted = [n for n in (base.nodes[b] for b in behind) if n.x >= target.x]
        graph = graph.with_nodes(replace(graph.nodes[n.id], x=n.x + missing) for n in shifted)
    return _moved(graph, places, x, y)
