"""Documents with one mistake each, over the whole catalogue of layers."""

from dataclasses import replace
from typing import Any

from wrong_documents import CUT, FLATTEN, GOOD, ROW, TANH, I, O, document, linear, node, rewired  # noqa: F401

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import Graph, Link
from nnlab.core.layer import Layer

RELU = layer("ReLU")


def over(data: str, layers: dict[str, Layer], *wires: str, **training: object) -> Document:
    """A network by names and wires, on a data set."""
    return Document(wired(layers, *wires), Data(dataset=DATASETS[data]()), Training().with_(**training))


def pictures(*layers: Layer, **training: object) -> Document:
    return document(*layers, data="digits", **training)


def words(*layers: Layer, data: str = "first-word", **training: object) -> Document:
    """A row of layers behind an Embedding."""
    size = len(DATASETS[data]().spec().vocabulary)
    return document(layer("Embedding", num_embeddings=size), *layers, data=data, **training)


def conv(filters: int, **settings: Any) -> Layer:
    return layer("Conv2d", out_channels=filters, **settings)


def learning(document: Document, node_id: str, **changes: object) -> Document:
    """With one layer learned in another way."""
    now = document.graph.node(node_id)
    return document.with_graph(document.graph.with_node(replace(now, learning=now.learning.with_(**changes))))


def ported(document: Document, source: str, target: str, source_port: str) -> Document:
    """With the wire between two nodes taken from another output."""
    return document.with_graph(document.graph.connect(source, target, "in", source_port))


def skip(second: Layer, merge: Layer = layer("Add"), first: Layer = conv(8)) -> Document:  # noqa: B008
    """A picture network whose skip and whose long way end in one merge."""
    return over(
        "digits",
        {
            "input": I,
            "first": first,
            "relu": RELU,
            "second": second,
            "merge": merge,
            "pool": layer("GlobalAvgPool2d"),
            "linear": linear(10),
            "output": O,
        },
        *("input > first", "first > relu", "relu > second", "second > merge", "relu > merge", "merge > pool"),
        *("pool > linear", "linear > output"),
    )


def blocked(inside: Layer, **settings: Any) -> Document:
    """A network with a block around one layer."""
    inner = wired({"x": BlockInput(), "layer": inside, "y": BlockOutput()}, "x > layer", "layer > y")
    return document(linear(8), TANH, Block(inner=inner, called="My block").with_(**settings), RELU, linear(2))


CODER = {
    "input": I, "flatten": FLATTEN, "inner": linear(16), "relu": RELU, "mean": linear(2), "log_variance": linear(2),
    "code": layer("Reparameterise"), "wide": linear(16), "bend": layer("ReLU"), "out": linear(64),
    "shape": layer("Unflatten", unflattened_size="1, 8, 8"), "output": O,
}  # fmt: skip
CODER_WIRES = (
    "input > flatten", "flatten > inner", "inner > relu", "relu > mean", "relu > log_variance", "code > wide",
    "wide > bend", "bend > out", "out > shape", "shape > output",
)  # fmt: skip


def coder(*wires: str, **more: Layer) -> Document:
    """A variational autoencoder of digits."""
    made = over("digits", {**CODER, **more}, *CODER_WIRES, *wires)
    return made.with_data(answer="input")


MOOD = {
    "words": I, "embedding": layer("Embedding", num_embeddings=26), "pool": layer("SequencePool"), "linear": linear(2),
    "output": O,
}  # fmt: skip


def sentence(*, attention: Layer | None = None, data: str = "mood") -> Document:
    """Attention over words, padding left out."""
    layers = {**MOOD, "padding": layer("PaddingMask"), "attention": attention or layer("MultiheadAttention")}
    return over(
        data, layers, "words > embedding", "embedding > attention", "words > padding", "padding > attention.padding",
        "padding > pool.mask", "attention > pool", "pool > linear", "linear > output",
    )  # fmt: skip


