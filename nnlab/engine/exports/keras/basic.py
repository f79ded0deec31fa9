"""Keras equals of the core layers, activations, normalisations and regularisers."""

import re
from typing import Any

from nnlab.core.layer import Shape, Support
from nnlab.engine.exports.keras.code import KerasCode, call, equal, of, only, unless, weighted

ONE_END = re.compile(r"ops\.clip\(")
PLAIN = {
    "ReLU": "ops.relu({0})",
    "Sigmoid": "ops.sigmoid({0})",
    "Tanh": "ops.tanh({0})",
    "SiLU": "ops.silu({0})",
    "Mish": "{0} * ops.tanh(ops.softplus({0}))",
    "ReLU6": "ops.relu6({0})",
    "SELU": "ops.selu({0})",
    "Softsign": "{0} / (1 + ops.abs({0}))",
    "LogSigmoid": "ops.log_sigmoid({0})",
    "Tanhshrink": "ops.tanh_shrink({0})",
    "Hardswish": "ops.hard_silu({0})",
    "Hardsigmoid": "ops.hard_sigmoid({0})",
    "Identity": "{0}",
    "Tap": "{0}",
    "Input": "{0}",
    "Output": "{0}",
    "Detach": "ops.stop_gradient({0})",
    "BlockInput": "{0}",
    "BlockOutput": "{0}",
}


@equal(*PLAIN)
def _plain(layer: Any, *shapes: Shape) -> KerasCode:
    from nnlab.core.layer import LAYERS

    return KerasCode(PLAIN[LAYERS.id_of(layer)])


@equal("Linear")
def _linear(layer: Any, shape: Shape) -> KerasCode:
    made = call("Dense", layer.out_features, use_bias=unless(layer.bias, True), name="{name}")
    return weighted(f"{made}({{0}})", f"{of('weight')}.T", *([of("bias")] if layer.bias else []))


@equal("Flatten")
def _flatten(layer: Any, shape: Shape) -> KerasCode:
    # not Flatten: where channels come first, it moves them last before it lays the numbers out
    return KerasCode(f"layers.Reshape({layer.output_shape(shape)})({{0}})")


@equal("Softmax", "LogSoftmax")
def _softmax(layer: Any, shape: Shape) -> KerasCode:
    from nnlab.core.layer import LAYERS

    name = "softmax" if LAYERS.id_of(layer) == "Softmax" else "log_softmax"
    return KerasCode(f"ops.{name}({{0}}{'' if layer.dim in (-1, len(shape)) else f', axis={layer.dim}'})")


