"""ONNX's operations that rearrange, cut, join and reduce, as layers."""

from math import prod
from typing import Any

from nnlab.engine.imports import forms, pools, weighted
from nnlab.engine.imports.drawing import Held, Turned, Unfit, Value
from nnlab.engine.imports.onnx.operations import Call, Rows, Stacked, axes_of, drawn
from nnlab.engine.imports.operations import as_value

FAR = 2**31  # an end beyond all sizes


@drawn("Flatten")
def flatten(call: Call) -> Value:
    """In one row."""
    if call.attributes.get("axis", 1) != 1:
        raise Unfit("Flatten that mixes the samples of a batch")
    value = as_value(call.d, call.inputs[0])
    return value if len(value.shape) == 1 else forms.flatten(call.d, value, 1)


@drawn("Reshape")
def reshape(call: Call) -> Any:
    """Other sizes."""
    x, sizes = call.inputs[0], call.numbers(1, "shape") or []
    if isinstance(x, Rows):
        return _both(x)
    value = as_value(call.d, x)
    front = (call.d.batch, *value.shape)
    wanted = [front[k] if n == 0 else int(n) for k, n in enumerate(sizes)]
    total = prod(value.shape)
    if wanted[1:] in ([-1], [total]) and len(value.shape) > 1:
        return forms.flatten(call.d, value, 1)
    if wanted[:1] == [-1] and prod(wanted[1:]) != total:
        raise Unfit("Reshape that mixes the samples of a batch")
    return forms.reshape(call.d, value, wanted)


@drawn("Transpose")
def transpose(call: Call) -> Any:
    """The axes in another order; with the batch second it is a sequence as recurrent operations take it."""
    x, order = call.inputs[0], list(call.attributes.get("perm", []))
    if isinstance(x, Turned) and order == [1, 0, 2]:
        return x.value
    if isinstance(x, Rows):
        if x.directions == 0 and order == [1, 0, 2]:
            return x.value
        if order == [0, 2, 1, 3]:
            return Rows(x.value, -1)
        raise Unfit("Transpose of a memory")
    value = as_value(call.d, x)
    if order == [1, 0, 2]:
        return Turned(value)
    if len(order) == len(value.shape) + 1 and order[0] == 0:
        moved = [k for k, n in enumerate(order) if k != n]
        if len(moved) == 2:
            return call.d.one("Transpose", value, dim0=moved[0], dim1=moved[1])
    return forms.permute(call.d, value, *order)


@drawn("Concat")
def concat(call: Call) -> Any:
    """Side by side."""
    if call.attributes["axis"] == 0 and all(isinstance(each, Turned) for each in call.inputs):
        return Stacked(tuple(call.inputs))
    return forms.cat(call.d, call.inputs, call.attributes["axis"])


@drawn("Squeeze")
def squeeze(call: Call) -> Any:
    """Axes of size 1 that go."""
    x, axes = call.inputs[0], axes_of(call)
    if isinstance(x, Turned):
        if axes == [0] and x.last is not None and not x.both:
            return x.last
        raise Unfit("Squeeze of a memory")
    if isinstance(x, Rows):
        if axes == [1]:
            return Rows(x.value, 0)
        raise Unfit("Squeeze of a memory")
    value = as_value(call.d, x)
    for at in sorted((a % (len(value.shape) + 1) for a in axes), reverse=True):
        value = call.d.one("Squeeze", value, dim=at)
    return value


@drawn("Unsqueeze")
def unsqueeze(call: Call) -> Value:
    """New axes of size 1."""
    value = as_value(call.d, call.inputs[0])
    axes = axes_of(call)
    rank = len(value.shape) + 1 + len(axes)
    for at in sorted(a % rank for a in axes):
        value = call.d.one("Unsqueeze", value, dim=at)
    return value


@drawn("Slice")
def slice_(call: Call) -> Value:
    """Parts of axes."""
    value = as_value(call.d, call.inputs[0])
    starts, ends = call.numbers(1, "starts") or [], call.numbers(2, "ends") or []
    axes, steps = call.numbers(3, "axes") or list(range(len(starts))), call.numbers(4) or [1] * len(starts)
    for at, start, end, step in zip(axes, starts, ends, steps, strict=True):
        dim = at % (len(value.shape) + 1)
        if step == -1 and dim == 1 and len(value.shape) == 2 and start in (-1, value.shape[0] - 1):
            value = call.d.one("Reverse", value)
            continue
        value = forms.slice_(call.d, value, dim, int(start), None if end >= FAR else int(end), int(step))
    return value


@drawn("Split")
def split(call: Call) -> tuple[Value, ...]:
    """Pieces."""
    value = as_value(call.d, call.inputs[0])
    sizes, axis = call.numbers(1, "split"), call.attributes.get("axis", 0)
    if sizes is None:
        return forms.chunk(call.d, value, len(call.outputs), axis)
    if len(set(sizes)) == 1 and len(sizes) > 1:
        return forms.chunk(call.d, value, len(sizes), axis)
    return forms.split(call.d, value, sizes, axis)


@drawn("Gather")
def gather(call: Call) -> Any:
    """A row of a table for each word, or one place of an axis."""
    x, at, axis = call.inputs[0], call.inputs[1], call.attributes.get("axis", 0)
    if isinstance(x, Held) and isinstance(at, Value) and axis == 0 and x.array.ndim == 2:
        return weighted.embedding(call.d, x, at)
    if isinstance(at, Held) and at.array.ndim == 0:
        if isinstance(x, (Turned, Stacked)) and axis == 0:
            return _row(call, x, int(at.array))
        return forms.select(call.d, x, axis, int(at.array))
    raise Unfit("Gather from a table that is computed")


