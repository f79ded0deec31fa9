"""Two crescents that reach into each other."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
With ReLU the border is made of straight pieces; with Tanh it is smooth.
Try next: swap the activations and compare.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(8, 8, 2, activation="ReLU"), layer("Output")),
        data=Data(dataset=DATASETS["moons"]()),
        training=Training(learning_rate=0.01, batch_size=16, epochs=100),
        title="Moons",
        notes=NOTES,
    )


EXAMPLES.register("moons")(
    Example(
        title="Moons",
        blurb="Watch a straight border become a wave between two crescents.",
        make=make,
        goal=0.95,
        order=40,
    )
)
