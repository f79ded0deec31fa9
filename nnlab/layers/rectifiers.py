"""Activations in the shape of a bent line."""

from dataclasses import dataclass
from math import exp, prod
from typing import ClassVar

from nnlab.core import words
from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.curve import Curve
from nnlab.core.formula import Formula, Spot, signed
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LAYERS.register("LeakyReLU")
@dataclass(frozen=True)
class LeakyReLU(Curve):
    """Like ReLU, but lets a little of negative numbers through, so that no unit is ever dead.

    A unit whose sum is negative for every sample still gets a small gradient and can come back.
    """

    title = "Leaky ReLU"
    tier = 2
    formula = "y = x if x > 0, else slope · x"
    cost = 2
    bend = "1 if x > 0, else the slope"

    negative_slope: float = param(
        0.01, "How much of a negative number gets through.", low=0.0, high=1.0, label="Slope below 0"
    )

    def curve(self, x: float) -> float:
        """The number, or a share of it."""
        return x if x > 0 else self.negative_slope * x

    def slope(self, x: float) -> float:
        """1 above 0."""
        return 1.0 if x > 0 else self.negative_slope

    def said(self, x: str) -> str:
        """In numbers."""
        return f"{x} if it is above 0, else {words.number(self.negative_slope)} of it"

    def summary(self) -> str:
        """The slope."""
        return words.number(self.negative_slope)


