"""A bank of learned filters over one, two or three axes: what every convolution does with shapes and torch's module."""

from dataclasses import dataclass
from math import prod
from typing import Any

from nnlab.core.arithmetic.windows import NOUNS, Size, all_positions, by, per_axis, spaced
from nnlab.core.layer import Call, Shape, TorchCode
from nnlab.errors import ShapeError

CAUSAL = "causal"
BORDERS = {"zeros": "Zeros", "reflect": "Mirror", "replicate": "Edge repeated", "circular": "Other side"}
"""What a border is filled with, by torch's word and as users read it."""


@dataclass(frozen=True)
class Filters:
    """Filters as torch's Conv1d, Conv2d and Conv3d take them."""

    axes: int
    out_channels: int
    kernel_size: Size
    stride: Size = 1
    padding: str | Size = 0
    """A width, "same", "valid", or "causal": all of it before the first number, none after the last."""
    dilation: Size = 1
    groups: int = 1
    bias: bool = True
    padding_mode: str = "zeros"

    def output_shape(self, shape: Shape) -> Shape:
        """One map per filter; its sizes follow from kernel, stride, padding and dilation."""
        channels, sizes = spaced(shape, self.axes)
        self._check_groups(channels)
        if self.padding == "same" and self.stride != 1:
            raise ShapeError(
                f"cannot keep the size with a stride of {by(self.stride, self.axes)}: set padding to a number "
                f"such as {self._half_kernel()}, or stride to 1"
            )
        self._check_border(sizes)
        if self.padding == "same":
            return (self.out_channels, *sizes)
        if self.padding == CAUSAL:
            longer = tuple(n + border for n, border in zip(sizes, self.border(), strict=True))
            return (self.out_channels, *all_positions(longer, self.kernel_size, self.stride, 0, self.dilation))
        counts = all_positions(sizes, self.kernel_size, self.stride, self._number_padding(), self.dilation)
        return (self.out_channels, *counts)

    def parameter_shapes(self, shape: Shape) -> dict[str, Shape]:
        """A small picture of weights per filter and channel it sees, and the biases."""
        weight = {"weight": (self.out_channels, shape[0] // self.groups, *self.kernel)}
        return {**weight, "bias": (self.out_channels,)} if self.bias else {**weight}

    def flops(self, shape: Shape) -> int:
        """A multiply and an add per weight at every place of the output."""
        return 2 * prod(self.output_shape(shape)) * (shape[0] // self.groups) * prod(self.kernel)

    def call(self, channels: int, padding: str | Size | None = None) -> Call:
        """The constructor call, with torch's defaults left out."""
        given = self.padding if padding is None else padding
        options: dict[str, tuple[Any, Any]] = {
            "stride": (self.stride, 1),
            "padding": (0 if given == "valid" else given, 0),
            "dilation": (self.dilation, 1),
            "groups": (self.groups, 1),
            "bias": (self.bias, True),
            "padding_mode": (self.padding_mode, "zeros"),
        }
        chosen = {name: value for name, (value, default) in options.items() if value != default}
        return Call(f"nn.Conv{self.axes}d", (channels, self.out_channels, self.kernel_size), chosen)

    def torch_code(self, shape: Shape) -> TorchCode:
        """torch's convolution; a border that is uneven is added beforehand, as torch does inside with a warning."""
        channels, border = shape[0], self.border()
        if self.padding == CAUSAL and self.padding_mode == "zeros":
            return TorchCode(_padded_first(border, (0,) * self.axes), self.call(channels, 0))
        same = self.padding == "same" and self.padding_mode == "zeros" and self.stride == 1
        if same and any(n % 2 for n in border):
            even = tuple(n // 2 for n in border)
            padding = even[0] if len(set(even)) == 1 and self.axes == 1 else even
            return TorchCode(
                _padded_first((0,) * self.axes, tuple(n % 2 for n in border)), self.call(channels, padding)
            )
        return TorchCode("{self}({0})", self.call(channels))

    def summary(self) -> str:
        """Filters and kernel, and the stride if it fits."""
        short = f"{self.out_channels} @ {by(self.kernel_size, self.axes)}"
        move = str(self.stride) if isinstance(self.stride, int) else by(self.stride, self.axes)
        full = f"{short} · /{move}"
        return full if self.stride != 1 and len(full) <= 24 else short

    @property
    def kernel(self) -> tuple[int, ...]:
        """The kernel's size along each axis."""
        return per_axis(self.kernel_size, self.axes)

    def border(self) -> tuple[int, ...]:
        """How many numbers "same" or "causal" add in all along each axis."""
        dilation = per_axis(self.dilation, self.axes)
        return tuple(d * (k - 1) for d, k in zip(dilation, self.kernel, strict=True))

    def borders(self) -> tuple[tuple[int, int], ...]:
        """How many numbers are added before and after, along each axis."""
        if self.padding == "same":
            return tuple((n // 2, n - n // 2) for n in self.border())
        if self.padding == CAUSAL:
            return tuple((n, 0) for n in self.border())
        return tuple((n, n) for n in per_axis(self._number_padding(), self.axes))

    def _number_padding(self) -> Size:
        return 0 if isinstance(self.padding, str) else self.padding

    def _half_kernel(self) -> str:
        halves = [n // 2 for n in self.kernel]
        return str(halves[0]) if len(set(halves)) == 1 else ", ".join(map(str, halves))

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

    def _check_border(self, sizes: Shape) -> None:
        """A mirrored border must be narrower than the picture, one from the other side no wider."""
        if self.padding == CAUSAL and self.padding_mode != "zeros":
            raise ShapeError("would look into the future: a causal border can only be filled with zeros")
        if self.padding_mode not in ("reflect", "circular") or self.padding == "valid":
            return
        spare = 1 if self.padding_mode == "reflect" else 0
        widest = (max(ends) for ends in self.borders())
        if any(border > size - spare for border, size in zip(widest, sizes, strict=True)):
            raise ShapeError(
                f"has a border wider than the {NOUNS[self.axes]} of {by(sizes, self.axes)} that it is taken from: "
                "fill the border with zeros, or make the kernel or padding smaller"
            )


def _padded_first(before: tuple[int, ...], after: tuple[int, ...]) -> str:
    """The call on an input that has got its border by F.pad, which counts axes from the last."""
    ends = [n for pair in zip(reversed(before), reversed(after), strict=True) for n in pair]
    return f"{{self}}(F.pad({{0}}, ({', '.join(map(str, ends))})))"
