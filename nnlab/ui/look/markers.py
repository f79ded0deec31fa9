"""The shapes that tell classes apart without colour."""

from math import cos, pi, sin

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QPolygonF


def marker(shape: str, size: float) -> QPainterPath:
    """The outline of one of theme.MARKERS around the origin."""
    radius = size / 2
    path = QPainterPath()
    if shape == "o":
        path.addEllipse(QPointF(0, 0), radius, radius)
    elif shape in ("+", "x"):
        path = _cross(radius * 1.1, turn=pi / 4 if shape == "x" else 0)
    else:
        corners, start, inner, grow = _SHAPES.get(shape, _SHAPES["s"])
        path.addPolygon(_star(corners, radius * grow, start, inner))
        path.closeSubpath()
    return path


_SHAPES: dict[str, tuple[int, float, float, float]] = {  # corners, turned by, inner radius, size
    "s": (4, pi / 4, 1.0, 1.2),
    "d": (4, 0.0, 1.0, 1.2),
    "t": (3, pi / 2, 1.0, 1.3),
    "t1": (3, -pi / 2, 1.0, 1.3),
    "p": (5, -pi / 2, 1.0, 1.15),
    "h": (6, 0.0, 1.0, 1.15),
    "star": (5, -pi / 2, 0.45, 1.4),
}


def _star(corners: int, radius: float, start: float, inner: float) -> QPolygonF:
    made = QPolygonF()
    for k in range(corners):
        angle = start + 2 * pi * k / corners
        made.append(QPointF(radius * cos(angle), radius * sin(angle)))
        if inner < 1:
            angle += pi / corners
            made.append(QPointF(inner * radius * cos(angle), inner * radius * sin(angle)))
    return made


def _cross(arm: float, turn: float) -> QPainterPath:
    half = arm * 0.34
    corner = [(half, half), (half, arm), (-half, arm), (-half, half)]
    made = QPolygonF()
    for k in range(4):
        angle = turn + k * pi / 2
        for x, y in corner:
            made.append(QPointF(x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle)))
    path = QPainterPath()
    path.addPolygon(made)
    path.closeSubpath()
    return path