@equal("LeakyReLU")
def _leaky(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.leaky_relu({{0}}, negative_slope={layer.negative_slope!r})")


@equal("ELU", "CELU")
def _elu(layer: Any, shape: Shape) -> KerasCode:
    from nnlab.core.layer import LAYERS

    usual = "" if layer.alpha == 1 else f", alpha={layer.alpha!r}"
    return KerasCode(f"ops.{LAYERS.id_of(layer).lower()}({{0}}{usual})")


@equal("GELU")
def _gelu(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.gelu({{0}}, approximate={layer.approximate == 'tanh'})")


@equal("Softplus")
def _softplus(layer: Any, shape: Shape) -> KerasCode:
    """From its threshold on PyTorch takes the number itself, which shows where that is small."""
    x = "{0}" if layer.beta == 1 else f"{layer.beta!r} * {{0}}"
    text = f"ops.softplus({x})" if layer.beta == 1 else f"ops.softplus({x}) / {layer.beta!r}"
    return KerasCode(text if layer.threshold >= 20 else f"ops.where({x} > {layer.threshold!r}, {{0}}, {text})")


@equal("Expression")
def _expression(layer: Any, *shapes: Shape) -> KerasCode:
    """What was typed, with the functions of keras.ops."""
    text = layer.torch_code(*shapes).forward
    for there, here in (("torch.clamp", "ops.clip"), ("torch.", "ops."), ("F.softplus", "ops.softplus")):
        text = text.replace(there, here)
    text = text.replace(", -1, keepdim=True)", ", axis=-1, keepdims=True)")
    return KerasCode(_one_ended(text))


def _one_ended(text: str) -> str:
    """PyTorch's clamp with one end alone is a maximum or a minimum."""
    while (found := ONE_END.search(text)) is not None:
        start, depth, at = found.start(), 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        inner, _, value = text[found.end() : at - 1].rpartition(", ")
        end, _, number = value.partition("=")
        kind = {"min": "maximum", "max": "minimum"}.get(end)
        made = f"ops.{kind}({inner}, {number})" if kind else f"ops.clip_({text[found.end() : at - 1]})"
        text = text[:start] + made + text[at:]
    return text.replace("ops.clip_(", "ops.clip(")


@equal("Softshrink", "Hardshrink")
def _shrink(layer: Any, shape: Shape) -> KerasCode:
    from nnlab.core.layer import LAYERS

    name = "soft_shrink" if LAYERS.id_of(layer) == "Softshrink" else "hard_shrink"
    return KerasCode(f"ops.{name}({{0}}, threshold={layer.lambd!r})")


@equal("Hardtanh")
def _hardtanh(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.clip({{0}}, {layer.min_val!r}, {layer.max_val!r})")


@equal("Threshold")
def _threshold(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.where({{0}} > {layer.threshold!r}, {{0}}, {layer.value!r})")


@equal("GLU")
def _glu(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.glu({{0}}, axis={layer.dim})")


@equal("PReLU")
def _prelu(layer: Any, shape: Shape) -> KerasCode:
    (count,) = layer.parameter_shapes(shape)["weight"]
    shared = list(range(1 if count == 1 else 2, len(shape) + 1)) or None
    sizes = tuple(1 if shared and k in shared else n for k, n in enumerate(shape, 1))
    made = call("PReLU", shared_axes=shared, name="{name}")
    return weighted(f"{made}({{0}})", f"{of('weight')}.reshape({sizes})")


@equal("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
def _batch_norm(layer: Any, shape: Shape) -> KerasCode:
    if not layer.track_running_stats:
        return _batch_statistics(layer, shape)
    made = call(
        "BatchNormalization",
        axis=unless(1 if len(shape) > 1 else -1, -1),
        momentum=round(1 - layer.momentum, 12),
        epsilon=layer.eps,
        center=unless(layer.affine, True),
        scale=unless(layer.affine, True),
        name="{name}",
    )
    learned = [of("weight"), of("bias")] if layer.affine else []
    return weighted(f"{made}({{0}})", *learned, of("running_mean"), of("running_var"))


BATCH = Support(
    "BatchStatistics",
    '''
class BatchStatistics(layers.Layer):
    """Batch normalisation by the batch at hand, also after training: it keeps no running statistics."""

    def __init__(self, channels, epsilon=1e-5, affine=True, **options):
        super().__init__(**options)
        self.epsilon, self.channels, self.affine = epsilon, channels, affine
        if affine:
            self.scale = self.add_weight(shape=(channels,), initializer="ones", name="scale")
            self.shift = self.add_weight(shape=(channels,), initializer="zeros", name="shift")

    def call(self, x):
        others = (0, *range(2, len(x.shape)))
        mean, variance = ops.moments(x, axes=others, keepdims=True)
        x = (x - mean) / ops.sqrt(variance + self.epsilon)
        if not self.affine:
            return x
        form = (1, self.channels, *(1 for _ in others[1:]))
        return x * ops.reshape(self.scale, form) + ops.reshape(self.shift, form)
''',
)


def _batch_statistics(layer: Any, shape: Shape) -> KerasCode:
    made = call("X", shape[0], epsilon=unless(layer.eps, 1e-5), affine=unless(layer.affine, True), name="{name}")
    learned = [of("weight"), of("bias")] if layer.affine else []
    code = weighted(f"{made.replace('layers.X', BATCH.name, 1)}({{0}})", *learned)
    return KerasCode(code.forward, numbers=code.numbers, support=(BATCH,))


@equal("LayerNorm")
def _layer_norm(layer: Any, shape: Shape) -> KerasCode:
    many, affine = layer.normalized_shape, bool(layer.parameter_shapes(shape))
    biased = "bias" in layer.parameter_shapes(shape)
    axis = -1 if many == 1 else list(range(-many, 0))
    made = call(
        "LayerNormalization", axis=unless(axis, -1), epsilon=layer.eps,
        center=unless(biased, True), scale=unless(affine, True), name="{name}",
    )  # fmt: skip
    return weighted(f"{made}({{0}})", *([of("weight")] if affine else []), *([of("bias")] if biased else []))


@equal("GroupNorm")
def _group_norm(layer: Any, shape: Shape) -> KerasCode:
    affine = bool(layer.parameter_shapes(shape))
    made = call(
        "GroupNormalization", layer.num_groups, axis=1, epsilon=layer.eps,
        center=unless(affine, True), scale=unless(affine, True), name="{name}",
    )  # fmt: skip
    return weighted(f"{made}({{0}})", *([of("weight"), of("bias")] if affine else []))


@equal("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d")
def _instance_norm(layer: Any, shape: Shape) -> KerasCode:
    only(not getattr(layer, "track_running_stats", False), "it keeps no running statistics of single samples")
    affine = bool(layer.parameter_shapes(shape))
    made = call(
        "GroupNormalization", -1, axis=1, epsilon=layer.eps,
        center=unless(affine, True), scale=unless(affine, True), name="{name}",
    )  # fmt: skip
    return weighted(f"{made}({{0}})", *([of("weight"), of("bias")] if affine else []))


@equal("Dropout")
def _dropout(layer: Any, shape: Shape) -> KerasCode:
    if layer.channels and len(shape) > 1:
        return _channel_dropout(layer, shape)
    return KerasCode(f"layers.Dropout({layer.p!r})({{0}})")


@equal("Dropout1d", "Dropout2d", "Dropout3d")
def _channel_dropout(layer: Any, shape: Shape) -> KerasCode:
    noise = (None, shape[0], *(1 for _ in shape[1:]))
    return KerasCode(f"layers.Dropout({layer.p!r}, noise_shape={noise})({{0}})")


@equal("GaussianNoise")
def _noise(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"layers.GaussianNoise({layer.sigma!r})({{0}})")


@equal("RMSNorm")
def _rms_norm(layer: Any, shape: Shape) -> KerasCode:
    """Without an epsilon of its own, it takes the smallest step of 32-bit numbers, as PyTorch does."""
    learned = layer.parameter_shapes(shape)
    many = layer.normalized_shape
    axis = -1 if many == 1 else list(range(-many, 0))
    epsilon = 1.1920928955078125e-07 if layer.eps is None else layer.eps
    if not learned:
        over = -1 if many == 1 else tuple(range(-many, 0))
        return KerasCode(f"{{0}} * ops.rsqrt(ops.mean(ops.square({{0}}), axis={over}, keepdims=True) + {epsilon!r})")
    made = call("RMSNormalization", axis=unless(axis, -1), epsilon=epsilon, name="{name}")
    return weighted(f"{made}({{0}})", of("weight"))


@equal("Normalize")
def _normalize(layer: Any, shape: Shape) -> KerasCode:
    size = f"ops.norm({{0}}, ord={layer.p!r}, axis={layer.dim}, keepdims=True)"
    if layer.p not in (1.0, 2.0):
        size = f"ops.sum(ops.abs({{0}}) ** {layer.p!r}, axis={layer.dim}, keepdims=True) ** (1 / {layer.p!r})"
    return KerasCode(f"{{0}} / ops.maximum({size}, {layer.eps!r})")


@equal("Clamp")
def _clamp(layer: Any, shape: Shape) -> KerasCode:
    if layer.max is None:
        return KerasCode(f"ops.maximum({{0}}, {layer.min!r})" if layer.min is not None else "{0}")
    if layer.min is None:
        return KerasCode(f"ops.minimum({{0}}, {layer.max!r})")
    return KerasCode(f"ops.clip({{0}}, {layer.min!r}, {layer.max!r})")


@equal("Sine")
def _sine(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.sin({{0}}{'' if layer.omega == 1 else f' * {layer.omega!r}'})")
