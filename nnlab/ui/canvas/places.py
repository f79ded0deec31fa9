"""What is where on the canvas: asked of Qt's index, never by walking all nodes (except from far away, where they are hidden)."""

from collections.abc import Iterable
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtWidgets import QGraphicsScene

from nnlab.core.graph import Link
from nnlab.ui.canvas import geometry
from nnlab.ui.canvas.edits import End
from nnlab.ui.canvas.items import NodeItem, WireItem

Detail = Literal["far", "middle", "near"]
WIRE_REACH = 7.0  # pixels on the screen


class Places(QGraphicsScene):
    """A scene of nodes and wires that can be asked what is at a point."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: dict[str, NodeItem] = {}
        self.wires: dict[Link, WireItem] = {}
        self.detail: Detail = "near"

    def node_at(self, point: QPointF) -> str | None:
        """The topmost node whose card is at this point."""
        return next((i.node_id for i in self._near(point, 0) if i.card().contains(point)), None)

    def port_at(self, point: QPointF, reach: float, want: bool | None = None) -> End | None:
        """The nearest port within reach; `want` True asks for outputs only, False for inputs only."""
        best: tuple[float, End] | None = None
        for item in self._near(point, reach):
            found = item.port_at(point, reach)
            for name, is_output in [] if found is None else [(found[0].name, found[1])]:
                away = geometry.distance(point, item.port_point(name, is_output))
                if want in (None, is_output) and (best is None or away < best[0]):
                    best = away, End(item.node_id, name, is_output)
        return best[1] if best else None

    def wire_at(self, point: QPointF, reach: float) -> Link | None:
        """The nearest wire within reach."""
        wires = self.wires_in(QRectF(point.x() - reach, point.y() - reach, 2 * reach, 2 * reach))
        near = [(geometry.wire_distance(w.start, w.end, point, w.lane), w.link) for w in wires]
        near = [n for n in near if n[0] <= reach]
        return min(near, key=lambda n: n[0])[1] if near else None

    def wires_in(self, area: QRectF) -> list[WireItem]:
        """The wires whose surroundings touch this rectangle."""
        if self.detail == "far":
            return [w for w in self.wires.values() if w.sceneBoundingRect().intersects(area)]
        found = self.items(area, Qt.ItemSelectionMode.IntersectsItemBoundingRect)
        return [item for item in found if isinstance(item, WireItem)]

    def _near(self, point: QPointF, reach: float) -> list[NodeItem]:
        if self.detail == "far":
            return [i for i in self.nodes.values() if i.card().adjusted(-reach, -reach, reach, reach).contains(point)]
        side = max(reach, 1.0)
        area = QRectF(point.x() - side, point.y() - side, 2 * side, 2 * side)
        found = self.items(area, Qt.ItemSelectionMode.IntersectsItemBoundingRect)
        return [item for item in found if isinstance(item, NodeItem)]

    def nodes_in(self, area: QRectF) -> frozenset[str]:
        """The nodes whose cards touch this rectangle."""
        if self.detail == "far":
            return frozenset(n for n, item in self.nodes.items() if item.card().intersects(area))
        found = self.items(area, Qt.ItemSelectionMode.IntersectsItemBoundingRect)
        return frozenset(i.node_id for i in found if isinstance(i, NodeItem) and i.card().intersects(area))

    def bounds(self, node_ids: Iterable[str] | None = None) -> QRectF:
        """The rectangle around these nodes, or around all."""
        found = QRectF()
        for node_id in self.nodes if node_ids is None else node_ids:
            found = found.united(self.nodes[node_id].card())
        return found
