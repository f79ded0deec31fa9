"""The cards of the network panel: a unit's formula with bars for its products, a wire's weight, the answers' names."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from nnlab.core import words
from nnlab.core.dataset import Target
from nnlab.engine.wants import NodeActivations
from nnlab.ui.look import labels, pictures, plots, theme
from nnlab.ui.panels.network.columns import Stack
from nnlab.ui.panels.network.formula import Explanation, Moment, Term, explain
from nnlab.ui.panels.network.wiring import Bundle

BARS = 6  # products with a bar of their own
BAR_WIDTH = 74.0
LINE = theme.CAPTION_PX + 7.0
PAD = 12.0
WIDEST = 372.0
KERNEL_HEIGHT = 40


class Wire(Protocol):
    """One wire: from a unit of one node to a unit of another."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def target(self) -> str: ...  # noqa: D102
    @property
    def start(self) -> int: ...  # noqa: D102
    @property
    def end(self) -> int: ...  # noqa: D102


def spoken(moment: Moment, node_id: str, unit: int) -> str:
    """A unit's formula for a screen reader."""
    found = explain(moment, node_id, unit)
    return f"{found.title}: {'; '.join(found.lines)}"


def draw_unit(painter: QPainter, moment: Moment, node_id: str, unit: int, box: QRectF, bounds: QRectF) -> None:
    """The formula card of a unit, beside it."""
    found = explain(moment, node_id, unit)
    rows = _rows(found)
    names = max((plots.text_width(row[0]) for row in rows), default=0.0)
    values = max((plots.text_width(row[1]) for row in rows), default=0.0)
    room = min(bounds.width() - 8, WIDEST) - 2 * PAD
    lines = found.lines_that(lambda line: plots.text_width(line) <= room)
    texts = [plots.text_width(found.title, bold=True), plots.text_width(lines[0], bold=True)]
    wide = max([*texts, *(plots.text_width(line) for line in lines[1:])])
    width = min(room, max(wide, names + values + BAR_WIDTH + 20 if rows else 0.0)) + 2 * PAD
    kernel = KERNEL_HEIGHT + 8 if found.kernel is not None else 0
    height = 2 * PAD + LINE * (1 + len(lines) + len(rows)) + (6 if rows else 0) + kernel - 4
    card = _place(box, QRectF(0, 0, width, height), bounds)
    _ground(painter, card)
    now, y = theme.current(), card.top() + PAD + theme.CAPTION_PX - 1
    plots.draw_text(painter, QPointF(card.left() + PAD, y), found.title, now.color("muted"), bold=True)
    for place, line in enumerate(lines):
        y += LINE
        shown = plots.shortened(line, width - 2 * PAD, bold=place == 0)
        plots.draw_text(painter, QPointF(card.left() + PAD, y), shown, now.color("text"), bold=place == 0)
    y += 6 if rows else 0
    if found.kernel is not None:
        _draw_kernel(painter, QPointF(card.left() + PAD, y + 6), found, width - 2 * PAD)
        y += kernel
    _draw_rows(painter, card, y, names, rows)


def draw_wire(
    painter: QPainter, moment: Moment, wires: Sequence[Bundle], wire: Wire, middle: QPointF, bounds: QRectF
) -> None:
    """A wire's weight, what comes in, and their product."""
    bundle = next((b for b in wires if (b.source, b.target) == (wire.source, wire.target)), None)
    if bundle is None:
        return
    found = np.flatnonzero((bundle.starts == wire.start) & (bundle.ends == wire.end))
    title = f"{moment.unit_name(wire.source, wire.start)} → {moment.unit_name(wire.target, wire.end)}"
    lines = [plots.CardLine(title)]
    inputs = moment.output(wire.source)
    weight = float(bundle.weights[found[0]]) if bundle.weights is not None and len(found) else None
    is_number = inputs.ndim == 1
    if weight is not None:
        token = "positive" if weight >= 0 else "negative"
        name = "weight" if is_number else "sum of the filter"
        lines.append(plots.CardLine(name, words.number(weight), theme.current().color(token)))
    if is_number:
        value = float(inputs[wire.start])
        lines.append(plots.CardLine("input" if weight is not None else "carries", words.number(value)))
        if weight is not None:
            lines.append(plots.CardLine("product", words.number(weight * value)))
    plots.draw_card(painter, middle, bounds, lines)


class Answer(NamedTuple):
    """What the network says of a sample in one of its answers."""

    target: Target
    right: NDArray[np.floating]
    said: NDArray[np.floating]


