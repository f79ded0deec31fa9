"""AlexNet, made small."""

from nnlab.core.chain import chain, layer, row_block
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.layer import Layer
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
AlexNet won the ImageNet contest of 2012 and began the years of deep networks (Krizhevsky and others). Here with its order of \
layers, five convolutions and three Linear layers, for pictures of 32 × 32 pixels: smaller windows, and a sixth of the filters.
Try next: take the local response norm away, or the dropout, and compare validation.
"""


def seen(filters: int, window: int) -> Layer:
    """Filters, what is positive of them, brought to one scale among neighbours, and half the size."""
    return row_block(
        "Conv, norm, pool",
        {
            "conv": layer("Conv2d", out_channels=filters, kernel_size=window),
            "relu": layer("ReLU"),
            "norm": layer("LocalResponseNorm", size=5),
            "pool": layer("MaxPool2d", kernel_size=3, stride=2, padding=1),
        },
        [("filters", ("conv.out_channels",)), ("window", ("conv.kernel_size",))],
    )


def filtered(filters: int) -> tuple[Layer, ...]:
    """Filters and what is positive of them."""
    return layer("Conv2d", out_channels=filters), layer("ReLU")


def judged(units: int) -> tuple[Layer, ...]:
    """Half of the numbers left out by chance, then as many units."""
    return layer("Dropout"), layer("Linear", out_features=units), layer("ReLU")


def make() -> Document:
    """The document of this template."""
    data = DATASETS["picworld"]()
    return Document(
        graph=chain(
            layer("Input"),
            seen(16, 5),
            seen(40, 5),
            *filtered(64),
            *filtered(64),
            *filtered(40),
            layer("MaxPool2d", kernel_size=3, stride=2, padding=1),
            layer("Flatten"),
            *judged(256),
            *judged(256),
            layer("Linear", out_features=data.spec().width),
            layer("Output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.001, batch_size=32, epochs=10),
        title="AlexNet, small",
        notes=NOTES,
    )


TEMPLATES.register("alexnet-mini")(
    Template("AlexNet, small", "Five convolutions, three Linear layers and dropout: what began it all.", make, order=60)
)