@LAYERS.register("PReLU")
@dataclass(frozen=True)
class PReLU(Layer):
    """A leaky ReLU that learns by itself how much of negative numbers it lets through.

    One slope for all numbers, or one for each channel. It begins with a quarter.
    """

    title = "PReLU"
    category = "Activation"
    tier = 2
    formula = "y = x if x > 0, else a · x, with a learned"

    num_parameters: str = param(
        "one",
        "How many slopes are learned.",
        choices={"one": "One for all", "channels": "One for each channel"},
        label="Slopes",
    )
    init: float = param(0.25, "The slope it begins with.", low=0.0, high=1.0, label="First slope")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """One slope, or one for each channel."""
        return {"weight": (self._slopes(shapes[0]),)}

    def flops(self, *shapes: Shape) -> int:
        """A comparison and a product per number."""
        return 2 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.PReLU."""
        return TorchCode("{self}({0})", module_call(self, num_parameters=(self._slopes(shapes[0]), 1)))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number, or the learned share of it."""
        x, a = float(spot.inputs[0][spot.place]), self._slope_at(spot)
        line = f" = {words.number(x)}, which is above 0" if x > 0 else f" = {words.number(a)}·{signed(x)}"
        return spot.output_formula(self.formula, line, x if x > 0 else a * x)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The gradient passes whole above 0, times the slope below."""
        x, a = float(spot.inputs[0][spot.place]), self._slope_at(spot)
        through = 1.0 if x > 0 else a
        line = f" = {words.number(spot.delta)}·{signed(through)}"
        return (spot.passes("∂L/∂x = δ·f′(x),  f′ = 1 if x > 0, else a", line, spot.delta * through),)

    def summary(self) -> str:
        """Whether each channel has its own."""
        return "per channel" if self.num_parameters == "channels" else ""

    def _slopes(self, shape: Shape) -> int:
        return shape[0] if shape and self.num_parameters == "channels" else 1

    def _slope_at(self, spot: Spot) -> float:
        weight = spot.parameters["weight"]
        return float(weight[spot.place[0] if len(weight) > 1 else 0])


@LAYERS.register("ELU")
@dataclass(frozen=True)
class ELU(Curve):
    """Like ReLU, but negative numbers bend smoothly down to a floor instead of becoming 0.

    Its outputs are closer to 0 on average, which the next layer likes, and there is no kink.
    """

    title = "ELU"
    tier = 2
    formula = "y = x if x > 0, else α (eˣ − 1)"
    cost = 3
    bend = "1 if x > 0, else α·eˣ"

    alpha: float = param(1.0, "How deep the floor for negative numbers lies.", low=0.0, high=100.0, label="Alpha")

    def curve(self, x: float) -> float:
        """The number, or the bend to the floor."""
        return x if x > 0 else self.alpha * (exp(x) - 1)

    def slope(self, x: float) -> float:
        """1 above 0."""
        return 1.0 if x > 0 else self.alpha * exp(x)

    def said(self, x: str) -> str:
        """In numbers."""
        return f"{x} if it is above 0, else {words.number(self.alpha)}·(e^({x}) − 1)"


@LAYERS.register("SELU")
@dataclass(frozen=True)
class SELU(Curve):
    """An ELU with two fixed numbers that keep mean and spread of what passes through at 0 and 1.

    In a row of Linear layers it does without batch normalisation. Weights should then begin small, and dropout be
    Alpha dropout.
    """

    title = "SELU"
    tier = 3
    formula = "y = λ x if x > 0, else λ α (eˣ − 1), λ = 1.0507, α = 1.6733"
    cost = 4
    bend = "λ if x > 0, else λ·α·eˣ"

    ALPHA: ClassVar[float] = 1.6732632423543772
    SCALE: ClassVar[float] = 1.0507009873554805

    def curve(self, x: float) -> float:
        """The number or the bend, made larger."""
        return self.SCALE * (x if x > 0 else self.ALPHA * (exp(x) - 1))

    def slope(self, x: float) -> float:
        """λ above 0."""
        return self.SCALE * (1.0 if x > 0 else self.ALPHA * exp(x))

    def said(self, x: str) -> str:
        """In numbers."""
        return f"1.0507 times ({x} if it is above 0, else 1.6733·(e^({x}) − 1))"


@LAYERS.register("CELU")
@dataclass(frozen=True)
class CELU(Curve):
    """An ELU whose slope is 1 at 0 whatever its depth, so that it never has a kink."""

    title = "CELU"
    tier = 3
    formula = "y = max(0, x) + min(0, α (e^(x/α) − 1))"
    cost = 4
    bend = "1 if x > 0, else e^(x/α)"

    alpha: float = param(1.0, "How deep the floor for negative numbers lies.", low=0.01, high=100.0, label="Alpha")

    def curve(self, x: float) -> float:
        """The number, or the bend to the floor."""
        return x if x > 0 else self.alpha * (exp(x / self.alpha) - 1)

    def slope(self, x: float) -> float:
        """1 above 0."""
        return 1.0 if x > 0 else exp(x / self.alpha)

    def said(self, x: str) -> str:
        """In numbers."""
        a = words.number(self.alpha)
        return f"{x} if it is above 0, else {a}·(e^({x} / {a}) − 1)"


@LAYERS.register("ReLU6")
@dataclass(frozen=True)
class ReLU6(Curve):
    """A ReLU with a ceiling at 6: made for small devices whose numbers have few digits."""

    title = "ReLU6"
    tier = 3
    formula = "y = min(max(0, x), 6)"
    cost = 2
    bend = "1 if 0 < x < 6, else 0"

    def curve(self, x: float) -> float:
        """The number, held between 0 and 6."""
        return min(max(0.0, x), 6.0)

    def slope(self, x: float) -> float:
        """1 between the ends."""
        return 1.0 if 0 < x < 6 else 0.0

    def said(self, x: str) -> str:
        """In numbers."""
        return f"min(max(0, {x}), 6)"


@LAYERS.register("RReLU")
@dataclass(frozen=True)
class RReLU(Layer):
    """A leaky ReLU whose slope below 0 is drawn at random for every number while training.

    Afterwards it is the middle of the range. The randomness helps a little against overfitting.
    """

    title = "RReLU"
    category = "Activation"
    tier = 3
    formula = "y = x if x > 0, else a · x, with a drawn at random"

    lower: float = param(0.125, "The smallest slope below 0.", low=0.0, high=1.0, label="Smallest slope")
    upper: float = param(1 / 3, "The largest slope below 0.", low=0.0, high=1.0, label="Largest slope")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        if self.lower > self.upper:
            raise ShapeError(
                f"has a smallest slope of {words.number(self.lower)} and a largest of {words.number(self.upper)}: "
                "make the smallest the smaller one"
            )
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A comparison and a product per number."""
        return 2 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.RReLU."""
        return TorchCode("{self}({0})", module_call(self))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number, or the middle share of it; while training nobody knows which slope was drawn."""
        x, a = float(spot.inputs[0][spot.place]), (self.lower + self.upper) / 2
        if x > 0:
            return spot.output_formula(self.formula, f" = {words.number(x)}, which is above 0", x)
        if spot.batch is not None:
            return None
        return spot.output_formula(self.formula, f" = {words.number(a)}·{signed(x)}", a * x)

    def summary(self) -> str:
        """The range."""
        return f"{self.lower:.2g} to {self.upper:.2g}"
