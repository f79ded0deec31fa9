"""Activations that look at several numbers together, and two that torch has no class for."""

from dataclasses import dataclass
from math import cos, exp, prod, sin

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.axes import axis
from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.curve import Curve
from nnlab.core.formula import Exact, Formula, Spot, signed
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LAYERS.register("LogSoftmax")
@dataclass(frozen=True)
class LogSoftmax(Layer):
    """The logarithm of what Softmax gives: log-probabilities, without losing digits where they are near 0.

    Put it before an Output whose loss is the negative log-likelihood.
    """

    title = "Log-softmax"
    category = "Activation"
    tier = 2
    formula = "yⱼ = xⱼ − ln Σₖ exp(xₖ)"

    dim: int = param(
        1, "The axis whose probabilities add up to 1; 1 is the first after the batch, -1 the last.", low=-8, high=8
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        axis(self.dim, shapes[0])
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """The largest taken off, an exponential, a sum and a difference per number."""
        return 5 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.log_softmax."""
        return TorchCode(f"torch.log_softmax({{0}}, dim={self.dim})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The score against all others."""
        scores = self._lane(spot, spot.inputs[0])
        x, top = float(spot.inputs[0][spot.place]), float(scores.max())
        whole = top + float(np.log(np.exp(scores - top).sum()))
        return spot.output_formula(self.formula, f" = {words.number(x)} − {signed(whole)}", x - whole)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Its own gradient, less its share of all of them."""
        if spot.gradient is None:
            return ()
        total, share = float(self._lane(spot, spot.gradient).sum()), exp(spot.value)
        line = f" = {words.number(spot.delta)} − {signed(share)}·{signed(total)}"
        return (spot.passes("∂L/∂xⱼ = δⱼ − e^(yⱼ)·Σₖ δₖ", line, spot.delta - share * total),)

    def summary(self) -> str:
        """The axis, where it is not the first."""
        return "" if self.dim == 1 else f"axis {self.dim}"

    def _lane(self, spot: Spot, values: Exact) -> Exact:
        """The numbers that share with this one."""
        at = axis(self.dim, spot.output.shape)
        others = (*spot.place[:at], *spot.place[at + 1 :])
        return np.asarray(np.moveaxis(values, at, -1)[others])


@LAYERS.register("GLU")
@dataclass(frozen=True)
class GLU(Layer):
    """Cuts the numbers in two halves: the first is what passes, the second are the gates that let it through.

    Half as many come out. The layer before it learns both, and so decides for each sample what matters.
    """

    title = "GLU (gated)"
    category = "Activation"
    tier = 3
    formula = "y = a · sigmoid(b), a and b the two halves of x"
    fits = (((6,),), ((3, 8),))

    dim: int = param(-1, "The axis that is cut in two; -1 is the last, 1 the first after the batch.", low=-8, high=8)

    def output_shape(self, *shapes: Shape) -> Shape:
        """Half as long on that axis."""
        shape = shapes[0]
        at = axis(self.dim, shape)
        if shape[at] % 2:
            raise ShapeError(f"cannot cut {shape[at]} numbers in two halves: give the layer before it an even number")
        return (*shape[:at], shape[at] // 2, *shape[at + 1 :])

    def flops(self, *shapes: Shape) -> int:
        """A sigmoid and a product per number that comes out."""
        return 5 * prod(shapes[0]) // 2

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.GLU."""
        return TorchCode("{self}({0})", module_call(self))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """What passes, times its gate."""
        a, b = self._halves(spot)
        line = f" = {words.number(a)}·sigmoid({words.number(b)})"
        return spot.output_formula(self.formula, line, a * _sigmoid(b))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """To what passed: the gradient times the gate."""
        _, b = self._halves(spot)
        gate = _sigmoid(b)
        line = f" = {words.number(spot.delta)}·{signed(gate)}"
        return (spot.passes("∂L/∂a = δ·sigmoid(b)", line, spot.delta * gate),)

    def summary(self) -> str:
        """The axis, where it is not the last."""
        return "" if self.dim == -1 else f"axis {self.dim}"

    def _halves(self, spot: Spot) -> tuple[float, float]:
        at = axis(self.dim, spot.inputs[0].shape)
        there = list(spot.place)
        there[at] += spot.output.shape[at]
        return float(spot.inputs[0][spot.place]), float(spot.inputs[0][tuple(there)])


@LAYERS.register("Step")
@dataclass(frozen=True)
class Step(Curve):
    """On or off: the first neurons were made so. Its slope is 0, so the gradient is passed on by a trick.

    Forwards it is a step; backwards it pretends to be a straight line, so that what lies before it can learn
    all the same (a straight-through gradient).
    """

    title = "Step"
    tier = 3
    formula = "y = 1 if x > 0, else the lower number"
    bend = "1 where the gradient is let through, else 0 (a pretended slope)"

    lower: str = param(
        "zero",
        "What comes out for numbers that are not above 0.",
        choices={"zero": "0", "minus one": "−1"},
        label="Lower number",
    )
    gradient: str = param(
        "near",
        "Where the gradient is let through: near 0 alone (from −1 to 1) or everywhere.",
        choices={"near": "Near 0", "everywhere": "Everywhere"},
    )

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The step, and a line that adds 0 to it and has a slope."""
        step = "({0} > 0).to({0}.dtype)" + (" * 2 - 1" if self.lower == "minus one" else "")
        line = "F.hardtanh({0})" if self.gradient == "near" else "{0}"
        return TorchCode(f"{step} + ({line} - {line}.detach())")

    def curve(self, x: float) -> float:
        """On or off."""
        return 1.0 if x > 0 else (0.0 if self.lower == "zero" else -1.0)

    def slope(self, x: float) -> float:
        """The pretended one."""
        return 1.0 if self.gradient == "everywhere" or -1 < x < 1 else 0.0

    def said(self, x: str) -> str:
        """In numbers."""
        return f"1 if {x} is above 0, else {'0' if self.lower == 'zero' else '−1'}"

    def summary(self) -> str:
        """The two numbers."""
        return "0 or 1" if self.lower == "zero" else "−1 or 1"


@LAYERS.register("Sine")
@dataclass(frozen=True)
class Sine(Curve):
    """A wave: for signals and pictures that repeat, or that have fine detail to be learned from places alone."""

    title = "Sine"
    tier = 3
    formula = "y = sin(ω · x)"
    cost = 3
    bend = "ω·cos(ω·x)"

    omega: float = param(
        1.0, "How fast it swings; 30 is usual where pictures are learned.", low=0.01, high=1000.0, log=True,
        label="Frequency",
    )  # fmt: skip

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.sin."""
        return TorchCode("torch.sin({0})" if self.omega == 1 else f"torch.sin({self.omega:.12g} * {{0}})")

    def curve(self, x: float) -> float:
        """On the wave."""
        return sin(self.omega * x)

    def slope(self, x: float) -> float:
        """Of the wave."""
        return self.omega * cos(self.omega * x)

    def said(self, x: str) -> str:
        """In numbers."""
        return f"sin({words.number(self.omega)}·{x})"

    def summary(self) -> str:
        """The frequency."""
        return "" if self.omega == 1 else f"ω {words.number(self.omega)}"


def _sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x)) if x > -700 else 0.0
