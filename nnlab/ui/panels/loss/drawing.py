"""The loss panel's picture: loss above, metric below, and the learning rate where it moves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import isfinite

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QResizeEvent

from nnlab.core import words
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import graph_items, graphs, plots, theme
from nnlab.ui.panels.loss.charts import Charts, Line
from nnlab.ui.look.curves import Curve
from nnlab.ui.panels.loss.record import Record

MOST_GHOSTS = 3


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
        self.metric_name = "accuracy"
        self.canvas = graphs.Canvas(self, self._draw_over)
        self.canvas.pointed.connect(self._on_pointed)
        self.canvas.moved.connect(self.arrange)
        self._loss, self._metric, self._rate = (_chart(self.canvas) for _ in range(3))
        self._rate.bottom.grid_lines = False
        self._rate.left.setOpacity(0)  # a strip without texts: its one value stands at the line's end
        self._ghost_lines = [graph_items.Line(self._loss.area, thick=False) for _ in range(MOST_GHOSTS)]
        self._step_line = graph_items.Line(self._loss.area, thick=False)
        self._lines = {chart: self._two_lines(chart) for chart in (self._loss, self._metric)}
        self._rate_line = graph_items.Line(self._rate.area)

    def charts(self) -> Charts:
        """Where everything lies while nothing is zoomed."""
        return Charts(self.record, self.width(), self.height(), self.log)

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
        self._metric.left.share = self.metric_name == "accuracy"
        self._arrange_lines(charts)
        self.canvas.repaint_all()

    def _shown(self, metric: plots.Axes, rate: plots.Axes) -> tuple[bool, bool, bool]:
        low_chart = metric.rect.height() > 20
        return True, low_chart, low_chart and rate.rect.height() > 10

    def _arrange_lines(self, charts: Charts) -> None:
        muted = theme.current().color("muted")
        for line, ghost in zip_longest(self._ghost_lines, self.ghosts[-MOST_GHOSTS:]):
            curve = None if ghost is None else ghost.validation_loss if ghost.validation_loss.last else ghost.train_loss
            _show(line, curve, plots.faded("muted", 0.45))
        _show(self._step_line, self.record.steps if self.show_steps else None, plots.faded("train", 0.22))
        for chart, lines in ((self._loss, charts.losses()), (self._metric, charts.metrics())):
            curves = {line.token: line.curve for line in lines if chart.area.isVisible()}
            for token, line in self._lines[chart].items():
                _show(line, curves.get(token), theme.current().color(token))
        _show(self._rate_line, self.record.rate if self._rate.area.isVisible() else None, muted)

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
        share = self.metric_name == "accuracy"
        self._draw_labels(painter, loss, charts.losses(), share=False)
        self._draw_marks(painter, loss)
        self._name_chart(painter, loss.rect.topRight() + QPointF(-6, 14), "loss")
        if self._metric.area.isVisible():
            self._draw_labels(painter, metric, charts.metrics(), share)
            self._name_chart(painter, metric.rect.bottomRight() + QPointF(-6, -8), "accuracy" if share else "R²")
        if self._rate.area.isVisible():
            self._draw_rate(painter, rate)
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
            if line.curve.last and isfinite(line.curve.last[1]):
                value = line.curve.last[1]
                text = words.percent(value) if share else words.fixed(value) if value >= 0.01 else words.number(value)
                y = min(max(axes.to_y(value), axes.rect.top()), axes.rect.bottom())
                named.append(plots.EndLabel(y, line.name, text, now.color(line.token)))
        if axes.rect.right() + 40 < self.width():
            plots.draw_end_labels(painter, axes.rect.right() + 8, axes.rect.top(), axes.rect.bottom(), named)

    def _draw_marks(self, painter: QPainter, axes: plots.Axes) -> None:
        now, record = theme.current(), self.record
        if record.best is not None and record.epoch > 1:
            epoch, loss = record.best
            self._draw_upright(painter, axes, epoch, now.color("good"), Qt.PenStyle.DotLine)
            if isfinite(loss) and _holds(axes, epoch, loss):
                token = "validation" if record.validation_loss.last else "train"
                painter.setPen(QPen(now.color("canvas"), 1.5))
                painter.setBrush(now.color(token))
                painter.drawEllipse(QPointF(axes.to_x(epoch), axes.to_y(loss)), 4, 4)
                painter.setBrush(Qt.BrushStyle.NoBrush)
            self._name_upright(painter, axes, epoch, f"best: epoch {words.count(epoch)}", now.color("good"), 0)
        limit = self._stop_epoch()
        if limit is not None:
            color = now.color("warning")
            self._draw_upright(painter, axes, limit, color, Qt.PenStyle.DashLine)
            early = record.end is not None and record.end.reason == "early"
            self._name_upright(painter, axes, limit, "stopped early" if early else "stops here unless better", color, 1)

    def _stop_epoch(self) -> int | None:
        """Where early stopping ended the run, or would end it if nothing improves."""
        record = self.record
        if record.end is not None:
            return record.end.epoch if record.end.reason == "early" else None
        training = record.document.training if record.document else None
        if training is None or not training.early_stopping or record.best is None:
            return None
        return record.best[0] + training.patience

    def _draw_upright(
        self, painter: QPainter, axes: plots.Axes, epoch: float, color: QColor, style: Qt.PenStyle
    ) -> None:
        x = axes.to_x(epoch)
        if axes.rect.left() <= x <= axes.rect.right() + 1:
            painter.setPen(QPen(color, 1, style))
            painter.drawLine(QPointF(x, axes.rect.top()), QPointF(x, axes.rect.bottom()))

    def _name_upright(
        self, painter: QPainter, axes: plots.Axes, epoch: float, text: str, color: QColor, row: int
    ) -> None:
        x, width = axes.to_x(epoch), plots.text_width(text)
        if not axes.rect.left() <= x <= axes.rect.right() + 1:
            return
        at = x + 5 if x + 5 + width < axes.rect.right() else x - 5 - width
        y = axes.rect.top() + 14 + (row + 1) * (theme.CAPTION_PX + 5)
        plots.draw_name(painter, QPointF(at, y), text, color)

    def _draw_rate(self, painter: QPainter, axes: plots.Axes) -> None:
        muted, rate = theme.current().color("muted"), self.record.rate
        painter.setPen(QPen(plots.faded("hairline", 0.6), 1))
        painter.drawLine(axes.rect.bottomLeft(), axes.rect.bottomRight())
        if rate.last and axes.rect.right() + 40 < self.width():
            label = plots.EndLabel(axes.to_y(rate.last[1]), "learning rate", words.number(rate.last[1]), muted)
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
        share = self.metric_name == "accuracy"
        upper = [(self._loss.area.axes(), line, "loss") for line in charts.losses()]
        lower = [(self._metric.area.axes(), line, "accuracy" if share else "R²") for line in charts.metrics()]
        for axes, line, what in upper + lower:
            found = line.curve.at(epoch)
            if found is None or not isfinite(found[1]):
                continue
            if _holds(axes, *found):
                painter.setPen(QPen(now.color("canvas"), 1))
                painter.setBrush(now.color(line.token))
                painter.drawEllipse(QPointF(axes.to_x(found[0]), axes.to_y(found[1])), 3.5, 3.5)
                painter.setBrush(Qt.BrushStyle.NoBrush)
            value = words.percent(found[1]) if share and what != "loss" else words.number(found[1])
            yield plots.CardLine(f"{line.name} {what}", value, now.color(line.token))
        rate = self.record.rate.at(epoch)
        if rate is not None and self.record.rate_moves:
            yield plots.CardLine("learning rate", words.number(rate[1]))


def _chart(canvas: graphs.Canvas) -> Chart:
    chart = Chart(*canvas.add_area())
    chart.bottom.name, chart.bottom.whole = "epoch", True
    return chart


def _show(line: graph_items.Line, curve: Curve | None, color: QColor) -> None:
    if curve is None:
        line.setVisible(False)
    else:
        line.show_points(*curve.points(), color)


def _holds(axes: plots.Axes, x: float, y: float) -> bool:
    """Whether this place is in sight."""
    return axes.rect.adjusted(-2, -3, 2, 3).contains(QPointF(axes.to_x(x), axes.to_y(y)))
