"""An LSTM that foretells a series."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.schedule import SCHEDULES
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
Two days of a town's use of electricity go in hour by hour; what the LSTM tells after the last hour becomes six numbers, one \
for each of the next hours. All six are said at once, so that errors do not add up from hour to hour.
Try next: compare with the plain weighted sum of the example Hourly load; two layers of the LSTM; more noise, under Data.
"""


def make() -> Document:
    """The document of this template."""
    data = DATASETS["hourly-load"]()
    return Document(
        graph=wired(
            {
                "load": layer("Input"),
                "lstm": layer("LSTM", hidden_size=32),
                "next_hours": layer("Linear", out_features=data.spec().width),
                "output": layer("Output"),
            },
            *("load > lstm", "lstm.last > next_hours", "next_hours > output"),
        ),
        data=Data(dataset=data, standardise=False),
        training=Training(learning_rate=0.01, batch_size=64, epochs=12, schedule=SCHEDULES["cosine"]()),
        title="LSTM forecaster",
        notes=NOTES,
    )


TEMPLATES.register("lstm-forecaster")(
    Template(
        "LSTM forecaster", "Reads two days hour by hour and foretells the next six hours at once.", make, order=130
    )
)
