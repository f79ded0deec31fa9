"""Drawn objects told apart by a small convolutional network."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.layer import Layer
from nnlab.core.schedule import SCHEDULES

NOTES = """\
Colours are drawn by lot, so shape alone tells a cat from a car. Look at the feature maps from left to right: edges \
first, then ears and wheels, then one number for each of 64 patterns, wherever in the picture it was found.
Try next: raise the level of the data to 1, or turn up one trouble alone (place, light, background, angle, focus) and \
see which of them hurts most; then predict the parts of each object.
"""


def stage(filters: int) -> tuple[Layer, ...]:
    """Filters, their results brought to one scale, and a picture half as wide."""
    return (
        layer("Conv2d", out_channels=filters, bias=False),
        layer("BatchNorm2d"),
        layer("ReLU"),
        layer("MaxPool2d"),
    )


def make() -> Document:
    """The document of this example."""
    data = DATASETS["picworld"]()
    return Document(
        graph=chain(
            layer("Input"),
            *stage(16),
            *stage(32),
            *stage(64),
            layer("GlobalMaxPool2d"),
            layer("Linear", out_features=data.spec().width),
            layer("Output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.006, schedule=SCHEDULES["one-cycle"](), batch_size=16, epochs=4, threads=1),
        title="PicWorld",
        notes=NOTES,
    )


EXAMPLES.register("picworld-cnn")(
    Example(
        title="PicWorld",
        blurb="Tell cats, cars and flowers apart by their shapes: edges become parts, and parts become objects.",
        make=make,
        goal=0.95,
        order=200,
    )
)
