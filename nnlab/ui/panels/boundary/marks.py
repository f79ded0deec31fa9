"""The points of a data set on the screen: a colour and a shape for each class, filled for training, hollow for validation."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen

from nnlab.engine.wants import Points
from nnlab.ui.look import markers, theme
from nnlab.ui.look.graph_items import Look
from nnlab.ui.panels.boundary.view import View

RING = "ring"
FEW = 450  # up to this many points are drawn large


def marker_size(count: int) -> float:
    """How large a marker is when there are this many."""
    return 7.5 if count <= FEW else 5.5


def symbol(number: int) -> str:
    """The shape of a class."""
    return theme.MARKERS[number % len(theme.MARKERS)]


def class_color(number: int) -> QColor:
    """The colour of a class."""
    colors = theme.current().classes
    return QColor(colors[number % len(colors)])


def look(view: View, points: Points) -> Look:
    """The shape and the colour of each point."""
    colors = view.colors(points)
    if colors is not None:
        return "o", colors
    classes = points.target.astype(int).tolist()
    return [symbol(k) for k in classes], [class_color(k) for k in classes]


def ring_look() -> Look:
    """Rings are all alike."""
    return RING, theme.current().color("text")


def draw_class_marker(painter: QPainter, at: QPointF, number: int, size: float = 8.0, hollow: bool = False) -> None:
    """One class's marker, for a legend."""
    _draw_marker(painter, at, symbol(number), size, class_color(number), hollow)


def _draw_marker(painter: QPainter, at: QPointF, shape: str, size: float, color: QColor, hollow: bool) -> None:
    edge = theme.current().color("canvas")
    path = markers.marker(shape, size)
    painter.save()
    painter.translate(at)
    painter.setPen(QPen(edge, 3.6 if hollow else 2.0))  # the edge lifts it off a ground of its own colour
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    painter.setPen(QPen(color, 1.6) if hollow else Qt.PenStyle.NoPen)
    painter.setBrush(edge if hollow else color)
    painter.drawPath(path)
    painter.restore()


def sprite(shape: str, size: float, pen: QPen, brush: QBrush, ratio: float) -> QImage:
    """One ready marker: filled, hollow where there is a pen, or a ring."""
    room = size + 12 if shape == RING else size * 1.4 + 6
    side = round(room * ratio)
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    middle = QPointF(side / ratio / 2, side / ratio / 2)
    if shape == RING:
        _draw_ring(painter, middle, size)
    else:
        _draw_marker(painter, middle, shape, size, brush.color(), pen.style() != Qt.PenStyle.NoPen)
    painter.end()
    return image


def _draw_ring(painter: QPainter, at: QPointF, size: float) -> None:
    now = theme.current()
    for color, width in ((now.color("canvas", 150), 2.6), (now.color("text"), 1.2)):
        painter.setPen(QPen(color, width))
        painter.drawEllipse(at, size / 2 + 3, size / 2 + 3)
