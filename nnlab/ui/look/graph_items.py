"""What lies in a chart on pyqtgraph: lines, a picture, markers."""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import SymbolAtlas
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QTransform

from nnlab.ui.look import plots, theme
from nnlab.ui.look.graphs import Area, Span

Look = tuple[list[str] | str, list[QColor] | QColor]
"""The shape and the colour of each marker, or of all."""

FAR = 30.0  # times the visible range: what lies farther off is drawn as if it lay there


class Line(pg.PlotCurveItem):  # type: ignore[misc]
    """A line of one colour; `thick` ones are drawn as three thin ones, which is many times faster than one wide pen."""

    def __init__(self, area: Area, thick: bool = True) -> None:
        super().__init__(antialias=True, skipFiniteCheck=True)
        self.thick = thick
        self.area = area
        self._box = QRectF()
        area.addItem(self, ignoreBounds=True)

    def show_points(self, xs: plots.Numbers, ys: plots.Numbers, color: QColor) -> None:
        """Run through these points; those that are no numbers are left out, and a column of pixels keeps its extremes."""
        axes = self.area.axes()
        points = _seen(axes.points(xs, ys, FAR), axes.rect)
        points = plots.thinned(points) if len(points) else points
        (left, right), (bottom, top) = self.area.viewRange()
        across = left + (points[:, 0] - axes.rect.left()) * ((right - left) / max(1.0, axes.rect.width()))
        up = bottom + (axes.rect.bottom() - points[:, 1]) * ((top - bottom) / max(1.0, axes.rect.height()))
        self.setVisible(len(points) > 0)
        self._box = self.area.viewRect()
        self.setData(across, up, pen=_pen(color.rgba()))

    def boundingRect(self) -> QRectF:
        """What is in sight: to look for the line's own extent in each frame costs more than to draw it."""
        return self._box

    def paint(self, painter: QPainter, option: Any, widget: Any) -> None:
        """Draw it, and a point where one point is all there is."""
        xs, ys = self.getData()
        if xs is None or len(xs) == 0:
            return
        if len(xs) == 1:
            at = painter.transform().map(QPointF(float(xs[0]), float(ys[0])))
            painter.resetTransform()
            painter.setBrush(self.opts["pen"].color())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(at, 3, 3)
            return
        start = painter.transform()
        for dx, dy in ((0.0, 0.0), (0.0, 0.7), (0.7, 0.0)) if self.thick else ((0.0, 0.0),):
            painter.setTransform(start * QTransform.fromTranslate(dx, dy))
            super().paint(painter, option, widget)
        painter.setTransform(start)


class Picture(pg.ImageItem):  # type: ignore[misc]
    """A plane of ready pixels that fills a range of numbers, its first row at the bottom."""

    def __init__(self, area: Area) -> None:
        super().__init__(axisOrder="row-major")
        self.setZValue(-50)
        area.addItem(self, ignoreBounds=True)

    def show_pixels(self, pixels: plots.Pixels, x: Span, y: Span) -> None:
        """Show these 0xAARRGGBB numbers."""
        bgra = np.ascontiguousarray(pixels).view(np.uint8).reshape(*pixels.shape, 4)
        self.setImage(np.ascontiguousarray(bgra[..., (2, 1, 0, 3)]), autoLevels=False, levels=None)
        self.setRect(QRectF(x[0], y[0], x[1] - x[0], y[1] - y[0]))

    def paint(self, painter: QPainter, *args: Any) -> None:
        """Magnify smoothly."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        super().paint(painter, *args)


class Atlas(SymbolAtlas):  # type: ignore[misc]
    """pyqtgraph's store of ready markers, filled with ours."""

    def __init__(self, draw: Callable[[str, float, QPen, QBrush, float], QImage]) -> None:
        super().__init__()
        self._draw = draw

    def _extend(self, styles: dict[Any, tuple[str, float, QPen, QBrush]]) -> None:
        drawn = {key: self._draw(*style, self._dpr) for key, style in styles.items()}
        self._extendFromData([(key, pg.functions.ndarray_from_qimage(image)) for key, image in drawn.items()])


class Markers(pg.ScatterPlotItem):  # type: ignore[misc]
    """Markers at their places; `draw` makes the picture of one from its symbol, size, pen and brush."""

    def __init__(self, area: Area, draw: Callable[[str, float, QPen, QBrush, float], QImage]) -> None:
        super().__init__(pxMode=True)
        self.fragmentAtlas = Atlas(draw)
        self.area = area
        self._shown: tuple[Hashable, ...] = ()
        area.addItem(self, ignoreBounds=True)

    def show_markers(
        self, places: plots.Numbers, size: float, look: Hashable, make: Callable[[], Look], hollow: bool = False
    ) -> None:
        """Show these, one row of `places` each; `make` is asked how they look when `look` changed."""
        self.setVisible(len(places) > 0)
        shown = (theme.current().name, look, size, hollow, places.tobytes())
        if shown == self._shown or len(places) == 0:
            return
        if self._shown[:1] != shown[:1]:
            self.fragmentAtlas.clear()
        self._shown = shown
        symbols, colors = make()
        brush: Any = _brush(colors.rgba()) if isinstance(colors, QColor) else [_brush(c.rgba()) for c in colors]
        pen = _pen(theme.current().color("text").rgba()) if hollow else _no_pen()
        self.setData(x=places[:, 0], y=places[:, 1], symbol=symbols, brush=brush, pen=pen, size=size)

    def mouseClickEvent(self, ev: Any) -> None:
        """Clicks are the area's."""
        ev.ignore()


def _seen(points: plots.Numbers, rect: QRectF) -> plots.Numbers:
    """The points in sight, with one more on either side so that the line runs out of the picture."""
    if len(points) == 0:
        return points
    first = max(0, int(np.searchsorted(points[:, 0], rect.left())) - 1)
    last = int(np.searchsorted(points[:, 0], rect.right(), side="right")) + 1
    return points[first:last]


@lru_cache(maxsize=256)
def _pen(rgba: int) -> QPen:
    pen = QPen(QColor.fromRgba(rgba), 1)
    pen.setCosmetic(True)
    return pen


@lru_cache(maxsize=1)
def _no_pen() -> QPen:
    return QPen(Qt.PenStyle.NoPen)


@lru_cache(maxsize=4096)
def _brush(rgba: int) -> QBrush:
    return QBrush(QColor.fromRgba(rgba))
