"""Activations made of straight pieces: cheap, and with kinks."""

from dataclasses import dataclass

from nnlab.core import words
from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.curve import Curve
from nnlab.core.layer import LAYERS, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LAYERS.register("Hardtanh")
@dataclass(frozen=True)
class Hardtanh(Curve):
    """Cuts numbers off at a floor and a ceiling, and leaves those between as they are."""

    title = "Hardtanh"
    tier = 3
    formula = "y = min(max(x, floor), ceiling)"
    cost = 2
    bend = "1 between floor and ceiling, else 0"

    min_val: float = param(-1.0, "No number comes out below this.", low=-1000.0, high=1000.0, label="Floor")
    max_val: float = param(1.0, "No number comes out above this.", low=-1000.0, high=1000.0, label="Ceiling")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged; the floor must lie below the ceiling."""
        if self.min_val >= self.max_val:
            raise ShapeError(
                f"has its floor at {words.number(self.min_val)} and its ceiling at {words.number(self.max_val)}: "
                "put the floor below the ceiling"
            )
        return shapes[0]

    def curve(self, x: float) -> float:
        """The number, held between the two."""
        return min(max(x, self.min_val), self.max_val)

    def slope(self, x: float) -> float:
        """1 between the two."""
        return 1.0 if self.min_val < x < self.max_val else 0.0

    def said(self, x: str) -> str:
        """In numbers."""
        return f"min(max({x}, {words.number(self.min_val)}), {words.number(self.max_val)})"

    def summary(self) -> str:
        """The two ends."""
        return f"{self.min_val:.3g} to {self.max_val:.3g}".replace("-", "−")


@LAYERS.register("Hardsigmoid")
@dataclass(frozen=True)
class Hardsigmoid(Curve):
    """Sigmoid drawn with a ruler: 0 below -3, 1 above 3, a straight line between them."""

    title = "Hardsigmoid"
    tier = 3
    formula = "y = min(max(0, x + 3), 6) / 6"
    cost = 4
    bend = "1/6 if −3 < x < 3, else 0"

    def curve(self, x: float) -> float:
        """The line with its two ends."""
        return min(max(0.0, x + 3), 6.0) / 6

    def slope(self, x: float) -> float:
        """A sixth on the line."""
        return 1 / 6 if -3 < x < 3 else 0.0

    def said(self, x: str) -> str:
        """In numbers."""
        return f"min(max(0, {x} + 3), 6) / 6"


@LAYERS.register("Hardswish")
@dataclass(frozen=True)
class Hardswish(Curve):
    """SiLU drawn with a ruler: each number times a straight-lined sigmoid. Made for phones."""

    title = "Hardswish"
    tier = 3
    formula = "y = x · min(max(0, x + 3), 6) / 6"
    cost = 5
    bend = "0 below −3, 1 above 3, (2·x + 3)/6 between"

    def curve(self, x: float) -> float:
        """The number times the line."""
        return x * min(max(0.0, x + 3), 6.0) / 6

    def slope(self, x: float) -> float:
        """Rises along the line."""
        if x <= -3:
            return 0.0
        return 1.0 if x >= 3 else (2 * x + 3) / 6

    def said(self, x: str) -> str:
        """In numbers."""
        return f"{x} times min(max(0, {x} + 3), 6) / 6"


@LAYERS.register("Hardshrink")
@dataclass(frozen=True)
class Hardshrink(Curve):
    """Makes small numbers 0 and leaves larger ones, of either sign, as they are."""

    title = "Hardshrink"
    tier = 3
    formula = "y = x if |x| > λ, else 0"
    cost = 2
    bend = "1 if |x| > λ, else 0"

    lambd: float = param(0.5, "Numbers no larger than this become 0.", low=0.0, high=1000.0, label="Lambda")

    def curve(self, x: float) -> float:
        """The number or 0."""
        return x if abs(x) > self.lambd else 0.0

    def slope(self, x: float) -> float:
        """1 outside."""
        return 1.0 if abs(x) > self.lambd else 0.0

    def said(self, x: str) -> str:
        """In numbers."""
        return f"{x} if its size is above {words.number(self.lambd)}, else 0"

    def summary(self) -> str:
        """The limit."""
        return words.number(self.lambd)


@LAYERS.register("Softshrink")
@dataclass(frozen=True)
class Softshrink(Curve):
    """Makes small numbers 0 and moves larger ones, of either sign, towards 0 by as much."""

    title = "Softshrink"
    tier = 3
    formula = "y = x − λ if x > λ, x + λ if x < −λ, else 0"
    cost = 3
    bend = "1 if |x| > λ, else 0"

    lambd: float = param(0.5, "How far numbers move towards 0.", low=0.0, high=1000.0, label="Lambda")

    def curve(self, x: float) -> float:
        """Nearer to 0."""
        if abs(x) <= self.lambd:
            return 0.0
        return x - self.lambd if x > 0 else x + self.lambd

    def slope(self, x: float) -> float:
        """1 outside."""
        return 1.0 if abs(x) > self.lambd else 0.0

    def said(self, x: str) -> str:
        """In numbers."""
        return f"{x} moved by {words.number(self.lambd)} towards 0"

    def summary(self) -> str:
        """How far."""
        return words.number(self.lambd)


@LAYERS.register("Threshold")
@dataclass(frozen=True)
class Threshold(Curve):
    """Lets numbers above a threshold through and puts one fixed number in the place of all others."""

    title = "Threshold"
    tier = 3
    formula = "y = x if x > threshold, else value"
    bend = "1 if x > threshold, else 0"

    threshold: float = param(0.0, "Numbers above this pass.", low=-1000.0, high=1000.0)
    value: float = param(0.0, "What the others become.", low=-1000.0, high=1000.0)

    def curve(self, x: float) -> float:
        """The number or the value."""
        return x if x > self.threshold else self.value

    def slope(self, x: float) -> float:
        """1 above."""
        return 1.0 if x > self.threshold else 0.0

    def said(self, x: str) -> str:
        """In numbers."""
        return f"{x} if it is above {words.number(self.threshold)}, else {words.number(self.value)}"

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Threshold, which always wants both numbers."""
        return TorchCode("{self}({0})", module_call(self, self.threshold, self.value, threshold=None, value=None))

    def summary(self) -> str:
        """The threshold."""
        return words.number(self.threshold)
