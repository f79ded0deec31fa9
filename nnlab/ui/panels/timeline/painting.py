"""What the track of the timeline is painted of."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from nnlab.core import words
from nnlab.ui.look import plots, theme
from nnlab.ui.panels.timeline.marks import Mark
from nnlab.ui.panels.timeline.scale import Place, Scale
from nnlab.ui.record import Record

GROOVE, HANDLE = 4.0, 7.0
TOP = 6.0


def draw_loss(painter: QPainter, scale: Scale, record: Record, bottom: float, color: QColor) -> None:
    """The loss from epoch to epoch."""
    xs, ys = record.watched.points()
    fine = np.isfinite(ys)
    if fine.sum() < 2:
        return
    xs, ys = xs[fine] * record.steps_per_epoch, ys[fine]
    low, high = float(ys.min()), float(np.quantile(ys, 0.995))
    across = scale.left + (scale.right - scale.left) * np.clip(xs / scale.end, 0, 1)
    up = bottom - (bottom - TOP) * np.clip((ys - low) / max(high - low, 1e-12), 0, 1)
    plots.draw_line(painter, np.column_stack([across, up]), color)


def draw_epochs(painter: QPainter, scale: Scale, y: float, foot: float) -> None:
    """Ticks and numbers of epochs below the track."""
    per_epoch = max(1, scale.steps_per_epoch)
    ticks = plots.ticks(0, scale.end / per_epoch, max(2, int((scale.right - scale.left) / 76)) + 1, whole=True)
    muted = theme.current().color("muted")
    painter.setFont(plots.font())
    right = scale.right - plots.text_width("epoch")
    plots.draw_text(painter, QPointF(right, foot), "epoch", muted)
    for tick in ticks:
        x, text = scale.x(tick * per_epoch), words.count(tick)
        painter.setPen(QPen(theme.current().color("hairline"), 1))
        painter.drawLine(QPointF(x, y), QPointF(x, y + 9))
        half = plots.text_width(text) / 2
        if x + half + 8 < right:
            plots.draw_text(painter, QPointF(max(2.0, x - half), foot), text, muted)


def draw_groove(painter: QPainter, scale: Scale, place: Place, y: float) -> None:
    """The track: what was trained, up to what is shown, and the way to what is wanted."""
    now = theme.current()
    reach, handle, shown = scale.x(place.furthest), scale.x(place.wanted), scale.x(place.step)
    painter.setPen(Qt.PenStyle.NoPen)
    for left, right, color in (
        (scale.left, scale.right, now.color("hairline")),
        (scale.left, reach, plots.faded("muted", 0.55)),
        (scale.left, min(handle, shown), now.color("accent")),
        (min(handle, shown), max(handle, shown), plots.faded("accent", 0.5)),
    ):
        if right > left:
            painter.setBrush(color)
            painter.drawRoundedRect(QRectF(left, y - GROOVE / 2, right - left, GROOVE), 2, 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def draw_kept(painter: QPainter, scale: Scale, kept: Sequence[int], y: float) -> None:
    """A tick for each moment that is kept: it is there at once."""
    painter.setPen(QPen(plots.faded("muted", 0.7), 1))
    for step in kept:
        if step <= scale.furthest:
            x = scale.x(step)
            painter.drawLine(QPointF(x, y - 7), QPointF(x, y - 3))


def draw_marks(painter: QPainter, scale: Scale, marks: Sequence[Mark], y: float) -> None:
    """The best epoch, the end and changed settings."""
    now = theme.current()
    tokens = {"best": "good", "end": "muted", "early": "warning", "change": "text"}
    for mark in marks:
        if mark.step > scale.furthest:
            continue
        x = scale.x(mark.step)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color(tokens[mark.kind]))
        painter.drawPolygon(_shape(mark.kind, x, y))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def draw_handle(painter: QPainter, scale: Scale, place: Place, y: float, active: bool) -> None:
    """The handle where one wants to look, and a dot where the run is on the way there."""
    now = theme.current()
    if place.target is not None and place.target != place.step:  # how far the way there has come
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("accent"))
        painter.drawEllipse(QPointF(scale.x(place.step), y), 4, 4)
    painter.setPen(QPen(now.color("accent" if active else "muted"), 2 if active else 1.5))
    painter.setBrush(now.color("raised"))
    painter.drawEllipse(QPointF(scale.x(place.wanted), y), HANDLE, HANDLE)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _shape(kind: str, x: float, y: float) -> QPolygonF:
    """A pointer down for the best epoch, a bar for the end, a diamond for a change."""
    corners = {
        "best": ((-4.5, -3.0), (4.5, -3.0), (0.0, 4.0)),
        "change": ((0.0, -4.5), (4.5, 0.0), (0.0, 4.5), (-4.5, 0.0)),
    }.get(kind, _BAR)
    return QPolygonF([QPointF(x + dx, y + dy) for dx, dy in corners])


_BAR = ((-1.5, -4.0), (1.5, -4.0), (1.5, 4.0), (-1.5, 4.0))
