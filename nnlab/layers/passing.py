"""The same numbers, bounded, in another kind, without their gradient, or to be looked at."""

from dataclasses import dataclass
from math import prod
from typing import cast

from nnlab.core import words
from nnlab.core.arithmetic.axes import SIZE_LIMIT
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Port, PortKind, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError

ANY_IN, ANY_OUT = (Port("in", "*"),), (Port("out", "*"),)


@LAYERS.register("Clamp")
@dataclass(frozen=True)
class Clamp(Layer):
    """Cuts numbers off at a lowest and a highest value; those between pass unchanged.

    What was cut off gets no gradient, so a layer before it cannot learn from those numbers.
    """

    title = "Clamp"
    category = "Merge and reshape"
    tier = 3
    formula = "y = min(max(x, lowest), highest)"

    min: float | None = param(
        0.0,
        "The lowest number that passes; left empty, any.",
        low=-SIZE_LIMIT,
        high=SIZE_LIMIT,
        optional=True,
        label="Lowest",
    )
    max: float | None = param(
        1.0,
        "The highest number that passes; left empty, any.",
        low=-SIZE_LIMIT,
        high=SIZE_LIMIT,
        optional=True,
        label="Highest",
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        if self.min is None and self.max is None:
            raise ShapeError("has neither a lowest nor a highest number: give one of them, or remove it")
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A comparison per number and end."""
        return prod(shapes[0]) * ((self.min is not None) + (self.max is not None))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.clamp."""
        ends = [f"{name}={end!r}" for name, end in (("min", self.min), ("max", self.max)) if end is not None]
        return TorchCode(f"torch.clamp({', '.join(['{0}', *ends])})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number, or the end it was cut off at."""
        x = float(spot.inputs[0][spot.place])
        y = x if self.min is None or x > self.min else self.min
        y = y if self.max is None or y < self.max else self.max
        said = "unchanged" if y == x else f"cut off from {words.number(x)}"
        return spot.output_formula(self.formula, f", {said}", y)

    def summary(self) -> str:
        """The two ends."""
        ends = ["" if end is None else words.number(end) for end in (self.min, self.max)]
        return f"{ends[0] or '−∞'} to {ends[1] or '∞'}"


class _Given:
    """The output port of a Cast: of the kind it is set to, and of any for a Cast in general."""

    def __get__(self, layer: "Cast | None", kind: type | None = None) -> tuple[Port, ...]:
        return (Port("out", "*" if layer is None else cast(PortKind, layer.to)),)


@LAYERS.register("Cast")
@dataclass(frozen=True)
class Cast(Layer):
    """Turns numbers into another kind: whole numbers into decimals, decimals into whole numbers, a mask into 0 and 1.

    Decimals lose what is behind the point when they become whole, and no gradient passes there.
    """

    title = "Change kind"
    category = "Merge and reshape"
    tier = 3
    formula = "y = x, as another kind of number"
    inputs = ANY_IN
    outputs = cast("tuple[Port, ...]", _Given())

    to: str = param(
        "x",
        "What leaves it. A mask is true where a number is not 0.",
        choices={"x": "Decimal numbers", "i": "Whole numbers", "m": "A mask"},
        label="Into",
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """float, long or bool."""
        return TorchCode({"x": "{0}.float()", "i": "{0}.long()", "m": "{0}.bool()"}[self.to])

    def summary(self) -> str:
        """The kind."""
        return {"x": "decimals", "i": "whole numbers", "m": "mask"}[self.to]


@LAYERS.register("Detach")
@dataclass(frozen=True)
class Detach(Layer):
    """Lets numbers through and stops the gradient: what lies before it does not learn by this way.

    A second head can read what the network has found without disturbing it.
    """

    title = "Stop gradient"
    category = "Merge and reshape"
    tier = 3
    formula = "y = x, ∂y/∂x = 0"

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """detach."""
        return TorchCode("{0}.detach()")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number itself."""
        x = float(spot.inputs[0][spot.place])
        return spot.output_formula(self.formula, f" = {words.number(x)}", x)


@LAYERS.register("Tap")
@dataclass(frozen=True)
class Tap(Layer):
    """Lets numbers through unchanged: a place with a name of its own, to watch what passes there.

    Give it a name and open a panel of its values; the network computes the same with it and without it.
    """

    title = "Tap"
    category = "Input and output"
    tier = 2
    formula = "y = x"
    inputs = ANY_IN
    outputs = ANY_OUT

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The input itself."""
        return TorchCode("{0}")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number itself."""
        x = float(spot.inputs[0][spot.place])
        return spot.output_formula(self.formula, f" = {words.number(x)}", x)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Unchanged."""
        return (spot.passes("∂L/∂x = δ", " = δ", spot.delta),)
