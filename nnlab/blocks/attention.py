"""Blocks that weigh: which channels matter, which places, which words."""

from nnlab.core.blocks.block import Block, named
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.chain import layer, wired
from nnlab.core.layer import Layer, Shape
from nnlab.core.ready import READY, ReadyBlock

WIDTH = 32
REDUCTION = 16


def _channels(shape: Shape | None) -> int:
    return shape[0] if shape is not None and len(shape) == 3 else 16


def _width(shape: Shape | None) -> int:
    return shape[-1] if shape else WIDTH


def _gate(channels: int) -> dict[str, Layer]:
    """Layers that give each channel a number between 0 and 1."""
    return {
        "mean": layer("GlobalAvgPool2d", flatten=False),
        "squeeze": layer("Conv2d", out_channels=max(1, channels // REDUCTION), kernel_size=1),
        "relu": layer("ReLU"),
        "excite": layer("Conv2d", out_channels=channels, kernel_size=1),
        "weight": layer("Sigmoid"),
        "times": layer("Multiply"),
    }


GATE_WIRES = (
    "x > mean",
    "mean > squeeze",
    "squeeze > relu",
    "relu > excite",
    "excite > weight",
    "x > times",
    "weight > times",
)


def squeeze_excite(shape: Shape | None) -> Block:
    """Weighs the channels by their averages."""
    inner = wired({"x": BlockInput(), **_gate(_channels(shape)), "y": BlockOutput()}, *GATE_WIRES, "times > y")
    return Block(
        inner=inner, promoted=named({"squeezed": ("squeeze.out_channels",), "channels": ("excite.out_channels",)})
    )


def cbam_lite(shape: Shape | None) -> Block:
    """Weighs the channels, then the places."""
    places: dict[str, Layer] = {
        "across": layer("Reduce", kind="mean", dims="1", keepdim=True),
        "highest": layer("Reduce", kind="max", dims="1", keepdim=True),
        "both": layer("Concat"),
        "look": layer("Conv2d", out_channels=1, kernel_size=7),
        "place": layer("Sigmoid"),
        "times_place": layer("Multiply"),
    }
    inner = wired(
        {"x": BlockInput(), **_gate(_channels(shape)), **places, "y": BlockOutput()},
        *GATE_WIRES, "times > across", "times > highest", "across > both", "highest > both", "both > look",
        "look > place", "times > times_place", "place > times_place", "times_place > y",
    )  # fmt: skip
    return Block(
        inner=inner, promoted=named({"squeezed": ("squeeze.out_channels",), "channels": ("excite.out_channels",)})
    )


def encoder_layer(width: int, heads: int, pre_norm: bool, activation: str = "GELU", hidden: int | None = None) -> Block:
    """Attention and two Linear layers, each with a way round it; norms before them or after the additions."""
    parts: dict[str, Layer] = {
        "x": BlockInput(), "attention": layer("MultiheadAttention", num_heads=heads), "drop_1": layer("Dropout", p=0.1),
        "add_1": layer("Add"), "norm_1": layer("LayerNorm"), "wide": layer("Linear", out_features=hidden or 4 * width),
        "activation": layer(activation), "narrow": layer("Linear", out_features=width), "drop_2": layer("Dropout", p=0.1),
        "add_2": layer("Add"), "norm_2": layer("LayerNorm"), "y": BlockOutput(),
    }  # fmt: skip
    before = "norm_1" if pre_norm else "x"
    wires = [f"{before} > attention.q", f"{before} > attention.k", f"{before} > attention.v", "attention > drop_1"]
    wires += ["wide > activation", "activation > narrow", "narrow > drop_2"]
    if pre_norm:
        wires += ["x > norm_1", "x > add_1", "drop_1 > add_1", "add_1 > norm_2", "norm_2 > wide"]
        wires += ["add_1 > add_2", "drop_2 > add_2", "add_2 > y"]
    else:
        wires += ["x > add_1", "drop_1 > add_1", "add_1 > norm_1", "norm_1 > wide", "norm_1 > add_2"]
        wires += ["drop_2 > add_2", "add_2 > norm_2", "norm_2 > y"]
    promoted = {
        "heads": ("attention.num_heads",), "hidden": ("wide.out_features",), "width": ("narrow.out_features",),
        "dropout": ("drop_1.p", "drop_2.p"), "causal": ("attention.causal",),
    }  # fmt: skip
    return Block(inner=wired(parts, *wires), promoted=named(promoted))


def _heads(width: int) -> int:
    return next(n for n in (4, 2, 1) if width % n == 0)


PICTURES = ((16, 8, 8), (3, 12, 12))
SEQUENCES = ((12, 32), (5, 6))

READY.register("squeeze-excite")(
    ReadyBlock(
        "Squeeze and excite",
        "Looks at the mean of each channel and decides how much every one of them counts.",
        squeeze_excite,
        2,
        PICTURES,
    )
)
READY.register("cbam-lite")(
    ReadyBlock(
        "CBAM, small",
        "Decides which channels count, and then which places of the picture.",
        cbam_lite,
        3,
        PICTURES,
    )
)
READY.register("encoder-pre-norm")(
    ReadyBlock(
        "Encoder, norm first",
        "A transformer's brick as it is built today: norms before attention and Linear layers. Repeat it to go deep.",
        lambda shape: encoder_layer(_width(shape), _heads(_width(shape)), pre_norm=True),
        2,
        SEQUENCES,
    )
)
READY.register("encoder-post-norm")(
    ReadyBlock(
        "Encoder, norm last",
        "A transformer's brick as it was first published: norms after the additions.",
        lambda shape: encoder_layer(_width(shape), _heads(_width(shape)), pre_norm=False, activation="ReLU"),
        2,
        SEQUENCES,
    )
)
