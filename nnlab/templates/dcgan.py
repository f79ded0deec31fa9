"""A network that makes pictures and one that judges them, trained against each other."""

from dataclasses import replace

from nnlab.core.chain import layer, row_block, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import Graph
from nnlab.core.layer import Layer
from nnlab.core.learning import Learning
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.template import TEMPLATES, Template

CHANCE, FILTERS = 16, 24

NOTES = """\
Two networks play against each other (Goodfellow and others, 2014). The generator makes pictures of chance; the judge is to \
tell them from real ones. Gradient reversal stands between the two: whatever step makes the judge better at it, the generator \
takes the opposite one, so both learn in the same run. The judge also says which digit a real picture shows, and the accuracy is \
of that.
Watch the generator under Activations: grey clouds become strokes, and strokes become digits, a few of them strange. The two \
losses never end: the better one player is, the better the other has to be.
From the rules of a DCGAN (Radford and others, 2015) there are strides instead of pooling, transposed convolutions that grow, \
batch norm and ReLU where it makes pictures and leaky ReLU where it judges; spectral norm (Miyato and others, 2018) holds the \
judge in check, so that it never becomes so sure that nothing can be learned from it.
Try next: set the norm of the judge's weights to None and see who wins; let the reversal be stronger; give the generator fewer \
random numbers.
"""

WINDOW: dict[str, object] = {"kernel_size": 4, "stride": 2, "padding": 1}


def held(graph: Graph, *node_ids: str) -> Graph:
    """With spectral norm at these layers."""
    for node_id in node_ids:
        graph = graph.with_node(replace(graph.node(node_id), learning=Learning(norm="spectral")))
    return graph


def judge() -> Layer:
    """Strides instead of pooling, and leaky ReLU; no batch norm, which would judge a batch and not a picture."""
    block = row_block(
        "Judge",
        {
            "conv_1": layer("Conv2d", out_channels=FILTERS, **WINDOW),
            "relu_1": layer("LeakyReLU", negative_slope=0.2),
            "conv_2": layer("Conv2d", out_channels=2 * FILTERS, **WINDOW),
            "relu_2": layer("LeakyReLU", negative_slope=0.2),
            "flat": layer("Flatten"),
        },
    )
    return block.with_(inner=held(block.inner, "conv_1", "conv_2"))  # type: ignore[attr-defined]


def generator() -> Layer:
    """Transposed convolutions that grow random numbers into a picture."""
    return row_block(
        "Generator",
        {
            "spread": layer("Linear", out_features=2 * FILTERS * 4),
            "shape": layer("Unflatten", dim=1, unflattened_size=f"{2 * FILTERS}, 2, 2"),
            "norm_1": layer("BatchNorm2d"),
            "relu_1": layer("ReLU"),
            "grow_1": layer("ConvTranspose2d", out_channels=FILTERS, bias=False, **WINDOW),
            "norm_2": layer("BatchNorm2d"),
            "relu_2": layer("ReLU"),
            "grow_2": layer("ConvTranspose2d", out_channels=1, **WINDOW),
            "ink": layer("Sigmoid"),
        },
    )


def network() -> Graph:
    """The judge of real pictures, and the same judge of pictures that are made of noise."""
    graph = wired(
        {
            "input": layer("Input"),
            "judge": judge(),
            "digit": layer("Linear", out_features=10),
            "output": layer("Output"),
            "verdict": layer("Linear", out_features=1),
            "real": layer("AsLoss", kind="yes"),
            "real_loss": layer("Output"),
            "noise": layer("Noise", shape=str(CHANCE)),
            "generator": generator(),
            "reversal": layer("GradientReversal"),
            "same_judge": judge(),
            "same_verdict": layer("Linear", out_features=1),
            "made": layer("AsLoss", kind="no"),
            "made_loss": layer("Output"),
        },
        *("input > judge", "judge > digit", "digit > output", "judge > verdict", "verdict > real", "real > real_loss"),
        *("noise > generator", "generator > reversal", "reversal > same_judge", "same_judge > same_verdict"),
        *("same_verdict > made", "made > made_loss"),
    )
    graph = held(graph, "verdict", "same_verdict")
    for node_id, other, name in (
        ("same_judge", "judge", "The same judge"),
        ("same_verdict", "verdict", "The same verdict"),
    ):
        node = graph.node(node_id)
        graph = graph.with_node(replace(node, name=name, learning=replace(node.learning, shares=other)))
    names = {"digit": "Which digit", "verdict": "Verdict", "real_loss": "Real", "made_loss": "Made"}
    return graph.with_nodes(replace(graph.node(node_id), name=name) for node_id, name in names.items())


def make() -> Document:
    """The document of this template."""
    return Document(
        graph=network(),
        data=Data(dataset=DATASETS["digits"](), standardise=False),
        training=Training(
            learning_rate=0.002, batch_size=32, epochs=40, optimizer=OPTIMIZERS["adam"]().with_(beta1=0.5)
        ),
        title="DCGAN",
        notes=NOTES,
    )


TEMPLATES.register("dcgan")(
    Template(
        "DCGAN",
        "Two networks against each other: one makes digits of chance, the other judges them.",
        make,
        order=110,
    )
)
