"""Activations that bend each number by itself: what they share, from the shape rule to the numbers in their formula."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from nnlab.core import words
from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.formula import Formula, Spot, signed
from nnlab.core.layer import Layer, Shape, TorchCode


@dataclass(frozen=True)
class Curve(Layer):
    """A layer that puts every number through one curve. Its module is torch's class of the same id."""

    category = "Activation"
    cost: ClassVar[int] = 1
    """Operations for each number."""
    bend: ClassVar[str] = ""
    """The curve's slope in symbols, after "f′ = "."""

    def curve(self, x: float) -> float:
        """What becomes of this number."""
        raise NotImplementedError

    def slope(self, x: float) -> float:
        """How steep the curve is at this number."""
        raise NotImplementedError

    def said(self, x: str) -> str:
        """The formula's right side with the number put in."""
        raise NotImplementedError

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """So many operations for each number."""
        return self.cost * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's module of the same name."""
        return TorchCode("{self}({0})", module_call(self))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number on the curve."""
        x = float(spot.inputs[0][spot.place])
        return spot.output_formula(self.formula, f" = {self.said(words.number(x))}", self.curve(x))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The gradient times the curve's slope at this number."""
        slope = self.slope(float(spot.inputs[0][spot.place]))
        line = f" = {words.number(spot.delta)}·{signed(slope)}"
        return (spot.passes(f"∂L/∂x = δ·f′(x),  f′ = {self.bend}", line, spot.delta * slope),)
