"""Small layers of the core: nothing at all, a scale and a shift, and products of two inputs."""

from dataclasses import dataclass
from math import prod

from nnlab.core import words
from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.formula import Formula, Spot, signed
from nnlab.core.layer import LAYERS, Call, Layer, Port, Shape, Support, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

SUPPORT = Support(
    "ScaleShift",
    '''\
class ScaleShift(nn.Module):
    """Multiplies by a learned scale and adds a learned shift."""

    def __init__(self, *size, scale=1.0, shift=0.0):
        super().__init__()
        self.weight = nn.Parameter(torch.full(size, scale))
        self.bias = nn.Parameter(torch.full(size, shift))

    def forward(self, x):
        return x * self.weight + self.bias
''',
)


@LAYERS.register("Identity")
@dataclass(frozen=True)
class Identity(Layer):
    """Passes on what comes in, unchanged: a place to look at, to name, or to gather wires.

    Anything may come in: numbers, words, masks.
    """

    title = "Identity"
    category = "Core"
    tier = 3
    formula = "y = x"
    inputs = (Port("in", "*"),)
    outputs = (Port("out", "*"),)

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """Nothing."""
        return TorchCode("{0}")


@LAYERS.register("ScaleShift")
@dataclass(frozen=True)
class ScaleShift(Layer):
    """Multiplies by a learned number and adds another: one pair for each unit or channel, or one for all.

    The smallest layer that learns. A branch that begins with scale 0 is silent at first and grows as it helps.
    """

    title = "Scale and shift"
    category = "Core"
    tier = 2
    formula = "y = a · x + b, with a and b learned"

    per: str = param(
        "channel",
        "A pair for each unit or channel, or one for all numbers.",
        choices={"channel": "Unit or channel", "layer": "All numbers"},
        label="A pair for",
    )
    scale: float = param(1.0, "The scale it begins with.", low=-1000.0, high=1000.0, label="First scale")
    shift: float = param(0.0, "The shift it begins with.", low=-1000.0, high=1000.0, label="First shift")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """A scale and a shift."""
        size = self._size(shapes[0])
        return {"weight": size, "bias": size}

    def flops(self, *shapes: Shape) -> int:
        """A product and a sum per number."""
        return 2 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """Two nn.Parameter."""
        first = {"scale": (self.scale, 1.0), "shift": (self.shift, 0.0)}
        chosen = {name: value for name, (value, default) in first.items() if value != default}
        return TorchCode("{self}({0})", Call(SUPPORT.name, self._size(shapes[0]), chosen), support=(SUPPORT,))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number times the scale, and the shift."""
        at = (spot.place[0], *(0,) * (len(spot.place) - 1)) if self.per == "channel" and spot.place else (0,)
        a, b = float(spot.parameters["weight"][at]), float(spot.parameters["bias"][at])
        x = float(spot.inputs[0][spot.place])
        line = f" = {words.number(a)}·{signed(x)} + {signed(b)}"
        return spot.output_formula(self.formula, line, a * x + b)

    def summary(self) -> str:
        """Whether there is one pair for all."""
        return "" if self.per == "channel" else "one for all"

    def _size(self, shape: Shape) -> Shape:
        return (shape[0], *(1,) * (len(shape) - 1)) if self.per == "channel" and shape else (1,)


@LAYERS.register("Bilinear")
@dataclass(frozen=True)
class Bilinear(Layer):
    """Every output is a weighted sum of all products of a number of one input with a number of the other.

    So it can learn how two things go together, which a sum of the two cannot. It has many weights.
    """

    title = "Bilinear"
    category = "Core"
    tier = 3
    formula = "yⱼ = Σᵢₖ wⱼᵢₖ aᵢ bₖ + cⱼ"
    inputs = (Port("first"), Port("second"))
    fits = (((3,), (4,)), ((2, 3), (2, 5)))

    out_features: int = param(8, "How many outputs (units).", low=1, high=65_536, label="Units")
    bias: bool = param(True, "Add a learned constant to every output.")

    def output_shape(self, *shapes: Shape) -> Shape:
        """The last axis becomes `out_features`; the axes before it must agree."""
        first, second = shapes
        if first[:-1] != second[:-1] or not first or not second:
            raise ShapeError(
                f"gets {shape_text(first)} and {shape_text(second)}: only the last sizes may differ, so put a Flatten "
                "or a Reshape before one of them"
            )
        return (*first[:-1], self.out_features)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """A weight for each output and each pair of inputs, and the biases."""
        weight = {"weight": (self.out_features, shapes[0][-1], shapes[1][-1])}
        return {**weight, "bias": (self.out_features,)} if self.bias else {**weight}

    def flops(self, *shapes: Shape) -> int:
        """Two products and a sum per weight."""
        return 3 * prod(shapes[0]) * shapes[1][-1] * self.out_features

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Bilinear."""
        call = module_call(self, shapes[0][-1], shapes[1][-1], self.out_features, out_features=None)
        return TorchCode("{self}({0}, {1})", call)

    def summary(self) -> str:
        """Units, and whether there is a bias."""
        return f"{self.out_features} · bias" if self.bias else f"{self.out_features}"
