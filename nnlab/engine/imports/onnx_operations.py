"""ONNX's operations as layers, told in torch's words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from nnlab.core.axes import listed
from nnlab.engine.imports import forms, operations, weighted
from nnlab.engine.imports.drawing import Drawing, Held, Turned, Unfit, Value, layer_of
from nnlab.engine.imports.operations import as_value

FAR = 2**31  # an end beyond all sizes


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
    last: bool = False


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
        return call.inputs[0]  # type: ignore[no-any-return]
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
        function = {"Add": operations.add, "Sub": operations.sub, "Mul": operations.mul, "Div": operations.div}[call.op]
        return function(d, *given)
    if len(given) == 1:
        return as_value(d, given[0])
    layer = {"Max": "Maximum", "Min": "Minimum", "Sum": "Add", "Mean": "Average"}[call.op]
    return d.one(layer, *(as_value(d, each) for each in given))


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
    return operations.matmul(call.d, call.inputs[0], call.inputs[1])


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
    x = weighted.pad(call.d, x, sides) if sides else x
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
        return weighted.avg_pool(call.d, call.inputs[0], kernel, steps, padding, ceil, whole)
    return weighted.max_pool(call.d, call.inputs[0], kernel, steps, padding, settings.get("dilations", 1), ceil)


@drawn("GlobalAveragePool", "GlobalMaxPool")
def global_pool(call: Call) -> Value:
    """One number for each map."""
    return weighted.adaptive(call.d, "Avg" if call.op == "GlobalAveragePool" else "Max", call.inputs[0], 1)


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
    return weighted.instance_norm(call.d, x, scale, bias, None, None, 0.1, eps)  # type: ignore[no-any-return]


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


# -------------------------------------------------------------------------- form


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
        return _both(call.d, x)
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
def concat(call: Call) -> Value:
    """Side by side."""
    return forms.cat(call.d, call.inputs, call.attributes["axis"])


@drawn("Squeeze")
def squeeze(call: Call) -> Any:
    """Axes of size 1 that go."""
    x, axes = call.inputs[0], axes_of(call)
    if isinstance(x, Rows):
        if x.last and axes == [0]:
            return x.value
        if not x.last and axes == [1]:
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
        if isinstance(x, Rows) and axis == 0 and not x.last:
            return forms.select(call.d, x.value, 1, int(at.array))
        return forms.select(call.d, x, axis, int(at.array))
    raise Unfit("Gather from a table that is computed")


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
    return weighted.pad(call.d, value, flat, mode, float(filled[0]) if filled else 0.0)


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
    return weighted.interpolate(call.d, value, wanted, factors, mode, where == "align_corners" and mode != "nearest")


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
    return weighted.reduce(call.d, value, axes, keep, kind=REDUCED[call.op])


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


# -------------------------------------------------------------------------- recurrent

GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
"""ONNX's order of the gates, as torch's."""


@drawn("LSTM", "GRU", "RNN")
def recurrent(call: Call) -> tuple[Any, ...]:
    """A sequence read step by step."""
    x, w, r, b = (call.get(k) for k in range(4))
    if not isinstance(x, Turned):
        raise Unfit(f"{call.op} whose batch comes first")
    way = call.attributes.get("direction", "forward")
    plain_gates = not any(name in call.attributes for name in ("activation_alpha", "clip", "input_forget"))
    if way == "reverse" or not plain_gates or not _starts_empty(call) or _own_bends(call):
        raise Unfit(f"{call.op} of another kind")
    if call.op == "GRU" and not call.attributes.get("linear_before_reset", 0):
        raise Unfit("GRU that resets before its sums")
    units = int(call.attributes["hidden_size"])
    tensors = _torch_order(call.op, units, w.array, r.array, None if b is None else b.array)
    layer = layer_of(call.op, hidden_size=units, bidirectional=way == "bidirectional", bias=b is not None)
    call.d.name = (w.name or "").rpartition(".")[0]
    out, last, *memory = call.d.add(layer, x.value, tensors=tensors)
    ways = 2 if layer.bidirectional else 1
    ends = Rows(last, ways, last=True) if ways == 1 else Turned(memory[0])
    return (Rows(out, ways), ends, *(Turned(each) for each in memory[1:]))


def _starts_empty(call: Call) -> bool:
    """Whether its memory starts with zeros, and all samples are equally long."""
    begins = [call.get(k) for k in (5, 6)]
    weights = call.get(7)
    return call.get(4) is None and weights is None and all(
        each is None or (isinstance(each, Held) and not each.array.any()) for each in begins
    )  # fmt: skip


def _own_bends(call: Call) -> bool:
    given: Sequence[Any] = call.attributes.get("activations", ())
    usual = {"LSTM": {"Sigmoid", "Tanh"}, "GRU": {"Sigmoid", "Tanh"}, "RNN": {"Tanh"}}[call.op]
    return any((each.decode() if isinstance(each, bytes) else each) not in usual for each in given)


def _torch_order(op: str, units: int, w: Any, r: Any, b: Any) -> dict[str, Any]:
    """The weights of every direction with torch's names and order of gates."""

    def ordered(array: Any) -> Any:
        blocks = array.reshape(len(GATES[op]), units, *array.shape[1:])
        return np.ascontiguousarray(blocks[list(GATES[op])].reshape(array.shape))

    found: dict[str, Any] = {}
    for k, ending in enumerate(("", "_reverse")[: len(w)]):
        found[f"weight_ih_l0{ending}"], found[f"weight_hh_l0{ending}"] = ordered(w[k]), ordered(r[k])
        if b is not None:
            half = b.shape[1] // 2
            found[f"bias_ih_l0{ending}"], found[f"bias_hh_l0{ending}"] = ordered(b[k][:half]), ordered(b[k][half:])
    return found


def _both(d: Drawing, x: Rows) -> Turned:
    """The two directions side by side, with the batch still second."""
    if x.directions != -1:
        raise Unfit("Reshape of a memory")
    return Turned(x.value)


def sizes_text(sizes: Sequence[int]) -> str:
    """Sizes as a setting writes them."""
    return listed(list(sizes))
