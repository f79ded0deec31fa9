"""Transposed convolution: from small maps to larger ones."""

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.arithmetic.windows import NOUNS, SIDES, Size, by, per_axis, spaced
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError

# WORKAROUND: torch 2.13 ends the whole process at a stride of 4096 along one axis (oneDNN on a CPU).
LIMIT = 1024


def _kernel(axes: int) -> Any:
    why = f"{SIDES[axes]} of a filter."
    return param(2, why, kind="size", axes=axes, low=1, high=LIMIT, label="Kernel")


def _stride(axes: int) -> Any:
    why = "How far apart the filters are put down: 2 makes everything twice as large."
    return param(2, why, kind="size", axes=axes, low=1, high=LIMIT)


def _padding(axes: int) -> Any:
    return param(0, "How much is cut off at each edge.", kind="size", axes=axes, low=0, high=LIMIT)


def _output_padding(axes: int) -> Any:
    why = "How much is added at the far edge, where several sizes would be possible."
    return param(0, why, kind="size", axes=axes, low=0, high=LIMIT, advanced=True)


def _dilation(axes: int) -> Any:
    why = "Distance between the points of a filter."
    return param(1, why, kind="size", axes=axes, low=1, high=LIMIT, advanced=True)


@dataclass(frozen=True)
class _ConvTranspose(Layer):
    """What the transposed convolutions share; each says how many axes it has."""

    category = "Convolution"
    tier = 2
    formula = "every xᵢ puts down xᵢ · wᵢⱼ; yⱼ = sum of all that overlaps, + bⱼ"
    axes: ClassVar[int] = 2

    out_channels: int = param(
        16, "How many filters, and so how many maps come out.", low=1, high=65_536, label="Filters"
    )
    kernel_size: Size = _kernel(2)
    stride: Size = _stride(2)
    padding: Size = _padding(2)
    output_padding: Size = _output_padding(2)
    groups: int = param(
        1,
        "Channels are divided into so many groups that do not see each other.",
        low=1,
        high=65_536,
        advanced=True,
    )
    bias: bool = param(True, "Add a learned constant to every map.")
    dilation: Size = _dilation(2)

    def output_shape(self, *shapes: Shape) -> Shape:
        """(size − 1)·stride − 2·padding + dilation·(kernel − 1) + output padding + 1 along each axis."""
        channels, sizes = spaced(shapes[0], self.axes)
        self._check(channels)
        names = (self.stride, self.padding, self.dilation, self.kernel_size, self.output_padding)
        given = zip(sizes, *(per_axis(size, self.axes) for size in names), strict=True)
        made = tuple((n - 1) * s - 2 * p + d * (k - 1) + more + 1 for n, s, p, d, k, more in given)
        if min(made) < 1:
            raise ShapeError(
                f"would cut off more of the {NOUNS[self.axes]} than there is: make the padding smaller, or the stride "
                "or kernel larger"
            )
        return (self.out_channels, *made)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """Weights for each channel that comes in and each filter, and the biases."""
        kernel = per_axis(self.kernel_size, self.axes)
        weight = {"weight": (shapes[0][0], self.out_channels // self.groups, *kernel)}
        return {**weight, "bias": (self.out_channels,)} if self.bias else {**weight}

    def flops(self, *shapes: Shape) -> int:
        """A multiply and an add per weight at every place of the input."""
        kernel = prod(per_axis(self.kernel_size, self.axes))
        return 2 * prod(shapes[0]) * (self.out_channels // self.groups) * kernel

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's module of the same name."""
        call = module_call(
            self,
            shapes[0][0],
            self.out_channels,
            self.kernel_size,
            out_channels=None,
            kernel_size=None,
            stride=(self.stride, 1),
        )
        return TorchCode("{self}({0})", call)

    def summary(self) -> str:
        """Filters and kernel, and the stride if it fits."""
        short = f"{self.out_channels} @ {by(self.kernel_size, self.axes)}"
        move = str(self.stride) if isinstance(self.stride, int) else by(self.stride, self.axes)
        full = f"{short} · ×{move}"
        return full if self.stride != 1 and len(full) <= 24 else short

    def _check(self, channels: int) -> None:
        for many, what in ((channels, "channels"), (self.out_channels, "filters")):
            if many % self.groups:
                raise ShapeError(
                    f"cannot divide {many} {what} into {self.groups} groups: use a number that divides {many}, or 1"
                )
        names = (self.output_padding, self.stride, self.dilation)
        for more, move, gap in zip(*(per_axis(size, self.axes) for size in names), strict=True):
            if more >= max(move, gap):
                raise ShapeError(
                    f"has an output padding of {by(self.output_padding, self.axes)}: it must be smaller than the stride "
                    f"({by(self.stride, self.axes)}) or the dilation, so set it to 0"
                )


@LAYERS.register("ConvTranspose2d")
@dataclass(frozen=True)
class ConvTranspose2d(_ConvTranspose):
    """Makes pictures larger with learned filters: every number puts down a small picture, and overlaps add up.

    The way back from a convolution with a stride, for networks that draw: autoencoders, U-Net, generators. Where the
    kernel is no multiple of the stride, overlaps are uneven and show as a chequered pattern.
    """

    title = "Transposed conv 2-D"


@LAYERS.register("ConvTranspose1d")
@dataclass(frozen=True)
class ConvTranspose1d(_ConvTranspose):
    """Makes signals longer with learned filters: every number puts down a small curve, and overlaps add up."""

    title = "Transposed conv 1-D"
    axes = 1
    fits = (((3, 8),), ((1, 5),))

    kernel_size: Size = _kernel(1)
    stride: Size = _stride(1)
    padding: Size = _padding(1)
    output_padding: Size = _output_padding(1)
    dilation: Size = _dilation(1)


@LAYERS.register("ConvTranspose3d")
@dataclass(frozen=True)
class ConvTranspose3d(_ConvTranspose):
    """Makes volumes or films larger with learned filters: every number puts down a small block, and overlaps add up."""

    title = "Transposed conv 3-D"
    axes = 3
    fits = (((2, 2, 3, 3),), ((1, 2, 2, 2),))

    kernel_size: Size = _kernel(3)
    stride: Size = _stride(3)
    padding: Size = _padding(3)
    output_padding: Size = _output_padding(3)
    dilation: Size = _dilation(3)
