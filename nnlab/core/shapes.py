"""The shape at every node, or the reason why there is none: pure Python, run at each edit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nnlab.core import words
from nnlab.core.dataset import Field
from nnlab.core.graph import KIND_WORDS, NOTHING, Graph, remedy
from nnlab.core.layer import MISSING, Layer, PortKind, Shape, UnknownLayer, shape_text
from nnlab.errors import ShapeError

SIZE_LIMIT = 2**31 - 1  # numbers in one sample's tensor, and numbers that one layer learns


@dataclass(frozen=True)
class NodeShapes:
    """What goes into a node and comes out of it, or why nothing does."""

    inputs: tuple[Shape, ...] = ()
    outputs: tuple[Shape, ...] = ()
    kinds: tuple[PortKind, ...] = ()
    """What leaves by each output, where that is known."""
    problem: str = ""
    """A sentence, if this node itself is at fault."""
    waiting: bool = False
    """An earlier node is at fault or missing, so nothing can be said of this one yet."""

    @property
    def known(self) -> bool:
        """The output shapes are known."""
        return not self.problem and not self.waiting


Facts = tuple[Shape, PortKind]


def infer(
    graph: Graph, fields: Sequence[Field] | None, given: Mapping[str, Facts | None] = NOTHING
) -> Mapping[str, NodeShapes]:
    """The shapes at every node for samples with these inputs; None if the data are not known.

    `given` says what leaves by some nodes that nothing leads to, the inputs of a block; None where that is not known yet.
    """
    found: dict[str, NodeShapes] = {}
    entries = bindings(graph, fields) if fields is not None else {}
    for node_id in graph.in_order:
        if node_id in given:
            found[node_id] = _as_given(graph, node_id, given[node_id])
        elif graph.nodes[node_id].layer.is_entry:
            found[node_id] = _at_entry(graph, node_id, fields, entries.get(node_id))
        else:
            found[node_id] = _at_node(graph, node_id, found)
    for node_id in graph.nodes:
        if node_id not in found:
            found[node_id] = NodeShapes(problem="is part of a loop, or reads from one: remove a wire of the loop")
    return found


def _as_given(graph: Graph, node_id: str, facts: Facts | None) -> NodeShapes:
    if facts is None:
        return NodeShapes(waiting=True)
    return replace(_ask(graph, node_id, (facts[0],)), kinds=(facts[1],))


def bindings(graph: Graph, fields: Sequence[Field]) -> dict[str, int]:
    """Which input of the data enters at each Input; one that names none of them is left out.

    Those without a name get the inputs that nobody names, in their order; what is left over gets the first one.
    """
    sources = {n: str(getattr(node.layer, "source", "")) for n, node in graph.nodes.items() if node.layer.is_entry}
    names = [f.name for f in fields]
    free = [k for k, name in enumerate(names) if name not in sources.values()]
    found: dict[str, int] = {}
    for node_id, source in sources.items():
        if source in names:
            found[node_id] = names.index(source)
        elif not source:
            found[node_id] = free.pop(0) if free else 0
    return found


def _at_entry(graph: Graph, node_id: str, fields: Sequence[Field] | None, at: int | None) -> NodeShapes:
    if fields is None:
        return NodeShapes(problem="has no data: choose a data set under Data")
    if at is None:
        source, known = getattr(graph.nodes[node_id].layer, "source", ""), ", ".join(f.name for f in fields)
        return NodeShapes(problem=f"takes {source!r}, and the data have no input of that name (they have: {known})")
    return replace(_ask(graph, node_id, (fields[at].shape,)), kinds=(fields[at].kind,))


def _at_node(graph: Graph, node_id: str, found: Mapping[str, NodeShapes]) -> NodeShapes:
    layer = graph.nodes[node_id].layer
    problem = _unconnected(graph, node_id)
    if problem:
        return NodeShapes(problem=problem)
    arriving: dict[str, Facts] = {}
    for link in graph.incoming[node_id]:
        before = found[link.source]
        ports = [port.name for port in graph.output_ports(link.source)] or ["out"]
        if not before.known or link.source_port not in ports:
            return NodeShapes(waiting=True)
        at = ports.index(link.source_port)
        arriving[link.target_port] = (before.outputs[at], before.kinds[at])
    if layer.variadic or not layer.inputs:
        inputs = tuple(shape for shape, _ in arriving.values())
    else:
        inputs = tuple(arriving.get(port.name, (MISSING, "*"))[0] for port in layer.inputs)
    problem = _wrong_kind(graph, node_id, arriving)
    if problem:
        return NodeShapes(inputs, problem=problem)
    at_node = _ask(graph, node_id, inputs)
    if at_node.problem:
        return replace(at_node, problem=with_sources(graph, node_id, at_node.problem, arriving))
    return replace(at_node, kinds=_kinds(layer, arriving, len(at_node.outputs)))


def with_sources(graph: Graph, node_id: str, said: str, arriving: Mapping[str, Facts]) -> str:
    """A sentence about shapes with the layers that they come from: "gets N × 8 from Linear"."""
    if said.startswith("has a mistake inside"):
        return said  # a block: the sentence is about a layer in it
    start = 0
    for link in graph.incoming[node_id]:
        text = re.escape(shape_text(arriving[link.target_port][0])) if link.target_port in arriving else ""
        found = (
            re.compile(rf"(?<!needs )(?<!be )(?<!remembers )(?<!\w){text}(?! ×|\w)").search(said, start)
            if text
            else None
        )
        if found is not None:
            name = f" from {called(graph, link.source)}"
            said = said[: found.end()] + name + said[found.end() :]
            start = found.end() + len(name)
    return said


def called(graph: Graph, node_id: str) -> str:
    """A node's title, with its id where another has the same title."""
    title = graph.nodes[node_id].title
    alone = sum(node.title == title for node in graph.nodes.values()) == 1
    return title if alone else f"{title} ({node_id})"


