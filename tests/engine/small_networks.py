"""Small documents to train."""

from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer


def chain(*layers: Layer) -> Graph:
    """These layers one after the other, from an Input to an Output."""
    graph, before = Graph(), ""
    for layer in (LAYERS["Input"](), *layers, LAYERS["Output"]()):
        node_id = graph.new_id(layer)
        graph = graph.with_node(Node(node_id, layer))
        if before:
            graph = graph.connect(before, node_id)
        before = node_id
    return graph


def layers(*texts: str) -> list[Layer]:
    """Layers from short texts: "Linear 8", "Tanh", "Dropout 0.5"."""
    made: list[Layer] = []
    for text in texts:
        kind, _, value = text.partition(" ")
        main = {"Linear": "out_features", "Dropout": "p"}.get(kind, "")
        number = float(value) if "." in value else int(value or 0)
        made.append(LAYERS[kind](**({main: number} if value else {})))
    return made


def network(*texts: str, **training: object) -> Document:
    """A chain of layers on the spiral, trained for a few epochs unless told otherwise."""
    return Document(graph=chain(*layers(*texts))).with_training(**{"epochs": 3, **training})
