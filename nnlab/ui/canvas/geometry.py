"""Where things are on the canvas: the grid, a node's size, its ports, and the curve of a wire."""

import math
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

GRID = 16
WIDTH, HEIGHT = 160, 64
PORT_STEP = 20
PORT_RADIUS = 5.0
SNAP_RADIUS = 24  # pixels on the screen
GAP = 64  # kept free between two connected nodes
MARGIN = 14  # around a node, for ports, badge and shadow
TILE = QRectF(12, 10, 44, 44)  # icon or live picture

_SAMPLES = 24


def snap(value: float) -> float:
    """The nearest line of the grid."""
    return float(round(value / GRID) * GRID)


def height_for(ports: int) -> int:
    """How tall a node with so many ports on one side is."""
    return max(HEIGHT, math.ceil((ports * PORT_STEP + 24) / GRID) * GRID)


def port_y(index: int, count: int, height: float) -> float:
    """How far below the node's top edge a port sits."""
    return height / 2 + (index - (count - 1) / 2) * PORT_STEP


def wire_path(start: QPointF, end: QPointF) -> QPainterPath:
    """The soft curve from an output to an input."""
    path = QPainterPath(start)
    first, second = _controls(start, end)
    path.cubicTo(first, second, end)
    return path


def wire_point(start: QPointF, end: QPointF, t: float) -> QPointF:
    """A point of the curve, from 0 at the output to 1 at the input."""
    first, second = _controls(start, end)
    s = 1 - t
    a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
    return QPointF(
        a * start.x() + b * first.x() + c * second.x() + d * end.x(),
        a * start.y() + b * first.y() + c * second.y() + d * end.y(),
    )


def wire_distance(start: QPointF, end: QPointF, point: QPointF) -> float:
    """How far a point is from the curve."""
    points = [wire_point(start, end, i / _SAMPLES) for i in range(_SAMPLES + 1)]
    return min(_to_segment(point, a, b) for a, b in pairwise(points))


def wire_crosses(start: QPointF, end: QPointF, a: QPointF, b: QPointF) -> bool:
    """Whether the curve crosses the straight line from a to b."""
    points = [wire_point(start, end, i / _SAMPLES) for i in range(_SAMPLES + 1)]
    return any(_cross(p, q, a, b) for p, q in pairwise(points))


def distance(a: QPointF, b: QPointF) -> float:
    """Between two points."""
    return math.hypot(a.x() - b.x(), a.y() - b.y())


def _controls(start: QPointF, end: QPointF) -> tuple[QPointF, QPointF]:
    across, down = end.x() - start.x(), abs(end.y() - start.y())
    # a wire that runs backwards needs room to turn
    reach = min(max(across / 2, down / 4) if across >= 0 else max(-across / 2, 64.0), 240.0)
    return QPointF(start.x() + reach, start.y()), QPointF(end.x() - reach, end.y())


def _to_segment(p: QPointF, a: QPointF, b: QPointF) -> float:
    dx, dy = b.x() - a.x(), b.y() - a.y()
    length = dx * dx + dy * dy
    t = 0.0 if length == 0 else max(0.0, min(1.0, ((p.x() - a.x()) * dx + (p.y() - a.y()) * dy) / length))
    return math.hypot(p.x() - a.x() - t * dx, p.y() - a.y() - t * dy)


def _side(a: QPointF, b: QPointF, c: QPointF) -> float:
    return (b.x() - a.x()) * (c.y() - a.y()) - (b.y() - a.y()) * (c.x() - a.x())


def _cross(p: QPointF, q: QPointF, a: QPointF, b: QPointF) -> bool:
    return a != b and _side(p, q, a) * _side(p, q, b) <= 0 and _side(a, b, p) * _side(a, b, q) <= 0
