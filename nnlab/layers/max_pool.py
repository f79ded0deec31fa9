"""Pools that keep the largest number, and the way back from them."""

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
    by,
    check_border,
    pair,
    picture,
    pooled,
    window_size,
    window_text,
)
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError


def _kernel(axes: int) -> Any:
    why = f"{SIDES[axes]} of the window."
    return param(2, why, kind="size", axes=axes, low=1, high=WINDOW_LIMIT, label="Kernel")


def _stride(axes: int) -> Any:
    why = "How far the window moves at each step; left empty, by its own size."
    return param(None, why, kind="size", axes=axes, low=1, high=WINDOW_LIMIT, optional=True)


def _padding(axes: int) -> Any:
    why = f"Width of the border around the {NOUNS[axes]}, at most half the window; it never wins."
    return param(0, why, kind="size", axes=axes, low=0, high=WINDOW_LIMIT, advanced=True)


def _dilation(axes: int) -> Any:
    why = "Distance between the points the window looks at."
    return param(1, why, kind="size", axes=axes, low=1, high=WINDOW_LIMIT, advanced=True)


@dataclass(frozen=True)
class _MaxPool(Layer):
    """What the max pools share; each says how many axes its window has."""

    category = "Pooling"
    formula = "y = max of each window"
    axes: ClassVar[int] = 2
    fits: ClassVar[tuple[tuple[Shape, ...], ...]] = (((3, 8, 8),), ((1, 5, 6),))

    kernel_size: Size = _kernel(2)
    stride: Size | None = _stride(2)
    padding: Size = _padding(2)
    dilation: Size = _dilation(2)
    ceil_mode: bool = param(
        False,
        "Let the last window reach over the edge instead of leaving the rest out.",
        label="Round up",
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """As many channels; sizes by how often the window fits."""
        return pooled(shapes[0], self.axes, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)

    def flops(self, *shapes: Shape) -> int:
        """One comparison per number in every window."""
        return prod(self.output_shape(*shapes)) * window_size(self.kernel_size, self.axes)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's module of the same name."""
        return TorchCode("{self}({0})", module_call(self, self.kernel_size, kernel_size=None))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """Which number of the window won."""
        seen, _ = pool_steps.window(spot, self.kernel_size, self.stride, self.padding, self.dilation)
        return pool_steps.largest(spot, self.formula, seen)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The winner gets the whole gradient, the others nothing."""
        seen, places = pool_steps.window(spot, self.kernel_size, self.stride, self.padding, self.dilation)
        return pool_steps.to_the_largest(spot, seen, places)

    def summary(self) -> str:
        """The window, and the stride if it differs and fits."""
        return window_text(self.kernel_size, self.stride, self.axes)


@LAYERS.register("MaxPool2d")
@dataclass(frozen=True)
class MaxPool2d(_MaxPool):
    """Keeps the largest number of every window: a smaller picture of where something was found.

    Halving the picture quarters the work that follows and lets the next filters see a wider part.
    """

    title = "Max pool 2-D"


@LAYERS.register("MaxPool1d")
@dataclass(frozen=True)
class MaxPool1d(_MaxPool):
    """Keeps the largest number of every window along a signal: a shorter curve of where something was found.

    For what comes out of Conv 1-D, as channels × length.
    """

    title = "Max pool 1-D"
    tier = 2
    axes = 1
    fits = (((3, 16),), ((1, 9),))

    kernel_size: Size = _kernel(1)
    stride: Size | None = _stride(1)
    padding: Size = _padding(1)
    dilation: Size = _dilation(1)


@LAYERS.register("MaxPool3d")
@dataclass(frozen=True)
class MaxPool3d(_MaxPool):
    """Keeps the largest number of every small block of a volume or a film.

    Halving all three axes leaves an eighth of the numbers.
    """

    title = "Max pool 3-D"
    tier = 2
    axes = 3
    fits = (((2, 4, 6, 5),), ((1, 2, 2, 2),))

    kernel_size: Size = _kernel(3)
    stride: Size | None = _stride(3)
    padding: Size = _padding(3)
    dilation: Size = _dilation(3)


@LAYERS.register("MaxPool2dWithIndices")
@dataclass(frozen=True)
class MaxPool2dWithIndices(_MaxPool):
    """A max pool that also says where in the picture each largest number stood.

    Wire its second output to a Max unpool, which puts numbers back to these places: so a network that makes pictures
    of pictures remembers where the edges were.
    """

    title = "Max pool 2-D with places"
    tier = 3
    outputs = (Port("out"), Port("indices", "i"))

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The smaller picture, and as many whole numbers."""
        made = self.output_shape(*shapes)
        return (made, made)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.MaxPool2d, which gives both when it is asked to."""
        call = module_call(
            self, self.kernel_size, target="nn.MaxPool2d", kernel_size=None, return_indices=(True, False)
        )
        return TorchCode("{self}({0})", call, ("{r}[0]", "{r}[1]"))


@LAYERS.register("MaxUnpool2d")
@dataclass(frozen=True)
class MaxUnpool2d(Layer):
    """Makes a picture large again: each number goes back to where it was the largest, all others become 0.

    The places come from a Max pool 2-D with places. Wire what went into that pool to `like`: it gives the size to go
    back to, and nothing else of it counts.
    """

    title = "Max unpool 2-D"
    category = "Pooling"
    tier = 3
    formula = "y[place of the largest] = x, 0 elsewhere"
    inputs = (Port("in"), Port("indices", "i"), Port("like"))
    fits = (((2, 3, 3), (2, 3, 3), (3, 6, 6)), ((1, 4, 2), (1, 4, 2), (1, 8, 5)))

    kernel_size: Size = _kernel(2)
    stride: Size | None = _stride(2)
    padding: Size = param(
        0,
        "The border that the pool had, which is taken away again.",
        kind="size",
        axes=2,
        low=0,
        high=WINDOW_LIMIT,
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """The size of `like`, which must be one that the pool makes these sizes of."""
        channels, *sizes = picture(shapes[0])
        if shapes[1] != shapes[0]:
            raise ShapeError(
                f"gets numbers of {shape_text(shapes[0])} and places of {shape_text(shapes[1])}: "
                "both must come through the same sizes, with one place for each number"
            )
        check_border(self.padding, self.kernel_size, 2)
        return (channels, *self._like(shapes[2], self._natural(sizes)))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.MaxUnpool2d."""
        call = module_call(self, self.kernel_size, kernel_size=None)
        return TorchCode("{self}({0}, {1}, output_size={2}.shape[-2:])", call)

    def summary(self) -> str:
        """The window, and the stride if it differs and fits."""
        return window_text(self.kernel_size, self.stride, 2)

    def _moves(self) -> tuple[int, int]:
        return pair(self.kernel_size if self.stride is None else self.stride)

    def _natural(self, sizes: list[int]) -> tuple[int, ...]:
        windows, borders = pair(self.kernel_size), pair(self.padding)
        given = zip(sizes, self._moves(), borders, windows, strict=True)
        return tuple((n - 1) * move - 2 * border + window for n, move, border, window in given)

    def _like(self, like: Shape, natural: tuple[int, ...]) -> tuple[int, int]:
        _, *wanted = picture(like)
        for size, found, move in zip(wanted, natural, self._moves(), strict=True):
            if not found - move < size < found + move:
                raise ShapeError(
                    f"cannot become {by(tuple(wanted))} as the picture at `like`, only about {by(natural)}: "
                    "wire `like` to what went into the pool, and give both the same kernel and stride"
                )
        return wanted[0], wanted[1]
