"""The whole network as coloured boxes and lines in a few batched calls: for far zoom and for the minimap."""

from collections.abc import Mapping

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from nnlab.core.graph import Link
from nnlab.ui.canvas import paint
from nnlab.ui.canvas.items import NodeItem, WireItem
from nnlab.ui.look import theme


class Overview(QGraphicsItem):
    """One item in place of all the others when the network is seen from far away."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(4)
        self._boxes: dict[str, list[QRectF]] = {}
        self._lines: list[QLineF] = []
        self._chosen: list[QRectF] = []
        self._failing: list[QRectF] = []
        self._bounds = QRectF()

    def collect(self, nodes: Mapping[str, NodeItem], wires: Mapping[Link, WireItem]) -> None:
        """Take the places of all items anew."""
        self.prepareGeometryChange()
        self._boxes, self._chosen, self._failing = {}, [], []
        bounds = QRectF()
        for item in nodes.values():
            card = item.card()
            self._boxes.setdefault(item.look.category, []).append(card)
            if item.state.selected:
                self._chosen.append(card)
            if item.look.problem:
                self._failing.append(card)
            bounds = bounds.united(card)
        self._lines = [QLineF(wire.start, wire.end) for wire in wires.values()]
        self._bounds = bounds.adjusted(-40, -40, 40, 40)
        self.update()

    @property
    def bounds(self) -> QRectF:
        """What it covers."""
        return self._bounds

    def draw(self, painter: QPainter, scale: float) -> None:
        """All of it; `scale` is how many pixels a unit of the scene is."""
        colors = theme.current()
        pixel = 1 / max(scale, 1e-6)
        painter.setPen(QPen(colors.color("wire"), 1.2 * pixel))
        if self._lines:
            painter.drawLines(self._lines)
        for category, boxes in self._boxes.items():
            painter.setPen(QPen(colors.color("canvas"), pixel))
            painter.setBrush(paint.family(colors, category))
            painter.drawRects(boxes)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for token, boxes in (("error", self._failing), ("accent", self._chosen)):
            if boxes:
                painter.setPen(QPen(colors.color(token), 3 * pixel))
                painter.drawRects(boxes)

    def boundingRect(self) -> QRectF:
        """All nodes with a margin."""
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Drawn without smoothing: it is for speed."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self.draw(painter, painter.worldTransform().m11())
