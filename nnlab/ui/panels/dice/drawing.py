"""The dice panel's picture: a big number, the fan of all curves, and one small picture for each seed."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen

from nnlab.core import words
from nnlab.engine.many.rolled import RollStatus
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import plots, theme
from nnlab.ui.look.curves import Numbers
from nnlab.ui.panels.dice.paths import path_of
from nnlab.ui.panels.dice.tiles import Grid, Mosaic, draw_ring, draw_tiles
from nnlab.ui.panels.dice.view import OneRun, View

HEAD = 58.0
BIG_PX = 30
SIDE = 12.0
NAMES_WIDTH = 78.0


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
        room = QRectF(0, HEAD, self.width(), max(0.0, self.height() - HEAD))
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
            area = QRectF(
                chart.right() + SIDE, HEAD + 4, self.width() - chart.right() - 2 * SIDE, self.height() - HEAD - SIDE
            )
        else:
            area = QRectF(SIDE, chart.bottom() + 8, self.width() - 2 * SIDE, self.height() - chart.bottom() - 8 - SIDE)
        return Grid(area, count)

    def axes(self) -> plots.Axes:
        """What the fan's edges mean."""
        view, chart = self.view, self.chart()
        right = NAMES_WIDTH if chart.width() > 260 else 14.0
        rect = QRectF(
            plots.LEFT, chart.top() + 6, chart.width() - plots.LEFT - right, chart.height() - plots.BOTTOM - 10
        )
        xs, values = view.fan
        own_x, own_y = view.run.curve(view.of_metric)
        found = np.concatenate([values[np.isfinite(values)], own_y[np.isfinite(own_y)]])
        reach = max(1.0, *(float(x[-1]) for x in (xs, own_x) if len(x)), 1.0)
        if view.is_rolling:
            reach = max(reach, min(float(view.status.epochs), plots.round_up(max(5.0, reach))))
        return plots.Axes(rect, (0.0, reach), *self._span(found))

    def _span(self, values: Numbers) -> tuple[tuple[float, float], bool]:
        view = self.view
        if view.of_metric:
            low, _ = plots.round_range(max(-1.0, min(0.9, float(values.min(initial=1.0)))), 1.0, 4)
            return (low, 1.0 + 0.03 * (1.0 - low)), False
        positive = values[values > 0]
        if view.log and len(positive):
            return plots.log_range(float(positive.min()), float(positive.max())), True
        top = float(np.quantile(values, 0.995)) if len(values) else 1.0  # one wild seed must not flatten all others
        return plots.round_range(0.0, max(top, 1e-9)), False

    # ---------------------------------------------------------------- painting

    def draw(self, painter: QPainter) -> None:
        """Everything; what does not follow the mouse comes from a kept picture."""
        self.still(painter, "all", id(self.view), self._draw_still)
        view = self.view
        if view.is_rolled or view.is_rolling:
            self._draw_marks(painter, self.grid())

    def _draw_still(self, painter: QPainter) -> None:
        self._draw_head(painter)
        axes = self.axes()
        if axes.rect.width() > 20 and axes.rect.height() > 20:
            plots.draw_axes(painter, axes, "epoch", x_whole=True, share=self.view.of_metric and self.view.accuracy)
            self._draw_fan(painter, axes)
        if self.view.is_rolled or self.view.is_rolling:
            draw_tiles(painter, self.grid(), self.view, self._mosaic, self.devicePixelRatioF())

    def _draw_head(self, painter: QPainter) -> None:
        now, view = theme.current(), self.view
        x = SIDE
        if view.headline:
            plots.draw_text(painter, QPointF(x, 40), view.headline, now.color("text"), BIG_PX, bold=True)
            x += plots.text_width(view.headline, BIG_PX, bold=True) + 14
        room = self.width() - x - SIDE
        first, second = view.sentences
        if view.is_rolling and view.is_rolled:
            first = f"{first} so far"
        plots.draw_text(
            painter, QPointF(x, 25), plots.shortened(first, room, theme.TEXT_PX), now.color("text"), theme.TEXT_PX
        )
        if view.is_rolling:
            second = self._progress_words() if not second else f"{self._progress_words()}, {second}"
        if view.is_old:
            second = "Of an earlier network: roll again."
        token = "warning" if view.is_old else "muted"
        plots.draw_text(painter, QPointF(x, 43), plots.shortened(second, room), now.color(token))
        if view.is_rolling:
            bar = QRectF(0, HEAD - 4, self.width(), 2)
            painter.fillRect(bar, now.color("hairline"))
            painter.fillRect(QRectF(0, bar.top(), bar.width() * view.status.done, 2), now.color("accent"))

    def _progress_words(self) -> str:
        status = self.view.status
        return f"epoch {words.count(status.epoch)} of {words.count(status.epochs)}"

    def _draw_fan(self, painter: QPainter, axes: plots.Axes) -> None:
        now, view = theme.current(), self.view
        xs, values = view.fan
        painter.save()
        painter.setClipRect(axes.rect.adjusted(-1, -1, 1, 1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not view.is_rolling)
        across, up = _on_screen(axes, xs, values)
        for solved, token in ((False, "muted"), (True, "good")):
            mine = [place for place in range(len(up)) if view.is_solved(place) == solved]
            painter.setPen(QPen(plots.faded(token, 0.4), 0))
            painter.drawPath(path_of(across[mine], up[mine]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plots.draw_line(painter, axes.points(xs, view.median, 2.0), now.color("text"))
        plots.draw_line(painter, axes.points(*view.run.curve(view.of_metric), 2.0), now.color("accent"))
        if view.best is not None:
            plots.draw_line(painter, axes.points(xs, values[:, view.best], 2.0), now.color("metric"))
        painter.restore()
        self._draw_names(painter, axes)

    def _draw_names(self, painter: QPainter, axes: plots.Axes) -> None:
        if axes.rect.right() + 40 > self.chart().right():
            return
        view, now = self.view, theme.current()
        best = view.fan[1][:, view.best] if view.best is not None else np.empty(0)
        own = view.run.curve(view.of_metric)[1]
        lines = (("median", view.median, "text"), ("best", best, "metric"), (f"seed {view.run.seed}", own, "accent"))
        named = []
        for name, values, token in lines:
            if len(values) and np.isfinite(values[-1]):
                value = float(values[-1])
                text = view.figure(value) if view.of_metric else words.number(value)
                y = min(max(axes.to_y(value), axes.rect.top()), axes.rect.bottom())
                named.append(plots.EndLabel(y, name, text, now.color(token)))
        plots.draw_end_labels(painter, axes.rect.right() + 8, axes.rect.top(), axes.rect.bottom(), named)

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
        xs, values = view.fan
        axes = self.axes()
        painter.save()
        painter.setClipRect(axes.rect.adjusted(-1, -1, 1, 1))
        if len(values):
            plots.draw_line(painter, axes.points(xs, values[:, place], 2.0), theme.current().color("warning"))
        painter.restore()
        lines = self._card(place)
        high = len(lines) * (theme.CAPTION_PX + 6) + 12  # losses fall and metrics rise: the other corner is free
        middle = axes.rect.bottom() - high / 2 - 4 if view.of_metric else axes.rect.top() + high / 2
        bounds = QRectF(0, HEAD, axes.rect.right() + 8, self.height() - HEAD)
        plots.draw_card(painter, QPointF(axes.rect.right() + 10, middle), bounds, lines)

    def _card(self, place: int) -> list[plots.CardLine]:
        view = self.view
        lines = [plots.CardLine(f"seed {view.status.seeds[place]}")]
        if place < len(view.status.lost) and view.status.lost[place]:
            return [*lines, plots.CardLine("blew up")]
        if place < len(view.scores) and np.isfinite(view.scores[place]):
            metric = "accuracy" if view.accuracy else "R²"
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


def _on_screen(axes: plots.Axes, xs: Numbers, values: Numbers) -> tuple[Numbers, Numbers]:
    """Where the points of all seeds lie on the screen, one row a seed; nan after a seed has blown up."""
    if len(values) == 0:
        return np.empty((0, 0)), np.empty((0, 0))
    up = np.full(values.size, np.nan)
    flat = values.T.ravel()
    known = np.isfinite(flat)
    points = axes.points(np.tile(xs, values.shape[1])[known], flat[known], 2.0)
    up[known] = points[:, 1]
    across = np.array([axes.to_x(float(x)) for x in xs])
    shape = (values.shape[1], len(xs))
    return np.broadcast_to(across, shape).copy(), up.reshape(shape)
