"""What torch's functions are as layers: each is told in torch's own words, and drawn as the layer that does the same."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from nnlab.core.arithmetic.axes import listed
from nnlab.core.layer import LAYERS, VARIADIC_LIMIT
from nnlab.engine.imports.drawing import Drawing, Held, Later, Pairs, Spread, Turned, Unfit, Value, layer_of

Operation = Callable[..., Any]
F = TypeVar("F", bound=Operation)
OPERATIONS: dict[str, Operation] = {}
"""torch's name -> how it is drawn; arguments are torch's, after the drawing."""

REDUCED = {"mean": "mean", "sum": "sum", "amax": "max", "amin": "min", "vector_norm": "norm"}
SIMPLE = {
    "relu": "ReLU", "sigmoid": "Sigmoid", "tanh": "Tanh", "hardsigmoid": "Hardsigmoid", "hardswish": "Hardswish",
    "relu6": "ReLU6", "selu": "SELU", "silu": "SiLU", "mish": "Mish", "logsigmoid": "LogSigmoid", "log_sigmoid": "LogSigmoid",
    "softsign": "Softsign", "tanhshrink": "Tanhshrink", "detach": "Detach",
}  # fmt: skip
CURVES: dict[str, tuple[str, tuple[str, ...]]] = {
    "leaky_relu": ("LeakyReLU", ("negative_slope",)),
    "elu": ("ELU", ("alpha",)),
    "celu": ("CELU", ("alpha",)),
    "hardtanh": ("Hardtanh", ("min_val", "max_val")),
    "hardshrink": ("Hardshrink", ("lambd",)),
    "softshrink": ("Softshrink", ("lambd",)),
    "threshold": ("Threshold", ("threshold", "value")),
    "softplus": ("Softplus", ("beta", "threshold")),
    "glu": ("GLU", ("dim",)),
    "pixel_shuffle": ("PixelShuffle", ("upscale_factor",)),
    "pixel_unshuffle": ("PixelUnshuffle", ("downscale_factor",)),
    "channel_shuffle": ("ChannelShuffle", ("groups",)),
    "dropout": ("Dropout", ("p",)),
    "dropout1d": ("Dropout1d", ("p",)),
    "dropout2d": ("Dropout2d", ("p",)),
    "dropout3d": ("Dropout3d", ("p",)),
    "alpha_dropout": ("AlphaDropout", ("p",)),
    "feature_alpha_dropout": ("FeatureAlphaDropout", ("p",)),
    "local_response_norm": ("LocalResponseNorm", ("size", "alpha", "beta", "k")),
    "normalize": ("Normalize", ("p", "dim", "eps")),
    "squeeze": ("Squeeze", ("dim",)),
    "unsqueeze": ("Unsqueeze", ("dim",)),
    "transpose": ("Transpose", ("dim0", "dim1")),
    "swapaxes": ("Transpose", ("dim0", "dim1")),
    "argmax": ("ArgMax", ("dim", "keepdim")),
    "unfold": ("Unfold", ("kernel_size", "dilation", "padding", "stride")),
    "im2col": ("Unfold", ("kernel_size", "dilation", "padding", "stride")),
    "fold": ("Fold", ("output_size", "kernel_size", "dilation", "padding", "stride")),
    "col2im": ("Fold", ("output_size", "kernel_size", "dilation", "padding", "stride")),
}
"""torch's name -> the layer, and its settings in the order of torch's arguments."""
PASSING = (
    "clone",
    "contiguous",
    "alias",
    "lift_fresh_copy",
    "lift_fresh",
    "type_as",
    "cpu",
    "detach_",
    "requires_grad_",
    "_assert_tensor_metadata",
)
"""What changes no number."""


def operation(*names: str) -> Callable[[F], F]:
    """Files a function under torch's names for it."""

    def keep(function: F) -> F:
        OPERATIONS.update(dict.fromkeys(names, function))
        return function

    return keep


