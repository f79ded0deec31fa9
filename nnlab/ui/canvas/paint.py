"""How a node and a chip are drawn, on any painter: the canvas, a drag's ghost, a picture file."""

import math
from dataclasses import dataclass
from functools import cache, lru_cache

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
)
from PySide6.QtSvg import QSvgRenderer

from nnlab.ui.canvas import geometry
from nnlab.ui.canvas.looks import NodeLook, PortLook
from nnlab.ui.canvas.stamps import stamp
from nnlab.ui.look import icons, resources
from nnlab.ui.look.theme import CAPTION_PX, CARD_RADIUS, TEXT_PX, Theme

STRIPE = 5
TEXT_LEFT = geometry.TILE.right() + 8
TEXT_WIDTH = geometry.WIDTH - TEXT_LEFT - 8
BADGE = 9.0  # radius
SMALLEST_PX = 9
LABEL_GAP = geometry.PORT_RADIUS + 7
CHIP_HEIGHT, CHIP_LINE, CHIP_PADDING = 18.0, 12.0, 12.0


@dataclass(frozen=True)
class NodeState:
    """What mouse, keyboard and selection do to a node's look."""

    selected: bool = False
    focused: bool = False
    hovered: bool = False
    hot_port: tuple[str, bool] | None = None
    """(name, is output) of the port under the pointer or offered to a wire."""


PLAIN = NodeState()


def node(
    painter: QPainter, look: NodeLook, theme: Theme, state: NodeState = PLAIN, picture: QImage | None = None
) -> None:
    """One node with its top-left corner at the origin."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    key = (
        "card",
        theme.name,
        look.category,
        look.height,
        look.stacked,
        _severity(look),
        state.selected,
        state.focused,
        state.hovered,
    )
    margin = geometry.MARGIN
    area = look.rect.adjusted(-margin, -margin, margin, margin)
    stamp(painter, key, area, lambda p: _card(p, look, theme, state))
    if picture is not None and not picture.isNull():
        _picture(painter, look, theme, picture)
    _words(painter, look, theme)
    for port in look.inputs:
        _port(painter, port, theme, state.hot_port == (port.name, False))
    for port in look.outputs:
        _port(painter, port, theme, state.hot_port == (port.name, True))
    if look.problem:
        _badge(painter, look, theme)
    if state.hot_port is not None:
        _port_label(painter, look, state.hot_port, theme)


def port_label(look: NodeLook, hot: tuple[str, bool] | None) -> QRectF:
    """Where the name of the port under the pointer is drawn, beside the node; empty where there is none."""
    port, text = (look.port(*hot), look.label_of(*hot)) if hot is not None else (None, "")
    if port is None or not text or hot is None:
        return QRectF()
    width, height = chip_size((text,))
    left = port.x + LABEL_GAP if hot[1] else port.x - LABEL_GAP - width
    return QRectF(left, port.y - height / 2, width, height)


def _port_label(painter: QPainter, look: NodeLook, hot: tuple[str, bool], theme: Theme) -> None:
    box = port_label(look, hot)
    if box.isEmpty():
        return
    painter.setPen(QPen(theme.color("accent"), 1))
    painter.setBrush(theme.color("raised"))
    painter.drawRoundedRect(box, CHIP_HEIGHT / 2, CHIP_HEIGHT / 2)
    painter.setFont(font(CAPTION_PX))
    painter.setPen(theme.color("text"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, look.label_of(*hot))


def chip_lines(text: str, room: float) -> tuple[str, ...]:
    """A chip's text in one line, or in as many as it takes to fit between two nodes that stand near."""
    parts = text.split(" × ")
    if len(parts) < 3 or chip_size((text,))[0] <= room:
        return (text,)
    lines = (" × ".join(parts[:2]), " × ".join(parts[2:]))
    if len(parts) < 5 or chip_size(lines)[0] <= room:
        return lines
    return lines[0], " × ".join(parts[2:4]), " × ".join(parts[4:])


@lru_cache(maxsize=512)
def chip_size(lines: tuple[str, ...]) -> tuple[float, float]:
    """How much room a chip with these lines takes."""
    metrics = _metrics(CAPTION_PX, False)
    widest = max(metrics.horizontalAdvance(line) for line in lines)
    return widest + CHIP_PADDING, CHIP_HEIGHT + (len(lines) - 1) * CHIP_LINE


def chip(painter: QPainter, lines: tuple[str, ...], theme: Theme, refused: bool = False) -> None:
    """A small label on a wire, its middle at the origin."""
    width, height = chip_size(lines)
    area = QRectF(-width / 2 - 1, -height / 2 - 1, width + 2, height + 2)
    stamp(painter, ("chip", theme.name, lines, refused), area, lambda p: _chip(p, lines, theme, refused))


