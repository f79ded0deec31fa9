"""Pools over everything there is: one number of each map."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.windows import by, spaced
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param


@dataclass(frozen=True)
class _GlobalPool(Layer):
    """What the global pools share; each says how many axes it takes in, and what it keeps."""

    category = "Pooling"
    axes: ClassVar[int] = 2
    fits: ClassVar[tuple[tuple[Shape, ...], ...]] = (((3, 8, 8),), ((1, 5, 6),))
    kept: ClassVar[str] = "avg"
    """torch's word for what is kept: avg or max."""

    flatten: bool = param(True, "Put out a row with one number per map, not maps of size 1.")

    def output_shape(self, *shapes: Shape) -> Shape:
        """One number per channel."""
        channels, _ = spaced(shapes[0], self.axes)
        return (channels,) if self.flatten else (channels, *(1,) * self.axes)

    def flops(self, *shapes: Shape) -> int:
        """One sum or comparison per number."""
        return prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's adaptive pool to one number, and a flatten."""
        call = f"F.adaptive_{self.kept}_pool{self.axes}d({{0}}, 1)"
        return TorchCode(f"torch.flatten({call}, 1)" if self.flatten else call)

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The mean, or the largest number, of the whole map."""
        seen = spot.inputs[0][spot.place[0]]
        many = f"of the {words.count(seen.size)} numbers of map {spot.place[0] + 1}"
        if self.kept == "max":
            return spot.output_formula(self.formula, f" = largest {many}", float(seen.max()))
        return spot.output_formula(self.formula, f" = mean {many}", float(seen.mean()))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Every number of the map gets an equal share; or the largest gets all."""
        seen = spot.inputs[0][spot.place[0]]
        if self.kept == "max":
            at = tuple(int(k) for k in np.unravel_index(seen.argmax(), seen.shape))
            rule = "∂L/∂x = δ for the number that won, 0 for the others"
            return (spot.passes(rule, " = δ", spot.delta, (spot.place[0], *at)),)
        line = f" = {words.number(spot.delta)} / {words.count(seen.size)}"
        first = (spot.place[0], *(0,) * self.axes)
        return (spot.passes("∂L/∂x = δ / (numbers in the map)", line, spot.delta / seen.size, first),)

    def summary(self) -> str:
        """Whether maps of size 1 are kept."""
        return "" if self.flatten else f"{by(1, self.axes)} maps"


@LAYERS.register("GlobalAvgPool2d")
@dataclass(frozen=True)
class GlobalAvgPool2d(_GlobalPool):
    """Makes one number of each map: its mean over the whole picture, whatever the picture's size.

    After the last convolution it takes the place of a Flatten, with far fewer weights to follow.
    """

    title = "Global average pool"
    formula = "y = mean of each map"


@LAYERS.register("GlobalAvgPool1d")
@dataclass(frozen=True)
class GlobalAvgPool1d(_GlobalPool):
    """Makes one number of each channel of a signal: its mean over all time, whatever the length."""

    title = "Global average pool 1-D"
    tier = 2
    formula = "y = mean of each channel"
    axes = 1
    fits = (((3, 16),), ((1, 9),))


@LAYERS.register("GlobalAvgPool3d")
@dataclass(frozen=True)
class GlobalAvgPool3d(_GlobalPool):
    """Makes one number of each map of a volume or a film: its mean over all of it."""

    title = "Global average pool 3-D"
    tier = 2
    formula = "y = mean of each map"
    axes = 3
    fits = (((2, 4, 6, 5),), ((1, 2, 2, 2),))


@LAYERS.register("GlobalMaxPool2d")
@dataclass(frozen=True)
class GlobalMaxPool2d(_GlobalPool):
    """Makes one number of each map: the largest in the whole picture, wherever it stood.

    It asks whether a pattern was found at all; the average asks how much of it there is.
    """

    title = "Global max pool"
    tier = 2
    formula = "y = max of each map"
    kept = "max"


@LAYERS.register("GlobalMaxPool1d")
@dataclass(frozen=True)
class GlobalMaxPool1d(_GlobalPool):
    """Makes one number of each channel of a signal: the largest of all time, whenever it was.

    After Conv 1-D it asks whether a pattern came at all, and where it came does not count.
    """

    title = "Global max pool 1-D"
    tier = 2
    formula = "y = max of each channel"
    axes = 1
    kept = "max"
    fits = (((3, 16),), ((1, 9),))


@LAYERS.register("GlobalMaxPool3d")
@dataclass(frozen=True)
class GlobalMaxPool3d(_GlobalPool):
    """Makes one number of each map of a volume or a film: the largest in all of it."""

    title = "Global max pool 3-D"
    tier = 2
    formula = "y = max of each map"
    axes = 3
    kept = "max"
    fits = (((2, 4, 6, 5),), ((1, 2, 2, 2),))
