"""Three clouds, three straight borders."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
One layer without hidden units can only draw straight borders, and here that is all it takes.
Try next: more clouds, or more noise.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(3, activation="Tanh"), layer("Output")),
        data=Data(dataset=DATASETS["blobs"]()),
        training=Training(learning_rate=0.03, batch_size=16, epochs=50),
        title="Blobs",
        notes=NOTES,
    )


EXAMPLES.register("blobs")(
    Example(
        title="Blobs",
        blurb="The simplest network of all: one layer, three straight borders between three clouds.",
        make=make,
        goal=0.95,
        order=50,
    )
)
