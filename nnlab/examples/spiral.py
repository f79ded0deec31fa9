"""Two spirals, parted by three small layers."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
Press Train and keep an eye on the boundary: first a straight cut, then a curl, then a whole spiral.
Try next: remove two of the layers, or give the data a third arm.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(8, 8, 8, 2, activation="Tanh"), layer("Output")),
        data=Data(dataset=DATASETS["spiral"]()),
        training=Training(learning_rate=0.002, batch_size=16, epochs=800),
        title="Spiral",
        notes=NOTES,
    )


EXAMPLES.register("spiral")(
    Example(
        title="Spiral",
        blurb="Watch the border between two spirals bend until it winds between them.",
        make=make,
        goal=0.95,
        order=10,
    )
)
