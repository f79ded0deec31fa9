"""Malignant or benign, by thirty measurements."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
A real medical table with thirty columns. For learning only, not for medicine.
Try next: more layers, and watch the gap between training and validation grow.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(layer("Input"), *dense(16, 2, activation="ReLU"), layer("Output")),
        data=Data(dataset=DATASETS["breast-cancer"]()),
        training=Training(learning_rate=0.003, batch_size=32, epochs=60, l2=0.01),
        title="Breast cancer",
        notes=NOTES,
    )


EXAMPLES.register("breast-cancer")(
    Example(
        title="Breast cancer",
        blurb="Tell dangerous from harmless tumours by measurements of their cells.",
        make=make,
        goal=0.94,
        order=100,
    )
)
