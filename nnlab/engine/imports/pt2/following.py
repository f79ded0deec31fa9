"""torch's operations that turn and cut tensors, and those of attention, as they are followed in PT2 files."""

import math
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from nnlab.engine.imports.attention import attending, averaging
from nnlab.engine.imports.attention import drawn as attention_drawn
from nnlab.engine.imports.attention.following import Seen
from nnlab.engine.imports.attention.strides import View
from nnlab.engine.imports.drawing import Drawing, Held, Unfit, layer_of

Follow = Callable[..., Seen]
FOLLOWED: dict[str, Follow] = {}
WHOLE = 2**31  # an end beyond all sizes


def follow(d: Drawing, name: str, args: list[Any], named: dict[str, Any]) -> Seen:
    """What a step makes of tensors that are followed; None if that is not known."""
    if name == "baddbmm" and not named and all(isinstance(each, View) for each in args[1:]):
        return _scores(d, *args)
    function = FOLLOWED.get(name)
    return None if function is None or not args or not isinstance(args[0], View) else function(d, *args, **named)


def _followed(*names: str) -> Callable[[Follow], Follow]:
    def keep(function: Follow) -> Follow:
        FOLLOWED.update(dict.fromkeys(names, function))
        return function

    return keep


def _held(x: Any) -> Held:
    if not isinstance(x, Held):
        raise Unfit("weights that are computed from the sample")
    return x


@_followed("contiguous", "clone", "alias", "detach", "lift_fresh_copy")
def _same(d: Drawing, x: View, *_: Any, **__: Any) -> Seen:
    return x


@_followed("dropout")
def _dropout(d: Drawing, x: View, share: float = 0.5, train: bool = False) -> Seen:
    return attending.dropped(x, share)


@_followed("view", "reshape", "unsafe_view", "_unsafe_view")
def _reshape(d: Drawing, x: View, sizes: list[int]) -> Seen:
    return x.reshaped(tuple(sizes))


@_followed("unflatten")
def _unflatten(d: Drawing, x: View, dim: int, sizes: list[int]) -> Seen:
    at = x.at(dim)
    return x.reshaped((*x.sizes[:at], *sizes, *x.sizes[at + 1 :]))


@_followed("flatten")
def _flatten(d: Drawing, x: View, start: int = 0, end: int = -1) -> Seen:
    first, last = x.at(start), x.at(end)
    return x.reshaped((*x.sizes[:first], prod(x.sizes[first : last + 1]), *x.sizes[last + 1 :]))


@_followed("transpose", "swapaxes")
def _transpose(d: Drawing, x: View, one: int, other: int) -> Seen:
    return x.swapped(one, other)


@_followed("t")
def _turn(d: Drawing, x: View) -> Seen:
    return x.swapped(0, 1)


@_followed("permute")
def _permute(d: Drawing, x: View, order: list[int]) -> Seen:
    return x.permuted(tuple(order))


@_followed("unsqueeze")
def _unsqueeze(d: Drawing, x: View, dim: int) -> Seen:
    return x.unsqueezed(dim)


@_followed("squeeze")
def _squeeze(d: Drawing, x: View, dim: int) -> Seen:
    return x.squeezed(dim)


@_followed("select")
def _select(d: Drawing, x: View, dim: int, index: int) -> Seen:
    return x.selected(dim, index)


