"""One small picture for each seed: what it answers over the plane, along its one input, or a bar of how well it does."""

from math import floor

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from nnlab.engine.many.rolled import Planes
from nnlab.ui.look import pictures, plots, theme
from nnlab.ui.panels.dice.view import View

GAP = 4.0
LARGEST, SMALLEST = 84.0, 10.0


class Grid:
    """Where the pictures lie."""

    def __init__(self, area: QRectF, count: int) -> None:
        self.area, self.count = area, count
        side = LARGEST
        while side > SMALLEST and not self._fits(side):
            side -= 1
        self.side = side
        self.columns = max(1, floor((area.width() + GAP) / (side + GAP)))

    def _fits(self, side: float) -> bool:
        columns = max(1, floor((self.area.width() + GAP) / (side + GAP)))
        rows = -(-self.count // columns)
        return rows * (side + GAP) - GAP <= self.area.height()

    def tile(self, number: int) -> QRectF:
        """The place of this picture."""
        row, column = divmod(number, self.columns)
        left = self.area.left() + column * (self.side + GAP)
        return QRectF(left, self.area.top() + row * (self.side + GAP), self.side, self.side)

    def at(self, point: QPointF) -> int | None:
        """The picture under this point."""
        if self.count == 0 or not self.area.adjusted(0, 0, GAP, GAP).contains(point):
            return None
        column = int((point.x() - self.area.left()) // (self.side + GAP))
        row = int((point.y() - self.area.top()) // (self.side + GAP))
        number = row * self.columns + column
        return number if column < self.columns and 0 <= number < self.count else None


class Sheet:
    """The pictures of all seeds as one image, made anew when the answers or the theme change."""

    def __init__(self) -> None:
        self._of: tuple[object, str] = (None, "")
        self._image: QImage | None = None
        self._height = 1

    def image(self, planes: Planes) -> tuple[QImage, int]:
        """All pictures above one another, and the height of one."""
        if self._image is None or self._of[0] is not planes or self._of[1] != theme.current().name:
            values = planes.values[:, ::-1]
            flat = values.reshape(-1, *values.shape[2:])
            pixels = (
                pictures.classes(flat)
                if planes.task == "classes"
                else pictures.scaled(flat[..., 0], planes.low, planes.high)
            )
            self._image, self._of, self._height = (
                pictures.image(pixels),
                (planes, theme.current().name),
                values.shape[1],
            )
        return self._image, self._height


def draw_tiles(painter: QPainter, grid: Grid, view: View, sheet: Sheet) -> None:
    """Every seed's picture, framed by its fate."""
    planes = view.status.planes if view.status.result is None else view.status.result.planes
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    for number, place in enumerate(view.order):
        tile = grid.tile(number)
        _draw_content(painter, tile, view, place, planes, sheet)
        _draw_frame(painter, tile, view, place)


def _draw_content(painter: QPainter, tile: QRectF, view: View, place: int, planes: Planes | None, sheet: Sheet) -> None:
    now = theme.current()
    painter.fillRect(tile, now.color("sunken"))
    lost = bool(view.status.lost[place]) if place < len(view.status.lost) else False
    if lost:
        painter.setPen(QPen(now.color("muted"), 1.5))
        inner = tile.adjusted(tile.width() * 0.3, tile.width() * 0.3, -tile.width() * 0.3, -tile.width() * 0.3)
        painter.drawLine(inner.topLeft(), inner.bottomRight())
        painter.drawLine(inner.topRight(), inner.bottomLeft())
    elif planes is not None and planes.values.shape[1] > 1:
        image, height = sheet.image(planes)
        painter.drawImage(tile, image, QRectF(0, place * height, image.width(), height))
    elif planes is not None:
        _draw_line(painter, tile, planes, place)
    elif place < len(view.scores) and np.isfinite(view.scores[place]):
        share = min(1.0, max(0.0, float(view.scores[place])))
        bar = QRectF(tile.left(), tile.bottom() - share * tile.height(), tile.width(), share * tile.height())
        painter.fillRect(bar, plots.faded("good" if view.solved[place] else "train", 0.55))


def _draw_line(painter: QPainter, tile: QRectF, planes: Planes, place: int) -> None:
    """The answer along the one input."""
    values = planes.values[place, 0, :, 0].astype(float)
    low, high = (0.0, 1.0) if planes.task == "classes" else (planes.low, planes.high)
    span = high - low or 1.0
    up = np.clip((values - low) / span, -0.05, 1.05) * 0.8 + 0.1
    across = np.linspace(tile.left(), tile.right(), len(values))
    painter.setPen(QPen(theme.current().color("positive"), 1.2))
    painter.drawPolyline(plots.polygon(np.column_stack([across, tile.bottom() - up * tile.height()])))


def _draw_frame(painter: QPainter, tile: QRectF, view: View, place: int) -> None:
    now = theme.current()
    solved = place < len(view.solved) and bool(view.solved[place])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    wide = 2.0 if tile.width() > 30 else 1.3
    painter.setPen(QPen(now.color("good"), wide) if solved else QPen(now.color("hairline"), 1))
    painter.drawRect(tile.adjusted(0.5, 0.5, -0.5, -0.5))


def draw_ring(painter: QPainter, tile: QRectF, token: str) -> None:
    """A ring around the picture that is meant."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.current().color(token), 2))
    painter.drawRoundedRect(tile.adjusted(-2, -2, 2, 2), 2, 2)
