"""New objects learned from ten pictures each, by filters that were learned on others."""

from dataclasses import replace

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.layer import Layer
from nnlab.core.resources import path
from nnlab.core.starts import Starts

NOTES = """\
Ten pictures of each object are far too few to learn to see. So the layers up to the pool come from a network that saw \
3,000 pictures of eight other objects, and are frozen: only the last layer learns which of the patterns it is given \
belong to a rabbit, a truck, a boat or a mushroom. What the frozen layers make of each picture is computed once.
Try next: thaw the last convolution (Model > Freeze or thaw weights) and let it learn at a tenth of the learning rate. \
Then put a fresh network in its place, all of it from nothing: it learns forty pictures by heart and sees far less in new \
ones. Then give both 200 training pictures.
"""


def stage(filters: int) -> tuple[Layer, ...]:
    """The stages of the example PicWorld."""
    return (layer("Conv2d", out_channels=filters, bias=False), layer("BatchNorm2d"), layer("ReLU"), layer("MaxPool2d"))


def learned() -> Starts:
    """What the stages learned on eight other objects; see the card beside the file."""
    import numpy as np

    with np.load(path("backbones", "picworld.npz"), allow_pickle=False) as arrays:
        return Starts.of_flat({name: arrays[name] for name in arrays.files})


def make() -> Document:
    """The document of this example."""
    starts = learned()
    graph = chain(
        layer("Input"), *stage(16), *stage(32), *stage(64), layer("GlobalMaxPool2d"), layer("Linear", out_features=4),
        layer("Output"),
    )  # fmt: skip
    frozen = [replace(graph.node(n), learning=graph.node(n).learning.with_(frozen=True)) for n in starts]
    return Document(
        graph=graph.with_nodes(frozen),
        data=Data(dataset=DATASETS["picworld"]().with_(classes="novel", samples=40)),
        training=Training(learning_rate=0.01, l2=0.01, batch_size=8, epochs=40, threads=1),
        title="Few pictures",
        notes=NOTES,
        starts=starts,
    )


EXAMPLES.register("few-pictures")(
    Example(
        title="Few pictures",
        blurb="Rabbit, truck, boat or mushroom, from ten pictures each: borrowed filters make it possible.",
        make=make,
        goal=0.8,
        order=201,
    )
)
