"""How an illness goes on, by ten measurements."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
No method explains much more than half of these numbers, and a larger network only learns them by heart.
Try next: 64 units, 500 epochs and no weight decay, and watch the validation loss climb.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(16, 1, activation="ReLU"), layer("Output")),
        data=Data(dataset=DATASETS["diabetes"](), standardise_targets=True),
        training=Training(learning_rate=0.003, batch_size=32, epochs=60, l2=0.01),
        title="Diabetes",
        notes=NOTES,
    )


EXAMPLES.register("diabetes")(
    Example(
        title="Diabetes",
        blurb="Predict a number where much is chance: see how honest validation keeps a network modest.",
        make=make,
        goal=0.35,
        order=110,
    )
)
