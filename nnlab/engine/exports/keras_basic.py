"""Keras equals of the core layers, activations, normalisations and regularisers."""

from typing import Any

from nnlab.core.layer import Shape
from nnlab.engine.exports.keras_code import KerasCode, call, equal, of, only, unless, weighted

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
    only(layer.beta == 1, "its Softplus has no beta but 1")
    return KerasCode("ops.softplus({0})")


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
    only(layer.track_running_stats, "it always keeps running statistics")
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


@equal("LayerNorm")
def _layer_norm(layer: Any, shape: Shape) -> KerasCode:
    sizes = next(iter(layer.parameter_shapes(shape).values()), shape[-1:])
    many, affine = len(sizes), bool(layer.parameter_shapes(shape))
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
    only(bool(learned), "its RMS norm always learns a scale")
    many = len(learned["weight"])
    axis = -1 if many == 1 else list(range(-many, 0))
    epsilon = 1.1920928955078125e-07 if layer.eps is None else layer.eps
    made = call("RMSNormalization", axis=unless(axis, -1), epsilon=epsilon, name="{name}")
    return weighted(f"{made}({{0}})", of("weight"))


@equal("Normalize")
def _normalize(layer: Any, shape: Shape) -> KerasCode:
    size = f"ops.norm({{0}}, ord={layer.p!r}, axis={layer.dim}, keepdims=True)"
    only(layer.p in (1.0, 2.0), "it has no such norm of tables")
    return KerasCode(f"{{0}} / ops.maximum({size}, {layer.eps!r})")


@equal("Clamp")
def _clamp(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.clip({{0}}, {layer.min!r}, {layer.max!r})")


@equal("Sine")
def _sine(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.sin({{0}}{'' if layer.omega == 1 else f' * {layer.omega!r}'})")
    if layer.channels and len(shape) > 1:
        return _channel_dropout(layer, shape)
