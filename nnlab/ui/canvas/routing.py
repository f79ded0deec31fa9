"""Ways for wires round the cards that stand between their ends."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise

from PySide6.QtCore import QPointF, QRectF

from nnlab.core.graph import Graph, Link
from nnlab.ui.canvas.geometry import GAP, LEAD, WIDTH, Place, way

CLEAR = 14.0  # units that a wire keeps from a card it passes: its label has room there
COLUMN = WIDTH + GAP
APART, SIDE_BY_SIDE = 14.0, 4  # units between wires that pass the same cards, and how many may do so
APART_LIMIT = 100  # wires with a way of their own; where there are more, they are not told apart
LABEL_STEP = 32.0  # from one label to the next below it: each may have two lines
DETOUR = 320.0  # units that a wire goes out of its way at most
MANY, TRIED = 60, 24  # cards between the ends of a wire beyond which it is a tangle, and heights that are tried
FAR_APART = 400  # squares of the canvas between the ends of a wire beyond which it takes the plain way
_EDGE = 0.5  # units: what only touches does not cross

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a card."""
Span = tuple[float, float, float]
"""From where to where a wire runs, and how high."""


class Cards:
    """Where the cards are, by squares of the canvas: asked for those near a wire without looking at all of them."""

    def __init__(self) -> None:
        self._boxes: dict[str, Box] = {}
        self._squares: dict[tuple[int, int], set[str]] = {}

    def put(self, node_id: str, card: QRectF) -> None:
        """This card is here now."""
        box = card.left(), card.top(), card.right(), card.bottom()
        old = self._boxes.get(node_id)
        if old == box:
            return
        if old is not None:
            self.drop(node_id)
        self._boxes[node_id] = box
        for square in _squares(*box):
            self._squares.setdefault(square, set()).add(node_id)

    def drop(self, node_id: str) -> None:
        """This card is gone."""
        for square in _squares(*self._boxes.pop(node_id)):
            self._squares[square].discard(node_id)

    def within(self, left: float, top: float, right: float, bottom: float) -> list[Box] | None:
        """The cards of which a part stands in this rectangle; None if it is too large to look at."""
        if (right - left) * (bottom - top) > FAR_APART * COLUMN * COLUMN:
            return None
        names: set[str] = set()
        for square in _squares(left, top, right, bottom):
            names |= self._squares.get(square, set())
        boxes = (self._boxes[n] for n in sorted(names))
        return [b for b in boxes if b[2] > left and b[0] < right and b[3] > top and b[1] < bottom]


class Lanes:
    """At which heights wires pass cards: those from different ports run beside each other, not in one line."""

    def __init__(self) -> None:
        self.cards = Cards()
        self._taken: dict[Link, Span] = {}

    def find(self, link: Link, start: QPointF, end: QPointF) -> float | None:
        """How high this wire runs between these places; None if it need not leave its usual way."""
        self._taken.pop(link, None)
        if _are_neighbours(start, end):
            return None
        others: list[Span] = []
        if len(self._taken) <= APART_LIMIT:
            others = [s for k, s in self._taken.items() if (k.source, k.source_port) != (link.source, link.source_port)]
        found = lane(start, end, self.cards, others)
        if found is not None:
            self._taken[link] = min(start.x(), end.x()), max(start.x(), end.x()), found
        return found

    def forget(self, link: Link) -> None:
        """This wire is gone."""
        self._taken.pop(link, None)


def lane(start: QPointF, end: QPointF, cards: Cards, taken: Sequence[Span] = ()) -> float | None:
    """How high a wire runs so that it passes behind no card; None if it need not leave its usual way.

    It is also None where there is no free way: then the usual one is the plainest. `taken`: where other wires run.
    """
    if _are_neighbours(start, end):
        return None
    left, right = min(start.x(), end.x()) + 1, max(start.x(), end.x()) - 1
    top, bottom = min(start.y(), end.y()) - DETOUR, max(start.y(), end.y()) + DETOUR
    boxes = cards.within(left, top, right, bottom)
    if not boxes or len(boxes) > MANY or not _is_blocked(way(start, end), boxes):
        return None
    for y in islice(_candidates(start, end, boxes), TRIED):
        beside = any(abs(y - other) < APART and a < right and b > left for a, b, other in taken)
        if not beside and _is_free(start, end, y, boxes):
            return y
    return None


