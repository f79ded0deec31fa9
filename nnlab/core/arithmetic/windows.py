"""How a window slides over a signal, a picture or a volume: the sizes that convolutions and pools share."""

from math import prod

from nnlab.core.layer import Shape, shape_text
from nnlab.errors import ShapeError

WINDOW_LIMIT = 4096  # of kernels, strides, paddings and dilations; torch's arithmetic overflows far beyond

Size = int | tuple[int, ...]
"""One number for all axes, or one for each."""

NOUNS = {1: "signal", 2: "picture", 3: "volume"}
"""What a sample with so many axes of space is called."""
AXES_TEXT = {1: "length", 2: "height × width", 3: "depth × height × width"}
SIDES = {1: "Length", 2: "Height and width", 3: "Depth, height and width"}
"""How the help of a setting begins that has one number per axis."""


def per_axis(size: Size, axes: int) -> tuple[int, ...]:
    """A size setting as one number for each axis."""
    return (size,) * axes if isinstance(size, int) else size


def pair(size: Size) -> tuple[int, int]:
    """Height and width of a size setting."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def by(size: Size, axes: int = 2) -> str:
    """A size as users see it: "3×3"."""
    return "×".join(map(str, per_axis(size, axes)))


def spaced(shape: Shape, axes: int) -> tuple[int, tuple[int, ...]]:
    """Channels, and the sizes in space; ShapeError if the sample does not have so many axes."""
    if len(shape) != axes + 1:
        raise ShapeError(
            f"needs a {NOUNS[axes]} (N × channels × {AXES_TEXT[axes]}), and gets {shape_text(shape)}: {_instead(shape, axes)}"
        )
    return shape[0], shape[1:]


def _instead(shape: Shape, axes: int) -> str:
    if 2 <= len(shape) <= 4:
        return f"take the {len(shape) - 1}-D version of this layer, or reshape before it"
    if axes == 2:
        return "put it before any Flatten or Linear, and choose a data set of pictures"
    return f"put it before any Flatten or Linear, and choose data that are {NOUNS[axes]}s"


def picture(shape: Shape) -> tuple[int, int, int]:
    """Channels, height and width; ShapeError if this is not a picture."""
    channels, (height, width) = spaced(shape, 2)
    return channels, height, width


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


def all_positions(
    sizes: Shape, kernel: Size, stride: Size, padding: Size, dilation: Size = 1, ceil: bool = False
) -> tuple[int, ...]:
    """At how many places a window fits along each axis; ShapeError if it fits nowhere along one of them."""
    axes = len(sizes)
    given = (per_axis(size, axes) for size in (kernel, stride, padding, dilation))
    counts = tuple(positions(length, k, s, p, d, ceil) for length, k, s, p, d in zip(sizes, *given, strict=True))
    check_fits(counts, kernel, sizes)
    return counts


def check_fits(counts: tuple[int, ...], kernel: Size, sizes: Shape) -> None:
    """ShapeError if the window fits nowhere along one of the axes."""
    if min(counts) < 1:
        axes = len(sizes)
        raise ShapeError(
            f"has a window of {by(kernel, axes)}, and the {NOUNS[axes]} is only {by(sizes, axes)}: "
            "make the kernel or dilation smaller, add padding, or remove a pooling layer before it"
        )


def pooled(
    shape: Shape,
    axes: int,
    kernel: Size,
    stride: Size | None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil: bool = False,
) -> Shape:
    """What a pool makes of a sample: as many channels, and one number for every place of its window."""
    channels, sizes = spaced(shape, axes)
    check_border(padding, kernel, axes)
    return (channels, *all_positions(sizes, kernel, kernel if stride is None else stride, padding, dilation, ceil))


def check_border(padding: Size, kernel: Size, axes: int) -> None:
    """ShapeError if the border of a pool is wider than half its window."""
    windows, borders = per_axis(kernel, axes), per_axis(padding, axes)
    if any(border > window // 2 for border, window in zip(borders, windows, strict=True)):
        raise ShapeError(
            f"has a border of {by(padding, axes)} around windows of {by(kernel, axes)}: "
            "make the padding at most half the window"
        )


def window_size(kernel: Size, axes: int) -> int:
    """How many numbers a window sees."""
    return prod(per_axis(kernel, axes))


def window_text(kernel: Size, stride: Size | None, axes: int) -> str:
    """A window for a node's second line, with the stride if it differs and there is room."""
    short = by(kernel, axes) if axes > 1 else f"{by(kernel, 1)} wide"
    full = short if stride is None or stride == kernel else f"{short} · /{_short(stride)}"
    return full if len(full) <= 24 else short


def _short(stride: Size) -> str:
    return str(stride) if isinstance(stride, int) else by(stride, len(stride))
