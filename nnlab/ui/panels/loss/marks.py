"""The marks above the curves: the best epoch, where early stopping ends the run, and the moment that is looked at."""

from collections.abc import Sequence
from math import isfinite

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnlab.core import words
from nnlab.ui.look import plots, theme
from nnlab.ui.record import Record

CLOSE = 0.02  # epochs from a whole one that still are called by its number


def draw_marks(painter: QPainter, axes: plots.Axes, record: Record) -> None:
    """The best epoch as a dotted line with a dot, early stopping as a dashed one."""
    now = theme.current()
    if record.best is not None and record.epoch > 1:
        epoch, loss = record.best
        _draw_upright(painter, axes, epoch, now.color("good"), Qt.PenStyle.DotLine)
        if isfinite(loss) and holds(axes, epoch, loss):
            draw_dot(painter, axes, (epoch, loss), now.color("validation" if record.validation_loss.last else "train"))
        _name_upright(painter, axes, epoch, f"best: epoch {words.count(epoch)}", now.color("good"), 1)
    limit = stop_epoch(record)
    if limit is not None:
        color = now.color("warning")
        _draw_upright(painter, axes, limit, color, Qt.PenStyle.DashLine)
        early = record.end is not None and record.end.reason == "early"
        _name_upright(painter, axes, limit, "stopped early" if early else "stops here unless better", color, 2)


def stop_epoch(record: Record) -> int | None:
    """Where early stopping ended the run, or would end it if nothing improves."""
    if record.end is not None:
        return record.end.epoch if record.end.reason == "early" else None
    training = record.document.training if record.document else None
    if training is None or not training.early_stopping or record.best is None:
        return None
    return record.best[0] + training.patience


def draw_looked_at(painter: QPainter, axes: Sequence[plots.Axes], at: float, text: str) -> None:
    """A line through all charts at the moment that is looked at, named in the first of them."""
    color = theme.current().color("accent")
    for chart in axes:
        _draw_upright(painter, chart, at, color, Qt.PenStyle.SolidLine)
    if text:
        _name_upright(painter, axes[0], at, text, color, 0)


def moment_words(at: float, steps_per_epoch: int) -> str:
    """The moment after so many epochs, in words."""
    whole = round(at)
    if abs(at - whole) < CLOSE / max(1, steps_per_epoch):
        return f"epoch {words.count(whole)}"
    return f"step {words.count(round(at * steps_per_epoch))}"


def draw_forks(painter: QPainter, axes: plots.Axes, ghosts: Sequence[Record]) -> None:
    """A small ring where a way that was left parts from the present one."""
    painter.setPen(QPen(theme.current().color("muted"), 1.5))
    painter.setBrush(theme.current().color("canvas"))
    for ghost in ghosts:
        place = ghost.watched.at(ghost.since) if ghost.since > 0 else None
        if place is not None and isfinite(place[1]) and holds(axes, *place):
            painter.drawEllipse(QPointF(axes.to_x(place[0]), axes.to_y(place[1])), 3, 3)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def draw_dot(painter: QPainter, axes: plots.Axes, place: tuple[float, float], color: QColor) -> None:
    """A dot on a curve, set off from it by a thin rim."""
    painter.setPen(QPen(theme.current().color("canvas"), 1.5))
    painter.setBrush(color)
    painter.drawEllipse(QPointF(axes.to_x(place[0]), axes.to_y(place[1])), 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def holds(axes: plots.Axes, x: float, y: float) -> bool:
    """Whether this place is in sight."""
    return axes.rect.adjusted(-2, -3, 2, 3).contains(QPointF(axes.to_x(x), axes.to_y(y)))


def _draw_upright(painter: QPainter, axes: plots.Axes, epoch: float, color: QColor, style: Qt.PenStyle) -> None:
    x = axes.to_x(epoch)
    if axes.rect.left() <= x <= axes.rect.right() + 1:
        painter.setPen(QPen(color, 1, style))
        painter.drawLine(QPointF(x, axes.rect.top()), QPointF(x, axes.rect.bottom()))


def _name_upright(painter: QPainter, axes: plots.Axes, epoch: float, text: str, color: QColor, row: int) -> None:
    x, width = axes.to_x(epoch), plots.text_width(text)
    if not axes.rect.left() <= x <= axes.rect.right() + 1:
        return
    at = x + 5 if x + 5 + width < axes.rect.right() else x - 5 - width
    y = axes.rect.top() + 14 + row * (theme.CAPTION_PX + 5)
    plots.draw_name(painter, QPointF(at, y), text, color)
