"""The boundary panel's picture: the plane of two inputs in the colours of the network's answer, or a curve over one."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QPainter, QPen

from nnlab.core import words
from nnlab.engine.wants import Part, Points
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import pictures, plots, theme
from nnlab.ui.panels.boundary import marks
from nnlab.ui.panels.boundary.view import NEAR, View

HEAD = 24.0  # the line with the y input's name and the classes
BAR_ROOM = 62.0  # for the colour bar and its texts
PART_WORDS = {"train": "training", "validation": "validation", "test": "test"}


class BoundaryDrawing(Drawing):
    """Paints a View and reads it under the mouse."""

    def __init__(self) -> None:
        super().__init__(
            "Decision boundary", "What the network answers everywhere on the plane of two inputs, with the samples"
        )
        self.view: View | None = None

    def show_view(self, view: View) -> None:
        """Paint this from now on."""
        self.view = view

    def axes(self, view: View) -> plots.Axes:
        """Where the picture lies and what its edges mean."""
        has_bar = not view.is_classes and not view.is_line
        room = QRectF(plots.LEFT, HEAD, 0, 0)
        room.setRight(self.width() - (BAR_ROOM if has_bar else 16.0))
        room.setBottom(self.height() - plots.BOTTOM - 2)
        if view.is_square:
            across = view.boundary.x_range[1] - view.boundary.x_range[0]
            up = view.boundary.y_range[1] - view.boundary.y_range[0]
            scale = min(room.width() / across, room.height() / up)
            center = room.center()
            room.setSize(QSizeF(scale * across, scale * up))
            room.moveCenter(center)
        return plots.Axes(QRectF(room.toAlignedRect()), view.boundary.x_range, self._y_range(view))

    def _y_range(self, view: View) -> tuple[float, float]:
        if not view.is_line:
            return view.boundary.y_range
        if view.is_classes:
            return (0.0, 1.0)
        low, high = view.span
        pad = (high - low) * 0.1
        return plots.round_range(low - pad, high + pad)

    # ---------------------------------------------------------------- painting

    def draw(self, painter: QPainter) -> None:
        """The axes and points from kept pixmaps, the answer new each time."""
        view = self.view
        if view is None or self.width() < 90 or self.height() < 90:
            return
        axes = self.axes(view)
        span = None if view.is_classes else view.span
        frame = (axes.x, axes.y, view.spec, view.x_input, view.y_input, view.shown, view.is_line, span)
        self.still(painter, "frame", frame, lambda inner: self._draw_frame(inner, axes, view))
        if not view.is_line:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(axes.rect, view.picture)
        for part in view.shown:
            if part in view.points:
                self._draw_part(painter, axes, view, part, view.points[part])
        if view.is_line:
            self._draw_curves(painter, axes, view)
        if self.hover is not None:
            self._draw_card(painter, axes, view, self.hover)

    def _draw_frame(self, painter: QPainter, axes: plots.Axes, view: View) -> None:
        plots.draw_axes(painter, axes, view.input_name(view.x_input))
        name = view.answer_name(0) if view.is_line else view.input_name(view.y_input)
        if view.is_line and view.is_classes:
            name = "probability"
        color = theme.current().color("muted")
        plots.draw_text(painter, QPointF(axes.rect.left(), axes.rect.top() - 8), name, color)
        if view.is_classes:
            self._draw_classes(painter, axes, view, axes.rect.left() + plots.text_width(name) + 24)
        elif not view.is_line:
            self._draw_bar(painter, axes, view)

    def _draw_classes(self, painter: QPainter, axes: plots.Axes, view: View, left: float) -> None:
        """The classes by name, right-aligned above the plane, as many as have room."""
        names = [view.answer_name(k) for k in range(view.boundary.values.shape[-1])]
        widths = [plots.text_width(name) + 26 for name in names]
        fits = len(names)
        right = max(axes.rect.right(), min(self.width() - 12.0, left + sum(widths)))
        while fits and left + sum(widths[:fits]) + (60 if fits < len(names) else 0) > right:
            fits -= 1
        more = f"… {len(names) - fits} more" if fits < len(names) else ""
        x = right - sum(widths[:fits]) - (plots.text_width(more) if more else -8)
        y = axes.rect.top() - 8
        for k in range(fits):
            marks.draw_class_marker(painter, QPointF(x + 5, y - 4), k)
            plots.draw_text(painter, QPointF(x + 14, y), names[k], theme.current().color("text"))
            x += widths[k]
        if more:
            plots.draw_text(painter, QPointF(x, y), more, theme.current().color("muted"))

    def _draw_bar(self, painter: QPainter, axes: plots.Axes, view: View) -> None:
        low, high = view.span
        bar = QRectF(axes.rect.right() + 12, axes.rect.top(), 10, axes.rect.height())
        painter.drawImage(bar, pictures.ramp(low, high, 10, max(2, int(bar.height())), upright=True))
        now = theme.current()
        scale = plots.Axes(bar, (0, 1), (low, high))
        for tick in plots.ticks(low, high, max(2, int(bar.height() / 40))):
            at = QPointF(bar.right() + 5, scale.to_y(tick) + 4)
            plots.draw_text(painter, at, words.number(tick), now.color("muted"))
        name = view.answer_name(0)
        at = QPointF(self.width() - 8 - plots.text_width(name), axes.rect.top() - 8)
        plots.draw_text(painter, at, name, now.color("muted"))

    def _draw_curves(self, painter: QPainter, axes: plots.Axes, view: View) -> None:
        xs = view.xs.astype(float)
        painter.save()
        painter.setClipRect(axes.rect)
        for k in range(view.boundary.values.shape[-1]):
            color = marks.class_color(k) if view.is_classes else theme.current().color("positive")
            plots.draw_line(painter, axes.points(xs, view.boundary.values[0, :, k].astype(float)), color)
        painter.restore()

    def _draw_part(self, painter: QPainter, axes: plots.Axes, view: View, part: Part, points: Points) -> None:
        places = self._places(axes, view, points)
        key = (axes, len(places), points.x.tobytes(), points.y.tobytes(), points.target.tobytes())
        self.still(
            painter, part, key, lambda inner: marks.draw_points(inner, places, points, part, view.colors(points))
        )
        if view.is_classes and points.wrong.any():
            wrong, size = places[points.wrong], marks.marker_size(len(places))
            ring_key = (key, points.wrong.tobytes())
            self.still(painter, f"{part} rings", ring_key, lambda inner: marks.draw_rings(inner, wrong, size))

    def _places(self, axes: plots.Axes, view: View, points: Points) -> plots.Numbers:
        ys = points.y
        if view.is_line:
            ys = np.full_like(points.x, 0.03) if view.is_classes else points.target
        low, high = axes.x
        across = axes.rect.left() + (points.x.astype(float) - low) / (high - low) * axes.rect.width()
        bottom, top = axes.y
        down = axes.rect.bottom() - (ys.astype(float) - bottom) / (top - bottom) * axes.rect.height()
        return np.column_stack([across, down])

    # ---------------------------------------------------------------- under the mouse

    def _draw_card(self, painter: QPainter, axes: plots.Axes, view: View, at: QPointF) -> None:
        if not axes.rect.contains(at):
            return
        lines = self._sample_lines(axes, view, at)
        x, y = axes.from_x(at.x()), axes.from_y(at.y())
        if not lines:
            lines = [plots.CardLine(view.input_name(view.x_input), words.number(x))]
            if not view.is_line:
                lines.append(plots.CardLine(view.input_name(view.y_input), words.number(y)))
            lines += self._answer_lines(view, x, y)
        painter.setPen(QPen(theme.current().color("text", 160), 1))
        painter.drawEllipse(at, 3, 3)
        plots.draw_card(painter, at, QRectF(self.rect()), lines)

    def _answer_lines(self, view: View, x: float, y: float) -> list[plots.CardLine]:
        values = view.value_at(x, y)
        if values is None:
            return []
        if not view.is_classes:
            return [plots.CardLine(f"predicted {view.answer_name(0)}", words.number(float(values[0])))]
        first = np.argsort(-values)[:3].tolist()
        return [
            plots.CardLine(view.answer_name(k), words.percent(float(values[k])), marks.class_color(k)) for k in first
        ]

    def _sample_lines(self, axes: plots.Axes, view: View, at: QPointF) -> list[plots.CardLine]:
        """The sample under the mouse, if there is one."""
        for part in view.shown:
            points = view.points.get(part)
            if points is None or len(points.x) == 0:
                continue
            away = np.hypot(*(self._places(axes, view, points) - (at.x(), at.y())).T)
            nearest = int(away.argmin())
            if away[nearest] <= NEAR:
                return self._lines_of(view, part, points, nearest)
        return []

    def _lines_of(self, view: View, part: Part, points: Points, row: int) -> list[plots.CardLine]:
        across = words.number(float(points.x[row]))
        lines = [plots.CardLine(f"{PART_WORDS[part]} sample"), plots.CardLine(view.input_name(view.x_input), across)]
        if not view.is_line:
            lines.append(plots.CardLine(view.input_name(view.y_input), words.number(float(points.y[row]))))
        if not view.is_classes:
            target, said = words.number(float(points.target[row])), words.number(float(points.prediction[row]))
            return [*lines, plots.CardLine(view.answer_name(0), target), plots.CardLine("predicted", said)]
        target_class, said_class = int(points.target[row]), int(points.prediction[row])
        lines.append(plots.CardLine("is", view.answer_name(target_class), marks.class_color(target_class)))
        verdict = "wrongly predicted" if points.wrong[row] else "predicted"
        lines.append(plots.CardLine(verdict, view.answer_name(said_class), marks.class_color(said_class)))
        return lines
