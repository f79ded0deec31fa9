"""Twenty blocks in a row that learn because of their skips."""

from nnlab.core.chain import chain, layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.layer import Layer
from nnlab.core.schedule import SCHEDULES

BLOCKS, WIDTH = 20, 16

NOTES = """\
The block in the middle is repeated twenty times. Inside, a wire leads past its layers to an Add: each copy only adds a \
little to what came in, and the way back for the gradient is never blocked.
Try next: open the block, take away the Add and its skip, wire the last layer straight to the block's output, and train \
again: without skips, as many layers learn next to nothing.
"""


def residual() -> Layer:
    """A layer with a wire that leads past it, many times."""
    inner = wired(
        {
            "input": layer("BlockInput"),
            "linear": layer("Linear", out_features=WIDTH),
            "relu": layer("ReLU"),
            "add": layer("Add"),
            "output": layer("BlockOutput"),
        },
        *("input > linear", "linear > relu", "relu > add", "input > add", "add > output"),
    )
    return layer("Block", called="Residual block", inner=inner, repeat=BLOCKS)


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=chain(
            layer("Input"),
            layer("Linear", out_features=WIDTH),
            residual(),
            layer("Linear", out_features=2),
            layer("Output"),
        ),
        data=Data(dataset=DATASETS["two-spirals"]()),
        training=Training(learning_rate=0.003, schedule=SCHEDULES["cosine"](), batch_size=64, epochs=60),
        title="Skips",
        notes=NOTES,
    )


EXAMPLES.register("skips")(
    Example(
        title="Skips",
        blurb="Stack twenty blocks and train them all the same: each has a wire that leads past it.",
        make=make,
        goal=0.95,
        order=206,
    )
)
