"""Digits squeezed into two numbers and drawn again."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.layer import Layer
from nnlab.core.schedule import SCHEDULES

NOTES = """\
Nobody tells this network which digit it sees: it has to draw its own input again. In the middle there is room for two \
numbers only (the Tap shows them), so it must find out what matters most: pictures of the same digit come to lie close \
together there.
Try next: one number in the middle, or three; and the best that straight axes can do, a Linear of 2 between two others \
without any activation.
"""


def through(*units: int) -> tuple[Layer, ...]:
    """Layers of these sizes, each with its activation."""
    return tuple(each for size in units for each in (layer("Linear", out_features=size), layer("GELU")))


def make() -> Document:
    """The document of this example."""
    data = DATASETS["digits"]()
    return Document(
        graph=chain(
            layer("Input"),
            layer("Flatten"),
            *through(64, 32),
            layer("Linear", out_features=2),
            layer("Tap"),
            *through(32, 64),
            layer("Linear", out_features=64),
            layer("Unflatten", dim=1, unflattened_size="1, 8, 8"),
            layer("Output"),
        ),
        data=Data(dataset=data, answer="input", standardise=False, validation=0.11, test=0.22),
        training=Training(learning_rate=0.004, schedule=SCHEDULES["one-cycle"](), batch_size=32, epochs=60),
        title="Digits in two numbers",
        notes=NOTES,
    )


EXAMPLES.register("two-number-digits")(
    Example(
        title="Digits in two numbers",
        blurb="Squeeze pictures of 64 pixels through two numbers and draw them again: an autoencoder.",
        make=make,
        goal=0.5,
        loss_goal=0.04,
        order=205,
    )
)
