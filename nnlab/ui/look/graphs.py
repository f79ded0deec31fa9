"""Charts on pyqtgraph in the look of the lab: zoom, move, show all again; texts are painted plainly, never as rich text.

pyqtgraph is not loaded before the window is on the screen: only panels import this module.
"""

from collections.abc import Callable
from dataclasses import replace
from math import log10
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPen,
    QShortcut,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolButton, QWidget

from nnlab.ui.look import icons, labels, plots, theme

Span = tuple[float, float]

DEEPEST = 1e-4  # no closer than this share of the whole range
SMALLEST_BOX = 5.0  # pixels; a smaller box was a click that slipped
SIDE = 24  # of the button, as high as a check box
KEY_ZOOM, KEY_MOVE = 0.8, 0.1


class Area(pg.ViewBox):  # type: ignore[misc]
    """The inside of a chart. It shows the whole range, also as that grows, until the user zooms or moves it."""

    def __init__(self, keeps_shape: bool = False) -> None:
        super().__init__(enableMenu=False, defaultPadding=0.0)
        self.disableAutoRange()
        self.setMouseMode(pg.ViewBox.PanMode)
        self.full: tuple[Span, Span] = ((0.0, 1.0), (0.0, 1.0))
        self.follows = [True, True]
        """Whether x and y show the whole range."""
        self.keeps_shape = keeps_shape
        """A step means as much across as up: both are zoomed alike."""
        self.log = False
        self.bleed = 2.0  # pixels that a line or a marker may stand out
        self.show_all_asked: Callable[[], None] = self.show_all
        self.moved: Callable[[Area], None] = lambda area: None

    def frame(self, axes: plots.Axes) -> None:
        """Lie in this rectangle and, where nothing is zoomed, show these ranges."""
        if axes.rect != self.geometry():
            self.setGeometry(axes.rect)
        if axes.log_y != self.log:
            self.log, self.follows[1] = axes.log_y, True
        low, high = (log10(axes.y[0]), log10(axes.y[1])) if self.log else axes.y
        full = (_open(axes.x), _open((low, high)))
        if full != self.full:
            self.full = full
            (left, right), (bottom, top) = full
            self.setLimits(
                xMin=left, xMax=right, yMin=bottom, yMax=top,
                minXRange=(right - left) * DEEPEST, minYRange=(top - bottom) * DEEPEST,
            )  # fmt: skip
        self._follow()

    def axes(self) -> plots.Axes:
        """Where the area lies and what it shows now."""
        x, y = self.viewRange()
        span = (10.0 ** y[0], 10.0 ** y[1]) if self.log else (float(y[0]), float(y[1]))
        return plots.Axes(QRectF(self.geometry()), (float(x[0]), float(x[1])), span, self.log)

    def show_all(self) -> None:
        """The whole range again, and from now on."""
        self.follows = [True, True]
        self._follow()

    def zoom_to(self, box: QRectF) -> None:
        """Show this box, in numbers, or the least around it that keeps the shape."""
        if self.keeps_shape:
            (left, right), (bottom, top) = self.full
            share = max(box.width() / (right - left), box.height() / (top - bottom))
            around = QRectF(0, 0, share * (right - left), share * (top - bottom))
            around.moveCenter(box.center())
            box = around
        self.setRange(box, padding=0, disableAutoRange=False)
        self.taken()

    def zoom(self, factor: float) -> None:
        """Closer if the factor is below 1, around the middle."""
        self.scaleBy((factor, factor))
        self.taken()

    def move_by(self, across: float, up: float) -> None:
        """Move by these shares of what is seen."""
        (left, right), (bottom, top) = self.viewRange()
        self.translateBy(x=across * (right - left), y=up * (top - bottom))
        self.taken()

    def taken(self) -> None:
        """The user set the range: it holds still from now on, unless all of it is in sight."""
        for k, (seen, whole) in enumerate(zip(self.viewRange(), self.full, strict=True)):
            slack = 1e-6 * (whole[1] - whole[0])
            self.follows[k] = seen[0] <= whole[0] + slack and seen[1] >= whole[1] - slack
        self.moved(self)

    def _follow(self) -> None:
        wanted = [full if follows else None for full, follows in zip(self.full, self.follows, strict=True)]
        if any(span is not None and tuple(seen) != span for span, seen in zip(wanted, self.viewRange(), strict=True)):
            self.setRange(xRange=wanted[0], yRange=wanted[1], padding=0, disableAutoRange=False)

    # ---------------------------------------------------------------- pyqtgraph

    def shape(self) -> QPainterPath:
        """What may be painted on: a little more than the area, so that no line is cut in half at its edge."""
        path = QPainterPath()
        bleed = self.bleed if all(self.follows) else 1.0
        path.addRect(self.rect().adjusted(-bleed, -bleed, bleed, bleed))
        return path

    def wheelEvent(self, ev: Any, axis: int | None = None) -> None:
        """Zoom around the mouse; where there is nothing left to zoom out the wheel is somebody else's."""
        if ev.delta() < 0 and all(self.follows if axis is None else [self.follows[axis]]):
            ev.ignore()
            return
        self.prepareForPaint()  # pyqtgraph reckons with what was last painted
        super().wheelEvent(ev, None if self.keeps_shape else axis)
        self.taken()

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        """Left moves; right, or left with Shift, draws the box to look into."""
        self.prepareForPaint()
        boxes = ev.button() == Qt.MouseButton.RightButton or ev.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if not boxes or axis is not None:
            super().mouseDragEvent(ev, None if self.keeps_shape else axis)
            self.taken()
            return
        ev.accept()
        box = QRectF(ev.buttonDownPos(), ev.pos()).normalized() & self.rect()
        if not ev.isFinish():
            accent = theme.current()
            self.rbScaleBox.setPen(pg.mkPen(accent.color("accent"), width=1))
            self.rbScaleBox.setBrush(pg.mkBrush(accent.color("accent", 36)))
            self.updateScaleBox(box.topLeft(), box.bottomRight())
            self.moved(self)
            return
        self.rbScaleBox.hide()
        self.moved(self)
        if min(box.width(), box.height()) >= SMALLEST_BOX:
            self.zoom_to(self.childGroup.mapRectFromParent(box))

    def mouseClickEvent(self, ev: Any) -> None:
        """A double click shows everything again."""
        if ev.double() and ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            self.show_all_asked()

    def keyPressEvent(self, ev: Any) -> None:
        """Keys are the canvas's."""
        ev.ignore()


