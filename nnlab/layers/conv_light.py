"""Convolutions with few weights: by channel, by point, and the two in a row."""

from dataclasses import dataclass
from typing import Any

from nnlab.core.arithmetic import filter_steps
from nnlab.core.arithmetic.filters import Filters
from nnlab.core.arithmetic.windows import WINDOW_LIMIT, Size, by, picture
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Call, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError

BIAS_WHY = "Add a learned constant to every map."
CHANNEL_LIMIT = 65_536  # maps that one layer may put out


def _kernel() -> Any:
    why = "Height and width of a filter."
    return param(3, why, kind="size", axes=2, low=1, high=WINDOW_LIMIT, label="Kernel")


def _stride() -> Any:
    return param(1, "How far the filter moves at each step.", kind="size", axes=2, low=1, high=WINDOW_LIMIT)


def _padding() -> Any:
    return param(
        "same",
        "Width of the border around the picture. Same: as wide as needed to keep the size. Valid: none.",
        kind="size",
        axes=2,
        low=0,
        high=WINDOW_LIMIT,
        choices={"same": "Same", "valid": "Valid"},
    )


def _dilation() -> Any:
    why = "Distance between the points a filter looks at; above 1 it sees further with as many weights."
    return param(1, why, kind="size", axes=2, low=1, high=WINDOW_LIMIT, advanced=True)


def _multiplier() -> Any:
    return param(1, "How many filters each channel has.", low=1, high=64)


