"""Documents with one mistake each: what is said of them, at which node, and the labels of the fixes."""

from dataclasses import replace

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS, MissingDataset
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import Link, Node
from nnlab.core.layer import Layer, UnknownLayer

I, O = layer("Input"), layer("Output")  # noqa: E741
TANH, FLATTEN = layer("Tanh"), layer("Flatten")


def linear(units: int) -> Layer:
    return layer("Linear", out_features=units)


def document(*layers: Layer, data: str = "spiral", **training: object) -> Document:
    return Document(chain(I, *layers, O), Data(dataset=DATASETS[data]()), Training().with_(**training))


GOOD = document(linear(8), TANH, linear(2))
ROW = GOOD.graph  # input, linear, tanh, linear_2, output


def rewired(*, without: tuple[Link, ...] = (), nodes: tuple[Node, ...] = (), wires: tuple[Link, ...] = ()) -> Document:
    """The good network without some wires, with more nodes, and with wires that nobody checked."""
    graph = ROW.without_links(without).with_nodes(nodes)
    return GOOD.with_graph(replace(graph, links=graph.links | set(wires)))


def node(id_: str, made: Layer, name: str = "") -> Node:
    return Node(id_, made, 448.0, 320.0, name)


MERGED = (Link("linear_2", "add", "in1"), Link("linear", "add", "in2"), Link("add", "output"))
CUT = (Link("linear_2", "output"),)

