"""A classifier with one answer: 10, 32, 16, 1."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
One output is enough for two classes: it says how likely yes is. Export the code to see three linear layers in plain PyTorch.
Try next: remove the hidden layers, and see what one flat border is worth.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(32, 16, 1, activation="ReLU"), layer("Output")),
        data=Data(dataset=DATASETS["ten-features"]()),
        training=Training(loss="bce", learning_rate=0.003, batch_size=32, epochs=40),
        title="Yes or no",
        notes=NOTES,
    )


EXAMPLES.register("binary-classifier")(
    Example(
        title="Yes or no",
        blurb="A classic for tables: ten numbers in, one yes or no out, with an honest probability.",
        make=make,
        goal=0.9,
        order=140,
    )
)
