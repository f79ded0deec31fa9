"""Small pictures of examples for the welcome page: drawn ones that come with the program, or made of their data."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPixmap

from nnlab.core.document import Document
from nnlab.core.graph import Graph
from nnlab.ui.look import resources, theme

if TYPE_CHECKING:  # drawn pictures need neither the document nor its data
    import numpy as np

ENDINGS = (".jpg", ".png")
POINTS = 260
MARGIN = 12.0
DRAWN_FROM_DATA = ("Points in the plane", "Curves and surfaces")
"""Kinds of data that are made at once; the others need a library that takes a second to load."""
DRAWN_PICTURES = "Pictures"
DRAWN_AS_DATA = ("Sequences", "Graphs")
"""Kinds of data that are drawn as sentences, series or graphs, for examples that came without a picture."""
PICTURES = 24  # made for a card, at most
PICTURE_SIDE, PICTURE_GAP = 46.0, 6.0  # on a card


def of_example(id_: str, make: Callable[[], Document], size: QSize, ratio: float) -> QPixmap:
    """The picture of an example in the colours of the present theme."""
    now = theme.current()
    for ending in ENDINGS:
        drawn = resources.path("examples", f"{id_}-{now.name}{ending}")
        if drawn.exists():
            return _cropped(QPixmap(str(drawn)), size, ratio)
    document = make()
    picture, box = _empty(size, ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if document.data.dataset.category in DRAWN_FROM_DATA:
        _draw_data(painter, document, box)
    elif _has_made_up_pictures(document):
        _draw_pictures(painter, document, box)
    elif not _drawn_as_data(painter, document, box):
        _draw_network(painter, document.graph, box)
    painter.end()
    return picture


def of_template(make: Callable[[], Document], size: QSize, ratio: float) -> QPixmap:
    """The network of a template: there it is the architecture that counts."""
    picture, box = _empty(size, ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _draw_network(painter, make().graph, box)
    painter.end()
    return picture


def _empty(size: QSize, ratio: float) -> tuple[QPixmap, QRectF]:
    """A picture in the colour of the canvas, and the box to draw in."""
    picture = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(theme.current().color("canvas"))
    return picture, QRectF(0, 0, size.width(), size.height()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)


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


def _drawn_as_data(painter: QPainter, document: Document, box: QRectF) -> bool:
    """Sentences, series and graphs as what they are; False if the data are something else."""
    if document.data.dataset.category not in DRAWN_AS_DATA:
        return False
    from nnlab.ui.shell import data_pictures

    if not data_pictures.can_draw(document.data.dataset.spec()):
        return False
    data_pictures.draw(painter, document, box)
    return True


def _has_made_up_pictures(document: Document) -> bool:
    """Whether its data are pictures that are drawn here, as few of them as are wanted; others come from a library."""
    dataset, spec = document.data.dataset, document.spec
    if dataset.category != DRAWN_PICTURES or "samples" not in [p.name for p in dataset.params()]:
        return False
    return spec is not None and any(len(each.shape) >= 3 for each in spec.fields)


def _draw_pictures(painter: QPainter, document: Document, box: QRectF) -> None:
    """As many of its pictures as there is room for; frames of films, or outlines below their pictures."""
    shown = _few_pictures(document)
    columns = max(1, int((box.width() + PICTURE_GAP) // (PICTURE_SIDE + PICTURE_GAP)))
    rows = max(1, int((box.height() + PICTURE_GAP) // (PICTURE_SIDE + PICTURE_GAP)))
    step = PICTURE_SIDE + PICTURE_GAP
    left = box.center().x() - (columns * step - PICTURE_GAP) / 2
    top = box.center().y() - (rows * step - PICTURE_GAP) / 2
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    for number, image in enumerate(_in_rows(shown, columns, rows)):
        place = QRectF(left + number % columns * step, top + number // columns * step, PICTURE_SIDE, PICTURE_SIDE)
        painter.drawImage(place, image)


def _in_rows(shown: list[list[QImage]], columns: int, rows: int) -> list[QImage]:
    """Lists of pictures that belong together, the first of each in one row and the second below it; a film in its row."""
    if len(shown[0]) == 1:
        return [image for image, *_ in shown[: columns * rows]]
    if len(shown[0]) > rows:
        return [image for film in shown[:rows] for image in film[:columns]]
    return [each[k] for k in range(len(shown[0])) for each in shown[:columns]]


def _few_pictures(document: Document) -> list[list[QImage]]:
    """The first samples, each as its picture, the frames of its film, or its picture and its outline."""
    from nnlab.ui.look import pictures

    dataset, spec = document.data.dataset, document.data.dataset.spec()
    few = {
        p.name: max(PICTURES, int(p.low or 0)) for p in dataset.params() if p.name in ("samples", "validation", "test")
    }
    made = dataset.with_(**few).make()
    arrays = (made.inputs, *made.more)
    place = next(k for k, each in enumerate(spec.fields) if len(each.shape) >= 3)
    found: list[list[QImage]] = []
    for sample, target in zip(arrays[place][:PICTURES], made.targets[:PICTURES], strict=True):
        frames = list(sample.swapaxes(0, 1)) if sample.ndim == 4 else [sample]
        masks = [pictures.mask(target)] if target.ndim == 2 else []
        found.append([*(pictures.photograph(frame) for frame in frames), *masks])
    return found


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
