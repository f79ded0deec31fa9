"""Where each layer's units lie in the activations panel."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from nnlab.core import words
from nnlab.core.document import Document
from nnlab.engine.wants import Activations, NodeActivations
from nnlab.ui.look import labels

MARGIN = 12
HEAD = 24
TILE_GAP = 4
ROW_GAP = 14
BARS_HEIGHT = 56
WIDEST_BAR = 40.0
LARGEST_TILE, SMALLEST_TILE = 56, 34


@dataclass(frozen=True)
class Row:
    """One layer: its words, and the place of each unit."""

    node_id: str
    title: str
    category: str
    node: NodeActivations
    top: int
    columns: int
    tile: tuple[int, int]
    bar: float = 0.0
    """Distance from one bar to the next, for vectors."""

    @property
    def count(self) -> int:
        """How many units are drawn."""
        return int(self.node.values.size) if self.is_bars else len(self.node.values)

    @property
    def is_bars(self) -> bool:
        """The units are single numbers."""
        return self.node.kind == "vector"

    @property
    def body(self) -> int:
        """The height of the units."""
        if self.is_bars:
            return BARS_HEIGHT
        lines = -(-self.count // self.columns)
        return lines * (self.tile[1] + TILE_GAP) - TILE_GAP

    @property
    def bottom(self) -> int:
        """Where the next row may begin."""
        return self.top + HEAD + self.body + ROW_GAP

    def place(self, unit: int) -> QRectF:
        """Where this unit is drawn."""
        top = self.top + HEAD
        if self.is_bars:
            return QRectF(MARGIN + unit * self.bar, top, self.bar, BARS_HEIGHT)
        wide, tall = self.tile
        line, column = divmod(unit, self.columns)
        return QRectF(MARGIN + column * (wide + TILE_GAP), top + line * (tall + TILE_GAP), wide, tall)

    def unit_at(self, at: QPointF) -> int | None:
        """The unit at this place."""
        if not self.top + HEAD <= at.y() < self.bottom - ROW_GAP or at.x() < MARGIN:
            return None
        if self.is_bars:
            unit = int((at.x() - MARGIN) / self.bar)
        else:
            wide, tall = self.tile
            column = int((at.x() - MARGIN) / (wide + TILE_GAP))
            line = int((at.y() - self.top - HEAD) / (tall + TILE_GAP))
            if column >= self.columns:
                return None
            unit = line * self.columns + column
        return unit if unit < self.count and self.place(unit).contains(at) else None

    def caption(self) -> str:
        """How many units, and the range of what they put out."""
        node = self.node
        if node.kind == "maps":
            tall, wide = node.values.shape[1:]
            what = f"{words.plural(node.units_total, 'map')} of {tall} × {wide}"
        else:
            what = words.plural(node.units_total, "unit")
        cut = f" ({self.count} drawn)" if node.units_total > self.count else ""
        return f"{what}{cut} · {words.number(node.low)} to {words.number(node.high)}"

    def warning(self) -> str:
        """That some units never speak, if so."""
        return f"{words.percent(self.node.dead, 0)} always 0" if self.node.dead > 0 else ""


def rows_of(answer: Activations, document: Document, width: int) -> list[Row]:
    """A row for each layer of the answer that the document still has, in the order of computing."""
    graph, top = document.graph, MARGIN
    made: list[Row] = []
    for node_id in graph.in_order:
        if node_id in answer.nodes and answer.nodes[node_id].values.size:
            node, drawn = graph.nodes[node_id], answer.nodes[node_id]
            row = _row(node_id, labels.plain(node.title), node.layer.category, drawn, top, width)
            made.append(row)
            top = row.bottom
    return made


def shape_key(answer: Activations) -> Mapping[str, tuple[object, ...]]:
    """What the rows' places depend on: two answers with the same key can be drawn in the same places."""
    return {node_id: (node.kind, node.values.shape) for node_id, node in answer.nodes.items()}


def _row(node_id: str, title: str, category: str, node: NodeActivations, top: int, width: int) -> Row:
    room = max(40, width - 2 * MARGIN)
    if node.kind == "vector":
        pitch = min(WIDEST_BAR, room / max(1, node.values.size))
        return Row(node_id, title, category, node, top, max(1, int(node.values.size)), (0, 0), pitch)
    tall, wide = node.values.shape[1:]
    aspect = min(2.0, wide / max(1, tall))
    one_line = int(((room + TILE_GAP) / len(node.values) - TILE_GAP) / aspect)
    size = min(LARGEST_TILE, max(SMALLEST_TILE, one_line))
    tile = (max(4, round(size * aspect)), size)
    columns = max(1, min(len(node.values), (room + TILE_GAP) // (tile[0] + TILE_GAP)))
    return Row(node_id, title, category, node, top, columns, tile)
