"""The track of the timeline: the run from its start to its newest step, with a handle to pull."""

from collections.abc import Sequence
from math import isfinite

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QToolTip

from nnlab.core import words
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import labels, plots, theme
from nnlab.ui.panels.timeline import painting
from nnlab.ui.panels.timeline.marks import Mark
from nnlab.ui.panels.timeline.painting import HANDLE
from nnlab.ui.panels.timeline.scale import Place, Scale
from nnlab.ui.record import Record

SIDE = 14.0  # room beside the track for half a handle
TEXTS = 18.0  # for the epochs below the track
MARKS = 13.0  # for the marks above it
TALL = 64  # pixels from which on there is room for more than the track
CLOSE = 5.0  # pixels from a mark that still mean it
LEAST_CURVE = 16.0
TOOLTIP_ABOVE = 68  # pixels from the top of a thin track
CURVE_MS = 250  # between two pictures of a curve that grows


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
        self._version: tuple[int, int] | None = None
        self._grows = QTimer(self, interval=CURVE_MS, singleShot=True)
        self._grows.timeout.connect(self.update)
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
        scale, place, y, tall = self.scale(), self.place, self.groove_y, self.height() >= TALL
        if tall:
            self._draw_curve(painter, scale)
            axis = (scale.steps_per_epoch, scale.end)
            self.still(painter, "epochs", axis, lambda inner: painting.draw_epochs(inner, scale, y, self.height() - 5))
        painting.draw_groove(painter, scale, place, y)
        if tall:
            painting.draw_kept(painter, scale, self.kept, y)
        painting.draw_marks(painter, scale, self.marks, y - (12.0 if tall else 8.0))
        painting.draw_handle(painter, scale, place, y, place.looks_back or self._pulled)
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
        whole = self.record.whole
        if self.groove_y - MARKS - 10 < LEAST_CURVE or not whole.watched.last:
            return
        token = "validation" if whole.validation_loss.last else "train"
        key, bottom = (*self._newest_version(), scale.end, token), self.groove_y - MARKS - 4
        pale, full = plots.faded(token, 0.3), theme.current().color(token)
        self.still(painter, "later", key, lambda inner: painting.draw_loss(inner, scale, whole, bottom, pale))
        painter.save()
        painter.setClipRect(QRectF(0, 0, scale.x(self.place.wanted), self.height()))
        self.still(painter, "sooner", key, lambda inner: painting.draw_loss(inner, scale, whole, bottom, full))
        painter.restore()
        plots.draw_text(painter, QPointF(scale.left, bottom), "loss", theme.current().color("muted"))

    def _newest_version(self) -> tuple[int, int]:
        """Which curve is drawn: the newest, but no more than some four a second while it grows."""
        newest = (id(self.record), self.record.version)
        if self._version is None or newest[0] != self._version[0] or not self._grows.isActive():
            if newest != self._version:
                self._grows.start()
            self._version = newest
        return self._version

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

    def pointed(self) -> None:
        """A thin track has no room for a card: it says the same beside the mouse."""
        super().pointed()
        if self.hover is not None and self.height() < TALL and not self.message and self.place.furthest:
            lines = self.card(self._step_at(self.hover.x()))
            value = next((f", loss {line.value}" for line in lines if line.value), "")
            text = lines[0].caption + value
            at = self.mapToGlobal(QPoint(round(self.hover.x()), -TOOLTIP_ABOVE))
            QToolTip.showText(at, labels.tooltip(text), self)

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
