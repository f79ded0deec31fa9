"""Repairs of a document, each one edit: what the fixes beside a mistake do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from math import prod

from nnlab.core.chain import layer as layer_of
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, Layer, Shape
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


def shape_fixes(graph: Graph, node_id: str, name: str, inputs: tuple[Shape, ...]) -> tuple[Fix, ...]:
    """What makes a layer take the tensors it is given: only what it then really takes, the gentlest first."""
    layer = graph.node(node_id).layer
    found = [*_other_kinds(layer, node_id, name, inputs), *_other_settings(layer, node_id, name, inputs)]
    return (*found, *_flattened(layer, node_id, name, inputs), *_widened(graph, node_id, name, inputs))[:2]


def _takes(layer: Layer, inputs: Iterable[Shape]) -> bool:
    try:
        layer.output_shapes(*inputs)
    except NNLabError:
        return False
    return True


def _other_kinds(layer: Layer, node_id: str, name: str, inputs: tuple[Shape, ...]) -> list[Fix]:
    kind = _TWINS.get(LAYERS.id_of(layer) if type(layer) in LAYERS.values() else "")
    if kind is None or not _takes(LAYERS[kind](), inputs):
        return []
    label = f"Put {LAYERS[kind].title} in the place of {name}"
    return [fix_graph(label, lambda graph: swap_layer(graph, node_id, kind))]


def _other_settings(layer: Layer, node_id: str, name: str, inputs: tuple[Shape, ...]) -> list[Fix]:
    declared = {p.name: p for p in layer.params()}
    for setting, value in _GENTLER:
        if setting not in declared or getattr(layer, setting) == value:
            continue
        try:
            fits = _takes(layer.with_(**{setting: value}), inputs)
        except NNLabError:
            continue
        if fits:
            shown = dict(declared[setting].choices).get(str(value), value)
            label = f"Set {declared[setting].label.lower()} of {name} to {shown}"
            return [fix_graph(label, partial(_set, node_id=node_id, setting=setting, value=value))]
    return []


def _set(graph: Graph, node_id: str, setting: str, value: object) -> Graph:
    return set_layer(graph, node_id, **{setting: value})


def _wires(graph: Graph, node_id: str, inputs: tuple[Shape, ...]) -> list[tuple[Link, Shape]]:
    """The wires into a node with what they carry; GraphError if they are others by now."""
    graph.node(node_id)
    links = graph.incoming[node_id]
    if len(links) != len(inputs):
        raise GraphError("the wires into this layer have changed")
    return list(zip(links, inputs, strict=True))


def _flattened(layer: Layer, node_id: str, name: str, inputs: tuple[Shape, ...]) -> list[Fix]:
    if all(len(shape) == 1 for shape in inputs) or not _takes(layer, [(prod(shape),) for shape in inputs]):
        return []

    def flatten(graph: Graph) -> Graph:
        for link, shape in _wires(graph, node_id, inputs):
            if len(shape) > 1:
                graph = insert(graph, node_id, layer_of("Flatten"), port=link.target_port)
        return graph

    return [fix_graph(f"Insert a Flatten before {name}", flatten)]


def _widened(graph: Graph, node_id: str, name: str, inputs: tuple[Shape, ...]) -> list[Fix]:
    """For a merge of rows of different sizes: a Linear on all but the widest."""
    widest = max((shape[-1] for shape in inputs if shape), default=0)
    wanted = [(widest,)] * len(inputs)
    if any(len(shape) != 1 for shape in inputs) or not _takes(graph.node(node_id).layer, wanted):
        return []

    def widen(graph: Graph) -> Graph:
        for link, shape in _wires(graph, node_id, inputs):
            if shape != (widest,):
                graph = insert(graph, node_id, layer_of("Linear", out_features=widest), port=link.target_port)
        return graph

    return [fix_graph(f"Insert a Linear with {widest} units before {name}", widen)]


_TWINS = {"BatchNorm1d": "BatchNorm2d", "BatchNorm2d": "BatchNorm1d"}
_GENTLER: tuple[tuple[str, object], ...] = (
    ("padding", "same"),
    ("stride", 1),
    ("padding", 0),
    ("groups", 1),
    ("dilation", 1),
    ("dim", 1),
    ("dim", -1),
    ("start_dim", 1),
    ("end_dim", -1),
    ("kernel_size", 2),
    ("kernel_size", 1),
)
