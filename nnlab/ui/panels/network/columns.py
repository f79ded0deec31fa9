"""Where every unit lies when a network is unfolded: one column for each step of the computation."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from nnlab.core import words
from nnlab.core.document import Document
from nnlab.ui.look import labels

HEAD = 38.0  # a column's name
FOOT = 18.0  # "… 48 more"
MARGIN = 14.0
NARROWEST = 30.0  # from one column to the next
LARGEST, SMALLEST = 34, 12  # a unit's side
MOST = 16  # units drawn of one layer: more would be lines, not a picture
ANSWERS = 72.0  # room for the classes' names at the right


@dataclass(frozen=True)
class Stack:
    """The units of one node, one above the other."""

    node_id: str
    title: str
    total: int
    shown: int
    x: float
    """The middle of the column."""
    top: float
    pitch: int
    side: int

    def place(self, unit: int) -> QRectF:
        """A unit's square."""
        return QRectF(round(self.x - self.side / 2), round(self.top + unit * self.pitch), self.side, self.side)

    @property
    def bottom(self) -> float:
        """Below the last unit."""
        return self.place(self.shown - 1).bottom()

    def unit_at(self, at: QPointF) -> int | None:
        """The unit at this place."""
        if abs(at.x() - self.x) > self.side / 2 + 2 or self.pitch <= 0:
            return None
        unit = int((at.y() - self.top) / self.pitch)
        inside = 0 <= unit < self.shown and self.place(unit).adjusted(-2, -2, 2, 2).contains(at)
        return unit if inside else None

    @property
    def more(self) -> str:
        """How many units are not drawn."""
        return f"… {words.count(self.total - self.shown)} more" if self.total > self.shown else ""

    @property
    def more_short(self) -> str:
        """The same where there is little room."""
        return f"+{words.count(self.total - self.shown)}" if self.total > self.shown else ""


def least_width(document: Document, sizes: Mapping[str, int]) -> int:
    """How wide the picture must be so that no two columns touch."""
    steps = max(_depths(document, sizes).values(), default=0) + 1
    return round(2 * MARGIN + steps * NARROWEST + ANSWERS)


def stacks(document: Document, sizes: Mapping[str, int], width: float, height: float) -> dict[str, Stack]:
    """Every drawn node's units; `sizes` says how many each has. Nodes of one depth share a column."""
    depths = _depths(document, sizes)
    steps = max(depths.values(), default=0) + 1
    pitch = (width - 2 * MARGIN - ANSWERS) / max(1, steps)
    made: dict[str, Stack] = {}
    for depth in range(steps):
        inside = [node_id for node_id, d in depths.items() if d == depth]
        room = height / max(1, len(inside))
        for place, node_id in enumerate(inside):
            x = MARGIN + pitch * (depth + 0.5)
            title = labels.plain(document.graph.nodes[node_id].title)
            made[node_id] = _stack(node_id, title, sizes[node_id], x, place * room, room, pitch)
    return made


def _stack(node_id: str, title: str, total: int, x: float, top: float, height: float, across: float) -> Stack:
    room = height - HEAD - FOOT
    shown = max(1, min(total, MOST, int(room // (SMALLEST + 2))))
    pitch = int(min(room / shown, LARGEST + 10))
    side = int(max(SMALLEST, min(LARGEST, pitch - 2, across - 16)))
    start = round(top + HEAD + (room - pitch * shown) / 2 + (pitch - side) / 2)
    return Stack(node_id, title, total, shown, x, start, pitch, side)


def _depths(document: Document, sizes: Mapping[str, int]) -> dict[str, int]:
    """How many steps after the data each drawn node is computed."""
    graph = document.graph
    found: dict[str, int] = {}
    for node_id in graph.in_order:
        before = [found[link.source] for link in graph.incoming[node_id] if link.source in found]
        if node_id in sizes:
            found[node_id] = max(before, default=-1) + 1
    return found
