"""What an ONNX file computes of its own numbers alone, such as sizes for a Reshape: done at once, within bounds."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.engine.imports.drawing import Held, Unfit
from nnlab.engine.imports.onnx.operations import Call, axes_of

LIMIT = 2**24  # numbers that a file may have made of nothing

TYPES: dict[int, type[np.generic]] = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    10: np.float32,
    11: np.float32,
}
"""ONNX's number of a type."""


def computed(call: Call) -> Held | tuple[Held, ...]:
    """The numbers that this operation gives; Unfit if it is none of the few that are needed."""
    if call.op == "Constant":
        return Held(_constant(call))
    if call.op == "Split":
        return _split(call)
    function = FUNCTIONS.get(call.op)
    arrays = [each.array if isinstance(each, Held) else None for each in call.inputs]
    if function is None or any(each is not None and each.size > LIMIT and call.op not in FREE for each in arrays):
        raise Unfit(call.op)
    first = call.inputs[0] if call.inputs else None
    name = first.name if isinstance(first, Held) and call.op in FREE else ""
    found = np.asarray(function(call, *arrays))
    call.d.spend(0 if call.op in FREE else found.size)
    return Held(found, bool(name), name)


FREE = ("Identity", "Transpose", "Reshape", "Unsqueeze", "Squeeze", "Cast")
"""What makes no more numbers than there were."""


def _split(call: Call) -> tuple[Held, ...]:
    """Pieces of numbers, which keep the name of the whole."""
    whole = call.inputs[0]
    axis, sizes = call.attributes.get("axis", 0), call.numbers(1, "split")
    if not isinstance(whole, Held) or (sizes is not None and any(n < 0 for n in sizes)):
        raise Unfit("Split")
    ends = len(call.outputs) if sizes is None else np.cumsum(sizes)[:-1]
    pieces = np.array_split(whole.array, ends, axis=axis)
    return tuple(Held(np.ascontiguousarray(each), whole.learned, whole.name) for each in pieces)


def _constant(call: Call) -> NDArray[Any]:
    for name, value in call.attributes.items():
        if name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
            kind = np.float32 if "float" in name else np.int64 if "int" in name else None
            return np.asarray(value, kind)
    raise Unfit("Constant")


def _bounded(sizes: Any) -> tuple[int, ...]:
    found = tuple(int(n) for n in np.atleast_1d(sizes))
    if any(n < 0 for n in found) or prod(found) > LIMIT:
        raise Unfit("numbers beyond all bounds")
    return found


def _filled(call: Call, sizes: NDArray[Any]) -> NDArray[Any]:
    value = np.asarray(call.attributes.get("value", np.zeros(1, np.float32))).reshape(-1)
    return np.full(_bounded(sizes), value[0])


def _reshaped(call: Call, x: NDArray[Any], sizes: NDArray[Any]) -> NDArray[Any]:
    return x.reshape([x.shape[k] if n == 0 else int(n) for k, n in enumerate(sizes)])


def _unsqueezed(call: Call, x: NDArray[Any], axes: NDArray[Any] | None = None) -> NDArray[Any]:
    found = axes_of(call)
    rank = x.ndim + len(found)
    for at in sorted(a % rank for a in found):
        x = np.expand_dims(x, at)
    return x


def _squeezed(call: Call, x: NDArray[Any], axes: NDArray[Any] | None = None) -> NDArray[Any]:
    found = axes_of(call)
    return np.squeeze(x, tuple(found)) if found else np.squeeze(x)


def _sliced(call: Call, x: NDArray[Any], *parts: Any) -> NDArray[Any]:
    given = [np.atleast_1d(p).tolist() if p is not None else None for p in parts]
    starts, ends, axes, steps = (given + [None] * 4)[:4]
    starts = starts if starts is not None else call.attributes["starts"]
    ends = ends if ends is not None else call.attributes["ends"]
    axes = axes or call.attributes.get("axes") or list(range(len(starts)))
    index = [slice(None)] * x.ndim
    for at, start, end, step in zip(axes, starts, ends, steps or [1] * len(starts), strict=True):
        index[at] = slice(start, end, step)
    return x[tuple(index)]


