"""Learning rates of their own: which parameter moves how fast beside the others."""

from collections.abc import Callable, Iterable, Mapping

from nnlab.core.blocks.block import Block
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.learning import USUAL
from nnlab.core.writing import attribute_names


def own_rates(document: Document, names: Iterable[str]) -> Mapping[str, float]:
    """Multiples of the learning rate by the parameters' names, as in state_dict; only those that are not 1."""
    if not _any(document.graph):
        return {}
    found = {name: _rate(document.graph, name.split(".")) for name in names}
    return {name: rate for name, rate in found.items() if rate != 1.0}


def learns_unlike(document: Document) -> bool:
    """Whether a layer is frozen, moves at a rate of its own, uses another one's weights, or has a norm of weights."""
    return _any(document.graph, lambda node: node.learning.with_(init="default") != USUAL)


def _has_rate(node: Node) -> bool:
    return node.learning.rate != 1.0


def _any(graph: Graph, says: Callable[[Node], object] = _has_rate) -> bool:
    return any(
        bool(says(node)) or (isinstance(node.layer, Block) and _any(node.layer.inner, says))
        for node in graph.nodes.values()
    )


def _rate(graph: Graph, path: list[str]) -> float:
    """What the nodes along a parameter's name say, multiplied."""
    by_attribute = {name: node_id for node_id, name in attribute_names(graph).items()}
    for at, part in enumerate(path):
        node_id = by_attribute.get(part)
        if node_id is None:
            continue  # "0" or "blocks": one of several copies
        node = graph.nodes[node_id]
        inner = _rate(node.layer.inner, path[at + 1 :]) if isinstance(node.layer, Block) else 1.0
        return node.learning.rate * inner
    return 1.0
