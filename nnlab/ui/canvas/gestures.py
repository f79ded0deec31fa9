"""What the mouse does, one class for each gesture. A gesture shows what will be; only its end edits, with one step."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QMouseEvent, QPainterPath, QPen
from PySide6.QtWidgets import QApplication, QGraphicsPathItem

from nnlab.core.graph import Graph, Link
from nnlab.errors import LinkError
from nnlab.ui.canvas import edits, geometry
from nnlab.ui.canvas.edits import End
from nnlab.ui.canvas.items import LIVE_Z, wire_pen
from nnlab.ui.canvas.places import WIRE_REACH
from nnlab.ui.look import theme

if TYPE_CHECKING:
    from nnlab.ui.canvas.editor import GraphEditor

ALT, CTRL, SHIFT = (
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
PORT_REACH = 11.0  # pixels around a port that take hold of it
EDGE, EDGE_STEP = 28, 12  # pixels: near the edge a drag scrolls


class Gesture:
    """One drag, from press to release. Places are points of the scene."""

    scrolls = False
    """Near the edge of the canvas the view moves along."""

    def __init__(self, editor: "GraphEditor", start: QPointF) -> None:
        self.editor = editor
        self.scene = editor.picture
        self.start = start

    def move(self, event: QMouseEvent, place: QPointF) -> None:
        """The mouse is now here."""

    def release(self, event: QMouseEvent, place: QPointF) -> None:
        """The button was let go here: edit, once."""

    def cancel(self) -> None:
        """As if it had never begun."""


class Pan(Gesture):
    """Drag the canvas itself."""

    def __init__(self, editor: "GraphEditor", start: QPointF, event: QMouseEvent) -> None:
        super().__init__(editor, start)
        self._last = event.position()
        editor.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def move(self, event: QMouseEvent, place: QPointF) -> None:
        """Follow the hand."""
        delta = event.position() - self._last
        self._last = event.position()
        self.editor.pan(delta.x(), delta.y())

    def release(self, event: QMouseEvent, place: QPointF) -> None:
        """Nothing to edit."""
        self.cancel()

    def cancel(self) -> None:
        """Let go."""
        self.editor.viewport().unsetCursor()


class BoxSelect(Gesture):
    """Select what a rectangle touches; Shift adds, Ctrl toggles."""

    scrolls = True

    def __init__(self, editor: "GraphEditor", start: QPointF, event: QMouseEvent) -> None:
        super().__init__(editor, start)
        self._before = editor.bench.selection if event.modifiers() & (SHIFT | CTRL) else frozenset[str]()
        self._toggles = bool(event.modifiers() & CTRL)
        self._box = _live_path(editor)
        self._box.setPen(QPen(theme.current().color("accent"), 0))
        self._box.setBrush(QBrush(theme.current().color("accent", 28)))
        self._chosen = self._before
        self.scene.choose_wires(())

    def move(self, event: QMouseEvent, place: QPointF) -> None:
        """Show the rectangle and what it would select."""
        area = QRectF(self.start, place).normalized()
        path = QPainterPath()
        path.addRect(area)
        self._box.setPath(path)
        inside = self.scene.nodes_in(area)
        self._chosen = self._before ^ inside if self._toggles else self._before | inside
        self.scene.show_selection(self._chosen)

    def release(self, event: QMouseEvent, place: QPointF) -> None:
        """Select."""
        self.scene.removeItem(self._box)
        self.editor.bench.select(self._chosen)
        self.scene.show_selection(self.editor.bench.selection)

    def cancel(self) -> None:
        """Keep the selection that was."""
        self.scene.removeItem(self._box)
        self.scene.show_selection(self.editor.bench.selection)


class MoveNodes(Gesture):
    """Press selects, drag moves the selection on the grid; a loose layer dropped on a wire goes into it."""

    scrolls = True

    def __init__(self, editor: "GraphEditor", start: QPointF, event: QMouseEvent, grabbed: str) -> None:
        super().__init__(editor, start)
        self._grabbed = grabbed
        self._moving = False
        self._lit: Link | None = None
        selection = editor.bench.selection
        self._was_selected = grabbed in selection
        self._toggles = bool(event.modifiers() & CTRL)
        if not self._was_selected:
            keep = selection if event.modifiers() & (SHIFT | CTRL) else frozenset[str]()
            editor.bench.select(keep | {grabbed})
        self.scene.choose_wires(())
        self._from: dict[str, QPointF] = {}

    def move(self, event: QMouseEvent, place: QPointF) -> None:
        """Show the layers where they would be, their wires following."""
        if not self._moving:
            far = geometry.distance(place, self.start) * self.editor.zoom
            if far < QApplication.startDragDistance():
                return
            self._moving = True
            self._from = {n: self.scene.nodes[n].pos() for n in self.editor.bench.selection}
            self.editor.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        origin = self._from[self._grabbed]
        target = origin + place - self.start
        delta = QPointF(geometry.snap(target.x()), geometry.snap(target.y())) - origin
        for node_id, was in self._from.items():
            self.scene.place_node(node_id, was + delta)
        self._light(None if event.modifiers() & ALT else self._wire_below())

    def _wire_below(self) -> Link | None:
        graph = self.editor.bench.document.graph
        if len(self._from) != 1 or not edits.can_insert(graph, self._grabbed):
            return None
        middle = self.scene.nodes[self._grabbed].card().center()
        return self.scene.wire_at(middle, geometry.HEIGHT / 2)

    def _light(self, link: Link | None) -> None:
        if link != self._lit:
            self._lit = link
            self.scene.offer_wire(link)

    def release(self, event: QMouseEvent, place: QPointF) -> None:
        """Move them in the document, and put a loose layer into the wire below it."""
        self.editor.viewport().unsetCursor()
        if not self._moving:
            self._click(event)
            return
        link = self._lit
        self._light(None)
        bench = self.editor.bench
        places = {n: self.scene.nodes[n].pos() for n in self._from}
        graph = edits.moved(bench.document.graph, {n: (p.x(), p.y()) for n, p in places.items()})
        if link is not None:
            self.editor.insert(graph, self._grabbed, link)
        else:
            bench.apply_graph("Move layer" if len(places) == 1 else "Move layers", graph)

    def _click(self, event: QMouseEvent) -> None:
        bench = self.editor.bench
        if self._toggles:
            if self._was_selected:
                bench.select(bench.selection - {self._grabbed})
        elif not event.modifiers() & SHIFT:
            bench.select({self._grabbed})

    def cancel(self) -> None:
        """Everything back to its place."""
        self.editor.viewport().unsetCursor()
        self._light(None)
        for node_id, was in self._from.items():
            if node_id in self.scene.nodes:
                self.scene.place_node(node_id, was)


class DrawWire(Gesture):
    """Pull a wire from a port to another; pulled off a connected input, the wire that was there moves."""

    scrolls = True

    def __init__(self, editor: "GraphEditor", start: QPointF, end: End) -> None:
        super().__init__(editor, start)
        graph = editor.bench.document.graph
        self.picked = None if end.is_output else graph.wire_into(end.node, end.port)
        self._base = graph if self.picked is None else graph.without_links([self.picked])
        self.end = end if self.picked is None else End(self.picked.source, self.picked.source_port, True)
        self._anchor = self.scene.nodes[self.end.node].port_point(self.end.port, self.end.is_output)
        self._live = _live_path(editor)
        self._target: End | None = None
        self._asked: tuple[End | None, str | None] = (None, None)
        self._answer: tuple[End | None, str] = (None, "")
        self._moved = False
        if self.picked is not None:
            self.scene.wires[self.picked].setVisible(False)
            self.scene.chips[self.picked].setVisible(False)
        self._show(start, False)

    def move(self, event: QMouseEvent, place: QPointF) -> None:
        """Run to the pointer, or snap to the port that would be taken, or say why it is refused."""
        self._moved = self._moved or geometry.distance(place, self.start) * self.editor.zoom > 4
        target, reason = self._aim(place)
        self._offer(target)
        self.editor.bubble.say(reason, event.position().toPoint())
        shape = Qt.CursorShape.ForbiddenCursor if reason else Qt.CursorShape.CrossCursor
        self.editor.viewport().setCursor(shape)
        item = self.scene.nodes[target.node] if target else None
        self._show(item.port_point(target.port, target.is_output) if item and target else place, bool(reason))

    def _aim(self, place: QPointF) -> tuple[End | None, str]:
        """The port a drop here would take, or None and the reason against it."""
        near = self.scene.port_at(place, geometry.SNAP_RADIUS / self.editor.zoom, not self.end.is_output)
        if near is not None and near.node == self.end.node:
            near = None
        node_id = None if near else self.scene.node_at(place)
        if (near, node_id) != self._asked:
            self._asked = near, node_id
            self._answer = self._judge(near, node_id)
        return self._answer

    def _judge(self, near: End | None, node_id: str | None) -> tuple[End | None, str]:
        if near is not None:
            reason = edits.refusal(self._base, self.end, near)
            return (None, reason) if reason else (near, "")
        if node_id is None or (node_id == self.end.node and not self._moved):
            return None, ""
        return edits.best_end(self._base, self.end, node_id)

    def _offer(self, target: End | None) -> None:
        if target != self._target:
            if self._target is not None:
                self.scene.set_state(self._target.node, hot_port=None)
            if target is not None:
                self.scene.set_state(target.node, hot_port=(target.port, target.is_output))
            self._target = target

    def _show(self, place: QPointF, refused: bool) -> None:
        a, b = (self._anchor, place) if self.end.is_output else (place, self._anchor)
        self._live.setPath(geometry.wire_path(a, b))
        style = Qt.PenStyle.DashLine if refused else Qt.PenStyle.SolidLine
        self._live.setPen(wire_pen("error" if refused else "accent", 2.5, style))

    def release(self, event: QMouseEvent, place: QPointF) -> None:
        """Connect, or ask for a layer where there is none, or explain."""
        target, reason = self._aim(place)
        self.editor.bubble.hide()
        if target is not None:
            self.cancel()
            self._connect(target)
        elif reason:
            self.cancel()
            self.editor.bubble.say(reason, event.position().toPoint(), linger=True)
        elif self._moved and self.scene.node_at(place) is None:
            self.editor.viewport().unsetCursor()
            self.editor.search_for_wire(self, place)  # the live wire stays until something is picked
        else:
            self.cancel()

    def _connect(self, target: End) -> None:
        bench = self.editor.bench
        link = edits.link_between(self.end, target)
        if link == self.picked:
            return
        try:
            bench.apply_graph("Move wire" if self.picked else "Connect", self._base.with_link(link))
        except LinkError as error:  # a port of a merge that closed behind the picked wire
            self.editor.say(str(error))

    @property
    def base(self) -> Graph:
        """The graph without the wire that was picked up."""
        return self._base

    def cancel(self) -> None:
        """The wire that was picked up is back, the live one gone."""
        self._offer(None)
        self.editor.viewport().unsetCursor()
        self.editor.bubble.hide()
        if self._live.scene() is not None:
            self.scene.removeItem(self._live)
        if self.picked in self.scene.wires:
            self.scene.wires[self.picked].setVisible(self.scene.detail != "far")
            self.scene.chips[self.picked].setVisible(self.scene.detail == "near")


class CutWires(Gesture):
    """A line across wires cuts them."""

    def __init__(self, editor: "GraphEditor", start: QPointF) -> None:
        super().__init__(editor, start)
        self._knife = _live_path(editor)
        self._knife.setPen(wire_pen("error", 1.5, Qt.PenStyle.DashLine))
        self._cut: frozenset[Link] = frozenset()
        editor.viewport().setCursor(Qt.CursorShape.CrossCursor)

    def move(self, event: QMouseEvent, place: QPointF) -> None:
        """Show the line and the wires it would cut."""
        path = QPainterPath(self.start)
        path.lineTo(place)
        self._knife.setPath(path)
        near = self.scene.wires_in(QRectF(self.start, place).normalized().adjusted(-1, -1, 1, 1))
        crossed = [w.link for w in near if geometry.wire_crosses(w.start, w.end, self.start, place, w.lane)]
        self._cut = frozenset(crossed)
        self.scene.choose_wires(crossed)

    def release(self, event: QMouseEvent, place: QPointF) -> None:
        """Cut."""
        cut = self._cut
        self.cancel()
        self.editor.cut_wires(cut)

    def cancel(self) -> None:
        """Put the knife away."""
        self.editor.viewport().unsetCursor()
        self.scene.removeItem(self._knife)
        self.scene.choose_wires(())


def begin(editor: "GraphEditor", event: QMouseEvent, place: QPointF) -> Gesture | None:
    """The gesture that this press begins, if it begins one."""
    left = event.button() == Qt.MouseButton.LeftButton
    if event.button() == Qt.MouseButton.MiddleButton or (left and editor.space_held):
        return Pan(editor, place, event)
    if not left:
        return None
    if event.modifiers() & ALT:
        return _begin_cutting(editor, event, place)
    return _begin_editing(editor, event, place)


def _begin_cutting(editor: "GraphEditor", event: QMouseEvent, place: QPointF) -> Gesture | None:
    if event.modifiers() & SHIFT:
        return CutWires(editor, place)
    node_id = editor.picture.node_at(place)
    if node_id is not None:
        return MoveNodes(editor, place, event, node_id)
    link = editor.picture.wire_at(place, WIRE_REACH / editor.zoom)
    if link is not None:
        editor.cut_wires({link})
    return None


def _begin_editing(editor: "GraphEditor", event: QMouseEvent, place: QPointF) -> Gesture | None:
    scene = editor.picture
    end = scene.port_at(place, PORT_REACH / editor.zoom) if scene.detail != "far" else None
    if end is not None:
        return DrawWire(editor, place, end)
    node_id = scene.node_at(place)
    if node_id is not None:
        return MoveNodes(editor, place, event, node_id)
    link = scene.wire_at(place, WIRE_REACH / editor.zoom)
    if link is None:
        return BoxSelect(editor, place, event)
    many = bool(event.modifiers() & (CTRL | SHIFT))
    scene.choose_wires(scene.chosen_wires ^ {link} if many else {link})
    if not many:
        editor.bench.select(())
    return None


def _live_path(editor: "GraphEditor") -> QGraphicsPathItem:
    item = QGraphicsPathItem()
    item.setZValue(LIVE_Z)
    editor.picture.addItem(item)
    return item
