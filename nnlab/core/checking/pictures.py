"""Mistakes of layers that slide a window or normalise: the wrong number of axes, windows, groups."""

import re
from collections.abc import Iterator
from functools import partial
from math import isqrt

from nnlab.core.chain import layer
from nnlab.core.fault import Fault, changed, kept
from nnlab.core.fixes import Fix, bypass, fix_graph, insert, put_layer, set_layer
from nnlab.core.graph import Graph
from nnlab.core.layer import Layer
from nnlab.core.mistake import Mistake, mistake

ROW_INTO_WINDOW = mistake(
    "row-into-window", "A row of numbers into a convolution or pool", "error",
    "A window slides over neighbours, in a picture or along a signal; the numbers of a row have none.",
)  # fmt: skip
WRONG_AXES = mistake(
    "wrong-axes", "A layer for signals, pictures or volumes on one of the others", "error",
    "1-D layers slide along a signal, 2-D ones over a picture, 3-D ones through a volume or film.",
)  # fmt: skip
WRONG_NORM = mistake(
    "wrong-norm", "A norm of the wrong dimension", "error",
    "Norms 1-D are for rows and signals, 2-D for pictures, 3-D for volumes: each takes the mean of other axes.",
)  # fmt: skip
LARGE_WINDOW = mistake(
    "window-too-large", "A window larger than the picture", "error",
    "Each pooling makes the picture smaller, until no window fits in it any more.",
)  # fmt: skip
SAME_AND_STRIDE = mistake(
    "same-with-stride", "Same size and a stride", "error",
    "A stride of 2 halves the size, so it cannot be kept the same.",
)  # fmt: skip
WIDE_BORDER = mistake(
    "wide-border", "A border wider than what it is taken from", "error",
    "A pool's border is at most half its window, and a mirrored one narrower than the picture.",
)  # fmt: skip
GROUPS = mistake(
    "uneven-groups", "Channels that groups cannot share", "error",
    "Groups share the channels evenly, so their number divides that of the channels.",
)  # fmt: skip
WRONG_LENGTH = mistake(
    "axis-missing", "A setting that names an axis which is not there", "error",
    "Axes are counted from the first after the batch, and a sample has only so many.",
)  # fmt: skip

AXES = re.compile(r"[123]d")
SHARED = ("groups", "num_groups", "parts", "upscale_factor", "downscale_factor", "patch")


def look(fault: Fault) -> "tuple[Mistake, Iterator[Fix]] | None":
    """Which of these mistakes it is."""
    if AXES.search(fault.kind) and len(fault.inputs) == 1:
        found = _of_axes(fault)
        if found is not None:
            return found
    if "window of" in fault.said:
        return LARGE_WINDOW, _smaller(fault)
    if "cannot keep the size" in fault.said:
        return SAME_AND_STRIDE, _without_stride(fault)
    if "border" in fault.said:
        return WIDE_BORDER, _borders(fault)
    if any(hasattr(fault.layer, name) for name in SHARED) and ("divide" in fault.said or "multiple" in fault.said):
        return GROUPS, _divisors(fault, SHARED)
    if "axis" in fault.said or "axes" in fault.said:
        return WRONG_LENGTH, _axes(fault)
    return None


def _of_axes(fault: Fault) -> "tuple[Mistake, Iterator[Fix]] | None":
    if "Norm" in fault.kind:
        return WRONG_NORM, _twins(fault)
    if len(fault.first) == 1:
        return ROW_INTO_WINDOW, _for_row(fault)
    if len(fault.first) != int(AXES.findall(fault.kind)[0][0]) + 1:
        return WRONG_AXES, _twins(fault)
    return None


def _twins(fault: Fault) -> Iterator[Fix]:
    """The same layer for another number of axes."""
    for axes in (len(fault.first) - 1, 1, 2, 3):
        made = kept(fault.layer, AXES.sub(f"{axes}d", fault.kind, count=1))
        if made is not None and type(made) is not type(fault.layer) and fault.takes(made):
            label = f"Put {made.title} in the place of {fault.name}"
            yield fix_graph(label, partial(put_layer, node_id=fault.node_id, layer=made))