def _row(call: Call, x: Any, at: int) -> Any:
    """One layer's memory out of several."""
    if isinstance(x, Stacked):
        rows = [(each, k) for each in x.parts for k in range(each.value.shape[0])]
        each, k = rows[at]
        return forms.getitem(call.d, each, k - each.value.shape[0])
    return forms.getitem(call.d, x, at if at < 0 else at - x.value.shape[0])


@drawn("Pad")
def pad(call: Call) -> Value:
    """A border."""
    value = as_value(call.d, call.inputs[0])
    pads = [int(n) for n in call.numbers(1, "pads") or []]
    rank = len(value.shape) + 1
    axes = [int(a) % rank for a in call.numbers(3) or range(rank)]
    sides = {a: (pads[k], pads[k + len(axes)]) for k, a in enumerate(axes)}
    if any(sides.get(0, (0, 0))):
        raise Unfit("Pad along the batch")
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}[
        call.attributes.get("mode", "constant")
    ]
    last = max([1, *(a for a, pair in sides.items() if any(pair))])
    first = min([last, *(a for a, pair in sides.items() if any(pair))])
    flat = [n for a in range(rank - 1, min(first, rank - 1) - 1, -1) for n in sides.get(a, (0, 0))]
    filled = call.numbers(2, "value")
    return pools.pad(call.d, value, flat, mode, float(filled[0]) if filled else 0.0)


@drawn("Resize", "Upsample")
def resize(call: Call) -> Value:
    """Larger or smaller pictures."""
    value = as_value(call.d, call.inputs[0])
    sizes = call.numbers(3) if call.op == "Resize" else None
    scales = call.numbers(2 if call.op == "Resize" else 1, "scales")
    mode = {"nearest": "nearest", "linear": "linear", "cubic": "bicubic"}[call.attributes.get("mode", "nearest")]
    where = call.attributes.get("coordinate_transformation_mode", "half_pixel")
    if (
        mode == "nearest"
        and call.op == "Resize"
        and (where != "asymmetric" or call.attributes.get("nearest_mode") != "floor")
    ):
        whole = scales is not None and all(s == int(s) for s in scales)
        if not whole:
            raise Unfit("Resize that rounds in another way")
    if mode != "nearest" and where not in ("half_pixel", "pytorch_half_pixel", "align_corners"):
        raise Unfit("Resize that places numbers in another way")
    wanted = None if not sizes else [int(n) for n in sizes[-(len(value.shape) - 1) :]]
    factors = None if wanted or not scales else [float(s) for s in scales[2:]]
    return pools.interpolate(call.d, value, wanted, factors, mode, where == "align_corners" and mode != "nearest")


@drawn("DepthToSpace", "SpaceToDepth")
def shuffle(call: Call) -> Value:
    """Channels as pixels."""
    if call.op == "DepthToSpace" and call.attributes.get("mode", "DCR") != "CRD":
        raise Unfit("DepthToSpace in another order")
    if call.op == "SpaceToDepth":
        raise Unfit("SpaceToDepth in another order")
    return call.d.one("PixelShuffle", as_value(call.d, call.inputs[0]), upscale_factor=call.attributes["blocksize"])


REDUCED = {"ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "max", "ReduceMin": "min", "ReduceL2": "norm"}


@drawn(*REDUCED)
def reduce(call: Call) -> Value:
    """One number of many along axes."""
    value = as_value(call.d, call.inputs[0])
    axes = [a % (len(value.shape) + 1) for a in axes_of(call)]
    keep = bool(call.attributes.get("keepdims", 1))
    whole = sorted(axes) == list(range(2, len(value.shape) + 1)) and keep
    if whole and call.op in ("ReduceMean", "ReduceMax") and 2 <= len(value.shape) <= 4:
        return pools.adaptive(call.d, "Avg" if call.op == "ReduceMean" else "Max", value, 1)
    return pools.reduce(call.d, value, axes, keep, kind=REDUCED[call.op])


@drawn("ArgMax")
def argmax(call: Call) -> Value:
    """The place of the largest."""
    keep = bool(call.attributes.get("keepdims", 1))
    return call.d.one("ArgMax", as_value(call.d, call.inputs[0]), dim=call.attributes.get("axis", 0), keepdim=keep)


@drawn("Cast")
def cast(call: Call) -> Any:
    """Another kind of numbers."""
    value = as_value(call.d, call.inputs[0])
    to = {1: "x", 10: "x", 11: "x", 9: "m"}.get(call.attributes["to"], "i")
    return value if value.kind == to else call.d.one("Cast", value, to=to)


@drawn("Equal")
def equal(call: Call) -> Value:
    """A mask of padding."""
    value, number = call.inputs[0], call.numbers(1) or []
    if isinstance(value, Value) and value.kind == "i" and len(number) == 1 and number[0] >= 0:
        return call.d.one("PaddingMask", value, number=int(number[0]))
    raise Unfit("Equal")


@drawn("Expand")
def expand(call: Call) -> Value:
    """Repeated; where nothing changes, nothing is done."""
    value = as_value(call.d, call.inputs[0])
    sizes = [int(n) for n in call.numbers(1) or []]
    rest = sizes[-len(value.shape) :]
    if len(sizes) <= len(value.shape) + 1 and all(n in (1, own) for n, own in zip(rest, value.shape, strict=True)):
        return value
    raise Unfit("Expand")


def _both(x: Rows) -> Turned:
    """The two directions side by side, with the batch still second."""
    if x.directions != -1:
        raise Unfit("Reshape of a memory")
    return Turned(x.value)
