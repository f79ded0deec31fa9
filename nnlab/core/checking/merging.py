"""Mistakes where several wires meet: sizes that do not fit, axes that cannot be joined."""

from collections.abc import Iterator

from nnlab.core.arithmetic.windows import by
from nnlab.core.chain import layer
from nnlab.core.checking.pictures import settings
from nnlab.core.fault import Fault, takes
from nnlab.core.fixes import Fix, fix_graph, insert
from nnlab.core.graph import Graph, Link
from nnlab.core.layer import Layer, Shape
from nnlab.core.mistake import Mistake, mistake

SIDES = {2: "Conv1d", 3: "Conv2d", 4: "Conv3d"}
POOLS = {2: "AdaptiveAvgPool1d", 3: "AdaptiveAvgPool2d", 4: "AdaptiveAvgPool3d"}

UNEQUAL_ROWS = mistake(
    "unequal-rows", "Rows of different sizes in one sum", "error",
    "Numbers are added one by one, so both sides need as many; a Linear makes them so.",
)  # fmt: skip
UNEQUAL_CHANNELS = mistake(
    "unequal-channels", "A skip with other channels", "error",
    "Maps are added one by one, so both sides need as many; a 1×1 convolution on the skip makes them so.",
)  # fmt: skip
UNEQUAL_SIZES = mistake(
    "unequal-sizes", "A skip with another size", "error",
    "Where the long way makes the picture smaller, the skip must do the same: a 1×1 convolution with that stride does.",
)  # fmt: skip
UNEQUAL_AXES = mistake(
    "unequal-axes", "A picture and a row in one place", "error",
    "A picture and a row have different axes; a Flatten makes a row of a picture.",
)  # fmt: skip
JOINED_WRONG = mistake(
    "wrong-join-axis", "Joined along the wrong axis", "error",
    "All axes but the one along which things are joined must have the same sizes.",
)  # fmt: skip
UNEQUAL_PAIR = mistake(
    "unequal-pair", "Two inputs that must be alike", "error",
    "This layer compares its inputs number by number, so both need the same size.",
)  # fmt: skip


def look(fault: Fault) -> "tuple[Mistake, Iterator[Fix]] | None":
    """Which of these mistakes it is."""
    shapes = [shape for _, shape in fault.arriving]
    if (
        len(shapes) < 2
        or len(set(shapes)) == 1
        or any(fault.port(link.target_port).kind != "x" for link in fault.links)
    ):
        return None
    if len({len(shape) for shape in shapes}) > 1:
        return UNEQUAL_AXES, _flattened(fault)
    if fault.kind in ("Concat", "Stack"):
        return JOINED_WRONG, _joined(fault)
    if not fault.layer.variadic and fault.kind not in ("Subtract", "Divide"):
        return UNEQUAL_PAIR, _widened(fault)
    rank = len(shapes[0])
    if rank == 1 or (rank == 2 and len({shape[0] for shape in shapes}) == 1):
        return UNEQUAL_ROWS, _widened(fault)
    alike = len({shape[1:] for shape in shapes}) == 1
    return (UNEQUAL_CHANNELS if alike else UNEQUAL_SIZES), _projected(fault)


def _flattened(fault: Fault) -> Iterator[Fix]:
    def flatten(graph: Graph) -> Graph:
        for link, shape in fault.arriving:
            if len(shape) > 1:
                graph = insert(graph, fault.node_id, layer("Flatten"), port=link.target_port)
        return graph

    names = [fault.case.name(link.source) for link, shape in fault.arriving if len(shape) > 1]
    yield fix_graph(f"Insert a Flatten after {' and '.join(names)}", flatten)
    pooled = [link for link, shape in fault.arriving if len(shape) > 2]

    def pool(graph: Graph) -> Graph:
        for link, shape in fault.arriving:
            if len(shape) > 2:
                made = layer(f"GlobalAvgPool{len(shape) - 1}d")
                graph = insert(graph, fault.node_id, made, port=link.target_port)
        return graph

    if pooled and all(len(shape) <= 4 for _, shape in fault.arriving):
        names = [fault.case.name(link.source) for link in pooled]
        yield fix_graph(f"Insert a Global average pool after {' and '.join(names)}", pool)


