"""Repairs of a document, each one edit: what the fixes beside a mistake do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from nnlab.core.document import Document
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.layout import GAP_X, HEIGHT, WIDTH
from nnlab.errors import GraphError, NNLabError

PITCH = WIDTH + GAP_X


@dataclass(frozen=True)
class Fix:
    """One way to put a mistake right: the words on its button, and the document it makes of one."""

    label: str
    apply: Callable[[Document], Document]


def fix(label: str, apply: Callable[[Document], Document]) -> Fix:
    """A fix that leaves the document as it is where it no longer fits (the node has gone meanwhile)."""

    def safely(document: Document) -> Document:
        try:
            return apply(document)
        except NNLabError:
            return document

    return Fix(label, safely)


def fix_graph(label: str, apply: Callable[[Graph], Graph]) -> Fix:
    """A fix that changes the network alone."""
    return fix(label, lambda document: document.with_graph(apply(document.graph)))


def set_layer(graph: Graph, node_id: str, **changes: object) -> Graph:
    """With some settings of one layer changed."""
    node = graph.node(node_id)
    return graph.with_node(replace(node, layer=node.layer.with_(**changes)))


def swap_layer(graph: Graph, node_id: str, kind: str) -> Graph:
    """With another kind of layer in the place of one, its wires kept."""
    return graph.with_node(replace(graph.node(node_id), layer=LAYERS[kind]()))


def setting(node_id: str, **changes: object) -> Callable[[Graph], Graph]:
    """An edit that changes settings of one layer."""
    return lambda graph: set_layer(graph, node_id, **changes)


def removing(node_id: str) -> Callable[[Graph], Graph]:
    """An edit that takes a node out of its wire."""
    return lambda graph: bypass(graph, node_id)


def wiring(source: str, target: str, port: str, source_port: str = "out") -> Callable[[Graph], Graph]:
    """An edit that draws a wire; one that ended at the port gives way."""
    return lambda graph: graph.connect(source, target, port, source_port)


def putting(node_id: str, *layers: Layer, port: str = "") -> Callable[[Graph], Graph]:
    """An edit that puts layers into the wire that ends at a node."""
    return lambda graph: insert(graph, node_id, *layers, port=port)


def put_layer(graph: Graph, node_id: str, layer: Layer) -> Graph:
    """With this layer in the place of one, its wires kept."""
    return graph.with_node(replace(graph.node(node_id), layer=layer))


def insert(graph: Graph, node_id: str, *layers: Layer, port: str = "") -> Graph:
    """With layers put into the wire that ends at a node (at its first input unless a port is named); the rest moves right."""
    for layer in layers:
        target = graph.node(node_id)
        link = next((k for k in graph.incoming[node_id] if port in ("", k.target_port)), None)
        if link is None:
            raise GraphError(f"{target.title} has no wire to put a layer into")
        new = Node(graph.new_id(layer), layer, target.x, target.y)
        graph = _room(graph, node_id).with_node(new).without_links([link])
        graph = graph.connect(link.source, new.id, source_port=link.source_port)
        graph = graph.connect(new.id, node_id, link.target_port)
    return graph


def bypass(graph: Graph, node_id: str) -> Graph:
    """Without a node; what came in at its first wire goes to every node it led to."""
    before, graph = graph, graph.without_node(node_id)
    into, out = before.incoming[node_id], before.outgoing[node_id]
    if into:
        first = into[0]
        for link in out:
            graph = graph.connect(first.source, link.target, link.target_port, first.source_port)
    return graph


def add_input(graph: Graph) -> Graph:
    """With an Input at the left, wired to the layers that wait for data."""
    layer = LAYERS["Input"]()
    waiting = [n for n, node in graph.nodes.items() if node.layer.inputs and not graph.incoming[n]]
    beside = [graph.nodes[n] for n in waiting] or list(graph.nodes.values())
    x = min((node.x for node in beside), default=0.0) - PITCH
    y = beside[0].y if beside else 0.0
    new = Node(graph.new_id(layer), layer, x, y)
    graph = graph.with_node(new)
    for node_id in waiting:
        graph = graph.connect(new.id, node_id)
    return graph


def add_output(graph: Graph, after: str) -> Graph:
    """With an Output behind a node."""
    layer, last = LAYERS["Output"](), graph.node(after)
    new = Node(graph.new_id(layer), layer, last.x + PITCH, last.y)
    return graph.with_node(new).connect(after, new.id)


def without_branch(graph: Graph, end: str, needed: Iterable[str]) -> Graph:
    """Without a node and what only leads to it; `needed` stays."""
    graph.node(end)
    keep = set(needed)
    gone, todo = {end}, [end]
    while todo:
        for link in graph.incoming[todo.pop()]:
            source = link.source
            alone = all(k.target in gone for k in graph.outgoing[source])
            if alone and source not in keep and source not in gone and graph.nodes[source].layer.inputs:
                gone.add(source)
                todo.append(source)
    return graph.without_nodes(gone)


def loop_wires(graph: Graph) -> tuple[Link, ...]:
    """Wires without which the network has no loop; none if it has none."""
    ordered = set(graph.in_order)
    closing: list[Link] = []
    state: dict[str, str] = {}
    for first in graph.nodes:
        if first in ordered or first in state:
            continue
        path = [(first, iter(graph.outgoing[first]))]
        state[first] = "open"
        while path:
            node_id, links = path[-1]
            link = next(links, None)
            if link is None:
                state[node_id] = "done"
                path.pop()
            elif state.get(link.target) == "open":
                closing.append(link)
            elif link.target not in state:
                state[link.target] = "open"
                path.append((link.target, iter(graph.outgoing[link.target])))
    return tuple(closing)


def _room(graph: Graph, node_id: str) -> Graph:
    """With a node and what follows to the right of it moved on by one place; other rows stay where they are."""
    moving, todo = {node_id}, [node_id]
    while todo:
        at = graph.nodes[todo.pop()]
        after = {k.target for k in graph.outgoing[at.id] if graph.nodes[k.target].x > at.x} - moving
        moving |= after
        todo += after
    moved = [replace(graph.nodes[n], x=graph.nodes[n].x + PITCH) for n in moving]
    staying = [node for n, node in graph.nodes.items() if n not in moving]
    if any(_clash(one, other) for one in moved for other in staying):
        moved = [replace(node, x=node.x + PITCH) for node in graph.nodes.values() if node.x >= graph.nodes[node_id].x]
    return graph.with_nodes(moved)


def _clash(one: Node, other: Node) -> bool:
    return abs(one.x - other.x) < WIDTH and abs(one.y - other.y) < HEIGHT