def _are_neighbours(start: QPointF, end: QPointF) -> bool:
    across = end.x() - start.x()
    return 0 <= across < COLUMN or (across < 0 and abs(end.y() - start.y()) < GAP)


def is_labelled(graph: Graph, link: Link) -> bool:
    """Whether this wire has a label: of several that bring the same to the same layer, one has."""
    if len(graph.incoming[link.target]) < 2:
        return True
    twins = [k for k in graph.incoming[link.target] if (k.source, k.source_port) == (link.source, link.source_port)]
    return link == twins[len(twins) // 2]


def label_shift(graph: Graph, link: Link, middle: Callable[[Link], QPointF]) -> float:
    """How far below the middle of its wire a label sits, so that those of wires between the same two layers part."""
    beside = [k for k in graph.incoming[link.target] if k.source == link.source]
    if len(beside) > 1:
        beside = [k for k in beside if is_labelled(graph, k)]
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
    away = [CLEAR + k * APART for k in range(SIDE_BY_SIDE)]
    heights = {start.y(), end.y(), *(y for b in boxes for more in away for y in (b[1] - more, b[3] + more))}
    if end.x() < start.x():  # it runs between two rows, not outside of them
        heights = {y for y in heights if min(start.y(), end.y()) < y < max(start.y(), end.y())}
    yield from sorted(heights, key=lambda y: (abs(y - start.y()) + abs(y - end.y()), y))


def _is_free(start: QPointF, end: QPointF, y: float, boxes: list[Box]) -> bool:
    """Whether a wire at this height keeps clear of these cards; the long level piece of it is looked at first."""
    turn = GAP if end.x() > start.x() else -LEAD
    first, last = sorted((start.x() + abs(turn), end.x() - abs(turn)))
    if any(
        box[0] < last and box[2] > first and box[1] - CLEAR < y - _EDGE < box[3] + CLEAR - 2 * _EDGE for box in boxes
    ):
        return False
    return not _is_blocked(way(start, end, y), boxes)


def _is_blocked(places: list[Place], boxes: list[Box]) -> bool:
    """Whether the way through these places runs behind a card."""
    lowest, highest = min(y for _, y in places), max(y for _, y in places)
    near = [box for box in boxes if box[3] > lowest and box[1] < highest]
    return any(_meets(a, b, box) for box in near for a, b in pairwise(places))


def _meets(a: tuple[float, float], b: tuple[float, float], box: Box) -> bool:
    """Whether the straight line from a to b enters the box."""
    (ax, ay), (bx, by) = a, b
    left, top, right, bottom = box
    if (ax <= left and bx <= left) or (ax >= right and bx >= right):
        return False
    if (ay <= top and by <= top) or (ay >= bottom and by >= bottom):
        return False
    first, last = 0.0, 1.0
    for origin, step, low, high in ((ax, bx - ax, left, right), (ay, by - ay, top, bottom)):
        if step == 0:
            continue  # it lies between the two sides: the others are refused above
        enter, leave = (low - origin) / step, (high - origin) / step
        first, last = max(first, min(enter, leave)), min(last, max(enter, leave))
    return first < last


def _squares(left: float, top: float, right: float, bottom: float) -> list[tuple[int, int]]:
    columns = range(math.floor(left / COLUMN), math.floor(right / COLUMN) + 1)
    rows = range(math.floor(top / COLUMN), math.floor(bottom / COLUMN) + 1)
    return [(column, row) for column in columns for row in rows]
