"""One ring inside another."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
A line around the middle is made of several straight ones, one for each hidden unit.
Try next: three rings, or only two hidden units.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(6, 2, activation="Tanh"), layer("Output")),
        data=Data(dataset=DATASETS["circles"]()),
        training=Training(learning_rate=0.03, batch_size=16, epochs=80),
        title="Circles",
        notes=NOTES,
    )


EXAMPLES.register("circles")(
    Example(
        title="Circles",
        blurb="See the network close a line around the inner ring.",
        make=make,
        goal=0.95,
        order=30,
    )
)
