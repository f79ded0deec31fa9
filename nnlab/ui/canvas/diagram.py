"""A document's network as a picture file, in either theme and without a window: .png, .svg or .pdf."""

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPageSize, QPainter, QPdfWriter, QPen
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication

from nnlab.core.document import Document
from nnlab.core.graph import Graph, Link
from nnlab.errors import FileError
from nnlab.ui.canvas import geometry, paint, routing
from nnlab.ui.canvas.looks import NodeLook, node_look, wire_look
from nnlab.ui.look import theme
from nnlab.ui.look.theme import Theme

EDGE = 48  # units around the network
SHARP = 2  # pixels for each unit where no size is asked for
LARGEST = 16_384  # pixels a side
POINTS = 0.75  # of a page, for each unit
EMPTY = QRectF(0, 0, 320, 160)


def render(
    document: Document, path: str | Path, theme_name: str = "light", size: tuple[int, int] | None = None
) -> None:
    """Draw the network to a file, its kind by the ending; `size` in pixels fits the picture into it."""
    target = Path(path)
    makers: dict[str, Callable[[Document, Theme, QSize | None], bytes]] = {".png": _png, ".svg": _svg, ".pdf": _pdf}
    maker = makers.get(target.suffix.lower())
    if maker is None:
        raise FileError(f"{target.name}: a picture ends in .png, .svg or .pdf")
    if size is not None and not all(1 <= n <= LARGEST for n in size):
        raise FileError(f"{target.name}: a picture has 1 to {LARGEST:,} pixels a side".replace(",", " "))
    _start_fonts()
    colors = theme.DARK if theme_name == "dark" else theme.LIGHT
    made = maker(document, colors, QSize(*size) if size else None)
    try:
        _write(target, made)
    except OSError as error:
        raise FileError(f"{target.name} could not be written: {error.strerror or error}") from error


def draw(painter: QPainter, document: Document, colors: Theme) -> None:
    """Draw all wires and nodes where they stand on the canvas."""
    graph = document.graph
    looks = {node_id: node_look(document, node_id) for node_id in graph.nodes}
    corners = {node_id: QPointF(node.x, node.y) for node_id, node in graph.nodes.items()}
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    chips: list[tuple[QPointF, tuple[str, ...], bool]] = []
    for link, (start, end, lane, middle, room) in _routes(graph, looks, corners).items():
        wire = wire_look(document, link)
        color = colors.color("error" if wire.refused else "wire")
        style = Qt.PenStyle.SolidLine if wire.known else Qt.PenStyle.DashLine
        painter.setPen(QPen(color, wire.width, style, Qt.PenCapStyle.RoundCap))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(geometry.wire_path(start, end, lane))
        if wire.text and routing.is_labelled(graph, link):
            chips.append((middle, paint.chip_lines(wire.text, room), wire.refused))
    for middle, lines, refused in chips:
        _at(painter, middle, lambda t=lines, r=refused: paint.chip(painter, t, colors, r))  # type: ignore[misc]
    for node_id, look in looks.items():
        _at(painter, corners[node_id], lambda k=look: paint.node(painter, k, colors))  # type: ignore[misc]


_Route = tuple[QPointF, QPointF, float | None, QPointF, float]
"""Where a wire starts and ends, at which height it passes cards, where its chip sits, and how wide that may be."""


def _routes(graph: Graph, looks: Mapping[str, NodeLook], corners: Mapping[str, QPointF]) -> dict[Link, _Route]:
    boxes = {node_id: look.rect.translated(corners[node_id]) for node_id, look in looks.items()}
    lanes = routing.Lanes()
    for node_id, box in boxes.items():
        lanes.cards.put(node_id, box)
    ends: dict[Link, tuple[QPointF, QPointF]] = {}
    for link in sorted(graph.links):
        out, into = looks[link.source].port(link.source_port, True), looks[link.target].port(link.target_port, False)
        if out is not None and into is not None:
            ends[link] = corners[link.source] + out.point, corners[link.target] + into.point
    found: dict[Link, _Route] = {}
    for link, (start, end) in ends.items():
        lane = lanes.find(link, start, end)
        middle = geometry.wire_middle(start, end, lane)
        middle.setY(middle.y() + routing.label_shift(graph, link, lambda k: geometry.wire_middle(*ends[k])))
        room = geometry.chip_room(start, end, (boxes[link.source], boxes[link.target]), lane)
        found[link] = start, end, lane, middle, room
    return found


def bounds(document: Document) -> QRectF:
    """What the picture covers, in units of the canvas."""
    found = QRectF()
    for node_id, node in document.graph.nodes.items():
        found = found.united(node_look(document, node_id).rect.translated(node.x, node.y))
    return EMPTY if found.isNull() else found.adjusted(-EDGE, -EDGE, EDGE, EDGE)


def _at(painter: QPainter, place: QPointF, what: Callable[[], None]) -> None:
    painter.save()
    painter.translate(place)
    what()
    painter.restore()


def _fill(painter: QPainter, document: Document, colors: Theme, room: QSizeF) -> None:
    area = bounds(document)
    scale = min(room.width() / area.width(), room.height() / area.height())
    painter.fillRect(QRectF(QPointF(0, 0), room), colors.color("canvas"))
    painter.translate(room.width() / 2, room.height() / 2)
    painter.scale(scale, scale)
    painter.translate(-area.center())
    draw(painter, document, colors)


def _png(document: Document, colors: Theme, size: QSize | None) -> bytes:
    area = bounds(document)
    sharp = min(SHARP, LARGEST / max(area.width(), area.height()))
    room = size or QSize(math.ceil(area.width() * sharp), math.ceil(area.height() * sharp))
    image = QImage(room, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(colors.color("canvas"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    _fill(painter, document, colors, QSizeF(room))
    painter.end()
    data, buffer = _buffer()
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(data.data())


def _svg(document: Document, colors: Theme, size: QSize | None) -> bytes:
    room = size or bounds(document).size().toSize()
    data, buffer = _buffer()
    maker = QSvgGenerator()
    maker.setOutputDevice(buffer)
    maker.setSize(room)
    maker.setViewBox(QRectF(QPointF(0, 0), QSizeF(room)))
    maker.setTitle(document.title or "Network")
    painter = QPainter(maker)
    _fill(painter, document, colors, QSizeF(room))
    painter.end()
    return bytes(data.data())


def _pdf(document: Document, colors: Theme, size: QSize | None) -> bytes:
    room = QSizeF(size) if size else bounds(document).size()
    data, buffer = _buffer()
    writer = QPdfWriter(buffer)
    writer.setPageSize(QPageSize(room * POINTS, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setTitle(document.title or "Network")
    painter = QPainter(writer)
    scale = writer.width() / room.width()
    painter.scale(scale, scale)
    _fill(painter, document, colors, room)
    painter.end()
    return bytes(data.data())


def _buffer() -> tuple[QByteArray, QBuffer]:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return data, buffer


def _write(target: Path, made: bytes) -> None:
    beside = target.with_name(f".{target.name}.part")
    try:
        with beside.open("wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


_application: list[QApplication] = []


def _start_fonts() -> None:
    """Text needs Qt's application object; without a window it needs no screen."""
    if QApplication.instance() is None:
        _application.append(QApplication(["nnlab", "-platform", "offscreen"]))
