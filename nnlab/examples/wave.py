"""Three waves made of straight pieces by one wide layer."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.schedule import SCHEDULES

NOTES = """\
Each of the 64 ReLU units adds one bend; between bends the curve is straight. One layer that is wide enough can bend \
itself to any curve, if training finds the right places for the bends.
Try next: 8 units, which cannot make six bends in the right places; or a second layer of 16.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(64, 1, activation="ReLU"), layer("Output")),
        data=Data(dataset=DATASETS["wave"]()),
        training=Training(learning_rate=0.03, batch_size=32, epochs=2000, schedule=SCHEDULES["one-cycle"]()),
        title="Three waves",
        notes=NOTES,
    )


EXAMPLES.register("wave")(
    Example(
        title="Three waves",
        blurb="One wide layer bends a straight line 64 times, until it follows three waves.",
        make=make,
        goal=0.9,
        order=65,
    )
)