def _pairwise(function: Callable[..., Any]) -> Callable[..., Any]:
    def compute(call: Call, x: NDArray[Any], y: NDArray[Any]) -> Any:
        _bounded(np.broadcast_shapes(x.shape, y.shape))
        with np.errstate(all="ignore"):
            return function(x, y)

    return compute


def _divided(x: NDArray[Any], y: NDArray[Any]) -> Any:
    return x // y if x.dtype.kind in "iu" else x / y


def _ranged(call: Call, start: Any, limit: Any, delta: Any) -> NDArray[Any]:
    if not delta or abs((float(limit) - float(start)) / float(delta)) > LIMIT:
        raise Unfit("numbers beyond all bounds")
    found: NDArray[Any] = np.arange(start.item(), limit.item(), delta.item()).astype(start.dtype)
    return found


def _expanded(call: Call, x: NDArray[Any], sizes: NDArray[Any]) -> NDArray[Any]:
    return np.broadcast_to(x, _bounded(np.broadcast_shapes(x.shape, _bounded(sizes))))


def _taken(x: NDArray[Any], at: NDArray[Any], axis: int) -> NDArray[Any]:
    _bounded([at.size, x.size // max(1, x.shape[axis])])
    return np.take(x, at, axis=axis)


def _joined(parts: tuple[NDArray[Any], ...], axis: int) -> NDArray[Any]:
    _bounded([sum(each.size for each in parts)])
    return np.concatenate(parts, axis=axis)


def _where(call: Call, mask: NDArray[Any], x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    _bounded(np.broadcast_shapes(mask.shape, x.shape, y.shape))
    return np.where(mask, x, y)


def _triangle(call: Call, x: NDArray[Any], k: NDArray[Any] | None = None) -> NDArray[Any]:
    at = 0 if k is None else int(k)
    return np.triu(x, at) if call.attributes.get("upper", 1) else np.tril(x, at)


def _cast(call: Any, x: Any) -> Any:
    with np.errstate(all="ignore"):  # what a kind of number cannot hold becomes whatever it becomes there
        return x.astype(TYPES[call.attributes["to"]])


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Identity": lambda call, x: x,
    "Shape": lambda call, x: np.array(x.shape, np.int64)[call.attributes.get("start", 0) : call.attributes.get("end")],
    "Gather": lambda call, x, at: _taken(x, at, call.attributes.get("axis", 0)),
    "Concat": lambda call, *xs: _joined(xs, call.attributes.get("axis", 0)),
    "Cast": _cast,
    "Transpose": lambda call, x: np.transpose(x, call.attributes.get("perm")),
    "Reshape": _reshaped,
    "Unsqueeze": _unsqueezed,
    "Squeeze": _squeezed,
    "Slice": _sliced,
    "ConstantOfShape": _filled,
    "Range": _ranged,
    "Expand": _expanded,
    "Where": _where,
    "Trilu": _triangle,
    "Not": lambda call, x: ~x,
    "Neg": lambda call, x: -x,
    "Sqrt": lambda call, x: np.sqrt(x),
    "ReduceProd": lambda call, x, *_: np.prod(x, keepdims=bool(call.attributes.get("keepdims", 1))),
    "Add": _pairwise(np.add),
    "Sub": _pairwise(np.subtract),
    "Mul": _pairwise(np.multiply),
    "Div": _pairwise(_divided),
    "Equal": _pairwise(np.equal),
    "Less": _pairwise(np.less),
    "LessOrEqual": _pairwise(np.less_equal),
    "Greater": _pairwise(np.greater),
    "GreaterOrEqual": _pairwise(np.greater_equal),
    "And": _pairwise(np.logical_and),
    "Or": _pairwise(np.logical_or),
    "Max": _pairwise(np.maximum),
    "Min": _pairwise(np.minimum),
    "Mod": _pairwise(np.mod),
}
