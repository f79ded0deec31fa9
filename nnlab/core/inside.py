"""The inside of a block as a document of its own to look at and edit; what enters it is known from the outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from nnlab.core.block import Block
from nnlab.core.document import Document
from nnlab.core.graph import NOTHING, Graph
from nnlab.core.grouping import Path, inner_graph, with_inner
from nnlab.core.shapes import Facts, NodeShapes, infer


@dataclass(frozen=True)
class InnerDocument(Document):
    """A document whose graph is what is inside a block."""

    given: Mapping[str, Facts | None] = field(default_factory=lambda: NOTHING, hash=False)
    """What enters by each Block input; None where that is not known yet."""

    @cached_property
    def shapes(self) -> Mapping[str, NodeShapes]:
        """The shapes at every node inside."""
        entries = {n: self.given.get(n) for n in self._block.entries}
        return infer(self.graph, None, entries)

    @property
    def _block(self) -> Block:
        return Block(inner=self.graph)


def look_into(document: Document, path: Path) -> Document:
    """What is inside the block at this path; the document itself for an empty path."""
    for node_id in path:
        block = document.graph.node(node_id).layer
        assert isinstance(block, Block), "a path leads through blocks"
        shapes = document.shapes[node_id].inputs
        kinds = [port.kind for port in block.ports_in]
        given: dict[str, Facts | None] = dict.fromkeys(block.entries)
        given |= dict(zip(block.entries, zip(shapes, kinds, strict=False), strict=False))
        document = InnerDocument(
            block.inner, document.data, document.training, document.title, document.notes, given=given
        )
    return document


def put_back(document: Document, path: Path, inside: Document) -> Document:
    """The document with what was edited inside the block at this path; GraphError if that cannot be."""
    if not path:
        return inside
    graph = with_inner(document.graph, path, inside.graph)
    return replace(document, graph=graph, data=inside.data, training=inside.training)


def valid_path(graph: Graph, path: Path) -> tuple[str, ...]:
    """As much of a path as still leads through blocks."""
    found: list[str] = []
    for node_id in path:
        node = graph.nodes.get(node_id)
        if node is None or not isinstance(node.layer, Block):
            break
        found.append(node_id)
        graph = inner_graph(graph, [node_id])
    return tuple(found)
