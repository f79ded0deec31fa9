"""Drawing charts: axes with few ticks, lines that stay cheap, markers, labels at the lines' ends, cards on hover.

Drawn with QPainter alone, so that no text is ever read as rich text; `graphs` puts charts to zoom into on pyqtgraph.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor, isfinite, log10
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QByteArray, QDataStream, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from nnlab.core import words
from nnlab.ui.look import theme

LEFT, BOTTOM, TOP = 46.0, 22.0, 8.0  # room for the tick texts
LINE_GAP = 3.0

Numbers = NDArray[np.float64]
Pixels = NDArray[np.uint32]


def faded(token: str, share: float) -> QColor:
    """A colour mixed into the canvas: it looks see-through, and lines of it are drawn ten times as fast."""
    now = theme.current()
    return _mixed(getattr(now, token), now.canvas, share)


@lru_cache(maxsize=512)
def _mixed(name: str, ground_name: str, share: float) -> QColor:
    color, ground = QColor(name), QColor(ground_name)
    parts = ((color.red(), ground.red()), (color.green(), ground.green()), (color.blue(), ground.blue()))
    return QColor(*(round(share * a + (1 - share) * b) for a, b in parts))


# ---------------------------------------------------------------- type


@lru_cache(maxsize=32)
def font(size: int = theme.CAPTION_PX, bold: bool = False) -> QFont:
    """The text font in this size, with figures of equal width so that numbers do not dance. Kept: not to be changed."""
    made = QFont()
    made.setPixelSize(size)
    made.setFeature(QFont.Tag("tnum"), 1)
    if bold:
        made.setWeight(QFont.Weight.DemiBold)
    return made


def text_width(text: str, size: int = theme.CAPTION_PX, bold: bool = False) -> float:
    """How wide this text is, in pixels."""
    return _metrics(size, bold).horizontalAdvance(text)


def shortened(text: str, room: float, size: int = theme.CAPTION_PX, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than `room` pixels."""
    return _metrics(size, bold).elidedText(text, Qt.TextElideMode.ElideRight, max(0.0, room))


@lru_cache(maxsize=32)
def _metrics(size: int, bold: bool) -> QFontMetricsF:
    return QFontMetricsF(font(size, bold))


# ---------------------------------------------------------------- axes


@dataclass(frozen=True)
class Axes:
    """A rectangle of the screen and the numbers its edges stand for."""

    rect: QRectF
    x: tuple[float, float]
    y: tuple[float, float]
    log_y: bool = False

    def to_x(self, value: float) -> float:
        """Where this x lies on the screen."""
        low, high = self.x
        return self.rect.left() + (value - low) / (high - low) * self.rect.width()

    def to_y(self, value: float) -> float:
        """Where this y lies on the screen; on a logarithmic axis what is not above 0 lies at the bottom."""
        return float(self._to_ys(np.array([value], float))[0])

    def from_x(self, pixel: float) -> float:
        """The x at this pixel."""
        low, high = self.x
        return low + (pixel - self.rect.left()) / max(1.0, self.rect.width()) * (high - low)

    def from_y(self, pixel: float) -> float:
        """The y at this pixel of a plain axis."""
        low, high = self.y
        return low + (self.rect.bottom() - pixel) / max(1.0, self.rect.height()) * (high - low)

    def points(self, xs: Numbers, ys: Numbers, far: float = 1.0) -> NDArray[np.float64]:
        """Screen coordinates, one row for each point; points whose y is no number are left out.

        What lies more than `far` times the height outside is drawn as if it lay there.
        """
        low, high = self.x
        across = self.rect.left() + (xs - low) * (self.rect.width() / (high - low))
        rows = np.column_stack([across, self._to_ys(ys, far)])
        return rows[np.isfinite(rows).all(axis=1)]

    def _to_ys(self, values: Numbers, far: float = 1.0) -> Numbers:
        low, high = self.y
        if self.log_y:
            low, high = log10(low), log10(high)
            values = np.log10(np.maximum(values, 10.0 ** max(-300.0, low - far * max(1.0, high - low))))
        share = (values - low) / (high - low)
        return np.asarray(self.rect.bottom() - np.clip(share, -far, 1 + far) * self.rect.height())