# document, severity, node, part of the sentence, labels of the fixes
MISTAKES: dict[str, tuple[Document, str, str | None, str, tuple[str, ...]]] = {
    "no input": (
        GOOD.with_graph(ROW.without_node("input")),
        "error", None, "There is no Input", ("Add an Input",),
    ),
    "no output": (
        GOOD.with_graph(ROW.without_node("output")),
        "error", None, "There is no Output", ("Add an Output after Linear (linear_2)",),
    ),
    "two outputs": (
        rewired(nodes=(node("other", O, "Other"),), wires=(Link("tanh", "other"),)),
        "error", "other", "nothing in the data is left to compare Other with", ("Remove Other",),
    ),
    "an output beside": (
        rewired(nodes=(node("other", O, "Other"),)),
        "warning", "other", "Other is not connected to the data", ("Remove Other",),
    ),
    "output without a wire": (
        rewired(without=CUT),
        "error", "output", "Output has nothing connected", ("Connect Linear (linear_2) to Output",),
    ),
    "a missing wire": (
        rewired(without=(Link("linear", "tanh"),)),
        "error", "tanh", "Tanh has nothing connected", ("Connect Linear (linear) to Tanh",),
    ),
    "a lonely layer": (
        rewired(nodes=(node("extra", linear(4), "My layer"),)),
        "warning", "extra", "My layer is not connected to the data", ("Remove My layer",),
    ),
    "a dead end": (
        rewired(
            nodes=(node("a", linear(4), "First"), node("b", TANH, "Second")), wires=(Link("tanh", "a"), Link("a", "b"))
        ),
        "warning", "b", "Second leads nowhere", ("Remove Second",),
    ),
    "a loop": (
        rewired(without=(Link("input", "linear"),), wires=(Link("linear_2", "linear"),)),
        "error", "linear_2", "may not loop back", ("Remove the wire that closes the loop",),
    ),
    "a merge with one wire": (
        rewired(without=CUT, nodes=(node("add", layer("Add")),), wires=(MERGED[0], MERGED[2])),
        "error", "add", "Add needs another wire", ("Remove Add",),
    ),
    "unequal sizes": (
        rewired(without=CUT, nodes=(node("add", layer("Add")),), wires=MERGED),
        "error", "add", "Add cannot add N × 2 from Linear (linear_2) and N × 8 from Linear (linear)",
        ("Insert a Linear with 8 units before Add",),
    ),
    "an unknown layer": (
        rewired(nodes=(node("tanh", UnknownLayer(type_id="Magic")),)),
        "error", "tanh", "is the layer 'Magic', which this version of NNLab does not know", ("Remove Unknown layer",),
    ),
    "missing data": (
        GOOD.with_data(dataset=MissingDataset(type_id="bananas")),
        "error", None, "The data set 'bananas' is not in this installation", (),
    ),
    "too many answers": (
        document(linear(8), TANH, linear(3)),
        "error", "output", "gets 3 numbers a sample from Linear (linear_2), and the data need 2",
        ("Set the units of Linear (linear_2) to 2", "Insert a Linear with 2 units before Output"),
    ),
    "too many answers behind an activation": (
        document(linear(8), TANH),
        "error", "output", "gets 8 numbers", ("Set the units of Linear to 2", "Insert a Linear with 2 units before Output"),
    ),
    "one answer and cross-entropy": (
        document(linear(8), TANH, linear(1), loss="cross-entropy"),
        "error", "output", "cross-entropy needs one for each class",
        ("Set the units of Linear (linear_2) to 2", "Set the loss to Automatic"),
    ),
    "a loss for classes": (
        document(linear(8), TANH, linear(1), data="surface", loss="cross-entropy"),
        "error", "output", "cross-entropy is for classes", ("Set the loss to Automatic",),
    ),
    "a role for classes": (
        Document(chain(I, linear(8), TANH, linear(1), layer("Output", role="classes")), Data(dataset=DATASETS["curve"]())),
        "error", "output", "set to classes", ("Set the role of Output to Automatic",),
    ),
    "sigmoid and cross-entropy": (
        document(linear(8), TANH, linear(2), layer("Sigmoid"), loss="cross-entropy"),
        "error", "sigmoid", "Sigmoid gives every class a probability of its own",
        ("Set the loss to Automatic", "Put a Softmax in the place of Sigmoid"),
    ),
    "softmax of one number": (
        document(linear(8), TANH, linear(1), layer("Softmax")),
        "error", "softmax", "is always 1", ("Set the units of Linear (linear_2) to 2", "Remove Softmax"),
    ),
    "a picture into a Linear": (
        document(linear(8), TANH, linear(10), data="digits"),
        "warning", "linear", "gets a picture", ("Insert a Flatten before Linear (linear)",),
    ),
    "a picture to the end": (
        document(layer("Conv2d"), layer("ReLU"), layer("MaxPool2d"), data="digits"),
        "error", "output", "needs one row of numbers", ("Insert a Flatten and a Linear with 10 units before Output",),
    ),
    "a picture into a Linear to the end": (
        document(linear(8), TANH, linear(10), data="digits"),
        "error", "output", "needs one row of numbers",
        (
            "Insert a Flatten before Linear (linear)",
            "Insert a Flatten before Linear (linear) and set the units of Linear (linear_2) to 10",
        ),
    ),
    "a window larger than the picture": (
        document(*[layer("MaxPool2d")] * 4, FLATTEN, linear(10), data="digits"),
        "error", "maxpool2d_4", "the picture is only 1×1",
        (
            "Set kernel of Max pool 2-D (maxpool2d_4) to 1", "Remove Max pool 2-D (maxpool2d_4)",
            "Remove Max pool 2-D (maxpool2d_3) before it",
        ),
    ),
    "a stride that cannot keep the size": (
        document(layer("Conv2d", stride=2), FLATTEN, linear(10), data="digits"),
        "error", "conv2d", "cannot keep the size", ("Set stride of Conv 2-D to 1", "Set padding of Conv 2-D to 1"),
    ),
    "a convolution over points": (
        document(layer("Conv2d"), FLATTEN, linear(2)),
        "error", "conv2d", "needs a picture", ("Put a Linear with 16 units in the place of Conv 2-D",),
    ),
    "the wrong batch norm": (
        document(layer("BatchNorm1d"), FLATTEN, linear(10), data="digits"),
        "error", "batchnorm1d", "is for rows",
        ("Put Batch norm 2-D in the place of Batch norm 1-D",),
    ),
    "batch norm and single samples": (
        document(linear(8), layer("BatchNorm1d"), TANH, linear(2), batch_size=1),
        "error", "batchnorm1d", "needs a batch size of at least 2", ("Set the batch size to 16",),
    ),
    "nothing to learn": (
        document(),
        "error", None, "There is nothing to learn", ("Insert a Linear with 2 units before Output",),
    ),
    "two Linears in a row": (
        document(linear(8), linear(2)),
        "warning", "linear_2", "Linear (linear_2) follows Linear (linear) with nothing between",
        ("Insert a ReLU before Linear (linear_2)",),
    ),
    "two Linears with a Dropout between": (
        document(linear(8), layer("Dropout"), linear(2)),
        "warning", "linear_2", "nothing between", ("Insert a ReLU before Linear (linear_2)",),
    ),
    "scores that cannot grow": (
        document(linear(8), TANH, linear(2), TANH),
        "warning", "tanh_2", "keeps every answer between −1 and 1, so the network can never be quite sure",
        ("Remove Tanh (tanh_2)",),
    ),
    "values that cannot be negative": (
        document(linear(8), TANH, linear(1), layer("ReLU"), data="curve"),
        "warning", "relu", "keeps every answer at 0 or above, and the values", ("Remove ReLU",),
    ),
    "values that cannot be negative and their own loss": (
        document(linear(8), TANH, linear(1), layer("ReLU"), data="curve", loss="mse"),
        "warning", "relu", "keeps every answer at 0 or above, and the values", ("Remove ReLU",),
    ),
    "a batch of everything": (
        document(linear(8), TANH, linear(2), batch_size=500),
        "warning", None, "The batch size is 500, and there are 320 samples", ("Set the batch size to 320",),
    ),
    "early stopping that sees nothing": (
        document(linear(8), TANH, linear(2), early_stopping=True).with_data(validation=0.0),
        "warning", None, "Early stopping has nothing to watch",
        ("Hold back 20 % for validation", "Turn early stopping off"),
    ),
    "a learning rate of 0": (
        document(linear(8), TANH, linear(2), learning_rate=0.0),
        "warning", None, "The learning rate is 0", ("Set the learning rate to 0.01",),
    ),
    "nothing left to train on": (
        GOOD.with_data(validation=0.6, test=0.4),
        "error", None, "Too little is left to train on", ("Hold back 20 % for validation",),
    ),
    "an empty part": (
        GOOD.with_data(validation=0.001),
        "error", None, "The validation part is empty", ("Hold back 20 % for validation",),
    ),
}  # fmt: skip
