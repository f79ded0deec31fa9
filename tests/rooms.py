"""Small networks with a place for any layer: data of some kind, the layer, and what it takes to learn from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, Layer, Port
from nnlab.core.objective import resolve
from nnlab.errors import NNLabError

TESTED = "tested"
"""The id of the layer that is tested."""

Wire = tuple[str, str]
"""A node and its output port."""


@dataclass(frozen=True)
class Room:
    """Data, and what is made of them before the layer."""

    data: str
    width: int
    """Of the answer."""
    nodes: Mapping[str, Layer] = field(default_factory=dict)
    """After the Input, each reads from the one before unless `wires` says otherwise."""
    wires: tuple[tuple[str, str], ...] = ()
    """From which node to which, for those that do not read from the one before."""
    offers: Mapping[str, str] = field(default_factory=dict)
    """Port kind, or a port's name -> the node that gives such, and after a dot its port; decimals come from the last in the row."""
    standardise: bool = True


def _made(kind: str, **settings: object) -> Layer:
    return LAYERS[kind](**settings)


ROOMS: dict[str, Room] = {
    "a row": Room("iris", 3, {"before": _made("Linear", out_features=6)}),
    "a picture": Room("digits", 10, {"before": _made("Conv2d", out_channels=4)}),
    "a series": Room(
        "digits", 10, {"rows": _made("Flatten", start_dim=1, end_dim=2), "before": _made("Linear", out_features=8)}
    ),
    "the data": Room("digits", 10),
    "a volume": Room(
        "digits",
        10,
        {
            "maps": _made("Conv2d", out_channels=4),
            "smaller": _made("MaxPool2d"),
            "before": _made("Reshape", shape="2, 2, 4, 4"),
        },
    ),
    "columns": Room("digits", 10, {"before": _made("Unfold")}),
    "a smaller picture": Room(
        "digits",
        10,
        {"maps": _made("Conv2d", out_channels=4), "before": _made("MaxPool2dWithIndices")},
        (),
        {"i": "before.indices", "like": "maps"},
    ),
    "words": Room(
        "mood",
        2,
        {"padding": _made("PaddingMask"), "before": _made("Embedding", num_embeddings=40, embedding_dim=6)},
        (("input", "before"),),
        {"i": "input", "m": "padding"},
    ),
    "a graph": Room(
        "molecules",
        1,
        {
            "bonds": _made("Input", source="bonds"),
            "empty": _made("NodeMask"),
            "before": _made("Linear", out_features=6),
        },
        (("", "bonds"), ("input", "empty"), ("input", "before")),
        {"e": "bonds", "m": "empty"},
        standardise=False,
    ),
}


def appended(graph: Graph, layer: Layer, last: str, node_id: str = "") -> tuple[Graph, str]:
    """With this layer after the last one, and its id."""
    node_id = node_id or graph.new_id(layer)
    graph = graph.with_node(Node(node_id, layer))
    return (graph.connect(last, node_id) if last else graph), node_id


def around(layer: Layer, room: str) -> Document:
    """Data, the layer, and what it takes to learn from them; optional inputs get a wire where one fits."""
    place = ROOMS[room]
    sources = {target: source for source, target in place.wires}
    graph, last = appended(Graph(), LAYERS["Input"](), "", "input")
    for node_id, each in place.nodes.items():
        graph, last = appended(graph, each, sources.get(node_id, last), node_id)
    other = last
    if sum(port.kind == "x" for port in layer.inputs) > 1:  # a merge of two ways: with and without a layer between
        graph, other = appended(graph, LAYERS["Tanh"](), last)
    graph = graph.with_node(Node(TESTED, layer))
    document = Document(graph=graph).with_data(dataset=DATASETS[place.data](), standardise=place.standardise)
    first = True
    for port in layer.inputs:
        source = place.offers.get(port.kind, "") if port.kind not in ("x", "*") else other if first else last
        source = place.offers.get(port.name, source)
        first = first and port.kind not in ("x", "*")
        if source or not port.optional:
            document = _wired(document, source, port)
    return _ended(document, layer, last, place.width)


def _wired(document: Document, source: str, port: Port) -> Document:
    """With a wire to this port; one to an optional port only if the layer takes what it brings."""
    if not source:
        raise NNLabError(f"nothing here gives what {port.name} takes")
    node_id, _, output = source.partition(".")
    wired = document.with_graph(document.graph.with_link(Link(node_id, TESTED, port.name, output or "out")))
    return document if port.optional and wired.shapes[TESTED].problem else wired


def _ended(document: Document, layer: Layer, last: str, width: int) -> Document:
    """With what makes an answer of the layer's first output."""
    graph, node_id = document.graph, TESTED
    if layer.outputs and layer.outputs[0].kind == "s":  # a loss goes to an Output of its own, beside the answer
        graph, _ = appended(graph, LAYERS["Output"](), TESTED, "charge")
        node_id = last
    if layer.outputs and layer.outputs[0].kind == "m":
        shape = document.shapes[TESTED].outputs[:1]
        reader = LAYERS["SequencePool"]() if shape and len(shape[0]) == 1 else LAYERS["MultiheadAttention"]()
        graph, node_id = appended(graph, reader, last)
        graph = graph.with_link(Link(TESTED, node_id, "mask"))
    for each in (LAYERS["Flatten"](), _made("Linear", out_features=width), LAYERS["Output"]()):
        graph, node_id = appended(graph, each, node_id)
    ends = [n for n in (node_id, "charge") if n in graph.nodes]
    wanted = frozenset(ends).union(*(graph.upstream(n) for n in ends))
    return document.with_graph(graph.without_nodes(set(graph.nodes) - wanted))


def fitting(layer: Layer) -> list[Document]:
    """The small networks that this layer fits into, those first where most of its inputs have a wire."""
    found = []
    for room in ROOMS:
        try:
            document = around(layer, room)
            resolve(document)
        except NNLabError:
            continue
        if document.shapes[TESTED].known:
            found.append(document)
    return sorted(found, key=lambda document: -len(document.graph.incoming[TESTED]))
