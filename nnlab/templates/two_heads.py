"""One trunk, two answers."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
Two questions about each picture: which digit is it, and is it even? The filters are shared, and each answer has layers, an \
Output and a loss of its own; the second counts half. The figure is that of the first answer.
Try next: another weight for an answer (at its Output), or a hidden layer in one of the heads.
"""


def make() -> Document:
    """The document of this template."""
    return Document(
        graph=wired(
            {
                "input": layer("Input"),
                "conv_1": layer("Conv2d", out_channels=16),
                "relu_1": layer("ReLU"),
                "conv_2": layer("Conv2d", out_channels=32),
                "relu_2": layer("ReLU"),
                "pool": layer("MaxPool2d"),
                "flat": layer("Flatten"),
                "shared": layer("Linear", out_features=64),
                "relu": layer("ReLU"),
                "digit_scores": layer("Linear", out_features=10),
                "parity_scores": layer("Linear", out_features=2),
                "digit": layer("Output", target="digit"),
                "parity": layer("Output", target="parity", weight=0.5),
            },
            *("input > conv_1", "conv_1 > relu_1", "relu_1 > conv_2", "conv_2 > relu_2", "relu_2 > pool"),
            *("pool > flat", "flat > shared", "shared > relu", "relu > digit_scores", "relu > parity_scores"),
            *("digit_scores > digit", "parity_scores > parity"),
        ),
        data=Data(dataset=DATASETS["digits"]().with_(parity=True)),
        training=Training(learning_rate=0.002, batch_size=32, epochs=10),
        title="Two heads",
        notes=NOTES,
    )


TEMPLATES.register("two-heads")(
    Template(
        "Two heads", "One trunk answers two questions, each with an Output and a loss of its own.", make, order=180
    )
)
