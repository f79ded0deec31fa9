"""A formula as a card: its name, its rule in symbols, the rule with the numbers put in, and bars for the products."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from nnlab.core import words
from nnlab.core.formula import Formula, Term
from nnlab.ui.look import labels, pictures, plots, theme
from nnlab.ui.panels.phases.rows import Row, Sizes, in_card, space, text_rows

BARS = 6  # products with a bar of their own
BAR_WIDTH = 84.0
LARGEST_GRID = 5  # rows and columns of a filter whose products are written out
CELL = (74.0, 58.0)  # widest and narrowest cell of such a grid


def formula_card(formula: Formula, width: float, sizes: Sizes, main: bool = False) -> Row:
    """The card of one formula; the main one has larger numbers."""
    room = width - 2 * 12.0
    is_title = formula.name == "output"  # it stands above the card already
    rows = [] if is_title else text_rows(labels.plain(formula.name), room, sizes.caption, "muted", bold=True)
    if formula.rule:
        rows += text_rows(labels.plain(formula.rule), room, sizes.text, "muted")
    size = sizes.large if main else sizes.text
    rows += [space(2), *text_rows(labels.plain(formula.line), room, size, bold=True)]
    if formula.kernel is not None and formula.patch is not None:
        rows += _grid_rows(formula, room, sizes)
    rows += _bar_rows(formula, room, sizes)
    if formula.notes:
        rows.append(space(4))
    for note in formula.notes:
        rows += text_rows(labels.plain(note), room, sizes.caption, "text")
    return in_card(rows)


# ---------------------------------------------------------------- products as bars


def _bar_rows(formula: Formula, room: float, sizes: Sizes) -> list[Row]:
    terms = list(formula.terms[:BARS])
    if len(terms) < 2 and formula.bias is None:
        return []
    rest = [*formula.terms[BARS:]]
    left = formula.more + len(rest)
    lines = [(labels.plain(t.name), _product(t), t.product) for t in terms]
    if left:
        total = formula.rest + sum(t.product for t in rest)
        lines.append((f"{words.count(left)} more", words.number(total), total))
    if formula.bias is not None:
        lines.append(("bias", words.number(formula.bias), formula.bias))
    largest = float(np.nan_to_num(max(abs(line[2]) for line in lines))) or 1.0
    names = min(max(plots.text_width(line[0], sizes.caption) for line in lines), room * 0.34)
    return [space(4), *(_bar(*line, largest, names, room, sizes) for line in lines)]


def _product(term: Term) -> str:
    if term.weight == 1.0:
        return words.number(term.product)
    return f"{words.number(term.weight)} · {words.number(term.input)} = {words.number(term.product)}"


def _bar(name: str, text: str, size: float, largest: float, names: float, room: float, sizes: Sizes) -> Row:
    px = sizes.caption
    numbers = plots.text_width(text, px)
    width = min(BAR_WIDTH * px / theme.CAPTION_PX, max(0.0, room - names - numbers - 24))

    def paint(painter: QPainter, place: QRectF) -> None:
        now, y = theme.current(), place.top() + px * 1.12
        plots.draw_text(painter, QPointF(place.left(), y), plots.shortened(name, names, px), now.color("muted"), px)
        zero = place.left() + names + 10 + width / 2
        reach = float(np.nan_to_num(size / largest)) * width / 2
        token = "positive" if size >= 0 else "negative"
        painter.fillRect(QRectF(zero, place.top() + 3, reach, px).normalized(), now.color(token))
        painter.setPen(QPen(now.color("muted", 130), 1))
        painter.drawLine(QPointF(zero, place.top()), QPointF(zero, place.bottom()))
        plots.draw_text(painter, QPointF(place.right() - numbers, y), text, now.color("text"), px)

    return Row(round(px * 1.5), paint)


# ---------------------------------------------------------------- a filter laid on a picture


def _grid_rows(formula: Formula, room: float, sizes: Sizes) -> list[Row]:
    """Weight times number in every cell of the filter, for the channel that adds most."""
    assert formula.kernel is not None
    assert formula.patch is not None
    products = formula.kernel * formula.patch
    tall, wide = products.shape[1:]
    channel = int(np.abs(products.sum(axis=(1, 2))).argmax())
    cell = min(CELL[0] * sizes.caption / theme.CAPTION_PX, room / max(1, wide))
    if max(tall, wide) > LARGEST_GRID or cell < CELL[1] * sizes.caption / theme.CAPTION_PX:
        return []
    total = float(products[channel].sum())
    said = f"map {channel + 1}: {words.plural(tall * wide, 'product')}, weight · number, together {words.number(total)}"
    limit = float(np.abs(products[channel]).max()) or 1.0
    colors = pictures.signed_colors(products[channel].ravel(), limit)
    high = sizes.caption * 2.9

    def paint(painter: QPainter, place: QRectF) -> None:
        now = theme.current()
        for number in range(tall * wide):
            down, across = divmod(number, wide)
            box = QRectF(place.left() + across * cell, place.top() + 3 + down * high, cell - 2, high - 2)
            color = colors[number]
            color.setAlpha(120)
            painter.fillRect(box, color)
            weight = words.number(float(formula.kernel[channel, down, across]))  # type: ignore[index]
            seen = words.number(float(formula.patch[channel, down, across]))  # type: ignore[index]
            painter.setPen(now.color("text"))
            painter.setFont(plots.font(sizes.caption))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{weight}\n· {seen}")

    caption = text_rows(said, room, sizes.caption, "muted")
    return [space(4), *caption, Row(tall * high + 6, paint)]
