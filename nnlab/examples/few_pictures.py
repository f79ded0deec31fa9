"""Four new objects learned from ten pictures each, on top of what a network already sees."""

from dataclasses import replace
from pathlib import Path

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.layer import Layer
from nnlab.core.learning import Learning
from nnlab.core.starts import Starts

BACKBONE = Path(__file__).with_name("picworld_backbone.npz")
"""What the layers of the example "PicWorld" learned of the eight other objects (made by packaging/backbone.py)."""

NOTES = """\
Ten pictures of each object are far too few to learn to see. So the layers up to the pool come from a network that saw \
3,000 pictures of eight other objects, and are frozen: only the last layer learns, which of the patterns it is given \
belong to a rabbit, a truck, a boat or a mushroom.
Try next: unfreeze the convolutions and reset the network, so that all of it starts from nothing with ten pictures of \
each: it learns them by heart and sees far less in new ones. Then give both 200 training pictures.
"""


def stage(filters: int) -> tuple[Layer, ...]:
    """The same as in the example these layers come from."""
    norm = (layer("BatchNorm2d"), layer("ReLU"), layer("MaxPool2d"))
    return (layer("Conv2d", out_channels=filters, bias=False), *norm)


def backbone() -> Starts:
    """The learned numbers by the ids of their layers."""
    import numpy as np

    with np.load(BACKBONE, allow_pickle=False) as file:
        return Starts.of_flat({name: file[name] for name in file.files})


def make() -> Document:
    """The document of this example."""
    data = DATASETS["picworld"]().with_(classes="novel", samples=40)
    graph = chain(
        layer("Input"),
        *stage(16),
        *stage(32),
        *stage(64),
        layer("GlobalMaxPool2d"),
        layer("Linear", out_features=data.spec().width),
        layer("Output"),
    )
    starts = backbone()
    frozen = Learning(frozen=True)
    return Document(
        graph=graph.with_nodes(replace(graph.node(node_id), learning=frozen) for node_id in starts),
        data=Data(dataset=data),
        training=Training(learning_rate=0.01, batch_size=20, epochs=60, threads=1),
        title="Few pictures",
        notes=NOTES,
        starts=starts,
    )


EXAMPLES.register("few-pictures")(
    Example(
        title="Few pictures",
        blurb="Learn four new objects from ten pictures each, with a network that has learned to see elsewhere.",
        make=make,
        goal=0.8,
        order=201,
    )
)
