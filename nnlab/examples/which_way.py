"""Which way a square moves, seen by filters that reach over time."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.schedule import SCHEDULES

NOTES = """\
No single frame tells which way the square goes: the answer lies between the frames. The filters of a 3-D convolution \
reach over time as they reach over rows and columns, so they can answer to movement.
Try next: set the first number of both kernels to 1, so that each frame is seen by itself: it is back to guessing.
"""


def make() -> Document:
    """The document of this example."""
    data = DATASETS["moving-square"]()
    return Document(
        graph=chain(
            layer("Input"),
            layer("Conv3d", out_channels=12),
            layer("ReLU"),
            layer("MaxPool3d", kernel_size=(1, 2, 2)),
            layer("Conv3d", out_channels=24),
            layer("ReLU"),
            layer("GlobalAvgPool3d"),
            layer("Linear", out_features=data.spec().width),
            layer("Output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.01, schedule=SCHEDULES["one-cycle"](), batch_size=16, epochs=5, threads=1),
        title="Which way does it move?",
        notes=NOTES,
    )


EXAMPLES.register("which-way")(
    Example(
        title="Which way does it move?",
        blurb="Tell from eight grainy frames where a square is going, with filters that reach over time.",
        make=make,
        goal=0.95,
        order=203,
    )
)