class Axis(pg.AxisItem):  # type: ignore[misc]
    """One side of a chart: tick texts and grid lines, painted as plain text. Wheel and drag on it move this side alone."""

    def __init__(self, side: str, area: Area) -> None:
        super().__init__(side, showValues=False)
        self.area = area
        self.name, self.whole, self.share, self.texts = "", False, False, True
        self.grid_lines = True
        self.linkToView(area)
        self.setZValue(-200)

    def place(self) -> None:
        """Lie beside the area."""
        rect = self.area.geometry()
        upright = self.orientation == "left"
        if upright:
            self.setWidth(rect.left())
            own = QRectF(0, rect.top(), rect.left(), rect.height())
        else:
            self.setHeight(plots.BOTTOM)
            own = QRectF(rect.left(), rect.bottom(), rect.width(), plots.BOTTOM)
        if own != self.geometry():
            self.setGeometry(own)
        self.update()

    def paint(self, painter: QPainter, option: Any, widget: Any) -> None:
        """Grid and texts for what the area shows now."""
        painter.translate(-self.pos())
        axes = self.area.axes()
        if not self.grid_lines:
            foot = QRectF(axes.rect.left(), axes.rect.bottom(), axes.rect.width(), 0)
            axes = replace(axes, rect=foot)
        if self.orientation == "left":
            plots.draw_y_axis(painter, axes, share=self.share)
        else:
            plots.draw_x_axis(painter, axes, self.name, whole=self.whole, texts=self.texts)

    def wheelEvent(self, event: Any) -> None:
        """Zoom this side alone."""
        self.area.wheelEvent(event, axis=1 if self.orientation == "left" else 0)