def _unconnected(graph: Graph, node_id: str) -> str:
    layer, links = graph.nodes[node_id].layer, graph.incoming[node_id]
    if not layer.inputs or isinstance(layer, UnknownLayer):  # that nobody knows it is what there is to say
        return ""
    wired = {k.target_port for k in links}
    missing = [port.name for port in layer.inputs if not port.optional and port.name not in wired]
    if layer.variadic:
        missing = missing if len(links) < len(layer.inputs) else []
    if not links or missing:
        return "has nothing connected to its input" if len(layer.inputs) == 1 else _needs(layer, missing)
    return ""


def _wrong_kind(graph: Graph, node_id: str, arriving: Mapping[str, Facts]) -> str:
    """A sentence if a wire brings another kind of numbers than its port takes: only data tell what an Input gives."""
    ports = () if isinstance(graph.nodes[node_id].layer, UnknownLayer) else graph.input_ports(node_id)
    for port in ports:
        kind = arriving.get(port.name, (MISSING, "*"))[1]
        if kind != port.kind and "*" not in (kind, port.kind):
            at = f" at {port.name}" if len(arriving) > 1 else ""
            link = graph.wire_into(node_id, port.name)
            source = f" from {called(graph, link.source)}" if link is not None else ""
            return f"takes {KIND_WORDS[port.kind]}{at}, and gets {KIND_WORDS[kind]}{source}{remedy(port.kind, kind)}"
    return ""


def _kinds(layer: Layer, arriving: Mapping[str, Facts], outputs: int) -> tuple[PortKind, ...]:
    """What leaves by each output; a layer that takes anything passes on what it got."""
    first: PortKind = next((kind for _, kind in arriving.values()), "x")
    said: list[PortKind] = [port.kind for port in layer.outputs] or ["*"] * outputs
    return tuple(first if kind == "*" else kind for kind in said)


def _needs(layer: Layer, missing: list[str]) -> str:
    if not missing:
        return "needs another wire"
    port = next(port for port in layer.inputs if port.name == missing[0])
    brings = "" if layer.variadic or port.kind == "*" else f": one that brings {KIND_WORDS[port.kind]}"
    return f"needs another wire, at {port.name}{brings}"


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
