"""The points of a data set on the screen: a colour and a shape for each class, filled for training, hollow for validation."""

from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from nnlab.engine.wants import Part, Points
from nnlab.ui.look import plots, theme

FEW = 450  # up to this many points are drawn large


def draw_points(
    painter: QPainter,
    places: plots.Numbers,
    points: Points,
    part: Part,
    colors: Sequence[QColor] | None,
) -> None:
    """Every point at its place, in its class's colour and shape; `colors` gives one for each instead."""
    size = marker_size(len(places))
    hollow = part != "train"
    ratio = painter.device().devicePixelRatioF()
    name = theme.current().name
    for number, (place, target) in enumerate(zip(places.tolist(), points.target.tolist(), strict=True)):
        if colors is None:
            sprite = _class_sprite(name, int(target), size, hollow, ratio)
            half = sprite.width() / ratio / 2
            painter.drawPixmap(QPointF(place[0] - half, place[1] - half), sprite)
        else:
            _draw_marker(painter, QPointF(*place), "o", size, colors[number], hollow)


def draw_rings(painter: QPainter, places: plots.Numbers, size: float) -> None:
    """A ring around each place: the network is wrong there."""
    ratio = painter.device().devicePixelRatioF()
    sprite = _ring_sprite(theme.current().name, size, ratio)
    half = sprite.width() / ratio / 2
    for x, y in places.tolist():
        painter.drawPixmap(QPointF(x - half, y - half), sprite)


def marker_size(count: int) -> float:
    """How large a marker is when there are this many."""
    return 7.5 if count <= FEW else 5.5


def class_color(number: int) -> QColor:
    """The colour of a class."""
    colors = theme.current().classes
    return QColor(colors[number % len(colors)])


def draw_class_marker(painter: QPainter, at: QPointF, number: int, size: float = 8.0, hollow: bool = False) -> None:
    """One class's marker, for a legend."""
    _draw_marker(painter, at, theme.MARKERS[number % len(theme.MARKERS)], size, class_color(number), hollow)


def _draw_marker(painter: QPainter, at: QPointF, shape: str, size: float, color: QColor, hollow: bool) -> None:
    edge = theme.current().color("canvas")
    path = plots.marker(shape, size)
    painter.save()
    painter.translate(at)
    painter.setPen(QPen(edge, 3.6 if hollow else 2.0))  # the edge lifts it off a ground of its own colour
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    painter.setPen(QPen(color, 1.6) if hollow else Qt.PenStyle.NoPen)
    painter.setBrush(edge if hollow else color)
    painter.drawPath(path)
    painter.restore()


@lru_cache(maxsize=256)
def _class_sprite(theme_name: str, number: int, size: float, hollow: bool, ratio: float) -> QPixmap:
    room = size * 1.4 + 6
    pixmap = _empty(room, ratio)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_class_marker(painter, QPointF(room / 2, room / 2), number, size, hollow)
    painter.end()
    return pixmap


@lru_cache(maxsize=16)
def _ring_sprite(theme_name: str, size: float, ratio: float) -> QPixmap:
    now, room = theme.current(), size + 12
    pixmap = _empty(room, ratio)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for color, width in ((now.color("canvas", 150), 2.6), (now.color("text"), 1.2)):
        painter.setPen(QPen(color, width))
        painter.drawEllipse(QPointF(room / 2, room / 2), size / 2 + 3, size / 2 + 3)
    painter.end()
    return pixmap


def _empty(room: float, ratio: float) -> QPixmap:
    side = round(room * ratio)
    pixmap = QPixmap(side, side)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap
