"""Blocks of equal inside behind each other, as one with repeats: with weights of their own, or with those of the first."""

from dataclasses import replace
from typing import Any

from nnlab.core.blocks.block import Block
from nnlab.core.graph import Graph
from nnlab.engine.imports.blocks.rooms import Rooms
from nnlab.engine.imports.scopes import Scopes
from nnlab.errors import SettingError


def merge_rows(rooms: Rooms, at: Scopes) -> None:
    """One block with repeats for each row of equal ones."""
    waiting = [n for n in rooms.graph.in_order if rooms.where.get(n) == at and _is_single(rooms, n)]
    while waiting:
        row = [waiting.pop(0)]
        while (after := _next(rooms, row)) is not None and after in waiting:
            row.append(after)
            waiting.remove(after)
        if len(row) > 1:
            _merge(rooms, row)


def _is_single(rooms: Rooms, node_id: str) -> bool:
    """Whether it is a block that has no repeats yet."""
    layer = rooms.graph.nodes[node_id].layer
    return node_id in rooms.paths and isinstance(layer, Block) and layer.repeat == 1


def _next(rooms: Rooms, row: list[str]) -> str | None:
    """The block that does the same once more with what the last of the row gives."""
    last = rooms.graph.nodes[row[-1]]
    targets = {k.target for k in rooms.graph.outgoing[last.id]}
    if len(targets) != 1:
        return None
    node = rooms.graph.nodes[targets.pop()]
    if node.layer != last.layer or not _are_neighbours(rooms, row, node.id):
        return None
    block = last.layer
    assert isinstance(block, Block)
    fed = {k.target_port: (k.source, k.source_port) for k in rooms.graph.incoming[node.id]}
    first = {k.target_port: (k.source, k.source_port) for k in rooms.graph.incoming[row[0]]}
    ins, outs = [p.name for p in block.ports_in], [p.name for p in block.ports_out]
    wanted = {p: (last.id, q) for p, q in zip(ins, outs, strict=False)}
    wanted |= {p: first[p] for p in ins[len(outs) :] if p in first}
    whole = len(rooms.graph.outgoing[last.id]) == len(outs) <= len(ins)
    return node.id if fed == wanted and whole else None


def _are_neighbours(rooms: Rooms, row: list[str], node_id: str) -> bool:
    """Both are called again and again, or stand behind each other in one container."""
    learning = rooms.graph.nodes[node_id].learning
    before = rooms.graph.nodes[row[-1]].learning
    if learning.shares:
        return learning.shares == row[0] and before.shares in ("", row[0])
    (container, _, number), (other, _, following) = (rooms.paths[n].rpartition(".") for n in (row[-1], node_id))
    return not before.shares and container == other and number.isdigit() and following.isdigit()


def _merge(rooms: Rooms, row: list[str]) -> None:
    first = rooms.graph.nodes[row[0]]
    block = first.layer
    assert isinstance(block, Block)
    shared = bool(rooms.graph.nodes[row[1]].learning.shares)
    others = rooms.graph.nodes.keys() - (row if shared else [])
    if any(rooms.graph.nodes[n].learning.shares in row for n in others):
        return  # one of them is used once more elsewhere
    try:
        many = replace(block, repeat=len(row), share=shared)
    except SettingError:
        return
    out = [replace(k, source=first.id) for k in rooms.graph.outgoing[row[-1]]]
    rooms.moved |= {(row[-1], port.name): (first.id, port.name) for port in block.ports_out}
    rooms.starts[first.id] = _together(rooms, many, row)
    graph = rooms.graph.without_nodes(row[1:])
    graph = Graph({**graph.nodes, first.id: replace(first, layer=many)}, graph.links | set(out))
    rooms.graph = graph
    path = rooms.paths[first.id] if shared else rooms.paths[first.id].rpartition(".")[0]
    rooms.names[first.id] = rooms.paths[first.id] = path


def _together(rooms: Rooms, many: Block, row: list[str]) -> dict[str, Any]:
    """The numbers of a row, copy by copy."""
    if many.share:
        return {f"block.{name}": array for name, array in rooms.starts.get(row[0], {}).items()}
    mark = "{}." if many.is_row else "blocks.{}."
    return {
        f"{mark.format(k)}{name}": array for k, n in enumerate(row) for name, array in rooms.starts.pop(n, {}).items()
    }
