"""The loss panel's picture: loss above, metric below, and the learning rate where it moves."""

from collections.abc import Iterator, Sequence
from math import isfinite

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnlab.core import words
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import plots, theme
from nnlab.ui.panels.loss.charts import Charts, Line
from nnlab.ui.panels.loss.curves import Curve
from nnlab.ui.panels.loss.record import Record


class LossDrawing(Drawing):
    """Curves of the present run over ghosts of earlier ones, with a crosshair that reads them."""

    def __init__(self) -> None:
        super().__init__("Loss curves", "Training and validation loss and metric for each epoch")
        self.record = Record()
        self.ghosts: Sequence[Record] = ()
        self.log = False
        self.show_steps = True
        self.metric_name = "accuracy"

    def charts(self) -> Charts:
        """Where everything lies now."""
        return Charts(self.record, self.width(), self.height(), self.log)

    # ---------------------------------------------------------------- painting

    def draw(self, painter: QPainter) -> None:
        """The axes from a kept pixmap, the curves new each time, the crosshair on top."""
        charts = self.charts()
        axes = charts.loss_axes(), charts.metric_axes(), charts.rate_axes()
        self.still(painter, "axes", (*axes, self.metric_name), lambda inner: self._draw_axes(inner, *axes))
        self._draw_charts(painter, charts, *axes)
        if self.hover is not None:
            self._draw_crosshair(painter, self.hover)

    def _draw_axes(self, painter: QPainter, loss: plots.Axes, metric: plots.Axes, rate: plots.Axes) -> None:
        low_chart, rate_chart = metric.rect.height() > 20, rate.rect.height() > 10
        plots.draw_axes(painter, loss, "epoch", x_whole=True, x_texts=not low_chart)
        if low_chart:
            share = self.metric_name == "accuracy"
            plots.draw_axes(painter, metric, "epoch", x_whole=True, x_texts=not rate_chart, share=share)
        if low_chart and rate_chart:
            painter.setPen(QPen(plots.faded("hairline", 0.6), 1))
            painter.drawLine(rate.rect.bottomLeft(), rate.rect.bottomRight())
            foot = QRectF(rate.rect.left(), rate.rect.bottom(), rate.rect.width(), 0)
            plots.draw_axes(painter, plots.Axes(foot, rate.x, (0, 1)), "epoch", x_whole=True, y_texts=False)

    def _draw_charts(
        self, painter: QPainter, charts: Charts, loss: plots.Axes, metric: plots.Axes, rate: plots.Axes
    ) -> None:
        share = self.metric_name == "accuracy"
        self._draw_ghosts(painter, loss)
        if self.show_steps:
            self._draw_curve(painter, loss, self.record.steps, plots.faded("train", 0.22), thick=False)
        self._draw_lines(painter, loss, charts.losses(), share=False)
        self._draw_marks(painter, loss)
        self._name_chart(painter, loss.rect.topRight() + QPointF(-6, 14), "loss")
        if metric.rect.height() > 20:
            self._draw_lines(painter, metric, charts.metrics(), share)
            self._name_chart(painter, metric.rect.bottomRight() + QPointF(-6, -8), "accuracy" if share else "R²")
            if rate.rect.height() > 10:
                self._draw_rate(painter, rate)

    def _name_chart(self, painter: QPainter, at: QPointF, name: str) -> None:
        """The chart's name in the corner that its curves leave free: losses fall, metrics rise."""
        start = at - QPointF(plots.text_width(name), 0)
        plots.draw_name(painter, start, name, theme.current().color("muted"))

    def _draw_lines(self, painter: QPainter, axes: plots.Axes, lines: list[Line], share: bool) -> None:
        now = theme.current()
        labels = []
        for line in lines:
            self._draw_curve(painter, axes, line.curve, now.color(line.token))
            if line.curve.last and isfinite(line.curve.last[1]):
                value = line.curve.last[1]
                text = words.percent(value) if share else words.fixed(value) if value >= 0.01 else words.number(value)
                y = min(max(axes.to_y(value), axes.rect.top()), axes.rect.bottom())
                labels.append(plots.EndLabel(y, line.name, text, now.color(line.token)))
        if axes.rect.right() + 40 < self.width():
            plots.draw_end_labels(painter, axes.rect.right() + 8, axes.rect.top(), axes.rect.bottom(), labels)

    def _draw_curve(self, painter: QPainter, axes: plots.Axes, curve: Curve, color: QColor, thick: bool = True) -> None:
        painter.save()
        painter.setClipRect(axes.rect.adjusted(-1, -2, 2, 2))
        points = axes.points(*curve.points())
        plots.draw_line(painter, points, color, thick)
        if thick and len(points) == 1:  # a line of one point would not be seen
            painter.setBrush(color)
            painter.drawEllipse(QPointF(*points[0]), 2.5, 2.5)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.restore()

    def _draw_ghosts(self, painter: QPainter, axes: plots.Axes) -> None:
        color = plots.faded("muted", 0.45)
        for ghost in self.ghosts:
            curve = ghost.validation_loss if ghost.validation_loss.last else ghost.train_loss
            self._draw_curve(painter, axes, curve, color, thick=False)

    def _draw_marks(self, painter: QPainter, axes: plots.Axes) -> None:
        now, record = theme.current(), self.record
        if record.best is not None and record.epoch > 1:
            epoch, loss = record.best
            self._draw_upright(painter, axes, epoch, now.color("good"), Qt.PenStyle.DotLine)
            if isfinite(loss):
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
        self._draw_curve(painter, axes, rate, muted)
        if rate.last and axes.rect.right() + 40 < self.width():
            label = plots.EndLabel(axes.to_y(rate.last[1]), "learning rate", words.number(rate.last[1]), muted)
            plots.draw_end_labels(painter, axes.rect.right() + 8, axes.rect.top(), axes.rect.bottom() + 4, [label])

    # ---------------------------------------------------------------- crosshair

    def _draw_crosshair(self, painter: QPainter, at: QPointF) -> None:
        charts = self.charts()
        axes = charts.loss_axes()
        if not axes.rect.left() <= at.x() <= axes.rect.right() or not charts.losses():
            return
        nearest = charts.losses()[0].curve.at(axes.from_x(at.x()))
        if nearest is None:
            return
        epoch = nearest[0]
        now, x = theme.current(), axes.to_x(epoch)
        bottom = charts.metric_axes().rect.bottom()
        painter.setPen(QPen(now.color("muted", 160), 1))
        painter.drawLine(QPointF(x, axes.rect.top()), QPointF(x, bottom))
        lines = [plots.CardLine(f"epoch {words.count(epoch)}"), *self._readings(painter, charts, epoch)]
        bounds = QRectF(axes.rect.left(), 0, axes.rect.width(), self.height())
        plots.draw_card(painter, QPointF(x, at.y()), bounds, lines)

    def _readings(self, painter: QPainter, charts: Charts, epoch: float) -> Iterator[plots.CardLine]:
        now = theme.current()
        share = self.metric_name == "accuracy"
        upper = [(charts.loss_axes(), line, "loss") for line in charts.losses()]
        lower = [(charts.metric_axes(), line, "accuracy" if share else "R²") for line in charts.metrics()]
        for axes, line, what in upper + lower:
            found = line.curve.at(epoch)
            if found is None or not isfinite(found[1]):
                continue
            painter.setPen(QPen(now.color("canvas"), 1))
            painter.setBrush(now.color(line.token))
            painter.drawEllipse(QPointF(axes.to_x(found[0]), axes.to_y(found[1])), 3.5, 3.5)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            value = words.percent(found[1]) if share and what != "loss" else words.number(found[1])
            yield plots.CardLine(f"{line.name} {what}", value, now.color(line.token))
        rate = self.record.rate.at(epoch)
        if rate is not None and self.record.rate_moves:
            yield plots.CardLine("learning rate", words.number(rate[1]))
