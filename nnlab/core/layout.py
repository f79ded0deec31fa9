"""Tidy layout: left to right in columns, few crossing wires, nothing on top of anything else."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor

from nnlab.core.graph import Graph

WIDTH, HEIGHT = 160, 64  # of a node with few ports
PORT_PITCH, PORT_ENDS = 20, 24  # of a node: between two ports of one side, and above and below all of them
GAP_X, GAP_Y = 64, 32
GRID = 16
LANE = 32  # a wire that passes nodes keeps this far from them
ORDER_SWEEPS, PLACE_SWEEPS = 8, 6
PORT_STEP = 1 / 32  # how much a port counts when wires of one node are put in order


@dataclass(frozen=True)
class _Wire:
    """A wire between neighbouring columns; long wires are cut into these."""

    source: int
    target: int
    port: float
    weight: float


@dataclass
class _Columns:
    """One connected part of the network: slots 0..nodes-1 are nodes, the others bends of long wires."""

    nodes: int
    columns: list[list[int]]
    before: list[list[_Wire]]
    after: list[list[_Wire]]
    taller: list[int]
    """By how much each slot reaches further down than a node with few ports."""

    def gap(self, upper: int, lower: int) -> int:
        """How far apart the middles of two neighbours in a column must be."""
        is_node = (upper < self.nodes) + (lower < self.nodes)
        return (LANE, HEIGHT // 2 + LANE, HEIGHT + GAP_Y)[is_node] + self.taller[upper]


def height_for(ports: int) -> int:
    """How tall a node with so many ports on one side is."""
    return max(HEIGHT, ceil((ports * PORT_PITCH + PORT_ENDS) / GRID) * GRID)


def height_of(graph: Graph, node_id: str) -> int:
    """How tall this node is drawn."""
    return height_for(max(len(graph.input_ports(node_id)), len(graph.output_ports(node_id))))


def in_columns(graph: Graph) -> Graph:
    """The same network with every node in a new place; the same network always gives the same places."""
    order = _order(graph)
    place = {node_id: k for k, node_id in enumerate(order)}
    forward = [
        (link.source, link.target, port)
        for node_id in order
        for port, link in enumerate(graph.incoming[node_id])
        if place[link.source] < place[node_id]
    ]
    top = 0
    placed = []
    for part in _parts(order, forward):
        inside = set(part)
        tall = [height_of(graph, node_id) - HEIGHT for node_id in part]
        rows = _place(
            part, tall, [wire for wire in forward if wire[0] in inside] if len(inside) < len(order) else forward
        )
        for node_id, (column, y) in rows.items():
            placed.append(replace(graph.nodes[node_id], x=float(column * (WIDTH + GAP_X)), y=float(top + y)))
        top += max(y + more for (_, y), more in zip(rows.values(), tall, strict=True)) + HEIGHT + 2 * GAP_Y
    return graph.with_nodes(placed)


def _order(graph: Graph) -> list[str]:
    """Every node after those it reads from; a loop is entered at the node that was added first."""
    order = list(graph.in_order)
    if len(order) == len(graph.nodes):
        return order
    done = set(order)
    for first in graph.nodes:
        todo = [] if first in done else [first]
        while todo:
            node_id = todo.pop()
            if node_id in done:
                continue
            done.add(node_id)
            order.append(node_id)
            todo += [link.target for link in reversed(graph.outgoing[node_id])]
    return order


def _parts(order: Sequence[str], wires: Iterable[tuple[str, str, int]]) -> list[list[str]]:
    """The connected parts of the network, those of a single node last."""
    near: dict[str, list[str]] = {node_id: [] for node_id in order}
    for source, target, _ in wires:
        near[source].append(target)
        near[target].append(source)
    part_of: dict[str, str] = {}
    for first in order:
        todo = [first]
        while todo:
            node_id = todo.pop()
            if node_id not in part_of:
                part_of[node_id] = first
                todo += near[node_id]
    parts: dict[str, list[str]] = {}
    for node_id in order:
        parts.setdefault(part_of[node_id], []).append(node_id)
    return sorted(parts.values(), key=lambda part: len(part) == 1)


def _place(
    part: Sequence[str], taller: Sequence[int], wires: Sequence[tuple[str, str, int]]
) -> dict[str, tuple[int, int]]:
    """Column and top edge of each node of one connected part, the topmost at 0."""
    number = {node_id: k for k, node_id in enumerate(part)}
    links = [(number[source], number[target], port) for source, target, port in wires]
    rank = _ranks(len(part), links)
    grid = _cut(rank, links, taller)
    _uncross(grid)
    middle = _straighten(grid)
    top = min(middle[: grid.nodes])
    return {node_id: (rank[k], middle[k] - top) for node_id, k in number.items()}


def _ranks(count: int, links: Sequence[tuple[int, int, int]]) -> list[int]:
    """The column of each node: one right of the last it reads from, and then as far right as that makes wires level."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target, _ in links:
        before[target].append(source)
        after[source].append(target)
    rank = [0] * count
    for node in range(count):
        rank[node] = max((rank[source] + 1 for source in before[node]), default=0)
    for node in reversed(range(count)):
        # what reads nothing stands beside its reader; the end of a short branch beside the merge, since a long wire
        # within a branch runs level, and one from the branch to the merge would run behind the nodes of another
        in_branch = len(before[node]) == 1 and len(after[node]) == 1 and len(after[before[node][0]]) == 1
        if after[node] and (not before[node] or in_branch):
            rank[node] = min(rank[target] for target in after[node]) - 1
    return rank


