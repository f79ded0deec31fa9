"""All numbers of the chosen node as coloured cells, to click into: a row of units, or maps side by side."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from nnlab.core import words
from nnlab.engine.wants import Array, NodeActivations, Numbers
from nnlab.ui.look import pictures, plots, theme
from nnlab.ui.panels.phases.rows import Row, Sizes, Target

CELL_LIMIT = 512  # cells drawn of a row
SMALLEST, LARGEST = 10.0, 46.0
MAP_LARGEST, MAP_SMALLEST, MAP_GAP = 108, 44, 6
MAPS_LIMIT = 12


def strip(numbers: Numbers, place: tuple[int, ...], width: float, sizes: Sizes) -> list[Row]:
    """The cells of one node's numbers, the chosen one framed."""
    if not numbers.is_whole or numbers.values.size == 0:
        return []
    limit = max(abs(numbers.low), abs(numbers.high))
    if numbers.values.ndim == 3:
        return [_maps(numbers.values, place, limit, width)]
    return [_cells(numbers.values, place, limit, width, sizes)]


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


def _cells(values: Array, chosen: tuple[int, ...], limit: float, width: float, sizes: Sizes) -> Row:
    flat = values.ravel()[:CELL_LIMIT]
    per_line = values.shape[-1] if values.ndim > 1 else len(flat)
    side = min(LARGEST * sizes.caption / theme.CAPTION_PX, max(SMALLEST, width / max(1, min(per_line, len(flat)))))
    columns = max(1, min(len(flat), int(width / side + 1e-6)))
    colors = pictures.signed_colors(flat, limit)
    at_chosen = int(np.ravel_multi_index(chosen, values.shape)) if len(chosen) == values.ndim else -1
    high = side if side < 30 else 26.0 * sizes.caption / theme.CAPTION_PX

    def box_of(number: int, place: QRectF) -> QRectF:
        line, column = divmod(number, columns)
        return QRectF(place.left() + column * side, place.top() + line * high, side - 2, high - 2)

    def paint(painter: QPainter, place: QRectF) -> None:
        now = theme.current()
        for number, color in enumerate(colors):
            color.setAlpha(190)
            box = box_of(number, place)
            painter.fillRect(box, color)
            text = words.number(float(flat[number]))
            if plots.text_width(text, sizes.caption) < side - 6:
                at = QPointF(box.center().x() - plots.text_width(text, sizes.caption) / 2, box.center().y() + 4)
                plots.draw_text(painter, at, text, now.color("text"), sizes.caption, number == at_chosen)
        if 0 <= at_chosen < len(flat):
            painter.setPen(QPen(now.color("accent"), 2))
            painter.drawRoundedRect(box_of(at_chosen, place).adjusted(-1, -1, 1, 1), 2, 2)

    def hit(at: QPointF, place: QRectF) -> Target | None:
        column, line = int((at.x() - place.left()) / side), int((at.y() - place.top()) / high)
        number = line * columns + column
        if not (0 <= column < columns and 0 <= number < len(flat)):
            return None
        return Target("place", tuple(int(k) for k in np.unravel_index(number, values.shape)))

    lines = -(-len(flat) // columns)
    return Row(lines * high + 4, paint, hit)


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
    if len(place) == 1:
        return f"unit {place[0] + 1}"
    return "place " + ", ".join(str(k + 1) for k in place) if place else ""
