"""The activation of a layer with weights: the node behind it, found, put in, exchanged or taken out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from nnlab.core.fixes import PITCH, bypass
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.layout import GRID, HEIGHT, WIDTH
from nnlab.core.learning import USUAL
from nnlab.errors import GraphError

CATEGORY, NORMALISATION = "Activation", "Normalisation"
KINDS = ("Linear", "Bilinear", "Conv", "DepthwiseConv", "PointwiseConv", "SeparableConv")
"""How the types of the layers begin that are asked for an activation."""
BEFORE = ("BatchNorm", "InstanceNorm", "GroupNorm")
"""Norms that usually stand between a layer and its activation."""


@dataclass(frozen=True)
class Place:
    """Where the activation of a layer is, or would be."""

    after: str
    """The node that it stands behind: the layer, or the norm behind the layer."""
    node: str = ""
    """The activation, or nothing."""


def takes_activation(layer: Layer, type_id: str) -> bool:
    """Whether a layer of this type is asked for an activation: Linear and the convolutions."""
    return type_id.startswith(KINDS) and len(layer.outputs) == 1


def choices() -> tuple[tuple[str, str], ...]:
    """(type, title) of every activation, the usual ones first."""
    known = sorted((kind.tier, kind.title.casefold(), id_) for id_, kind in LAYERS.items() if kind.category == CATEGORY)
    usual = [id_ for tier, _, id_ in known if tier == 1]
    usual.sort(key=lambda id_: id_ != "ReLU")
    return tuple((id_, LAYERS[id_].title) for id_ in (*usual, *(id_ for tier, _, id_ in known if tier > 1)))


def activation_of(graph: Graph, node_id: str) -> Place:
    """The activation behind a layer: the only node that reads from it, or from the norm that does."""
    graph.node(node_id)
    after = node_id
    reader = _only_reader(graph, node_id)
    if reader is not None and reader.layer.category == NORMALISATION:
        if reader.type_id.startswith(BEFORE):
            after = reader.id
        further = _only_reader(graph, reader.id)
        if further is not None and further.layer.category == CATEGORY:
            return Place(reader.id, further.id)
        return Place(after)
    if reader is not None and reader.layer.category == CATEGORY:
        return Place(node_id, reader.id)
    return Place(after)


def activated(graph: Graph, node_id: str, kind: str) -> Graph:
    """With this kind of activation behind a layer in the place of the one that was there; an empty kind takes it out.

    GraphError if there is no such activation.
    """
    if kind and (kind not in LAYERS or LAYERS[kind].category != CATEGORY):
        raise GraphError(f"there is no activation called {kind!r}")
    at = activation_of(graph, node_id)
    if not at.node:
        return _put_in(graph, at.after, _made(graph, node_id, kind)) if kind else graph
    if not kind:
        return _taken_out(graph, at.node)
    old = graph.nodes[at.node]
    if old.type_id == kind:
        return graph
    return graph.with_node(replace(old, layer=_made(graph, node_id, kind), learning=USUAL))


def _made(graph: Graph, node_id: str, kind: str) -> Layer:
    """The activation; behind a Linear it works on the last axis, where the units are, also in a sequence."""
    layer = LAYERS[kind]()
    along = "dim" in [p.name for p in layer.params()] and graph.nodes[node_id].type_id in ("Linear", "Bilinear")
    return layer.with_(dim=-1) if along else layer


def _only_reader(graph: Graph, node_id: str) -> Node | None:
    links = graph.outgoing[node_id]
    return graph.nodes[links[0].target] if len(links) == 1 else None


def _put_in(graph: Graph, after: str, layer: Layer) -> Graph:
    """With a layer that takes what a node gives, and gives it to all that read from that node."""
    node, links = graph.nodes[after], graph.outgoing[after]
    graph = _with_room(graph, after)
    y = node.y
    while any(_clash(node.x + PITCH, y, other) for other in graph.nodes.values() if other.id != after):
        y += GRID
    new = Node(graph.new_id(layer), layer, node.x + PITCH, y)
    graph = graph.with_node(new).without_links(links)
    graph = graph.with_link(Link(after, new.id, layer.inputs[0].name, node.layer.outputs[0].name))
    for link in links:
        graph = graph.with_link(replace(link, source=new.id, source_port=layer.outputs[0].name))
    return graph


def _with_room(graph: Graph, after: str) -> Graph:
    """With what follows a node to the right of it so far away that another one has its place between."""
    here = graph.nodes[after]
    onward = _onward(graph, after)
    nearest = min((graph.nodes[n].x for n in onward), default=here.x + 2 * PITCH)
    missing = here.x + 2 * PITCH - nearest
    if missing <= 0:
        return graph
    moved = {n: graph.nodes[n].x + missing for n in onward}
    if _is_crowded(graph, moved):
        moved = {n: node.x + missing for n, node in graph.nodes.items() if node.x >= nearest}
    return graph.with_nodes(replace(graph.nodes[n], x=x) for n, x in moved.items())


def _taken_out(graph: Graph, node_id: str) -> Graph:
    """Without a node; what follows moves into its place where nothing stands in the way."""
    gone, onward = graph.nodes[node_id], _onward(graph, node_id)
    graph = bypass(graph, node_id)
    nearest = min((graph.nodes[n].x for n in onward), default=gone.x)
    moved = {n: graph.nodes[n].x - min(PITCH, nearest - gone.x) for n in onward}
    if nearest <= gone.x or _is_crowded(graph, moved) or _leads_back(graph, moved):
        return graph
    return graph.with_nodes(replace(graph.nodes[n], x=x) for n, x in moved.items())


def _onward(graph: Graph, start: str) -> set[str]:
    """What the wires of a node reach going right; rows further down are not reached."""
    found: set[str] = set()
    todo = [start]
    while todo:
        here = graph.nodes[todo.pop()]
        fresh = {k.target for k in graph.outgoing[here.id] if graph.nodes[k.target].x > here.x} - found
        found |= fresh
        todo += fresh
    return found


def _is_crowded(graph: Graph, moved: Mapping[str, float]) -> bool:
    """Whether one of these nodes would lie on one that stays."""
    staying: Iterable[Node] = [node for n, node in graph.nodes.items() if n not in moved]
    return any(_clash(x, graph.nodes[n].y, other) for n, x in moved.items() for other in staying)


def _leads_back(graph: Graph, moved: Mapping[str, float]) -> bool:
    """Whether a wire that runs to the right now would have no room to do so."""
    into = [(graph.nodes[k.source], k.target) for n in moved for k in graph.incoming[n] if k.source not in moved]
    return any(node.x < graph.nodes[n].x and moved[n] < node.x + PITCH for node, n in into)


def _clash(x: float, y: float, other: Node) -> bool:
    return abs(x - other.x) < WIDTH and abs(y - other.y) < HEIGHT
