"""The items of the canvas: a node in one paint, a wire as a plain path, a chip with the shape that flows."""

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QStyleOptionGraphicsItem, QWidget

from nnlab.core.graph import Link
from nnlab.ui.canvas import geometry, paint
from nnlab.ui.canvas.looks import NodeLook, PortLook, WireLook
from nnlab.ui.canvas.paint import NodeState
from nnlab.ui.look import theme

WIRE_Z, CHIP_Z, NODE_Z, LIVE_Z = 0.0, 1.0, 2.0, 3.0


class NodeItem(QGraphicsItem):
    """One node. It knows nothing of the document: it is given a look and a state, and draws them."""

    def __init__(self, node_id: str, look: NodeLook) -> None:
        super().__init__()
        self.node_id = node_id
        self.look = look
        self.state = paint.PLAIN
        self.picture: QImage | None = None
        self.setZValue(NODE_Z)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def show_look(self, look: NodeLook) -> None:
        """Draw this from now on, if it differs."""
        if look == self.look:
            return
        if look.height != self.look.height:
            self.prepareGeometryChange()
        self.look = look
        self.update()

    def show_state(self, state: NodeState) -> None:
        """Draw this state from now on, if it differs."""
        if state != self.state:
            if state.hot_port != self.state.hot_port:
                self.prepareGeometryChange()
            self.setZValue(NODE_Z + (0.7 if state.hot_port else 0.5 if state.selected else 0.0))
            self.state = state
            self.update()

    def show_picture(self, picture: QImage | None) -> None:
        """Put a live picture where the icon is, or take it away."""
        if picture is None and self.picture is None:
            return
        self.picture = picture
        self.update(geometry.TILE.adjusted(-2, -2, 2, 2 + self.look.height - geometry.HEIGHT))

    def port_at(self, point: QPointF, reach: float) -> tuple[PortLook, bool] | None:
        """The port nearest to this point of the scene within reach, and whether it is an output."""
        local = point - self.pos()
        ports = [(p, False) for p in self.look.inputs] + [(p, True) for p in self.look.outputs]
        near = [(geometry.distance(local, p.point), p, out) for p, out in ports]
        near = [n for n in near if n[0] <= reach]
        if not near:
            return None
        _, port, out = min(near, key=lambda n: n[0])
        return port, out

    def port_point(self, name: str, is_output: bool) -> QPointF:
        """Where that port is in the scene."""
        port = self.look.port(name, is_output)
        side = geometry.WIDTH if is_output else 0
        return self.pos() + (port.point if port else QPointF(side, self.look.height / 2))

    def card(self) -> QRectF:
        """Its card in the scene."""
        return self.look.rect.translated(self.pos())

    def boundingRect(self) -> QRectF:
        """With the room that ports, badge, shadow and the name of a port take."""
        margin = geometry.MARGIN
        card = QRectF(-margin, -margin, geometry.WIDTH + 2 * margin, self.look.height + 2 * margin)
        label = paint.port_label(self.look, self.state.hot_port)
        return card if label.isEmpty() else card.united(label.adjusted(-1, -1, 1, 1))

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Everything in one go; Qt keeps the result until something changes."""
        paint.node(painter, self.look, theme.current(), self.state, self.picture)


class WireItem(QGraphicsPathItem):
    """One wire: Qt draws it without calling Python."""

    def __init__(self, link: Link, look: WireLook) -> None:
        super().__init__()
        self.link = link
        self.look = look
        self.start = QPointF()
        self.end = QPointF()
        self.lane: float | None = None
        self.lit = False
        self.hovered = False
        self.setZValue(WIRE_Z)
        self.restyle()

    def place(self, start: QPointF, end: QPointF, lane: float | None = None) -> bool:
        """Run from here to there, at the height of `lane` if it has to pass cards; False if it already does."""
        if (start, end, lane) == (self.start, self.end, self.lane):
            return False
        self.start, self.end, self.lane = start, end, lane
        self.setPath(geometry.wire_path(start, end, lane))
        return True

    def middle(self) -> QPointF:
        """Where the chip sits."""
        return geometry.wire_middle(self.start, self.end, self.lane)

    def show_look(self, look: WireLook) -> None:
        """Draw this from now on, if it differs."""
        if look != self.look:
            self.look = look
            self.restyle()

    def light(self, lit: bool) -> None:
        """Stand out (selected, or a layer hovers over it), or not."""
        if lit != self.lit:
            self.lit = lit
            self.setZValue(WIRE_Z + 0.5 if lit else WIRE_Z)
            self.restyle()

    def hover(self, hovered: bool) -> None:
        """The pointer is on it, or not."""
        self.hovered = hovered
        self.restyle()

    def restyle(self) -> None:
        """Take the pen from look and theme."""
        idle = "error" if self.look.refused else "muted" if self.hovered else "wire"
        token = "accent" if self.lit else idle
        width = self.look.width + (1.0 if self.lit else 0.5 if self.hovered else 0)
        style = Qt.PenStyle.SolidLine if self.look.known else Qt.PenStyle.DashLine
        self.setPen(wire_pen(token, width, style))


class ChipItem(QGraphicsItem):
    """The shape that flows through a wire, at its middle."""

    def __init__(self, look: WireLook) -> None:
        super().__init__()
        self.look = look
        self._room = math.inf
        self._lines: tuple[str, ...] = (look.text,)
        self.setZValue(CHIP_Z)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def show_look(self, look: WireLook) -> None:
        """Draw this from now on, if it differs."""
        if look != self.look:
            self.look = look
            self._break(look)

    def place(self, middle: QPointF, room: float) -> None:
        """Sit there, in two lines if one is wider than this room."""
        self.setPos(middle)
        if room != self._room:
            self._room = room
            self._break(self.look)

    def _break(self, look: WireLook) -> None:
        self.prepareGeometryChange()
        self._lines = paint.chip_lines(look.text, self._room)
        self.update()

    def boundingRect(self) -> QRectF:
        """Just the pill."""
        width, height = paint.chip_size(self._lines)
        return QRectF(-width / 2 - 1, -height / 2 - 1, width + 2, height + 2)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """The pill and its text."""
        if self.look.text:
            paint.chip(painter, self._lines, theme.current(), self.look.refused)


def wire_pen(token: str, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """The pen of a wire in a colour of the present theme."""
    return QPen(theme.current().color(token), width, style, Qt.PenCapStyle.RoundCap)
