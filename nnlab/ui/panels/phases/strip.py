"""All numbers of the chosen node as coloured cells, to click into: a row of units, or maps side by side."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from nnlab.core import words
from nnlab.engine.wants import Array, NodeActivations, Numbers
from nnlab.ui.look import pictures, plots, theme
from nnlab.ui.look.sample_pictures import word_of
from nnlab.ui.panels.phases.rows import Row, Sizes, Target

CELL_LIMIT = 512  # cells drawn of a row
SMALLEST, LARGEST, SERIES = 10.0, 46.0, 40.0
MAP_LARGEST, MAP_SMALLEST, MAP_GAP = 108, 44, 6
MAPS_LIMIT = 12
TEXTS_LIMIT = 32  # cells whose numbers are written into them


def strip(
    numbers: Numbers, place: tuple[int, ...], width: float, sizes: Sizes, vocabulary: Sequence[str] = ()
) -> list[Row]:
    """The cells of one node's numbers, the chosen one framed; with a vocabulary the words that they stand for."""
    if not numbers.is_whole or numbers.values.size == 0:
        return []
    limit = max(abs(numbers.low), abs(numbers.high), float(np.nan_to_num(np.abs(numbers.values)).max()))
    if numbers.values.ndim == 3:
        return [_maps(numbers.values, place, limit, width)]
    texts = [word_of(vocabulary, n) for n in numbers.values.ravel()[:CELL_LIMIT].tolist()] if vocabulary else []
    return [_cells(numbers.values, place, limit, width, sizes, texts)]


def losses_strip(losses: Array, sample: int, width: float) -> Row:
    """The loss of each sample as a bar; a click looks at that sample."""
    count = len(losses)
    pitch = min(26.0, width / count)
    top = float(np.nan_to_num(losses).max(initial=0.0)) or 1.0
    height = 46.0

    def paint(painter: QPainter, place: QRectF) -> None:
        now = theme.current()
        for k, value in enumerate(np.nan_to_num(losses).tolist()):
            tall = max(1.5, value / top * (height - 6))
            box = QRectF(place.left() + k * pitch, place.top() + height - tall, max(1.0, pitch - 2), tall)
            painter.fillRect(box, now.color("accent" if k == sample else "train", 255 if k == sample else 110))
        painter.setPen(QPen(now.color("muted", 120), 1))
        painter.drawLine(
            QPointF(place.left(), place.top() + height), QPointF(place.left() + count * pitch, place.top() + height)
        )

    def hit(at: QPointF, place: QRectF) -> Target | None:
        number = int((at.x() - place.left()) / pitch)
        return Target("sample", number) if 0 <= number < count else None

    return Row(height + 4, paint, hit)


def _cells(
    values: Array, chosen: tuple[int, ...], limit: float, width: float, sizes: Sizes, texts: Sequence[str]
) -> Row:
    cells = _Cells(values.ravel()[:CELL_LIMIT], values.shape, width, sizes, texts)
    colors = pictures.signed_colors(cells.flat, limit)
    at_chosen = int(np.ravel_multi_index(chosen, values.shape)) if len(chosen) == values.ndim else -1

    def paint(painter: QPainter, place: QRectF) -> None:
        now = theme.current()
        for number, color in enumerate(colors):
            color.setAlpha(190)
            painter.fillRect(cells.box(number, place), now.color("raised") if texts else color)
            if cells.has_texts:
                cells.write(painter, number, place, bold=number == at_chosen)
        if 0 <= at_chosen < len(cells.flat):
            painter.setPen(QPen(now.color("accent"), 2))
            painter.drawRoundedRect(cells.box(at_chosen, place).adjusted(-1, -1, 1, 1), 2, 2)

    def hit(at: QPointF, place: QRectF) -> Target | None:
        number = cells.at(at, place)
        return None if number is None else Target("place", tuple(map(int, np.unravel_index(number, values.shape))))

    return Row(cells.lines * cells.high + 4, paint, hit)