def ticks(low: float, high: float, most: int, whole: bool = False) -> list[float]:
    """At most `most` round numbers from `low` to `high`; only whole ones if `whole`."""
    span = high - low
    if not isfinite(span) or span <= 0:
        return [low] if isfinite(low) else []
    step = _round_step(span / max(1, most - 1))
    if whole:
        step = max(1.0, step)
    first = ceil(low / step - 1e-9)
    count = floor(high / step + 1e-9) - first + 1
    return [(first + k) * step for k in range(max(0, count))]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Powers of ten from `low` to `high`, thinned to `most`; 2s and 5s between them where there are few."""
    first, last = ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9)
    decades = [10.0**k for k in range(first, last + 1)]
    if len(decades) < 3:
        fine = [d * 10.0**k for k in range(first - 1, last + 1) for d in (1, 2, 5)]
        return [t for t in fine if low * (1 - 1e-9) <= t <= high * (1 + 1e-9)]
    return decades[:: max(1, ceil(len(decades) / most))]


def tick_texts(values: Sequence[float], share: bool = False) -> list[str]:
    """What stands at these ticks: as few digits as say where they are; shares as per cent."""
    steps = [b - a for a, b in pairwise(values)]
    slack = 0.02 * min(steps, default=1.0)
    unit = 100.0 if share else 1.0
    if not share and all(abs(float(f"{value:.3g}") - value) <= slack for value in values):
        return [words.number(value) for value in values]
    for places in range(7):
        if all(abs(round(value * unit, places) - value * unit) <= slack * unit for value in values):
            return [_with_places(value, places, share) for value in values]
    return [words.percent(value) if share else words.number(value) for value in values]


def _with_places(value: float, places: int, share: bool) -> str:
    if share:
        return words.percent(value, places)
    return words.fixed(value, places) if places else words.count(value)


def round_range(low: float, high: float, most: int = 5) -> tuple[float, float]:
    """A range that ends on ticks, so that it seldom moves while the numbers do."""
    if not (isfinite(low) and isfinite(high)):
        return (0.0, 1.0)
    if high - low < 1e-12 * max(1.0, abs(high)):
        pad = abs(high) * 0.1 or 1.0
        low, high = low - pad, high + pad
    step = _round_step((high - low) / max(1, most - 1))
    return (floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step)


def log_range(low: float, high: float) -> tuple[float, float]:
    """A range above 0 whose ends are 1, 2 or 5 times a power of ten."""
    low, high = max(low, 1e-30), max(high, 1e-30)
    marks = [d * 10.0**k for k in range(floor(log10(low)) - 1, ceil(log10(high)) + 2) for d in (1, 2, 5)]
    bottom = max(m for m in marks if m <= low * (1 + 1e-9))
    top = min(m for m in marks if m >= high * (1 - 1e-9) and m > bottom)
    return (bottom, top)


def round_up(value: float) -> float:
    """The next number up that a growing axis may end at: 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, ..."""
    scale = 10.0 ** floor(log10(max(value, 1.0)))
    return next(m * scale for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if m * scale >= value * (1 - 1e-9))


def _round_step(rough: float) -> float:
    scale = 10.0 ** floor(log10(rough))
    return next(m * scale for m in (1, 2, 5, 10) if m * scale >= rough * (1 - 1e-9))


def draw_axes(
    painter: QPainter,
    axes: Axes,
    x_label: str = "",
    *,
    x_whole: bool = False,
    x_texts: bool = True,
    y_texts: bool = True,
    share: bool = False,
) -> None:
    """A light grid, tick texts and the name of the x axis; `share` writes y as per cent."""
    if y_texts:
        draw_y_axis(painter, axes, share=share)
    draw_x_axis(painter, axes, x_label, whole=x_whole, texts=x_texts)


def draw_y_axis(painter: QPainter, axes: Axes, *, share: bool = False) -> None:
    """The level lines of the grid, with their texts at the left; `share` writes them as per cent."""
    rect = axes.rect
    painter.setFont(font())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    most = max(2, int(rect.height() / 36))
    ys = log_ticks(*axes.y, most) if axes.log_y else ticks(*axes.y, most + 1)
    for y, text in zip(ys, tick_texts(ys, share), strict=True):
        pixel = round(axes.to_y(y))
        painter.setPen(QPen(faded("hairline", 0.6), 1))
        painter.drawLine(QPointF(rect.left(), pixel), QPointF(rect.right(), pixel))
        painter.setPen(theme.current().color("muted"))
        side = QRectF(0, pixel - 8, rect.left() - 6, 16)
        painter.drawText(side, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def draw_x_axis(painter: QPainter, axes: Axes, name: str = "", *, whole: bool = False, texts: bool = True) -> None:
    """The upright lines of the grid, with their texts below and the axis's name at its end."""
    rect = axes.rect
    painter.setFont(font())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(faded("hairline", 0.6), 1))
    xs = ticks(*axes.x, max(2, int(rect.width() / 76)) + 1, whole)
    for x in xs:
        pixel = round(axes.to_x(x))
        painter.drawLine(QPointF(pixel, rect.top()), QPointF(pixel, rect.bottom()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if texts:
        _draw_x_texts(painter, axes, xs, name)


def draw_name(painter: QPainter, at: QPointF, text: str, color: QColor) -> None:
    """A text inside a chart, on a ground of its own so that no line runs through it."""
    ground = QRectF(at.x() - 3, at.y() - theme.CAPTION_PX, text_width(text) + 6, theme.CAPTION_PX + 5)
    painter.fillRect(ground, theme.current().color("canvas"))
    draw_text(painter, at, text, color)


def _draw_x_texts(painter: QPainter, axes: Axes, xs: Sequence[float], label: str) -> None:
    now, rect = theme.current(), axes.rect
    taken = rect.right() + 6.0
    painter.setPen(now.color("muted"))
    if label:
        width = text_width(label)
        taken = rect.right() - width - 8
        place = QRectF(rect.right() - width - 1, rect.bottom() + 4, width + 2, 16)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, label)
    for x, text in zip(xs, tick_texts(xs), strict=True):
        pixel, half = axes.to_x(x), text_width(text) / 2 + 1
        if pixel + half < taken:
            painter.drawText(QRectF(pixel - half, rect.bottom() + 4, 2 * half, 16), Qt.AlignmentFlag.AlignCenter, text)


# ---------------------------------------------------------------- marks


def polygon(points: NDArray[np.float64]) -> QPolygonF:
    """Rows of (x, y) as a QPolygonF, read from one stream: twenty times faster than a list of QPointF."""
    raw = np.array([len(points)], ">i4").tobytes() + points.astype(">f8").tobytes()
    made = QPolygonF()
    stream = QDataStream(QByteArray(raw))
    stream >> made
    return made


def thinned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same line with no more than the least and the greatest point in each column of pixels."""
    columns = np.floor(points[:, 0])
    if len(points) < 3 or len(points) < 2.5 * (columns[-1] - columns[0] + 1):
        return points
    starts = np.concatenate([[0], np.flatnonzero(np.diff(columns)) + 1])
    least = np.minimum.reduceat(points[:, 1], starts)
    most = np.maximum.reduceat(points[:, 1], starts)
    return np.column_stack([np.repeat(points[starts, 0], 2), np.column_stack([least, most]).ravel()])


def draw_line(painter: QPainter, points: NDArray[np.float64], color: QColor, thick: bool = True) -> None:
    """A line through these screen points, two pixels wide if `thick`."""
    if len(points) == 0:
        return
    shape = polygon(thinned(points))
    pen = QPen(color, 1)
    pen.setCosmetic(True)  # Qt's path of wide, smooth pens is forty times slower on a noisy line
    painter.setPen(pen)
    for dx, dy in ((0.0, 0.0), (0.0, 0.7), (0.7, 0.0)) if thick else ((0.0, 0.0),):
        painter.translate(dx, dy)
        painter.drawPolyline(shape)
        painter.translate(-dx, -dy)


# ---------------------------------------------------------------- text


def draw_text(
    painter: QPainter, at: QPointF, text: str, color: QColor, size: int = theme.CAPTION_PX, bold: bool = False
) -> None:
    """Plain text that begins at this baseline point."""
    painter.setFont(font(size, bold))
    painter.setPen(color)
    painter.drawText(at, text)


def draw_message(painter: QPainter, rect: QRectF, text: str, level: Literal["calm", "error"] = "calm") -> None:
    """A sentence in the middle, where there is nothing else to show."""
    now = theme.current()
    painter.setFont(font(theme.TEXT_PX))
    painter.setPen(now.color("error" if level == "error" else "muted"))
    width = min(rect.width() - 32, 380)
    box = QRectF(rect.center().x() - width / 2, rect.top() + 8, width, rect.height() - 16)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)


@dataclass(frozen=True)
class EndLabel:
    """A line's own name at its right end, instead of a legend."""

    y: float
    text: str
    value: str
    color: QColor


def draw_end_labels(painter: QPainter, x: float, top: float, bottom: float, labels: Sequence[EndLabel]) -> None:
    """Each name beside the end of its line, moved apart where lines end together."""
    room = 2 * theme.CAPTION_PX + LINE_GAP + 4
    placed: list[float] = []
    ordered = sorted(labels, key=lambda label: label.y)
    for label in ordered:
        placed.append(max(label.y, placed[-1] + room if placed else top + room / 2))
    limit = bottom - room / 2
    for k in reversed(range(len(placed))):
        placed[k] = min(placed[k], limit)
        limit = placed[k] - room
    for label, y in zip(ordered, placed, strict=True):
        draw_text(painter, QPointF(x, y - 2), label.text, label.color)
        draw_text(painter, QPointF(x, y + theme.CAPTION_PX), label.value, label.color, bold=True)


@dataclass(frozen=True)
class CardLine:
    """One line of a card: a caption and its value."""

    caption: str
    value: str = ""
    color: QColor | None = None


def draw_card(painter: QPainter, at: QPointF, bounds: QRectF, lines: Sequence[CardLine]) -> QRectF:
    """A small card beside a point, kept inside `bounds`: captions on the left, values on the right."""
    now = theme.current()
    line_height = theme.CAPTION_PX + 6
    left = max(text_width(line.caption, bold=not line.value) for line in lines)
    right = max(text_width(line.value, bold=True) for line in lines)
    width, height = left + (right + 12 if right else 0) + 20, len(lines) * line_height + 12
    x = at.x() + 14 if at.x() + 14 + width < bounds.right() else at.x() - 14 - width
    y = min(max(at.y() - height / 2, bounds.top() + 2), max(bounds.top() + 2, bounds.bottom() - height - 2))
    card = QRectF(max(bounds.left() + 2, x), y, width, height)
    painter.setPen(QPen(now.color("hairline"), 1))
    painter.setBrush(now.color("raised"))
    painter.drawRoundedRect(card, theme.RADIUS, theme.RADIUS)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for k, line in enumerate(lines):
        baseline = card.top() + 6 + (k + 1) * line_height - 6
        caption = line.color or now.color("muted" if line.value else "text")
        draw_text(painter, QPointF(card.left() + 10, baseline), line.caption, caption, bold=not line.value)
        shift = card.right() - 10 - text_width(line.value, bold=True)
        draw_text(painter, QPointF(shift, baseline), line.value, now.color("text"), bold=True)
    return card
