"""Handwritten digits read by convolutions."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
Look at the feature maps: each filter answers to a kind of stroke, wherever it stands.
Try next: fewer filters, or no pooling.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(
            layer("Input"),
            layer("Conv2d", out_channels=16),
            layer("ReLU"),
            layer("Conv2d", out_channels=32),
            layer("ReLU"),
            layer("MaxPool2d"),
            layer("Flatten"),
            layer("Dropout", p=0.3),
            layer("Linear", out_features=10),
            layer("Output"),
        ),
        data=Data(dataset=DATASETS["digits"]()),
        training=Training(learning_rate=0.002, batch_size=32, epochs=20),
        title="Digits, convolution",
        notes=NOTES,
    )


EXAMPLES.register("digits-cnn")(
    Example(
        title="Digits, convolution",
        blurb="Read handwritten digits with small filters that look for strokes and corners.",
        make=make,
        goal=0.97,
        order=130,
    )
)
