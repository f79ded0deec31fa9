"""A wave, learned from noisy points."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
The network sees x and has to say y. The points are noisy, so a perfect score is neither possible nor wanted.
Try next: other shapes of curve, fewer units.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(16, 16, 1, activation="Tanh"), layer("Output")),
        data=Data(dataset=DATASETS["curve"]()),
        training=Training(learning_rate=0.01, batch_size=16, epochs=200),
        title="Fit a curve",
        notes=NOTES,
    )


EXAMPLES.register("curve")(
    Example(
        title="Fit a curve",
        blurb="Watch a straight line bend into a wave that runs through the points.",
        make=make,
        goal=0.85,
        order=60,
    )
)
