"""A picture as its windows in columns, and back: what a convolution is inside."""

from dataclasses import dataclass
from math import prod
from typing import Any

from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.arithmetic.windows import WINDOW_LIMIT, Size, all_positions, by, pair, picture
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError


def _size(default: int, why: str, low: int, label: str = "", advanced: bool = False) -> Any:
    return param(default, why, kind="size", axes=2, low=low, high=WINDOW_LIMIT, label=label, advanced=advanced)


DILATION_WHY = "Distance between the points of a window."
STRIDE_WHY = "How far the window moves at each step."


@LAYERS.register("Unfold")
@dataclass(frozen=True)
class Unfold(Layer):
    """Lays every window of a picture out as a column: one column for each place, one row for each number in a window.

    A convolution is this, and then one matrix product. Nothing is learned here.
    """

    title = "Unfold"
    category = "Convolution"
    tier = 3
    formula = "column t = the numbers under the window at place t"
    fits = (((3, 8, 8),), ((1, 5, 6),))

    kernel_size: Size = _size(3, "Height and width of the window.", 1, "Kernel")
    dilation: Size = _size(1, DILATION_WHY, 1, advanced=True)
    padding: Size = _size(0, "Width of the border of zeros around the picture.", 0)
    stride: Size = _size(1, STRIDE_WHY, 1)

    def output_shape(self, *shapes: Shape) -> Shape:
        """Channels times the window's numbers, by the places."""
        channels, height, width = picture(shapes[0])
        places = all_positions((height, width), self.kernel_size, self.stride, self.padding, self.dilation)
        return (channels * prod(pair(self.kernel_size)), prod(places))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Unfold."""
        return TorchCode("{self}({0})", module_call(self, self.kernel_size, kernel_size=None))

    def summary(self) -> str:
        """The window."""
        return by(self.kernel_size)


@LAYERS.register("Fold")
@dataclass(frozen=True)
class Fold(Layer):
    """Puts columns of windows back into a picture; where windows overlap, their numbers add up.

    The way back from an Unfold with the same kernel, stride and padding.
    """

    title = "Fold"
    category = "Convolution"
    tier = 3
    formula = "y at each point = sum of all windows that lie on it"
    fits = (((9, 36),), ((18, 36),))

    output_size: Size = _size(8, "Height and width of the picture that comes out.", 1)
    kernel_size: Size = _size(3, "Height and width of the window.", 1, "Kernel")
    dilation: Size = _size(1, DILATION_WHY, 1, advanced=True)
    padding: Size = _size(0, "Width of the border that is taken away again.", 0)
    stride: Size = _size(1, STRIDE_WHY, 1)

    def output_shape(self, *shapes: Shape) -> Shape:
        """The picture that is asked for, if the columns are those of its windows."""
        (shape,) = shapes
        if len(shape) != 2:
            raise ShapeError(
                f"needs columns as Unfold makes them, and gets {shape_text(shape)}: put an Unfold before it"
            )
        window = prod(pair(self.kernel_size))
        if shape[0] % window:
            raise ShapeError(
                f"gets columns of {shape[0]} numbers, which no windows of {by(self.kernel_size)} make: give it the kernel "
                "of the Unfold before it"
            )
        places = prod(all_positions(pair(self.output_size), self.kernel_size, self.stride, self.padding, self.dilation))
        if places != shape[1]:
            raise ShapeError(
                f"gets {shape[1]} columns, and a picture of {by(self.output_size)} has {places} places for the window: "
                "give it the picture size, stride and padding of the Unfold before it"
            )
        return (shape[0] // window, *pair(self.output_size))

    def flops(self, *shapes: Shape) -> int:
        """One sum per number."""
        return prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Fold."""
        call = module_call(self, self.output_size, self.kernel_size, output_size=None, kernel_size=None)
        return TorchCode("{self}({0})", call)

    def summary(self) -> str:
        """The picture."""
        return f"to {by(self.output_size)}"
