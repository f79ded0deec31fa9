"""Rows of the activations panel that are no maps and no bars, and what is said of the number under the mouse."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from nnlab.core import words
from nnlab.ui.look import pictures, plots, theme
from nnlab.ui.look.plots import CardLine
from nnlab.ui.look.sample_pictures import draw_edges, word_of
from nnlab.ui.panels.activations.rows import Row

COLOURS = ("red", "green", "blue")
CORNER = 4.0


def draw_words(painter: QPainter, row: Row) -> None:
    """A frame for each place of the sentence, with its word; padding stays empty."""
    now = theme.current()
    for place, number in enumerate(row.node.values.ravel().tolist()):
        box, word = row.place(place), word_of(row.vocabulary, number)
        painter.setPen(QPen(now.color("hairline"), 1))
        painter.setBrush(now.color("raised") if word else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), CORNER, CORNER)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        text = plots.shortened(word, box.width() - 6)
        at = QPointF(box.center().x() - plots.text_width(text) / 2, box.center().y() + 4)
        plots.draw_text(painter, at, text, now.color("text"))


def draw_piece(painter: QPainter, row: Row, box: QRectF) -> None:
    """A whole row in this box: a picture in its colours, a graph, a series, or a table of numbers."""
    if row.form == "edges":
        draw_edges(painter, box, row.node.values)
    elif row.form == "curve":
        _draw_series(painter, row, box)
    elif row.form == "photo" and row.node.colours is not None:
        painter.drawImage(box, pictures.photograph(row.node.colours))
    else:
        ratio = painter.device().devicePixelRatioF()
        shown = pictures.enlarged(row.node, 0, round(box.width() * ratio), round(box.height() * ratio))
        painter.drawImage(box, shown)


def name_of(row: Row, unit: int) -> str:
    """What a unit is called."""
    if row.form in ("photo", "edges", "curve", "table"):
        return row.title
    word = "place" if row.form == "words" else "map" if row.node.kind == "maps" else "unit"
    return f"{row.title} · {word} {unit + 1}"


def said_at(row: Row, unit: int, box: QRectF, at: QPointF) -> list[CardLine]:
    """The lines of the card for this place inside a unit's box: what it is, and its number."""
    lines = [CardLine(name_of(row, unit))]
    if row.form == "words":
        number = float(row.node.values.ravel()[unit])
        return [*lines, CardLine("word" if row.vocabulary else "number", word_of(row.vocabulary, number) or "padding")]
    if row.form == "edges":
        return [*lines, CardLine("joined", row.caption())]
    if row.is_bars:
        return [*lines, CardLine("value", words.number(float(row.node.values.ravel()[unit])))]
    return [*lines, *_said_in(row, unit, box, at)]


def _said_in(row: Row, unit: int, box: QRectF, at: QPointF) -> list[CardLine]:
    """Of a picture, a table or a series: planes have their lowest y at the bottom, maps their first row at the top."""
    values = row.node.values
    share_x = (at.x() - box.left()) / box.width()
    if row.form == "curve":
        moment = _index(share_x, values.size)
        number = words.number(float(values.ravel()[moment]))
        return [CardLine("place", words.count(moment + 1)), CardLine("value", number)]
    tall, wide = values.shape[1:]
    down, across = _index((at.y() - box.top()) / box.height(), tall), _index(share_x, wide)
    if row.form == "photo" and row.node.colours is not None:
        shares = row.node.colours[:, down, across].tolist()
        return [CardLine(name, words.percent(share, 0)) for name, share in zip(COLOURS, shares, strict=True)]
    line = tall - 1 - down if row.node.kind == "plane" else down
    here = CardLine("here", words.number(float(values[unit, line, across])))
    if row.form == "table":
        return [CardLine("row, column", f"{words.count(down + 1)}, {words.count(across + 1)}"), here]
    return [here]


def _index(share: float, count: int) -> int:
    return min(count - 1, max(0, int(share * count)))


def _draw_series(painter: QPainter, row: Row, box: QRectF) -> None:
    now, values = theme.current(), np.nan_to_num(row.node.values.ravel().astype(float))
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    scale = (box.height() - 2) / (high - low) if high > low else 0.0
    zero = box.top() + 1 + high * scale
    painter.setPen(QPen(now.color("muted", 150), 1))
    painter.drawLine(QPointF(box.left(), zero), QPointF(box.right(), zero))
    places = (np.arange(len(values)) + 0.5) / len(values) * box.width() + box.left()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plots.draw_line(painter, np.column_stack([places, zero - values * scale]), now.color("train"))
