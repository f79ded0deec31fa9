"""Two branches with the same weights."""

from dataclasses import replace

from nnlab.core.chain import layer, row_block, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import Graph
from nnlab.core.layer import Layer
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
Both pictures go through the same network: the second branch uses the weights of the first, and both learn together. What \
is compared in the end is how much their two rows of numbers point the same way (Bromley and others, 1993). It is never \
told what a 3 is, only whether two pictures are alike.
Try next: give the second branch weights of its own (Learning, in its settings), and see it need more pairs.
"""


def twin() -> Layer:
    """A small network that makes a row of numbers of a picture."""
    return row_block(
        "Twin",
        {
            "conv_1": layer("Conv2d", out_channels=16),
            "relu_1": layer("ReLU"),
            "conv_2": layer("Conv2d", out_channels=32),
            "relu_2": layer("ReLU"),
            "pool": layer("MaxPool2d"),
            "flat": layer("Flatten"),
            "features": layer("Linear", out_features=32),
        },
    )


def network() -> Graph:
    """Two twins, how much what they say points the same way, and a verdict."""
    graph = wired(
        {
            "first": layer("Input", source="first"),
            "second": layer("Input", source="second"),
            "twin": twin(),
            "other_twin": twin(),
            "alike": layer("CosineSimilarity"),
            "one_number": layer("Unsqueeze", dim=1),
            "verdict": layer("Linear", out_features=2),
            "output": layer("Output"),
        },
        *("first > twin", "second > other_twin", "twin > alike", "other_twin > alike"),
        *("alike > one_number", "one_number > verdict", "verdict > output"),
    )
    other = graph.node("other_twin")
    return graph.with_node(replace(other, learning=other.learning.with_(shares="twin")))


def make() -> Document:
    """The document of this template."""
    return Document(
        graph=network(),
        data=Data(dataset=DATASETS["digit-pairs"](), standardise=False),
        training=Training(learning_rate=0.002, batch_size=32, epochs=15),
        title="Siamese network",
        notes=NOTES,
    )


TEMPLATES.register("siamese")(
    Template(
        "Siamese network", "Two branches with the same weights say whether two pictures are alike.", make, order=170
    )
)
