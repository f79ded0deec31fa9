"""A network that values steps, as for playing games."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.layer import Layer
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
A picture of a maze in, a value for each of four steps out: whoever always takes the step of the highest value finds the goal. \
This is the network of a DQN (Mnih and others, 2015). NNLab does not let it play: it learns from values that were worked out \
exactly, so what is trained here is its last part, a regression.
Try next: fewer convolutions, so that it does not see as far; or more walls, under Data.
"""


def filtered(filters: int) -> tuple[Layer, ...]:
    """Filters and what is positive of them."""
    return layer("Conv2d", out_channels=filters), layer("ReLU")


def make() -> Document:
    """The document of this template."""
    data = DATASETS["maze"]()
    return Document(
        graph=chain(
            layer("Input"),
            *filtered(32),
            *filtered(64),
            *filtered(64),
            layer("Flatten"),
            layer("Linear", out_features=128),
            layer("ReLU"),
            layer("Linear", out_features=data.spec().width),
            layer("Output"),
        ),
        data=Data(dataset=data, standardise=False),
        training=Training(learning_rate=0.001, batch_size=32, epochs=15, loss="huber"),
        title="DQN, its network",
        notes=NOTES,
    )


TEMPLATES.register("dqn")(
    Template(
        "DQN, its network", "Says what each of four steps in a maze is worth, from a picture of it.", make, order=190
    )
)
