"""A small picture of the whole network in the corner; drag in it to look elsewhere."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from nnlab.ui.canvas.overview import Overview
from nnlab.ui.look import theme
from nnlab.ui.look.theme import RADIUS

if TYPE_CHECKING:
    from nnlab.ui.canvas.view import CanvasView

SIZE = QSize(168, 104)
EDGE = 12
FEWEST = 4  # layers; fewer need no map
SMALLEST_HOST = QSize(520, 340)


class Minimap(QWidget):
    """Shown once part of the network is out of sight."""

    def __init__(self, view: "CanvasView") -> None:
        super().__init__(view)
        self.setObjectName("minimap")
        self.setAccessibleName("Overview of the network")
        self.setFixedSize(SIZE)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._view = view
        self._overview = Overview()
        self._version = -1
        self._whole = QRectF()
        self._ground: QPixmap | None = None
        """The map without the part that is seen, until something changes."""
        self._timer = QTimer(self, singleShot=True, interval=30)
        self._timer.timeout.connect(self.refresh)
        view.looked.connect(self.later)
        self.hide()

    def later(self) -> None:
        """Follow soon; many moves in a row cost one picture."""
        if not self._timer.isActive():
            self._timer.start()

    def refresh(self) -> None:
        """Draw the network as it is now, if it is worth a map."""
        scene, view = self._view.picture, self._view
        changed = scene.version != self._version
        if changed:
            self._version, self._whole, self._ground = scene.version, scene.bounds(), None
        roomy = view.width() >= SMALLEST_HOST.width() and view.height() >= SMALLEST_HOST.height()
        useful = roomy and len(scene.nodes) >= FEWEST and not view.seen().contains(self._whole)
        if useful and self._ground is None:
            self._overview.collect(scene.nodes, scene.wires)
        self.setVisible(useful)
        self.place()
        self.update()

    def place(self) -> None:
        """Keep to the corner."""
        host = self._view.rect()
        self.move(host.right() - self.width() - EDGE, host.bottom() - self.height() - EDGE)
        self.raise_()

    def _fit(self) -> tuple[float, QPointF]:
        whole = self._overview.bounds
        inner = QRectF(self.rect()).adjusted(6, 6, -6, -6)
        scale = min(inner.width() / max(whole.width(), 1), inner.height() / max(whole.height(), 1))
        middle = inner.center() - whole.center() * scale
        return scale, middle

    def _look_at(self, place: QPointF) -> None:
        scale, origin = self._fit()
        self._view.centerOn((place - origin) / scale)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The network and the part of it that is seen."""
        now = theme.current()
        if self._ground is None or self._ground.devicePixelRatio() != self.devicePixelRatioF():
            self._ground = self._drawn()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, self._ground)
        painter.setClipRect(self.rect().adjusted(2, 2, -2, -2))
        scale, origin = self._fit()
        painter.translate(origin)
        painter.scale(scale, scale)
        painter.setPen(QPen(now.color("accent"), 1.5 / scale))
        painter.setBrush(now.color("accent", 24))
        painter.drawRect(self._view.seen())
        painter.end()

    def _drawn(self) -> QPixmap:
        """The ground and the network."""
        now, ratio = theme.current(), self.devicePixelRatioF()
        ground = QPixmap(self.size() * ratio)
        ground.setDevicePixelRatio(ratio)
        ground.fill(Qt.GlobalColor.transparent)
        painter = QPainter(ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(now.color("hairline"), 1))
        painter.setBrush(now.color("surface", 235))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.setClipRect(self.rect().adjusted(2, 2, -2, -2))
        scale, origin = self._fit()
        painter.translate(origin)
        painter.scale(scale, scale)
        self._overview.draw(painter, scale)
        painter.end()
        return ground

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Look there."""
        self._look_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Keep looking where the mouse drags."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._look_at(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The drag is over; the canvas below does not see it."""
        event.accept()
