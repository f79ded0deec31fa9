"""Ways for wires round the cards that stand between their ends."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF

from nnlab.core.graph import Graph, Link
from nnlab.ui.canvas.geometry import GAP, WIDTH, way

CLEAR = 14.0  # units that a wire keeps from a card it passes: its label has room there
COLUMN = WIDTH + GAP
LABEL_STEP = 32.0  # from one label to the next below it: each may have two lines
_EDGE = 0.5  # units: what only touches does not cross

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a card."""


class Cards:
    """Where the cards are, by columns of the canvas: asked for those near a wire without looking at all of them."""

    def __init__(self) -> None:
        self._boxes: dict[str, Box] = {}
        self._columns: dict[int, set[str]] = {}

    def put(self, node_id: str, card: QRectF) -> None:
        """This card is here now."""
        box = card.left(), card.top(), card.right(), card.bottom()
        old = self._boxes.get(node_id)
        if old == box:
            return
        if old is not None:
            self.drop(node_id)
        self._boxes[node_id] = box
        for column in _columns(box[0], box[2]):
            self._columns.setdefault(column, set()).add(node_id)

    def drop(self, node_id: str) -> None:
        """This card is gone."""
        left, _, right, _ = self._boxes.pop(node_id)
        for column in _columns(left, right):
            self._columns[column].discard(node_id)

    def between(self, left: float, right: float) -> list[Box]:
        """The cards that stand, at least in part, between these two places."""
        names: set[str] = set()
        for column in _columns(left, right):
            names |= self._columns.get(column, set())
        boxes = (self._boxes[n] for n in sorted(names))
        return [box for box in boxes if box[2] > left and box[0] < right]


def lane(start: QPointF, end: QPointF, cards: Cards) -> float | None:
    """How high a wire runs so that it passes behind no card; None if it need not leave its usual way.

    It is also None where there is no free way: then the usual one is the plainest.
    """
    left, right = min(start.x(), end.x()) + 1, max(start.x(), end.x()) - 1
    if 0 <= end.x() - start.x() < COLUMN or (end.x() < start.x() and abs(end.y() - start.y()) < GAP):
        return None  # neighbours
    boxes = cards.between(left, right)
    if not boxes or not _is_blocked(way(start, end), boxes, 0.0):
        return None
    for y in _candidates(start, end, boxes):
        if not _is_blocked(way(start, end, y), boxes, CLEAR - 1):
            return y
    return None


def is_labelled(graph: Graph, link: Link) -> bool:
    """Whether this wire has a label: of several that bring the same to the same layer, one has."""
    twins = [k for k in graph.incoming[link.target] if (k.source, k.source_port) == (link.source, link.source_port)]
    return link == twins[len(twins) // 2]


def label_shift(graph: Graph, link: Link, middle: Callable[[Link], QPointF]) -> float:
    """How far below the middle of its wire a label sits, so that those of wires between the same two layers part."""
    beside = [k for k in graph.incoming[link.target] if k.source == link.source and is_labelled(graph, k)]
    if len(beside) < 2 or link not in beside:
        return 0.0
    heights = {k: middle(k).y() for k in beside}
    order = sorted(beside, key=lambda k: heights[k])
    if all(heights[b] - heights[a] >= LABEL_STEP for a, b in pairwise(order)):
        return 0.0
    mean = sum(heights.values()) / len(beside)
    return mean + (order.index(link) - (len(beside) - 1) / 2) * LABEL_STEP - heights[link]


def _candidates(start: QPointF, end: QPointF, boxes: list[Box]) -> Iterator[float]:
    """Heights just above and below every card, those that make the shortest way first."""
    heights = {start.y(), end.y(), *(box[1] - CLEAR for box in boxes), *(box[3] + CLEAR for box in boxes)}
    if end.x() < start.x():  # it runs between two rows, not outside of them
        heights = {y for y in heights if min(start.y(), end.y()) < y < max(start.y(), end.y())}
    yield from sorted(heights, key=lambda y: (abs(y - start.y()) + abs(y - end.y()), y))


def _is_blocked(points: Iterable[QPointF], boxes: list[Box], clear: float) -> bool:
    """Whether the way through these points comes nearer to a card than that."""
    places = [(p.x(), p.y()) for p in points]
    lowest, highest = min(y for _, y in places), max(y for _, y in places)
    near = [b for b in boxes if b[3] + clear > lowest and b[1] - clear < highest]
    return any(_meets(a, b, box, clear - _EDGE) for box in near for a, b in pairwise(places))


def _meets(a: tuple[float, float], b: tuple[float, float], box: Box, clear: float) -> bool:
    """Whether the straight line from a to b enters the box, made larger by so much above and below."""
    left, top, right, bottom = box[0], box[1] - clear, box[2], box[3] + clear
    (ax, ay), (bx, by) = a, b
    first, last = 0.0, 1.0
    for origin, step, low, high in ((ax, bx - ax, left, right), (ay, by - ay, top, bottom)):
        if step == 0:
            if not low < origin < high:
                return False
            continue
        enter, leave = (low - origin) / step, (high - origin) / step
        first, last = max(first, min(enter, leave)), min(last, max(enter, leave))
    return first < last


def _columns(left: float, right: float) -> range:
    return range(math.floor(left / COLUMN), math.floor(right / COLUMN) + 1)
