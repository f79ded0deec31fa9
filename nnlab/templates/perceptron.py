"""One neuron."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
One neuron: two weights and a bias make a sum, and its sign says which of two clouds a point belongs to (Rosenblatt, 1958). \
The border is a straight line, and training turns and moves it.
Try next: under Data choose the chessboard, where no straight line will do; then put a Linear of 4 and a Tanh before it.
"""


def make() -> Document:
    """The document of this template."""
    return Document(
        graph=chain(layer("Input"), layer("Linear", out_features=1), layer("Output")),
        data=Data(dataset=DATASETS["blobs"]().with_(classes=2)),
        training=Training(learning_rate=0.05, epochs=30),
        title="Perceptron",
        notes=NOTES,
    )


TEMPLATES.register("perceptron")(
    Template("Perceptron", "One neuron draws one straight line between two clouds.", make, order=10)
)
