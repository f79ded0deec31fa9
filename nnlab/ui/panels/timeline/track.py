"""The track of the timeline: the run from its start to its newest step, with a handle to pull."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF

from nnlab.core import words
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import plots, theme
from nnlab.ui.panels.timeline.marks import Mark
from nnlab.ui.panels.timeline.scale import Scale
from nnlab.ui.record import Record

SIDE = 14.0  # room beside the track for half a handle
GROOVE, HANDLE = 4.0, 7.0
TEXTS = 18.0  # for the epochs below the track
MARKS = 13.0  # for the marks above it
TALL = 64  # pixels from which on there is room for more than the track
CLOSE = 5.0  # pixels from a mark that still mean it
LEAST_CURVE = 16.0


@dataclass(frozen=True)
class Place:
    """Where the run stands, in steps."""

    step: int = 0
    """Of the moment that is shown."""
    target: int | None = None
    """Of the moment that is on its way."""
    furthest: int = 0
    steps_per_epoch: int = 1
    planned: int = 0
    looks_back: bool = False

    @property
    def wanted(self) -> int:
        """Where the handle stands."""
        return self.step if self.target is None else self.target


class Track(Drawing):
    """A slider over the run. Pull the handle, click, or use the keys."""

    wanted = Signal(object)
    """A step to look at."""
    play_asked = Signal()
    hold_asked = Signal()

    def __init__(self) -> None:
        super().__init__(
            "Timeline",
            "Left and right go by one step, with Ctrl by one epoch, Home and End to the start and the newest moment, "
            "Space plays.",
        )
        self.record = Record()
        self.place = Place()
        self.marks: Sequence[Mark] = ()
        self.kept: Sequence[int] = ()
        self.caption = ""
        """A sentence above the curve."""
        self._pulled = False
        self._ringed = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_place(self, place: Place) -> None:
        """The run is here now."""
        if place != self.place:
            self.place = place
            self.setAccessibleDescription(f"{moment_words(place.wanted, place.steps_per_epoch)}. {_KEYS}")
            self.update()

    def scale(self) -> Scale:
        """Where each step lies."""
        place = self.place
        return Scale(SIDE, max(SIDE + 1, self.width() - SIDE), place.steps_per_epoch, place.furthest, place.planned)

    # ---------------------------------------------------------------- painting

    @property
    def groove_y(self) -> float:
        """The height of the track."""
        return self.height() / 2 if self.height() < TALL else self.height() - TEXTS - HANDLE - 2

    def draw(self, painter: QPainter) -> None:
        """Curve and epochs where there is room, then the track, its marks, the handle and what the mouse points at."""
        scale, tall = self.scale(), self.height() >= TALL
        if tall:
            self._draw_curve(painter, scale)
            self._draw_epochs(painter, scale)
        self._draw_groove(painter, scale)
        if tall:
            self._draw_kept(painter, scale)
        self._draw_marks(painter, scale)
        self._draw_handle(painter, scale)
        if tall and self.caption:
            text = plots.shortened(self.caption, scale.right - scale.left - 60)
            at = QPointF(scale.right - plots.text_width(text), 14)
            plots.draw_name(painter, at, text, theme.current().color("text"))
        if self._ringed:
            painter.setPen(QPen(theme.current().color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)
        if self.hover is not None and tall:
            self._draw_card(painter, scale, self.hover)

    def _draw_curve(self, painter: QPainter, scale: Scale) -> None:
        """The loss, so that one sees where one is; pale where it is later than what is shown."""
        top, bottom = 6.0, self.groove_y - MARKS - 4
        xs, ys = self.record.whole.watched.points()
        fine = np.isfinite(ys)
        if bottom - top < LEAST_CURVE or fine.sum() < 2:
            return
        xs, ys = xs[fine] * self.record.steps_per_epoch, ys[fine]
        low, high = float(ys.min()), float(np.quantile(ys, 0.995))
        across = scale.left + (scale.right - scale.left) * np.clip(xs / scale.end, 0, 1)
        up = bottom - (bottom - top) * np.clip((ys - low) / max(high - low, 1e-12), 0, 1)
        points = np.column_stack([across, up])
        token = "validation" if self.record.whole.validation_loss.last else "train"
        cut = int(np.searchsorted(xs, self.place.wanted, side="right"))
        plots.draw_line(painter, points[max(0, cut - 1) :], plots.faded(token, 0.3))
        plots.draw_line(painter, points[:cut], theme.current().color(token))
        plots.draw_text(painter, QPointF(scale.left, bottom), "loss", theme.current().color("muted"))

    def _draw_epochs(self, painter: QPainter, scale: Scale) -> None:
        """Ticks and numbers of epochs below the track."""
        per_epoch, y = max(1, self.place.steps_per_epoch), self.groove_y
        ticks = plots.ticks(0, scale.end / per_epoch, max(2, int((scale.right - scale.left) / 76)) + 1, whole=True)
        muted = theme.current().color("muted")
        painter.setFont(plots.font())
        right = scale.right - plots.text_width("epoch")
        plots.draw_text(painter, QPointF(right, self.height() - 5), "epoch", muted)
        for tick in ticks:
            x, text = scale.x(tick * per_epoch), words.count(tick)
            painter.setPen(QPen(theme.current().color("hairline"), 1))
            painter.drawLine(QPointF(x, y), QPointF(x, y + 9))
            half = plots.text_width(text) / 2
            if x + half + 8 < right:
                plots.draw_text(painter, QPointF(max(2.0, x - half), self.height() - 5), text, muted)

    def _draw_groove(self, painter: QPainter, scale: Scale) -> None:
        now, place, y = theme.current(), self.place, self.groove_y
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

    def _draw_kept(self, painter: QPainter, scale: Scale) -> None:
        """A tick for each moment that is kept: it is there at once."""
        painter.setPen(QPen(plots.faded("muted", 0.7), 1))
        for step in self.kept:
            if step <= self.place.furthest:
                x = scale.x(step)
                painter.drawLine(QPointF(x, self.groove_y - 7), QPointF(x, self.groove_y - 3))

    def _draw_marks(self, painter: QPainter, scale: Scale) -> None:
        now, y = theme.current(), self.groove_y - (12.0 if self.height() >= TALL else 8.0)
        tokens = {"best": "good", "end": "warning", "change": "text"}
        for mark in self.marks:
            if mark.step > self.place.furthest:
                continue
            x = scale.x(mark.step)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color(tokens[mark.kind]))
            painter.drawPolygon(_shape(mark.kind, x, y))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_handle(self, painter: QPainter, scale: Scale) -> None:
        now, place, y = theme.current(), self.place, self.groove_y
        if place.target is not None and place.target != place.step:  # how far the way there has come
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("accent"))
            painter.drawEllipse(QPointF(scale.x(place.step), y), 4, 4)
        active = place.looks_back or self._pulled
        painter.setPen(QPen(now.color("accent" if active else "muted"), 2 if active else 1.5))
        painter.setBrush(now.color("raised"))
        painter.drawEllipse(QPointF(scale.x(place.wanted), y), HANDLE, HANDLE)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_card(self, painter: QPainter, scale: Scale, at: QPointF) -> None:
        step = self._step_at(at.x())
        x = scale.x(step)
        painter.setPen(QPen(theme.current().color("muted", 160), 1))
        painter.drawLine(QPointF(x, 4), QPointF(x, self.groove_y - HANDLE - 2))
        plots.draw_card(painter, QPointF(x, 2), QRectF(self.rect()), self.card(step))

    def card(self, step: int) -> list[plots.CardLine]:
        """What is known of this step: "epoch 12, step 300", its loss, its marks."""
        per_epoch = max(1, self.place.steps_per_epoch)
        whole, lines = self.record.whole, [plots.CardLine(moment_words(step, per_epoch))]
        named = (("training loss", whole.train_loss), ("validation loss", whole.validation_loss))
        for name, curve in named if whole.train_loss.last else (("loss", whole.steps),):
            found = curve.at(step / per_epoch)
            if found is not None and isfinite(found[1]):
                lines.append(plots.CardLine(name, words.number(found[1])))
        lines += [plots.CardLine(mark.text) for mark in self.marks if mark.step == step]
        return lines

    # ---------------------------------------------------------------- mouse and keys

    def _step_at(self, x: float) -> int:
        """The step under the mouse; a mark that is close takes it."""
        scale = self.scale()
        near = [mark for mark in self.marks if mark.step <= self.place.furthest and abs(scale.x(mark.step) - x) < CLOSE]
        if near and not self._pulled:
            return min(near, key=lambda mark: abs(scale.x(mark.step) - x)).step
        return scale.step(x)

    def _ask(self, step: int) -> None:
        self.wanted.emit(min(max(0, step), self.place.furthest))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Look at the moment under the mouse, and follow it while it is held down."""
        if event.button() == Qt.MouseButton.LeftButton and not self.message:
            self._ask(self._step_at(event.position().x()))
            self._pulled = True

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The handle follows."""
        super().mouseMoveEvent(event)
        if self._pulled:
            self._ask(self.scale().step(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The handle stays."""
        self._pulled = False
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home and End move the handle; Space plays, Esc holds."""
        place, key = self.place, event.key()
        stride = max(1, place.steps_per_epoch) if event.modifiers() & Qt.KeyboardModifier.ControlModifier else 1
        moves = {
            Qt.Key.Key_Left: place.wanted - stride, Qt.Key.Key_Down: place.wanted - stride,
            Qt.Key.Key_Right: place.wanted + stride, Qt.Key.Key_Up: place.wanted + stride,
            Qt.Key.Key_Home: 0, Qt.Key.Key_End: place.furthest,
        }  # fmt: skip
        if key in moves:
            self._ask(moves[Qt.Key(key)])
        elif key == Qt.Key.Key_Space:
            self.play_asked.emit()
        elif key == Qt.Key.Key_Escape:
            self.hold_asked.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is, if it came by keyboard."""
        super().focusInEvent(event)
        self._ringed = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard is elsewhere."""
        super().focusOutEvent(event)
        self._ringed = False
        self.update()

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(640, 84)

    def minimumSizeHint(self) -> QSize:
        """A bare track."""
        return QSize(120, 28)


_KEYS = "Left and right go by one step, with Ctrl by one epoch, Home and End to the start and the newest moment, Space plays."


def moment_words(step: int, steps_per_epoch: int) -> str:
    """The moment after so many steps: "epoch 12, step 300"."""
    return f"epoch {words.count(step // max(1, steps_per_epoch))}, step {words.count(step)}"


def _shape(kind: str, x: float, y: float) -> QPolygonF:
    """A pointer down for the best epoch, a bar for the end, a diamond for a change."""
    corners = {
        "best": ((-4.5, -3.0), (4.5, -3.0), (0.0, 4.0)),
        "end": ((-1.5, -4.0), (1.5, -4.0), (1.5, 4.0), (-1.5, 4.0)),
        "change": ((0.0, -4.5), (4.5, 0.0), (0.0, 4.5), (-4.5, 0.0)),
    }[kind]
    return QPolygonF([QPointF(x + dx, y + dy) for dx, dy in corners])
