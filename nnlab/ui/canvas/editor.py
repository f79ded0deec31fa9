"""The graph editor: mouse, keys and drops on the canvas, turned into gestures and verbs."""

from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from nnlab.core.document import Document
from nnlab.errors import LinkError
from nnlab.ui.canvas import diagram, edits, geometry, gestures, hover, keys, menus, search, typed_layers
from nnlab.ui.canvas.breadcrumb import Breadcrumb
from nnlab.ui.canvas.drops import DropView
from nnlab.ui.canvas.gestures import DrawWire, Gesture
from nnlab.ui.canvas.ghost import Ghost
from nnlab.ui.canvas.live import LivePictures
from nnlab.ui.canvas.minimap import Minimap
from nnlab.ui.canvas.motion import Travel
from nnlab.ui.canvas.overlays import Note
from nnlab.ui.canvas.places import WIRE_REACH
from nnlab.ui.canvas.problems import Problems
from nnlab.ui.canvas.search import Choice
from nnlab.ui.canvas.view import FIT_MARGIN
from nnlab.ui.look import theme
from nnlab.ui.scope import Scope, scope_of
from nnlab.ui.workbench import Workbench

READABLE = 0.55  # zoom at which names and shapes can be read
EMPTY_HINT = "Drag a layer here, or double-click to search"
STALE_NOTE = "The pictures show the network before your changes"


