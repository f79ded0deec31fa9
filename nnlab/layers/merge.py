"""Several wires into one."""

from dataclasses import dataclass
from math import prod

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.axes import axis, common
from nnlab.core.formula import Formula, Place, Spot, signed
from nnlab.core.layer import LAYERS, Call, Layer, Port, Shape, Support, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

WEIGHTED_SUM = Support(
    "WeightedSum",
    '''class WeightedSum(nn.Module):
    """Adds its inputs, each times a learned number."""

    def __init__(self, inputs):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(inputs))

    def forward(self, *inputs):
        return sum(weight * x for weight, x in zip(self.weight, inputs))
''',
)


@LAYERS.register("Add")
@dataclass(frozen=True)
class Add(Layer):
    """Adds what comes in, number by number: the end of a skip connection.

    A skip connection carries numbers past some layers, so that these only have to learn what to change. Both ways
    must end in the same size; an axis of size 1 is repeated to fit.
    """

    title = "Add"
    category = "Merge and reshape"
    formula = "y = x₁ + x₂ + …"
    inputs = (Port("in1"), Port("in2"))
    variadic = True

    weighted: bool = param(
        False,
        "Learn one number for each wire, which says how much it counts; they begin at 1.",
        label="Weights per input",
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """The common size."""
        return common(shapes, "add")

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """A weight for each wire, if they are asked for."""
        return {"weight": (len(shapes),)} if self.weighted else {}

    def flops(self, *shapes: Shape) -> int:
        """One sum per number and wire, and a product where they are weighted."""
        many = prod(self.output_shape(*shapes))
        return (len(shapes) - 1) * many + (len(shapes) * many if self.weighted else 0)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The sum of the inputs; each times its weight, if they are asked for."""
        wires = [f"{{{n}}}" for n in range(len(shapes))]
        if self.weighted:
            call = Call("WeightedSum", (len(shapes),))
            return TorchCode(f"{{self}}({', '.join(wires)})", call, support=(WEIGHTED_SUM,))
        return TorchCode(" + ".join(wires))

    def summary(self) -> str:
        """Whether the wires are weighted."""
        return "weighted" if self.weighted else ""

    def explain_forward(self, spot: Spot) -> Formula | None:
        """One number from each wire."""
        if self.weighted:
            return None
        numbers = [float(np.broadcast_to(x, spot.output.shape)[spot.place]) for x in spot.inputs]
        return spot.output_formula(self.formula, f" = {' + '.join(signed(x) for x in numbers)}", sum(numbers))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Every wire gets the whole gradient: a sum has slope 1 in each of its parts."""
        if self.weighted:
            return ()
        alike = [n for n, x in enumerate(spot.inputs) if x.shape == spot.output.shape]
        rule = "∂L/∂x₁ = ∂L/∂x₂ = … = δ"
        return tuple(spot.passes(rule, f" = {words.number(spot.delta)}·1", spot.delta, wire=n) for n in alike)


@LAYERS.register("Concat")
@dataclass(frozen=True)
class Concat(Layer):
    """Puts what comes in side by side: features after features, or maps after maps.

    Nothing is mixed; the next layer sees all of it. All other axes must have the same size.
    """

    title = "Concatenate"
    category = "Merge and reshape"
    formula = "y = [x₁, x₂, …]"
    inputs = (Port("in1"), Port("in2"))
    variadic = True

    dim: int = param(1, "Along which axis; 1 is the first after the batch, -1 the last.", low=-8, high=8, label="Axis")

    def output_shape(self, *shapes: Shape) -> Shape:
        """The sizes along the axis are summed."""
        first = shapes[0]
        at = axis(self.dim, first)
        for shape in shapes[1:]:
            if len(shape) != len(first):
                raise ShapeError(
                    f"cannot join {shape_text(first)} and {shape_text(shape)}, which have different numbers of axes: "
                    "put a Flatten into each"
                )
            if shape[:at] + shape[at + 1 :] != first[:at] + first[at + 1 :]:
                raise ShapeError(
                    f"cannot join {shape_text(first)} and {shape_text(shape)} along axis {at + 1}: "
                    "make their other axes equal, or put a Flatten into each"
                )
        return (*first[:at], sum(shape[at] for shape in shapes), *first[at + 1 :])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.cat."""
        inputs = ", ".join(f"{{{n}}}" for n in range(len(shapes)))
        return TorchCode(f"torch.cat([{inputs}], dim={self.dim})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """From which wire the number was taken over."""
        wire, there = self._origin(spot)
        source = spot.sources[wire] if wire < len(spot.sources) else f"wire {wire + 1}"
        said = f", taken over from {source}, {spot.unit_name(wire, there[0])}"
        return spot.output_formula(self.formula, said, float(spot.inputs[wire][there]))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Back to the wire it came from."""
        wire, there = self._origin(spot)
        return (spot.passes("∂L/∂x = δ, for the wire it came from", " = δ", spot.delta, there, wire),)

    def _origin(self, spot: Spot) -> tuple[int, Place]:
        """The wire, and the place on it."""
        axis = self.dim - 1 if self.dim > 0 else self.dim + len(spot.place)
        at, wire = spot.place[axis], 0
        while at >= spot.inputs[wire].shape[axis]:
            at -= spot.inputs[wire].shape[axis]
            wire += 1
        return wire, (*spot.place[:axis], at, *spot.place[axis + 1 :])

    def summary(self) -> str:
        """The axis."""
        return f"axis {self.dim}"
