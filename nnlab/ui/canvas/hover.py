"""What stands out below the pointer or under the keyboard's focus, and what its tooltip says."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from nnlab.core.graph import Link
from nnlab.core.layer import MISSING, shape_text
from nnlab.core.words import count
from nnlab.ui.canvas.gestures import PORT_REACH
from nnlab.ui.canvas.looks import node_tooltip
from nnlab.ui.canvas.palette import plain_tip
from nnlab.ui.canvas.places import WIRE_REACH

if TYPE_CHECKING:
    from nnlab.ui.canvas.editor import GraphEditor

KIND_WORDS = {
    "x": "numbers",
    "i": "whole-number indices",
    "m": "a mask",
    "h": "a hidden state",
    "e": "a list of edges",
    "s": "a loss",
}


class Hover:
    """At most one node or wire below the pointer, and one node under the keyboard's focus."""

    def __init__(self, editor: "GraphEditor") -> None:
        self._editor = editor
        self._node: str | None = None
        self._wire: Link | None = None
        self.focused: str | None = None

    def move(self, place: QPointF) -> None:
        """The pointer is here."""
        scene, zoom = self._editor.picture, self._editor.zoom
        if self._editor.space_held:
            return
        end = scene.port_at(place, PORT_REACH / zoom) if scene.detail != "far" else None
        node_id = end.node if end else scene.node_at(place)
        link = None if node_id else scene.wire_at(place, WIRE_REACH / zoom)
        if node_id != self._node:
            self._leave_node()
            self._node = node_id
        if node_id is not None:
            scene.set_state(node_id, hovered=True, hot_port=(end.port, end.is_output) if end else None)
        if link != self._wire:
            self._light(False)
            self._wire = link
            self._light(True)
        shape = Qt.CursorShape.CrossCursor if end else Qt.CursorShape.PointingHandCursor if link else None
        if shape is None:
            self._editor.viewport().unsetCursor()
        else:
            self._editor.viewport().setCursor(shape)

    def leave(self) -> None:
        """The pointer is elsewhere."""
        self._leave_node()
        self._light(False)
        self._wire = None

    def focus(self, node_id: str | None) -> None:
        """Put the keyboard's focus on this node."""
        scene = self._editor.picture
        if self.focused is not None:
            scene.set_state(self.focused, focused=False)
        self.focused = node_id
        if node_id is not None:
            scene.set_state(node_id, focused=True)
            self._editor.show_point(scene.nodes[node_id].card())

    def tip(self, place: QPointF) -> str:
        """What the tooltip at this place says, safe to show."""
        scene, zoom = self._editor.picture, self._editor.zoom
        end = scene.port_at(place, PORT_REACH / zoom) if scene.detail != "far" else None
        if end is not None:
            return plain_tip(self._port_words(end.node, end.port, end.is_output))
        node_id = scene.node_at(place)
        if node_id is not None:
            return plain_tip(node_tooltip(scene.nodes[node_id].look) or self._layer_words(node_id))
        link = scene.wire_at(place, WIRE_REACH / zoom)
        return plain_tip(scene.wires[link].look.text) if link else ""

    def _port_words(self, node_id: str, name: str, is_output: bool) -> str:
        document = self._editor.bench.document
        port = self._editor.picture.nodes[node_id].look.port(name, is_output)
        at = document.shapes[node_id]
        shapes = at.outputs if is_output else at.inputs
        ports = document.graph.output_ports(node_id) if is_output else document.graph.input_ports(node_id)
        place = [p.name for p in ports].index(name) if port else 0
        side = "Output" if is_output else "Input"
        look = self._editor.picture.nodes[node_id].look
        named = look.label_of(name, is_output)
        side = f"{side}, {named}" if named and named != side.lower() else side
        words = f"{side}: {KIND_WORDS[port.kind] if port else ''}"
        known = place < len(shapes) and shapes[place] != MISSING
        if known and port is not None and port.kind == "e":
            return f"{words}, at most {count(shapes[place][-1])}; one that runs both ways counts twice"
        return f"{words}, {shape_text(shapes[place])}" if known else words

    def _layer_words(self, node_id: str) -> str:
        return type(self._editor.bench.document.graph.nodes[node_id].layer).help_text().split("\n", 1)[0]

    def _leave_node(self) -> None:
        if self._node is not None:
            self._editor.picture.set_state(self._node, hovered=False, hot_port=None)
            self._node = None

    def _light(self, lit: bool) -> None:
        scene = self._editor.picture
        if self._wire in scene.wires and self._wire not in scene.chosen_wires:
            scene.wires[self._wire].hover(lit)
