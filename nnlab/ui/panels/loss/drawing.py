"""The loss panel's picture: loss above, metric below, and the learning rate where it moves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import inf, isfinite

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QResizeEvent

from nnlab.core import words
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import graph_items, graphs, plots, theme
from nnlab.ui.look.curves import Curve, Numbers
from nnlab.ui.panels.loss import marks
from nnlab.ui.panels.loss.charts import Charts, Line
from nnlab.ui.record import Record

MOST_GHOSTS = 5
LATER = 0.32  # of its colour that a curve has after the moment that is looked at
LOSSES = {"validation": "validation_loss", "train": "train_loss"}
METRICS = {"validation": "validation_metric", "train": "train_metric"}

Points = tuple[Numbers, Numbers]


@dataclass(frozen=True, eq=False)
class Chart:
    """One chart of the panel: its area and its axes."""

    area: graphs.Area
    left: graphs.Axis
    bottom: graphs.Axis

    def frame(self, axes: plots.Axes, is_shown: bool, last: bool) -> None:
        """Take this place; the last chart has the texts of the x axis."""
        for item in (self.area, self.left, self.bottom):
            item.setVisible(is_shown)
        if is_shown:
            self.area.frame(axes)
            self.bottom.texts = last
            self.left.place()
            self.bottom.place()


class LossDrawing(Drawing):
    """Curves of the present run over ghosts of earlier ones, with a crosshair that reads them."""

    def __init__(self) -> None:
        super().__init__("Loss curves", "Training and validation loss and metric for each epoch")
        self.record = Record()
        self.ghosts: Sequence[Record] = ()
        self.log = False
        self.show_steps = True
        self.show_ghosts = True
        self.now: float | None = None
        """The earlier moment that is looked at, in epochs; None while the newest is shown."""
        self.metric_name = "accuracy"
        self.canvas = graphs.Canvas(self, self._draw_over)
        self.canvas.pointed.connect(self._on_pointed)
        self.canvas.moved.connect(self.arrange)
        self._loss, self._metric, self._rate = (_chart(self.canvas) for _ in range(3))
        self._rate.bottom.grid_lines = False
        self._rate.left.setOpacity(0)  # a strip without texts: its one value stands at the line's end
        self._ghost_lines = [graph_items.Line(self._loss.area, thick=False) for _ in range(MOST_GHOSTS)]
        self._step_lines = [graph_items.Line(self._loss.area, thick=False) for _ in range(2)]
        self._later_lines = {chart: self._two_lines(chart) for chart in (self._loss, self._metric)}
        self._lines = {chart: self._two_lines(chart) for chart in (self._loss, self._metric)}
        self._rate_lines = [graph_items.Line(self._rate.area) for _ in range(2)]

    def charts(self) -> Charts:
        """Where everything lies while nothing is zoomed."""
        return Charts(self.record.whole, self.width(), self.height(), self.log)

    @property
    def cut(self) -> float:
        """Up to here the curves are drawn in full, in epochs: what lies behind is known, but not of this moment."""
        if self.now is not None:
            return self.now
        return self.record.reach if self.record.later is not None else inf

    def ghosts_shown(self) -> Sequence[Record]:
        """The ways that were left and the runs before, as far as they are to be seen."""
        return self.ghosts[-MOST_GHOSTS:] if self.show_ghosts else ()

    def _two_lines(self, chart: Chart) -> dict[str, graph_items.Line]:
        return {token: graph_items.Line(chart.area) for token in ("validation", "train")}

    # ---------------------------------------------------------------- arranging

    def arrange(self) -> None:
        """Bring the charts up to date with the record, the size and the theme."""
        self.canvas.setVisible(not self.message)
        self.canvas.setGeometry(self.rect())
        if self.message:
            return
        charts = self.charts()
        axes = charts.loss_axes(), charts.metric_axes(), charts.rate_axes()
        shown = self._shown(axes[1], axes[2])
        lowest = (not shown[1], not shown[2], True)
        for chart, place, is_shown, is_last in zip(
            (self._loss, self._metric, self._rate), axes, shown, lowest, strict=True
        ):
            chart.frame(place, is_shown, is_last)
        self._metric.left.share = words.is_share(self.metric_name)
        self._arrange_lines()
        self.canvas.repaint_all()

    def _shown(self, metric: plots.Axes, rate: plots.Axes) -> tuple[bool, bool, bool]:
        low_chart = metric.rect.height() > 20
        return True, low_chart, low_chart and rate.rect.height() > 10

    def _arrange_lines(self) -> None:
        cut, record, whole = self.cut, self.record, self.record.whole
        for line, ghost in zip_longest(self._ghost_lines, self.ghosts_shown()):
            _show(line, None if ghost is None else _after(ghost.watched, ghost.since), plots.faded("muted", 0.45))
        _show_both(self._step_lines, (record.steps, whole.steps), cut, "train", self.show_steps, share=0.22)
        for chart, names in ((self._loss, LOSSES), (self._metric, METRICS)):
            for token, name in names.items():
                pair = (self._lines[chart][token], self._later_lines[chart][token])
                curves = getattr(record, name), getattr(whole, name)
                _show_both(pair, curves, cut, token, chart.area.isVisible())
        _show_both(self._rate_lines, (record.rate, whole.rate), cut, "muted", self._rate.area.isVisible())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The charts take the new size."""
        super().resizeEvent(event)
        self.arrange()

    def _on_pointed(self, at: QPointF | None) -> None:
        self.hover = at
        self.pointed()

    # ---------------------------------------------------------------- painting above the curves

    def _draw_over(self, painter: QPainter) -> None:
        charts = self.charts()
        loss, metric, rate = (chart.area.axes() for chart in (self._loss, self._metric, self._rate))
        share = words.is_share(self.metric_name)
        self._draw_labels(painter, loss, charts.losses(), share=False)
        marks.draw_marks(painter, loss, self.record.whole)
        marks.draw_forks(painter, loss, self.ghosts_shown())
        self._name_chart(painter, loss.rect.topRight() + QPointF(-6, 14), "loss")
        if self._metric.area.isVisible():
            self._draw_labels(painter, metric, charts.metrics(), share)
            self._name_chart(
                painter,
                metric.rect.bottomRight() + QPointF(-6, -8),
                words.METRICS.get(self.metric_name, self.metric_name),
            )
        if self._rate.area.isVisible():
            self._draw_rate(painter, rate)
        self._draw_looked_at(painter, charts)
        if self.hover is not None:
            self._draw_crosshair(painter, self.hover)

    def _name_chart(self, painter: QPainter, at: QPointF, name: str) -> None:
        """The chart's name in the corner that its curves leave free: losses fall, metrics rise."""
        start = at - QPointF(plots.text_width(name), 0)
        plots.draw_name(painter, start, name, theme.current().color("muted"))

    def _draw_labels(self, painter: QPainter, axes: plots.Axes, lines: list[Line], share: bool) -> None:
        now = theme.current()
        named = []
        for line in lines:
            place = self._newest(line.curve)
            if place is not None and isfinite(place[1]):
                value = place[1]
                text = words.percent(value) if share else words.steady(value)
                y = min(max(axes.to_y(value), axes.rect.top()), axes.rect.bottom())
                named.append(plots.EndLabel(y, line.name, text, now.color(line.token)))
        if axes.rect.right() + 40 < self.width():
            plots.draw_end_labels(painter, axes.rect.right() + 8, axes.rect.top(), axes.rect.bottom(), named)

    def _newest(self, curve: Curve) -> tuple[float, float] | None:
        """The curve's point at the moment that is looked at; its last one while that is the newest."""
        return curve.last if self.cut == inf else curve.at(self.cut)

    def _draw_looked_at(self, painter: QPainter, charts: Charts) -> None:
        """The moment that is looked at: a line through the charts, and a dot on each curve."""
        if self.cut == inf:
            return
        shown = [chart.area.axes() for chart in (self._loss, self._metric, self._rate) if chart.area.isVisible()]
        text = marks.moment_words(self.cut, self.record.steps_per_epoch) if self.now is not None else ""
        marks.draw_looked_at(painter, shown, self.cut, text)
        for axes, lines in zip(shown, (charts.losses(), charts.metrics()), strict=False):
            for line in lines:
                place = line.curve.at(self.cut)
                if place is not None and isfinite(place[1]) and marks.holds(axes, self.cut, place[1]):
                    marks.draw_dot(painter, axes, (self.cut, place[1]), theme.current().color(line.token))

    def _draw_rate(self, painter: QPainter, axes: plots.Axes) -> None:
        muted, rate = theme.current().color("muted"), self.record.whole.rate
        painter.setPen(QPen(plots.faded("hairline", 0.6), 1))
        painter.drawLine(axes.rect.bottomLeft(), axes.rect.bottomRight())
        place = self._newest(rate)
        if place and axes.rect.right() + 40 < self.width():
            label = plots.EndLabel(axes.to_y(place[1]), "learning rate", words.number(place[1]), muted)
            plots.draw_end_labels(painter, axes.rect.right() + 8, axes.rect.top(), axes.rect.bottom() + 4, [label])

    # ---------------------------------------------------------------- crosshair

    def _draw_crosshair(self, painter: QPainter, at: QPointF) -> None:
        charts = self.charts()
        axes = self._loss.area.axes()
        if not axes.rect.left() <= at.x() <= axes.rect.right() or not charts.losses():
            return
        nearest = charts.losses()[0].curve.at(axes.from_x(at.x()))
        if nearest is None:
            return
        epoch = nearest[0]
        now, x = theme.current(), axes.to_x(epoch)
        if not axes.rect.left() <= x <= axes.rect.right() + 1:
            return
        bottom = (self._metric if self._metric.area.isVisible() else self._loss).area.axes().rect.bottom()
        painter.setPen(QPen(now.color("muted", 160), 1))
        painter.drawLine(QPointF(x, axes.rect.top()), QPointF(x, bottom))
        lines = [plots.CardLine(f"epoch {words.count(epoch)}"), *self._readings(painter, charts, epoch)]
        bounds = QRectF(axes.rect.left(), 0, axes.rect.width(), self.height())
        plots.draw_card(painter, QPointF(x, at.y()), bounds, lines)

    def _readings(self, painter: QPainter, charts: Charts, epoch: float) -> Iterator[plots.CardLine]:
        now = theme.current()
        share = words.is_share(self.metric_name)
        upper = [(self._loss.area.axes(), line, "loss") for line in charts.losses()]
        lower = [
            (self._metric.area.axes(), line, words.METRICS.get(self.metric_name, self.metric_name))
            for line in charts.metrics()
        ]
        for axes, line, what in upper + lower:
            found = line.curve.at(epoch)
            if found is None or not isfinite(found[1]):
                continue
            if marks.holds(axes, *found):
                marks.draw_dot(painter, axes, found, now.color(line.token))
            value = words.percent(found[1]) if share and what != "loss" else words.number(found[1])
            yield plots.CardLine(f"{line.name} {what}", value, now.color(line.token))
        yield from self._ghost_readings(epoch)
        rate = self.record.whole.rate.at(epoch)
        if rate is not None and self.record.whole.rate_moves:
            yield plots.CardLine("learning rate", words.number(rate[1]))

    def _ghost_readings(self, epoch: float) -> Iterator[plots.CardLine]:
        """What the newest ways that were left had reached by then."""
        for ghost in list(reversed(self.ghosts_shown()))[:2]:
            found = ghost.watched.at(epoch)
            if found is not None and isfinite(found[1]) and ghost.since <= epoch <= ghost.reach:
                name = f"before the change at {marks.moment_words(ghost.since, ghost.steps_per_epoch)}"
                caption = name if ghost.since > 0 else "an earlier run"
                yield plots.CardLine(caption, words.number(found[1]), theme.current().color("muted"))