@_followed("slice")
def _slice(d: Drawing, x: View, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Seen:
    return x.sliced(dim, start or 0, WHOLE if end is None else end) if step == 1 else None


@_followed("split", "split_with_sizes")
def _split(d: Drawing, x: View, sizes: Any, dim: int = 0) -> Seen:
    whole = x.sizes[x.at(dim)]
    if isinstance(sizes, int):
        sizes = [min(sizes, whole - start) for start in range(0, whole, sizes)]
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return tuple(x.sliced(dim, start, start + size) for start, size in zip(starts, sizes, strict=True))


@_followed("chunk")
def _chunk(d: Drawing, x: View, parts: int, dim: int = 0) -> Seen:
    return _split(d, x, -(-x.sizes[x.at(dim)] // parts), dim)


@_followed("expand")
def _expand(d: Drawing, x: View, sizes: list[int]) -> Seen:
    return x.expanded(tuple(sizes))


@_followed("linear")
def _linear(d: Drawing, x: View, weight: Any, bias: Any = None) -> Seen:
    found = attending.linear(x, _held(weight), None)
    return found if found is None or bias is None else attending.biased(found, _held(bias))


@_followed("matmul", "bmm", "mm")
def _matmul(d: Drawing, x: View, y: Any) -> Seen:
    if isinstance(y, Held) and y.array.ndim == 2:
        return attending.linear(x, Held(np.ascontiguousarray(y.array.T), y.learned, y.name), None)
    return attending.product(d, x, y) if isinstance(y, View) else None


def _scores(d: Drawing, mask: Any, q: View, k: View) -> Seen:
    found = attending.product(d, q, k)
    return None if found is None else attending.hiding(found, mask)


@_followed("mul", "multiply")
def _mul(d: Drawing, x: View, y: Any) -> Seen:
    if isinstance(y, View):
        found = averaging.weighed(x, y)
        return averaging.weighed(y, x) if found is None else found
    return x.scaled(_number(y))


@_followed("div")
def _div(d: Drawing, x: View, y: Any) -> Seen:
    if isinstance(y, View):
        return averaging.mean(d, x, y)
    return x.scaled(1 / _number(y))


def _number(y: Any) -> float:
    if isinstance(y, Held) and y.array.size == 1:
        return float(y.array.reshape(-1)[0])
    if not isinstance(y, (int, float)):
        raise Unfit("a factor that is computed from the sample")
    return float(y)


@_followed("add")
def _add(d: Drawing, x: View, y: Any) -> Seen:
    found = attending.biased(x, y) if isinstance(y, Held) else None
    return attending.hiding(x, y) if found is None else found


@_followed("zeros_like")
def _zeros(d: Drawing, x: View, **_: Any) -> Seen:
    return attending.zeros(x)


@_followed("masked_fill")
def _masked(d: Drawing, x: View, mask: Any, value: float) -> Seen:
    if value > -1e30:
        return None
    if isinstance(mask, View):
        is_empty = isinstance(x.base, attending.Hidden) and x.base.mask is None and x.sizes == mask.sizes
        return attending.hidden(mask) if is_empty else None
    array = np.asarray(_held(mask).array)
    if array.dtype != np.bool_:
        return None
    return attending.masked(x, Held(np.where(array, np.float32(-np.inf), np.float32(0))))


@_followed("softmax", "_softmax")
def _softmax(d: Drawing, x: View, dim: int, *_: Any) -> Seen:
    return attending.softmax(x, dim)


@_followed("mean")
def _mean(d: Drawing, x: View, dim: Any = None, keepdim: bool = False) -> Seen:
    dims = dim if isinstance(dim, list) else [dim]
    return attending.mean_looks(x, dims[0]) if len(dims) == 1 and isinstance(dims[0], int) and not keepdim else None


@_followed("bitwise_not", "logical_not")
def _not(d: Drawing, x: View) -> Seen:
    return averaging.counting(x)


@_followed("sum")
def _sum(d: Drawing, x: View, dims: Any = None, keepdim: bool = False) -> Seen:
    return averaging.total(x, dims if isinstance(dims, list) else [dims], keepdim)


@_followed("clamp", "clamp_min")
def _clamp(d: Drawing, x: View, min: Any = None, max: Any = None) -> Seen:
    return averaging.at_least_one(x, min, max)


@_followed("scaled_dot_product_attention")
def _attention(
    d: Drawing, q: View, k: Any, v: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
    scale: float | None = None, enable_gqa: bool = False,
) -> Seen:  # fmt: skip
    if not isinstance(k, View) or not isinstance(v, View):
        return None
    return attending.scaled_dot_product(d, q, k, v, attn_mask, is_causal, scale)


@_followed("_native_multi_head_attention")
def _whole_attention(
    d: Drawing, q: View, k: Any, v: Any, width: int, heads: int, weight: Any, bias: Any, out_weight: Any, out_bias: Any,
    mask: Any = None, need_weights: bool = True, average: bool = True, mask_type: int | None = None,
) -> Seen:  # fmt: skip
    """torch's short way through nn.MultiheadAttention, which files have that were written without gradients."""
    steps = [x.sizes for x in (q, k, v)]
    if mask is not None and not (isinstance(mask, View) and mask_type == 1):
        return None
    parts = []
    for at, (x, sizes) in enumerate(zip((q, k, v), steps, strict=True)):
        rows = slice(at * width, (at + 1) * width)
        held = [Held(each.array[rows], each.learned, each.name) for each in (_held(weight), _held(bias))]
        made = _linear(d, x, *held)
        apart = made.reshaped((*sizes[:2], heads, width // heads)) if isinstance(made, View) else None
        if apart is None:
            return None
        parts.append(apart.swapped(1, 2))
    padding = None if mask is None else attending.hidden(mask)
    queries, keys, values = parts
    looked = attending.scaled_dot_product(d, queries, keys, values, padding)
    together = looked.swapped(1, 2).reshaped(steps[0]) if looked is not None else None
    answer = (
        None
        if together is None or (mask is not None and padding is None)
        else _linear(d, together, out_weight, out_bias)
    )
    return (answer, None) if isinstance(answer, View) else None


@_followed("_transformer_encoder_layer_fwd")
def _whole_encoder_layer(
    d: Drawing, x: View, width: int, heads: int, weight: Any, bias: Any, out_weight: Any, out_bias: Any, gelu: bool,
    norm_first: bool, eps: float, *rest: Any, mask: Any = None, mask_type: int | None = None,
) -> Seen:  # fmt: skip
    """torch's short way through an encoder layer."""
    held = [_held(each).array for each in (weight, bias, out_weight, out_bias, *rest[:8])]
    names = [
        *("self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight", "self_attn.out_proj.bias"),
        *("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"),
        *("linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"),
    ]
    if len(rest) > 8 or mask is not None or not math.isclose(eps, 1e-5) or not x.is_laid(x.base.sizes):
        return None
    units = held[8].shape[0]
    layer = layer_of(
        "TransformerEncoderLayer", nhead=heads, dim_feedforward=None if units == 4 * width else units, dropout=0.0,
        activation="gelu" if gelu else "relu", norm_first=norm_first,
    )  # fmt: skip
    d.name = _held(weight).name.rpartition(".self_attn")[0]
    return d.add(layer, attention_drawn.value_of(d, x.base), tensors=dict(zip(names, held, strict=True)))[0]