def _chip(painter: QPainter, lines: tuple[str, ...], theme: Theme, refused: bool) -> None:
    width, height = chip_size(lines)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("error" if refused else "hairline"), 1))
    painter.setBrush(theme.color("canvas"))
    painter.drawRoundedRect(QRectF(-width / 2, -height / 2, width, height), CHIP_HEIGHT / 2, CHIP_HEIGHT / 2)
    painter.setFont(font(CAPTION_PX))
    painter.setPen(theme.color("error" if refused else "muted"))
    top = -(len(lines) - 1) * CHIP_LINE / 2
    for n, line in enumerate(lines):
        place = QRectF(-width / 2, top + n * CHIP_LINE - CHIP_HEIGHT / 2, width, CHIP_HEIGHT)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, line)


def family(theme: Theme, category: str, alpha: int = 255) -> QColor:
    """The hue of a layer category."""
    color = QColor(theme.families.get(category, theme.muted))
    color.setAlpha(alpha)
    return color


def category_icon(painter: QPainter, category: str, rect: QRectF, color: QColor) -> None:
    """The icon of a layer category, drawn as lines so that it is sharp at every zoom."""
    _drawing(icons.for_category(category), color.name()).render(painter, rect)


def port_shape(kind: str, middle: QPointF, radius: float) -> QPainterPath:
    """The outline that tells a port's kind: circle, square, diamond, hexagon, triangle or star."""
    path = QPainterPath()
    if kind == "x":
        path.addEllipse(middle, radius, radius)
        return path
    corners, turn, inner = _CORNERS.get(kind, (6, 0.0, 1.0))
    points = []
    for i in range(corners):
        angle = turn + 2 * math.pi * i / corners
        reach = radius * 1.2 * (inner if i % 2 else 1.0)
        points.append(QPointF(middle.x() + reach * math.cos(angle), middle.y() + reach * math.sin(angle)))
    path.addPolygon(QPolygonF(points))
    path.closeSubpath()
    return path


@lru_cache(maxsize=32)
def font(pixels: int, strong: bool = False) -> QFont:
    """The text font at this size."""
    made = QFont(QGuiApplication.font())
    made.setPixelSize(pixels)
    made.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    return made


_CORNERS = {
    "i": (4, math.pi / 4, 1.0),
    "m": (4, 0.0, 1.0),
    "h": (6, 0.0, 1.0),
    "e": (3, 0.0, 1.0),
    "s": (10, -math.pi / 2, 0.5),
}
_KIND_TOKEN = {"x": 0, "i": 1, "m": 2, "h": 3, "e": 4, "s": 5}


def kind_color(theme: Theme, kind: str) -> QColor:
    """The colour of a port kind."""
    return theme.color("muted") if kind == "x" else QColor(theme.classes[_KIND_TOKEN.get(kind, 0)])


