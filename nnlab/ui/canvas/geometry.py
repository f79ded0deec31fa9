"""Where things are on the canvas: the grid, a node's size, its ports, and the curve of a wire."""

import math
from collections.abc import Iterable
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from nnlab.core.layout import PORT_PITCH as PORT_STEP
from nnlab.core.layout import height_for as height_for

GRID = 16
WIDTH, HEIGHT = 160, 64
PORT_RADIUS = 5.0
SNAP_RADIUS = 24  # pixels on the screen
GAP = 64  # kept free between two connected nodes
MARGIN = 14  # around a node, for ports, badge and shadow
TILE = QRectF(12, 10, 44, 44)  # icon or live picture

LEAD, TURN = 28.0, 16.0  # a wire that leads back: straight out so far, then round a corner
ROW_REACH = 56.0  # from a port to the way that runs before its row
CHIP_REACH = 11.0  # half a chip, and a little: so near to its middle a card is in its way
_SAMPLES = 24
_SHARES = [  # of start, controls and end in the points of a curve between its ends
    ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3) for t in (k / _SAMPLES for k in range(1, _SAMPLES))
]

Place = tuple[float, float]


def snap(value: float) -> float:
    """The nearest line of the grid."""
    return float(round(value / GRID) * GRID)


def port_y(index: int, count: int, height: float) -> float:
    """How far below the node's top edge a port sits."""
    return height / 2 + (index - (count - 1) / 2) * PORT_STEP


def wire_path(start: QPointF, end: QPointF, lane: float | None = None) -> QPainterPath:
    """The soft curve from an output to an input; one that leads back to another row runs between the rows.

    A wire with a `lane` runs at that height, round what stands between its ends.
    """
    path = QPainterPath(start)
    if not _leads_back(start, end):
        for first, second, to in _curves(start, end, lane):
            if first is None or second is None:
                path.lineTo(to)
            else:
                path.cubicTo(first, second, to)
        return path
    points = _corners(start, end, lane)
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(TURN, distance(before, corner) / 2, distance(corner, after) / 2)
        path.lineTo(_towards(corner, before, radius))
        path.quadTo(corner, _towards(corner, after, radius))
    path.lineTo(end)
    return path


def wire_middle(start: QPointF, end: QPointF, lane: float | None = None) -> QPointF:
    """The middle of the wire, where its chip sits."""
    middle = (start + end) / 2
    if lane is not None:
        return QPointF(middle.x(), lane)
    return QPointF(middle.x(), _between(start, end)) if _leads_back(start, end) else middle


def chip_room(start: QPointF, end: QPointF, cards: Iterable[QRectF] = (), lane: float | None = None) -> float:
    """How wide a label in the middle of the wire may be before it touches the cards at its ends."""
    if lane is not None or _leads_back(start, end):
        return math.inf
    y = (start.y() + end.y()) / 2
    beside = any(card.top() - CHIP_REACH < y < card.bottom() + CHIP_REACH for card in cards)
    if abs(end.y() - start.y()) >= HEIGHT and not beside:
        return math.inf
    return max(end.x() - start.x() - 2 * PORT_RADIUS, 0.0)


def wire_distance(start: QPointF, end: QPointF, point: QPointF, lane: float | None = None) -> float:
    """How far a point is from the wire."""
    place = point.x(), point.y()
    return min(_to_segment(place, a, b) for a, b in pairwise(way(start, end, lane)))


def wire_crosses(start: QPointF, end: QPointF, a: QPointF, b: QPointF, lane: float | None = None) -> bool:
    """Whether the wire crosses the straight line from a to b."""
    here, there = (a.x(), a.y()), (b.x(), b.y())
    return any(_cross(p, q, here, there) for p, q in pairwise(way(start, end, lane)))


def distance(a: QPointF, b: QPointF) -> float:
    """Between two points."""
    return math.hypot(a.x() - b.x(), a.y() - b.y())


def _leads_back(start: QPointF, end: QPointF) -> bool:
    return end.x() < start.x() and abs(end.y() - start.y()) >= HEIGHT + GRID


def _corners(start: QPointF, end: QPointF, lane: float | None = None) -> list[QPointF]:
    right, left, between = start.x() + LEAD, end.x() - LEAD, _between(start, end) if lane is None else lane
    turns = (right, start.y()), (right, between), (left, between), (left, end.y())
    return [start, *(QPointF(x, y) for x, y in turns), end]


def _between(start: QPointF, end: QPointF) -> float:
    """How high the way between two rows runs: near the row it leads to, so that a tall node it comes from is passed."""
    middle = (start.y() + end.y()) / 2
    return max(middle, end.y() - ROW_REACH) if end.y() > start.y() else min(middle, end.y() + ROW_REACH)


def _towards(a: QPointF, b: QPointF, reach: float) -> QPointF:
    return a + (b - a) * (reach / max(distance(a, b), 1e-9))


def way(start: QPointF, end: QPointF, lane: float | None = None) -> list[Place]:
    """The wire as a row of straight lines."""
    if _leads_back(start, end):
        return [(p.x(), p.y()) for p in _corners(start, end, lane)]
    points = [(start.x(), start.y())]
    for first, second, to in _curves(start, end, lane):
        if first is not None and second is not None:
            (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[-1], *((p.x(), p.y()) for p in (first, second, to))
            points += [(ax * k + bx * m + cx * n + dx * o, ay * k + by * m + cy * n + dy * o) for k, m, n, o in _SHARES]
        points.append((to.x(), to.y()))
    return points


def _curves(start: QPointF, end: QPointF, lane: float | None) -> list[tuple[QPointF | None, QPointF | None, QPointF]]:
    """The pieces of a wire that leads on: two control points and the end of each; a straight one has no controls."""
    if lane is None:
        return [(*_controls(start, end), end)]
    on, off = QPointF(start.x() + GAP, lane), QPointF(end.x() - GAP, lane)
    half = QPointF(GAP / 2, 0)
    return [(start + half, on - half, on), (None, None, off), (off + half, end - half, end)]


def _controls(start: QPointF, end: QPointF) -> tuple[QPointF, QPointF]:
    across, down = end.x() - start.x(), abs(end.y() - start.y())
    # a wire that runs backwards needs room to turn
    reach = min(max(across / 2, down / 4) if across >= 0 else max(-across / 2, 64.0), 240.0)
    return QPointF(start.x() + reach, start.y()), QPointF(end.x() - reach, end.y())


def _to_segment(p: Place, a: Place, b: Place) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    t = 0.0 if length == 0 else max(0.0, min(1.0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length))
    return math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy)


def _side(a: Place, b: Place, c: Place) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _cross(p: Place, q: Place, a: Place, b: Place) -> bool:
    return a != b and _side(p, q, a) * _side(p, q, b) <= 0 and _side(a, b, p) * _side(a, b, q) <= 0