def translator(causal: bool) -> Document:
    """A decoder over words."""
    spec = DATASETS["zed"]().spec()
    english, so_far = (len(field.vocabulary) for field in spec.fields)
    layers = {
        "english": layer("Input", source="english"), "english_words": layer("Embedding", num_embeddings=english),
        "so_far": layer("Input", source="zed so far"), "zed_words": layer("Embedding", num_embeddings=so_far),
        "places": layer("PositionalEncoding"), "places_2": layer("PositionalEncoding"),
        "decoder": layer("TransformerDecoderLayer", causal=causal), "linear": linear(spec.width), "output": O,
    }  # fmt: skip
    return over(
        "zed", layers, "english > english_words", "english_words > places", "so_far > zed_words", "zed_words > places_2",
        "places_2 > decoder", "places > decoder.memory", "decoder > linear", "linear > output",
    )  # fmt: skip


MOLECULE = {
    "atoms": layer("Input", source="atoms"), "bonds": layer("Input", source="bonds"), "round": layer("GCNConv"),
    "relu": RELU, "pool": layer("GraphPool"), "linear": linear(1), "output": O,
}  # fmt: skip


def molecule(*wires: str, without: tuple[str, ...] = ()) -> Document:
    layers = {name: each for name, each in MOLECULE.items() if name not in without}
    return over("molecules", layers, "atoms > round", "round > relu", "linear > output", *wires)


def lstms(port: str, second: Layer, *, both: bool = False) -> Document:
    """Two recurrent layers, the second of which starts with the memory of the first."""
    layers = {"input": I, "first": layer("LSTM"), "second": second, "linear": linear(6), "output": O}
    wires = [
        "input > first",
        "first > second",
        f"first.{port} > second.{port}",
        "second.last > linear",
        "linear > output",
    ]
    return over("hourly-load", layers, *wires, *(["first.c > second.c"] if both else []))


def second_output(layers: Layer = O, source: str = "linear_2") -> Document:
    return rewired(nodes=(node("other", layers, "Other"),), wires=(Link(source, "other"),))


def turned(graph: Graph) -> Document:
    return GOOD.with_graph(graph)


DEEP = [each for _ in range(6) for each in (linear(8), layer("Sigmoid"))]

