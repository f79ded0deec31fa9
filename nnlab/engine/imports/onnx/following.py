"""ONNX's operations that turn and cut tensors, and those of attention, as they are followed."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nnlab.engine.imports.attention import attending, averaging
from nnlab.engine.imports.attention.following import Following, Seen
from nnlab.engine.imports.attention.strides import View
from nnlab.engine.imports.drawing import Held, Unfit, Value
from nnlab.engine.imports.onnx.operations import Call, axes_of

Follow = Callable[[Call, list[View | None]], Seen]
FOLLOWED: dict[str, Follow] = {}
FAR = 2**31  # an end beyond all sizes


def follow(following: Following, call: Call, names: list[str]) -> Seen:
    """What a step makes of tensors that are followed; None if that is not known."""
    function = FOLLOWED.get(call.op)
    views = [following.view(name, x) for name, x in zip(names, call.inputs, strict=False)]
    if function is None or not any(views):
        return None
    if call.op == "Shape" and names[0] not in following.poor:
        return None
    return function(call, views)


def _followed(*names: str) -> Callable[[Follow], Follow]:
    def keep(function: Follow) -> Follow:
        FOLLOWED.update(dict.fromkeys(names, function))
        return function

    return keep


def _first(views: list[View | None]) -> View:
    if views[0] is None:
        raise Unfit("numbers of the file in the place of a tensor")
    return views[0]


@_followed("Identity", "Cast")
def _same(call: Call, views: list[View | None]) -> Seen:
    x = _first(views)
    counts = isinstance(x.base, (averaging.Counting, averaging.Total))  # are the same in all kinds of numbers
    return x if call.op != "Cast" or counts or call.attributes["to"] in (1, 10, 11) else None


@_followed("Dropout")
def _dropout(call: Call, views: list[View | None]) -> Seen:
    share = call.numbers(1, "ratio")
    return attending.dropped(_first(views), 0.5 if share is None else float(f"{share[0]:.6g}"))


@_followed("Shape")
def _shape(call: Call, views: list[View | None]) -> Seen:
    sizes = np.array(_first(views).sizes, np.int64)
    return Held(sizes[call.attributes.get("start", 0) : call.attributes.get("end")])


@_followed("Reshape")
def _reshape(call: Call, views: list[View | None]) -> Seen:
    x = _first(views)
    sizes = [int(n) for n in call.numbers(1, "shape") or []]
    return x.reshaped(tuple(x.sizes[k] if n == 0 else n for k, n in enumerate(sizes)))


@_followed("Transpose")
def _transpose(call: Call, views: list[View | None]) -> Seen:
    x = _first(views)
    return x.permuted(tuple(call.attributes.get("perm") or reversed(range(len(x.axes)))))


@_followed("Unsqueeze", "Squeeze")
def _axes(call: Call, views: list[View | None]) -> Seen:
    x, axes = _first(views), axes_of(call)
    if call.op == "Squeeze":
        for at in sorted((x.at(a) for a in axes), reverse=True):
            x = x.squeezed(at)
        return x
    rank = len(x.axes) + len(axes)
    for at in sorted(a % rank for a in axes):
        x = x.unsqueezed(at)
    return x


@_followed("Gather")
def _gather(call: Call, views: list[View | None]) -> Seen:
    at = call.inputs[1]
    if not isinstance(at, Held) or at.array.ndim:
        return None
    return _first(views).selected(call.attributes.get("axis", 0), int(at.array))


@_followed("Slice")
def _slice(call: Call, views: list[View | None]) -> Seen:
    x: View | None = _first(views)
    starts, ends = call.numbers(1, "starts") or [], call.numbers(2, "ends") or []
    axes, steps = call.numbers(3, "axes") or list(range(len(starts))), call.numbers(4) or [1] * len(starts)
    for at, start, end, step in zip(axes, starts, ends, steps, strict=True):
        x = x.sliced(at, int(start), min(int(end), FAR)) if x is not None and step == 1 else None
    return x


@_followed("Split")
def _split(call: Call, views: list[View | None]) -> Seen:
    x, axis = _first(views), call.attributes.get("axis", 0)
    sizes = call.numbers(1, "split")
    whole = x.sizes[x.at(axis)]
    if sizes is None:
        each = -(-whole // len(call.outputs))
        sizes = [min(each, whole - k * each) for k in range(len(call.outputs))]
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return tuple(x.sliced(axis, start, start + size) for start, size in zip(starts, sizes, strict=True))


@_followed("Expand")
def _expand(call: Call, views: list[View | None]) -> Seen:
    x, sizes = _first(views), tuple(int(n) for n in call.numbers(1) or [])
    return x.expanded(tuple(-1 if n == 1 else n for n in sizes))


@_followed("MatMul")
def _matmul(call: Call, views: list[View | None]) -> Seen:
    x, (y, weight) = _first(views), (views[1], call.inputs[1])
    if isinstance(weight, Held) and weight.array.ndim == 2:
        return attending.linear(x, Held(np.ascontiguousarray(weight.array.T), weight.learned, weight.name), None)
    return None if y is None else attending.product(call.d, x, y)


@_followed("Gemm")
def _gemm(call: Call, views: list[View | None]) -> Seen:
    x, weight, bias, settings = _first(views), call.inputs[1], call.get(2), call.attributes
    if settings.get("transA", 0) or settings.get("alpha", 1.0) != 1 or settings.get("beta", 1.0) != 1:
        return None
    if not isinstance(weight, Held) or not (bias is None or isinstance(bias, Held)):
        return None
    if not settings.get("transB", 0):
        weight = Held(np.ascontiguousarray(weight.array.T), weight.learned, weight.name)
    found = attending.linear(x, weight, None)
    return found if found is None or bias is None else attending.biased(found, bias)


@_followed("Add")
def _add(call: Call, views: list[View | None]) -> Seen:
    x, held = sorted(zip(views, call.inputs, strict=True), key=lambda pair: pair[0] is None)
    if x[0] is None:
        return None
    if held[0] is not None:
        found = attending.padded(x[0], held[0])
        return attending.padded(held[0], x[0]) if found is None else found
    if not isinstance(held[1], Held):
        return None
    found = attending.biased(x[0], held[1])
    return attending.masked(x[0], held[1]) if found is None else found


@_followed("Mul", "Div")
def _scale(call: Call, views: list[View | None]) -> Seen:
    pairs = list(zip(views, call.inputs, strict=True))
    x, held = pairs if call.op == "Div" else sorted(pairs, key=lambda pair: pair[0] is None)
    if x[0] is not None and held[0] is not None:
        return _of_two(call, x[0], held[0])
    if x[0] is None or not isinstance(held[1], Held) or held[1].array.size != 1:
        return None
    factor = float(held[1].array.reshape(-1)[0])
    return x[0].scaled(1 / factor if call.op == "Div" else factor)


def _of_two(call: Call, x: View, y: View) -> Seen:
    if call.op == "Div":
        return averaging.mean(call.d, x, y)
    found = averaging.weighed(x, y)
    return averaging.weighed(y, x) if found is None else found


@_followed("Not")
def _not(call: Call, views: list[View | None]) -> Seen:
    return averaging.counting(_first(views))


@_followed("ReduceSum")
def _sum(call: Call, views: list[View | None]) -> Seen:
    return averaging.total(_first(views), axes_of(call), bool(_keeps(call)))


@_followed("Clip", "Max")
def _clip(call: Call, views: list[View | None]) -> Seen:
    low, high = (call.numbers(k, name) for k, name in ((1, "min"), (2, "max")))
    return averaging.at_least_one(_first(views), low[0] if low else None, high[0] if high else None)


@_followed("Softmax")
def _softmax(call: Call, views: list[View | None]) -> Seen:
    x = _first(views)
    axis = call.attributes.get("axis", -1 if call.opset >= 13 else 1)
    return attending.softmax(x, axis) if call.opset >= 13 or x.at(axis) == len(x.axes) - 1 else None


@_followed("Where")
def _where(call: Call, views: list[View | None]) -> Seen:
    """Scores, or zeros, and minus infinity in the place of some."""
    mask, one, other = call.inputs
    if views[0] is not None:
        return attending.hidden(views[0]) if _all(one, -np.inf) and _all(other, 0) else None
    at = 1 if views[1] is not None else 2
    x, instead = views[at], other if at == 1 else one
    if x is None or not isinstance(mask, Held) or not _all(instead, -np.inf):
        return None
    hidden = ~mask.array.astype(bool) if at == 1 else mask.array.astype(bool)
    return attending.masked(x, Held(np.where(hidden, np.float32(-np.inf), np.float32(0))))


def _all(x: Any, number: float) -> bool:
    """Whether these are numbers of the file, and all of them this one; as good as minus infinity is what is far below all."""
    if not isinstance(x, Held) or not x.array.size or x.array.dtype.kind != "f":
        return False
    return bool((x.array <= -1e30).all() if number < 0 else (x.array == number).all())


@_followed("ReduceMean")
def _mean(call: Call, views: list[View | None]) -> Value | None:
    axes = axes_of(call)
    return attending.mean_looks(_first(views), axes[0]) if len(axes) == 1 and not _keeps(call) else None


def _keeps(call: Call) -> Any:
    return call.attributes.get("keepdims", 1)


@_followed("Attention")
def _attention(call: Call, views: list[View | None]) -> Seen:
    """All in one step, in files since opset 23."""
    q, k, v = (*views, None, None, None)[:3]
    if q is None or k is None or v is None or any(each is not None for each in call.inputs[4:]):
        return None
    mask = views[3] if len(views) > 3 and views[3] is not None else call.get(3)
    causal, scale = bool(call.attributes.get("is_causal", 0)), call.attributes.get("scale")
    return attending.scaled_dot_product(call.d, q, k, v, mask, causal, scale)
