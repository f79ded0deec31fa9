"""Normalisation without anything learned: by neighbouring channels, or to length 1."""

from dataclasses import dataclass
from math import prod

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.axes import axis
from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LAYERS.register("LocalResponseNorm")
@dataclass(frozen=True)
class LocalResponseNorm(Layer):
    """Makes a number smaller where neighbouring channels are large at the same point: they compete.

    It stood in AlexNet (2012); batch normalisation has taken its place since.
    """

    title = "Local response norm"
    category = "Normalisation"
    tier = 3
    formula = "y = x / (k + α · mean of x² over near channels)^β"

    size: int = param(5, "How many channels compete.", low=1, high=1024)
    alpha: float = param(1e-4, "How much the others count.", low=1e-8, high=100.0, log=True, label="Alpha")
    beta: float = param(0.75, "How strongly it acts.", low=0.0, high=10.0, label="Beta", advanced=True)
    k: float = param(1.0, "Keeps the division from blowing up.", low=0.001, high=100.0, label="K", advanced=True)

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        (shape,) = shapes
        if len(shape) < 2:
            raise ShapeError(
                f"needs channels of signals or pictures, and gets {shape_text(shape)}: put it before any Flatten"
            )
        return shape

    def flops(self, *shapes: Shape) -> int:
        """A square and a sum per neighbour, a power and a division per number."""
        return (2 * self.size + 2) * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.LocalResponseNorm."""
        return TorchCode("{self}({0})", module_call(self, self.size, size=None))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number against the squares of its neighbours, those outside counted as 0."""
        first = spot.place[0] - self.size // 2
        across = np.moveaxis(spot.inputs[0], 0, -1)[spot.place[1:]]
        near = across[max(0, first) : max(0, first + self.size)]
        x, mean = float(spot.inputs[0][spot.place]), float((near**2).sum()) / self.size
        line = f" = {words.number(x)} / ({words.number(self.k)} + α·{words.number(mean)})^{words.number(self.beta)}"
        return spot.output_formula(self.formula, line, x / (self.k + self.alpha * mean) ** self.beta)

    def summary(self) -> str:
        """How many compete."""
        return f"{self.size} channels"


@LAYERS.register("Normalize")
@dataclass(frozen=True)
class Normalize(Layer):
    """Scales the numbers along one axis so that their length is 1: only the direction is left.

    Two rows are then compared by a dot product, which is the cosine of the angle between them.
    """

    title = "Scale to length 1"
    category = "Normalisation"
    tier = 3
    formula = "y = x / max(‖x‖ₚ, ε)"

    p: float = param(
        2.0, "How length is measured: 2 as usual, 1 as the sum of sizes.", low=1.0, high=8.0, label="Power"
    )
    dim: int = param(1, "The axis along which; 1 is the first after the batch, -1 the last.", low=-8, high=8)
    eps: float = param(
        1e-12, "Keeps the division from blowing up.", low=1e-12, high=1.0, log=True, label="Epsilon", advanced=True
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        axis(self.dim, shapes[0])
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A power, a sum and a division per number."""
        return 3 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """F.normalize."""
        power = "" if self.p == 2 else f", p={self.p!r}"
        eps = "" if self.eps == 1e-12 else f", eps={self.eps!r}"
        return TorchCode(f"F.normalize({{0}}{power}, dim={self.dim}{eps})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number against the length of those along the axis."""
        at = axis(self.dim, spot.inputs[0].shape)
        others = (*spot.place[:at], *spot.place[at + 1 :])
        lane = np.moveaxis(spot.inputs[0], at, -1)[others]
        x, length = float(spot.inputs[0][spot.place]), float((abs(lane) ** self.p).sum() ** (1 / self.p))
        return spot.output_formula(
            self.formula, f" = {words.number(x)} / {words.number(length)}", x / max(length, self.eps)
        )

    def summary(self) -> str:
        """The axis, where it is not the first."""
        return "" if self.dim == 1 else f"axis {self.dim}"
