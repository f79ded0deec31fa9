"""The two networks of a DCGAN, joined."""

from nnlab.core.chain import layer, row_block, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import Graph
from nnlab.core.layer import Layer
from nnlab.core.template import TEMPLATES, Template

CODE, FILTERS = 12, 24

NOTES = """\
NNLab does not train two networks against each other yet. Here are the two of a DCGAN (Radford and others, 2015), joined so \
that they can be trained: the one that judges, without its last yes or no, squeezes a picture into twelve numbers; the one \
that draws makes a picture of them. So this is an autoencoder, and what it draws is what it saw, not something new.
The rules of a DCGAN are all here: no pooling but strides, transposed convolutions to grow, batch norm, leaky ReLU where it \
judges and ReLU where it draws.
Try next: a VAE bottleneck between the two, with its kl at an Output of its own: then new pictures can be drawn from chance.
"""


def discriminator() -> Layer:
    """Strides instead of pooling, and leaky ReLU; no batch norm at the picture."""
    window: dict[str, object] = {"kernel_size": 4, "stride": 2, "padding": 1}
    return row_block(
        "Discriminator",
        {
            "conv_1": layer("Conv2d", out_channels=FILTERS, **window),
            "relu_1": layer("LeakyReLU", negative_slope=0.2),
            "conv_2": layer("Conv2d", out_channels=2 * FILTERS, bias=False, **window),
            "norm_2": layer("BatchNorm2d"),
            "relu_2": layer("LeakyReLU", negative_slope=0.2),
            "flat": layer("Flatten"),
            "code": layer("Linear", out_features=CODE),
        },
    )


def generator() -> Layer:
    """Transposed convolutions that grow a code into a picture."""
    window: dict[str, object] = {"kernel_size": 4, "stride": 2, "padding": 1}
    return row_block(
        "Generator",
        {
            "spread": layer("Linear", out_features=2 * FILTERS * 4),
            "shape": layer("Unflatten", dim=1, unflattened_size=f"{2 * FILTERS}, 2, 2"),
            "norm_1": layer("BatchNorm2d"),
            "relu_1": layer("ReLU"),
            "grow_1": layer("ConvTranspose2d", out_channels=FILTERS, bias=False, **window),
            "norm_2": layer("BatchNorm2d"),
            "relu_2": layer("ReLU"),
            "grow_2": layer("ConvTranspose2d", out_channels=1, **window),
            "ink": layer("Sigmoid"),
        },
    )


def network() -> Graph:
    """Judge and painter, one after the other."""
    return wired(
        {
            "input": layer("Input"),
            "discriminator": discriminator(),
            "generator": generator(),
            "output": layer("Output"),
        },
        *("input > discriminator", "discriminator > generator", "generator > output"),
    )


def make() -> Document:
    """The document of this template."""
    return Document(
        graph=network(),
        data=Data(dataset=DATASETS["digits"](), answer="input", standardise=False),
        training=Training(learning_rate=0.002, batch_size=32, epochs=20),
        title="DCGAN, its two halves",
        notes=NOTES,
    )


TEMPLATES.register("dcgan-halves")(
    Template(
        "DCGAN, its two halves",
        "The networks that judge and draw, joined to an autoencoder: not trained as rivals.",
        make,
        order=110,
    )
)