def _cut(rank: Sequence[int], links: Sequence[tuple[int, int, int]], taller: Sequence[int]) -> _Columns:
    """Columns of slots, with a bend in every column that a long wire passes."""
    count = len(rank)
    grid = _Columns(count, [[] for _ in range(max(rank) + 1)], [[] for _ in rank], [[] for _ in rank], [*taller])
    for node, column in enumerate(rank):
        grid.columns[column].append(node)
    bends_left = 4 * count + 1000  # a hopeless tangle is drawn without lanes rather than late
    for source, target, port in links:
        length = rank[target] - rank[source]
        if length - 1 > bends_left:
            continue
        bends_left -= length - 1
        at = source
        for column in range(rank[source] + 1, rank[target] + 1):
            slot = target
            if column < rank[target]:
                slot = len(grid.before)
                grid.columns[column].append(slot)
                grid.before.append([])
                grid.after.append([])
                grid.taller.append(0)
            bends = (at >= count) + (slot >= count)
            wire = _Wire(at, slot, port * PORT_STEP if slot == target else 0.0, (1.0, 4.0, 8.0)[bends])
            grid.after[at].append(wire)
            grid.before[slot].append(wire)
            at = slot
    return grid


def _uncross(grid: _Columns) -> None:
    """Put each column in the order of what it is wired to, to and fro, and keep the best order seen."""
    place = [0.0] * len(grid.before)
    for column in grid.columns:
        _number(place, column)
    best, fewest = [list(column) for column in grid.columns], _crossings(grid, place)
    for sweep in range(ORDER_SWEEPS):
        if fewest == 0:
            break
        leftwards = sweep % 2 == 0
        for column in reversed(grid.columns) if leftwards else grid.columns:
            wish = {slot: _wish(grid, place, slot, leftwards) for slot in column}
            column.sort(key=wish.__getitem__)
            _number(place, column)
        found = _crossings(grid, place)
        if found < fewest:
            best, fewest = [list(column) for column in grid.columns], found
    grid.columns = best


def _number(place: list[float], column: Sequence[int]) -> None:
    for k, slot in enumerate(column):
        place[slot] = float(k)


def _wish(grid: _Columns, place: Sequence[float], slot: int, leftwards: bool) -> float:
    """The mean place of what this slot is wired to in the column beside it."""
    if leftwards:
        return _mean([place[w.target] + w.port for w in grid.after[slot]], place[slot])
    return _mean([place[w.source] for w in grid.before[slot]], place[slot])


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(grid: _Columns, place: Sequence[float]) -> int:
    """How many pairs of wires cross."""
    total = 0
    for column in grid.columns:
        ends = sorted((place[w.source], place[w.target] + w.port) for slot in column for w in grid.after[slot])
        seen: list[float] = []
        for _, end in ends:
            total += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return total


def _straighten(grid: _Columns) -> list[int]:
    """The middle of each slot on the grid, such that wires run as level as the gaps allow."""
    middle = [0.0] * len(grid.before)
    for sweep in range(PLACE_SWEEPS + 1):
        rightwards = sweep % 2 == 0
        for column in grid.columns if rightwards else reversed(grid.columns):
            wishes = []
            for slot in column:
                wires = grid.before[slot] if rightwards else grid.after[slot]
                weight = sum(w.weight for w in wires)
                pull = sum(w.weight * middle[w.source if rightwards else w.target] for w in wires)
                wishes.append((pull / weight, weight) if wires else (middle[slot], 0.1))
            for slot, y in zip(column, _spread(grid, column, wishes), strict=True):
                middle[slot] = y
    return _on_grid(grid, middle)


def _spread(grid: _Columns, column: Sequence[int], wishes: Sequence[tuple[float, float]]) -> list[float]:
    """The places nearest to the wishes, as (place, weight), that keep order and gaps: isotonic regression."""
    offset = [0.0]
    for upper, lower in pairwise(column):
        offset.append(offset[-1] + grid.gap(upper, lower))
    groups: list[tuple[float, float, int]] = []  # level, weight, members
    for (wish, weight), shift in zip(wishes, offset, strict=True):
        group = (wish - shift, weight, 1)
        while groups and groups[-1][0] >= group[0]:
            level, heavy, members = groups.pop()
            both = heavy + group[1]
            group = ((level * heavy + group[0] * group[1]) / both, both, members + group[2])
        groups.append(group)
    levels = [level for level, _, members in groups for _ in range(members)]
    return [level + shift for level, shift in zip(levels, offset, strict=True)]


def _on_grid(grid: _Columns, middle: Sequence[float]) -> list[int]:
    rounded = [GRID * floor(y / GRID + 0.5) for y in middle]
    for column in grid.columns:
        for upper, lower in pairwise(column):
            rounded[lower] = max(rounded[lower], rounded[upper] + grid.gap(upper, lower))
    return rounded
