"""Small pictures of examples for the welcome page: drawn ones that come with the program, or made of their data."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from nnlab.core.document import Document
from nnlab.core.graph import Graph
from nnlab.ui.look import resources, theme

if TYPE_CHECKING:  # drawn pictures need neither the document nor its data
    import numpy as np

POINTS = 260
MARGIN = 12.0
DRAWN_FROM_DATA = ("Points in the plane", "Curves and surfaces")
"""Kinds of data that are made at once; the others need a library that takes a second to load."""


def of_example(id_: str, make: Callable[[], Document], size: QSize, ratio: float) -> QPixmap:
    """The picture of an example in the colours of the present theme."""
    now = theme.current()
    drawn = resources.path("examples", f"{id_}-{now.name}.jpg")
    if drawn.exists():
        return _cropped(QPixmap(str(drawn)), size, ratio)
    document = make()
    picture = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(now.color("canvas"))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    box = QRectF(0, 0, size.width(), size.height()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
    if document.data.dataset.category in DRAWN_FROM_DATA:
        _draw_data(painter, document, box)
    else:
        _draw_network(painter, document.graph, box)
    painter.end()
    return picture


def _cropped(picture: QPixmap, size: QSize, ratio: float) -> QPixmap:
    wanted = QSize(round(size.width() * ratio), round(size.height() * ratio))
    scaled = picture.scaled(
        wanted, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    x, y = (scaled.width() - wanted.width()) // 2, (scaled.height() - wanted.height()) // 2
    cut = scaled.copy(x, y, wanted.width(), wanted.height())
    cut.setDevicePixelRatio(ratio)
    return cut


def _draw_data(painter: QPainter, document: Document, box: QRectF) -> None:
    import numpy as np

    samples = document.data.dataset.make()
    spec = document.data.dataset.spec()
    inputs, targets = np.asarray(samples.inputs, float)[:POINTS], samples.targets[:POINTS]
    if inputs.ndim != 2:
        return
    colors = _colors(np.asarray(targets), spec.task)
    if inputs.shape[1] == 1:
        places = _placed(
            np.column_stack([inputs[:, 0], np.asarray(targets, float).reshape(len(inputs), -1)[:, 0]]), box
        )
    else:
        side = min(box.width(), box.height())
        square = QRectF(box.center().x() - side * 0.8, box.top(), side * 1.6, side)
        places = _placed(inputs[:, :2], square)
    painter.setPen(Qt.PenStyle.NoPen)
    for place, color in zip(places, colors, strict=True):
        painter.setBrush(color)
        painter.drawEllipse(place, 2.4, 2.4)


def _placed(points: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", box: QRectF) -> list[QPointF]:
    import numpy as np

    low, high = points.min(axis=0), points.max(axis=0)
    share = (points - low) / np.where(high > low, high - low, 1)
    return [QPointF(box.left() + x * box.width(), box.bottom() - y * box.height()) for x, y in share.tolist()]


def _colors(targets: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]", task: str) -> list[QColor]:
    now = theme.current()
    if task == "classes":
        return [QColor(now.classes[int(k) % len(now.classes)]) for k in targets.astype(int).ravel()]
    values = targets.astype(float).reshape(len(targets), -1)[:, 0]
    low, high = float(values.min()), float(values.max())
    share = (values - low) / (high - low or 1.0)
    first, second = now.color("negative"), now.color("positive")
    return [_between(first, second, float(s)) for s in share]


def _between(first: QColor, second: QColor, share: float) -> QColor:
    def mixed(a: float, b: float) -> float:
        return a + share * (b - a)

    return QColor.fromRgbF(
        mixed(first.redF(), second.redF()),
        mixed(first.greenF(), second.greenF()),
        mixed(first.blueF(), second.blueF()),
    )


def _draw_network(painter: QPainter, graph: Graph, box: QRectF) -> None:
    """The network as boxes and wires, as it lies on the canvas."""
    now = theme.current()
    nodes = list(graph.nodes.values())
    if not nodes:
        return
    left, top = min(n.x for n in nodes), min(n.y for n in nodes)
    wide = max(n.x for n in nodes) - left + 160
    tall = max(n.y for n in nodes) - top + 64
    scale = min(box.width() / wide, box.height() / tall, 0.5)
    shift = QPointF(box.center().x() - wide * scale / 2, box.center().y() - tall * scale / 2)
    boxes = {
        n.id: QRectF(
            shift.x() + (n.x - left) * scale, shift.y() + (n.y - top) * scale, 160 * scale, max(64 * scale, 10)
        )
        for n in nodes
    }
    painter.setPen(QPen(now.color("wire"), 1.2))
    for link in graph.links:
        start, end = boxes[link.source], boxes[link.target]
        path = QPainterPath(QPointF(start.right(), start.center().y()))
        path.lineTo(QPointF(end.left(), end.center().y()))
        painter.drawPath(path)
    for node in nodes:
        family = now.families.get(node.layer.category, now.muted)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(family))
        painter.drawRoundedRect(boxes[node.id], 3, 3)
