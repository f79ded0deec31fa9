"""Copies of a repeated block that differ: layers inside whose share grows with depth, such as a Drop path."""

from dataclasses import replace
from typing import TYPE_CHECKING

from nnlab.core.graph import Node
from nnlab.errors import ShapeError

if TYPE_CHECKING:
    from nnlab.core.blocks.block import Block

COPIES_LIMIT = 200  # each of them is written out


def grows(block: "Block") -> bool:
    """Whether something in this block is another in each of its copies."""
    repeated = block.repeat > 1 and not block.share and not block.is_over_time
    return repeated and any(map(_is_scheduled, block.inner.nodes.values()))


def check(block: "Block") -> None:
    """ShapeError if there are more copies than can be written out."""
    if block.repeat > COPIES_LIMIT and grows(block):
        raise ShapeError(
            f"has a share that grows with depth, and more than {COPIES_LIMIT} copies: repeat it less often, or let the "
            "share be the same everywhere"
        )


def copies(block: "Block") -> tuple["Block", ...]:
    """Each copy as a block of its own: of N, the first has an Nth of the share and the last all of it."""
    return tuple(_copy(block, k) for k in range(block.repeat)) if grows(block) else (block,) * block.repeat


def _copy(block: "Block", k: int) -> "Block":
    found = [node for node in block.inner.nodes.values() if _is_scheduled(node)]
    changed = []
    for node in found:
        share = round(float(getattr(node.layer, "p", 0.0)) * (k + 1) / block.repeat, 6)
        changed.append(replace(node, layer=node.layer.with_(p=share, schedule="same")))
    return replace(block, inner=block.inner.with_nodes(changed), repeat=1)


def _is_scheduled(node: Node) -> bool:
    return getattr(node.layer, "schedule", "") == "linear"
