"""The smallest task that needs a hidden layer."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
Each of the four hidden units draws one line; the last layer puts the lines together.
Try next: remove the hidden layer and train again.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(4, 2, activation="Tanh"), layer("Output")),
        data=Data(dataset=DATASETS["xor"]()),
        training=Training(learning_rate=0.03, batch_size=16, epochs=100),
        title="XOR",
        notes=NOTES,
    )


EXAMPLES.register("xor")(
    Example(
        title="XOR",
        blurb="Four squares like a chessboard: see why one straight line is not enough, and four units are.",
        make=make,
        goal=0.9,
        order=20,
    )
)