@LAYERS.register("DepthwiseConv2d")
@dataclass(frozen=True)
class DepthwiseConv2d(Layer):
    """Slides one small filter over each channel by itself: cheap, but channels do not mix.

    A pointwise convolution after it mixes them; the two together do nearly the work of a full convolution with a
    fraction of its weights.
    """

    title = "Depthwise conv 2-D"
    category = "Convolution"
    tier = 2
    formula = "yⱼ = wⱼ ∗ xⱼ + bⱼ, each channel by itself"

    multiplier: int = _multiplier()
    kernel_size: Size = _kernel()
    stride: Size = _stride()
    padding: str | Size = _padding()
    dilation: Size = _dilation()
    bias: bool = param(True, BIAS_WHY)

    def filters(self, channels: int) -> Filters:
        """What it does, said in general: a convolution with as many groups as channels."""
        return Filters(
            2,
            channels * self.multiplier,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            channels,
            self.bias,
        )

    def output_shape(self, *shapes: Shape) -> Shape:
        """So many maps per channel; sizes as of a convolution."""
        channels, _, _ = picture(shapes[0])
        _check_many(channels * self.multiplier)
        return self.filters(channels).output_shape(shapes[0])

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """One small picture of weights per filter, and the biases."""
        return self.filters(shapes[0][0]).parameter_shapes(shapes[0])

    def flops(self, *shapes: Shape) -> int:
        """A multiply and an add per weight at every place of the output."""
        return self.filters(shapes[0][0]).flops(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Conv2d with a group for each channel."""
        return self.filters(shapes[0][0]).torch_code(shapes[0])

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The filter laid on its channel, number times number, and all of it added up."""
        return filter_steps.forward(self.filters(len(spot.inputs[0])), self.formula, spot)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """A weight's gradient: what it was laid on times the gradient there, over all places and samples."""
        return filter_steps.backward(self.filters(len(spot.inputs[0])), spot)

    def summary(self) -> str:
        """Filters per channel, and the kernel."""
        return f"×{self.multiplier} @ {by(self.kernel_size)}"


@LAYERS.register("PointwiseConv2d")
@dataclass(frozen=True)
class PointwiseConv2d(Layer):
    """Mixes the channels at each point of a picture by itself: a Linear layer for every pixel, the same for all.

    Also called a 1×1 convolution. It changes how many maps there are and leaves the picture's size alone.
    """

    title = "Pointwise conv 1×1"
    category = "Convolution"
    tier = 2
    formula = "yⱼ = Σᵢ wⱼᵢ xᵢ + bⱼ at each point"

    out_channels: int = param(
        16, "How many filters, and so how many maps come out.", low=1, high=65_536, label="Filters"
    )
    stride: Size = _stride()
    bias: bool = param(True, BIAS_WHY)

    @property
    def filters(self) -> Filters:
        """What it does, said in general: a convolution whose window is one point."""
        return Filters(2, self.out_channels, 1, self.stride, bias=self.bias)

    def output_shape(self, *shapes: Shape) -> Shape:
        """One map per filter; the size is kept, or divided by the stride."""
        return self.filters.output_shape(shapes[0])

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """One weight per filter and channel, and the biases."""
        return self.filters.parameter_shapes(shapes[0])

    def flops(self, *shapes: Shape) -> int:
        """A multiply and an add per weight at every point."""
        return self.filters.flops(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Conv2d with a kernel of 1."""
        return self.filters.torch_code(shapes[0])

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The weighted sum of the channels at this point."""
        return filter_steps.forward(self.filters, self.formula, spot)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """A weight's gradient: its channel times the gradient, over all points and samples."""
        return filter_steps.backward(self.filters, spot)

    def summary(self) -> str:
        """Filters, and whether there is a bias."""
        return f"{self.out_channels} · bias" if self.bias else f"{self.out_channels}"


@LAYERS.register("SeparableConv2d")
@dataclass(frozen=True)
class SeparableConv2d(Layer):
    """A convolution in two cheap steps: a filter over each channel by itself, then a mix of the channels at each point.

    With 3×3 filters it has about a ninth of the weights of a full convolution and is often nearly as good: the trick
    of networks for phones.
    """

    title = "Separable conv 2-D"
    category = "Convolution"
    tier = 2
    formula = "dᵢ = vᵢ ∗ xᵢ, then yⱼ = Σᵢ wⱼᵢ dᵢ + bⱼ"

    out_channels: int = param(16, "How many maps come out after the mix.", low=1, high=65_536, label="Filters")
    multiplier: int = _multiplier()
    kernel_size: Size = _kernel()
    stride: Size = _stride()
    padding: str | Size = _padding()
    dilation: Size = _dilation()
    bias: bool = param(True, "Add a learned constant to every map, after each of the two steps.")

    def output_shape(self, *shapes: Shape) -> Shape:
        """One map per filter; sizes as of a convolution."""
        channels, _, _ = picture(shapes[0])
        _check_many(channels * self.multiplier)
        _, height, width = self._first(channels).output_shape(shapes[0])
        return (self.out_channels, height, width)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """Those of both steps, by their place in the row."""
        first = self._first(shapes[0][0])
        between = first.output_shape(shapes[0])
        steps = (first.parameter_shapes(shapes[0]), self._second().parameter_shapes(between))
        return {f"{k}.{name}": shape for k, each in enumerate(steps) for name, shape in each.items()}

    def flops(self, *shapes: Shape) -> int:
        """Those of both steps."""
        first = self._first(shapes[0][0])
        return first.flops(shapes[0]) + self._second().flops(first.output_shape(shapes[0]))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """Two nn.Conv2d in an nn.Sequential."""
        first = self._first(shapes[0][0])
        code = first.torch_code(shapes[0])
        assert code.module is not None
        second = self._second().call(first.out_channels)
        return TorchCode(code.forward, Call("nn.Sequential", (code.module, second)))

    def summary(self) -> str:
        """Filters and kernel."""
        return f"{self.out_channels} @ {by(self.kernel_size)}"

    def _first(self, channels: int) -> Filters:
        many = channels * self.multiplier
        return Filters(
            2, many, self.kernel_size, self.stride, self.padding, self.dilation, groups=channels, bias=self.bias
        )

    def _second(self) -> Filters:
        return Filters(2, self.out_channels, 1, bias=self.bias)


def _check_many(filters: int) -> None:
    if filters > CHANNEL_LIMIT:
        raise ShapeError(f"would have {filters} filters, one for each channel times the multiplier: make it smaller")