class Kind(str):
    """A kind of numbers that is asked for: x, i or m."""


class Piece:
    """One row of a memory."""

    def __init__(self, of: Turned, at: int) -> None:
        self.of: Turned = of
        self.at: int = at


def as_value(d: Drawing, x: object) -> Value:
    """A wire for whatever an operation is given."""
    if isinstance(x, Value):
        return x
    if isinstance(x, Held):
        return d.constant(x)
    if isinstance(x, Spread):
        ones = np.ones((1,) * (len(x.shape) - len(x.of.shape)) + x.shape, np.float32)
        return d.one("Multiply", x.of, d.constant(Held(ones)))
    if isinstance(x, Piece):
        row = x.at % x.of.value.shape[0]
        cut = d.add(layer_of("Slice", dim=1, start=row, end=row + 1), x.of.value)[0]
        return d.one("Squeeze", cut, dim=1)
    raise Unfit("an argument that is no tensor")


def has_links(d: Drawing) -> bool:
    """Whether the network is one of graphs: then rows are nodes, and not steps."""
    return any(node.layer.category == "Graph" for node in d.nodes.values())


def refuse(said: str) -> Any:
    """Says that no layer does this."""
    raise Unfit(said)


def plain(value: object) -> Any:
    """An argument that is a number, a name or a list of them."""
    if isinstance(value, (Value, Held, Turned, Later, Pairs)):
        raise Unfit("a setting that is computed from the sample")
    return value


def drawn(d: Drawing, layer: str, given: dict[str, Any], *inputs: Value) -> Value:
    """A layer with these of torch's arguments; those that are None or unknown to torch's function keep their defaults."""
    return d.one(layer, *inputs, **{name: plain(value) for name, value in given.items() if value is not None})


