"""Dropout."""

from dataclasses import dataclass
from math import prod

from nnlab.core import words
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param


@LAYERS.register("Dropout")
@dataclass(frozen=True)
class Dropout(Layer):
    """While training, makes a random share of the numbers 0, and the others larger to make up for it.

    No unit can rely on one other unit alone, which helps against overfitting. It does nothing once training is over.
    """

    title = "Dropout"
    category = "Regularisation"
    formula = "y = x · mask / (1 − p)"

    p: float = param(0.5, "Share of the numbers that are made 0.", low=0.0, high=1.0, label="Share dropped")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A mask and a scale per number."""
        return 2 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Dropout."""
        return TorchCode.of_module("nn.Dropout", self.p)

    def explain_forward(self, spot: Spot) -> Formula | None:
        """Kept and enlarged, or dropped; outside training, the number itself."""
        x = float(spot.inputs[0][spot.place])
        if spot.batch is None:
            return spot.output_formula(self.formula, f" = {words.number(x)} (it drops nothing outside training)", x)
        if self.p == 1:
            return spot.output_formula(self.formula, ": everything is dropped", 0.0)
        if self._drops(spot):
            return spot.output_formula(self.formula, f" = {words.number(x)}·0 / {self._kept()}: dropped this time", 0.0)
        return spot.output_formula(self.formula, f" = {words.number(x)}·1 / {self._kept()}", x / (1 - self.p))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The same mask again."""
        if self.p == 1:
            return (spot.passes("∂L/∂x = 0", ": everything was dropped", 0.0),)
        mask = 0 if self._drops(spot) else 1
        line = f" = {words.number(spot.delta)}·{mask} / {self._kept()}"
        passed = spot.delta / (1 - self.p) if mask else 0.0
        return (spot.passes("∂L/∂x = δ · mask / (1 − p)", line, passed),)

    def _drops(self, spot: Spot) -> bool:
        # an input of exactly 0 stays 0 either way: nobody can see whether it was dropped
        return spot.value == 0 and float(spot.inputs[0][spot.place]) != 0

    def _kept(self) -> str:
        return words.number(1 - self.p)

    def summary(self) -> str:
        """The share."""
        return f"{self.p:.3g}"