def _card(painter: QPainter, look: NodeLook, theme: Theme, state: NodeState) -> None:
    rect = look.rect
    painter.setPen(Qt.PenStyle.NoPen)
    dark = theme.name == "dark"
    for spread, drop, alpha in ((1.0, 1.0, 60 if dark else 16), (3.0, 3.0, 36 if dark else 9)):
        painter.setBrush(theme.color("sunken" if dark else "text", alpha))
        painter.drawRoundedRect(rect.adjusted(-spread, drop - 1, spread, drop + 1), CARD_RADIUS + 2, CARD_RADIUS + 2)
    painter.setBrush(theme.color("raised"))
    if look.stacked:
        painter.setPen(QPen(theme.color("hairline"), 1))
        for below in (8, 4):
            painter.drawRoundedRect(rect.adjusted(below + 0.5, below, -below - 0.5, below), CARD_RADIUS, CARD_RADIUS)
        painter.setPen(Qt.PenStyle.NoPen)
    painter.drawPath(_card_path(look.height))
    painter.setBrush(family(theme, look.category))
    painter.drawPath(_stripe_path(look.height))
    _tile(painter, look, theme)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if state.selected:
        painter.setPen(QPen(theme.color("accent", 70), 6))
        painter.drawRoundedRect(rect.adjusted(-1, -1, 1, 1), CARD_RADIUS + 1, CARD_RADIUS + 1)
        painter.setPen(QPen(theme.color("accent"), 2))
    elif look.problem:
        painter.setPen(QPen(theme.color(_severity(look) or "error"), 1.5))
    else:
        painter.setPen(QPen(theme.color("muted" if state.hovered else "hairline"), 1))
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), CARD_RADIUS, CARD_RADIUS)
    if state.focused:
        painter.setPen(QPen(theme.color("accent"), 1.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(rect.adjusted(-4, -4, 4, 4), CARD_RADIUS + 3, CARD_RADIUS + 3)


def _tile(painter: QPainter, look: NodeLook, theme: Theme) -> None:
    tile = _tile_rect(look)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(family(theme, look.category, 30 if theme.name == "light" else 40))
    painter.drawRoundedRect(tile, 6, 6)
    category_icon(painter, look.category, tile.adjusted(10, 10, -10, -10), family(theme, look.category))


def _picture(painter: QPainter, look: NodeLook, theme: Theme, picture: QImage) -> None:
    tile = _tile_rect(look)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.fillRect(tile, theme.color("raised"))
    painter.drawImage(tile, picture)


def _tile_rect(look: NodeLook) -> QRectF:
    return geometry.TILE.translated(0, (look.height - geometry.HEIGHT) / 2)


def _words(painter: QPainter, look: NodeLook, theme: Theme) -> None:
    lines, pixels = title_lines(look.title)
    line = _metrics(pixels, True).height()
    below, size = summary_lines(look.summary, 2 if len(lines) == 1 else 1)
    caption = _metrics(size, False).height()
    top = (look.height - len(lines) * line - len(below) * caption) / 2
    painter.setFont(font(pixels, True))
    painter.setPen(theme.color("text"))
    for i, words in enumerate(lines):
        painter.drawText(QRectF(TEXT_LEFT, top + i * line, TEXT_WIDTH + 6, line), Qt.AlignmentFlag.AlignLeft, words)
    painter.setFont(font(size))
    painter.setPen(theme.color("muted"))
    for i, words in enumerate(below):
        place = QRectF(TEXT_LEFT, top + len(lines) * line + i * caption, TEXT_WIDTH + 6, caption)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)


@lru_cache(maxsize=512)
def summary_lines(text: str, most: int) -> tuple[tuple[str, ...], int]:
    """What stands below the title, and its size: smaller, then on two lines if there is room, and only then cut short."""
    if not text:
        return (), CAPTION_PX
    for size in range(CAPTION_PX, SMALLEST_PX - 1, -1):
        if _metrics(size, False).horizontalAdvance(text) <= TEXT_WIDTH:
            return (text,), size
    words = text.split(" ") if most > 1 else []
    for cut in range(len(words) - 1, 0, -1):
        pair = " ".join(words[:cut]), " ".join(words[cut:])
        if all(_metrics(CAPTION_PX, False).horizontalAdvance(part) <= TEXT_WIDTH for part in pair):
            return pair, CAPTION_PX
    return (_metrics(SMALLEST_PX, False).elidedText(text, Qt.TextElideMode.ElideRight, TEXT_WIDTH),), SMALLEST_PX


@lru_cache(maxsize=512)
def title_lines(title: str) -> tuple[tuple[str, ...], int]:
    """The title on one line, or two, or three words on three, at the largest size at which it fits; only then cut short."""
    title = " ".join(title.split())
    for pixels in range(TEXT_PX, SMALLEST_PX, -1):
        metrics = _metrics(pixels, True)
        if metrics.horizontalAdvance(title) <= TEXT_WIDTH:
            return (title,), pixels
        words = title.split(" ")
        for cut in range(len(words) - 1, 0, -1):
            pair = " ".join(words[:cut]), " ".join(words[cut:])
            if all(metrics.horizontalAdvance(part) <= TEXT_WIDTH for part in pair):
                return pair, pixels
    words = title.split(" ")
    if len(words) == 3 and all(_metrics(SMALLEST_PX + 1, True).horizontalAdvance(word) <= TEXT_WIDTH for word in words):
        return tuple(words), SMALLEST_PX + 1
    metrics = _metrics(CAPTION_PX, True)
    return (metrics.elidedText(title, Qt.TextElideMode.ElideRight, TEXT_WIDTH),), CAPTION_PX


def _port(painter: QPainter, port: PortLook, theme: Theme, hot: bool) -> None:
    color = theme.color("accent") if hot else kind_color(theme, port.kind)
    if hot:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent", 60))
        painter.drawEllipse(port.point, geometry.PORT_RADIUS + 5, geometry.PORT_RADIUS + 5)
    painter.setPen(QPen(color, 1.75))
    painter.setBrush(color if port.connected or hot else theme.color("canvas"))
    painter.drawPath(port_shape(port.kind, port.point, geometry.PORT_RADIUS))


def _badge(painter: QPainter, look: NodeLook, theme: Theme) -> None:
    middle = QPointF(geometry.WIDTH - 8, 2)
    painter.setPen(QPen(theme.color("canvas"), 2))
    painter.setBrush(theme.color(_severity(look) or "error"))
    painter.drawEllipse(middle, BADGE, BADGE)
    painter.setPen(QPen(theme.color("canvas"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawLine(QPointF(middle.x(), middle.y() - 4.5), QPointF(middle.x(), middle.y() + 0.5))
    painter.drawPoint(QPointF(middle.x(), middle.y() + 4.2))


def _severity(look: NodeLook) -> str:
    return "" if not look.problem else "warning" if look.severity == "warning" else "error"


@lru_cache(maxsize=32)
def _metrics(pixels: int, strong: bool) -> QFontMetricsF:
    return QFontMetricsF(font(pixels, strong))


@lru_cache(maxsize=32)
def _card_path(height: int) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(0, 0, geometry.WIDTH, height), CARD_RADIUS, CARD_RADIUS)
    return path


@lru_cache(maxsize=32)
def _stripe_path(height: int) -> QPainterPath:
    strip = QPainterPath()
    strip.addRect(QRectF(0, 0, STRIPE, height))
    return _card_path(height).intersected(strip)


@cache
def _drawing(name: str, color: str) -> QSvgRenderer:
    text = resources.path("icons", f"{name}.svg").read_text(encoding="utf-8")
    return QSvgRenderer(QByteArray(text.replace("currentColor", color).encode()))
