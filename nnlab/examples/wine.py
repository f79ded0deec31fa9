"""Three growers by thirteen measurements."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
The columns differ in size by a factor of a thousand.
Try next: turn standardising off under Data, and see how training suffers.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(16, 3, activation="ReLU"), layer("Output")),
        data=Data(dataset=DATASETS["wine"]()),
        training=Training(learning_rate=0.003, batch_size=16, epochs=60),
        title="Wine",
        notes=NOTES,
    )


EXAMPLES.register("wine")(
    Example(
        title="Wine",
        blurb="Find out who made a wine from thirteen numbers of its analysis.",
        make=make,
        goal=0.93,
        order=90,
    )
)
