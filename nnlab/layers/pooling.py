"""Pooling over pictures."""

from dataclasses import dataclass
from math import prod

import numpy as np

from nnlab.core import words
from nnlab.core.formula import Exact, Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.core.windows import WINDOW_LIMIT, Size, by, check_fits, pair, picture, positions
from nnlab.errors import ShapeError


@LAYERS.register("MaxPool2d")
@dataclass(frozen=True)
class MaxPool2d(Layer):
    """Keeps the largest number of every window: a smaller picture of where something was found.

    Halving the picture quarters the work that follows and lets the next filters see a wider part.
    """

    title = "Max pool 2-D"
    category = "Pooling"
    formula = "y = max of each window"

    kernel_size: Size = param(
        2, "Height and width of the window.", kind="size", axes=2, low=1, high=WINDOW_LIMIT, label="Kernel"
    )
    stride: Size | None = param(
        None,
        "How far the window moves at each step; left empty, by its own size.",
        kind="size",
        axes=2,
        low=1,
        high=WINDOW_LIMIT,
        optional=True,
    )
    padding: Size = param(
        0,
        "Width of the border around the picture, at most half the window; it never wins.",
        kind="size",
        axes=2,
        low=0,
        high=WINDOW_LIMIT,
        advanced=True,
    )
    dilation: Size = param(
        1,
        "Distance between the points the window looks at.",
        kind="size",
        axes=2,
        low=1,
        high=WINDOW_LIMIT,
        advanced=True,
    )
    ceil_mode: bool = param(
        False,
        "Let the last window reach over the edge instead of leaving the rest out.",
        label="Round up",
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """As many channels; sizes by how often the window fits."""
        return _pooled(shapes[0], self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)

    def flops(self, *shapes: Shape) -> int:
        """One comparison per number in every window."""
        return prod(self.output_shape(*shapes)) * prod(pair(self.kernel_size))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.MaxPool2d."""
        options = {
            "stride": (self.stride, None),
            "padding": (self.padding, 0),
            "dilation": (self.dilation, 1),
            "ceil_mode": (self.ceil_mode, False),
        }
        chosen = {name: value for name, (value, default) in options.items() if value != default}
        return TorchCode.of_module("nn.MaxPool2d", self.kernel_size, **chosen)

    def explain_forward(self, spot: Spot) -> Formula | None:
        """Which number of the window won."""
        seen, _ = self._window(spot)
        return spot.output_formula(self.formula, f" = largest of {_some(seen)}", float(seen.max()))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The winner gets the whole gradient, the others nothing."""
        seen, (rows, columns) = self._window(spot)
        row, column = (int(k) for k in np.unravel_index(seen.argmax(), seen.shape))
        name = f"passed back to row {rows[row] + 1}, column {columns[column] + 1}"
        rule = "∂L/∂x = δ for the number that won, 0 for the others"
        return (Formula(name, rule, f"{words.number(spot.delta)} = δ", spot.delta, spot.delta),)

    def _window(self, spot: Spot) -> tuple[Exact, tuple[list[int], list[int]]]:
        """The numbers in the window, and their rows and columns; the border never wins."""
        moves, gaps = pair(self.kernel_size if self.stride is None else self.stride), pair(self.dilation)
        borders, sizes = pair(self.padding), pair(self.kernel_size)
        found = []
        for axis in range(2):
            start = spot.place[axis + 1] * moves[axis] - borders[axis]
            reach = range(start, start + gaps[axis] * sizes[axis], gaps[axis])
            found.append([k for k in reach if 0 <= k < spot.inputs[0].shape[axis + 1]])
        rows, columns = found
        return spot.inputs[0][spot.place[0]][np.ix_(rows, columns)], (rows, columns)

    def summary(self) -> str:
        """The window, and the stride if it differs and fits."""
        return _window_text(self.kernel_size, self.stride)


@LAYERS.register("AvgPool2d")
@dataclass(frozen=True)
class AvgPool2d(Layer):
    """Puts the mean in the place of every window: a smaller, smoother picture."""

    title = "Average pool 2-D"
    category = "Pooling"
    formula = "y = mean of each window"

    kernel_size: Size = param(
        2, "Height and width of the window.", kind="size", axes=2, low=1, high=WINDOW_LIMIT, label="Kernel"
    )
    stride: Size | None = param(
        None,
        "How far the window moves at each step; left empty, by its own size.",
        kind="size",
        axes=2,
        low=1,
        high=WINDOW_LIMIT,
        optional=True,
    )
    padding: Size = param(
        0,
        "Width of the border of zeros around the picture, at most half the window.",
        kind="size",
        axes=2,
        low=0,
        high=WINDOW_LIMIT,
        advanced=True,
    )
    ceil_mode: bool = param(
        False,
        "Let the last window reach over the edge instead of leaving the rest out.",
        label="Round up",
        advanced=True,
    )
    count_include_pad: bool = param(
        True, "Count the zeros of the border in the mean.", label="Count the border", advanced=True
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """As many channels; sizes by how often the window fits."""
        return _pooled(shapes[0], self.kernel_size, self.stride, self.padding, 1, self.ceil_mode)

    def flops(self, *shapes: Shape) -> int:
        """One sum per number in every window."""
        return prod(self.output_shape(*shapes)) * prod(pair(self.kernel_size))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.AvgPool2d."""
        options = {
            "stride": (self.stride, None),
            "padding": (self.padding, 0),
            "ceil_mode": (self.ceil_mode, False),
            "count_include_pad": (self.count_include_pad, True),
        }
        chosen = {name: value for name, (value, default) in options.items() if value != default}
        return TorchCode.of_module("nn.AvgPool2d", self.kernel_size, **chosen)

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The mean of the window."""
        seen, count = self._window(spot)
        said = "" if count == seen.size else f" and {words.plural(count - seen.size, 'zero')} of the border"
        return spot.output_formula(self.formula, f" = mean of {_some(seen)}{said}", float(seen.sum() / count))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Every number of the window gets an equal share."""
        _, count = self._window(spot)
        line = f"{words.number(spot.delta / count)} = {words.number(spot.delta)} / {words.count(count)}"
        rule = "∂L/∂x = δ / (numbers in the window), for each of them"
        name = "passed back to each number of the window"
        return (Formula(name, rule, line, spot.delta / count, spot.delta / count),)

    def _window(self, spot: Spot) -> tuple[Exact, int]:
        """The numbers in the window, and by how many their sum is divided."""
        moves = pair(self.kernel_size if self.stride is None else self.stride)
        borders, sizes = pair(self.padding), pair(self.kernel_size)
        inside, counted = [], 1
        for axis in range(2):
            length = spot.inputs[0].shape[axis + 1]
            start = spot.place[axis + 1] * moves[axis] - borders[axis]
            end = min(start + sizes[axis], length + borders[axis])
            inside.append(slice(max(start, 0), min(end, length)))
            counted *= end - start
        seen = spot.inputs[0][spot.place[0]][inside[0], inside[1]]
        return seen, counted if self.count_include_pad else seen.size

    def summary(self) -> str:
        """The window, and the stride if it differs and fits."""
        return _window_text(self.kernel_size, self.stride)


@LAYERS.register("GlobalAvgPool2d")
@dataclass(frozen=True)
class GlobalAvgPool2d(Layer):
    """Makes one number of each map: its mean over the whole picture, whatever the picture's size.

    After the last convolution it takes the place of a Flatten, with far fewer weights to follow.
    """

    title = "Global average pool"
    category = "Pooling"
    formula = "y = mean of each map"

    flatten: bool = param(True, "Put out a row with one number per map, not maps of size 1×1.")

    def output_shape(self, *shapes: Shape) -> Shape:
        """One number per channel."""
        channels, _, _ = picture(shapes[0])
        return (channels,) if self.flatten else (channels, 1, 1)

    def flops(self, *shapes: Shape) -> int:
        """One sum per number."""
        return prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """F.adaptive_avg_pool2d to one number, and a flatten."""
        pooled = "F.adaptive_avg_pool2d({0}, 1)"
        return TorchCode(f"torch.flatten({pooled}, 1)" if self.flatten else pooled)

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The mean of the whole map."""
        seen = spot.inputs[0][spot.place[0]]
        said = f" = mean of the {words.count(seen.size)} numbers of map {spot.place[0] + 1}"
        return spot.output_formula(self.formula, said, float(seen.mean()))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Every number of the map gets an equal share."""
        count = spot.inputs[0][spot.place[0]].size
        line = f" = {words.number(spot.delta)} / {words.count(count)}"
        return (spot.passes("∂L/∂x = δ / (numbers in the map)", line, spot.delta / count, (spot.place[0], 0, 0)),)

    def summary(self) -> str:
        """Whether maps of size 1×1 are kept."""
        return "" if self.flatten else "1×1 maps"


def _pooled(shape: Shape, kernel: Size, stride: Size | None, padding: Size, dilation: Size, ceil: bool) -> Shape:
    channels, height, width = picture(shape)
    windows, borders, gaps = pair(kernel), pair(padding), pair(dilation)
    moves = pair(kernel if stride is None else stride)
    if borders[0] > windows[0] // 2 or borders[1] > windows[1] // 2:
        raise ShapeError(
            f"has a border of {by(padding)} around windows of {by(kernel)}: make the padding at most half the window"
        )
    counts = (
        positions(height, windows[0], moves[0], borders[0], gaps[0], ceil),
        positions(width, windows[1], moves[1], borders[1], gaps[1], ceil),
    )
    check_fits(counts, kernel, shape)
    return (channels, *counts)


def _window_text(kernel: Size, stride: Size | None) -> str:
    full = by(kernel) if stride is None or stride == kernel else f"{by(kernel)} · /{by(stride)}"
    return full if len(full) <= 24 else by(kernel)


def _some(seen: Exact) -> str:
    """The first numbers of a window."""
    values = seen.ravel()
    return ", ".join(words.number(x) for x in values[:4].tolist()) + (", …" if values.size > 4 else "")
