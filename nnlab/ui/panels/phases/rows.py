"""What the picture is stacked of: rows that know their height, paint themselves and say what was clicked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from nnlab.ui.look import plots, theme

GAP = 2.0 * theme.GRID
PAD = 3.0 * theme.GRID


@dataclass(frozen=True)
class Target:
    """What a click means: look at this phase, node, sample, or number of a node."""

    kind: Literal["phase", "node", "sample", "place"]
    value: object


@dataclass(frozen=True)
class Sizes:
    """Text sizes in pixels: larger where there is room, so that the last bench can read."""

    caption: int
    text: int
    large: int

    @staticmethod
    def at(width: float) -> "Sizes":
        """The sizes for a column of this width."""
        grown = min(max(width / 460.0, 1.0), 1.55)
        sizes = (theme.CAPTION_PX, theme.TEXT_PX, theme.TITLE_PX - 1)
        return Sizes(*(round(size * grown) for size in sizes))


def _nothing(at: QPointF, place: QRectF) -> Target | None:
    return None


@dataclass(frozen=True)
class Row:
    """One piece of the picture, as wide as the column."""

    height: float
    paint: Callable[[QPainter, QRectF], None]
    hit: Callable[[QPointF, QRectF], Target | None] = _nothing


def space(height: float = GAP) -> Row:
    """Nothing, so high."""
    return Row(height, lambda painter, place: None)


def text_rows(
    text: str, width: float, size: int, token: str = "text", bold: bool = False, indent: float = 0.0
) -> list[Row]:
    """A text, broken into lines where it is wider than the column."""
    return [_line(line, size, token, bold, indent) for line in wrapped(text, width - indent, size, bold)]


def _line(text: str, size: int, token: str, bold: bool, indent: float) -> Row:
    def paint(painter: QPainter, place: QRectF) -> None:
        at = QPointF(place.left() + indent, place.top() + size * 1.12)
        plots.draw_text(painter, at, text, theme.current().color(token), size, bold)

    return Row(round(size * 1.45), paint)


def wrapped(text: str, width: float, size: int, bold: bool = False) -> list[str]:
    """The text in lines of at most this width, broken between words; a word too long is cut."""
    lines: list[str] = []
    now = ""
    for end in (" + …", " + ε"):  # not alone on a line
        text = text.replace(end, end.replace(" ", "\u00a0"))
    for word in text.split(" "):
        longer = f"{now} {word}" if now else word
        if now and plots.text_width(longer, size, bold) > width:
            lines.append(now)
            now = word
        else:
            now = longer
    return [plots.shortened(line, width, size, bold) for line in [*lines, now]]


def in_card(rows: Sequence[Row], marked: bool = False) -> Row:
    """Rows on a ground of their own; a marked card has an edge in the accent colour."""

    def paint(painter: QPainter, place: QRectF) -> None:
        now = theme.current()
        painter.setPen(QPen(now.color("accent" if marked else "hairline"), 1.5 if marked else 1))
        painter.setBrush(now.color("raised"))
        painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), theme.CARD_RADIUS, theme.CARD_RADIUS)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for row, inner in stacked(rows, _inside(place)):
            row.paint(painter, inner)

    def hit(at: QPointF, place: QRectF) -> Target | None:
        return target_in(rows, _inside(place), at)

    return Row(sum(row.height for row in rows) + 2 * PAD - 2, paint, hit)


def _inside(place: QRectF) -> QRectF:
    return place.adjusted(PAD, PAD - 2, -PAD, -PAD)


def stacked(rows: Sequence[Row], place: QRectF) -> list[tuple[Row, QRectF]]:
    """Each row with its place in a column."""
    found, top = [], place.top()
    for row in rows:
        found.append((row, QRectF(place.left(), top, place.width(), row.height)))
        top += row.height
    return found


def target_in(rows: Sequence[Row], place: QRectF, at: QPointF) -> Target | None:
    """What lies at this point of a column."""
    for row, inner in stacked(rows, place):
        if inner.contains(at):
            return row.hit(at, inner)
    return None
