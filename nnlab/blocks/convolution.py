"""Blocks of convolutions: plain, side by side, one feeding all later ones, narrow and wide."""

from nnlab.core.blocks.block import Block, named
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.chain import layer, wired
from nnlab.core.layer import Layer, Shape
from nnlab.core.ready import READY, ReadyBlock

FILTERS = 16


def channels_of(shape: Shape | None) -> int:
    """How many channels the wire has, or a usual number."""
    return shape[0] if shape is not None and len(shape) == 3 else FILTERS


def conv(filters: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> Layer:
    """A convolution without bias, as one before a batch norm has it."""
    padding = kernel // 2 if stride > 1 else "same"
    return layer(
        "Conv2d", out_channels=filters, kernel_size=kernel, stride=stride, padding=padding, groups=groups, bias=False
    )


def conv_bn_relu(shape: Shape | None) -> Block:
    """Convolution, batch norm, ReLU."""
    inner = wired(
        {"x": BlockInput(), "conv": conv(channels_of(shape)), "norm": layer("BatchNorm2d"), "relu": layer("ReLU"),
         "y": BlockOutput()},
        "x > conv", "conv > norm", "norm > relu", "relu > y",
    )  # fmt: skip
    return Block(inner=inner, promoted=named({"filters": ("conv.out_channels",), "kernel_size": ("conv.kernel_size",)}))


def dense_block(shape: Shape | None) -> Block:
    """Three convolutions, each of which sees everything that came before it."""
    parts: dict[str, Layer] = {"x": BlockInput()}
    wires, seen = [], "x"
    for k in (1, 2, 3):
        parts |= {f"norm_{k}": layer("BatchNorm2d"), f"relu_{k}": layer("ReLU"), f"conv_{k}": conv(8)}
        parts[f"join_{k}"] = layer("Concat")
        wires += [f"{seen} > norm_{k}", f"norm_{k} > relu_{k}", f"relu_{k} > conv_{k}"]
        wires += [f"{seen} > join_{k}", f"conv_{k} > join_{k}"]
        seen = f"join_{k}"
    inner = wired({**parts, "y": BlockOutput()}, *wires, f"{seen} > y")
    return Block(inner=inner, promoted=named({"growth": tuple(f"conv_{k}.out_channels" for k in (1, 2, 3))}))


def inception(shape: Shape | None) -> Block:
    """Windows of several sizes side by side, joined."""
    pool = layer("MaxPool2d", kernel_size=3, stride=1, padding=1)
    inner = wired(
        {"x": BlockInput(), "one": conv(8, 1), "narrow_three": conv(8, 1), "three": conv(8, 3),
         "narrow_five": conv(4, 1), "five": conv(4, 5), "pool": pool, "after_pool": conv(4, 1),
         "join": layer("Concat"), "relu": layer("ReLU"), "y": BlockOutput()},
        "x > one", "x > narrow_three", "narrow_three > three", "x > narrow_five", "narrow_five > five", "x > pool",
        "pool > after_pool", "one > join", "three > join", "five > join", "after_pool > join", "join > relu", "relu > y",
    )  # fmt: skip
    promoted = {
        "ones": ("one.out_channels",), "threes": ("three.out_channels",), "fives": ("five.out_channels",),
        "pooled": ("after_pool.out_channels",),
    }  # fmt: skip
    return Block(inner=inner, promoted=named(promoted))


def inverted_residual(shape: Shape | None) -> Block:
    """Widen, filter each channel alone, narrow again, and add what came in."""
    width = channels_of(shape)
    inner = wired(
        {"x": BlockInput(), "widen": conv(4 * width, 1), "norm_1": layer("BatchNorm2d"), "relu_1": layer("ReLU6"),
         "each": layer("DepthwiseConv2d", bias=False), "norm_2": layer("BatchNorm2d"), "relu_2": layer("ReLU6"),
         "narrow": conv(width, 1), "norm_3": layer("BatchNorm2d"), "add": layer("Add"), "y": BlockOutput()},
        "x > widen", "widen > norm_1", "norm_1 > relu_1", "relu_1 > each", "each > norm_2", "norm_2 > relu_2",
        "relu_2 > narrow", "narrow > norm_3", "norm_3 > add", "x > add", "add > y",
    )  # fmt: skip
    return Block(inner=inner, promoted=named({"wide": ("widen.out_channels",), "filters": ("narrow.out_channels",)}))


def patch_gan(shape: Shape | None) -> Block:
    """One step of a discriminator that judges patches: half the size, twice the channels."""
    filters = 2 * channels_of(shape)
    inner = wired(
        {"x": BlockInput(), "conv": layer("Conv2d", out_channels=filters, kernel_size=4, stride=2, padding=1, bias=False),
         "norm": layer("InstanceNorm2d"), "relu": layer("LeakyReLU", negative_slope=0.2), "y": BlockOutput()},
        "x > conv", "conv > norm", "norm > relu", "relu > y",
    )  # fmt: skip
    return Block(inner=inner, promoted=named({"filters": ("conv.out_channels",)}))


PICTURES = ((16, 8, 8), (3, 12, 12))

READY.register("conv-bn-relu")(
    ReadyBlock(
        "Conv-BN-ReLU",
        "Convolution, batch norm and ReLU: the brick of most picture networks.",
        conv_bn_relu,
        2,
        PICTURES,
    )
)
READY.register("dense-block")(
    ReadyBlock(
        "Dense block",
        "Each convolution sees everything before it, so nothing is computed twice.",
        dense_block,
        3,
        PICTURES,
    )
)
READY.register("inception")(
    ReadyBlock("Inception", "Windows of several sizes look at the same picture side by side.", inception, 3, PICTURES)
)
READY.register("inverted-residual")(
    ReadyBlock(
        "Inverted residual",
        "Widens, filters each channel alone and narrows again: MobileNet's cheap brick.",
        inverted_residual,
        3,
        PICTURES,
    )
)
READY.register("patch-gan")(
    ReadyBlock(
        "PatchGAN step",
        "Halves the picture and doubles the channels: a judge of patches is a row of these.",
        patch_gan,
        3,
        PICTURES,
    )
)