class Canvas(pg.GraphicsView):  # type: ignore[misc]
    """The charts of one drawing, on a clear sheet over it; `over` paints what lies above the curves."""

    pointed = Signal(object)
    """Where the mouse is, or None."""
    moved = Signal()
    """The user zoomed or moved something, or everything is shown again."""

    def __init__(self, parent: QWidget, over: Callable[[QPainter], None]) -> None:
        super().__init__(parent, background=None)
        self.areas: list[Area] = []
        self._over = over
        self._ringed = False  # the keyboard is here
        self.setCacheMode(self.CacheModeFlag.CacheNone)
        self.setViewportUpdateMode(self.ViewportUpdateMode.NoViewportUpdate)  # one painting a frame: see repaint_all
        self.viewport().setAutoFillBackground(False)
        self.setStyleSheet("background: transparent; border: none;")
        self.setAntialiasing(True)
        self.setAccessibleName("Chart")
        self.setAccessibleDescription("Plus and minus zoom, the arrow keys move, F shows everything again.")

    def add_area(self, keeps_shape: bool = False) -> tuple[Area, Axis, Axis]:
        """One more chart, with its left and its bottom axis."""
        area = Area(keeps_shape)
        area.show_all_asked = self.show_all
        left, bottom = Axis("left", area), Axis("bottom", area)
        for item in (area, left, bottom):
            self.addItem(item)
        self.areas.append(area)
        area.moved = self._follow_across
        return area, left, bottom

    def come_last(self) -> None:
        """Stand behind the controls in the tab order; QWidget.setTabOrder does not move a view that has a viewport."""
        parent = self.parentWidget()
        self.setParent(None)
        self.setParent(parent)

    @property
    def follows(self) -> bool:
        """Nothing is zoomed."""
        return all(all(area.follows) for area in self.areas)

    def repaint_all(self) -> None:
        """Paint the drawing and the charts anew, once however often it is asked in a frame."""
        parent = self.parentWidget()
        if parent is not None:
            parent.update()

    def show_all(self) -> None:
        """Everything again, also as it grows."""
        for area in self.areas:
            area.show_all()
        self.moved.emit()

    def _follow_across(self, moved: Area) -> None:
        """Charts above one another show the same range across."""
        for area in self.areas:
            if area is not moved and area.isVisible():
                area.follows[0] = moved.follows[0]
                area.setRange(xRange=moved.viewRange()[0], padding=0, disableAutoRange=False)
        self.moved.emit()

    # ---------------------------------------------------------------- Qt

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """What lies above the curves, and a ring where the keyboard is."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        self._over(painter)
        painter.restore()
        if self._ringed:
            painter.setPen(QPen(theme.current().color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell where the mouse is, but not while it moves the chart."""
        super().mouseMoveEvent(event)
        self.pointed.emit(None if event.buttons() else event.position())

    def leaveEvent(self, event: Any) -> None:
        """The mouse is gone."""
        super().leaveEvent(event)
        self.pointed.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom where a chart is; elsewhere the wheel passes on."""
        event.ignore()
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Plus and minus zoom, arrows move."""
        key = event.key()
        zooms = {Qt.Key.Key_Plus: KEY_ZOOM, Qt.Key.Key_Equal: KEY_ZOOM, Qt.Key.Key_Minus: 1 / KEY_ZOOM}
        moves = {
            Qt.Key.Key_Left: (-KEY_MOVE, 0.0), Qt.Key.Key_Right: (KEY_MOVE, 0.0),
            Qt.Key.Key_Down: (0.0, -KEY_MOVE), Qt.Key.Key_Up: (0.0, KEY_MOVE),
        }  # fmt: skip
        for area in self.areas[:1]:
            if key in zooms:
                area.zoom(zooms[key])  # type: ignore[index]
            elif key in moves:
                area.move_by(*moves[key])  # type: ignore[index]
            else:
                event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is, if it came by keyboard."""
        super().focusInEvent(event)
        self._ringed = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.repaint_all()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard is elsewhere."""
        super().focusOutEvent(event)
        self._ringed = False
        self.repaint_all()


class ShowAllButton(QToolButton):
    """Shows everything again; pale while everything is shown. F does the same anywhere in the panel."""

    def __init__(self, canvas: Canvas, panel: QWidget) -> None:
        super().__init__()
        self._canvas = canvas
        self.setAccessibleName("Show all")
        self.setToolTip(labels.tooltip("Show all (F). The wheel zooms, dragging moves, the right button draws a box."))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setIconSize(QSize(16, 16))
        self.setFixedSize(SIDE, SIDE)
        self.clicked.connect(canvas.show_all)
        canvas.moved.connect(self.refresh)
        shortcut = QShortcut(QKeySequence(Qt.Key.Key_F), panel)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(canvas.show_all)
        self.refresh()

    def refresh(self) -> None:
        """Follow the canvas and the theme."""
        self.setIcon(icons.icon("fit"))
        self.setEnabled(not self._canvas.follows)


def _open(span: Span) -> Span:
    """A range that is one: a single number gets room on both sides."""
    return span if span[1] > span[0] else (span[0] - 0.5, span[0] + 0.5)