class _Cells:
    """Where the cells of a row of numbers lie; few enough of them are wide enough to be read."""

    def __init__(
        self, flat: Array, shape: tuple[int, ...], width: float, sizes: Sizes, texts: Sequence[str] = ()
    ) -> None:
        self.flat, self._size, self._texts = flat, sizes.caption, texts
        grown = sizes.caption / theme.CAPTION_PX
        self.has_texts = bool(texts) or (len(flat) <= TEXTS_LIMIT and len(shape) < 2)
        across = min(shape[-1] if len(shape) > 1 else len(flat), len(flat))
        self._side = min(LARGEST * grown, max(SMALLEST, width / max(1, across)))
        if len(shape) == 2:  # a line for each row, as of a series
            self._side = min(SERIES, max(SMALLEST, width / max(1, across)))
        elif self.has_texts:
            wide = [plots.text_width(self._text(k), sizes.caption, True) for k in range(len(flat))]
            self._side = min(width, max(0.0 if texts else self._side, *wide, 12.0) + 8)
        fitting = max(1, min(len(flat), int(width / self._side + 1e-6)))
        self._columns = min(fitting, across) if len(shape) == 2 else fitting
        self.high = 26.0 * grown if self.has_texts else min(self._side, 20.0)
        self.lines = -(-len(flat) // self._columns)

    def box(self, number: int, place: QRectF) -> QRectF:
        """One cell."""
        line, column = divmod(number, self._columns)
        corner = QPointF(place.left() + column * self._side, place.top() + line * self.high)
        return QRectF(corner.x(), corner.y(), self._side - 2, self.high - 2)

    def _text(self, number: int) -> str:
        return self._texts[number] if self._texts else words.number(float(self.flat[number]))

    def write(self, painter: QPainter, number: int, place: QRectF, bold: bool) -> None:
        """The number into its cell."""
        text, box = self._text(number), self.box(number, place)
        wide = plots.text_width(text, self._size, bold)
        at = QPointF(box.center().x() - wide / 2, box.center().y() + self._size * 0.36)
        plots.draw_text(painter, at, text, theme.current().color("text"), self._size, bold)

    def at(self, at: QPointF, place: QRectF) -> int | None:
        """The cell at this point."""
        column, line = int((at.x() - place.left()) / self._side), int((at.y() - place.top()) / self.high)
        number = line * self._columns + column
        return number if 0 <= column < self._columns and 0 <= number < len(self.flat) else None


def _maps(values: Array, chosen: tuple[int, ...], limit: float, width: float) -> Row:
    count, tall, wide = min(len(values), MAPS_LIMIT), values.shape[1], values.shape[2]
    first = max(0, min(chosen[0] - MAPS_LIMIT + 1, len(values) - count)) if len(chosen) == 3 else 0
    side = int(min(MAP_LARGEST, max(MAP_SMALLEST, (width - (count - 1) * MAP_GAP) / count)))
    columns = max(1, int((width + MAP_GAP) / (side + MAP_GAP)))
    high = max(6, min(2 * side, round(side * tall / max(1, wide))))
    node = NodeActivations("maps", values[first : first + count], -limit, limit, 0.0, 0.0, count)
    picture = pictures.sheet(node, min(columns, count), side, high, MAP_GAP)

    def box_of(number: int, place: QRectF) -> QRectF:
        line, column = divmod(number, columns)
        return QRectF(place.left() + column * (side + MAP_GAP), place.top() + line * (high + MAP_GAP), side, high)

    def paint(painter: QPainter, place: QRectF) -> None:
        now = theme.current()
        painter.drawImage(place.topLeft(), picture)
        if len(chosen) == 3 and 0 <= chosen[0] - first < count:
            box = box_of(chosen[0] - first, place)
            painter.setPen(QPen(now.color("muted"), 1))
            painter.drawRect(box.adjusted(-1, -1, 0, 0))
            dot = QRectF(
                box.left() + chosen[2] / wide * side, box.top() + chosen[1] / tall * high, side / wide, high / tall
            )
            painter.setPen(QPen(now.color("accent"), 2))
            painter.drawRect(dot.adjusted(-1.5, -1.5, 1.5, 1.5))

    def hit(at: QPointF, place: QRectF) -> Target | None:
        for number in range(count):
            box = box_of(number, place)
            if box.contains(at):
                down = min(tall - 1, int((at.y() - box.top()) / high * tall))
                across = min(wide - 1, int((at.x() - box.left()) / side * wide))
                return Target("place", (first + number, down, across))
        return None

    lines = -(-count // columns)
    return Row(lines * (high + MAP_GAP) + 2, paint, hit)


def place_name(shape: Sequence[int], place: tuple[int, ...]) -> str:
    """Where in a node's output a number stands, as people count."""
    if len(shape) == 3 and len(place) == 3:
        return f"map {place[0] + 1}, row {place[1] + 1}, column {place[2] + 1}"
    if len(shape) == 2 and len(place) == 2:
        return f"row {place[0] + 1}, number {place[1] + 1}"
    if len(place) == 1:
        return f"unit {place[0] + 1}"
    return "place " + ", ".join(str(k + 1) for k in place) if place else ""
