"""Convolution over pictures."""

from dataclasses import dataclass

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
