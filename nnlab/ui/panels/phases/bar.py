"""The four phases as four steps in a row, the present one marked, and the sentence that goes with it."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from nnlab.ui.look import plots, theme
from nnlab.ui.panels.phases.rows import Row, Sizes, Target

NAMES = {"forward": "Forward", "loss": "Loss", "backward": "Backward", "update": "Update"}
SENTENCES = {
    "": "Press Next phase (F7). One batch then goes forward through the network, its loss is measured, the gradient "
    "flows back, and the weights move: one press for each, with all the numbers.",
    "forward": "Each layer computes its numbers, from left to right.",
    "loss": "The answers meet the truth: how wrong are they?",
    "backward": "From right to left: what makes the loss grow, and how fast?",
    "update": "Every weight takes a step that makes the loss smaller.",
}
ARROW = 9.0


def phase_bar(phase: str, shown: str, sizes: Sizes) -> Row:
    """The steps; `phase` is where the batch stands, `shown` the phase that is looked at."""
    order = list(NAMES)
    reached = order.index(phase) if phase in order else -1
    height = round(sizes.large * 2.3)

    def paint(painter: QPainter, place: QRectF) -> None:
        for number, name in enumerate(order):
            _draw_step(painter, _box(place, number, height), number, reached, name == shown, sizes)

    def hit(at: QPointF, place: QRectF) -> Target | None:
        number = int((at.x() - place.left()) / max(1.0, place.width()) * len(order))
        return Target("phase", order[number]) if 0 <= number <= reached else None

    return Row(height + theme.GRID, paint, hit)


def _box(place: QRectF, number: int, height: float) -> QRectF:
    wide = place.width() / len(NAMES)
    return QRectF(place.left() + number * wide, place.top(), wide, height)


def _draw_step(painter: QPainter, box: QRectF, number: int, reached: int, is_shown: bool, sizes: Sizes) -> None:
    now = theme.current()
    present, done = number == reached, number < reached
    painter.setBrush(now.color("accent") if present else now.color("accent", 34) if done else now.color("raised"))
    edge = "accent" if present or is_shown else "hairline"
    painter.setPen(QPen(now.color(edge), 2 if is_shown and not present else 1))
    painter.drawPolygon(_outline(box, number))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    name = list(NAMES.values())[number]
    token = "on_accent" if present else "text" if done else "muted"
    room = box.width() - 2 * ARROW - 6
    size = next((s for s in (sizes.large, sizes.text) if _widest(s) <= room), sizes.caption)
    text = plots.shortened(name, room + 12, size, True)
    shift = 2.0 if number else -2.0
    middle = QPointF(box.center().x() + shift - plots.text_width(text, size, True) / 2, box.center().y() + size * 0.36)
    plots.draw_text(painter, middle, text, now.color(token), size, bold=True)


def _widest(size: int) -> float:
    return max(plots.text_width(name, size, True) for name in NAMES.values())


def _outline(box: QRectF, number: int) -> QPolygonF:
    """An arrow that points into the next step."""
    left, right, top, bottom = box.left() + 1, box.right() - ARROW, box.top() + 1, box.bottom() - 1
    middle, notch = box.center().y(), ARROW if number else 0.0
    points = [(left, top), (right - 2, top), (right + ARROW - 3, middle), (right - 2, bottom), (left, bottom)]
    return QPolygonF([QPointF(*p) for p in [*points, (left + notch, middle)]])
