"""The network panel's picture: units in columns, weighted wires between them, and the formula of the one pointed at."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent

from nnlab.engine.wants import Activations
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import labels, theme
from nnlab.ui.panels.network import cards, columns, units
from nnlab.ui.panels.network.columns import Stack
from nnlab.ui.panels.network.formula import Moment
from nnlab.ui.panels.network.wires import Target, UnitTarget, draw_wires, wire_at
from nnlab.ui.panels.network.wiring import Bundle, bundles


class NetworkDrawing(Drawing):
    """Paints one moment of the network and explains what the mouse points at."""

    def __init__(self) -> None:
        super().__init__(
            "Network",
            "The network unfolded into units and wires. Arrow keys choose a unit, its formula is shown; Escape lets go.",
        )
        self.moment: Moment | None = None
        self.activations: Activations | None = None
        self.stacks: dict[str, Stack] = {}
        self.wires: list[Bundle] = []
        self.pinned: Target | None = None
        self._key: object = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_moment(self, moment: Moment, activations: Activations | None) -> None:
        """Paint this from now on."""
        self.moment, self.activations = moment, activations
        key = (moment.document.graph, [(k, v.shape) for k, v in moment.sample.nodes.items()], self.size())
        if key != self._key:
            self._key = key
            self._lay_out()
        self.wires = bundles(moment, {node_id: stack.shown for node_id, stack in self.stacks.items()})

    def _lay_out(self) -> None:
        if self.moment is None:
            return
        graph = self.moment.document.graph
        sizes = {
            node_id: len(self.moment.output(node_id))
            for node_id in self.moment.sample.nodes
            if node_id in graph.nodes and graph.nodes[node_id].layer.outputs and self._has_units(node_id)
        }
        self.setMinimumWidth(columns.least_width(self.moment.document, sizes))
        self.stacks = columns.stacks(self.moment.document, sizes, self.width(), self.height())
        if self.pinned is not None and not self._is_drawn(self.pinned):
            self.pinned = None

    def _has_units(self, node_id: str) -> bool:
        """A list of edges has none, nor has a single loss."""
        assert self.moment is not None
        kinds = self.moment.document.shapes[node_id].kinds
        values = self.moment.output(node_id)
        return values.ndim > 0 and values.size > 0 and kinds[:1] != ("e",)

    def _is_drawn(self, target: Target) -> bool:
        if isinstance(target, UnitTarget):
            return target.node_id in self.stacks and target.unit < self.stacks[target.node_id].shown
        ends = ((target.source, target.start), (target.target, target.end))
        return all(node in self.stacks and unit < self.stacks[node].shown for node, unit in ends)

    # ---------------------------------------------------------------- what is pointed at

    def target_at(self, at: QPointF) -> Target | None:
        """The unit at this place, or the wire that passes it."""
        for stack in self.stacks.values():
            unit = stack.unit_at(at)
            if unit is not None:
                return UnitTarget(stack.node_id, unit)
        return wire_at(at, self.wires, self.stacks)

    # ---------------------------------------------------------------- painting

    def draw(self, painter: QPainter) -> None:
        """Wires, units, names, and the card of what is pointed at."""
        if self.moment is None:
            return
        target = self.pinned or (self.target_at(self.hover) if self.hover is not None else None)
        draw_wires(painter, self.wires, self.stacks, target)
        for stack in self.stacks.values():
            known = self.activations.nodes.get(stack.node_id) if self.activations else None
            units.draw_stack(painter, stack, self.moment.shown(stack.node_id), known)
        self.still(painter, "names", self._key_of_names(), lambda p: units.draw_names(p, self.stacks))
        for answer, last in self._answers():
            cards.draw_answers(painter, answer, last, QRectF(self.rect()))
        if target is not None and self._is_drawn(target):
            self._draw_target(painter, target)

    def _key_of_names(self) -> object:
        return tuple((s.title, s.more, s.x, s.top, s.bottom, s.pitch) for s in self.stacks.values())

    def _answers(self) -> list[tuple[cards.Answer, Stack]]:
        """What each Output says, and the units that it reads: the first answer, and those besides."""
        assert self.moment is not None
        document, sample = self.moment.document, self.moment.sample
        graph, spec = document.graph, document.spec
        others = {each.output: cards.Answer(each.target, each.right, each.prediction) for each in sample.others}
        found: list[tuple[cards.Answer, Stack]] = []
        for node_id, node in graph.nodes.items():
            if spec is None or node.layer.outputs or not graph.incoming[node_id]:
                continue
            stack = self.stacks.get(graph.incoming[node_id][0].source)
            if stack is None or document.shapes[node_id].kinds[:1] == ("s",):
                continue  # a loss is no answer
            main = cards.Answer(spec.targets[0], np.array([sample.target]), sample.prediction)
            found.append((others.get(node_id, main), stack))
        return found

    def _draw_target(self, painter: QPainter, target: Target) -> None:
        assert self.moment is not None
        painter.setPen(QPen(theme.current().color("accent"), 2))
        seen = QRectF(self.visibleRegion().boundingRect()) if self.isVisible() else QRectF(self.rect())
        if isinstance(target, UnitTarget):
            box = self.stacks[target.node_id].place(target.unit)
            painter.drawRoundedRect(box.adjusted(-3, -3, 3, 3), 4, 4)
            cards.draw_unit(painter, self.moment, target.node_id, target.unit, box, seen)
        else:
            start = self.stacks[target.source].place(target.start)
            end = self.stacks[target.target].place(target.end)
            middle = (QPointF(start.right(), start.center().y()) + QPointF(end.left(), end.center().y())) / 2
            cards.draw_wire(painter, self.moment, self.wires, target, middle, seen)

    # ---------------------------------------------------------------- Qt

    def minimumSizeHint(self) -> QSize:
        """Wide enough for every column."""
        return QSize(max(160, self.minimumWidth()), 160)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other size, other places."""
        self._key = None
        if self.moment is not None:
            self.show_moment(self.moment, self.activations)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pin what is under the mouse, or let go."""
        if event.button() == Qt.MouseButton.LeftButton and not self.message:
            found = self.target_at(event.position())
            self.pinned = None if found == self.pinned else found
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys move the pin from unit to unit; Escape takes it away."""
        if event.key() == Qt.Key.Key_Escape and self.pinned is not None:
            self.pinned = None
        elif event.key() in _STEPS and self.stacks and not self.message:
            self._step(*_STEPS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)
        self.update()

    def _step(self, across: int, down: int) -> None:
        ids = list(self.stacks)
        if not isinstance(self.pinned, UnitTarget):
            self.pinned = UnitTarget(ids[0], 0)
        else:
            node_id = ids[min(max(0, ids.index(self.pinned.node_id) + across), len(ids) - 1)]
            unit = min(max(0, self.pinned.unit + down), self.stacks[node_id].shown - 1)
            self.pinned = UnitTarget(node_id, unit)
        if self.moment is not None:
            said = cards.spoken(self.moment, self.pinned.node_id, self.pinned.unit)
            self.setAccessibleDescription(labels.plain(said))


_STEPS: dict[Qt.Key, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
