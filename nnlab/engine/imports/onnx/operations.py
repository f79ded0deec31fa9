"""ONNX's operations as layers, told in torch's words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab.engine.imports import operations, pools, typed_steps, weighted
from nnlab.engine.imports.drawing import Drawing, Held, Turned, Unfit, Value, layer_of
from nnlab.engine.imports.operations import OPERATIONS, as_value

KNOWN = (typed_steps,)
"""Those that fill torch's table beside the others."""


@dataclass
class Call:
    """One operation with what it is given."""

    d: Drawing
    op: str
    inputs: list[Any]
    attributes: dict[str, Any]
    outputs: list[str]
    opset: int

    def get(self, at: int) -> Any:
        """What is given in this place, or None."""
        return self.inputs[at] if at < len(self.inputs) else None

    def numbers(self, at: int, name: str = "") -> list[Any] | None:
        """Numbers that newer files give as an input and older ones as an attribute."""
        given = self.get(at)
        if isinstance(given, Held):
            return list(np.atleast_1d(given.array).tolist())
        if given is not None:
            raise Unfit("a setting that is computed from the sample")
        found = self.attributes.get(name) if name else None
        return None if found is None else list(found) if isinstance(found, (list, tuple)) else [found]


@dataclass(frozen=True)
class Rows:
    """What a recurrent operation gives: steps, directions, samples, features."""

    value: Value
    directions: int
    """0: its axis of directions is gone; -1: the directions are behind the samples."""

    def sizes(self, batch: int) -> list[int]:
        """The sizes of all axes, as the file has them."""
        steps, width = self.value.shape
        if not self.directions:
            return [steps, batch, width]
        if self.directions < 0:
            return [steps, batch, 1, width]
        return [steps, self.directions, batch, width // self.directions]


@dataclass(frozen=True)
class Stacked:
    """Memories of several recurrent operations, one on top of the other."""

    parts: tuple[Turned, ...]


Drawn = Callable[[Call], Any]
DRAWN: dict[str, Drawn] = {}


def drawn(*names: str) -> Callable[[Drawn], Drawn]:
    """Files a function under ONNX's names."""

    def keep(function: Drawn) -> Drawn:
        DRAWN.update(dict.fromkeys(names, function))
        return function

    return keep


def axes_of(call: Call, at: int = 1) -> list[int]:
    """The axes that an operation is told."""
    return [int(n) for n in call.numbers(at, "axes") or []]


BENDS: dict[str, tuple[str, dict[str, tuple[str, float]]]] = {
    "Relu": ("ReLU", {}),
    "Sigmoid": ("Sigmoid", {}),
    "Tanh": ("Tanh", {}),
    "Softsign": ("Softsign", {}),
    "HardSwish": ("Hardswish", {}),
    "Mish": ("Mish", {}),
    "Sin": ("Sine", {}),
    "Identity": ("Identity", {}),
    "LeakyRelu": ("LeakyReLU", {"alpha": ("negative_slope", 0.01)}),
    "Elu": ("ELU", {"alpha": ("alpha", 1.0)}),
    "Celu": ("CELU", {"alpha": ("alpha", 1.0)}),
    "Selu": ("SELU", {}),
    "Softplus": ("Softplus", {}),
}


@drawn(*BENDS)
def bend(call: Call) -> Value:
    """A function of each number."""
    layer, names = BENDS[call.op]
    if layer == "Identity":
        return as_value(call.d, call.inputs[0])
    settings = {ours: float(call.attributes.get(name, usual)) for name, (ours, usual) in names.items()}
    rounded = {name: float(f"{value:.7g}") for name, value in settings.items()}
    return call.d.one(layer, as_value(call.d, call.inputs[0]), **rounded)


@drawn("HardSigmoid")
def hard_sigmoid(call: Call) -> Value:
    """torch's has a slope of one sixth."""
    if abs(call.attributes.get("alpha", 0.2) - 1 / 6) > 1e-5 or call.attributes.get("beta", 0.5) != 0.5:
        raise Unfit("HardSigmoid with another slope")
    return call.d.one("Hardsigmoid", as_value(call.d, call.inputs[0]))


@drawn("Gelu")
def gelu(call: Call) -> Value:
    """The smooth bend of transformers."""
    return operations.gelu(call.d, call.inputs[0], call.attributes.get("approximate", "none"))


@drawn("PRelu")
def prelu(call: Call) -> Value:
    """A bend whose slope is learned."""
    return weighted.prelu(call.d, call.inputs[0], call.inputs[1])


@drawn("Clip")
def clip(call: Call) -> Value:
    """Cut off at both ends; from 0 to 6 it has a name."""
    low, high = (call.numbers(k, name) for k, name in ((1, "min"), (2, "max")))
    ends = None if low is None else float(low[0]), None if high is None else float(high[0])
    if ends == (0.0, 6.0):
        return call.d.one("ReLU6", as_value(call.d, call.inputs[0]))
    return operations.clamp(call.d, call.inputs[0], *ends)


@drawn("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean")
def arithmetic(call: Call) -> Value:
    """Sums, products and the like."""
    d, given = call.d, call.inputs
    if call.op == "Add" and any(isinstance(each, Held) for each in given):
        found = _biased(call)
        if found is not None:
            return found
    if call.op in ("Add", "Sub", "Mul", "Div"):
        return OPERATIONS[call.op.lower()](d, *given)  # type: ignore[no-any-return]
    if len(given) == 1:
        return as_value(d, given[0])
    layer = {"Max": "Maximum", "Min": "Minimum", "Sum": "Add", "Mean": "Average"}[call.op]
    return d.one(layer, *(as_value(d, each) for each in given))


@drawn("Exp", "Log", "Sqrt", "Reciprocal", "Cos", "Pow")
def typed_step(call: Call) -> Value:
    """What has no layer of its own."""
    return OPERATIONS[call.op.lower()](call.d, *call.inputs)  # type: ignore[no-any-return]


def _biased(call: Call) -> Value | None:
    """A bias behind a Linear layer without one belongs to it: MatMul and Add."""
    value, held = sorted(call.inputs, key=lambda each: isinstance(each, Held))
    if not isinstance(value, Value) or value.node not in call.d.nodes:
        return None
    layer: Any = call.d.nodes[value.node].layer
    linear = layer_of("Linear")
    if type(layer) is not type(linear) or layer.bias or call.d.uses(value) or held.array.shape != (layer.out_features,):
        return None
    call.d.change(value.node, layer.with_(bias=True))
    call.d.starts[value.node] = {**call.d.starts[value.node], "bias": np.asarray(held.array, np.float32)}
    return value


@drawn("Neg")
def neg(call: Call) -> Value:
    """The opposite number."""
    return operations.neg(call.d, call.inputs[0])


@drawn("Gemm")
def gemm(call: Call) -> Value:
    """A weighted sum of all features."""
    weight, settings = call.inputs[1], call.attributes
    if settings.get("transA", 0) or settings.get("alpha", 1.0) != 1 or settings.get("beta", 1.0) != 1:
        raise Unfit("Gemm with factors")
    if not settings.get("transB", 0):
        weight = Held(np.ascontiguousarray(weight.array.T), weight.learned, weight.name)
    bias = call.get(2)
    if isinstance(bias, Held) and bias.array.size == weight.array.shape[0]:
        bias = Held(bias.array.reshape(-1), bias.learned, bias.name)
    return weighted.linear(call.d, call.inputs[0], weight, bias)


@drawn("MatMul")
def matmul(call: Call) -> Value:
    """A product of matrices, or a Linear layer."""
    return weighted.matmul(call.d, call.inputs[0], call.inputs[1])


def _even(call: Call, axes: int) -> tuple[Any, list[int]]:
    """A border that is the same before and behind, and what stands more than that behind or before."""
    auto = call.attributes.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        raise Unfit(f"{call.op} with a border that depends on sizes")
    pads = list(call.attributes.get("pads", [0] * 2 * axes))
    if auto == "VALID":
        pads = [0] * 2 * axes
    before, behind = pads[:axes], pads[axes:]
    if before == behind:
        return before, []
    sides = [n for pair in zip(reversed(before), reversed(behind), strict=True) for n in pair]
    return [0] * axes, sides


@drawn("Conv")
def conv(call: Call) -> Value:
    """Filters that slide."""
    axes = call.inputs[1].array.ndim - 2
    x = as_value(call.d, call.inputs[0])
    padding, sides = _even(call, axes)
    x = pools.pad(call.d, x, sides) if sides else x
    settings = call.attributes
    return weighted.conv(
        call.d, x, call.inputs[1], call.get(2), settings.get("strides", [1] * axes), padding,
        settings.get("dilations", [1] * axes), settings.get("group", 1),
    )  # fmt: skip


@drawn("ConvTranspose")
def conv_transpose(call: Call) -> Value:
    """Filters that put down what they see."""
    axes = call.inputs[1].array.ndim - 2
    padding, sides = _even(call, axes)
    if sides or "output_shape" in call.attributes:
        raise Unfit("ConvTranspose with an uneven border")
    settings = call.attributes
    return weighted.conv_transpose(
        call.d, call.inputs[0], call.inputs[1], call.get(2), settings.get("strides", [1] * axes), padding,
        settings.get("output_padding", [0] * axes), settings.get("group", 1), settings.get("dilations", [1] * axes),
    )  # fmt: skip


@drawn("MaxPool", "AveragePool")
def pool(call: Call) -> Value:
    """The largest, or the mean, of each window."""
    settings, kernel = call.attributes, call.attributes["kernel_shape"]
    padding, sides = _even(call, len(kernel))
    if sides or len([name for name in call.outputs if name]) > 1:
        raise Unfit(f"{call.op} with an uneven border, or with places")
    steps, ceil = settings.get("strides", [1] * len(kernel)), bool(settings.get("ceil_mode", 0))
    if call.op == "AveragePool":
        whole = bool(settings.get("count_include_pad", 0)) or not any(padding)
        return pools.avg_pool(call.d, call.inputs[0], kernel, steps, padding, ceil, whole)
    return pools.max_pool(call.d, call.inputs[0], kernel, steps, padding, settings.get("dilations", 1), ceil)


@drawn("GlobalAveragePool", "GlobalMaxPool")
def global_pool(call: Call) -> Value:
    """One number for each map."""
    return pools.adaptive(call.d, "Avg" if call.op == "GlobalAveragePool" else "Max", call.inputs[0], 1)


@drawn("BatchNormalization")
def batch_norm(call: Call) -> Value:
    """Batch normalisation with what it has measured."""
    x, scale, bias, mean, var = call.inputs[:5]
    settings = call.attributes
    momentum, eps = 1 - settings.get("momentum", 0.9), settings.get("epsilon", 1e-5)
    return weighted.normed(call.d, x, mean, var, scale, bias, float(f"{momentum:.6g}"), float(f"{eps:.6g}"))


@drawn("LayerNormalization")
def layer_norm(call: Call) -> Value:
    """Each sample, or step, to mean 0 and spread 1."""
    value = as_value(call.d, call.inputs[0])
    axis = call.attributes.get("axis", -1)
    shape = value.shape[axis if axis < 0 else axis - 1 :]
    eps = float(f"{call.attributes.get('epsilon', 1e-5):.6g}")
    return weighted.layer_norm(call.d, value, shape, call.get(1), call.get(2), eps)


@drawn("InstanceNormalization")
def instance_norm(call: Call) -> Value:
    """Each map to mean 0 and spread 1."""
    x, scale, bias = call.inputs[:3]
    eps = float(f"{call.attributes.get('epsilon', 1e-5):.6g}")
    return weighted.instance_norm(call.d, x, scale, bias, None, None, 0.1, eps)


@drawn("GroupNormalization")
def group_norm(call: Call) -> Value:
    """Groups of channels to mean 0 and spread 1."""
    x, scale, bias = call.inputs[:3]
    eps = float(f"{call.attributes.get('epsilon', 1e-5):.6g}")
    return weighted.group_norm(call.d, x, call.attributes["num_groups"], scale, bias, eps)


@drawn("LRN")
def local_norm(call: Call) -> Value:
    """Each number against its neighbours in other maps."""
    settings = {
        name: float(f"{call.attributes.get(name, usual):.6g}") for name, usual in (("alpha", 1e-4), ("beta", 0.75))
    }
    k = float(call.attributes.get("bias", 1.0))
    return call.d.one(
        "LocalResponseNorm", as_value(call.d, call.inputs[0]), size=call.attributes["size"], k=k, **settings
    )


@drawn("Dropout")
def dropout(call: Call) -> Any:
    """Numbers left out at random while training."""
    share = call.numbers(1, "ratio")
    return call.d.one("Dropout", as_value(call.d, call.inputs[0]), p=0.5 if share is None else float(f"{share[0]:.6g}"))


@drawn("Softmax", "LogSoftmax")
def softmax(call: Call) -> Value:
    """Shares that sum to 1."""
    axis = call.attributes.get("axis", -1 if call.opset >= 13 else 1)
    return operations.softmax(call.d, call.inputs[0], axis, log=call.op == "LogSoftmax")
