"""The boundary panel's picture: the plane of two inputs in the colours of the network's answer, or a curve over one."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QPainter, QPen, QResizeEvent

from nnlab.core import words
from nnlab.engine.wants import Part, Points
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import graph_items, graphs, pictures, plots, theme
from nnlab.ui.panels.boundary import marks
from nnlab.ui.panels.boundary.view import NEAR, View

HEAD = 24.0  # the line with the y input's name and the classes
BAR_ROOM = 62.0  # for the colour bar and its texts
PARTS: tuple[Part, ...] = ("train", "validation")
PART_WORDS = {"train": "training", "validation": "validation", "test": "test"}


class BoundaryDrawing(Drawing):
    """Paints a View and reads it under the mouse."""

    def __init__(self) -> None:
        super().__init__(
            "Decision boundary", "What the network answers everywhere on the plane of two inputs, with the samples"
        )
        self.view: View | None = None
        self._arranged: View | None = None
        self._pictured: object = None
        self._kept: object = None
        self.canvas = graphs.Canvas(self, self._draw_over)
        self.canvas.pointed.connect(self._on_pointed)
        self.canvas.moved.connect(self.arrange)
        self.area, self.left, self.bottom = self.canvas.add_area()
        self.area.bleed = 6.0  # markers at the edge are whole
        self._picture = graph_items.Picture(self.area)
        self._lines: list[graph_items.Line] = []
        self._markers: dict[Part, tuple[graph_items.Markers, graph_items.Markers]] = {
            part: (self._made_markers(), self._made_markers()) for part in PARTS
        }

    def _made_markers(self) -> graph_items.Markers:
        return graph_items.Markers(self.area, marks.sprite)

    def show_view(self, view: View) -> None:
        """Paint this from now on."""
        before, self.view = self.view, view
        if before is not None and (before.x_input, before.y_input, before.spec) != (
            view.x_input,
            view.y_input,
            view.spec,
        ):
            self.canvas.show_all()

    def axes(self, view: View) -> plots.Axes:
        """Where the picture lies and what is in sight of it."""
        return self.whole(view) if self._arranged is None else self.area.axes()

    def whole(self, view: View) -> plots.Axes:
        """Where the picture lies and what its edges mean while nothing is zoomed."""
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

    # ---------------------------------------------------------------- arranging

    def arrange(self) -> None:
        """Bring the chart up to date with the view, the size and the theme."""
        view = None if self.message or self.width() < 90 or self.height() < 90 else self.view
        self.canvas.setVisible(view is not None)
        self.canvas.setGeometry(self.rect())
        self._arranged = view
        if view is None:
            return
        self.area.keeps_shape = view.is_square
        self.area.frame(self.whole(view))
        self.bottom.name = view.input_name(view.x_input)
        self.left.place()
        self.bottom.place()
        self._arrange_answer(view)
        for part, (points, rings) in self._markers.items():
            self._arrange_part(view, part, points, rings)
        self.canvas.repaint_all()

    def _arrange_answer(self, view: View) -> None:
        self._picture.setVisible(not view.is_line)
        if not view.is_line:
            key = (id(view.boundary), view.discretise, view.span, theme.current().name)
            if key != self._pictured:
                self._pictured = key
                self._kept = view.boundary  # so that no other boundary gets its id
                self._picture.show_pixels(view.pixels, view.boundary.x_range, view.boundary.y_range)
        count = view.boundary.values.shape[-1] if view.is_line else 0
        while len(self._lines) < count:
            self._lines.append(graph_items.Line(self.area))
            self._lines[-1].setZValue(10)
        for k, line in enumerate(self._lines):
            line.setVisible(k < count)
            if k < count:
                color = marks.class_color(k) if view.is_classes else theme.current().color("positive")
                line.show_points(view.xs.astype(float), view.boundary.values[0, :, k].astype(float), color)

    def _arrange_part(self, view: View, part: Part, dots: graph_items.Markers, rings: graph_items.Markers) -> None:
        points = view.points.get(part) if part in view.shown else None
        if points is None:
            dots.setVisible(False)
            rings.setVisible(False)
            return
        places, size = self._places(view, points), marks.marker_size(len(points.x))
        look = (view.is_classes, view.is_line, None if view.is_classes else view.span, points.target.tobytes())
        dots.show_markers(places, size, look, lambda: marks.look(view, points), hollow=part != "train")
        wrong = places[points.wrong] if view.is_classes else places[:0]
        rings.show_markers(wrong, size, marks.RING, marks.ring_look)

    def _places(self, view: View, points: Points) -> plots.Numbers:
        """Where the points lie, in numbers."""
        ys = points.y
        if view.is_line:
            ys = np.full_like(points.x, 0.03) if view.is_classes else points.target
        return np.column_stack([points.x, ys]).astype(float)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The chart takes the new size."""
        super().resizeEvent(event)
        self.arrange()

    def _on_pointed(self, at: QPointF | None) -> None:
        self.hover = at
        self.pointed()

    # ---------------------------------------------------------------- painting

    def draw(self, painter: QPainter) -> None:
        """What stands around the chart, from a kept pixmap."""
        view = self._arranged
        if view is not None:
            axes, span = self.area.axes(), None if view.is_classes else view.span
            frame = (axes.rect, view.spec, view.x_input, view.y_input, view.is_line, span)
            self.still(painter, "frame", frame, lambda inner: self._draw_frame(inner, axes, view))

    def _draw_over(self, painter: QPainter) -> None:
        if self._arranged is not None and self.hover is not None:
            self._draw_card(painter, self.area.axes(), self._arranged, self.hover)

    def _draw_frame(self, painter: QPainter, axes: plots.Axes, view: View) -> None:
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
            places = self._places(view, points)
            across = axes.rect.left() + (places[:, 0] - axes.x[0]) / (axes.x[1] - axes.x[0]) * axes.rect.width()
            down = axes.rect.bottom() - (places[:, 1] - axes.y[0]) / (axes.y[1] - axes.y[0]) * axes.rect.height()
            away = np.hypot(across - at.x(), down - at.y())
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