def _chart(canvas: graphs.Canvas) -> Chart:
    chart = Chart(*canvas.add_area())
    chart.bottom.name, chart.bottom.whole = "epoch", True
    return chart


def _show(line: graph_items.Line, points: Points | None, color: QColor) -> None:
    if points is None:
        line.setVisible(False)
    else:
        line.show_points(*points, color)


def _show_both(
    lines: Sequence[graph_items.Line],
    curves: tuple[Curve, Curve],
    cut: float,
    token: str,
    on: bool,
    share: float = 1.0,
) -> None:
    """A curve in its colour up to `cut`, and pale behind it: there as it was told the first time."""
    own, whole = curves
    full = theme.current().color(token) if share == 1.0 else plots.faded(token, share)
    _show(lines[0], _before(own, cut) if on else None, full)
    _show(lines[1], _after(whole, cut) if on and cut < inf else None, plots.faded(token, share * LATER))


def _before(curve: Curve, x: float) -> Points:
    xs, ys = curve.points()
    if x == inf:
        return xs, ys
    count = int(np.searchsorted(xs, x, side="right"))
    return xs[:count], ys[:count]


def _after(curve: Curve, x: float) -> Points:
    """From the last point up to here on, so that no gap is seen."""
    xs, ys = curve.points()
    first = max(0, int(np.searchsorted(xs, x, side="right")) - 1)
    return xs[first:], ys[first:]
