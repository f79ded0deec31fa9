"""The price of a house from its picture and a row of numbers."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.layer import Layer
from nnlab.core.schedule import SCHEDULES

NOTES = """\
Two inputs, one answer. The lower branch reads area, rooms, age and distance; the upper one looks at the picture for \
storeys, garden, pool and paint. Where they meet, both are needed: the table alone explains about 70 % of the prices, \
the picture alone about 30 %.
Try next: remove the wire from one branch to the Concat layer and train again.
"""


def seen(name: str, filters: int) -> dict[str, Layer]:
    """Filters and what is positive of their results."""
    return {name: layer("Conv2d", out_channels=filters), f"{name}_relu": layer("ReLU")}


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=wired(
            {
                "picture": layer("Input", source="picture"),
                **seen("first", 12),
                "half": layer("MaxPool2d"),
                **seen("second", 24),
                "quarter": layer("MaxPool2d"),
                **seen("third", 24),
                "everywhere": layer("GlobalAvgPool2d"),
                "table": layer("Input", source="table"),
                "facts": layer("Linear", out_features=16),
                "facts_relu": layer("ReLU"),
                "both": layer("Concat"),
                "judged": layer("Linear", out_features=32),
                "judged_relu": layer("ReLU"),
                "price": layer("Linear", out_features=1),
                "output": layer("Output"),
            },
            *("picture > first", "first > first_relu", "first_relu > half"),
            *("half > second", "second > second_relu", "second_relu > quarter"),
            *("quarter > third", "third > third_relu", "third_relu > everywhere", "everywhere > both"),
            *("table > facts", "facts > facts_relu", "facts_relu > both"),
            *("both > judged", "judged > judged_relu", "judged_relu > price", "price > output"),
        ),
        data=Data(dataset=DATASETS["house"](), standardise_targets=True),
        training=Training(learning_rate=0.005, schedule=SCHEDULES["cosine"](), batch_size=32, epochs=6, threads=1),
        title="House price",
        notes=NOTES,
    )


EXAMPLES.register("house-price")(
    Example(
        title="House price",
        blurb="Join two branches: one looks at a picture of the house, the other reads its numbers.",
        make=make,
        goal=0.93,
        order=204,
    )
)
