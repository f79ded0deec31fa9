"""Pools that are told how much comes out: their windows follow from what goes in."""

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic import pool_steps
from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.arithmetic.windows import SIDES, WINDOW_LIMIT, Size, by, pair, per_axis, picture, spaced
from nnlab.core.formula import Exact, Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Shape, Support, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError


def _output_size(default: int, axes: int) -> Any:
    why = f"{SIDES[axes]} of what comes out, whatever goes in."
    return param(default, why, kind="size", axes=axes, low=1, high=WINDOW_LIMIT)


@dataclass(frozen=True)
class _AdaptivePool(Layer):
    """What the adaptive pools share; each says how many axes it has, and what it keeps."""

    category = "Pooling"
    tier = 2
    axes: ClassVar[int] = 2
    is_max: ClassVar[bool] = False

    output_size: Size = _output_size(4, 2)

    def output_shape(self, *shapes: Shape) -> Shape:
        """As many channels, and the sizes that are asked for."""
        channels, _ = spaced(shapes[0], self.axes)
        return (channels, *per_axis(self.output_size, self.axes))

    def flops(self, *shapes: Shape) -> int:
        """One sum or comparison per number in every window."""
        sizes = zip(shapes[0][1:], per_axis(self.output_size, self.axes), strict=True)
        return shapes[0][0] * prod(sum(b - a for a, b in _spans(n, parts)) for n, parts in sizes)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's module of the same name."""
        return TorchCode("{self}({0})", module_call(self, self.output_size, output_size=None))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The mean, or the largest number, of the window."""
        seen, _ = self._window(spot)
        if self.is_max:
            return pool_steps.largest(spot, self.formula, seen)
        return pool_steps.mean(spot, self.formula, seen, seen.size)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Equal shares, or all for the largest."""
        seen, places = self._window(spot)
        if self.is_max:
            return pool_steps.to_the_largest(spot, seen, places)
        return pool_steps.shared(spot, seen.size)

    def summary(self) -> str:
        """What comes out."""
        return f"to {by(self.output_size, self.axes)}"

    def _window(self, spot: Spot) -> tuple[Exact, list[list[int]]]:
        given = zip(spot.place[1:], spot.inputs[0].shape[1:], per_axis(self.output_size, self.axes), strict=True)
        places = [list(range(*_spans(n, parts)[at])) for at, n, parts in given]
        return np.asarray(spot.inputs[0][spot.place[0]][np.ix_(*places)]), places


@LAYERS.register("AdaptiveAvgPool2d")
@dataclass(frozen=True)
class AdaptiveAvgPool2d(_AdaptivePool):
    """Makes a picture of any size one of the size you ask for, by means of windows.

    The layers after it then fit, however large the pictures are. Windows may overlap where the sizes do not divide.
    """

    title = "Adaptive average pool 2-D"
    formula = "y = mean of each window"
    fits = (((3, 8, 8),), ((1, 5, 6),))


@LAYERS.register("AdaptiveAvgPool1d")
@dataclass(frozen=True)
class AdaptiveAvgPool1d(_AdaptivePool):
    """Makes a signal of any length one of the length you ask for, by means of windows."""

    title = "Adaptive average pool 1-D"
    formula = "y = mean of each window"
    axes = 1
    fits = (((3, 16),), ((1, 9),))

    output_size: Size = _output_size(4, 1)


@LAYERS.register("AdaptiveAvgPool3d")
@dataclass(frozen=True)
class AdaptiveAvgPool3d(_AdaptivePool):
    """Makes a volume or a film of any size one of the size you ask for, by means of small blocks."""

    title = "Adaptive average pool 3-D"
    formula = "y = mean of each window"
    axes = 3
    fits = (((2, 4, 6, 5),), ((1, 2, 2, 2),))

    output_size: Size = _output_size(2, 3)


