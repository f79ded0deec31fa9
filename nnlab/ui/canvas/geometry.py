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

LEAD, TURN = 28.0, 16.0  # a wire that leads back: straight out so far, then round a corner
ROW_REACH = 56.0  # from a port to the way that runs before its row
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
    """The soft curve from an output to an input; one that leads back to another row runs between the rows."""
    path = QPainterPath(start)
    if not _leads_back(start, end):
        first, second = _controls(start, end)
        path.cubicTo(first, second, end)
        return path
    points = _corners(start, end)
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(TURN, distance(before, corner) / 2, distance(corner, after) / 2)
        path.lineTo(_towards(corner, before, radius))
        path.quadTo(corner, _towards(corner, after, radius))
    path.lineTo(end)
    return path


def wire_middle(start: QPointF, end: QPointF) -> QPointF:
    """The middle of the wire, where its chip sits."""
    middle = (start + end) / 2
    return QPointF(middle.x(), _between(start, end)) if _leads_back(start, end) else middle


def chip_room(start: QPointF, end: QPointF) -> float:
    """How wide a label in the middle of the wire may be before it touches the nodes at its ends."""
    if abs(end.y() - start.y()) >= HEIGHT:
        return math.inf
    return max(end.x() - start.x() - 2 * PORT_RADIUS, 0.0)


def wire_distance(start: QPointF, end: QPointF, point: QPointF) -> float:
    """How far a point is from the wire."""
    return min(_to_segment(point, a, b) for a, b in pairwise(_polyline(start, end)))


def wire_crosses(start: QPointF, end: QPointF, a: QPointF, b: QPointF) -> bool:
    """Whether the wire crosses the straight line from a to b."""
    return any(_cross(p, q, a, b) for p, q in pairwise(_polyline(start, end)))


def distance(a: QPointF, b: QPointF) -> float:
    """Between two points."""
    return math.hypot(a.x() - b.x(), a.y() - b.y())


def _leads_back(start: QPointF, end: QPointF) -> bool:
    return end.x() < start.x() and abs(end.y() - start.y()) >= HEIGHT + GRID


def _corners(start: QPointF, end: QPointF) -> list[QPointF]:
    right, left, between = start.x() + LEAD, end.x() - LEAD, _between(start, end)
    turns = (right, start.y()), (right, between), (left, between), (left, end.y())
    return [start, *(QPointF(x, y) for x, y in turns), end]


def _between(start: QPointF, end: QPointF) -> float:
    """How high the way between two rows runs: near the row it leads to, so that a tall node it comes from is passed."""
    middle = (start.y() + end.y()) / 2
    return max(middle, end.y() - ROW_REACH) if end.y() > start.y() else min(middle, end.y() + ROW_REACH)


def _towards(a: QPointF, b: QPointF, reach: float) -> QPointF:
    return a + (b - a) * (reach / max(distance(a, b), 1e-9))


def _polyline(start: QPointF, end: QPointF) -> list[QPointF]:
    if _leads_back(start, end):
        return _corners(start, end)
    first, second = _controls(start, end)
    return [_on_curve(start, first, second, end, i / _SAMPLES) for i in range(_SAMPLES + 1)]


def _on_curve(a: QPointF, b: QPointF, c: QPointF, d: QPointF, t: float) -> QPointF:
    s = 1 - t
    return a * (s * s * s) + b * (3 * s * s * t) + c * (3 * s * t * t) + d * (t * t * t)


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