def _joined(fault: Fault) -> Iterator[Fix]:
    shapes = [shape for _, shape in fault.arriving]
    yield from settings(fault, *(("dim", k + 1) for k in range(len(shapes[0]))))
    yield from _resized(fault)
    yield from _flattened(fault)


def _widened(fault: Fault) -> Iterator[Fix]:
    """A Linear on every wire but the widest."""
    shapes = [shape for _, shape in fault.arriving]
    widest = max(shape[-1] for shape in shapes if shape)
    if not takes(fault.layer, [(*shape[:-1], widest) for shape in shapes]):
        return

    def widen(graph: Graph) -> Graph:
        for link, shape in fault.arriving:
            if shape[-1] != widest:
                made = layer("Linear", out_features=widest)
                graph = insert(graph, fault.node_id, made, port=link.target_port)
        return graph

    yield fix_graph(f"Insert a Linear with {widest} units before {fault.name}", widen)


def _projected(fault: Fault) -> Iterator[Fix]:
    """On every other wire a 1×1 convolution with the channels, and where needed the stride, of the longest way."""
    place = {n: k for k, n in enumerate(fault.graph.in_order)}
    model, goal = max(fault.arriving, key=lambda pair: place.get(pair[0].source, -1))
    others = [(link, shape) for link, shape in fault.arriving if link != model and shape != goal]
    made = {link: _projection(shape, goal) for link, shape in others}
    if others and all(made.values()):
        names = " and ".join(fault.case.name(link.source) for link, _ in others)
        stride = next((s for s in (getattr(each, "stride", 1) for each in made.values()) if s != 1), 1)
        moved = "" if stride == 1 else f", stride {by(stride, len(goal) - 1)}"
        label = f"Insert a 1×1 conv ({goal[0]} filters{moved}) after {names}"
        yield fix_graph(label, lambda g: _on_wires(g, fault, made))
    yield from _resized(fault)


def _projection(shape: Shape, goal: Shape) -> Layer | None:
    strides = []
    for size, wanted in zip(shape[1:], goal[1:], strict=True):
        stride = -(-size // wanted)
        if (size - 1) // stride + 1 != wanted:
            return None
        strides.append(stride)
    one = strides[0] if len(set(strides)) == 1 else tuple(strides)
    if len(shape) not in SIDES:
        return None
    return layer(SIDES[len(shape)], out_channels=goal[0], kernel_size=1, stride=one, padding=0)


def _on_wires(graph: Graph, fault: Fault, made: "dict[Link, Layer | None]") -> Graph:
    for link, each in made.items():
        if each is not None:
            graph = insert(graph, fault.node_id, each, port=link.target_port)
    return graph


def _resized(fault: Fault) -> Iterator[Fix]:
    """All made as large as the smallest, as a crop or a pool does, or as the largest."""
    shapes = [shape for _, shape in fault.arriving]
    rank = len(shapes[0])
    if rank not in POOLS:
        return
    small = tuple(min(shape[k] for shape in shapes) for k in range(1, rank))
    if all(shape[1:] == small for shape in shapes):
        return
    made = {
        link: layer(POOLS[rank], output_size=small if rank > 2 else small[0])
        for link, shape in fault.arriving
        if shape[1:] != small
    }
    names = " and ".join(fault.case.name(link.source) for link in made)
    text = "×".join(map(str, small))
    yield fix_graph(f"Insert a pool to {text} after {names}", lambda g: _on_wires(g, fault, dict(made)))
    yield from _stretched(fault)


def _stretched(fault: Fault) -> Iterator[Fix]:
    """A Resize to match on the smaller of two wires."""
    if len(fault.arriving) != 2:
        return
    (small, shape), (large, other) = sorted(fault.arriving, key=lambda pair: pair[1][1:])
    if len(shape) != len(other) or shape[1:] == other[1:]:
        return

    def resize(graph: Graph) -> Graph:
        made = layer("ResizeTo")
        new = graph.new_id(made)
        graph = insert(graph, fault.node_id, made, port=small.target_port)
        return graph.connect(large.source, new, "like", large.source_port)

    label = f"Resize {fault.case.name(small.source)} to the size of {fault.case.name(large.source)}"
    yield fix_graph(label, resize)