def _for_row(fault: Fault) -> Iterator[Fix]:
    source = fault.case.only_source(fault.node_id)
    if source is not None and fault.case.kinds[source] == "Flatten":
        yield fix_graph(f"Remove {fault.case.name(source)} before it", lambda g: bypass(g, source))
    if fault.kind.startswith("Conv"):
        units = getattr(fault.layer, "out_channels", 8)
        label = f"Put a Linear with {units} units in the place of {fault.name}"
        yield fix_graph(label, partial(put_layer, node_id=fault.node_id, layer=layer("Linear", out_features=units)))
    else:
        yield fix_graph(f"Remove {fault.name}", lambda g: bypass(g, fault.node_id))
    yield from _as_signal(fault)


def _as_signal(fault: Fault) -> Iterator[Fix]:
    """The row as a signal or, where its length is a square, as a picture of one channel."""
    (length,) = fault.first
    side = isqrt(length)
    if "1d" in fault.kind:
        label = f"Insert an Unsqueeze before {fault.name}: one channel of {length} numbers"
        yield fix_graph(label, lambda g: insert(g, fault.node_id, layer("Unsqueeze", dim=1)))
    elif "2d" in fault.kind and side * side == length and side > 2:
        picture = layer("Unflatten", dim=1, unflattened_size=f"1, {side}, {side}")
        label = f"Insert an Unflatten before {fault.name}: a picture of {side}×{side}"
        yield fix_graph(label, lambda g: insert(g, fault.node_id, picture))


def _smaller(fault: Fault) -> Iterator[Fix]:
    """A smaller window, a border, or a pool less."""
    small = min(fault.first[1:], default=1)
    yield from settings(fault, ("kernel_size", small), ("padding", "same"), ("dilation", 1))
    if "Pool" in fault.kind:
        yield fix_graph(f"Remove {fault.name}", lambda g: bypass(g, fault.node_id))
    at = fault.case.only_source(fault.node_id)
    while at is not None and "Pool" not in fault.case.kinds[at]:
        at = fault.case.only_source(at)
    if at is not None:
        pool = at
        yield fix_graph(f"Remove {fault.case.name(pool)} before it", lambda g: bypass(g, pool))


def _without_stride(fault: Fault) -> Iterator[Fix]:
    kernel = getattr(fault.layer, "kernel_size", 1)
    half = kernel // 2 if isinstance(kernel, int) else tuple(n // 2 for n in kernel)
    yield from settings(fault, ("stride", 1), ("padding", half))


def _borders(fault: Fault) -> Iterator[Fix]:
    yield from settings(fault, ("padding_mode", "zeros"), ("padding", 0), ("kernel_size", 1))


def _divisors(fault: Fault, names: tuple[str, ...]) -> Iterator[Fix]:
    """The largest smaller number that divides what must be shared."""
    for name in names:
        now = getattr(fault.layer, name, None)
        if not isinstance(now, int):
            continue
        for fewer in range(now - 1, 0, -1):
            made = changed(fault.layer, **{name: fewer})
            if made is not None and fault.takes(made):
                yield from settings(fault, (name, fewer))
                break


def shared(fault: Fault, *names: str) -> Iterator[Fix]:
    """The largest smaller number for one of these settings that the layer takes."""
    return _divisors(fault, names)


def _axes(fault: Fault) -> Iterator[Fix]:
    for name in ("dim", "start_dim", "end_dim", "dim0", "dim1", "dims"):
        now = getattr(fault.layer, name, None)
        if isinstance(now, int):
            yield from settings(fault, *((name, k) for k in (-1, 1, 2, 3)))
        elif isinstance(now, str):
            yield from settings(fault, (name, "-1"))


def settings(fault: Fault, *tried: tuple[str, object]) -> Iterator[Fix]:
    """One setting changed to each of these values that the layer takes with what it is given."""
    declared = {p.name: p for p in fault.layer.params()}
    for name, value in tried:
        if name not in declared or getattr(fault.layer, name) == value:
            continue
        made: Layer | None = changed(fault.layer, **{name: value})
        if made is not None and fault.takes(made):
            shown = dict(declared[name].choices).get(str(value), value)
            label = f"Set {declared[name].label.lower()} of {fault.name} to {shown}"
            yield fix_graph(label, partial(_set, node_id=fault.node_id, name=name, value=value))


def _set(graph: Graph, node_id: str, name: str, value: object) -> Graph:
    return set_layer(graph, node_id, **{name: value})
