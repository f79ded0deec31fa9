"""The activations panel's picture: every layer a row of small pictures, and one unit large when it is chosen."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent

from nnlab.core import words
from nnlab.core.document import Document
from nnlab.engine.wants import Activations
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import labels, pictures, plots, theme
from nnlab.ui.panels.activations import pieces
from nnlab.ui.panels.activations import rows as places
from nnlab.ui.panels.activations.rows import Row

Unit = tuple[str, int]
"""Node id and the number of the unit."""


class ActivationsDrawing(Drawing):
    """One widget for all layers; only the rows that can be seen are painted."""

    enlarged = Signal()
    """Another unit is shown large, or none."""

    def __init__(self) -> None:
        super().__init__(
            "Activations", "What each unit of every layer puts out. Arrow keys choose a unit, Enter enlarges."
        )
        self.answer: Activations | None = None
        self.document: Document | None = None
        self.rows: list[Row] = []
        self.chosen: Unit | None = None
        self.large: Unit | None = None
        self._key: object = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_answer(self, answer: Activations, document: Document) -> None:
        """Paint this from now on; the places are worked out again only when the layers change."""
        key = (places.shape_key(answer), self.width())
        if key != self._key or document is not self.document:
            self._key, self.answer, self.document = key, answer, document
            self._lay_out()
        else:
            self.answer = answer
            self.rows = [replace(row, node=answer.nodes[row.node_id]) for row in self.rows]

    def enlarge(self, unit: Unit | None) -> None:
        """Show one unit large; None goes back."""
        if unit != self.large:
            self.large = unit
            self.enlarged.emit()
            self.update()

    def _lay_out(self) -> None:
        if self.answer is None or self.document is None:
            return
        self.rows = places.rows_of(self.answer, self.document, self.width())
        known = {row.node_id: row.count for row in self.rows}
        for name in ("chosen", "large"):
            unit = getattr(self, name)
            if unit is not None and unit[1] >= known.get(unit[0], 0):
                setattr(self, name, None)
        self.setMinimumHeight(self.rows[-1].bottom if self.rows else 0)
        self.updateGeometry()

    def _row(self, node_id: str) -> Row | None:
        return next((row for row in self.rows if row.node_id == node_id), None)

    def unit_at(self, at: QPointF) -> Unit | None:
        """The unit at this place."""
        for row in self.rows:
            unit = row.unit_at(at)
            if unit is not None:
                return row.node_id, unit
        return None

    # ---------------------------------------------------------------- painting

    def draw(self, painter: QPainter) -> None:
        """The rows that can be seen, then what lies over them."""
        seen = QRectF(self.visibleRegion().boundingRect() if self.isVisible() else self.rect())
        if self.large is not None:
            self._draw_large(painter, seen, self.large)
            return
        for row in self.rows:
            if row.top < seen.bottom() and row.bottom > seen.top():
                self._draw_row(painter, row)
        if self.hover is not None:
            self._draw_card(painter, seen, self.hover)

    def _draw_row(self, painter: QPainter, row: Row) -> None:
        now = theme.current()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(now.families.get(row.category, now.muted)))
        painter.drawRoundedRect(QRectF(places.MARGIN, row.top + 2, 3, 12), 1.5, 1.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        x, baseline = places.MARGIN + 9.0, row.top + 13.0
        for text, token, bold in (
            (row.title, "text", True),
            (row.caption(), "muted", False),
            (row.warning(), "warning", False),
        ):
            plots.draw_text(painter, QPointF(x, baseline), text, now.color(token), bold=bold)
            x += plots.text_width(text, bold=bold) + 10
        if row.is_bars:
            self._draw_bars(painter, row)
        elif row.form == "tiles":
            self._draw_tiles(painter, row)
        elif row.form == "words":
            pieces.draw_words(painter, row)
        else:
            pieces.draw_piece(painter, row, row.place(0))
        if self.chosen is not None and self.chosen[0] == row.node_id and self.hasFocus():
            painter.setPen(QPen(now.color("accent"), 2))
            painter.drawRoundedRect(row.place(self.chosen[1]).adjusted(-2, -2, 2, 2), 2, 2)

    def _draw_tiles(self, painter: QPainter, row: Row) -> None:
        ratio = self.devicePixelRatioF()
        wide, tall = (round(side * ratio) for side in row.tile)
        sheet = pictures.sheet(row.node, row.columns, wide, tall, round(places.TILE_GAP * ratio))
        sheet.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(places.MARGIN, row.top + places.HEAD), sheet)

    def _draw_bars(self, painter: QPainter, row: Row) -> None:
        now, values = theme.current(), np.nan_to_num(row.node.values.ravel())
        low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
        top, height = row.top + places.HEAD, places.BARS_HEIGHT
        scale = height / (high - low) if high > low else 0.0
        zero = top + high * scale
        gap = 2.0 if row.bar >= 8 else 0.5
        colors = pictures.signed_colors(values, pictures.limit_of(row.node))
        for unit, value in enumerate(values.tolist()):
            box = QRectF(places.MARGIN + unit * row.bar, zero, max(1.0, row.bar - gap), -value * scale).normalized()
            painter.fillRect(box, colors[unit])
        painter.setPen(QPen(now.color("muted", 150), 1))
        painter.drawLine(QPointF(places.MARGIN, zero), QPointF(places.MARGIN + len(values) * row.bar - gap, zero))

    # ---------------------------------------------------------------- under the mouse, and large

    def _draw_card(self, painter: QPainter, seen: QRectF, at: QPointF) -> None:
        unit = self.unit_at(at)
        row = self._row(unit[0]) if unit else None
        if unit is None or row is None:
            return
        plots.draw_card(painter, at, seen, pieces.said_at(row, unit[1], row.place(unit[1]), at))

    def _draw_large(self, painter: QPainter, seen: QRectF, unit: Unit) -> None:
        row, now = self._row(unit[0]), theme.current()
        if row is None:
            return
        card = seen.adjusted(8, 8, -8, -8)
        painter.setPen(QPen(now.color("hairline"), 1))
        painter.setBrush(now.color("raised"))
        painter.drawRoundedRect(card, theme.CARD_RADIUS, theme.CARD_RADIUS)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        title = pieces.name_of(row, unit[1])
        at = QPointF(card.left() + 16, card.top() + 24)
        plots.draw_text(painter, at, title, now.color("text"), theme.TEXT_PX, bold=True)
        hint = "click to go back"
        plots.draw_text(painter, QPointF(card.right() - 16 - plots.text_width(hint), at.y()), hint, now.color("muted"))
        if row.is_bars or row.form == "words":
            said = pieces.said_at(row, unit[1], card, card.center())[-1].value
            plots.draw_text(painter, at + QPointF(0, 40), said, now.color("text"), theme.TITLE_PX, bold=True)
        elif row.form in ("photo", "edges", "curve"):
            self._draw_large_piece(painter, card.adjusted(16, 40, -16, -14), row, seen)
        else:
            self._draw_large_tile(painter, card, row, unit[1])

    def _draw_large_piece(self, painter: QPainter, room: QRectF, row: Row, seen: QRectF) -> None:
        """A picture, a graph or a series, as large as it can be without being stretched."""
        box = room
        if row.form != "curve":
            aspect = row.tile[0] / row.tile[1]
            tall = min(room.height(), room.width() / aspect)
            box = QRectF(room.center().x() - tall * aspect / 2, room.top(), tall * aspect, tall)
        pieces.draw_piece(painter, row, box)
        if self.hover is not None and box.contains(self.hover) and row.form != "edges":
            plots.draw_card(painter, self.hover, seen, pieces.said_at(row, 0, box, self.hover))

    def _draw_large_tile(self, painter: QPainter, card: QRectF, row: Row, unit: int) -> None:
        plane = row.node.kind == "plane" and self.answer is not None and self.answer.x_range is not None
        room = card.adjusted(16 + plots.LEFT if plane else 16, 40, -78, -14 - (plots.BOTTOM if plane else 0))
        aspect = row.tile[0] / row.tile[1]
        tall = min(room.height(), room.width() / aspect)
        box = QRectF(room.left() + (room.width() - tall * aspect) / 2, room.top(), tall * aspect, tall)
        if tall < 20:
            return
        if plane and self.answer and self.answer.x_range and self.answer.y_range:
            plots.draw_axes(painter, plots.Axes(box, self.answer.x_range, self.answer.y_range))
        ratio = self.devicePixelRatioF()
        picture = pictures.enlarged(row.node, unit, round(box.width() * ratio), round(box.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        painter.drawImage(box.topLeft(), picture)
        limit = pictures.limit_of(row.node)
        bar = QRectF(box.right() + 12, box.top(), 10, box.height())
        painter.drawImage(bar, pictures.ramp(-limit, limit, 10, max(2, int(bar.height())), upright=True))
        for value, y in ((limit, bar.top() + 9), (0.0, bar.center().y() + 4), (-limit, bar.bottom())):
            plots.draw_text(painter, QPointF(bar.right() + 5, y), words.number(value), theme.current().color("muted"))
        if self.hover is not None and box.contains(self.hover):
            plots.draw_card(painter, self.hover, card, pieces.said_at(row, unit, box, self.hover)[1:])

    # ---------------------------------------------------------------- Qt

    def minimumSizeHint(self) -> QSize:
        """As tall as all rows."""
        return QSize(160, self.minimumHeight() or 120)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other width, other places."""
        if event.size().width() != event.oldSize().width():
            self._key = None
            self._lay_out()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Enlarge the unit under the mouse, or go back."""
        if self.message or event.button() != Qt.MouseButton.LeftButton:
            return
        self.chosen = self.unit_at(event.position()) if self.large is None else self.chosen
        self.enlarge(self.chosen if self.large is None else None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys choose a unit, Enter shows it large, Escape goes back."""
        if event.key() == Qt.Key.Key_Escape and self.large is not None:
            self.enlarge(None)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.chosen is not None:
            self.enlarge(None if self.large else self.chosen)
        elif event.key() in _STEPS and self.rows:
            self._step(*_STEPS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _step(self, across: int, down: int) -> None:
        ids = [row.node_id for row in self.rows]
        if self.chosen is None or self.chosen[0] not in ids:
            self.chosen = (ids[0], 0)
        else:
            place = ids.index(self.chosen[0]) + down
            row = self.rows[min(max(0, place), len(ids) - 1)]
            self.chosen = (row.node_id, min(max(0, self.chosen[1] + across), row.count - 1))
        if self.large is not None:
            self.enlarge(self.chosen)
        self.setAccessibleDescription(labels.plain(f"{self.chosen[0]}, unit {self.chosen[1] + 1}"))
        self.update()


_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