def _curve(layer: str, names: tuple[str, ...]) -> Operation:
    def draw(d: Drawing, x: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(x, Turned):
            return turned(x, layer, args, kwargs)
        given = dict(zip(names, args, strict=False))
        given |= {name: value for name, value in kwargs.items() if name in names}
        return drawn(d, layer, given, as_value(d, x))

    return draw


def turned(x: Turned, layer: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Value:
    """A memory turned round again: the batch in front."""
    if layer == "Transpose" and sorted([*args, *kwargs.values()]) == [0, 1]:
        return x.value
    one = layer == "Squeeze" and not x.both and x.value.shape[0] == 1
    if one and x.last is not None and [*args, *kwargs.values()] == [0]:
        return x.last
    raise Unfit("a memory with the batch behind")


for _name, _layer in SIMPLE.items():
    OPERATIONS[_name] = _curve(_layer, ())
for _name, (_layer, _names) in CURVES.items():
    OPERATIONS[_name] = _curve(_layer, _names)


@operation(*PASSING)
def passing(d: Drawing, x: Any, *args: Any, **kwargs: Any) -> Any:
    """The numbers as they are."""
    return x


def _into(kind: str) -> Operation:
    def draw(d: Drawing, x: Any) -> Any:
        return cast(d, x, Kind(kind))

    return draw


for _name, _kind in {"float": "x", "long": "i", "int": "i", "bool": "m"}.items():
    OPERATIONS[_name] = _into(_kind)


@operation("to", "_to_copy", "type")
def cast(d: Drawing, x: Any, *args: Any, **kwargs: Any) -> Any:
    """Another kind of numbers, where it is another."""
    import torch

    asked = [a for a in (*args, *kwargs.values()) if isinstance(a, (torch.dtype, Kind))]
    if not isinstance(x, Value) or not asked:
        return x
    first = asked[0]
    to = first if isinstance(first, Kind) else "m" if first == torch.bool else "x" if first.is_floating_point else "i"
    return x if x.kind == to else d.one("Cast", x, to=str(to))


# -------------------------------------------------------------------------- arithmetic


@operation("add", "iadd", "radd", "sum_of")
def add(d: Drawing, x: Any, y: Any, alpha: float = 1) -> Value:
    """A sum; one of a sum that goes nowhere else gets one wire more."""
    if alpha != 1:
        raise Unfit("a sum with a factor")
    if _is_zero(x) or _is_zero(y):
        return as_value(d, y if _is_zero(x) else x)
    return _merged(d, "Add", x, y)


@operation("mul", "imul", "multiply", "rmul")
def mul(d: Drawing, x: Any, y: Any) -> Value:
    """A product, of two wires or with a number."""
    return _merged(d, "Multiply", x, y)


@operation("maximum")
def maximum(d: Drawing, x: Any, y: Any) -> Value:
    """The larger of two."""
    return _merged(d, "Maximum", x, y)


@operation("minimum")
def minimum(d: Drawing, x: Any, y: Any) -> Value:
    """The smaller of two."""
    return _merged(d, "Minimum", x, y)


def _is_zero(x: object) -> bool:
    return isinstance(x, (int, float)) and x == 0


def _merged(d: Drawing, layer: str, x: Any, y: Any) -> Value:
    """A merge; one that reads from another of its kind, which nobody else reads, takes over its wires."""
    a, b = _pair(d, x, y)
    before = d.values.get(a.node, ())
    grows = d.nodes[a.node].layer == layer_of(layer) and not d.uses(a) and len(before) < VARIADIC_LIMIT
    grows = grows and a.node != b.node and d.places[a.node][0] == d.scope
    if grows and layer not in ("Maximum", "Minimum"):
        d.remove(a.node)
        return d.one(layer, *before, b)
    return d.one(layer, a, b)


def _pair(d: Drawing, x: Any, y: Any) -> tuple[Value, Value]:
    """Two wires of as many axes: numbers that the model brings get axes of size 1 in front."""
    x, y = (_number(each) for each in (x, y))
    rank = max(len(each.shape) for each in (x, y) if isinstance(each, Value))
    return _wide(d, x, rank), _wide(d, y, rank)


def _number(x: Any) -> Any:
    if isinstance(x, Spread):
        return x.of
    if isinstance(x, (int, float)) and not isinstance(x, bool):
        return Held(np.array(x, np.float32))
    return x


def _wide(d: Drawing, x: Any, rank: int) -> Value:
    if isinstance(x, Held):
        array = np.asarray(x.array)
        if array.ndim == rank + 1 and len(array) == d.batch and (array == array[:1]).all():
            array = array[0]
        if array.ndim > rank:
            if array.shape[: array.ndim - rank] != (1,) * (array.ndim - rank):
                raise Unfit("numbers that differ from sample to sample")
            array = array.reshape(array.shape[array.ndim - rank :])
        return d.constant(Held(array.reshape((1,) * (rank - array.ndim) + array.shape), x.learned, x.name))
    value = as_value(d, x)
    if len(value.shape) != rank:
        raise Unfit("tensors of different numbers of axes")
    return value


@operation("sub", "isub", "subtract")
def sub(d: Drawing, x: Any, y: Any, alpha: float = 1) -> Value:
    """A difference."""
    if alpha != 1:
        raise Unfit("a difference with a factor")
    return d.one("Subtract", *_pair(d, x, y))


@operation("rsub")
def rsub(d: Drawing, x: Any, y: Any, alpha: float = 1) -> Value:
    """A difference, the other way round."""
    return sub(d, y, x, alpha)


@operation("neg")
def neg(d: Drawing, x: Any) -> Value:
    """The opposite number."""
    return mul(d, x, -1.0)


@operation("abs")
def absolute(d: Drawing, x: Any) -> Value:
    """Without its sign: the larger of a number and its opposite."""
    value = as_value(d, x)
    return d.one("Maximum", value, neg(d, value))


@operation("randn_like")
def noise(d: Drawing, x: Any, **_: Any) -> Value:
    """Fresh random numbers, as many as these."""
    return d.one("Noise", shape=listed(as_value(d, x).shape))


@operation("square")
def square(d: Drawing, x: Any) -> Value:
    """Times itself."""
    value = as_value(d, x)
    return d.one("Multiply", value, value)


@operation("pow")
def power(d: Drawing, x: Any, exponent: Any) -> Value:
    """A whole power, as a product."""
    if exponent not in (1, 2, 3, 4):
        raise Unfit("a power that is no small whole number")
    value = as_value(d, x)
    return value if exponent == 1 else d.one("Multiply", *[value] * int(exponent))


@operation("sin")
def sine(d: Drawing, x: Any) -> Value:
    """A wave; what it is multiplied by before is how fast it swings."""
    value = as_value(d, x)
    before = d.values.get(value.node, ())
    plain_product = d.nodes[value.node].layer == layer_of("Multiply") and len(before) == 2 and not d.uses(value)
    fixed = [each for each in before if _fixed(d, each) is not None] if plain_product else []
    if len(fixed) == 1:
        d.remove(value.node)
        omega = float(f"{_fixed(d, fixed[0]):.12g}")
        return d.one("Sine", next(each for each in before if each is not fixed[0]), omega=omega)
    return d.one("Sine", value)


def _fixed(d: Drawing, value: Value) -> float | None:
    """The number that a node always gives, if it gives one that is not learned."""
    layer: Any = d.nodes[value.node].layer
    array = d.starts.get(value.node, {}).get("weight")
    is_given = isinstance(layer, LAYERS["Constant"]) and not getattr(layer, "learned", True)
    if not is_given or array is None or array.size != 1:
        return None
    return float(np.asarray(array).reshape(-1)[0])


@operation("div", "truediv", "itruediv", "divide")
def div(d: Drawing, x: Any, y: Any, rounding_mode: str | None = None) -> Value:
    """A quotient; a sum through the number of its wires is a mean."""
    if rounding_mode:
        raise Unfit("a quotient that is rounded")
    if isinstance(y, (int, float)) and isinstance(x, Value) and x.node in d.values:
        layer, before = d.nodes[x.node].layer, d.values[x.node]
        if layer == layer_of("Add") and len(before) >= y >= 2 and not d.uses(x):
            d.remove(x.node)
            more = len(before) - int(y) + 1  # a sum of two through 2, of which the first is a sum itself
            first = before[0] if more == 1 else d.one("Add", *before[:more])
            return d.one("Average", first, *before[more:])
    return d.one("Divide", *_pair(d, x, y))


@operation("rdiv", "rtruediv")
def rdiv(d: Drawing, x: Any, y: Any) -> Value:
    """A quotient, the other way round."""
    return div(d, y, x)


@operation("clamp", "clip")
def clamp(d: Drawing, x: Any, min: float | None = None, max: float | None = None) -> Value:
    """Cut off at both ends."""
    return d.add(layer_of("Clamp", min=plain(min), max=plain(max)), as_value(d, x))[0]


@operation("clamp_min", "clamp_max")
def clamp_min(d: Drawing, x: Any, value: float) -> Value:
    """Cut off below."""
    return clamp(d, x, value)


@operation("gelu")
def gelu(d: Drawing, x: Any, approximate: str = "none") -> Value:
    """The smooth bend of transformers."""
    return d.one("GELU", as_value(d, x), approximate=approximate)


@operation("softmax", "_softmax")
def softmax(d: Drawing, x: Any, dim: int = -1, *_: Any, log: bool = False, **__: Any) -> Value:
    """Shares that sum to 1."""
    return d.one("LogSoftmax" if log else "Softmax", as_value(d, x), dim=dim)


@operation("log_softmax", "_log_softmax")
def log_softmax(d: Drawing, x: Any, dim: int = -1, *_: Any, **__: Any) -> Value:
    """The logarithms of those shares."""
    return softmax(d, x, dim, log=True)
