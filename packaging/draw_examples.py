"""Draw the pictures of the welcome page: every example, trained, in both themes. Run it after changing an example.

python packaging/draw_examples.py [EXAMPLE ...]
"""

import os
import sys
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QApplication

from nnlab.core.example import EXAMPLES
from nnlab.engine.trainer import Trainer
from nnlab.engine.wants import Activations, ActivationsWant, Boundary, BoundaryWant, Points, PointsWant
from nnlab.ui.look import pictures, theme
from nnlab.ui.shell import data_pictures

RESULTS = Path(__file__).resolve().parents[1] / "resources" / "examples"
SIZE = QSize(2 * 320, 2 * 140)
POINTS = 160
DIGITS = (8, 4)


def main() -> None:
    """Train and draw the examples named, or all."""
    app = QApplication([])
    if not sys.argv[1:]:
        data_pictures.keep(str(RESULTS))
    for id_ in sys.argv[1:] or EXAMPLES.keys() - data_pictures.KEPT:
        trainer = Trainer()
        trainer.start(EXAMPLES[id_].make())
        trainer.wait()
        x, y = EXAMPLES[id_].make().data.dataset.spec().axes
        for shown in (theme.LIGHT, theme.DARK):
            theme._current = shown
            picture = draw(trainer, id_, x, y)
            picture.save(str(RESULTS / f"{id_}-{shown.name}.jpg"), quality=90)
        trainer.close()
    del app


def draw(trainer: Trainer, id_: str, x: int, y: int) -> QImage:
    """One picture of a trained example."""
    spec = EXAMPLES[id_].make().spec
    picture = QImage(SIZE, QImage.Format.Format_RGB32)
    picture.fill(theme.current().color("canvas"))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    if spec.is_picture and id_.endswith("cnn"):
        draw_maps(painter, answer(trainer, ActivationsWant(sample=4, units=12)))
    elif spec.is_picture or spec.input_shape == (64,):
        draw_digits(painter, id_)
    elif spec.input_shape == (1,):
        draw_curve(painter, answer(trainer, PointsWant(x_input=0, y_input=0)))
    else:
        plane = answer(trainer, BoundaryWant(resolution=140, x_input=x, y_input=y))
        draw_plane(painter, plane, answer(trainer, PointsWant(x_input=x, y_input=y)))
    painter.end()
    return picture


def answer(trainer: Trainer, want: object) -> object:
    """What the network says to one question."""
    trainer.picture()
    trainer.want(frozenset({want}))
    while (snapshot := trainer.picture()) is None:
        pass
    return snapshot.answers[want]


def draw_plane(painter: QPainter, plane: Boundary, points: Points) -> None:
    """The colours of the plane and some of the samples."""
    values = plane.values
    if plane.task == "classes":
        pixels = pictures.classes(values)
    else:
        middle = values - (values.max() + values.min()) / 2
        pixels = pictures.signed(middle[..., 0], float(np.abs(middle).max()))
    painter.drawImage(QRectF(0, 0, SIZE.width(), SIZE.height()), pictures.image(pixels, flip=True))
    for k in spread(len(points.x)):
        place = placed(points.x[k], points.y[k], plane.x_range, plane.y_range)
        if plane.task == "classes":
            color = QColor(theme.current().classes[int(points.target[k]) % 10])
        else:
            color = pictures.signed_color(
                float(points.target[k] - (values.max() + values.min()) / 2), float(np.ptp(values)) / 2
            )
        dot(painter, place, color)


def draw_curve(painter: QPainter, points: Points) -> None:
    """The samples and the line through them."""
    order = np.argsort(points.x)
    x_range = (float(points.x.min()), float(points.x.max()))
    y_range = (float(points.target.min()) - 0.25, float(points.target.max()) + 0.25)
    for k in spread(len(points.x)):
        dot(painter, placed(points.x[k], points.target[k], x_range, y_range), theme.current().color("train"))
    line = QPolygonF([placed(points.x[k], points.prediction[k], x_range, y_range) for k in order])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.current().color("validation"), 6))
    painter.drawPolyline(line)


def draw_digits(painter: QPainter, id_: str) -> None:
    """Rows of handwritten digits in the colours of their classes."""
    samples = EXAMPLES[id_].make().data.dataset.make()
    images = samples.inputs.reshape(len(samples.inputs), 8, 8)
    columns, rows = DIGITS
    side = SIZE.height() / rows
    left = (SIZE.width() - columns * side) / 2
    for k in range(columns * rows):
        color = QColor(theme.current().classes[int(samples.targets[k]) % 10])
        tile = QImage(8, 8, QImage.Format.Format_ARGB32)
        for r in range(8):
            for c in range(8):
                share = float(images[k, r, c]) / float(images.max())
                tile.setPixelColor(c, r, QColor(color.red(), color.green(), color.blue(), round(255 * share)))
        place = QRectF(left + k % columns * side, k // columns * side, side, side).adjusted(8, 8, -8, -8)
        painter.drawImage(place, tile)


def draw_maps(painter: QPainter, seen: Activations) -> None:
    """What the convolutions make of one digit."""
    found = [node for node in seen.nodes.values() if node.kind == "maps"]
    nodes = [found[0], *[n for n in found[1:] if n.values.shape[1] >= 4][:2]]
    width = SIZE.width() // len(nodes)
    for k, node in enumerate(nodes):
        tile = pictures.thumbnail(node, width - 72, SIZE.height() - 60)
        painter.drawImage(QPointF(k * width + 36, 30), tile)


def spread(count: int) -> range:
    """A few of many, evenly."""
    return range(0, count, max(1, count // POINTS))


def placed(x: float, y: float, x_range: tuple[float, float], y_range: tuple[float, float]) -> QPointF:
    """Where a point lies in the picture."""
    across = (float(x) - x_range[0]) / (x_range[1] - x_range[0])
    up = (float(y) - y_range[0]) / (y_range[1] - y_range[0])
    return QPointF(across * SIZE.width(), (1 - up) * SIZE.height())


def dot(painter: QPainter, place: QPointF, color: QColor) -> None:
    """One sample."""
    painter.setPen(QPen(theme.current().color("canvas"), 2))
    painter.setBrush(color)
    painter.drawEllipse(place, 6.5, 6.5)


main()