WRONG: dict[str, tuple[Document, str]] = {
    # data
    "an input that nothing uses": (
        over("house", {"table": layer("Input", source="table"), "linear": linear(1), "output": O}, "table > linear",
             "linear > output"),
        "no Input takes it",
    ),
    "an input that the data do not have": (
        over("spiral", {"input": layer("Input", source="bananas"), "linear": linear(2), "output": O}, "input > linear",
             "linear > output"),
        "takes 'bananas'",
    ),
    "a target that the data do not have": (
        over("spiral", {"input": I, "linear": linear(2), "output": layer("Output", target="bananas")}, "input > linear",
             "linear > output"),
        "compared with 'bananas'",
    ),
    # pictures
    "a row into a convolution behind a Flatten": (
        pictures(FLATTEN, conv(8), FLATTEN, linear(10)), "needs a picture"),
    "a row into a pool": (document(linear(8), layer("MaxPool1d"), linear(2)), "needs a signal"),
    "a convolution of the wrong dimension": (
        pictures(layer("Conv1d", out_channels=8), RELU, FLATTEN, linear(10)), "needs a signal"),
    "a film into a picture layer": (
        document(conv(8), RELU, layer("GlobalAvgPool3d"), linear(4), data="moving-square"), "needs a picture"),
    "a pool of the wrong dimension": (
        pictures(conv(8), RELU, layer("MaxPool3d"), FLATTEN, linear(10)), "needs a volume"),
    "a window larger than the picture": (
        pictures(conv(8, kernel_size=9, padding=0), RELU, FLATTEN, linear(10)), "has a window of 9×9"),
    "a mirrored border": (
        pictures(conv(8, kernel_size=19, padding_mode="reflect"), RELU, FLATTEN, linear(10)), "border wider"),
    "groups that do not divide": (
        pictures(conv(8), RELU, conv(12, groups=3), RELU, FLATTEN, linear(10)), "8 channels into 3 groups"),
    "norm groups that do not divide": (
        pictures(conv(12), layer("GroupNorm"), RELU, FLATTEN, linear(10)), "group"),
    "an axis that is not there": (
        document(linear(8), TANH, layer("Softmax", dim=3), linear(2)), "axis"),
    # merging
    "a skip with other channels": (skip(conv(16)), "from"),
    "a skip with another size": (skip(conv(8, stride=2, padding=1)), "from"),
    "a skip with another size that no stride makes": (skip(conv(8, kernel_size=4, padding=0)), "from"),
    "a picture and a row": (
        over("digits", {"input": I, "conv": conv(8), "relu": RELU, "flatten": FLATTEN, "row": linear(10),
                        "join": layer("Concat"), "last": linear(10), "output": O},
             "input > conv", "conv > relu", "relu > join", "input > flatten", "flatten > row", "row > join",
             "join > last", "last > output"),
        "different numbers of axes",
    ),
    "pictures joined along the wrong axis": (
        skip(conv(16), layer("Concat", dim=2)), "along axis 2"),
    "a product of unlike rows": (
        over("iris", {"input": I, "one": linear(4), "two": linear(6), "dot": layer("Dot"), "tanh": TANH,
                      "last": linear(3), "output": O},
             "input > one", "input > two", "one > dot", "two > dot.in2", "dot > tanh", "tanh > last", "last > output"),
        "from",
    ),
    # laying out anew
    "sizes that take fewer numbers": (
        pictures(layer("Reshape", shape="4, 4, 3"), FLATTEN, linear(10)), "its sizes 4, 4, 3 take 48"),
    "sizes that fit in no way": (
        pictures(layer("Reshape", shape="3, 5"), FLATTEN, linear(10)), "its sizes 3, 5 take 15"),
    "an order without one axis": (
        pictures(layer("Permute"), FLATTEN, linear(10)), "puts 2 axes in order"),
    "a part behind the end": (
        pictures(FLATTEN, layer("Slice", start=70, end=80), linear(10)), "keeps nothing of axis 1"),
    "tables that cannot be multiplied": (
        over("digits", {"input": I, "conv": conv(8), "relu": RELU, "pool": layer("MaxPool2d"), "matmul": layer("MatMul"),
                        "flatten": FLATTEN, "last": linear(10), "output": O},
             "input > conv", "conv > relu", "relu > matmul.in1", "input > pool", "pool > matmul.in2", "matmul > flatten",
             "flatten > last", "last > output"),
        "multiplies rows of 8"),
    # sequences
    "words into a Linear": (document(linear(8), TANH, layer("SequencePool"), linear(4), data="first-word"), "takes decimal"),
    "words into an LSTM": (document(layer("LSTM"), layer("LastStep"), linear(4), data="first-word"), "takes decimal"),
    "decimals into an Embedding": (document(layer("Embedding"), FLATTEN, linear(2)), "takes whole-number"),
    "an Embedding that is too small": (
        document(layer("Embedding", num_embeddings=3), layer("LSTM"), layer("LastStep"), linear(4), data="first-word"),
        "has rows for 3 words"),
    "an LSTM behind the last step of another": (
        ported(words(layer("LSTM"), layer("LSTM"), layer("LastStep"), linear(4)), "lstm", "lstm_2", "last"),
        "needs a sequence"),
    "a picture into an LSTM": (
        pictures(layer("LSTM"), layer("LastStep"), linear(10)), "needs a sequence"),
    "heads that do not divide": (
        sentence(attention=layer("MultiheadAttention", num_heads=3)), "cannot be shared evenly"),
    "a mask of another sequence": (
        over("zed", {"english": layer("Input", source="english"), "so_far": layer("Input", source="zed so far"),
                     "padding": layer("PaddingMask"), "embedding": layer("Embedding", num_embeddings=15),
                     "gru": layer("GRU"), "last": layer("Reverse"), "linear": linear(14), "output": O},
             "english > padding", "so_far > embedding", "embedding > gru", "gru > last", "padding > last.mask",
             "last > linear", "linear > output"),
        "the mask at mask"),
    "not a mask": (
        over("mood", {**MOOD}, "words > embedding", "embedding > pool", "pool > linear", "linear > output").with_graph(
            replace(g := over("mood", {**MOOD}, "words > embedding", "embedding > pool", "pool > linear",
                              "linear > output").graph, links=g.links | {Link("words", "pool", "mask")})),
        "takes a mask"),
    "a memory of another size": (lstms("h", layer("LSTM", hidden_size=5), both=True), "remembers"),
    "half a memory": (lstms("h", layer("LSTM")), "starts with h and c"),
    "a memory as an input": (
        Document(replace(g := words(layer("GRU"), layer("LastStep"), linear(4)).graph,
                         links=(g.links - {Link("gru", "laststep")}) | {Link("gru", "laststep", "in", "h")}),
                 Data(dataset=DATASETS["first-word"]())),
        "a hidden state"),
    "encoder and decoder of different widths": (
        over("hourly-load", {"input": I, "wide": linear(6), "narrow": linear(4),
                             "decoder": layer("TransformerDecoderLayer"), "last": layer("LastStep"), "linear": linear(6),
                             "output": O},
             "input > wide", "input > narrow", "wide > decoder", "narrow > decoder.memory", "decoder > last",
             "last > linear", "linear > output"),
        "looks at a memory"),
    "attention without positions": (sentence(), "as a heap"),
    "a decoder that sees the future": (translator(causal=False), "may look at the words"),
    "padding that counts": (
        over("mood", MOOD, "words > embedding", "embedding > pool", "pool > linear", "linear > output"), "has no mask"),
    "the last step is padding": (words(layer("GRU"), layer("LastStep"), linear(2), data="mood"), "is its filling"),
    "the memory after the padding": (
        ported(words(layer("GRU"), linear(2), data="mood"), "gru", "linear", "last"), "after the filling"),
    "softmax along the wrong axis": (
        words(layer("LSTM"), linear(4), layer("Softmax"), data="colours"), "makes shares along axis 1"),
    # graphs
    "a graph layer without edges": (molecule("relu > pool", "pool > linear"), "needs another wire, at edges"),
    "all nodes for one answer": (molecule("relu > linear", "bonds > round.edges", without=("pool",)), "needs one row"),
    # codes
    "a cost that does not count": (coder("mean > code.mean", "log_variance > code.log_variance"), "nothing takes"),
    "mean and spread swapped": (
        coder("log_variance > code.mean", "mean > code.log_variance", "code.kl > cost", cost=O), "change their places"),
    "a mean and a spread of different sizes": (
        coder("mean > code.mean", "log_variance > code.log_variance", "code.kl > cost", cost=O, mean=linear(3)),
        "which must be equal"),
    # answers
    "a sequence to the end": (words(layer("LSTM"), linear(4)), "needs one row of numbers"),
    "a mask with too many channels": (
        Document(document(conv(8), RELU, conv(5)).graph, Data(dataset=DATASETS["picworld"]().with_(target="outline"))),
        "at each place"),
    "pixels with their classes last": (
        Document(document(conv(8), RELU, conv(2), layer("Permute", dims="0, 2, 3, 1")).graph,
                 Data(dataset=DATASETS["picworld"]().with_(target="outline"))),
        "at each place"),
    "one step where every step has its class": (
        ported(words(layer("LSTM"), linear(4), data="colours"), "lstm", "linear", "last"), "at each place"),
    "too many classes for each step": (words(layer("LSTM"), linear(7), data="colours"), "at each place"),
    "an autoencoder that gives a row": (
        pictures(FLATTEN, linear(16), RELU, linear(64)).with_data(answer="input"), "make them equal"),
    "an autoencoder that gives too little": (
        pictures(FLATTEN, linear(16), RELU, linear(10)).with_data(answer="input"), "make them equal"),
    "nothing but a gradient stop": (document(linear(8), TANH, linear(2), layer("Detach")), "lets no gradient"),
    # weights
    "everything frozen": (
        learning(learning(GOOD, "linear", frozen=True), "linear_2", frozen=True), "Every layer with weights is frozen"),
    "weights of an unlike layer": (learning(GOOD, "linear_2", shares="linear"), "cannot use the weights"),
    "weights that start alike": (learning(GOOD, "linear", init="zeros"), "all weights alike"),
    "a norm where there are no weights for it": (
        learning(GOOD, "tanh", norm="spectral"), "only Linear and convolutions can"),
    # habits
    "two convolutions in a row": (pictures(conv(8), conv(8), RELU, FLATTEN, linear(10)), "nothing between"),
    "no activation anywhere": (pictures(conv(8), layer("BatchNorm2d"), FLATTEN, linear(10)), "only weighted sums"),
    "two activations in a row": (document(linear(8), TANH, RELU, linear(2)), "nothing new to bend"),
    "softmax inside": (document(linear(8), layer("Softmax"), linear(2)), "belongs at the end"),
    "many sigmoids": (document(*DEEP, linear(2)), "6 Sigmoids"),
    "dropout at the end": (document(linear(8), TANH, linear(2), layer("Dropout")), "strikes out answers"),
    "dropout of everything": (document(linear(8), TANH, layer("Dropout", p=1.0), linear(2)), "makes every number 0"),
    "batch norm after dropout": (
        document(linear(8), layer("Dropout"), layer("BatchNorm1d"), TANH, linear(2)), "measures another spread"),
    "two norms": (
        document(linear(8), layer("BatchNorm1d"), layer("BatchNorm1d"), TANH, linear(2)), "has done the same"),
    "a huge Linear": (
        document(conv(16), RELU, FLATTEN, linear(512), RELU, linear(8), data="picworld"), "nearly all weights"),
    "pooling first": (pictures(layer("MaxPool2d"), conv(8), RELU, FLATTEN, linear(10)), "throws details away"),
    # training
    "a learning rate far too high": (document(linear(8), TANH, linear(2), learning_rate=5.0), "will hardly go down"),
    "a learning rate far too low": (document(linear(8), TANH, linear(2), learning_rate=1e-7), "very slowly"),
    "weights pulled to 0": (document(linear(8), TANH, linear(2), l2=50.0), "pulls every weight"),
    "early stopping too late": (
        document(linear(8), TANH, linear(2), early_stopping=True, patience=50, epochs=20), "never stop early"),
    "a norm of another size": (
        document(linear(8), TANH, layer("LayerNorm", normalized_shape=3), linear(2)), "Layer norm "),
    "gates without a bias": (
        document(layer("LSTM", bias=False, forget_bias=5.0), layer("LastStep"), linear(6), data="hourly-load"),
        "starts with a bias at its gates"),
    "a cost and no answer": (
        over("spiral", {"input": I, "mean": linear(2), "spread": linear(2), "code": layer("Reparameterise"), "cost": O},
             "input > mean", "input > spread", "mean > code", "spread > code.log_variance", "code.kl > cost"),
        "No Output gives an answer"),
    # blocks
    "a mistake inside a block": (blocked(layer("MultiheadAttention")), "has a mistake inside"),
    "a mistake inside a block that can be cured": (
        blocked(layer("Softmax", dim=3)), "has a mistake inside"),
    "a repeated block that grows": (blocked(linear(5), repeat=3), "cannot be repeated"),
}  # fmt: skip

