"""The fan: every seed's curve, the median, the best, and the window's own run."""

from functools import cached_property

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPen

from nnlab.core import words
from nnlab.ui.look import plots, theme
from nnlab.ui.look.curves import Numbers
from nnlab.ui.panels.dice.paths import path_of
from nnlab.ui.panels.dice.view import View

NAMES_WIDTH = 78.0
SMALLEST = 20.0  # a chart with less room is left out


class Fan:
    """The curves of one view in one rectangle, their axes included."""

    def __init__(self, view: View, chart: QRectF) -> None:
        self.view, self.chart = view, chart

    @cached_property
    def axes(self) -> plots.Axes:
        """What its edges mean."""
        view, chart = self.view, self.chart
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

    def draw(self, painter: QPainter) -> None:
        """Axes, lines and their names."""
        axes = self.axes
        if axes.rect.width() > SMALLEST and axes.rect.height() > SMALLEST:
            plots.draw_axes(painter, axes, "epoch", x_whole=True, share=self.view.of_metric and self.view.accuracy)
            self._draw_lines(painter)
            self._draw_names(painter)

    def draw_one(self, painter: QPainter, place: int) -> None:
        """One seed's line above the others."""
        xs, values = self.view.fan
        painter.save()
        painter.setClipRect(self.axes.rect.adjusted(-1, -1, 1, 1))
        if len(values):
            plots.draw_line(painter, self.axes.points(xs, values[:, place], 2.0), theme.current().color("warning"))
        painter.restore()

    def _draw_lines(self, painter: QPainter) -> None:
        now, view, axes = theme.current(), self.view, self.axes
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

    def _draw_names(self, painter: QPainter) -> None:
        axes = self.axes
        if axes.rect.right() + 40 > self.chart.right():
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
