"""Samples that are no numbers as small pictures: words as words, and a list of edges as a drawing of who is joined to whom."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from nnlab.core.document import Document
from nnlab.core.sample_words import PADDING
from nnlab.core.shapes import bindings
from nnlab.core.words import plural
from nnlab.ui.look import labels, plots, theme

SMALLEST_PX = 8
NODE_SHARE = 0.05  # of the side: how large a node of a graph is


def vocabulary_of(document: Document, node_id: str) -> tuple[str, ...]:
    """The words that enter at an Input, if words do."""
    spec = document.spec
    if spec is None or not document.graph.nodes[node_id].layer.is_entry:
        return ()
    at = bindings(document.graph, spec.fields).get(node_id)
    return spec.fields[at].vocabulary if at is not None else ()


def word_of(vocabulary: Sequence[str], number: float) -> str:
    """What a whole number stands for, or the number where it stands for nothing; padding is empty."""
    at = int(number)
    named = vocabulary[at] if 0 <= at < len(vocabulary) else str(at)
    return "" if named == PADDING else labels.plain(named)


def words_picture(words: Sequence[str], width: int, height: int) -> QImage:
    """The first words of a sentence, one below the other, in exactly this size."""
    picture, painter = _canvas(width, height)
    shown = [word for word in words if word]
    size = max(SMALLEST_PX, round(height / 4.4))
    line = height / max(1, height // (size + 1))
    painter.setPen(theme.current().color("text"))
    for place, word in enumerate(shown[: int(height / line)]):
        box = QRectF(0, place * line, width, line)
        painter.setFont(plots.font(size))
        fitted = plots.shortened(word, width, size)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitted)
    painter.end()
    return picture


def edges_picture(edges: NDArray[np.generic], width: int, height: int) -> QImage:
    """Nodes on a circle, and a line for each edge; columns of -1 are no edges."""
    picture, painter = _canvas(width, height)
    draw_edges(painter, QRectF(0, 0, width, height), edges)
    painter.end()
    return picture


def edge_words(edges: NDArray[np.generic]) -> str:
    """How many edges there are: "7 edges, each both ways" where every one stands in the list in both directions."""
    pairs = np.asarray(edges).reshape(2, -1).astype(int)
    listed = [(a, b) for a, b in pairs.T.tolist() if a >= 0 and b >= 0]
    joined = {(min(a, b), max(a, b)) for a, b in listed}
    ways = set(listed)
    if joined and len(listed) > len(joined) and all((b, a) in ways for a, b in listed):
        return f"{plural(len(joined), 'edge')}, {'each ' if len(joined) > 1 else ''}both ways"
    return plural(len(listed), "edge")


def draw_edges(painter: QPainter, box: QRectF, edges: NDArray[np.generic]) -> None:
    """The same on any painter, inside this box."""
    pairs = np.asarray(edges).reshape(2, -1).astype(int)
    pairs = pairs[:, (pairs >= 0).all(axis=0)]
    count = int(pairs.max(initial=0)) + 1
    side = min(box.width(), box.height())
    radius = max(1.2, side * NODE_SHARE * (1.0 if count <= 16 else 0.6))
    reach = side / 2 - radius - 1
    places = [_on_circle(box.center(), reach, k, count) for k in range(count)]
    now = theme.current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(now.color("wire"), 1))
    for start, end in {(min(a, b), max(a, b)) for a, b in pairs.T.tolist()}:
        painter.drawLine(places[start], places[end])
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(now.color("text"))
    for place in places:
        painter.drawEllipse(place, radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _on_circle(middle: QPointF, reach: float, number: int, count: int) -> QPointF:
    angle = 2 * math.pi * number / count - math.pi / 2
    return middle + QPointF(reach * math.cos(angle), reach * math.sin(angle))


def _canvas(width: int, height: int) -> tuple[QImage, QPainter]:
    picture = QImage(max(1, width), max(1, height), QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    return picture, QPainter(picture)
