"""The modules of a model as blocks: what was drawn layer by layer is put together as the model's author has put it together."""

from dataclasses import replace
from typing import Any

from nnlab.core.check import check
from nnlab.core.document import Document
from nnlab.core.learning import USUAL
from nnlab.core.starts import Starts
from nnlab.core.wrapping import tidy
from nnlab.engine.imports.blocks.rooms import Given, Rooms
from nnlab.engine.imports.blocks.rows import merge_rows
from nnlab.engine.imports.drawing import Drawing
from nnlab.engine.imports.finishing import Imported
from nnlab.engine.imports.scopes import Scopes
from nnlab.errors import NNLabError

WORK_LIMIT = 4_000_000  # modules times layers: more would take minutes, and only a file made for that has them


def in_blocks(made: Imported, d: Drawing, given: Given | None = None) -> Imported:
    """The same network with a block for each module that has several layers; as it was if that cannot be."""
    document = made.document
    where = {n: d.places[n][0] for n in document.graph.nodes if n in d.places}
    scopes = {each[: k + 1] for each in where.values() for k in range(len(each))}
    if not scopes or len(scopes) * len(where) > WORK_LIMIT:
        return made
    names = {n: d.places[n][1] for n in where}
    rooms = Rooms(document.graph, dict(document.starts), where, names, given or {})
    try:
        furnish(rooms, ())
        found = replace(document, graph=tidy(rooms.finished()), starts=Starts(rooms.starts))
        if _errors(found) > _errors(document):
            return made
    except (NNLabError, KeyError, ValueError, IndexError):  # what a file says of its modules may not fit together
        return made
    return replace(made, document=found)


def _errors(document: Document) -> int:
    return sum(p.severity == "error" for p in check(document))


def furnish(rooms: Rooms, at: Scopes) -> None:
    """Blocks for all that stands in this module, from the inside out."""
    calls: dict[str, list[Scopes]] = {}
    for child in _children(rooms, at):
        calls.setdefault(child[-1].path, []).append(child)
    for same in calls.values():
        if len(same) == 1:
            furnish(rooms, same[0])
            rooms.close(same[0])
        else:
            _close_all(rooms, same)
    merge_rows(rooms, at)


def _children(rooms: Rooms, at: Scopes) -> list[Scopes]:
    k = len(at)
    inside = [rooms.where.get(n, ()) for n in rooms.graph.in_order]
    return list(dict.fromkeys(s[: k + 1] for s in inside if len(s) > k and s[:k] == at))


def _close_all(rooms: Rooms, calls: list[Scopes]) -> None:
    """A block for each call, all with the weights of the first; where that cannot be, the layers stay as they are."""
    before = _kept(rooms)
    for each in calls[1:]:
        _tear(rooms, each)
    blocks = [_furnished(rooms, each) for each in calls]
    if all(blocks) and _share(rooms, blocks):
        return
    _restore(rooms, before)
    for each in calls:
        for n in rooms.members(each):
            rooms.where[n] = each[:-1]


def _tear(rooms: Rooms, at: Scopes) -> None:
    """Take from the layers of a call the wish for the weights of the first: the block will have it."""
    inside = set(rooms.members(at))
    for n in inside:
        node = rooms.graph.nodes[n]
        if node.learning.shares and node.learning.shares not in inside:
            rooms.graph = rooms.graph.with_node(replace(node, learning=node.learning.with_(shares="")))


def _furnished(rooms: Rooms, at: Scopes) -> str:
    furnish(rooms, at)
    return rooms.close(at)


def _share(rooms: Rooms, blocks: list[str]) -> bool:
    """The later blocks use the weights of the first, if all are the same inside."""
    first = rooms.graph.nodes[blocks[0]]
    for n in blocks[1:]:
        node = rooms.graph.nodes[n]
        if node.layer != first.layer or rooms.starts.get(n):
            return False
        rooms.starts.pop(n, None)
        rooms.graph = rooms.graph.with_node(replace(node, learning=USUAL.with_(shares=first.id)))
    return True


def _kept(rooms: Rooms) -> tuple[Any, ...]:
    return rooms.graph, dict(rooms.starts), dict(rooms.where), dict(rooms.names), dict(rooms.paths)


def _restore(rooms: Rooms, kept: tuple[Any, ...]) -> None:
    rooms.graph, rooms.starts, rooms.where, rooms.names, rooms.paths = kept
