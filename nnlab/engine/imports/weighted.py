"""torch's functions that are given weights, and those that pool: each as the layer that keeps them."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.axes import listed
from nnlab.core.layer import Layer
from nnlab.core.learning import Learning
from nnlab.engine.imports.drawing import Drawing, Held, Later, Unfit, Value, layer_of
from nnlab.engine.imports.operations import REDUCED, as_value, operation, plain

ONE = (1, (1,), (1, 1), (1, 1, 1), [1], [1, 1], [1, 1, 1])
LINEAR_MODES = ("linear", "bilinear", "trilinear")


def size(value: Any) -> Any:
    """A size for each axis as a setting takes it."""
    value = plain(value)
    if not isinstance(value, (list, tuple)):
        return value
    return tuple(value) if len(set(value)) > 1 else value[0] if value else None


def _with_weights(d: Drawing, layer: Layer, x: Any, **held: Any) -> Value:
    """A layer with its numbers; the same numbers a second time are shared."""
    given: dict[str, NDArray[Any]] = {}
    for name, each in held.items():
        if each is None:
            continue
        if not isinstance(each, Held):
            raise Unfit("weights that are computed from the sample")
        given[name] = np.asarray(each.array, np.float32)
    first = next((each for each in held.values() if isinstance(each, Held) and each.name), None)
    key = (type(layer), *(each.name for each in held.values() if isinstance(each, Held)))
    known = d.made_of.get(key) if first is not None else None
    learning = Learning(shares=known) if known in d.nodes and known is not None else None
    was = d.name
    if first is not None:
        d.name = first.name.rpartition(".")[0] or d.name
    try:
        found = d.add(layer, as_value(d, x), tensors=given, learning=learning)[0]
    finally:
        d.name = was
    d.made_of.setdefault(key, found.node)
    return found


@operation("linear")
def linear(d: Drawing, x: Any, weight: Any, bias: Any = None) -> Value:
    """A weighted sum of all features."""
    if not isinstance(weight, Held) or weight.array.ndim != 2:
        raise Unfit("weights that are computed from the sample")
    layer = layer_of("Linear", out_features=weight.array.shape[0], bias=bias is not None)
    return _with_weights(d, layer, x, weight=weight, bias=bias)


@operation("addmm")
def addmm(d: Drawing, bias: Any, x: Any, weight: Any) -> Value:
    """A weighted sum, as torch computes it inside."""
    if not isinstance(weight, Held):
        raise Unfit("weights that are computed from the sample")
    return linear(d, x, Held(np.ascontiguousarray(weight.array.T), weight.learned, weight.name), bias)


@operation("conv1d", "conv2d", "conv3d")
def conv(
    d: Drawing, x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Value:  # fmt: skip
    """Filters that slide."""
    if not isinstance(weight, Held):
        raise Unfit("filters that are computed from the sample")
    axes = weight.array.ndim - 2
    pad = padding if isinstance(padding, str) else size(padding)
    layer = layer_of(
        f"Conv{axes}d", out_channels=weight.array.shape[0], kernel_size=size(weight.array.shape[2:]), stride=size(stride),
        padding="valid" if pad == 0 else pad, dilation=size(dilation), groups=groups, bias=bias is not None,
    )  # fmt: skip
    return _with_weights(d, layer, x, weight=weight, bias=bias)


@operation("convolution")
def convolution(
    d: Drawing, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, transposed: bool,
    output_padding: Any, groups: int, *_: Any,
) -> Value:  # fmt: skip
    """Filters of either kind."""
    if transposed:
        return conv_transpose(d, x, weight, bias, stride, padding, output_padding, groups, dilation)
    return conv(d, x, weight, bias, stride, padding, dilation, groups)


@operation("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def conv_transpose(
    d: Drawing, x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    groups: int = 1, dilation: Any = 1,
) -> Value:  # fmt: skip
    """Filters that put down what they see."""
    if not isinstance(weight, Held):
        raise Unfit("filters that are computed from the sample")
    axes = weight.array.ndim - 2
    layer = layer_of(
        f"ConvTranspose{axes}d", out_channels=weight.array.shape[1] * groups, kernel_size=size(weight.array.shape[2:]), stride=size(stride),
        padding=size(padding), output_padding=size(output_padding), groups=groups, bias=bias is not None,
        dilation=size(dilation),
    )  # fmt: skip
    return _with_weights(d, layer, x, weight=weight, bias=bias)


def normed(d: Drawing, x: Any, mean: Any, var: Any, weight: Any, bias: Any, momentum: float, eps: float) -> Value:
    """Batch normalisation with what it has measured."""
    value = as_value(d, x)
    axes = max(1, len(value.shape) - 1)
    if (weight is None) != (bias is None) or axes > 3:
        raise Unfit("a batch norm with a scale alone")
    layer = layer_of(
        f"BatchNorm{axes}d", eps=eps, momentum=momentum, affine=weight is not None, track_running_stats=mean is not None
    )
    tracked = Held(np.zeros((), np.int64)) if mean is not None else None
    found = _with_weights(d, layer, value, weight=weight, bias=bias, running_mean=mean, running_var=var)
    if tracked is not None:
        d.starts[found.node] = {**d.starts.get(found.node, {}), "num_batches_tracked": tracked.array}
    return found


@operation("batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm")
def batch_norm(
    d: Drawing, x: Any, weight: Any = None, bias: Any = None, mean: Any = None, var: Any = None, *rest: Any, **_: Any
) -> Any:
    """Batch normalisation as torch's inner functions are told it."""
    numbers = [n for n in rest if isinstance(n, float)]
    momentum, eps = numbers[0] if numbers else 0.1, numbers[1] if len(numbers) > 1 else 1e-5
    return normed(d, x, mean, var, weight, bias, momentum, eps)


