"""A network in a row, for examples: layers by their ids, wired one after the other and laid out."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.wrapping import tidy


def layer(kind: str, /, **settings: object) -> Layer:
    """A layer by its id, as layer("Linear", out_features=8)."""
    return LAYERS[kind](**settings)


def chain(*layers: Layer) -> Graph:
    """These layers wired one after the other, laid out from left to right, a long one in several rows."""
    graph, last = Graph(), ""
    for each in layers:
        node_id = graph.new_id(each)
        graph = graph.with_node(Node(node_id, each))
        if last:
            graph = graph.connect(last, node_id)
        last = node_id
    return tidy(graph)


def beginning() -> Document:
    """What a new project in the window begins with: the simplest network that can be trained on the spiral."""
    document = Document()
    width = document.spec.width if document.spec else 1
    return document.with_graph(chain(layer("Input"), layer("Linear", out_features=width), layer("Output")))


def dense(*units: int, activation: str) -> tuple[Layer, ...]:
    """Linear layers of these sizes, each but the last followed by an activation."""
    row: list[Layer] = []
    for size in units:
        row += [layer("Linear", out_features=size), layer(activation)]
    return tuple(row[:-1])


def wired(layers: Mapping[str, Layer], *wires: str) -> Graph:
    """Layers by the ids their nodes get, and wires as "gru > dense", "gru.last > dense" or "mask > last.mask"; laid out."""
    graph = Graph().with_nodes(Node(node_id, each, name=_called(each)) for node_id, each in layers.items())
    for wire in wires:
        (source, source_port), (target, port) = (end.strip().partition(".")[::2] for end in wire.split(">"))
        graph = graph.connect(source, target, port or None, source_port or None)
    return tidy(graph)


def row_block(called: str, layers: Mapping[str, Layer], promoted: Sequence[tuple[str, tuple[str, ...]]] = ()) -> Layer:
    """Layers by the ids their nodes get, wired one after the other, as one block of this name."""
    nodes = {"x": layer("BlockInput"), **layers, "y": layer("BlockOutput")}
    inner = wired(nodes, *(f"{one} > {other}" for one, other in pairwise(nodes)))
    return layer("Block", called=called, inner=inner, promoted=tuple(promoted))


def _called(each: Layer) -> str:
    """An Input of data with several is called by what enters there: two boxes that are called Input tell nobody apart."""
    source = str(getattr(each, "source", ""))
    return source[:1].upper() + source[1:]
