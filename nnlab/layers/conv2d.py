"""Convolution over pictures."""

from dataclasses import dataclass, replace

import numpy as np

from nnlab.core import words
from nnlab.core.formula import Exact, Formula, Spot, Term, index_text, over_samples, signed, weighted_sum
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.core.windows import WINDOW_LIMIT, Size, by, check_fits, pair, picture, positions
from nnlab.errors import ShapeError


@LAYERS.register("Conv2d")
@dataclass(frozen=True)
class Conv2d(Layer):
    """Slides small learned filters over a picture; each puts out a map of where it found its pattern.

    The same few weights look at every place, so a pattern learned in one corner is found in all. A stride above 1
    makes the maps smaller; padding adds a border so that they keep their size.
    """

    title = "Conv 2-D"
    category = "Convolution"
    formula = "yⱼ = Σᵢ wⱼᵢ ∗ xᵢ + bⱼ"

    out_channels: int = param(
        16, "How many filters, and so how many maps come out.", low=1, high=65_536, label="Filters"
    )
    kernel_size: Size = param(
        3, "Height and width of a filter.", kind="size", axes=2, low=1, high=WINDOW_LIMIT, label="Kernel"
    )
    stride: Size = param(1, "How far the filter moves at each step.", kind="size", axes=2, low=1, high=WINDOW_LIMIT)
    padding: str | Size = param(
        "same",
        "Width of the border around the picture. Same: as wide as needed to keep the size. Valid: none.",
        kind="size",
        axes=2,
        low=0,
        high=WINDOW_LIMIT,
        choices={"same": "Same", "valid": "Valid"},
    )
    dilation: Size = param(
        1,
        "Distance between the points a filter looks at; above 1 it sees further with as many weights.",
        kind="size",
        axes=2,
        low=1,
        high=WINDOW_LIMIT,
        advanced=True,
    )
    groups: int = param(
        1,
        "Channels are divided into so many groups that do not see each other.",
        low=1,
        high=65_536,
        advanced=True,
    )
    bias: bool = param(True, "Add a learned constant to every map.")
    padding_mode: str = param(
        "zeros",
        "What the border is filled with.",
        choices={"zeros": "Zeros", "reflect": "Mirror", "replicate": "Edge repeated", "circular": "Other side"},
        label="Border",
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """One map per filter; its sizes follow from kernel, stride, padding and dilation."""
        channels, height, width = picture(shapes[0])
        self._check_groups(channels)
        if self.padding == "same" and self.stride != 1:
            raise ShapeError(
                f"cannot keep the size with a stride of {by(self.stride)}: set padding to a number "
                f"such as {self._half_kernel()}, or stride to 1"
            )
        self._check_border(height, width)
        if self.padding == "same":
            return (self.out_channels, height, width)
        kernel, stride, padding, dilation = (
            pair(size) for size in (self.kernel_size, self.stride, self._number_padding(), self.dilation)
        )
        counts = (
            positions(height, kernel[0], stride[0], padding[0], dilation[0]),
            positions(width, kernel[1], stride[1], padding[1], dilation[1]),
        )
        check_fits(counts, self.kernel_size, shapes[0])
        return (self.out_channels, *counts)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """A small picture of weights per filter and channel it sees, and the biases."""
        weight = {"weight": (self.out_channels, shapes[0][0] // self.groups, *pair(self.kernel_size))}
        return {**weight, "bias": (self.out_channels,)} if self.bias else {**weight}

    def flops(self, *shapes: Shape) -> int:
        """A multiply and an add per weight at every place of the output."""
        filters, height, width = self.output_shape(*shapes)
        kernel = pair(self.kernel_size)
        return 2 * filters * (shapes[0][0] // self.groups) * kernel[0] * kernel[1] * height * width

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Conv2d; a border that is uneven is added beforehand, as torch does inside with a warning."""
        padding: str | Size = 0 if self.padding == "valid" else self.padding
        forward = "{self}({0})"
        if self.padding == "same" and self.padding_mode == "zeros" and self.stride == 1:
            rows, columns = self._same_border()
            if rows % 2 or columns % 2:
                padding = (rows // 2, columns // 2)
                forward = f"{{self}}(F.pad({{0}}, (0, {columns % 2}, 0, {rows % 2})))"
        options = {
            "stride": (self.stride, 1),
            "padding": (padding, 0),
            "dilation": (self.dilation, 1),
            "groups": (self.groups, 1),
            "bias": (self.bias, True),
            "padding_mode": (self.padding_mode, "zeros"),
        }
        chosen = {name: value for name, (value, default) in options.items() if value != default}
        call = TorchCode.of_module("nn.Conv2d", shapes[0][0], self.out_channels, self.kernel_size, **chosen)
        return TorchCode(forward, call.module)

    def explain_forward(self, spot: Spot) -> Formula | None:
        """One number of a map: the filter laid on the picture, number times number, and all of it added up."""
        weight, bias = spot.parameters.get("weight"), spot.parameters.get("bias")
        if weight is None or len(spot.place) != 3:
            return None
        kernel, first = weight[spot.place[0]], self._first_channel(spot)
        padded = self._padded(spot.inputs[0][first : first + len(kernel)])
        rows, columns = self._under(spot, kernel.shape[1:])
        patch = padded[:, rows[:, None], columns]
        products = kernel * patch
        terms = [
            Term(spot.unit_name(0, first + k), 1.0, total) for k, total in enumerate(products.sum(axis=(1, 2)).tolist())
        ]
        shift = None if bias is None else float(bias[spot.place[0]])
        found = weighted_sum("output", self.formula, spot.value, terms, shift)
        total = words.number(float(products.sum()))
        shown = total if shift is None else f"{total} + {signed(shift)}"
        line = f"{words.number(spot.value)} = {shown}, from {words.plural(products.size, 'product')}"
        pictures = {"kernel": kernel.astype(np.float32), "patch": patch.astype(np.float32)}
        return replace(found, line=line, **pictures)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """A weight's gradient: what it was laid on times the gradient there, over all places and samples."""
        if spot.batch is None or spot.batch.gradient is None:
            return ()
        delta = np.asarray(spot.batch.gradient[:, spot.place[0]], float)
        found: list[Formula] = []
        for name, at in spot.chosen.items():
            inputs = self._seen_by(spot, at, delta.shape[1:]) if name == "weight" else None
            if name == "weight":
                rule = "∂L/∂w = Σ δ·x over all places of the map and all samples"
            else:
                rule = "∂L/∂b = Σ δ over all places of the map and all samples"
            title = f"∂L/∂{name}[{index_text(at)}]"
            found.append(over_samples(title, rule, float(spot.slopes[name][at]), delta, inputs))
        there = spot.chosen.get("weight")
        if there is not None:
            w = float(spot.parameters["weight"][there])
            line = f"{words.number(w * spot.delta)} = {signed(w)}·{signed(spot.delta)}"
            rule = "every xᵢ under the filter gets w·δ from here; its gradient is the sum over all places"
            share = f"passed back through weight[{index_text(there)}]"
            found.append(Formula(share, rule, line, w * spot.delta, w * spot.delta))
        return tuple(found)

    def _first_channel(self, spot: Spot) -> int:
        """The first channel that this spot's filter sees."""
        per_group = len(spot.inputs[0]) // self.groups
        return spot.place[0] // (self.out_channels // self.groups) * per_group

    def _under(self, spot: Spot, kernel: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the padded picture that the filter lies on at this spot."""
        (down, across), gaps = pair(self.stride), pair(self.dilation)
        rows = spot.place[1] * down + gaps[0] * np.arange(kernel[0])
        return rows, spot.place[2] * across + gaps[1] * np.arange(kernel[1])

    def _seen_by(self, spot: Spot, at: tuple[int, ...], places: tuple[int, ...]) -> Exact:
        """What one weight was multiplied with at every place of the map, for all samples."""
        assert spot.batch is not None
        channel = self._first_channel(spot) + at[1]
        padded = self._padded(np.asarray(spot.batch.inputs[0][:, channel], float))
        (down, across), gaps = pair(self.stride), pair(self.dilation)
        rows = at[2] * gaps[0] + down * np.arange(places[0])
        columns = at[3] * gaps[1] + across * np.arange(places[1])
        return np.asarray(padded[:, rows[:, None], columns])

    def _padded(self, pictures: Exact) -> Exact:
        """Pictures with their border; axis 0 is channels or samples."""
        if self.padding == "same":
            border = [(n // 2, n - n // 2) for n in self._same_border()]
        else:
            border = [(n, n) for n in pair(self._number_padding())]
        mode = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}[self.padding_mode]
        return np.asarray(np.pad(pictures, [(0, 0), *border], mode=mode))  # type: ignore[call-overload]

    def summary(self) -> str:
        """Filters and kernel, and the stride if it fits."""
        short = f"{self.out_channels} @ {by(self.kernel_size)}"
        full = f"{short} · /{self.stride if isinstance(self.stride, int) else by(self.stride)}"
        return full if self.stride != 1 and len(full) <= 24 else short

    def _same_border(self) -> tuple[int, int]:
        """Rows and columns that "same" adds in all."""
        kernel, dilation = pair(self.kernel_size), pair(self.dilation)
        return dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)

    def _number_padding(self) -> Size:
        return 0 if isinstance(self.padding, str) else self.padding

    def _half_kernel(self) -> str:
        height, width = (n // 2 for n in pair(self.kernel_size))
        return str(height) if height == width else f"{height}, {width}"

    def _check_groups(self, channels: int) -> None:
        if channels % self.groups:
            raise ShapeError(
                f"cannot divide {channels} channels into {self.groups} groups: use a number that divides {channels}, or 1"
            )
        if self.out_channels % self.groups:
            raise ShapeError(
                f"cannot divide {self.out_channels} filters into {self.groups} groups: "
                f"make the filters a multiple of {self.groups}, or groups 1"
            )

    def _check_border(self, height: int, width: int) -> None:
        """A mirrored border must be narrower than the picture, one from the other side no wider."""
        if self.padding_mode not in ("reflect", "circular") or self.padding == "valid":
            return
        border = self._same_border() if self.padding == "same" else pair(self._number_padding())
        widest = tuple(-(-n // 2) for n in border) if self.padding == "same" else border
        spare = 1 if self.padding_mode == "reflect" else 0
        if widest[0] > height - spare or widest[1] > width - spare:
            raise ShapeError(
                f"has a border wider than the picture of {height}×{width} that it is taken from: "
                "fill the border with zeros, or make the kernel or padding smaller"
            )
