"""What keeps a block from working, in sentences that go on after its title and name the layer inside."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nnlab.core.blocks.ports import BlockInput
from nnlab.core.layer import Shape
from nnlab.core.shapes import NodeShapes
from nnlab.errors import ShapeError

if TYPE_CHECKING:
    from nnlab.core.blocks.block import Block


def check_ports(block: "Block") -> None:
    """ShapeError if nothing can come in or go out, or if something inside belongs outside."""
    if not block.entries:
        raise ShapeError("takes nothing in: open it and connect a Block input to its first layer")
    if not block.exits:
        raise ShapeError("lets nothing out: open it and connect its last layer to a Block output")
    for node in block.inner.nodes.values():
        if isinstance(node.layer, BlockInput):
            continue
        if node.layer.is_entry or node.type_id == "Output":
            said = "a Block input" if node.layer.is_entry else "a Block output"
            raise ShapeError(f"holds {node.title}, which belongs outside: put {said} in its place")


def check_inside(block: "Block", inside: Mapping[str, NodeShapes]) -> None:
    """ShapeError with the first mistake among the layers that the outputs depend on."""
    inner = block.inner
    for node_id in (*inner.in_order, *inner.nodes):
        on_loop = node_id not in inner.in_order and bool(inner.downstream(node_id) & {*block.exits})
        if (node_id in block.needed or on_loop) and inside[node_id].problem:
            raise ShapeError(f"has a mistake inside: {inner.nodes[node_id].title} {inside[node_id].problem}")
    for node_id in block.needed:
        if not inside[node_id].known:
            raise ShapeError(f"has a mistake inside: {inner.nodes[node_id].title} is not connected to a port")


def check_repeat(block: "Block", shapes: tuple[Shape, ...], found: tuple[Shape, ...]) -> None:
    """ShapeError if what leaves one copy cannot enter the next."""
    if len(found) > len(shapes):
        raise ShapeError("cannot be repeated: it has more outputs than inputs, and each copy feeds the next")
    for before, after, port in zip(shapes, found, block.ports_out, strict=False):
        if before != after:
            where = f" at {port.name}" if len(block.ports_out) > 1 else ""
            raise ShapeError(
                f"cannot be repeated: {_sizes(before)} go in and {_sizes(after)} come out{where}, and each "
                "copy feeds the next. Make both sizes equal, or set its repeats to 1"
            )


def _sizes(shape: Shape) -> str:
    return " × ".join(map(str, shape)) + " numbers" if shape else "one number"