@operation("F.batch_norm")
def batch_norm_function(
    d: Drawing, x: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Value:  # fmt: skip
    """Batch normalisation as torch.nn.functional is told it."""
    return normed(d, x, running_mean, running_var, weight, bias, momentum, eps)


@operation("layer_norm")
def layer_norm(
    d: Drawing, x: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5, *_: Any
) -> Value:
    """Each sample to mean 0 and spread 1."""
    count = 1 if isinstance(normalized_shape, int) else len(plain(normalized_shape))
    layer = layer_of(
        "LayerNorm",
        normalized_shape=count,
        eps=eps,
        elementwise_affine=weight is not None,
        bias=bias is not None or weight is None,
    )
    return _with_weights(d, layer, x, weight=weight, bias=bias)


@operation("rms_norm")
def rms_norm(d: Drawing, x: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Value:
    """Each sample to length 1."""
    count = 1 if isinstance(normalized_shape, int) else len(plain(normalized_shape))
    layer = layer_of("RMSNorm", normalized_shape=count, eps=eps, elementwise_affine=weight is not None)
    return _with_weights(d, layer, x, weight=weight)


@operation("group_norm")
def group_norm(
    d: Drawing, x: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, *_: Any
) -> Value:
    """Groups of channels to mean 0 and spread 1."""
    layer = layer_of("GroupNorm", num_groups=num_groups, eps=eps, affine=weight is not None)
    return _with_weights(d, layer, x, weight=weight, bias=bias)


@operation("instance_norm")
def instance_norm(d: Drawing, x: Any, weight: Any = None, bias: Any = None, *rest: Any, **_: Any) -> Value:
    """Each map to mean 0 and spread 1."""
    value = as_value(d, x)
    numbers = [n for n in rest if isinstance(n, float)]
    layer = layer_of(
        f"InstanceNorm{len(value.shape) - 1}d", affine=weight is not None, eps=numbers[1] if len(numbers) > 1 else 1e-5
    )
    return _with_weights(d, layer, value, weight=weight, bias=bias)


@operation("prelu", "_prelu_kernel")
def prelu(d: Drawing, x: Any, weight: Any) -> Value:
    """A bend whose slope is learned."""
    if not isinstance(weight, Held):
        raise Unfit("a slope that is computed from the sample")
    flat = Held(weight.array.reshape(-1), weight.learned, weight.name)
    return _with_weights(
        d, layer_of("PReLU", num_parameters="one" if flat.array.size == 1 else "channels"), x, weight=flat
    )


@operation("embedding")
def embedding(d: Drawing, weight: Any, indices: Any, padding_idx: Any = None, *_: Any, **__: Any) -> Value:
    """A row of numbers for each word."""
    if isinstance(indices, Held) and isinstance(weight, Value):
        weight, indices = indices, weight  # torch.nn.functional names the words first
    if not isinstance(weight, Held) or not isinstance(indices, Value) or indices.kind != "i":
        raise Unfit("rows that are looked up in another way")
    rows, width = weight.array.shape
    known = padding_idx if isinstance(padding_idx, int) and padding_idx >= 0 else None
    layer = layer_of("Embedding", num_embeddings=rows, embedding_dim=width, padding_idx=known)
    return _with_weights(d, layer, indices, weight=weight)


# -------------------------------------------------------------------------- pools


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


@operation("mean", "sum", "amax", "amin", "vector_norm")
def reduce(d: Drawing, x: Any, dim: Any = None, keepdim: bool = False, *, kind: str = "mean", **_: Any) -> Value:
    """One number of many along axes."""
    value = as_value(d, x)
    dims = [dim] if isinstance(dim, int) else list(dim or ())
    if not dims:
        raise Unfit("one number of a whole batch")
    if dims == [1] and len(value.shape) == 2 and not keepdim and kind in ("mean", "max"):
        return d.one("SequencePool", value, mode=kind)
    return d.one("Reduce", value, kind=kind, dims=listed(dims), keepdim=bool(keepdim))


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
        if not _is_causal(attn_mask):
            raise Unfit("attention with a mask of its own")
        is_causal = True
    layer = layer_of("ScaledDotProductAttention", causal=bool(is_causal), scale=scale)
    return d.add(layer, as_value(d, q), as_value(d, k), as_value(d, v))[0]


def _is_causal(mask: object) -> bool:
    """Whether a mask lets each step look at itself and earlier ones: true where it may, or 0 there and -∞ elsewhere."""
    if isinstance(mask, Later):
        return False
    if not isinstance(mask, Held) or mask.array.ndim < 2:
        return False
    array = np.asarray(mask.array).reshape(-1, *mask.array.shape[-2:])
    may = array if array.dtype == np.bool_ else array == 0
    return bool((may == np.tril(np.ones(may.shape[-2:], bool))).all()) and prod(array.shape[:-2]) == 1
