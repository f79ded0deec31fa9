"""Pools that put the mean, or a sum of powers, in the place of every window."""

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from nnlab.core.arithmetic import pool_steps
from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.arithmetic.windows import (
    NOUNS,
    SIDES,
    WINDOW_LIMIT,
    Size,
    check_fits,
    per_axis,
    pooled,
    spaced,
    window_size,
    window_text,
)
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param


def _kernel(axes: int) -> Any:
    why = f"{SIDES[axes]} of the window."
    return param(2, why, kind="size", axes=axes, low=1, high=WINDOW_LIMIT, label="Kernel")


def _stride(axes: int) -> Any:
    why = "How far the window moves at each step; left empty, by its own size."
    return param(None, why, kind="size", axes=axes, low=1, high=WINDOW_LIMIT, optional=True)


def _padding(axes: int) -> Any:
    why = f"Width of the border of zeros around the {NOUNS[axes]}, at most half the window."
    return param(0, why, kind="size", axes=axes, low=0, high=WINDOW_LIMIT, advanced=True)


def _ceil_mode() -> Any:
    why = "Let the last window reach over the edge instead of leaving the rest out."
    return param(False, why, label="Round up", advanced=True)


@dataclass(frozen=True)
class _AvgPool(Layer):
    """What the average pools share; each says how many axes its window has."""

    category = "Pooling"
    formula = "y = mean of each window"
    axes: ClassVar[int] = 2
    fits: ClassVar[tuple[tuple[Shape, ...], ...]] = (((3, 8, 8),), ((1, 5, 6),))

    kernel_size: Size = _kernel(2)
    stride: Size | None = _stride(2)
    padding: Size = _padding(2)
    ceil_mode: bool = _ceil_mode()
    count_include_pad: bool = param(
        True, "Count the zeros of the border in the mean.", label="Count the border", advanced=True
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """As many channels; sizes by how often the window fits."""
        return pooled(shapes[0], self.axes, self.kernel_size, self.stride, self.padding, 1, self.ceil_mode)

    def flops(self, *shapes: Shape) -> int:
        """One sum per number in every window."""
        return prod(self.output_shape(*shapes)) * window_size(self.kernel_size, self.axes)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's module of the same name."""
        return TorchCode("{self}({0})", module_call(self, self.kernel_size, kernel_size=None))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The mean of the window."""
        seen, _ = pool_steps.window(spot, self.kernel_size, self.stride, self.padding)
        return pool_steps.mean(spot, self.formula, seen, self._count(spot, seen.size))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Every number of the window gets an equal share."""
        seen, _ = pool_steps.window(spot, self.kernel_size, self.stride, self.padding)
        return pool_steps.shared(spot, self._count(spot, seen.size))

    def _count(self, spot: Spot, seen: int) -> int:
        """By how many the window's sum is divided."""
        whole = pool_steps.divisor(spot, self.kernel_size, self.stride, self.padding)
        return whole if self.count_include_pad else seen

    def summary(self) -> str:
        """The window, and the stride if it differs and fits."""
        return window_text(self.kernel_size, self.stride, self.axes)


@LAYERS.register("AvgPool2d")
@dataclass(frozen=True)
class AvgPool2d(_AvgPool):
    """Puts the mean in the place of every window: a smaller, smoother picture."""

    title = "Average pool 2-D"


@LAYERS.register("AvgPool1d")
@dataclass(frozen=True)
class AvgPool1d(_AvgPool):
    """Puts the mean in the place of every window along a signal: a shorter, smoother curve."""

    title = "Average pool 1-D"
    tier = 2
    axes = 1
    fits = (((3, 16),), ((1, 9),))

    kernel_size: Size = _kernel(1)
    stride: Size | None = _stride(1)
    padding: Size = _padding(1)


@LAYERS.register("AvgPool3d")
@dataclass(frozen=True)
class AvgPool3d(_AvgPool):
    """Puts the mean in the place of every small block of a volume or a film."""

    title = "Average pool 3-D"
    tier = 2
    axes = 3
    fits = (((2, 4, 6, 5),), ((1, 2, 2, 2),))

    kernel_size: Size = _kernel(3)
    stride: Size | None = _stride(3)
    padding: Size = _padding(3)

    def output_shape(self, *shapes: Shape) -> Shape:
        """As many channels; torch wants windows no larger than the volume, whatever its border."""
        _, sizes = spaced(shapes[0], 3)
        check_fits(
            tuple(n - k + 1 for n, k in zip(sizes, per_axis(self.kernel_size, 3), strict=True)), self.kernel_size, sizes
        )
        return super().output_shape(*shapes)


@dataclass(frozen=True)
class _LPPool(Layer):
    """What the power pools share; each says how many axes its window has."""

    category = "Pooling"
    tier = 3
    formula = "y = (Σ |x|ᵖ over each window)^(1/p)"
    axes: ClassVar[int] = 2
    fits: ClassVar[tuple[tuple[Shape, ...], ...]] = (((3, 8, 8),), ((1, 5, 6),))

    norm_type: int = param(
        2, "The power p: 1 adds the sizes up, 2 is the length, larger ones come near the maximum.", low=1, high=4,
        label="Power",
    )  # fmt: skip
    kernel_size: Size = _kernel(2)
    stride: Size | None = _stride(2)
    ceil_mode: bool = _ceil_mode()

    def output_shape(self, *shapes: Shape) -> Shape:
        """As many channels; sizes by how often the window fits."""
        return pooled(shapes[0], self.axes, self.kernel_size, self.stride, 0, 1, self.ceil_mode)

    def flops(self, *shapes: Shape) -> int:
        """A power and a sum per number in every window, and a root of each."""
        made = prod(self.output_shape(*shapes))
        return made * (2 * window_size(self.kernel_size, self.axes) + 1)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's module of the same name, of the numbers without their sign.

        A window of nothing but zeros has no slope that is a number, and such windows are common after a ReLU: so no
        number is smaller than a millionth.
        """
        call = module_call(self, self.norm_type, self.kernel_size, norm_type=None, kernel_size=None)
        return TorchCode("{self}({0}.abs().clamp(min=1e-6))", call)

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The powers of the window's numbers added up, and the root of that."""
        seen, _ = pool_steps.window(spot, self.kernel_size, self.stride, 0)
        p = self.norm_type
        computed = float((abs(seen) ** p).sum() ** (1 / p))
        return spot.output_formula(self.formula, f" = size of {pool_steps.some(seen)} with power {p}", computed)

    def summary(self) -> str:
        """The power and the window."""
        return f"p {self.norm_type} · {window_text(self.kernel_size, None, self.axes)}"


@LAYERS.register("LPPool2d")
@dataclass(frozen=True)
class LPPool2d(_LPPool):
    """Between the mean and the maximum: adds up powers of the numbers in every window, and takes the root.

    The sign of a number does not count. A larger power listens more to the largest numbers.
    """

    title = "Power pool 2-D"


@LAYERS.register("LPPool1d")
@dataclass(frozen=True)
class LPPool1d(_LPPool):
    """Between the mean and the maximum along a signal: adds up powers in every window, and takes the root.

    The sign of a number does not count. A larger power listens more to the largest numbers.
    """

    title = "Power pool 1-D"
    axes = 1
    fits = (((3, 16),), ((1, 9),))

    kernel_size: Size = _kernel(1)
    stride: Size | None = _stride(1)
