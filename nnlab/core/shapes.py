"""The shape at every node, or the reason why there is none: pure Python, run at each edit."""

from collections.abc import Mapping
from dataclasses import dataclass

from nnlab.core import words
from nnlab.core.graph import Graph
from nnlab.core.layer import Shape
from nnlab.errors import ShapeError

SIZE_LIMIT = 2**31 - 1  # numbers in one sample's tensor, and numbers that one layer learns


@dataclass(frozen=True)
class NodeShapes:
    """What goes into a node and comes out of it, or why nothing does."""

    inputs: tuple[Shape, ...] = ()
    outputs: tuple[Shape, ...] = ()
    problem: str = ""
    """A sentence, if this node itself is at fault."""
    waiting: bool = False
    """An earlier node is at fault or missing, so nothing can be said of this one yet."""

    @property
    def known(self) -> bool:
        """The output shapes are known."""
        return not self.problem and not self.waiting


def infer(graph: Graph, data_shape: Shape | None) -> Mapping[str, NodeShapes]:
    """The shapes at every node for samples of `data_shape`; None if the data are not known."""
    found: dict[str, NodeShapes] = {}
    for node_id in graph.in_order:
        found[node_id] = _at_node(graph, node_id, data_shape, found)
    for node_id in graph.nodes:
        if node_id not in found:
            found[node_id] = NodeShapes(problem="is part of a loop, or reads from one: remove a wire of the loop")
    return found


def _at_node(graph: Graph, node_id: str, data_shape: Shape | None, found: Mapping[str, NodeShapes]) -> NodeShapes:
    layer = graph.nodes[node_id].layer
    links = graph.incoming[node_id]
    if not layer.inputs and not links:
        if data_shape is None:
            return NodeShapes(problem="has no data: choose a data set under Data")
        return _ask(graph, node_id, (data_shape,))
    missing = [
        port.name for port in layer.inputs if not port.optional and port.name not in {k.target_port for k in links}
    ]
    if not links or (missing and not layer.variadic):
        return NodeShapes(problem="has nothing connected to its input" if len(layer.inputs) == 1 else _needs(missing))
    if layer.variadic and len(links) < len(layer.inputs):
        return NodeShapes(problem=_needs(missing))
    shapes: list[Shape] = []
    for link in links:
        before = found[link.source]
        ports = [port.name for port in graph.output_ports(link.source)]
        if not before.known or link.source_port not in ports:
            return NodeShapes(waiting=True)
        shapes.append(before.outputs[ports.index(link.source_port)])
    return _ask(graph, node_id, tuple(shapes))


def _needs(missing: list[str]) -> str:
    return f"needs another wire, at {missing[0]}" if missing else "needs another wire"


def _ask(graph: Graph, node_id: str, inputs: tuple[Shape, ...]) -> NodeShapes:
    try:
        outputs = graph.nodes[node_id].layer.output_shapes(*inputs)
    except ShapeError as problem:
        return NodeShapes(inputs, problem=str(problem))
    for shape in outputs:
        size = 1
        for n in shape:
            size *= n
        if size > SIZE_LIMIT:
            return NodeShapes(
                inputs, problem=f"would make {words.count(size)} numbers for each sample: make it smaller"
            )
    learned = graph.nodes[node_id].layer.parameter_count(*inputs)
    if learned > SIZE_LIMIT:
        return NodeShapes(
            inputs, problem=f"would have {words.count(learned)} weights to learn: make it or its input smaller"
        )
    return NodeShapes(inputs, outputs)
