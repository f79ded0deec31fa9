"""The picture of one graph: an item per node, a path and a chip per wire, made equal to the document by comparing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QTimer

from nnlab.core.document import Document
from nnlab.core.graph import Link, Node
from nnlab.ui.canvas import geometry
from nnlab.ui.canvas.items import ChipItem, NodeItem, WireItem
from nnlab.ui.canvas.looks import NodeLook, WireLook, node_look, wire_look
from nnlab.ui.canvas.overview import Overview
from nnlab.ui.canvas.places import Detail, Places
from nnlab.ui.canvas.routing import CLEAR, Lanes, is_labelled, label_shift

WORLD = 1_000_000.0
REROUTED = 60  # nodes; where more change their places, every long wire is looked at


class GraphScene(Places):
    """Shows a document and never edits it. Undo, redo, open and edits all arrive at `show_change`."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.setSceneRect(QRectF(-WORLD, -WORLD, 2 * WORLD, 2 * WORLD))
        self.document = Document()
        self.chips: dict[Link, ChipItem] = {}
        self._lanes = Lanes()
        self.problems: Mapping[str, tuple[str, str]] = {}
        """Node id -> (severity, sentence) of the last check."""
        self.chosen_wires: frozenset[Link] = frozenset()
        self.version = 0
        """Grows with every change of what is seen, so that a drawing knows whether it is up to date."""
        self._overview_later = QTimer(self, singleShot=True, interval=0)
        self._overview_later.timeout.connect(self._refresh_overview)
        self.overview = Overview()
        self.overview.setVisible(False)
        self.addItem(self.overview)
        self.show_change(self.document, document)

    # ---------------------------------------------------------------- following the document

    def show_change(self, old: Document, new: Document) -> None:
        """Touch only what differs between what is shown and `new`."""
        self.document = new
        for node_id in [n for n in self.nodes if n not in new.graph.nodes]:
            self.removeItem(self.nodes.pop(node_id))
            self._lanes.cards.drop(node_id)
        for link in [k for k in self.wires if k not in new.graph.links]:
            self._forget_wire(link)
        known = set(self.wires)
        placed = {node_id for node_id in new.graph.nodes if self._show_node(old, node_id)}
        for link in new.graph.links:
            self._show_wire(old, link, placed)
        self._reroute(old, known, placed)
        self.choose_wires(self.chosen_wires)
        self._refresh_overview()

    def show_problems(self, problems: Mapping[str, tuple[str, str]]) -> None:
        """Badge these nodes: node id -> (severity, sentence)."""
        differs = {n for n in {*problems, *self.problems} if problems.get(n) != self.problems.get(n)}
        self.problems = dict(problems)
        self.version += 1
        for node_id in differs & self.nodes.keys():
            self.nodes[node_id].show_look(self._look(node_id))

    def restyle(self) -> None:
        """Draw everything in the colours of the present theme."""
        self.version += 1
        for wire in self.wires.values():
            wire.restyle()
        for item in [*self.nodes.values(), *self.chips.values(), self.overview]:
            item.update()
        self.invalidate()

    def _show_node(self, old: Document, node_id: str) -> bool:
        """Make one item equal to its node; True if its ports may have moved."""
        node = self.document.graph.nodes[node_id]
        item = self.nodes.get(node_id)
        if item is None:
            item = NodeItem(node_id, self._look(node_id))
            item.setPos(node.x, node.y)
            item.setVisible(self.detail != "far")
            self.nodes[node_id] = item
            self.addItem(item)
            self._lanes.cards.put(node_id, item.card())
            return True
        moved = item.pos() != QPointF(node.x, node.y)
        if moved:
            item.setPos(node.x, node.y)
        ports = (item.look.height, len(item.look.inputs))
        if self._differs(old, node_id):
            item.show_look(self._look(node_id))
        changed = moved or ports != (item.look.height, len(item.look.inputs))
        if changed:
            self._lanes.cards.put(node_id, item.card())
        return changed

    def _differs(self, old: Document, node_id: str) -> bool:
        new = self.document
        return (
            old.graph.nodes.get(node_id) is not new.graph.nodes[node_id]
            or old.data is not new.data
            or old.shapes.get(node_id) != new.shapes[node_id]
            or old.graph.incoming.get(node_id) != new.graph.incoming[node_id]
            or old.graph.outgoing.get(node_id) != new.graph.outgoing[node_id]
        )

    def _look(self, node_id: str) -> NodeLook:
        return node_look(self.document, node_id, self.problems.get(node_id))

    def _show_wire(self, old: Document, link: Link, placed: set[str]) -> None:
        wire = self.wires.get(link)
        if wire is None:
            look = wire_look(self.document, link)
            wire = self.wires[link] = WireItem(link, look)
            chip = self.chips[link] = ChipItem(self._chip_look(link, look))
            wire.setVisible(self.detail != "far")
            chip.setVisible(self.detail == "near")
            self.addItem(wire)
            self.addItem(chip)
            self.route(link)
            return
        shapes_before = (old.shapes.get(link.source), old.shapes.get(link.target))
        shapes_now = self.document.shapes[link.source], self.document.shapes[link.target]
        others = old.graph.incoming.get(link.target) != self.document.graph.incoming[link.target]
        if shapes_before != shapes_now or others:
            look = wire_look(self.document, link)
            wire.show_look(look)
            self.chips[link].show_look(self._chip_look(link, look))
        if link.source in placed or link.target in placed:
            self.route(link)

    def _chip_look(self, link: Link, look: WireLook) -> WireLook:
        return look if is_labelled(self.document.graph, link) else replace(look, text="")

    def _reroute(self, old: Document, known: set[Link], placed: set[str]) -> None:
        """Let wires that pass where something came, went or moved find their way anew; those at moved nodes have one."""
        before, after = old.graph.nodes, self.document.graph.nodes
        stirred = [n for n in before if n not in after]
        stirred += [n for n, node in after.items() if before.get(n) is not node and not _stays(before.get(n), node)]
        places = [nodes[n] for n in stirred for nodes in (before, after) if n in nodes]
        near = known if len(stirred) > REROUTED else {w.link for p in places for w in self.wires_in(_around(p))}
        for link in near & known & self.wires.keys():
            if link.source not in placed and link.target not in placed:
                self.route(link)

    def _forget_wire(self, link: Link) -> None:
        self._lanes.forget(link)
        self.removeItem(self.wires.pop(link))
        self.removeItem(self.chips.pop(link))

    # ---------------------------------------------------------------- moving what is shown

    def place_node(self, node_id: str, place: QPointF) -> None:
        """Show a node elsewhere, its wires following; the document is not asked."""
        self.nodes[node_id].setPos(place)
        self._lanes.cards.put(node_id, self.nodes[node_id].card())
        for link in (*self.document.graph.incoming[node_id], *self.document.graph.outgoing[node_id]):
            self.route(link)
        self.version += 1
        if self.detail == "far" and not self._overview_later.isActive():
            self._overview_later.start()  # once, however many nodes are moved together

    def route(self, link: Link) -> None:
        """Let a wire run between its ports as they are shown, round the cards between them."""
        source, target = self.nodes[link.source], self.nodes[link.target]
        start, end = source.port_point(link.source_port, True), target.port_point(link.target_port, False)
        wire = self.wires[link]
        if wire.place(start, end, self._lanes.find(link, start, end)):
            steep = abs(end.y() - start.y()) >= geometry.HEIGHT  # else the cards at its ends leave it no more room
            room = geometry.chip_room(start, end, (source.card(), target.card()) if steep else (), wire.lane)
            shift = label_shift(self.document.graph, link, self._middle)
            self.chips[link].place(wire.middle() + QPointF(0, shift), room)

    def _middle(self, link: Link) -> QPointF:
        """The middle of the wire between the ports as they are now, also before it was placed there."""
        start = self.nodes[link.source].port_point(link.source_port, True)
        end = self.nodes[link.target].port_point(link.target_port, False)
        return geometry.wire_middle(start, end)

    # ---------------------------------------------------------------- states

    def set_state(self, node_id: str, **changes: Any) -> None:
        """Change some of a node's states: selected, focused, hovered, faded, hot_port."""
        item = self.nodes.get(node_id)
        if item is not None:
            item.show_state(replace(item.state, **changes))

    def show_selection(self, chosen: frozenset[str]) -> None:
        """Outline these nodes."""
        for node_id, item in self.nodes.items():
            if item.state.selected != (node_id in chosen):
                self.set_state(node_id, selected=node_id in chosen)
        self._refresh_overview()

    def choose_wires(self, links: Iterable[Link]) -> None:
        """Select these wires; selected wires are not part of the document's selection of nodes."""
        self.chosen_wires = frozenset(links) & self.wires.keys()
        for link, wire in self.wires.items():
            wire.light(link in self.chosen_wires)

    def offer_wire(self, link: Link | None) -> None:
        """Show that a layer would go into this wire, by the wire and the ports at its ends; None shows no wire."""
        for old in self.chosen_wires:
            self.set_state(old.source, hot_port=None)
            self.set_state(old.target, hot_port=None)
        self.choose_wires(() if link is None else (link,))
        if link is not None:
            self.set_state(link.source, hot_port=(link.source_port, True))
            self.set_state(link.target, hot_port=(link.target_port, False))

    def set_detail(self, detail: Detail) -> None:
        """Show as much as the zoom has room for."""
        if detail == self.detail:
            return
        self.detail = detail
        for item in (*self.nodes.values(), *self.wires.values()):
            item.setVisible(detail != "far")
        for chip in self.chips.values():
            chip.setVisible(detail == "near")
        self._refresh_overview()
        self.overview.setVisible(detail == "far")

    def _refresh_overview(self) -> None:
        self.version += 1
        if self.detail == "far":
            self.overview.collect(self.nodes, self.wires)


def _stays(before: Node | None, after: Node) -> bool:
    return before is not None and (before.x, before.y) == (after.x, after.y)


def _around(node: Node) -> QRectF:
    """Where a wire passes that goes round this node."""
    reach = 2 * CLEAR
    return QRectF(node.x, node.y, geometry.WIDTH, geometry.HEIGHT).adjusted(-reach, -reach, reach, 3 * reach)
