"""torch's functions that pool, reduce, resize, and attend, as layers."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import numpy as np

from nnlab.core.arithmetic.axes import listed
from nnlab.engine.imports.drawing import Drawing, Held, Later, Pairs, Pile, Unfit, Value, layer_of
from nnlab.engine.imports.operations import OPERATIONS, REDUCED, as_value, has_links, operation, plain
from nnlab.engine.imports.weighted import LINEAR_MODES, ONE, size


@operation("max_pool1d", "max_pool2d", "max_pool3d")
def max_pool(
    d: Drawing, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Value:  # fmt: skip
    """The largest of each window."""
    value, kernel = as_value(d, x), size(kernel_size)
    step = None if not stride or size(stride) == kernel else size(stride)
    if return_indices:
        raise Unfit("a pool that gives places as well")
    return d.one(
        f"MaxPool{len(value.shape) - 1}d", value, kernel_size=kernel, stride=step, padding=size(padding),
        dilation=size(dilation), ceil_mode=bool(ceil_mode),
    )  # fmt: skip


@operation("avg_pool1d", "avg_pool2d", "avg_pool3d")
def avg_pool(
    d: Drawing, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Value:  # fmt: skip
    """The mean of each window."""
    value, kernel = as_value(d, x), size(kernel_size)
    step = None if not stride or size(stride) == kernel else size(stride)
    if divisor_override:
        raise Unfit("a mean with a divisor of its own")
    return d.one(
        f"AvgPool{len(value.shape) - 1}d", value, kernel_size=kernel, stride=step, padding=size(padding),
        ceil_mode=bool(ceil_mode), count_include_pad=bool(count_include_pad),
    )  # fmt: skip


def adaptive(d: Drawing, kind: str, x: Any, output_size: Any) -> Value:
    """A pool to a size; to one number it is a global pool."""
    value = as_value(d, x)
    axes = len(value.shape) - 1
    if output_size in ONE:
        return d.one(f"Global{kind}Pool{axes}d", value, flatten=False)
    return d.one(f"Adaptive{kind}Pool{axes}d", value, output_size=size(output_size))


@operation("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d")
def adaptive_avg(d: Drawing, x: Any, output_size: Any) -> Value:
    """Means over as many windows as are asked for."""
    return adaptive(d, "Avg", x, output_size)


@operation("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def adaptive_max(d: Drawing, x: Any, output_size: Any, return_indices: bool = False) -> Value:
    """The largest of as many windows as are asked for."""
    return adaptive(d, "Max", x, output_size)


TOGETHER = {"mean": "Average", "sum": "Add", "max": "Maximum", "min": "Minimum"}
"""What one number of several tensors is."""


@operation("mean", "sum", "amax", "amin", "vector_norm")
def reduce(d: Drawing, x: Any, dim: Any = None, keepdim: bool = False, *, kind: str = "mean", **_: Any) -> Value:
    """One number of many along axes."""
    dims = [dim] if isinstance(dim, int) else list(dim or ())
    if isinstance(x, Pile) and dims == [0] and not keepdim and kind in TOGETHER:
        return d.one(TOGETHER[kind], *x.parts)
    value = as_value(d, x)
    if not dims:
        raise Unfit("one number of a whole batch")
    before = d.values.get(value.node, ())
    if kind == "sum" and len(dims) == 1 and _is_pair(d, value):
        d.remove(value.node)
        return d.one("Dot", *before, dim=dims[0], keepdim=bool(keepdim))
    if dims == [1] and len(value.shape) == 2 and not keepdim and kind in ("mean", "max"):
        return d.one("GraphPool" if has_links(d) else "SequencePool", value, mode=kind)
    return d.one("Reduce", value, kind=kind, dims=listed(dims), keepdim=bool(keepdim))


@operation("max", "min")
def extreme(d: Drawing, x: Any, dim: Any = None, keepdim: bool = False, *, kind: str = "max") -> Any:
    """The largest along an axis, and where it stands; or the larger of two tensors."""
    if isinstance(dim, (Value, Held)):
        return OPERATIONS[f"{kind}imum"](d, x, dim)
    found = reduce(d, x, dim, keepdim, kind=kind)
    if kind == "min":
        return found, None
    return found, d.one("ArgMax", as_value(d, x), dim=dim, keepdim=bool(keepdim))


OPERATIONS["min"] = partial(extreme, kind="min")


@operation("cosine_similarity")
def alike(d: Drawing, x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Value:
    """How far two rows point the same way."""
    return d.one("CosineSimilarity", as_value(d, x1), as_value(d, x2), dim=dim, eps=eps)


@operation("one_hot")
def one_hot(d: Drawing, x: Any, num_classes: int = -1) -> Value:
    """A row of zeros with a single 1 for each whole number."""
    return d.one("OneHot", as_value(d, x), num_classes=num_classes)


def _is_pair(d: Drawing, value: Value) -> bool:
    """Whether this is the product of two equally large tensors that goes nowhere else yet."""
    before = d.values.get(value.node, ())
    equal = len(before) == 2 and before[0].shape == before[1].shape
    return equal and not d.uses(value) and d.nodes[value.node].layer == layer_of("Multiply")


def _reducing(kind: str) -> Any:
    def draw(d: Drawing, x: Any, dim: Any = None, keepdim: bool = False, **named: Any) -> Value:
        return reduce(d, x, named.get("axis", dim), keepdim, kind=kind)

    return draw


for _name, _kind in REDUCED.items():
    operation(_name)(_reducing(_kind))


@operation("linalg_vector_norm", "norm")
def norm(d: Drawing, x: Any, p: Any = 2, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    """The length along axes."""
    if p not in (2, 2.0, "fro", None):
        raise Unfit("a length of another kind")
    return reduce(d, x, dim, keepdim, kind="norm")


@operation("vector_norm")
def vector_norm(d: Drawing, x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    """The length along axes."""
    return norm(d, x, ord, dim, keepdim)


# -------------------------------------------------------------------------- sizes and attention


@operation("pad", "constant_pad_nd")
def pad(d: Drawing, x: Any, pads: Sequence[int], mode: Any = "constant", value: float | None = None) -> Value:
    """A border."""
    if isinstance(mode, (int, float)):
        mode, value = "constant", mode
    kind = "zero" if mode == "constant" and not value else mode
    return d.one("Pad", as_value(d, x), padding=listed(list(plain(pads))), mode=kind, value=float(value or 0))


@operation("interpolate", "upsample")
def interpolate(
    d: Drawing, x: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None,
    recompute_scale_factor: Any = None, antialias: bool = False,
) -> Value:  # fmt: skip
    """Larger or smaller pictures."""
    factors = list(scale_factor) if isinstance(scale_factor, (list, tuple)) else [scale_factor]
    if len(set(factors)) > 1 or antialias or mode not in ("nearest", "bicubic", *LINEAR_MODES):
        raise Unfit("a change of size of another kind")
    kind = "linear" if mode in LINEAR_MODES else mode
    value, like = as_value(d, x), getattr(size, "of", None)
    if (
        isinstance(like, Value)
        and len(size) == len(like.shape) - 1 == len(value.shape) - 1
        and kind != "bicubic"
        and not align_corners
    ):
        return d.one("ResizeTo", value, like, mode=kind)
    wanted = None if size is None else tuple(plain(size)) if isinstance(size, (list, tuple)) else size
    return d.one(
        "Upsample", as_value(d, x), scale_factor=float(factors[0] or 1.0) if wanted is None else 2.0, size=wanted, mode=kind,
        align_corners=bool(align_corners),
    )  # fmt: skip


@operation("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d")
def upsample_nearest(d: Drawing, x: Any, size: Any = None, scales: Any = None, *_: Any) -> Value:
    """Neighbours copied."""
    return interpolate(d, x, size, scales)


@operation("upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d")
def upsample_linear(d: Drawing, x: Any, size: Any = None, align: bool = False, scales: Any = None, *_: Any) -> Value:
    """Neighbours blended."""
    return interpolate(d, x, size, scales, "linear", align)


@operation("upsample_bicubic2d")
def upsample_bicubic(d: Drawing, x: Any, size: Any = None, align: bool = False, scales: Any = None, *_: Any) -> Value:
    """Neighbours blended along a curve."""
    return interpolate(d, x, size, scales, "bicubic", align)


@operation("scaled_dot_product_attention")
def attention(
    d: Drawing, q: Any, k: Any, v: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
    scale: float | None = None, enable_gqa: bool = False,
) -> Value:  # fmt: skip
    """Each query takes the mean of all values, weighted by how its key fits."""
    if attn_mask is not None:
        if not is_causal_table(attn_mask):
            raise Unfit("attention with a mask of its own")
        is_causal = True
    layer = layer_of("ScaledDotProductAttention", causal=bool(is_causal), scale=scale)
    return d.add(layer, as_value(d, q), as_value(d, k), as_value(d, v))[0]


def is_causal_table(mask: object) -> bool:
    """Whether a mask lets each step look at itself and earlier ones: true where it may, or 0 there and -∞ elsewhere."""
    if isinstance(mask, Later):
        return False
    if not isinstance(mask, Held) or mask.array.ndim < 2:
        return False
    array = np.asarray(mask.array).reshape(-1, *mask.array.shape[-2:])
    may = array if array.dtype == np.bool_ else array == 0
    return bool((may == np.tril(np.ones(may.shape[-2:], bool))).all()) and prod(array.shape[:-2]) == 1


@operation("repeat_interleave")
def for_each_head(d: Drawing, x: Any, repeats: Any, dim: int | None = None, **_: Any) -> Pairs:
    """A mask over pairs of steps, once for each head of an attention."""
    pairs = x if isinstance(x, Pairs) else Pairs(x) if _is_table(x) else None
    if pairs is None or dim != 0 or pairs.times != 1 or not isinstance(repeats, int):
        raise Unfit("numbers repeated along an axis")
    return replace(pairs, times=repeats)


def _is_table(x: object) -> bool:
    return isinstance(x, Value) and x.kind == "m" and len(x.shape) == 2


@operation("or", "bitwise_or", "logical_or", "ror")
def either(d: Drawing, x: Any, y: Any) -> Pairs:
    """A mask over pairs of steps that hides later ones as well."""
    wire, later = (x, y) if isinstance(y, Later) else (y, x)
    if not isinstance(later, Later) or not _is_table(wire):
        raise Unfit("two masks as one")
    return Pairs(wire, causal=True)