@LAYERS.register("AdaptiveMaxPool2d")
@dataclass(frozen=True)
class AdaptiveMaxPool2d(_AdaptivePool):
    """Makes a picture of any size one of the size you ask for, and keeps the largest number of each window."""

    title = "Adaptive max pool 2-D"
    formula = "y = max of each window"
    is_max = True
    fits = (((3, 8, 8),), ((1, 5, 6),))


@LAYERS.register("AdaptiveMaxPool1d")
@dataclass(frozen=True)
class AdaptiveMaxPool1d(_AdaptivePool):
    """Makes a signal of any length one of the length you ask for, and keeps the largest number of each window."""

    title = "Adaptive max pool 1-D"
    formula = "y = max of each window"
    axes = 1
    is_max = True
    fits = (((3, 16),), ((1, 9),))

    output_size: Size = _output_size(4, 1)


@LAYERS.register("AdaptiveMaxPool3d")
@dataclass(frozen=True)
class AdaptiveMaxPool3d(_AdaptivePool):
    """Makes a volume or a film of any size one of the size you ask for, and keeps the largest number of each block."""

    title = "Adaptive max pool 3-D"
    formula = "y = max of each window"
    axes = 3
    is_max = True
    fits = (((2, 4, 6, 5),), ((1, 2, 2, 2),))

    output_size: Size = _output_size(2, 3)


FRACTIONAL = Support(
    "FractionalMaxPool2d",
    '''\
class FractionalMaxPool2d(nn.FractionalMaxPool2d):
    """A fractional max pool whose windows are drawn at random while training, and are always the same afterwards."""

    def forward(self, x):
        drawn = None if self.training else x.new_full((*x.shape[:2], 2), 0.5)
        return F.fractional_max_pool2d(x, self.kernel_size, self.output_size, self.output_ratio, False, drawn)
''',
)


@LAYERS.register("FractionalMaxPool2d")
@dataclass(frozen=True)
class FractionalMaxPool2d(Layer):
    """A max pool that makes a picture smaller by any share, not only to a half or a third.

    Where its windows lie is drawn at random for each batch while training, which helps against overfitting a little;
    afterwards they are always the same.
    """

    title = "Fractional max pool 2-D"
    category = "Pooling"
    tier = 3
    formula = "y = max of each window, windows at random places"
    fits = (((3, 8, 8),), ((1, 5, 6),))

    kernel_size: Size = param(
        2, "Height and width of the window.", kind="size", axes=2, low=1, high=WINDOW_LIMIT, label="Kernel"
    )
    output_ratio: float = param(
        0.7, "Size of what comes out, as a share of what goes in.", low=0.01, high=0.99, label="Share kept"
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """As many channels; each size times the share, rounded down."""
        channels, *sizes = picture(shapes[0])
        made = tuple(int(n * self.output_ratio) for n in sizes)
        if min(made) < 1:
            raise ShapeError(f"would leave nothing of a picture of {by(tuple(sizes))}: raise the share kept")
        windows = pair(self.kernel_size)
        if any(out + window - 1 > n for out, window, n in zip(made, windows, sizes, strict=True)):
            raise ShapeError(
                f"cannot lay {by(made)} windows of {by(self.kernel_size)} on a picture of {by(tuple(sizes))}: "
                "make the kernel or the share kept smaller"
            )
        return (channels, *made)

    def flops(self, *shapes: Shape) -> int:
        """One comparison per number in every window."""
        return prod(self.output_shape(*shapes)) * prod(pair(self.kernel_size))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.FractionalMaxPool2d, with windows that stay where they are outside training."""
        call = module_call(
            self, self.kernel_size, target=FRACTIONAL.name, kernel_size=None, output_ratio=(self.output_ratio, None)
        )
        return TorchCode("{self}({0})", call, support=(FRACTIONAL,))

    def summary(self) -> str:
        """The share, and the window."""
        return f"{words.number(self.output_ratio)} · {by(self.kernel_size)}"


def _spans(length: int, parts: int) -> list[tuple[int, int]]:
    """Where each window begins and ends: the length in so many parts, which overlap where it does not divide."""
    return [(k * length // parts, -(-(k + 1) * length // parts)) for k in range(parts)]
