"""How a window slides over a picture: the sizes that convolutions and pools share."""

from nnlab.core.layer import Shape, shape_text
from nnlab.errors import ShapeError

WINDOW_LIMIT = 4096  # of kernels, strides, paddings and dilations; torch's arithmetic overflows far beyond

Size = int | tuple[int, ...]
"""One number for both axes, or one for each."""


def pair(size: Size) -> tuple[int, int]:
    """Height and width of a size setting."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def by(size: Size) -> str:
    """A size as users see it: "3×3"."""
    height, width = pair(size)
    return f"{height}×{width}"


def picture(shape: Shape) -> tuple[int, int, int]:
    """Channels, height and width; ShapeError if this is not a picture."""
    if len(shape) != 3:
        raise ShapeError(
            f"needs a picture (N × channels × height × width), and gets {shape_text(shape)}: "
            "put it before any Flatten or Linear, and choose a data set of pictures"
        )
    return shape[0], shape[1], shape[2]


def positions(length: int, kernel: int, stride: int, padding: int, dilation: int = 1, ceil: bool = False) -> int:
    """At how many places a window fits along one axis; 0 or less if it does not fit at all.

    torch's formula: floor((length + 2·padding − dilation·(kernel − 1) − 1) / stride) + 1. Rounding up (`ceil`)
    lets the last window reach over the edge, as long as it starts inside.
    """
    span = length + 2 * padding - dilation * (kernel - 1) - 1
    count = (span + (stride - 1 if ceil else 0)) // stride + 1
    if ceil and (count - 1) * stride >= length + padding:
        count -= 1
    return count


def check_fits(counts: tuple[int, int], kernel: Size, shape: Shape) -> None:
    """ShapeError if the window fits nowhere along one of the axes."""
    if min(counts) < 1:
        raise ShapeError(
            f"has a window of {by(kernel)}, and the picture is only {shape[1]}×{shape[2]}: "
            "make the kernel or dilation smaller, add padding, or remove a pooling layer before it"
        )
