"""Settings of layers inside a block that are shown and set outside."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nnlab.core.blocks.block import Block
from nnlab.core.writing import slug
from nnlab.errors import GraphError, NNLabError


@dataclass(frozen=True)
class Spot:
    """One setting of a layer inside a block."""

    node: str
    field: str

    def __str__(self) -> str:
        return f"{self.node}.{self.field}"


def promote(block: Block, spot: Spot, name: str = "") -> Block:
    """The block with a setting of a layer inside shown outside, under this name; one name may set several layers."""
    if not block.has(spot.node, spot.field):
        raise GraphError(f"there is no setting {spot} inside {block.title}")
    wanted = slug(name) or _free_name(block, spot.field)
    if wanted in _own_names(block):
        raise GraphError(f"{block.title} has a setting {wanted!r} of its own: choose another name")
    promoted = {n: tuple(s for s in spots if s != str(spot)) for n, spots in block.promoted}
    promoted[wanted] = (*promoted.get(wanted, ()), str(spot))
    return _set(block, promoted)


def demote(block: Block, name: str) -> Block:
    """The block without this promoted setting; its value stays."""
    return _set(block, {n: spots for n, spots in block.promoted if n != name})


def _set(block: Block, promoted: Mapping[str, tuple[str, ...]]) -> Block:
    try:
        return replace(block, promoted=tuple((n, spots) for n, spots in promoted.items() if spots))
    except NNLabError as problem:
        raise GraphError(str(problem)) from None


def _own_names(block: Block) -> set[str]:
    return {name for name in dir(type(block)) if not name.startswith("_")}


def _free_name(block: Block, field: str) -> str:
    taken = {*_own_names(block), *(name for name, _ in block.promoted)}
    return next(n for n in (field, *(f"{field}_{k}" for k in range(2, 1000))) if n not in taken)
