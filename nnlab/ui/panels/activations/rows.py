"""Where each layer's units lie in the activations panel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF

from nnlab.core import words
from nnlab.core.document import Document
from nnlab.engine.wants import Activations, NodeActivations
from nnlab.ui.look import labels, pictures, plots
from nnlab.ui.look.sample_pictures import edge_words, vocabulary_of

MARGIN = 12
HEAD = 24
TILE_GAP = 4
ROW_GAP = 14
BARS_HEIGHT = 56
WIDEST_BAR = 40.0
LARGEST_TILE, SMALLEST_TILE = 56, 34
TABLE_CELL, TABLE_HEIGHTS = 7, (56, 112)  # pixels of one number of a table, and how tall the whole may be
WORD_HEIGHT, WORD_WIDTHS = 20, (30, 84)
EDGES_SIDE = 112

Form = Literal["tiles", "bars", "curve", "table", "photo", "words", "edges"]
"""How a row shows what its layer puts out: maps side by side, single numbers as bars, a series as a curve, numbers at
every place of a sequence as one table, an input picture in its colours, words as words, edges as a graph."""

ONE_PIECE: tuple[Form, ...] = ("curve", "table", "photo", "edges")


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
    form: Form = "tiles"
    vocabulary: tuple[str, ...] = ()
    """What the whole numbers of a row of words stand for."""
    kind: str = "x"
    """Of the numbers: decimals, whole numbers, a mask, edges."""
    size: str = ""
    """Of one map, where its frames are drawn side by side."""

    @property
    def count(self) -> int:
        """How many units are drawn."""
        if self.form in ONE_PIECE:
            return 1
        return int(self.node.values.size) if self.is_bars else len(self.node.values)

    @property
    def is_bars(self) -> bool:
        """The units are single numbers."""
        return self.form == "bars"

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
        if self.form == "words":
            return words.plural(node.units_total, "place")
        if self.form == "edges":
            return edge_words(node.values)
        return f"{self._extent()} · {words.number(node.low)} to {words.number(node.high)}"

    def _extent(self) -> str:
        """How many units, maps or numbers."""
        node = self.node
        if self.form == "bars" or node.kind == "plane":
            what = words.plural(node.units_total, "unit")
        else:
            tall, wide = node.values.shape[1:]
            if self.form == "photo":
                return f"picture of {tall} × {wide}"
            if self.form == "curve":
                return f"series of {words.count(node.values.size)} numbers"
            if self.form == "table":
                return f"{words.count(tall)} × {words.count(wide)} numbers"
            what = f"{words.plural(node.units_total, 'map')} of {self.size or f'{tall} × {wide}'}"
        return what + (f" ({self.count} drawn)" if node.units_total > self.count else "")

    def warning(self) -> str:
        """That some units never speak, if so."""
        counts = self.kind in ("x", "h") and self.form != "photo"  # a mask or a word may well be 0 in every sample
        return f"{words.percent(self.node.dead, 0)} always 0" if counts and self.node.dead > 0 else ""


def rows_of(answer: Activations, document: Document, width: int) -> list[Row]:
    """A row for each layer of the answer that the document still has, in the order of computing."""
    graph, top = document.graph, MARGIN
    made: list[Row] = []
    for node_id in graph.in_order:
        if node_id in answer.nodes and answer.nodes[node_id].values.size:
            row = _row(document, node_id, answer.nodes[node_id], top, width)
            made.append(row)
            top = row.bottom
    return made


def shape_key(answer: Activations) -> Mapping[str, tuple[object, ...]]:
    """What the rows' places depend on: two answers with the same key can be drawn in the same places."""
    return {node_id: (node.kind, node.values.shape, node.colours is None) for node_id, node in answer.nodes.items()}


def kind_of(document: Document, node_id: str) -> str:
    """What a node's first output carries."""
    kinds = document.shapes[node_id].kinds
    return kinds[0] if kinds else "x"


def _form(node: NodeActivations, kind: str, axes: int) -> Form:
    """`axes` is how many the document says the output has: (8, 16) and (1, 8, 16) look alike in the answer."""
    if node.kind != "maps":
        return "words" if kind == "i" and node.kind == "vector" else "bars" if node.kind == "vector" else "tiles"
    if node.colours is not None:
        return "photo"
    if kind == "e" and node.values.size == 2 * node.values.shape[-1]:
        return "edges"
    if pictures.is_series(node.values):
        return "curve"
    return "table" if axes == 2 and len(node.values) == 1 else "tiles"


def _row(document: Document, node_id: str, node: NodeActivations, top: int, width: int) -> Row:
    placed, kind = document.graph.nodes[node_id], kind_of(document, node_id)
    outputs = document.shapes[node_id].outputs
    form = _form(node, kind, len(outputs[0]) if outputs else 0)
    words_here = vocabulary_of(document, node_id) if form == "words" else ()
    room = max(40, width - 2 * MARGIN)
    tile, columns, bar = _measure(node, form, words_here, room)
    title = labels.plain(placed.title)
    size = " × ".join(map(str, outputs[0][1:])) if outputs and len(outputs[0]) > 3 else ""
    return Row(node_id, title, placed.layer.category, node, top, columns, tile, bar, form, words_here, kind, size)


def _measure(
    node: NodeActivations, form: Form, vocabulary: tuple[str, ...], room: int
) -> tuple[tuple[int, int], int, float]:
    """A tile's size, how many lie side by side, and the distance between bars."""
    if form == "bars":
        return (0, 0), max(1, int(node.values.size)), min(WIDEST_BAR, room / max(1, node.values.size))
    if form == "words":
        widest = max((int(plots.text_width(word)) for word in vocabulary), default=0) + 12
        wide = min(max(WORD_WIDTHS[0], widest), WORD_WIDTHS[1])
        return (wide, WORD_HEIGHT), _columns(node.values.size, wide, room), 0.0
    if form == "edges":
        return (EDGES_SIDE, EDGES_SIDE), 1, 0.0
    tall, wide = node.values.shape[1:]
    if form == "curve":
        return (room, BARS_HEIGHT), 1, 0.0
    if form == "table":
        high = min(max(TABLE_HEIGHTS[0], tall * TABLE_CELL), TABLE_HEIGHTS[1])
        return (min(room, max(high, wide * TABLE_CELL)), high), 1, 0.0
    aspect = min(2.0, wide / max(1, tall))
    count = 1 if form == "photo" else len(node.values)
    one_line = int(((room + TILE_GAP) / count - TILE_GAP) / aspect)
    size = min(LARGEST_TILE, max(SMALLEST_TILE, one_line))
    across = max(4, round(size * aspect))
    return (across, size), _columns(count, across, room), 0.0


def _columns(count: int, wide: int, room: int) -> int:
    return int(max(1, min(count, (room + TILE_GAP) // (wide + TILE_GAP))))
