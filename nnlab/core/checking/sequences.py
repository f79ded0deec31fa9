"""Mistakes with sequences: words that are numbers, one row where many are needed, masks, heads and memories."""

from collections.abc import Iterator
from functools import partial

from nnlab.core.chain import layer
from nnlab.core.checking.pictures import settings, shared
from nnlab.core.fault import Fault
from nnlab.core.fixes import Fix, fix_graph, insert, setting, wiring
from nnlab.core.graph import Graph, Link
from nnlab.core.layer import MISSING, Layer
from nnlab.core.mistake import Mistake, mistake

ROW_FOR_SEQUENCE = mistake(
    "row-for-sequence", "One row where a sequence is needed", "error",
    "A recurrent or attention layer reads step after step; a recurrent layer gives all steps at its out, only one at last.",
)  # fmt: skip
PICTURE_FOR_SEQUENCE = mistake(
    "picture-for-sequence", "A picture where a sequence is needed", "error",
    "A sequence has two axes, steps and features; the places of a picture can be its steps.",
)  # fmt: skip
HEADS = mistake(
    "uneven-heads", "Heads that cannot share the features", "error",
    "The heads of attention share the features evenly, so their number divides the width.",
)  # fmt: skip
MASK_LENGTH = mistake(
    "mask-length", "A mask of another length", "error",
    "A mask says yes or no for each step, so it is made from the same sequence.",
)  # fmt: skip
MEMORY_SIZE = mistake(
    "memory-size", "A memory of another size", "error",
    "A recurrent layer can only start with what one of the same size remembered.",
)  # fmt: skip
HALF_MEMORY = mistake(
    "half-memory", "Half of an LSTM's memory", "error",
    "An LSTM remembers two things, h and c; it starts with both or with neither.",
)  # fmt: skip
MEMORY_WIDTH = mistake(
    "memory-width", "Encoder and decoder of different widths", "error",
    "A decoder compares its steps with those of the encoder, so both need as many features.",
)  # fmt: skip

RECURRENT = ("RNN", "LSTM", "GRU")


def look(fault: Fault) -> "tuple[Mistake, Iterator[Fix]] | None":
    """Which of these mistakes it is."""
    if "cannot be shared evenly" in fault.said:
        return HEADS, shared(fault, "num_heads", "nhead", "heads")
    if " mask " in fault.said:
        return MASK_LENGTH, _without_wires(fault, "m")
    if "remembers" in fault.said and fault.kind in (*RECURRENT, "LSTMCell", "GRUCell", "RNNCell"):
        return MEMORY_SIZE, _memories(fault)
    if "starts with h and c" in fault.said:
        return HALF_MEMORY, _both(fault)
    if "looks at a memory" in fault.said:
        return MEMORY_WIDTH, _equal_widths(fault)
    if "needs a sequence" in fault.said or "needs rows of features" in fault.said:
        return (ROW_FOR_SEQUENCE if _bare(fault) else PICTURE_FOR_SEQUENCE), _sequences(fault)
    return None


def _bare(fault: Fault) -> bool:
    return any(len(shape) == 1 for _, shape in fault.arriving)


def _sequences(fault: Fault) -> Iterator[Fix]:
    for link, shape in fault.arriving:
        if fault.port(link.target_port).kind != "x":
            continue
        if len(shape) == 1:
            yield from _all_steps(fault, link)
            label = f"Insert an Unsqueeze before {fault.name}: {shape[0]} steps of one number"
            yield fix_graph(label, partial(_put, fault, link, (layer("Unsqueeze", dim=-1),)))
        elif len(shape) == 3:
            rows = (layer("Flatten", start_dim=2), layer("Transpose"))
            label = f"Insert a Flatten and a Transpose before {fault.name}: a step for each place"
            yield fix_graph(label, partial(_put, fault, link, rows))


def _put(fault: Fault, link: Link, layers: tuple[Layer, ...], graph: Graph) -> Graph:
    return insert(graph, fault.node_id, *layers, port=link.target_port)


def _all_steps(fault: Fault, link: Link) -> Iterator[Fix]:
    """Where one step was taken of a recurrent layer: all of them."""
    source = fault.graph.node(link.source)
    if source.type_id in RECURRENT and link.source_port == "last":
        label = f"Take all steps of {fault.case.name(source.id)}"
        yield fix_graph(label, lambda g: g.connect(source.id, fault.node_id, link.target_port, "out"))
    if source.type_id in ("LastStep", "SequencePool"):
        wire = fault.graph.wire_into(source.id, "in")
        if wire is not None:
            label = f"Take the steps before {fault.case.name(source.id)}"
            yield fix_graph(label, lambda g: g.connect(wire.source, fault.node_id, link.target_port, wire.source_port))


def _without_wires(fault: Fault, kind: str) -> Iterator[Fix]:
    """Without the wires at optional ports of this kind."""
    for link in fault.links:
        port = fault.port(link.target_port)
        if port.kind == kind and port.optional:
            label = f"Remove the wire from {fault.case.name(link.source)} at {port.name}"
            yield fix_graph(label, partial(_cut, link))


def _cut(link: Link, graph: Graph) -> Graph:
    return graph.without_links([link])


def _memories(fault: Fault) -> Iterator[Fix]:
    """The size, layers and directions of the layer whose memory it gets."""
    for link in fault.links:
        source = fault.graph.node(link.source)
        if link.target_port in ("h", "c") and source.type_id == fault.kind:
            names = [n for n in ("hidden_size", "num_layers", "bidirectional", "proj_size") if hasattr(fault.layer, n)]
            same = {n: getattr(source.layer, n) for n in names}
            label = f"Make {fault.name} as large as {fault.case.name(source.id)}"
            yield fix_graph(label, setting(fault.node_id, **same))
    given = [shape for link, shape in fault.arriving if link.target_port in ("h", "c")]
    if given and given[0] and len(given[0]) <= 2:
        yield from settings(fault, ("hidden_size", given[0][-1]))
    yield from _forgotten(fault)


def _both(fault: Fault) -> Iterator[Fix]:
    for link in fault.links:
        source = fault.graph.node(link.source)
        ports = [port.name for port in fault.graph.output_ports(source.id)]
        other = {"h": "c", "c": "h"}.get(link.target_port, "")
        if other in ports and other:
            label = f"Connect {other} of {fault.case.name(source.id)} as well"
            yield fix_graph(label, wiring(source.id, fault.node_id, other, other))
    yield from _forgotten(fault)


def _forgotten(fault: Fault) -> Iterator[Fix]:
    wires = [link for link in fault.links if link.target_port in ("h", "c")]
    words = "wires" if len(wires) > 1 else "wire"
    yield fix_graph(f"Remove the {words} at the memory of {fault.name}", lambda g: g.without_links(wires))


def _equal_widths(fault: Fault) -> Iterator[Fix]:
    shapes = {link.target_port: (link, shape) for link, shape in fault.arriving}
    first = fault.layer.inputs[0].name
    if first not in shapes or fault.first == MISSING:
        return
    for name, (link, shape) in shapes.items():
        if name != first and fault.port(name).kind == "x" and len(shape) == 2:
            width = fault.first[-1]
            label = f"Insert a Linear with {width} units after {fault.case.name(link.source)}"
            yield fix_graph(label, partial(_put, fault, link, (layer("Linear", out_features=width),)))
