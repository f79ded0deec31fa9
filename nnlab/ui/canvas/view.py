"""Getting about on the canvas: pan, zoom, fit, and the dotted ground it lies on."""

import math

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QCursor,
    QInputDevice,
    QNativeGestureEvent,
    QPainter,
    QPen,
    QPixmapCache,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from nnlab.ui.canvas.geometry import GRID
from nnlab.ui.canvas.scene import GraphScene
from nnlab.ui.look import theme
from nnlab.ui.scope import Scope

SMALLEST, LARGEST = 0.04, 4.0
FAR, CHIPS = 0.35, 0.5  # below: boxes only; below: no shapes on wires
STEP = 1.25
FIT_MARGIN = 44  # pixels
CACHE_KB = 64 * 1024  # for the drawn nodes: Qt's own 10 MB would not hold a large screen of them
DOT_GAP = 22  # pixels between dots, at least


class CanvasView(QGraphicsView):
    """A window onto the graph's scene that one can move and zoom."""

    looked = Signal()
    """Another part of the scene is seen, or at another zoom."""

    def __init__(self, bench: Scope, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bench = bench
        self.picture = GraphScene(bench.document)
        self.setScene(self.picture)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        QPixmapCache.setCacheLimit(max(QPixmapCache.cacheLimit(), CACHE_KB))
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)

    # ---------------------------------------------------------------- verbs

    @property
    def zoom(self) -> float:
        """Pixels for each unit of the scene."""
        return self.transform().m11()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom about a point of the viewport (its middle unless given)."""
        place = QPointF(self.viewport().rect().center()) if at is None else at
        now = self.zoom
        target = min(max(now * factor, SMALLEST), LARGEST)
        if abs(target - 1) < 0.04:
            target = 1.0  # 100 % is easy to hit, so text is sharp
        if math.isclose(target, now):
            return
        fixed = self.mapToScene(place.toPoint())
        self.scale(target / now, target / now)
        after = self.mapFromScene(fixed)
        self.pan(place.x() - after.x(), place.y() - after.y())
        self._zoomed()

    def zoom_in(self) -> None:
        """Nearer."""
        self.zoom_by(STEP)

    def zoom_out(self) -> None:
        """Farther."""
        self.zoom_by(1 / STEP)

    def zoom_reset(self) -> None:
        """100 %."""
        self.zoom_by(1 / self.zoom)

    def fit_all(self) -> None:
        """Show the whole network."""
        self.fit(self.picture.bounds())

    def fit_selection(self) -> None:
        """Show the selected layers, or everything if none is selected."""
        self.fit(self.picture.bounds(self.bench.selection or None))

    def fit(self, area: QRectF) -> None:
        """Show this part of the scene, never larger than 100 %."""
        if area.isNull():
            area = QRectF(-GRID, -GRID, 2 * GRID, 2 * GRID)
        self.look_at(area.center(), min(self.zoom_for(area), 1.0))

    def zoom_for(self, area: QRectF) -> float:
        """The zoom at which this part of the scene fills the canvas but for a margin."""
        room = self.viewport().size()
        wide = max(room.width() - 2 * FIT_MARGIN, 40) / max(area.width(), 1.0)
        tall = max(room.height() - 2 * FIT_MARGIN, 40) / max(area.height(), 1.0)
        return min(max(min(wide, tall), SMALLEST), LARGEST)

    def look_at(self, middle: QPointF, zoom: float) -> None:
        """Show this point in the middle at this zoom."""
        self.resetTransform()
        self.scale(zoom, zoom)
        self.centerOn(middle)
        self._zoomed()

    def pan(self, dx: float, dy: float) -> None:
        """Move what is seen by so many pixels."""
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() - round(dx))
        down.setValue(down.value() - round(dy))

    def show_point(self, area: QRectF) -> None:
        """Scroll just so far that this part of the scene is seen."""
        seen = self.seen()
        if not seen.contains(area):
            self.ensureVisible(area, 60, 60)

    def seen(self) -> QRectF:
        """The part of the scene in the viewport."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def has_pointer(self) -> bool:
        """Whether the pointer is over the canvas."""
        place = self.viewport().mapFromGlobal(QCursor.pos())
        return self.viewport().underMouse() and self.viewport().rect().contains(place)

    def pointer(self) -> QPointF:
        """Where the pointer is in the scene; the middle of what is seen if it is elsewhere."""
        place = self.viewport().mapFromGlobal(QCursor.pos())
        return self.mapToScene(place if self.has_pointer() else self.viewport().rect().center())

    def on_theme(self) -> None:
        """Draw everything in the colours of the present theme."""
        self.picture.restyle()
        self.viewport().update()

    def _zoomed(self) -> None:
        zoom = self.zoom
        self.picture.set_detail("far" if zoom < FAR else "middle" if zoom < CHIPS else "near")
        self.looked.emit()

    # ---------------------------------------------------------------- Qt

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Tell whoever shows where we are."""
        super().scrollContentsBy(dx, dy)
        self.looked.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A wheel zooms at the pointer, tilted or with Shift it pans sideways; two fingers pan; Ctrl zooms with either."""
        event.accept()
        turn = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(STEP ** (turn.y() / 120), event.position())
        elif event.hasPixelDelta():
            self.pan(event.pixelDelta().x(), event.pixelDelta().y())
        elif event.pointingDevice().type() == QInputDevice.DeviceType.TouchPad:
            self.pan(turn.x() / 2, turn.y() / 2)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier or not turn.y():
            self.pan((turn.x() or turn.y()) / 2, 0)
        else:
            self.zoom_by(STEP ** (turn.y() / 120), event.position())

    def viewportEvent(self, event: QEvent) -> bool:
        """Pinching zooms."""
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1 + event.value(), event.position())
            return True
        return super().viewportEvent(event)

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """The canvas with its dots."""
        area = QRectF(rect)
        now = theme.current()
        painter.fillRect(area, now.color("canvas"))
        if self.zoom < FAR:
            return
        gap = float(GRID)
        while gap * self.zoom < DOT_GAP:
            gap *= 2
        left, top = math.floor(area.left() / gap), math.floor(area.top() / gap)
        right, bottom = math.ceil(area.right() / gap), math.ceil(area.bottom() / gap)
        dots = [QPointF(x * gap, y * gap) for x in range(left, right + 1) for y in range(top, bottom + 1)]
        pen = QPen(now.color("hairline", 190), 1.6 / self.zoom)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPoints(QPolygonF(dots))