class GraphEditor(DropView):
    """The network as drawn: everything one can do to it with mouse and keyboard."""

    _styled: theme.Theme | None = None

    def __init__(self, bench: Workbench | Scope, parent: QWidget | None = None) -> None:
        bench = scope_of(bench)
        super().__init__(bench, parent)
        self.setObjectName("graphEditor")
        self.setAccessibleName("Network")
        self.setAccessibleDescription("The layers of the network and the wires between them")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.space_held = False
        self._gesture: Gesture | None = None
        self._fitted = False
        self._last_seen = QPointF()
        self._seen_of = (bench.history, bench.path)
        self._views: dict[tuple[str, ...], tuple[QPointF, float]] = {}  # where one looked, to come back to
        self.hover = hover.Hover(self)
        self.travel = Travel(self)
        self.problems = Problems(bench, self.picture)
        self.pictures = LivePictures(self)
        self.minimap = Minimap(self)
        self.glide.finished.connect(self.minimap.later)
        self._empty = Note(self, EMPTY_HINT, framed=False)
        self._stale = Note(self, STALE_NOTE)
        self.crumbs = Breadcrumb(bench, self)
        self.ghost = Ghost(self)
        bench.previewed.connect(self.ghost.show)
        bench.document_changed.connect(self.on_document)
        bench.selection_changed.connect(self._show_selection)
        bench.stale_changed.connect(self._show_notes)
        self._show_notes()
        self._styled = theme.current()

    # ---------------------------------------------------------------- following the bench

    def on_document(self, old: Document, new: Document) -> None:
        """Show what changed; a drag that was under way ends without effect."""
        self._stop_gesture()
        self.glide.settle()
        before = {node_id: item.pos() for node_id, item in self.picture.nodes.items()}
        self.ghost.forget_view()  # a previewed fix that is applied leaves everything where one sees it
        self.ghost.drop()
        had_all = self.seen().contains(self.picture.bounds())
        self.picture.show_change(old, new)
        self.picture.show_selection(self.bench.selection)
        self.problems.later()
        if self._seen_of != (self.bench.history, self.bench.path):
            self._show_opened()
        else:
            self.glide.run_from(before)
            if had_all and len(new.graph.nodes) > len(old.graph.nodes):
                self._keep_all_in_view()
        self.minimap.later()
        self._show_notes()

    def _show_opened(self) -> None:
        """Another project, or the inside of a block: nothing of what was seen stays."""
        history, path = self._seen_of
        self._seen_of = (self.bench.history, self.bench.path)
        if history is not self.bench.history:
            self._views.clear()
        else:
            self._views[path] = (self.seen().center(), self.zoom)
        self.pictures.clear()
        self.hover.focus(None)
        self.name_field.finish(False)
        if self.bench.path in self._views:
            self.look_at(*self._views[self.bench.path])
        else:
            self._fit_opened()

    def _fit_opened(self) -> None:
        """Show all of it; of a long block, so much from its left end as can be read."""
        area, room = self.picture.bounds(), self.viewport().width()
        if not self.bench.path or self.zoom_for(area) >= READABLE:
            self.fit_all()
            return
        left = area.left() - FIT_MARGIN / READABLE
        self.look_at(QPointF(left + room / 2 / READABLE, area.center().y()), READABLE)

    def _keep_all_in_view(self) -> None:
        """What was seen whole stays seen whole when a layer is added."""
        nodes = self.bench.document.graph.nodes
        area = QRectF()
        for node_id, item in self.picture.nodes.items():  # where they will stand, not where they glide
            area = area.united(item.look.rect.translated(nodes[node_id].x, nodes[node_id].y))
        if not self.seen().contains(area):
            self.travel.go(area.center(), min(self.zoom, self.zoom_for(area)), self.glide.enabled)

    def _show_selection(self, chosen: frozenset[str]) -> None:
        self.picture.show_selection(chosen)
        area = self.picture.bounds(chosen & self.picture.nodes.keys())
        travelling = self.travel.state() == self.travel.State.Running  # to a view that shows all of it
        if len(chosen) == 1 and not travelling and not self.seen().intersects(area):
            self.show_point(area)

    def _show_notes(self, *_: object) -> None:
        self._empty.setVisible(not self.bench.document.graph.nodes)
        self._stale.setVisible(self.bench.stale)
        self.crumbs.place()
        for note, y in ((self._empty, self.height() // 2 - 12), (self._stale, self._crumbs_bottom() + 12)):
            note.adjustSize()
            note.move((self.width() - note.width()) // 2, y)
            note.raise_()

    def _crumbs_bottom(self) -> int:
        return self.crumbs.geometry().bottom() if self.crumbs.isVisibleTo(self) else 0

    def notes_bottom(self) -> int:
        """How far down from the top what floats there reaches."""
        return max(self._crumbs_bottom(), self._stale.geometry().bottom() if self.bench.stale else 0)

    def on_theme(self) -> None:
        """Draw everything in the colours of the present theme."""
        self._styled = theme.current()
        super().on_theme()
        for note in (self._empty, self._stale, self.bubble, self.ghost.note):
            note.restyle()
        self.crumbs.restyle()
        self.pictures.draw()
        self.minimap.later()

    def escape(self) -> None:
        """Cancel the gesture under way; if there is none, clear the selection; if that is empty, leave the open block."""
        if self._gesture is not None:
            self._stop_gesture()
        elif self.bench.path and not self.bench.selection and not self.picture.chosen_wires:
            self.bench.leave()
        else:
            self.picture.choose_wires(())
            self.bench.select(())
            self.hover.focus(None)

    def search_for_wire(self, wire: DrawWire, place: QPointF) -> None:
        """Offer the layers that fit a wire dropped on empty canvas; the pick is connected, Esc restores."""
        document = self.bench.document.with_graph(wire.base)
        fits = edits.layers_after if wire.end.is_output else edits.layers_before

        def picked(choice: Choice) -> None:
            wire.cancel()
            if choice.described is not None:
                self.plant(
                    choice, lambda d: typed_layers.behind_wire(document, d, wire.end.node, wire.end.port, corner)
                )
                return
            shape = edits.shape_at(document, wire.end) if wire.end.is_output else None
            layer = search.configured(choice.value, choice.number, shape)
            if layer is None:
                return
            shift = geometry.WIDTH / 2 * (1 if wire.end.is_output else -1)
            graph, new = edits.added(wire.base, layer, *self._corner(place + QPointF(shift, 0)))
            try:
                self._apply_new(f"Add {layer.title}", edits.attached(graph, new, wire.end), (new,))
            except LinkError as error:
                self.say(str(error))

        self._gesture = None
        corner = self._corner(place + QPointF(geometry.WIDTH / 2, 0))
        describe = self.describe(wire.end.node, wire.end.port) if wire.end.is_output else None
        choices = search.layer_choices(fits(document, wire.end))
        self.offer(place, choices, "Add a layer that fits", picked, wire.cancel, describe)

    # ---------------------------------------------------------------- mouse

    def _stop_gesture(self) -> None:
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.cancel()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A gesture begins."""
        self._stop_gesture()
        self.ghost.drop()
        self.glide.settle()
        self.travel.stop()
        self.bubble.hide()
        self.hover.leave()
        self._gesture = gestures.begin(self, event, self._place(event))
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The gesture goes on; without one, what is below the pointer stands out."""
        if event.globalPosition() != self._last_seen:  # Qt also sends moves when what lies below the mouse changes
            self._last_seen, self.mouse_moved = event.globalPosition(), True
        if self._gesture is None:
            self.hover.move(self._place(event))
            return
        if self._gesture.scrolls:
            self._scroll_at_edge(event.position())
        self._gesture.move(event, self._place(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The gesture ends, with one edit at most."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.release(event, self._place(event))
        self.minimap.later()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A layer: edit it. A wire: put a layer into it. The canvas: add one."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._stop_gesture()
        place = self._place(event)
        node_id = self.picture.node_at(place)
        if node_id is not None:
            self.bench.select({node_id})
            self.edit_selection()
        else:
            self.search_at(place, self.picture.wire_at(place, WIRE_REACH / self.zoom))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done here."""
        self._stop_gesture()
        menus.show(self, event.globalPos(), self.mapToScene(event.pos()))

    def _place(self, event: QMouseEvent) -> QPointF:
        return self.viewportTransform().inverted()[0].map(event.position())

    def _scroll_at_edge(self, at: QPointF) -> None:
        size, step, edge = self.viewport().size(), gestures.EDGE_STEP, gestures.EDGE
        dx = step if at.x() < edge else -step if at.x() > size.width() - edge else 0
        dy = step if at.y() < edge else -step if at.y() > size.height() - edge else 0
        if dx or dy:
            self.pan(dx, dy)

    # ---------------------------------------------------------------- keys and the rest

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys that belong to the canvas; all others are the window's."""
        if not keys.press(self, event):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Space is let go."""
        if not keys.release(self, event):
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Reached with Tab, it shows where the keyboard is."""
        super().focusInEvent(event)
        by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if by_key and not self.bench.selection and self.hover.focused not in self.picture.nodes:
            self.hover.focus(keys.first_node(self))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A key that is let go elsewhere is let go."""
        self.space_held = False
        super().focusOutEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Tooltips, and the pointer leaving."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.hover.tip(self.mapToScene(event.pos())), self.viewport())
            return True
        if event.type() == QEvent.Type.Leave:
            self.hover.leave()
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what floats in its place."""
        super().resizeEvent(event)
        self._show_notes()
        self.minimap.place()

    def showEvent(self, event: QShowEvent) -> None:
        """The first time, show the whole network."""
        super().showEvent(event)
        if not self._fitted:
            self._fitted = True
            self.fit_all()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing stays half done."""
        self._stop_gesture()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._styled not in (None, theme.current()):
            self.on_theme()

    def export(self, path: Path) -> None:
        """Write the network to a picture file in the colours of the present theme."""
        diagram.render(self.bench.document, path, theme.current().name)
