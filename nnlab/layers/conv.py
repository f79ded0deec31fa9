"""Convolution over signals, pictures and volumes."""

from dataclasses import dataclass
from typing import Any, ClassVar

from nnlab.core.arithmetic import filter_steps
from nnlab.core.arithmetic.filters import BORDERS, Filters
from nnlab.core.arithmetic.windows import SIDES, WINDOW_LIMIT, Size
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param

PADDINGS = {"same": "Same", "valid": "Valid"}


def _kernel(axes: int) -> Any:
    why = f"{SIDES[axes]} of a filter."
    return param(3, why, kind="size", axes=axes, low=1, high=WINDOW_LIMIT, label="Kernel")


def _stride(axes: int) -> Any:
    why = "How far the filter moves at each step."
    return param(1, why, kind="size", axes=axes, low=1, high=WINDOW_LIMIT)


def _padding(axes: int, around: str, more: str = "", **words: str) -> Any:
    why = f"Width of the border around the {around}. Same: as wide as needed to keep the size. Valid: none.{more}"
    choices = {**PADDINGS, **words}
    return param("same", why, kind="size", axes=axes, low=0, high=WINDOW_LIMIT, choices=choices)


def _dilation(axes: int) -> Any:
    why = "Distance between the points a filter looks at; above 1 it sees further with as many weights."
    return param(1, why, kind="size", axes=axes, low=1, high=WINDOW_LIMIT, advanced=True)


@dataclass(frozen=True)
class _Conv(Layer):
    """What the convolutions share; each says how many axes it slides over, and its sizes along them."""

    category = "Convolution"
    formula = "yⱼ = Σᵢ wⱼᵢ ∗ xᵢ + bⱼ"
    axes: ClassVar[int] = 2

    out_channels: int = param(
        16, "How many filters, and so how many maps come out.", low=1, high=65_536, label="Filters"
    )
    kernel_size: Size = _kernel(2)
    stride: Size = _stride(2)
    padding: str | Size = _padding(2, "picture")
    dilation: Size = _dilation(2)
    groups: int = param(
        1,
        "Channels are divided into so many groups that do not see each other.",
        low=1,
        high=65_536,
        advanced=True,
    )
    bias: bool = param(True, "Add a learned constant to every map.")
    padding_mode: str = param(
        "zeros", "What the border is filled with.", choices=BORDERS, label="Border", advanced=True
    )

    @property
    def filters(self) -> Filters:
        """What it does, said in general."""
        return Filters(
            self.axes,
            self.out_channels,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            self.bias,
            self.padding_mode,
        )

    def output_shape(self, *shapes: Shape) -> Shape:
        """One map per filter; its sizes follow from kernel, stride, padding and dilation."""
        return self.filters.output_shape(shapes[0])

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """A small picture of weights per filter and channel it sees, and the biases."""
        return self.filters.parameter_shapes(shapes[0])

    def flops(self, *shapes: Shape) -> int:
        """A multiply and an add per weight at every place of the output."""
        return self.filters.flops(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's module of the same name; a border that is uneven is added beforehand."""
        return self.filters.torch_code(shapes[0])

    def explain_forward(self, spot: Spot) -> Formula | None:
        """One number of a map: the filter laid on the picture, number times number, and all of it added up."""
        return filter_steps.forward(self.filters, self.formula, spot)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """A weight's gradient: what it was laid on times the gradient there, over all places and samples."""
        return filter_steps.backward(self.filters, spot)

    def summary(self) -> str:
        """Filters and kernel, and the stride if it fits."""
        return self.filters.summary()


@LAYERS.register("Conv2d")
@dataclass(frozen=True)
class Conv2d(_Conv):
    """Slides small learned filters over a picture; each puts out a map of where it found its pattern.

    The same few weights look at every place, so a pattern learned in one corner is found in all. A stride above 1
    makes the maps smaller; padding adds a border so that they keep their size.
    """

    title = "Conv 2-D"


@LAYERS.register("Conv1d")
@dataclass(frozen=True)
class Conv1d(_Conv):
    """Slides small learned filters along a signal; each puts out a curve of where it found its pattern.

    For sound, sensors and other series, as channels × length. With the causal border every number is made of those
    before it alone, as it must be where the next value is to be predicted.
    """

    title = "Conv 1-D"
    tier = 2
    axes = 1
    fits = (((3, 16),), ((1, 9),))

    kernel_size: Size = _kernel(1)
    stride: Size = _stride(1)
    padding: str | Size = _padding(
        1, "signal", " Causal: all of it before the start, so that nothing later is seen.", causal="Causal"
    )
    dilation: Size = _dilation(1)


@LAYERS.register("Conv3d")
@dataclass(frozen=True)
class Conv3d(_Conv):
    """Slides small learned filters through a volume or a film; each puts out a map of where it found its pattern.

    The third axis is depth, or time in a film: a filter sees how things move. It costs much more than Conv 2-D.
    """

    title = "Conv 3-D"
    tier = 2
    axes = 3
    fits = (((2, 4, 5, 6),), ((1, 3, 3, 3),))

    kernel_size: Size = _kernel(3)
    stride: Size = _stride(3)
    padding: str | Size = _padding(3, "volume")
    dilation: Size = _dilation(3)
