"""What a fix would change, shown on the canvas before it is applied: the document is not touched."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QStyleOptionGraphicsItem, QWidget

from nnlab.core.difference import Difference, difference
from nnlab.core.document import Document
from nnlab.core.graph import Link
from nnlab.ui.canvas import geometry, paint
from nnlab.ui.canvas.items import LIVE_Z, WIRE_Z, wire_pen
from nnlab.ui.canvas.looks import NodeLook, node_look
from nnlab.ui.canvas.motion import Glide
from nnlab.ui.canvas.overlays import Note
from nnlab.ui.look import theme
from nnlab.ui.look.labels import plain
from nnlab.ui.look.theme import CAPTION_PX, CARD_RADIUS

if TYPE_CHECKING:
    from nnlab.ui.canvas.editor import GraphEditor

THERE, GOING = 0.7, 0.3  # how much is seen of a layer that would come, and of one that would go
BELOW = 6  # units between a card and what would change in it
LINES_SHOWN = 4


class GhostItem(QGraphicsItem):
    """Layers that would come, a line through those that would go, and the settings that would change: in one paint."""

    def __init__(self) -> None:
        super().__init__()
        self.coming: list[tuple[NodeLook, QPointF]] = []
        self.going: list[QRectF] = []
        self.notes: list[tuple[QPointF, tuple[str, ...]]] = []
        """The middle of the upper edge of a note, and its lines."""
        self.magnified = 1.0
        """How many units a pixel of a note takes: they can be read however far away one looks from."""
        self.setZValue(LIVE_Z + 1)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def magnify(self, units: float) -> None:
        """Draw notes so large that a pixel of theirs takes so many units."""
        self.prepareGeometryChange()
        self.magnified = units
        self.update()

    def area(self) -> QRectF:
        """What it covers in the scene."""
        found = QRectF()
        for look, corner in self.coming:
            found = found.united(look.rect.translated(corner))
        for card in self.going:
            found = found.united(card)
        for top, lines in self.notes:
            found = found.united(_note_rect(top, lines, self.magnified))
        return found

    def boundingRect(self) -> QRectF:
        """With the room for outlines and ports."""
        margin = geometry.MARGIN
        return self.area().adjusted(-margin, -margin, margin, margin)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """All of it."""
        now = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dashed = _seen_from_afar(QPen(now.color("accent"), 2, Qt.PenStyle.DashLine))
        for look, corner in self.coming:
            painter.save()
            painter.translate(corner)
            painter.setOpacity(THERE)
            paint.node(painter, look, now)
            painter.restore()
            painter.setPen(dashed)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(look.rect.translated(corner), CARD_RADIUS, CARD_RADIUS)
        painter.setPen(_seen_from_afar(QPen(now.color("error"), 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)))
        for card in self.going:
            painter.drawLine(card.bottomLeft() + QPointF(8, -8), card.topRight() + QPointF(-8, 8))
        for top, lines in self.notes:
            painter.save()
            painter.translate(top)
            painter.scale(self.magnified, self.magnified)
            _note(painter, _note_rect(QPointF(), lines), lines, now)
            painter.restore()


class Ghost:
    """The preview of a document that might be: at most one, gone as soon as anything else happens."""

    def __init__(self, editor: "GraphEditor") -> None:
        self._editor = editor
        self._glide = Glide(editor.picture)
        self._item: GhostItem | None = None
        self._wires: list[QGraphicsPathItem] = []
        self._shown: Difference | None = None
        self._back: tuple[QPointF, float] | None = None
        self.note = Note(editor, tone="accent")

    @property
    def shown(self) -> Difference | None:
        """What is previewed now."""
        return self._shown

    def show(self, document: Document | None) -> None:
        """Preview this document; None ends it."""
        self.drop(smoothly=document is None)
        if document is None:
            return
        found = difference(self._editor.bench.document, document)
        if found.is_nothing:
            return
        self._shown = found
        all_seen = self._editor.seen().contains(self._editor.picture.bounds())
        self._make_room(found)
        self._item = item = GhostItem()
        scene = self._editor.picture
        nodes = document.graph.nodes
        item.coming = [(node_look(document, n), QPointF(nodes[n].x, nodes[n].y)) for n in found.added]
        item.going = [scene.nodes[n].card() for n in found.removed]
        item.notes = [(self._below(n, document), _shortened(lines)) for n, lines in found.changed.items()]
        for link in found.wired:
            self._draw_wire(document, link)
        self._fade(found, GOING)
        scene.addItem(item)
        self._say(found)
        self._bring_into_view(found, all_seen)

    def drop(self, smoothly: bool = False) -> None:
        """Nothing is previewed any more, and everything is back where the document has it."""
        found, self._shown = self._shown, None
        if found is None:
            self._glide.settle()
            return
        scene = self._editor.picture
        for each in [self._item, *self._wires]:
            if each is not None:
                scene.removeItem(each)
        self._item, self._wires = None, []
        self._fade(found, 1.0)
        self.note.hide()
        self._put_back(found, smoothly)
        if self._back is not None and self._editor.travel.is_own:
            self._editor.travel.go(*self._back, False)  # at once: whoever comes back to the canvas finds it as it was
        self._back = None

    def forget_view(self) -> None:
        """What was previewed comes to be: the view stays where it is."""
        self._back = None

    # ---------------------------------------------------------------- inside

    def _make_room(self, found: Difference) -> None:
        nodes = self._editor.picture.nodes
        starts = {n: nodes[n].pos() for n in found.moved if n in nodes}
        self._glide.enabled = self._editor.glide.enabled
        self._glide.run(starts, {n: QPointF(*found.moved[n]) for n in starts})

    def _put_back(self, found: Difference, smoothly: bool) -> None:
        self._glide.settle()
        shown, graph = self._editor.picture.nodes, self._editor.picture.document.graph
        away = [n for n in found.moved if n in shown and n in graph.nodes]
        home = {n: QPointF(graph.nodes[n].x, graph.nodes[n].y) for n in away}
        self._glide.run({n: shown[n].pos() for n in away}, home)
        if not smoothly:
            self._glide.settle()

    def _fade(self, found: Difference, opacity: float) -> None:
        scene = self._editor.picture
        for node_id in found.removed:
            if node_id in scene.nodes:
                scene.nodes[node_id].setOpacity(opacity)
        for link in found.cut:
            if link in scene.wires:
                scene.wires[link].setOpacity(opacity)
                scene.chips[link].setOpacity(opacity)

    def _below(self, node_id: str, document: Document) -> QPointF:
        node, look = document.graph.nodes[node_id], self._editor.picture.nodes[node_id].look
        return QPointF(node.x + geometry.WIDTH / 2, node.y + look.height + BELOW)

    def _draw_wire(self, document: Document, link: Link) -> None:
        """A new wire, between the places where its ends would be."""
        ends = []
        for node_id, port, is_output in ((link.source, link.source_port, True), (link.target, link.target_port, False)):
            node = document.graph.nodes[node_id]
            found = node_look(document, node_id).port(port, is_output)
            if found is None:
                return
            ends.append(QPointF(node.x, node.y) + found.point)
        item = QGraphicsPathItem(geometry.wire_path(ends[0], ends[1]))
        item.setPen(_seen_from_afar(wire_pen("accent", 2.0, Qt.PenStyle.DashLine)))
        item.setZValue(WIRE_Z + 0.6)
        item.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._wires.append(item)
        self._editor.picture.addItem(item)

    def _say(self, found: Difference) -> None:
        """What changes outside the drawing stands in a note above it."""
        if found.settings:
            editor = self._editor
            self.note.setText(plain("\n".join(_shortened(found.settings))))
            self.note.restyle()
            self.note.move((editor.width() - self.note.width()) // 2, editor.notes_bottom() + 12)
            self.note.show()
            self.note.raise_()

    def _bring_into_view(self, found: Difference, all_seen: bool) -> None:
        """What would change comes into view; where all was in view, all that would be there does."""
        editor, area = self._editor, self._area(found, all_seen)
        zoom = editor.zoom
        if not area.isNull() and not editor.seen().contains(area):
            self._back = editor.seen().center(), zoom
            zoom = min(zoom, editor.zoom_for(area))
            editor.travel.go(area.center(), zoom, editor.glide.enabled)
        if self._item is not None:
            self._item.magnify(max(1.0, 1 / zoom))

    def _area(self, found: Difference, all_seen: bool) -> QRectF:
        scene = self._editor.picture
        area = self._item.area() if self._item is not None else QRectF()
        for wire in self._wires:
            area = area.united(wire.path().boundingRect())
        for link in found.cut:
            if link in scene.wires:
                area = area.united(scene.wires[link].sceneBoundingRect())
        if all_seen:
            for node_id, item in scene.nodes.items():
                corner = QPointF(*found.moved.get(node_id, (item.x(), item.y())))
                area = area.united(item.look.rect.translated(corner))
        return area


def _shortened(lines: tuple[str, ...]) -> tuple[str, ...]:
    if len(lines) <= LINES_SHOWN:
        return lines
    return (*lines[: LINES_SHOWN - 1], f"and {len(lines) - LINES_SHOWN + 1} more")


def _seen_from_afar(pen: QPen) -> QPen:
    """The pen with the same width on the screen at every zoom."""
    pen.setCosmetic(True)
    return pen


def _note_rect(top: QPointF, lines: tuple[str, ...], magnified: float = 1.0) -> QRectF:
    width, height = ((n + more) * magnified for n, more in zip(paint.chip_size(lines), (4, 2), strict=True))
    return QRectF(top.x() - width / 2, top.y(), width, height)


def _note(painter: QPainter, rect: QRectF, lines: tuple[str, ...], now: theme.Theme) -> None:
    painter.setPen(QPen(now.color("accent"), 1))
    painter.setBrush(now.color("raised"))
    painter.drawRoundedRect(rect, 6, 6)
    painter.setFont(paint.font(CAPTION_PX))
    painter.setPen(now.color("text"))
    step = (rect.height() - 6) / len(lines)
    for k, line in enumerate(lines):
        place = QRectF(rect.left(), rect.top() + 3 + k * step, rect.width(), step)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, line)
