"""Layers that only move numbers between channels and space."""

from dataclasses import dataclass

from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.arithmetic.windows import by, picture
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LAYERS.register("PixelShuffle")
@dataclass(frozen=True)
class PixelShuffle(Layer):
    """Makes pictures larger by laying several channels side by side as pixels.

    A convolution before it makes the channels; so a network learns to draw fine detail at the price of a coarse one.
    """

    title = "Pixel shuffle"
    category = "Convolution"
    tier = 3
    formula = "C·r² × H × W becomes C × H·r × W·r"
    fits = (((4, 3, 3),), ((8, 2, 5),))

    upscale_factor: int = param(2, "How many times as high and wide.", low=1, high=256, label="Factor")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Fewer channels, more pixels."""
        channels, height, width = picture(shapes[0])
        r = self.upscale_factor
        if channels % (r * r):
            raise ShapeError(
                f"cannot make pixels {by(r)} times as many out of {channels} channels: give it a multiple of {r * r} channels"
            )
        return (channels // (r * r), height * r, width * r)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.PixelShuffle."""
        return TorchCode("{self}({0})", module_call(self, self.upscale_factor, upscale_factor=None))

    def summary(self) -> str:
        """The factor."""
        return f"×{self.upscale_factor}"


@LAYERS.register("PixelUnshuffle")
@dataclass(frozen=True)
class PixelUnshuffle(Layer):
    """Makes pictures smaller without losing anything: neighbouring pixels become channels."""

    title = "Pixel unshuffle"
    category = "Convolution"
    tier = 3
    formula = "C × H·r × W·r becomes C·r² × H × W"
    fits = (((1, 8, 8),), ((3, 4, 6),))

    downscale_factor: int = param(2, "How many times less high and wide.", low=1, high=256, label="Factor")

    def output_shape(self, *shapes: Shape) -> Shape:
        """More channels, fewer pixels."""
        channels, height, width = picture(shapes[0])
        r = self.downscale_factor
        if height % r or width % r:
            raise ShapeError(
                f"cannot divide a picture of {by((height, width))} by {r}: use a factor that divides {height} and {width}"
            )
        return (channels * r * r, height // r, width // r)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.PixelUnshuffle."""
        return TorchCode("{self}({0})", module_call(self, self.downscale_factor, downscale_factor=None))

    def summary(self) -> str:
        """The factor."""
        return f"/{self.downscale_factor}"


@LAYERS.register("ChannelShuffle")
@dataclass(frozen=True)
class ChannelShuffle(Layer):
    """Deals the channels out like cards, so that groups that did not see each other mix at the next layer.

    For between two convolutions with groups. Nothing is learned and nothing is lost.
    """

    title = "Channel shuffle"
    category = "Convolution"
    tier = 3
    formula = "channel k of group g becomes channel g of group k"
    fits = (((4, 3, 3),), ((6, 5),))

    groups: int = param(2, "Into how many groups the channels are divided; it must divide them.", low=1, high=65_536)

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        (shape,) = shapes
        if len(shape) < 2:
            raise ShapeError(
                f"needs channels of signals or pictures, and gets {shape_text(shape)}: put it before any Flatten"
            )
        if shape[0] % self.groups:
            raise ShapeError(
                f"cannot divide {shape[0]} channels into {self.groups} groups: use a number that divides {shape[0]}"
            )
        return shape

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.ChannelShuffle."""
        return TorchCode("{self}({0})", module_call(self, self.groups, groups=None))

    def summary(self) -> str:
        """The groups."""
        return f"{self.groups} groups"
