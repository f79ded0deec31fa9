"""Handwritten digits read by dense layers."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
Flatten lays the 8 × 8 pixels out in one row of 64 numbers; the network no longer knows which pixels are neighbours.
Try next: the same digits with convolutions.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), layer("Flatten"), *dense(64, 10, activation="ReLU"), layer("Output")),
        data=Data(dataset=DATASETS["digits"]()),
        training=Training(learning_rate=0.003, batch_size=32, epochs=30, l2=0.0001),
        title="Digits, dense",
        notes=NOTES,
    )


EXAMPLES.register("digits-mlp")(
    Example(
        title="Digits, dense",
        blurb="Read handwritten digits with a network that sees all pixels at once.",
        make=make,
        goal=0.95,
        order=120,
    )
)