FOUND: dict[str, tuple[str, str | None, tuple[str, ...]]] = {
    "an input that nothing uses": (
        "info", None,
        (
            "Add an Input for picture",
        ),
    ),
    "an input that the data do not have": (
        "error", "input",
        (
            "Take x into Bananas",
        ),
    ),
    "a target that the data do not have": (
        "error", "output",
        (
            "Compare Output with y",
        ),
    ),
    "a row into a convolution behind a Flatten": (
        "error", "conv2d",
        (
            "Remove Flatten (flatten) before it",
            "Put a Linear with 8 units in the place of Conv 2-D",
            "Insert an Unflatten before Conv 2-D: a picture of 8×8",
        ),
    ),
    "a row into a pool": (
        "error", "maxpool1d",
        (
            "Remove Max pool 1-D",
            "Insert an Unsqueeze before Max pool 1-D: one channel of 8 numbers",
        ),
    ),
    "a convolution of the wrong dimension": (
        "error", "conv1d",
        (
            "Put Conv 2-D in the place of Conv 1-D",
        ),
    ),
    "a film into a picture layer": (
        "error", "conv2d",
        (
            "Put Conv 3-D in the place of Conv 2-D",
        ),
    ),
    "a pool of the wrong dimension": (
        "error", "maxpool3d",
        (
            "Put Max pool 2-D in the place of Max pool 3-D",
        ),
    ),
    "a window larger than the picture": (
        "error", "conv2d",
        (
            "Set kernel of Conv 2-D to 8",
            "Set padding of Conv 2-D to Same",
        ),
    ),
    "a mirrored border": (
        "error", "conv2d",
        (
            "Set border of Conv 2-D to Zeros",
            "Set kernel of Conv 2-D to 1",
        ),
    ),
    "groups that do not divide": (
        "error", "conv2d_2",
        (
            "Set groups of Conv 2-D (conv2d_2) to 2",
        ),
    ),
    "norm groups that do not divide": (
        "error", "groupnorm",
        (
            "Set groups of Group norm to 6",
        ),
    ),
    "an axis that is not there": (
        "error", "softmax",
        (
            "Set dim of Softmax to -1",
            "Set dim of Softmax to 1",
        ),
    ),
    "a skip with other channels": (
        "error", "merge",
        (
            "Insert a 1×1 conv (16 filters) after ReLU",
        ),
    ),
    "a skip with another size": (
        "error", "merge",
        (
            "Insert a 1×1 conv (8 filters, stride 2×2) after ReLU",
            "Insert a pool to 4×4 after ReLU",
            "Resize Conv 2-D (second) to the size of ReLU",
        ),
    ),
    "a skip with another size that no stride makes": (
        "error", "merge",
        (
            "Insert a pool to 5×5 after ReLU",
            "Resize Conv 2-D (second) to the size of ReLU",
        ),
    ),
    "a picture and a row": (
        "error", "join",
        (
            "Insert a Flatten after ReLU",
            "Insert a Global average pool after ReLU",
        ),
    ),
    "pictures joined along the wrong axis": (
        "error", "merge",
        (
            "Set axis of Concatenate to 1",
        ),
    ),
    "a product of unlike rows": (
        "error", "dot",
        (
            "Insert a Linear with 6 units before Dot product",
        ),
    ),
    "words into a Linear": (
        "error", "linear",
        (
            "Insert an Embedding of 9 words before Linear (linear)",
            "Insert a One-hot of 9 before Linear (linear)",
        ),
    ),
    "words into an LSTM": (
        "error", "lstm",
        (
            "Insert an Embedding of 9 words before LSTM",
            "Insert a One-hot of 9 before LSTM",
        ),
    ),
    "decimals into an Embedding": (
        "error", "embedding",
        (
            "Remove Embedding",
        ),
    ),
    "an Embedding that is too small": (
        "error", "embedding",
        (
            "Set the size of Embedding to 9",
        ),
    ),
    "an LSTM behind the last step of another": (
        "error", "lstm_2",
        (
            "Take all steps of LSTM (lstm)",
            "Insert an Unsqueeze before LSTM (lstm_2): 8 steps of one number",
        ),
    ),
    "a picture into an LSTM": (
        "error", "lstm",
        (
            "Insert a Flatten and a Transpose before LSTM: a step for each place",
        ),
    ),
    "heads that do not divide": (
        "error", "attention",
        (
            "Set heads of Multi-head attention to 2",
        ),
    ),
    "a mask of another sequence": (
        "error", "last",
        (
            "Remove the wire from Padding mask at mask",
        ),
    ),
    "not a mask": (
        "error", "pool",
        (
            "Insert a Padding mask before Pool over time",
            "Remove the wire from Input at mask",
            "Remove Pool over time",
        ),
    ),
    "a memory of another size": (
        "error", "second",
        (
            "Make LSTM (second) as large as LSTM (first)",
            "Set units of LSTM (second) to 8",
            "Remove the wires at the memory of LSTM (second)",
        ),
    ),
    "half a memory": (
        "error", "second",
        (
            "Connect c of LSTM (first) as well",
            "Remove the wire at the memory of LSTM (second)",
        ),
    ),
    "a memory as an input": (
        "error", "laststep",
        (
            "Take out of GRU",
        ),
    ),
    "encoder and decoder of different widths": (
        "error", "decoder",
        (
            "Insert a Linear with 6 units after Linear (narrow)",
        ),
    ),
    "attention without positions": (
        "warning", "attention",
        (
            "Insert a Positional encoding after Embedding",
        ),
    ),
    "a decoder that sees the future": (
        "warning", "decoder",
        (
            "Turn Causal of Transformer decoder layer on",
        ),
    ),
    "padding that counts": (
        "warning", "pool",
        (
            "Connect a Padding mask to Pool over time",
        ),
    ),
    "the last step is padding": (
        "info", "laststep",
        (
            "Connect a Padding mask to Last step",
        ),
    ),
    "the memory after the padding": (
        "info", "gru",
        (
            "Take the last real word after GRU",
        ),
    ),
    "softmax along the wrong axis": (
        "warning", "softmax",
        (
            "Set the axis of Softmax to 2",
        ),
    ),
    "a graph layer without edges": (
        "error", "round",
        (
            "Connect Bonds at edges",
            "Add an Input for bonds and connect it at edges",
            "Remove Graph convolution (GCN)",
        ),
    ),
    "all nodes for one answer": (
        "error", "output",
        (
            "Insert a Graph pool before Linear",
            "Insert a Graph pool and a Linear with 1 unit before Output",
        ),
    ),
    "a cost that does not count": (
        "warning", "code",
        (
            "Connect kl of Reparameterise (VAE) to an Output",
        ),
    ),
    "mean and spread swapped": (
        "warning", "code",
        (
            "Change the places of the two wires",
        ),
    ),
    "a mean and a spread of different sizes": (
        "error", "code",
        (
            "Insert a Linear with 3 units before Reparameterise (VAE)",
        ),
    ),
    "a sequence to the end": (
        "error", "output",
        (
            "Take the last step of LSTM",
            "Insert a Pool over time before Linear",
            "Insert a Pool over time and a Linear with 4 units before Output",
        ),
    ),
    "a mask with too many channels": (
        "error", "output",
        (
            "Set the filters of Conv 2-D (conv2d_2) to 2",
            "Insert a 1×1 convolution with 2 filters before Output",
        ),
    ),
    "pixels with their classes last": (
        "error", "output",
        (
            "Insert a Permute before Output: channels first",
        ),
    ),
    "one step where every step has its class": (
        "error", "output",
        (
            "Take all steps of LSTM",
        ),
    ),
    "too many classes for each step": (
        "error", "output",
        (
            "Set the units of Linear to 4",
            "Insert a Linear with 4 units before Output",
        ),
    ),
    "an autoencoder that gives a row": (
        "error", "output",
        (
            "Insert a Reshape to 1, 8, 8 before Output",
        ),
    ),
    "an autoencoder that gives too little": (
        "error", "output",
        (
            "Set the units of Linear (linear_2) to 64 and insert a Reshape to 1, 8, 8",
        ),
    ),
    "nothing but a gradient stop": (
        "error", "detach",
        (
            "Remove Stop gradient",
        ),
    ),
    "everything frozen": (
        "error", None,
        (
            "Let Linear (linear_2) learn",
            "Let all layers learn",
        ),
    ),
    "weights of an unlike layer": (
        "error", "linear_2",
        (
            "Give Linear (linear_2) weights of its own",
        ),
    ),
    "weights that start alike": (
        "warning", "linear",
        (
            "Start Linear (linear) with PyTorch's own weights",
        ),
    ),
    "a norm where there are no weights for it": (
        "error", "tanh",
        (
            "Take the norm from Tanh",
        ),
    ),
    "two convolutions in a row": (
        "warning", "conv2d_2",
        (
            "Insert a ReLU before Conv 2-D (conv2d_2)",
        ),
    ),
    "no activation anywhere": (
        "warning", None,
        (
            "Insert a ReLU before Linear",
        ),
    ),
    "two activations in a row": (
        "warning", "relu",
        (
            "Remove Tanh",
            "Remove ReLU",
        ),
    ),
    "softmax inside": (
        "warning", "softmax",
        (
            "Put a ReLU in the place of Softmax",
        ),
    ),
    "many sigmoids": (
        "warning", "sigmoid_6",
        (
            "Put a ReLU in the place of each",
        ),
    ),
    "dropout at the end": (
        "warning", "dropout",
        (
            "Remove Dropout",
        ),
    ),
    "dropout of everything": (
        "warning", "dropout",
        (
            "Set the share of Dropout to 0.5",
        ),
    ),
    "batch norm after dropout": (
        "warning", "dropout",
        (
            "Remove Dropout",
        ),
    ),
    "two norms": (
        "warning", "batchnorm1d_2",
        (
            "Remove Batch norm 1-D (batchnorm1d_2)",
        ),
    ),
    "a huge Linear": (
        "info", "linear",
        (
            "Insert a pool to 4×4 before Flatten",
        ),
    ),
    "pooling first": (
        "info", "maxpool2d",
        (
            "Remove Max pool 2-D",
        ),
    ),
    "a learning rate far too high": (
        "warning", None,
        (
            "Set the learning rate to 0.01",
        ),
    ),
    "a learning rate far too low": (
        "warning", None,
        (
            "Set the learning rate to 0.01",
        ),
    ),
    "weights pulled to 0": (
        "warning", None,
        (
            "Set L2 to 0.001",
        ),
    ),
    "early stopping too late": (
        "warning", None,
        (
            "Set the patience to 2",
            "Turn early stopping off",
        ),
    ),
    "a norm of another size": (
        "error", "layernorm",
        (
            "Set axes of Layer norm to 1",
        ),
    ),
    "gates without a bias": ("error", "lstm", ()),
    "a cost and no answer": ("error", "cost", ()),
    "sizes that take fewer numbers": (
        "error", "reshape",
        (
            "Set sizes of Reshape to 4, 4, -1",
            "Set sizes of Reshape to -1",
            "Remove Reshape",
        ),
    ),
    "sizes that fit in no way": (
        "error", "reshape",
        (
            "Set sizes of Reshape to -1",
            "Remove Reshape",
        ),
    ),
    "an order without one axis": (
        "error", "permute",
        (
            "Set order of Permute to 0, 2, 3, 1",
            "Set order of Permute to 0, 1, 3, 2",
            "Remove Permute",
        ),
    ),
    "a part behind the end": (
        "error", "slice",
        (
            "Set start of Slice (crop) to 0",
            "Remove Slice (crop)",
        ),
    ),
    "tables that cannot be multiplied": (
        "error", "matmul",
        (
            "Insert a Linear with 4 units before Matrix multiply",
        ),
    ),
    "a mistake inside a block": ("error", "block", ()),
    "a mistake inside a block that can be cured": (
        "error", "block",
        (
            "Set dim of Softmax to -1 (in My block)",
            "Set dim of Softmax to 1 (in My block)",
        ),
    ),
    "a repeated block that grows": (
        "error", "block",
        (
            "Set repeats of My block to 1",
        ),
    ),
}  # fmt: skip
"""Of each: how bad, at which node, and the labels of the fixes."""

MORE = {name: (document, *FOUND[name][:2], said, FOUND[name][2]) for name, (document, said) in WRONG.items()}