def draw_answers(painter: QPainter, answer: Answer, last: Stack, bounds: QRectF) -> None:
    """What the network says, beside the units it says it with; the right class is marked."""
    names, is_classes = answer.target.answers, answer.target.task == "classes"
    if len(answer.target.own_shape) != (not is_classes):
        return  # a sentence or a picture as the answer: no unit stands for one class
    now = theme.current()
    said, target = np.asarray(answer.said, dtype=float).ravel(), float(np.ravel(answer.right)[0])
    one_for_two = is_classes and last.total == 1 and len(said) == 2
    for unit in range(last.shown):
        number = 1 if one_for_two else unit
        if number >= len(said) or number >= len(names):
            return
        box = last.place(unit)
        x, room = box.right() + 10, bounds.right() - box.right() - 14
        right = is_classes and int(target) == number
        name = plots.shortened(labels.plain(names[number]) + (" ✓" if right else ""), room)
        value = words.percent(said[number]) if is_classes else words.number(said[number])
        color = now.color("good" if right else "text")
        if last.pitch >= 2 * theme.CAPTION_PX + 4:
            plots.draw_text(painter, QPointF(x, box.center().y() - 2), name, now.color("muted"))
            plots.draw_text(painter, QPointF(x, box.center().y() + theme.CAPTION_PX), value, color, bold=True)
        else:
            short = plots.shortened(f"{name} {value}", room)
            plots.draw_text(painter, QPointF(x, box.center().y() + 4), short, color, bold=right)


# ---------------------------------------------------------------- parts of the unit's card

Row = tuple[str, str, float, bool]
"""Name, numbers, size of the bar, and whether it is a product (not the bias or the rest)."""


def _rows(found: Explanation) -> list[Row]:
    rows: list[Row] = [(term.name, _product(term), term.product, True) for term in found.terms[:BARS]]
    rest = found.terms[BARS:]
    if rest:
        total = sum(term.product for term in rest)
        rows.append((f"{words.count(len(rest))} more", words.number(total), total, False))
    if found.terms and found.bias is not None:
        rows.append(("bias", words.number(found.bias), found.bias, False))
    return rows


def _product(term: Term) -> str:
    if term.weight == 1.0:
        return words.number(term.product)
    return f"{words.number(term.weight)} · {words.number(term.input)} = {words.number(term.product)}"


def _draw_rows(painter: QPainter, card: QRectF, y: float, names: float, rows: list[Row]) -> None:
    now = theme.current()
    largest = max((abs(row[2]) for row in rows), default=1.0) or 1.0
    zero = card.left() + PAD + names + 10 + BAR_WIDTH / 2
    for name, text, size, is_product in rows:
        y += LINE
        plots.draw_text(painter, QPointF(card.left() + PAD, y), name, now.color("muted"))
        reach = float(np.nan_to_num(size / largest)) * BAR_WIDTH / 2
        bar = QRectF(zero, y - theme.CAPTION_PX + 2, reach, theme.CAPTION_PX - 2).normalized()
        painter.fillRect(bar, now.color("positive" if size >= 0 else "negative", 255 if is_product else 150))
        at = QPointF(card.right() - PAD - plots.text_width(text), y)
        plots.draw_text(painter, at, text, now.color("text"))
    if rows:
        painter.setPen(QPen(now.color("muted", 150), 1))
        bottom = y + 3
        painter.drawLine(QPointF(zero, bottom - len(rows) * LINE), QPointF(zero, bottom))


def _draw_kernel(painter: QPainter, at: QPointF, found: Explanation, width: float) -> None:
    """The filter as pictures, one for each map it looks at."""
    assert found.kernel is not None
    limit = float(np.abs(found.kernel).max())
    node = NodeActivations("maps", found.kernel, -limit, limit, 0, 0, len(found.kernel))
    picture = pictures.thumbnail(node, int(width), KERNEL_HEIGHT)
    painter.drawImage(at, picture)


def _ground(painter: QPainter, card: QRectF) -> None:
    now = theme.current()
    painter.setPen(QPen(now.color("hairline"), 1))
    painter.setBrush(now.color("raised"))
    painter.drawRoundedRect(card, theme.CARD_RADIUS, theme.CARD_RADIUS)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _place(box: QRectF, card: QRectF, bounds: QRectF) -> QRectF:
    """The card beside the box: to the right where there is room, else to the left, else where it fits."""
    x = box.right() + 12
    if x + card.width() > bounds.right() - 4:
        x = box.left() - 12 - card.width()
    if x < bounds.left() + 4:
        x = min(max(bounds.left() + 4, box.center().x() - card.width() / 2), bounds.right() - 4 - card.width())
        below = box.bottom() + 10
        y = below if below + card.height() < bounds.bottom() - 4 else box.top() - 10 - card.height()
    else:
        y = box.center().y() - card.height() / 2
    y = min(max(bounds.top() + 4, y), max(bounds.top() + 4, bounds.bottom() - 4 - card.height()))
    return card.translated(x, y)
