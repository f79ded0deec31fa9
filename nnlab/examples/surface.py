"""Hills and valleys, learned from points."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
The network sees a place of the plane and has to say how high the land is there.
Try next: the saddle and the ripple.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(16, 16, 1, activation="Tanh"), layer("Output")),
        data=Data(dataset=DATASETS["surface"]()),
        training=Training(learning_rate=0.01, batch_size=16, epochs=150),
        title="Fit a surface",
        notes=NOTES,
    )


EXAMPLES.register("surface")(
    Example(
        title="Fit a surface",
        blurb="See hills and valleys rise out of a flat plain, point by point.",
        make=make,
        goal=0.9,
        order=70,
    )
)
