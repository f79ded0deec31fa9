"""LeNet-5, the first widely used convolutional network."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.layer import Layer
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
LeNet-5 read the digits on cheques in the 1990s (LeCun and others, 1998). It takes pictures of 32 × 32 pixels, so those of \
8 × 8 are enlarged first; from there on the sizes and the 61,706 weights are its own, but each map of the second convolution \
sees all maps before it, as is usual today.
Try next: ReLU in the place of Tanh, and maxima in the place of means.
"""


def stage(filters: int) -> tuple[Layer, ...]:
    """Filters of 5 × 5 without a border, and half the size."""
    return (
        layer("Conv2d", out_channels=filters, kernel_size=5, padding=0),
        layer("Tanh"),
        layer("AvgPool2d"),
    )


def make() -> Document:
    """The document of this template."""
    return Document(
        graph=chain(
            layer("Input"),
            layer("Upsample", scale_factor=4, mode="linear"),
            *stage(6),
            *stage(16),
            layer("Flatten"),
            layer("Linear", out_features=120),
            layer("Tanh"),
            layer("Linear", out_features=84),
            layer("Tanh"),
            layer("Linear", out_features=10),
            layer("Output"),
        ),
        data=Data(dataset=DATASETS["digits"]()),
        training=Training(learning_rate=0.002, batch_size=32, epochs=10),
        title="LeNet-5",
        notes=NOTES,
    )


TEMPLATES.register("lenet-5")(
    Template("LeNet-5", "Convolution, mean, convolution, mean: the network that read cheques.", make, order=50)
)
