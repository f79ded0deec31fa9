"""Long networks in several rows, as text runs: so that a chain of ten layers can be read without scrolling."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from math import ceil

from nnlab.core.graph import Graph, Node
from nnlab.core.layout import height_of, in_columns

ROW = 4  # columns in one row: half a window shows them near enough to read
ROW_GAP = 64  # between rows: the wire that leads back runs in it


def tidy(graph: Graph) -> Graph:
    """The same network laid out to be read: left to right in columns, and a long chain in rows below each other."""
    return wrapped(in_columns(graph))


def wrapped(graph: Graph) -> Graph:
    """The same network, laid out already, with a long row broken where only one wire runs on."""
    parts = _parts(graph)
    rows = [_rows(graph, part) for part in parts]
    if all(len(bands) == 1 for bands in rows):
        return graph
    placed: list[Node] = []
    top = min(node.y for node in graph.nodes.values())
    for part, bands in zip(parts, rows, strict=True):
        left = min(graph.nodes[n].x for n in part)
        for number, band in enumerate(bands):
            nodes = [graph.nodes[n] for n in band]
            if number:
                nodes = _entered_above(nodes)
            x, y = min(node.x for node in nodes), min(node.y for node in nodes)
            placed += [replace(node, x=node.x - x + left, y=node.y - y + top) for node in nodes]
            top += max(node.y + height_of(graph, node.id) for node in nodes) - y + ROW_GAP
    return graph.with_nodes(placed)


def _entered_above(nodes: list[Node]) -> list[Node]:
    """The nodes of a row with the first one at its top: the wire that leads to it would else run behind its neighbours."""
    left, top = min(node.x for node in nodes), min(node.y for node in nodes)
    first = [node for node in nodes if node.x == left]
    return [replace(node, y=top) if len(first) == 1 and node is first[0] else node for node in nodes]


def _parts(graph: Graph) -> list[list[str]]:
    """The connected parts, topmost first."""
    found: list[list[str]] = []
    seen: set[str] = set()
    for start in graph.nodes:
        if start in seen:
            continue
        part, todo = [], [start]
        seen.add(start)
        while todo:
            node_id = todo.pop()
            part.append(node_id)
            ends = [k.source for k in graph.incoming[node_id]] + [k.target for k in graph.outgoing[node_id]]
            fresh = [n for n in dict.fromkeys(ends) if n not in seen]
            seen.update(fresh)
            todo += fresh
        found.append(part)
    return sorted(found, key=lambda part: min(graph.nodes[n].y for n in part))


def _rows(graph: Graph, part: Iterable[str]) -> list[list[str]]:
    """The part's nodes row by row; one row if it is short, or has no place where only one wire runs on."""
    nodes = [graph.nodes[n] for n in part]
    columns = sorted({node.x for node in nodes})
    number = {x: k for k, x in enumerate(columns)}
    place = {node.id: number[node.x] for node in nodes}
    breaks = _breaks(graph, place, len(columns))
    edges = [0, *breaks, len(columns)]
    return [[node.id for node in nodes if first <= number[node.x] < last] for first, last in pairwise(edges)]


def _breaks(graph: Graph, column: dict[str, int], count: int) -> list[int]:
    """The columns that begin a new row."""
    across = [0] * (count + 1)  # wires that run past the start of each column
    for node_id, at in column.items():
        for link in graph.outgoing[node_id]:
            for k in range(at + 1, column[link.target] + 1):
                across[k] += 1
    breaks: list[int] = []
    start = 0
    while count - start > ROW:
        ideal = start + ceil((count - start) / ceil((count - start) / ROW))
        clean = [k for k in range(start + 2, count - 1) if across[k] == 1 and k - start <= ROW + 2]
        if not clean:
            break
        start = min(clean, key=lambda k: (abs(k - ideal), k))
        breaks.append(start)
    return breaks
