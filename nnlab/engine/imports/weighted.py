"""torch's functions that are given weights, and those that pool: each as the layer that keeps them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.layer import Layer
from nnlab.core.learning import Learning
from nnlab.engine.imports.drawing import Drawing, Held, Turned, Unfit, Value, layer_of
from nnlab.engine.imports.operations import as_value, operation, plain

ONE = (1, (1,), (1, 1), (1, 1, 1), [1], [1, 1], [1, 1, 1])
LINEAR_MODES = ("linear", "bilinear", "trilinear")


def size(value: Any) -> Any:
    """A size for each axis as a setting takes it."""
    value = plain(value)
    if not isinstance(value, (list, tuple)):
        return value
    return tuple(value) if len(set(value)) > 1 else value[0] if value else None


def decimal(number: float) -> float:
    """A number that a tensor holds as it was written: 0.193, which 32 bits keep as 0.19300000369548798."""
    return float(str(np.float32(number)))


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


@operation("matmul", "bmm")
def matmul(d: Drawing, x: Any, y: Any) -> Value:
    """A product of matrices; with numbers that come along it is a Linear layer."""
    if isinstance(y, Held) and y.array.ndim == 2 and isinstance(x, Value):
        return linear(d, x, Held(np.ascontiguousarray(y.array.T), y.learned, y.name))
    return d.one("MatMul", as_value(d, x), as_value(d, y))


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


def _recurrent(kind: str, **fixed: Any) -> Any:
    def draw(
        d: Drawing, x: Any, memory: Any, weights: Any, has_biases: bool, num_layers: int, dropout: float, train: bool,
        bidirectional: bool, batch_first: bool,
    ) -> Any:  # fmt: skip
        given = memory if isinstance(memory, (list, tuple)) else [memory]
        if not batch_first or not all(isinstance(each, Held) and not each.array.any() for each in given):
            raise Unfit("a recurrent layer whose batch comes second, or with a memory to start with")
        width = weights[1].array.shape[1]
        layer = layer_of(
            kind, hidden_size=width, num_layers=num_layers, bidirectional=bidirectional, bias=has_biases,
            dropout=float(dropout) if num_layers > 1 else 0.0, **fixed,
        )  # fmt: skip
        value = as_value(d, x)
        names = layer.parameter_shapes(value.shape)
        was, d.name = d.name, weights[0].name.rpartition(".")[0] or d.name
        try:
            tensors = {name: each.array for name, each in zip(names, weights, strict=True)}
            out, last, *memories = d.add(layer, value, tensors=tensors)
        finally:
            d.name = was
        turned = [Turned(each, last if k == 0 else None, bidirectional) for k, each in enumerate(memories)]
        return (out, *turned)

    return draw


operation("lstm")(_recurrent("LSTM"))
operation("gru")(_recurrent("GRU"))
operation("rnn_tanh")(_recurrent("RNN"))
operation("rnn_relu")(_recurrent("RNN", nonlinearity="relu"))
