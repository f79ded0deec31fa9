"""The activation functions."""

from dataclasses import dataclass
from math import exp, prod, tanh
from typing import Any

import numpy as np

from nnlab.core import words
from nnlab.core.formula import Exact, Formula, Spot, signed
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LAYERS.register("ReLU")
@dataclass(frozen=True)
class ReLU(Layer):
    """Lets positive numbers through and makes negative ones 0.

    The usual choice between two layers: simple, fast, and its slope never fades for positive numbers. A unit
    that is negative for every sample puts out 0 for ever and no longer learns: it is dead.
    """

    title = "ReLU"
    category = "Activation"
    formula = "y = max(0, x)"

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """One comparison per number."""
        return prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.relu."""
        return TorchCode("torch.relu({0})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number, or 0."""
        x = _input(spot)
        return spot.output_formula(self.formula, f" = max(0, {words.number(x)})", max(0.0, x))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The gradient passes where the number was positive."""
        x = _input(spot)
        return (_through(spot, 1.0 if x > 0 else 0.0, "f′ = 1 if x > 0, else 0"),)


@LAYERS.register("Sigmoid")
@dataclass(frozen=True)
class Sigmoid(Layer):
    """Squeezes every number into the range from 0 to 1, so that it can be read as a probability.

    Far from 0 it is almost flat, so many in a row learn slowly. Right before the Output it makes each number a
    probability of its own.
    """

    title = "Sigmoid"
    category = "Activation"
    formula = "y = 1 / (1 + e⁻ˣ)"

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A sign, an exponential, a sum and a division per number."""
        return 4 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.sigmoid."""
        return TorchCode("torch.sigmoid({0})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The S-shaped curve."""
        x = _input(spot)
        computed = 1 / (1 + exp(-x)) if x > -700 else 0.0
        return spot.output_formula(self.formula, f" = 1 / (1 + e^−({words.number(x)}))", computed)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The gradient times the curve's slope, which is largest in the middle."""
        y = spot.value
        return (_through(spot, y * (1 - y), "f′ = y·(1 − y)"),)


@LAYERS.register("Tanh")
@dataclass(frozen=True)
class Tanh(Layer):
    """Squeezes every number into the range from -1 to 1.

    Like Sigmoid, but around 0, which lets the next layer learn more easily. It draws smooth boundaries.
    """

    title = "Tanh"
    category = "Activation"
    formula = "y = tanh(x)"

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """Counted as two exponentials, a difference, a sum and a division per number."""
        return 5 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.tanh."""
        return TorchCode("torch.tanh({0})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The S-shaped curve around 0."""
        x = _input(spot)
        return spot.output_formula(self.formula, f" = tanh({words.number(x)})", tanh(x))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The gradient times the curve's slope, which is largest in the middle."""
        return (_through(spot, 1 - spot.value**2, "f′ = 1 − y²"),)


@LAYERS.register("Softmax")
@dataclass(frozen=True)
class Softmax(Layer):
    """Turns scores into probabilities that add up to 1: the larger the score, the larger its share.

    Not needed before the Output, because cross-entropy does it there; drawn there, it is used as it is.
    """

    title = "Softmax"
    category = "Activation"
    formula = "yⱼ = exp(xⱼ) / Σₖ exp(xₖ)"

    dim: int = param(
        1, "The axis whose numbers add up to 1; 1 is the first after the batch, -1 the last.", low=-8, high=8
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        (shape,) = shapes
        axes = len(shape) + 1  # the batch is axis 0
        if self.dim % axes == 0 and -axes <= self.dim < axes:
            raise ShapeError("would share out between the samples of a batch: axis 0 is the batch, use 1")
        if not -axes <= self.dim < axes:
            raise ShapeError(f"has no axis {self.dim}: there are only {len(shape)} after the batch; use 1 or -1")
        return shape

    def flops(self, *shapes: Shape) -> int:
        """The largest taken off, an exponential, a sum and a division per number."""
        return 5 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.softmax."""
        return TorchCode(f"torch.softmax({{0}}, dim={self.dim})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """One power's share of all."""
        scores = self._lane(spot, spot.inputs[0])
        powers = np.exp(scores - scores.max())
        x, many = words.number(_input(spot)), words.count(len(scores))
        share = float(powers[self._place(spot)] / powers.sum())
        return spot.output_formula(self.formula, f" = e^({x}) / sum of all {many} such powers", share)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """All shares depend on each score, so the gradients of all of them go back to it."""
        if spot.gradient is None:
            return ()
        mean = float((self._lane(spot, spot.gradient) * self._lane(spot, spot.output)).sum())
        line = f" = {words.number(spot.value)}·({words.number(spot.delta)} − {signed(mean)})"
        return (spot.passes("∂L/∂xⱼ = yⱼ·(δⱼ − Σₖ δₖ·yₖ)", line, spot.value * (spot.delta - mean)),)

    def summary(self) -> str:
        """The axis, where it is not the first."""
        return "" if self.dim == 1 else f"axis {self.dim}"

    def _axis(self, spot: Spot) -> int:
        return self.dim - 1 if self.dim > 0 else self.dim + spot.output.ndim

    def _lane(self, spot: Spot, values: Exact) -> Exact:
        """The numbers that share with this one."""
        at = self._axis(spot)
        lane: tuple[Any, ...] = (*spot.place[:at], slice(None), *spot.place[at + 1 :])
        return np.asarray(values[lane])

    def _place(self, spot: Spot) -> int:
        return spot.place[self._axis(spot)]


def _input(spot: Spot) -> float:
    return float(spot.inputs[0][spot.place])


def _through(spot: Spot, slope: float, said: str) -> Formula:
    """What a curve passes back: the gradient times its slope at this place."""
    line = f" = {words.number(spot.delta)}·{signed(slope)}"
    return spot.passes(f"∂L/∂x = δ·f′(x),  {said}", line, spot.delta * slope)
