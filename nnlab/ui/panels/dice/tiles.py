"""One small picture for each seed: what it answers over the plane, along its one input, or a bar of how well it does.

All pictures are drawn in a few calls: while the dice roll, every single call may have to wait for the other thread.
"""

from collections.abc import Iterable
from math import ceil, floor

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen

from nnlab.engine.many.rolled import Planes
from nnlab.ui.look import pictures, plots, theme
from nnlab.ui.panels.dice.paths import path_of
from nnlab.ui.panels.dice.view import View

GAP = 4
LARGEST, SMALLEST = 84, 10


class Grid:
    """Where the pictures lie."""

    def __init__(self, area: QRectF, count: int) -> None:
        self.area, self.count = QRectF(area.toAlignedRect()), count
        side = LARGEST
        while side > SMALLEST and not self._fits(side):
            side -= 1
        self.side = side
        self.columns = self._columns(side)

    def _columns(self, side: int) -> int:
        return max(1, floor((self.area.width() + GAP) / (side + GAP)))

    def _fits(self, side: int) -> bool:
        return -(-self.count // self._columns(side)) * (side + GAP) - GAP <= self.area.height()

    def tile(self, number: int) -> QRectF:
        """The place of this picture."""
        row, column = divmod(number, self.columns)
        step = self.side + GAP
        return QRectF(self.area.left() + column * step, self.area.top() + row * step, self.side, self.side)

    def at(self, point: QPointF) -> int | None:
        """The picture under this point."""
        if self.count == 0 or not self.area.adjusted(0, 0, GAP, GAP).contains(point):
            return None
        column = int((point.x() - self.area.left()) // (self.side + GAP))
        row = int((point.y() - self.area.top()) // (self.side + GAP))
        number = row * self.columns + column
        return number if column < self.columns and 0 <= number < self.count else None


class Mosaic:
    """The pictures of all seeds as one image; the pixels are made anew only when the answers or the theme change."""

    def __init__(self) -> None:
        self._of: tuple[object, str] = (None, "")
        self._tall = QImage()

    def image(self, planes: Planes, grid: Grid, order: list[int], ratio: float) -> QImage:
        """All pictures in their places, the gaps clear."""
        seeds, side, step = len(order), ceil(grid.side * ratio), round((grid.side + GAP) * ratio)
        smooth = Qt.TransformationMode.SmoothTransformation
        tall = self._strip(planes).scaled(side, side * seeds, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
        tall = tall.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        tiles = np.frombuffer(tall.constBits(), np.uint32).reshape(seeds, side, tall.bytesPerLine() // 4)[..., :side]
        rows = -(-seeds // grid.columns)
        canvas = np.zeros((rows * step + side, grid.columns * step + side), np.uint32)
        for number, place in enumerate(order):
            row, column = divmod(number, grid.columns)
            canvas[row * step : row * step + side, column * step : column * step + side] = tiles[place]
        made = pictures.image(canvas)
        made.setDevicePixelRatio(ratio)
        return made

    def _strip(self, planes: Planes) -> QImage:
        key = (planes, theme.current().name)
        if self._of[0] is not planes or self._of[1] != key[1]:
            values = planes.values[:, ::-1]
            flat = values.reshape(-1, *values.shape[2:])
            classes = planes.task == "classes"
            pixels = pictures.classes(flat) if classes else pictures.scaled(flat[..., 0], planes.low, planes.high)
            self._of, self._tall = key, pictures.image(pixels)
        return self._tall


def draw_tiles(painter: QPainter, grid: Grid, view: View, mosaic: Mosaic, ratio: float) -> None:
    """Every seed's picture, framed by its fate."""
    now = theme.current()
    tiles = [grid.tile(number) for number in range(len(view.order))]
    planes = view.status.planes if view.status.result is None else view.status.result.planes
    fate = [(view.is_lost(place), view.is_solved(place)) for place in view.order]
    _fill(painter, tiles, now.color("sunken"))
    if planes is None:
        _draw_bars(painter, view, tiles)
    elif planes.values.shape[1] > 1:
        painter.drawImage(grid.area.topLeft(), mosaic.image(planes, grid, view.order, ratio))
    else:
        _draw_lines(painter, view, tiles, planes)
    lost = [tile for tile, (is_lost, _) in zip(tiles, fate, strict=True) if is_lost]
    _fill(painter, lost, now.color("sunken"))
    _draw_crosses(painter, lost)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inner = [tile.adjusted(0.5, 0.5, -0.5, -0.5) for tile in tiles]
    for solved, pen in ((False, QPen(now.color("hairline"), 1)), (True, QPen(now.color("good"), _frame(grid)))):
        painter.setPen(pen)
        painter.drawRects([tile for tile, (_, is_solved) in zip(inner, fate, strict=True) if is_solved == solved])


def draw_ring(painter: QPainter, tile: QRectF, token: str) -> None:
    """A ring around the picture that is meant."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.current().color(token), 2))
    painter.drawRoundedRect(tile.adjusted(-2, -2, 2, 2), 2, 2)


def _frame(grid: Grid) -> float:
    return 2.0 if grid.side > 30 else 1.3


def _fill(painter: QPainter, tiles: Iterable[QRectF], color: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(color))
    painter.drawRects(list(tiles))


def _draw_bars(painter: QPainter, view: View, tiles: list[QRectF]) -> None:
    """How well each seed does, as the height of a bar."""
    bars: dict[bool, list[QRectF]] = {False: [], True: []}
    for tile, place in zip(tiles, view.order, strict=True):
        share = min(1.0, max(0.0, view.score(place)))
        height = share * tile.height()
        bars[view.is_solved(place)].append(QRectF(tile.left(), tile.bottom() - height, tile.width(), height))
    for solved, rects in bars.items():
        _fill(painter, rects, plots.faded("good" if solved else "train", 0.55))


def _draw_lines(painter: QPainter, view: View, tiles: list[QRectF], planes: Planes) -> None:
    """Each seed's answer along the one input."""
    values = planes.values[view.order, 0, :, 0].astype(float)
    low, high = (0.0, 1.0) if planes.task == "classes" else (planes.low, planes.high)
    up = np.clip((values - low) / (high - low or 1.0), -0.05, 1.05) * 0.8 + 0.1
    lefts, bottoms = (np.array([[f(tile)] for tile in tiles]) for f in (QRectF.left, QRectF.bottom))
    side = tiles[0].width() if tiles else 0.0
    across = lefts + np.linspace(0, side, values.shape[1])
    painter.setPen(QPen(theme.current().color("positive"), 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path_of(across, bottoms - up * side))


def _draw_crosses(painter: QPainter, tiles: list[QRectF]) -> None:
    if not tiles:
        return
    corners = [tile.adjusted(*[s * tile.width() * 0.3 for s in (1, 1, -1, -1)]) for tile in tiles]
    across = np.array([[r.left(), r.right()] for r in corners for _ in range(2)])
    down = np.array([ends for r in corners for ends in ((r.top(), r.bottom()), (r.bottom(), r.top()))])
    painter.setPen(QPen(theme.current().color("muted"), 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path_of(across, down))
