"""Everything that can be put on the canvas, by its id: layers, ready blocks and the user's own blocks. No Qt widgets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nnlab.core.blocks.block import Block
from nnlab.core.layer import CATEGORIES, LAYERS, Layer, Shape
from nnlab.core.ready import READY
from nnlab.ui.keeping import my_blocks

READY_MARK, MINE_MARK = "ready:", "mine:"
BLOCKS, MY_BLOCKS = "Blocks", "My blocks"
ONLY_INSIDE = ("BlockInput", "BlockOutput")
ONLY_OUTSIDE = ("Input", "Output")


@dataclass(frozen=True)
class Thing:
    """One line of the palette."""

    id: str
    title: str
    help: str
    category: str
    tier: int
    group: str
    """The heading under which it stands."""


def layer_of(id_: str, shape: Shape | None = None) -> Layer | None:
    """The layer of this id with its usual settings; a ready block is made for a wire of this shape."""
    if id_ in LAYERS:
        return LAYERS[id_]()
    if id_.startswith(READY_MARK) and id_[len(READY_MARK) :] in READY:
        return READY[id_[len(READY_MARK) :]].block(shape)
    return my_blocks.kept().get(id_[len(MINE_MARK) :]) if id_.startswith(MINE_MARK) else None


def thing(id_: str) -> Thing | None:
    """The line of this id; None if there is nothing of that id."""
    if id_ in LAYERS:
        kind = LAYERS[id_]
        return Thing(id_, kind.title, kind.help_text().split("\n", 1)[0], kind.category, kind.tier, kind.category)
    if id_.startswith(READY_MARK) and id_[len(READY_MARK) :] in READY:
        ready = READY[id_[len(READY_MARK) :]]
        return Thing(id_, ready.title, ready.blurb, BLOCKS, ready.tier, BLOCKS)
    if id_.startswith(MINE_MARK):
        return _mine(id_[len(MINE_MARK) :])
    return None


def _mine(name: str) -> Thing | None:
    block = my_blocks.kept().get(name)
    return _thing_of(name, block) if block is not None else None


def _thing_of(name: str, block: Block) -> Thing:
    return Thing(f"{MINE_MARK}{name}", name, f"A block of yours: {block.summary()}.", BLOCKS, 1, MY_BLOCKS)


def ready_ids() -> list[str]:
    """The ids of the ready blocks."""
    return [f"{READY_MARK}{id_}" for id_ in READY]


def offered(inside: bool) -> list[str]:
    """The ids of everything that can be put into the network, or `inside` a block."""
    hidden = ONLY_OUTSIDE if inside else ONLY_INSIDE
    layers = [id_ for id_ in LAYERS if id_ not in hidden]
    return [*layers, *ready_ids(), *(f"{MINE_MARK}{name}" for name in my_blocks.kept())]


def usual_first(ids: Iterable[str]) -> list[str]:
    """These with what one meets first at the top, in the order of the palette's headings."""
    known = [each for each in map(thing, ids) if each is not None]
    known.sort(key=lambda each: (each.tier, CATEGORIES.index(each.category) if each.category in CATEGORIES else 99))
    return [each.id for each in known]


def things() -> Iterator[Thing]:
    """Every line there is."""
    for id_ in [*LAYERS, *ready_ids()]:
        found = thing(id_)
        if found is not None:
            yield found
    for name, block in my_blocks.kept().items():
        yield _thing_of(name, block)
