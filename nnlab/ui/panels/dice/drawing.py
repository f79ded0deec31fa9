"""The dice panel's picture: a big number, the fan of all curves, and one small picture for each seed."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter

from nnlab.core import words
from nnlab.engine.many.rolled import RollStatus
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import plots, theme
from nnlab.ui.panels.dice.fan import Fan
from nnlab.ui.panels.dice.tiles import Grid, Mosaic, draw_ring, draw_tiles
from nnlab.ui.panels.dice.view import OneRun, View

HEAD = 58.0
LINE = 16.0  # of the head, for each sentence that takes one more
BIG_PX = 30
SIDE = 12.0


class DiceDrawing(Drawing):
    """Paints a View; a click on a picture takes its seed."""

    taken = Signal(object)
    """The place of the seed that was clicked."""

    def __init__(self) -> None:
        super().__init__(
            "Dice",
            "Many seeds of this network: curves, the share that solves it, a picture of each. Arrows and Enter choose.",
        )
        self.view = View(RollStatus(), OneRun())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._mosaic = Mosaic()
        self._marked: int | None = None  # by the keyboard, a number among the pictures
        self._by_keys = False
        self._pointed: int | None = None

    def show_view(self, view: View) -> None:
        """Paint this from now on."""
        self.view = view
        self._point(self._under_mouse())
        self.update()

    # ---------------------------------------------------------------- places

    def _is_wide(self) -> bool:
        return self.width() > 1.5 * self.height()

    def chart(self) -> QRectF:
        """Where the fan lies, its axes included."""
        head = self.head()
        room = QRectF(0, head, self.width(), max(0.0, self.height() - head))
        if not self.view.is_rolled and not self.view.is_rolling:
            return room
        if self._is_wide():
            return room.adjusted(0, 0, -room.width() * 0.5, 0)
        return room.adjusted(0, 0, 0, -room.height() * 0.55)

    def grid(self) -> Grid:
        """Where the pictures lie."""
        chart, count = self.chart(), len(self.view.status.seeds)
        if not self.view.is_rolled and not self.view.is_rolling:
            return Grid(QRectF(), 0)
        if self._is_wide():
            left, top = chart.right() + SIDE, self.head() + 4
            area = QRectF(left, top, self.width() - left - SIDE, self.height() - top + 4 - SIDE)
        else:
            area = QRectF(SIDE, chart.bottom() + 8, self.width() - 2 * SIDE, self.height() - chart.bottom() - 8 - SIDE)
        return Grid(area, count)

    def fan(self) -> Fan:
        """The curves in their place."""
        return Fan(self.view, self.chart())

    # ---------------------------------------------------------------- painting

    def draw(self, painter: QPainter) -> None:
        """Everything; what does not follow the mouse comes from a kept picture."""
        self.still(painter, "all", id(self.view), self._draw_still)
        view = self.view
        if view.is_rolled or view.is_rolling:
            self._draw_marks(painter, self.grid())

    def _draw_still(self, painter: QPainter) -> None:
        self._draw_head(painter)
        self.fan().draw(painter)
        if self.view.is_rolled or self.view.is_rolling:
            draw_tiles(painter, self.grid(), self.view, self._mosaic, self.devicePixelRatioF())

    def _sentences(self) -> tuple[str, str]:
        """What the big number means, and how the seeds differ, as it is now."""
        view = self.view
        first, second = view.sentences
        if view.is_rolling and view.is_rolled:
            first = f"{first} so far"
        if view.is_rolling:
            second = self._progress_words() if not second else f"{self._progress_words()}, {second}"
        return first, "Of an earlier network: roll again." if view.is_old else second

    def _lines(self) -> tuple[list[str], list[str]]:
        """Both sentences as lines that have room beside the big number."""
        wide = plots.text_width(self.view.headline, BIG_PX, bold=True) + 14 if self.view.headline else 0.0
        room = self.width() - 2 * SIDE - wide
        first, second = self._sentences()
        return _folded(first, room, theme.TEXT_PX), _folded(second, room, theme.CAPTION_PX)

    def head(self) -> float:
        """How high the big number and its sentences are."""
        return HEAD + LINE * max(0, sum(map(len, self._lines())) - 2)

    def _draw_head(self, painter: QPainter) -> None:
        now, view = theme.current(), self.view
        x, y = SIDE, 25.0
        if view.headline:
            plots.draw_text(painter, QPointF(x, 40), view.headline, now.color("text"), BIG_PX, bold=True)
            x += plots.text_width(view.headline, BIG_PX, bold=True) + 14
        first, second = self._lines()
        token = "warning" if view.is_old else "muted"
        for lines, color, size in ((first, "text", theme.TEXT_PX), (second, token, theme.CAPTION_PX)):
            for line in lines:
                plots.draw_text(painter, QPointF(x, y), line, now.color(color), size)
                y += LINE
            y += 2
        if view.is_rolling:
            bar = QRectF(0, self.head() - 4, self.width(), 2)
            painter.fillRect(bar, now.color("hairline"))
            painter.fillRect(QRectF(0, bar.top(), bar.width() * view.status.done, 2), now.color("accent"))

    def _progress_words(self) -> str:
        status = self.view.status
        return f"epoch {words.count(status.epoch)} of {words.count(status.epochs)}"

    def _draw_marks(self, painter: QPainter, grid: Grid) -> None:
        """The project's own seed, and the one that is pointed at with its curve and its figures."""
        view = self.view
        if view.chosen in view.status.seeds and not view.is_old:
            draw_ring(painter, grid.tile(view.order.index(view.status.seeds.index(view.chosen))), "accent")
        number = (
            self._pointed if self._pointed is not None else self._marked if self.hasFocus() and self._by_keys else None
        )
        if number is None or number >= len(view.order):
            return
        place, tile = view.order[number], grid.tile(number)
        draw_ring(painter, tile, "text")
        fan = self.fan()
        fan.draw_one(painter, place)
        axes = fan.axes
        lines = self._card(place)
        high = len(lines) * (theme.CAPTION_PX + 6) + 12  # losses fall and metrics rise: the other corner is free
        middle = axes.rect.bottom() - high / 2 - 4 if view.of_metric else axes.rect.top() + high / 2
        bounds = QRectF(0, self.head(), axes.rect.right() + 8, self.height() - self.head())
        plots.draw_card(painter, QPointF(axes.rect.right() + 10, middle), bounds, lines)

    def _card(self, place: int) -> list[plots.CardLine]:
        view = self.view
        lines = [plots.CardLine(f"seed {view.status.seeds[place]}")]
        if place < len(view.status.lost) and view.status.lost[place]:
            return [*lines, plots.CardLine("blew up")]
        if place < len(view.scores) and np.isfinite(view.scores[place]):
            metric = words.METRICS[view.status.metric] if view.accuracy else "R²"
            lines.append(plots.CardLine(metric, view.figure(float(view.scores[place]))))
            lines.append(plots.CardLine("loss", words.number(float(view.status.losses[place]))))
        return lines

    # ---------------------------------------------------------------- mouse and keyboard

    def _under_mouse(self) -> int | None:
        return self.grid().at(self.hover) if self.hover is not None and not self.message else None

    def pointed(self) -> None:
        """Show the seed under the mouse."""
        self._point(self._under_mouse())

    def _point(self, number: int | None) -> None:
        if number != self._pointed:
            self._pointed = number
            shape = Qt.CursorShape.ArrowCursor if number is None else Qt.CursorShape.PointingHandCursor
            self.setCursor(shape)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the seed that was clicked."""
        number = self.grid().at(event.position()) if not self.message else None
        if number is not None and number < len(self.view.order) and event.button() == Qt.MouseButton.LeftButton:
            self._marked, self._by_keys = number, False
            self.taken.emit(self.view.order[number])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from picture to picture, Enter takes one."""
        count, columns = len(self.view.order), self.grid().columns if self.view.order else 1
        moves = {
            Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns,
        }  # fmt: skip
        key = Qt.Key(event.key())
        if self.message or count == 0:
            event.ignore()
        elif key in moves:
            before = -1 if self._marked is None else self._marked
            self._marked, self._by_keys = min(max(0, before + moves[key]), count - 1), True
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._marked is not None:
            self.taken.emit(self.view.order[min(self._marked, count - 1)])
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keyboard's mark shows."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """It goes."""
        super().focusOutEvent(event)
        self.update()


def _folded(text: str, room: float, size: int) -> list[str]:
    """The text in lines that fit, broken between words; a word that is wider than the room is cut."""
    lines: list[str] = []
    for word in text.split(" ") if text else []:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and plots.text_width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return [plots.shortened(line, room, size) for line in lines]
