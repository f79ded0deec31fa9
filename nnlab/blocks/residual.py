"""Residual blocks: what comes in is added to what the layers make of it, so that very deep networks still learn."""

from nnlab.core.blocks.block import Block, named
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.chain import layer, wired
from nnlab.core.layer import Layer, Shape
from nnlab.core.ready import READY, ReadyBlock

FILTERS = 16
SQUEEZE = 4  # how much narrower the middle of a bottleneck is


def _conv(filters: int, kernel: int, stride: int | None = None) -> Layer:
    """A convolution that keeps the size, or one whose stride may be set: "same" would refuse any but 1."""
    padding = "same" if stride is None else kernel // 2
    stride = stride or 1
    return layer("Conv2d", out_channels=filters, kernel_size=kernel, stride=stride, padding=padding, bias=False)


def _channels(shape: Shape | None) -> int:
    return shape[0] if shape is not None and len(shape) == 3 else FILTERS


def _finished(
    parts: dict[str, Layer], wires: list[str], last: str, projected: tuple[int, int] | None
) -> tuple[dict[str, Layer], list[str]]:
    """With the way round the layers: straight, or through a 1×1 convolution of so many filters and such a stride."""
    skip = "x"
    if projected is not None:
        filters, stride = projected
        parts |= {"projection": _conv(filters, 1, stride), "projection_norm": layer("BatchNorm2d")}
        wires += ["x > projection", "projection > projection_norm"]
        skip = "projection_norm"
    parts |= {"add": layer("Add"), "relu_out": layer("ReLU"), "y": BlockOutput()}
    return parts, [*wires, f"{last} > add", f"{skip} > add", "add > relu_out", "relu_out > y"]


def basic(filters: int, stride: int = 1, project: bool = False) -> Block:
    """Two 3×3 convolutions and the way round them."""
    parts: dict[str, Layer] = {
        "x": BlockInput(), "conv_1": _conv(filters, 3, stride if project else None), "norm_1": layer("BatchNorm2d"), "relu": layer("ReLU"),
        "conv_2": _conv(filters, 3), "norm_2": layer("BatchNorm2d"),
    }  # fmt: skip
    wires = ["x > conv_1", "conv_1 > norm_1", "norm_1 > relu", "relu > conv_2", "conv_2 > norm_2"]
    parts, wires = _finished(parts, wires, "norm_2", (filters, stride) if project else None)
    spots = ["conv_1.out_channels", "conv_2.out_channels"]
    promoted = {"filters": tuple([*spots, "projection.out_channels"] if project else spots)}
    promoted |= {"stride": ("conv_1.stride", "projection.stride")} if project else {}
    return Block(inner=wired(parts, *wires), promoted=named(promoted))


def bottleneck(filters: int, stride: int = 1, project: bool = False) -> Block:
    """Narrow, a 3×3 convolution, wide again, and the way round them."""
    narrow = max(1, filters // SQUEEZE)
    parts: dict[str, Layer] = {
        "x": BlockInput(), "narrow": _conv(narrow, 1), "norm_1": layer("BatchNorm2d"), "relu_1": layer("ReLU"),
        "conv": _conv(narrow, 3, stride if project else None), "norm_2": layer("BatchNorm2d"), "relu_2": layer("ReLU"),
        "widen": _conv(filters, 1), "norm_3": layer("BatchNorm2d"),
    }  # fmt: skip
    wires = ["x > narrow", "narrow > norm_1", "norm_1 > relu_1", "relu_1 > conv", "conv > norm_2", "norm_2 > relu_2"]
    wires += ["relu_2 > widen", "widen > norm_3"]
    parts, wires = _finished(parts, wires, "norm_3", (filters, stride) if project else None)
    spots = ["widen.out_channels", "projection.out_channels"] if project else ["widen.out_channels"]
    promoted = {"filters": tuple(spots), "narrow": ("narrow.out_channels", "conv.out_channels")}
    promoted |= {"stride": ("conv.stride", "projection.stride")} if project else {}
    return Block(inner=wired(parts, *wires), promoted=named(promoted))


PICTURES = ((16, 8, 8), (3, 12, 12))

READY.register("residual")(
    ReadyBlock(
        "Residual block",
        "Two convolutions, and what came in is added to what they make: ResNet's brick.",
        lambda shape: basic(_channels(shape)),
        2,
        PICTURES,
    )
)
READY.register("residual-down")(
    ReadyBlock(
        "Residual, half size",
        "Halves the picture and doubles the channels; a 1×1 convolution brings what came in to the same size.",
        lambda shape: basic(2 * _channels(shape), 2, project=True),
        2,
        PICTURES,
    )
)
READY.register("bottleneck")(
    ReadyBlock(
        "Residual bottleneck",
        "A residual block whose 3×3 convolution works on fewer channels: cheap enough for very deep networks.",
        lambda shape: bottleneck(_channels(shape), project=True),
        3,
        PICTURES,
    )
)
READY.register("bottleneck-same")(
    ReadyBlock(
        "Bottleneck, same size",
        "A residual bottleneck whose way round is straight: what stands between two that change the size.",
        lambda shape: bottleneck(_channels(shape)),
        3,
        PICTURES[:1],
    )
)
