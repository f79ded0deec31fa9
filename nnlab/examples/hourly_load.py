"""Six hours foretold from two days."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.schedule import SCHEDULES

NOTES = """\
From 48 hours of a town's use of electricity, the next six are foretold. A GRU reads hour after hour; what it remembers \
at the end becomes six numbers.
The honest comparison: ridge regression, six weighted sums of the 48 hours, gets a mean squared error of 0.016 on the test \
part, and this network about 0.021. The curve is made of waves, and waves can be foretold by weighted sums: a network is \
not always the better choice.
Try next: an LSTM, fewer units, or one Linear layer after a Flatten.
"""


def make() -> Document:
    """The document of this example."""
    data = DATASETS["hourly-load"]()
    return Document(
        graph=chain(
            layer("Input"),
            layer("GRU", hidden_size=32),
            layer("LastStep"),
            layer("Linear", out_features=6),
            layer("Output"),
        ),
        data=Data(dataset=data, standardise=False),
        training=Training(learning_rate=0.01, batch_size=64, epochs=12, schedule=SCHEDULES["cosine"]()),
        title="Hourly load",
        notes=NOTES,
    )


EXAMPLES.register("hourly-load")(
    Example(
        title="Hourly load",
        blurb="Foretell the next six hours of a town's electricity, and see a plain weighted sum do better.",
        make=make,
        goal=0.92,
        loss_goal=0.03,
        order=224,
    )
)
