"""Figures of the run bar: a caption over a number, drawn in a field of fixed width so that nothing dances."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnlab.core import words
from nnlab.engine.events import RunStatus
from nnlab.ui.look import theme
from nnlab.ui.look.labels import plain

HEIGHT = 40
CAPTION_LINE, VALUE_LINE = 15, 17
TOP = 3
GAP = 16
"""Between one figure and the next; part of each figure's width."""
DOT = 6
BAR_WIDTH, BAR_HEIGHT = 128, 3


class Figure(QWidget):
    """One number with its caption; `widest` is the longest text it will ever show."""

    def __init__(self, caption: str, widest: str, dot: str = "", stretchy: bool = False) -> None:
        """`dot` is a colour of the theme that marks which curve it belongs to; `stretchy` fits the width to the text."""
        super().__init__()
        self._caption = caption
        self._value = ""
        self._dot = dot
        self._stretchy = stretchy
        self._widest = widest
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(caption)
        self._fit()

    @property
    def caption(self) -> str:
        """What the number is."""
        return self._caption

    @property
    def value(self) -> str:
        """The number as it is shown."""
        return self._value

    def set_caption(self, caption: str) -> None:
        """Another caption (accuracy or R²)."""
        if caption != self._caption:
            self._caption = plain(caption)
            self.setAccessibleName(self._caption)
            self.update()

    def set_value(self, value: str) -> None:
        """Another number; draws only if the text differs."""
        if value != self._value:
            self._value = plain(value)
            self.setAccessibleDescription(self._value)
            if self._stretchy:
                self._fit()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Caption above, number below."""
        current = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = self._draw_dot(painter)
        painter.setFont(_font(self, theme.CAPTION_PX))
        painter.setPen(current.color("muted"))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(left, TOP, self.width() - left, CAPTION_LINE), align, self._caption)
        painter.setFont(_font(self, theme.TEXT_PX))
        painter.setPen(current.color("text"))
        painter.drawText(QRectF(0, TOP + CAPTION_LINE, self.width(), VALUE_LINE), align, self._value)
        self._draw_more(painter)
        painter.end()

    def _draw_dot(self, painter: QPainter) -> float:
        if not self._dot:
            return 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current().color(self._dot))
        painter.drawEllipse(QRectF(0, TOP + (CAPTION_LINE - DOT) / 2, DOT, DOT))
        return DOT + 4.0

    def _draw_more(self, painter: QPainter) -> None:
        """What another figure draws besides."""

    def _fit(self) -> None:
        value = QFontMetrics(_font(self, theme.TEXT_PX))
        caption = QFontMetrics(_font(self, theme.CAPTION_PX))
        text = self._value if self._stretchy else self._widest
        dot = DOT + 4 if self._dot else 0
        widest = max(value.horizontalAdvance(text), caption.horizontalAdvance(self._caption) + dot)
        self.setFixedWidth(4 * -(-(widest + GAP) // 4))


class EpochFigure(Figure):
    """Which epoch it is, of how many, over a slim bar that fills up."""

    def __init__(self) -> None:
        self._share = 0.0
        super().__init__("Epoch", "")
        self.setFixedSize(QSize(BAR_WIDTH + GAP, HEIGHT))

    def set_progress(self, epoch: int, epochs: int, share: float, phase: str = "") -> None:
        """The run is in this epoch, and `share` (0 to 1) of the whole run is done."""
        self._set(f"Epoch · {phase}" if phase else "Epoch", epoch, epochs, share)

    def set_moment(self, step: int, furthest: int) -> None:
        """An earlier moment of the run is looked at."""
        self._set("Looking at step", step, furthest, step / max(1, furthest))

    def _set(self, caption: str, at: int, end: int, share: float) -> None:
        self.set_caption(caption)
        self.set_value(f"{words.count(at)} / {words.count(end)}")
        share = min(max(share, 0.0), 1.0)
        if round(share * BAR_WIDTH) != round(self._share * BAR_WIDTH):
            self.update()
        self._share = share

    @property
    def share(self) -> float:
        """How much of the run is done, from 0 to 1."""
        return self._share

    def _draw_more(self, painter: QPainter) -> None:
        current = theme.current()
        painter.setPen(Qt.PenStyle.NoPen)
        for width, token in ((float(BAR_WIDTH), "hairline"), (self._share * BAR_WIDTH, "accent")):
            painter.setBrush(current.color(token))
            painter.drawRoundedRect(QRectF(0, HEIGHT - BAR_HEIGHT - 1, width, BAR_HEIGHT), 1.5, 1.5)


class VerticalLine(QWidget):
    """A hairline between groups."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(1, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        """One line in the colour of hairlines."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().color("hairline"))
        painter.end()


def place_words(*parts: str) -> str:
    """Where and how training happens, in few words."""
    return " · ".join(part for part in parts if part)


def how_it_computes(status: RunStatus) -> str:
    """Sentences on device, engine and arithmetic of a run, to be shown on hover."""
    if not status.device:
        return "Which part of the computer does the arithmetic"
    where = f"Runs on {plain(status.device)}"
    threads = f" with {words.plural(status.threads, 'thread')}" if status.threads and status.device == "CPU" else ""
    lines = [f"{where}{threads}, in {plain(status.precision)}." if status.precision else f"{where}{threads}."]
    if status.engine:
        lines.append(f"{status.engine.capitalize()} engine. {plain(status.engine_reason)}")
    if status.loss_scale is not None:
        skipped = f"; {words.plural(status.skipped_steps, 'step')} left out" if status.skipped_steps else ""
        lines.append(f"The loss is multiplied by {words.count(status.loss_scale)} on the way back{skipped}.")
    return "\n".join(lines)


def _font(widget: QWidget, pixels: int) -> QFont:
    font = QFont(widget.font())
    font.setPixelSize(pixels)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
