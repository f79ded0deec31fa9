"""The inside of a block as a document of its own to look at and edit; what enters it is known from the outside."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.grouping import Path, inner_graph, with_inner
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.document import Document
from nnlab.core.graph import NOTHING, Graph
from nnlab.core.layer import Layer, Shape
from nnlab.core.shapes import Facts, NodeShapes, infer
from nnlab.core.writing import attribute_names


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
        shapes = block.step_shapes(document.shapes[node_id].inputs)
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


@dataclass(frozen=True)
class Leaf:
    """One layer, wherever it stands: in the network, or in a block that is not repeated."""

    prefix: str
    """Of its names in state_dict, without the last dot."""
    layer: Layer
    inputs: tuple[Shape, ...]


def leaves(document: Document) -> dict[str, Leaf]:
    """Every layer by its path, "block/linear": blocks are taken apart, except those that are repeated."""
    return dict(_leaves(document.graph, document.shapes, "", ""))


def _leaves(graph: Graph, shapes: Mapping[str, NodeShapes], path: str, prefix: str) -> Iterator[tuple[str, Leaf]]:
    names = attribute_names(graph)
    for node_id, node in graph.nodes.items():
        layer, inputs, name = node.layer, shapes[node_id].inputs, f"{prefix}{names[node_id]}"
        if isinstance(layer, Block) and layer.repeat == 1 and not layer.is_over_time and shapes[node_id].known:
            yield from _leaves(layer.inner, layer.within(*inputs), f"{path}{node_id}/", f"{name}.")
        elif not isinstance(layer, (BlockInput, BlockOutput)):
            yield f"{path}{node_id}", Leaf(name, layer, inputs)


def same_leaves(new: Document, old: Document) -> dict[str, tuple[Leaf, Leaf]]:
    """The layers of a document that another has as well, by path: those that went into a block or out of one are found."""
    mine, theirs = leaves(new), leaves(old)
    moved_mine, moved_theirs = _by_last(mine, theirs), _by_last(theirs, mine)
    found: dict[str, tuple[Leaf, Leaf]] = {}
    for path, leaf in mine.items():
        last = path.rpartition("/")[2]
        before = theirs.get(path) or (moved_theirs.get(last) if last in moved_mine else None)
        if before is not None and (before.layer, before.inputs) == (leaf.layer, leaf.inputs):
            found[path] = (leaf, before)
    return found


def _by_last(mine: Mapping[str, Leaf], theirs: Mapping[str, Leaf]) -> dict[str, Leaf]:
    """Layers that the other has not at the same path, by their own id, where that is the only one."""
    gone = [path for path in mine if path not in theirs]
    last = [path.rpartition("/")[2] for path in gone]
    return {one: mine[path] for path, one in zip(gone, last, strict=True) if last.count(one) == 1}
