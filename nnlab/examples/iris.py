"""Three kinds of flowers by four lengths."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
Setosa is easy; Versicolor and Virginica overlap a little, so some flowers stay in doubt.
Try next: watch the border over two inputs of your choice.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(8, 3, activation="Tanh"), layer("Output")),
        data=Data(dataset=DATASETS["iris"](), validation=0.3, split_seed=1),
        training=Training(learning_rate=0.01, batch_size=16, epochs=100),
        title="Iris flowers",
        notes=NOTES,
    )


EXAMPLES.register("iris")(
    Example(
        title="Iris flowers",
        blurb="Tell three kinds of flowers apart by the length and width of their leaves.",
        make=make,
        goal=0.93,
        order=80,
    )
)
