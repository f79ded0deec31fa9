"""Blocks that change the form: down and up a U-Net, rows through a small network, sequences to one answer, a code of chance."""

from nnlab.core.blocks.block import Block, named
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.chain import layer, wired
from nnlab.core.layer import Layer, Shape
from nnlab.core.ready import READY, ReadyBlock


def _channels(shape: Shape | None) -> int:
    return shape[0] if shape is not None and len(shape) == 3 else 16


def _twice(filters: int) -> dict[str, Layer]:
    """Two convolutions with their ReLUs."""
    return {
        "conv_1": layer("Conv2d", out_channels=filters),
        "relu_1": layer("ReLU"),
        "conv_2": layer("Conv2d", out_channels=filters),
        "relu_2": layer("ReLU"),
    }


TWICE = ("conv_1 > relu_1", "relu_1 > conv_2", "conv_2 > relu_2")
FILTERS = ("conv_1.out_channels", "conv_2.out_channels")


def unet_down(shape: Shape | None) -> Block:
    """Two convolutions, then half the size; what was before is let out as well."""
    parts = {"x": BlockInput(), **_twice(2 * _channels(shape)), "pool": layer("MaxPool2d")}
    parts |= {"y": BlockOutput(), "skip": BlockOutput(name="skip")}
    inner = wired(parts, "x > conv_1", *TWICE, "relu_2 > pool", "pool > y", "relu_2 > skip")
    return Block(inner=inner, promoted=named({"filters": FILTERS}))


def unet_up(shape: Shape | None) -> Block:
    """Twice the size, joined with what was kept on the way down, then two convolutions."""
    filters = max(1, _channels(shape) // 2)
    parts = {"x": BlockInput(), "skip": BlockInput(name="skip"), "up": layer("ConvTranspose2d", out_channels=filters)}
    parts |= {"join": layer("Concat"), **_twice(filters), "y": BlockOutput()}
    inner = wired(parts, "x > up", "up > join", "skip > join", "join > conv_1", *TWICE, "relu_2 > y")
    return Block(inner=inner, promoted=named({"filters": ("up.out_channels", *FILTERS)}))


def mlp(shape: Shape | None) -> Block:
    """Two Linear layers with an activation between."""
    inner = wired(
        {"x": BlockInput(), "wide": layer("Linear", out_features=32), "relu": layer("ReLU"),
         "narrow": layer("Linear", out_features=shape[-1] if shape else 16), "y": BlockOutput()},
        "x > wide", "wide > relu", "relu > narrow", "narrow > y",
    )  # fmt: skip
    return Block(inner=inner, promoted=named({"hidden": ("wide.out_features",), "units": ("narrow.out_features",)}))


def lstm_head(shape: Shape | None) -> Block:
    """Reads a sequence and answers with a score for each class."""
    inner = wired(
        {"x": BlockInput(), "lstm": layer("LSTM", hidden_size=32), "drop": layer("Dropout", p=0.2),
         "scores": layer("Linear", out_features=2), "y": BlockOutput()},
        "x > lstm", "lstm.last > drop", "drop > scores", "scores > y",
    )  # fmt: skip
    return Block(inner=inner, promoted=named({"memory": ("lstm.hidden_size",), "classes": ("scores.out_features",)}))


def vae_bottleneck(shape: Shape | None) -> Block:
    """A mean and a spread for each number of the code, and a code drawn from them."""
    inner = wired(
        {"x": BlockInput(), "mean": layer("Linear", out_features=2), "log_variance": layer("Linear", out_features=2),
         "draw": layer("Reparameterise"), "code": BlockOutput(name="code"), "kl": BlockOutput(name="kl")},
        "x > mean", "x > log_variance", "mean > draw.mean", "log_variance > draw.log_variance", "draw > code",
        "draw.kl > kl",
    )  # fmt: skip
    promoted = {"code_size": ("mean.out_features", "log_variance.out_features"), "beta": ("draw.beta",)}
    return Block(inner=inner, promoted=named(promoted))


PICTURES = ((16, 8, 8), (3, 12, 12))
ROWS = ((16,), (5,))

READY.register("unet-down")(
    ReadyBlock(
        "U-Net, down",
        "Two convolutions and half the size; what was before goes out by a second port, for the way up.",
        unet_down,
        2,
        PICTURES,
    )
)
READY.register("unet-up")(
    ReadyBlock(
        "U-Net, up",
        "Twice the size, joined with what was kept on the way down, and two convolutions.",
        unet_up,
        2,
    )
)
READY.register("mlp")(
    ReadyBlock("MLP", "Two Linear layers with a ReLU between: the smallest network that bends.", mlp, 2, ROWS)
)
READY.register("lstm-head")(
    ReadyBlock(
        "LSTM classifier head",
        "Reads a sequence step by step and answers with a score for each class.",
        lstm_head,
        2,
        ((12, 4), (5, 6)),
    )
)
READY.register("vae-bottleneck")(
    ReadyBlock(
        "VAE bottleneck",
        "A code drawn by chance around a learned mean; its second output goes to an Output as a penalty.",
        vae_bottleneck,
        3,
        ROWS,
    )
)
