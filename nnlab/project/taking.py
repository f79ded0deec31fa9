"""Layers with what they learned, taken out of another project."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from nnlab.core.document import Document
from nnlab.core.layout import GAP_Y, HEIGHT
from nnlab.core.writing import attribute_names
from nnlab.errors import GraphError
from nnlab.files import codec

ENDS = ("Input", "Output")
Weights = Mapping[str, NDArray[Any]]


def taken(
    into: Document, source: Document, weights: Weights | None, nodes: Iterable[str] | None = None, freeze: bool = True
) -> tuple[Document, tuple[str, ...]]:
    """The document with layers of another one below its own, their learned numbers included, and the ids they got.

    Without `nodes`, every layer but Inputs and Outputs. What was not learned there starts from random numbers here, and
    is not frozen. GraphError if there is nothing to take.
    """
    graph = source.graph
    chosen = [n for n in graph.nodes if graph.nodes[n].type_id not in ENDS] if nodes is None else list(nodes)
    if not chosen:
        raise GraphError("there are no layers to take: the other project has only Inputs and Outputs")
    for node_id in chosen:
        graph.node(node_id)
    ordered = [n for n in graph.nodes if n in set(chosen)]
    below = max((node.y for node in into.graph.nodes.values()), default=-HEIGHT - GAP_Y) + HEIGHT + GAP_Y
    left = min((node.x for node in into.graph.nodes.values()), default=0.0)
    made, ids = codec.paste(into.graph, codec.copy(graph, ordered), (left, below))
    new_ids = dict(zip(ordered, ids, strict=True))
    starts, names = into.starts, attribute_names(graph)
    for old, new in new_ids.items():
        found = _tensors(source, weights, old, names[old])
        node = made.nodes[new]
        shares = new_ids.get(node.learning.shares, "")
        learning = replace(node.learning, shares=shares, frozen=node.learning.frozen or (freeze and bool(found)))
        made = made.with_node(replace(node, learning=learning))
        starts = starts.with_node(new, found)
    return replace(into, graph=made, starts=starts), tuple(new_ids[n] for n in ordered)


def _tensors(source: Document, weights: Weights | None, node_id: str, attribute: str) -> Weights:
    """What this layer learned, or what it was to start from."""
    start = f"{attribute}."
    found = {name[len(start) :]: array for name, array in (weights or {}).items() if name.startswith(start)}
    return found or dict(source.starts.get(node_id, {}))
