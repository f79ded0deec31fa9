"""A weighted sum."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
A weighted sum of ten measurements and a bias, fitted by the squared error: the oldest way to predict a number. Look at its \
weights: inputs are brought to one scale, so a large weight means a measurement that counts.
Try next: a Linear of 8 and a ReLU before it, and see whether validation gets better; or L1 under Training, which makes \
weights that do not count exactly 0.
"""


def make() -> Document:
    """The document of this template."""
    return Document(
        graph=chain(layer("Input"), layer("Linear", out_features=1), layer("Output")),
        data=Data(dataset=DATASETS["diabetes"](), standardise_targets=True),
        training=Training(learning_rate=0.01, batch_size=32, epochs=60),
        title="Linear regression",
        notes=NOTES,
    )


TEMPLATES.register("linear-regression")(
    Template("Linear regression", "A weighted sum, fitted to a table by the squared error.", make, order=20)
)
