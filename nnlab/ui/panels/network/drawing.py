"""The network panel's picture: units in columns, weighted wires between them, and the formula of the one pointed at."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent

from nnlab.engine.wants import Activations, NodeActivations
from nnlab.ui import labels, pictures, plots, theme
from nnlab.ui.drawing import Drawing
from nnlab.ui.panels.network import cards, columns
from nnlab.ui.panels.network.columns import Stack
from nnlab.ui.panels.network.formula import Moment
from nnlab.ui.panels.network.wiring import Bundle, bundles

REACH = 5.0  # pixels from a wire at which it is meant
STRENGTHS = 6  # how many widths wires are drawn in


@dataclass(frozen=True)
class UnitTarget:
    """A unit that is pointed at or pinned."""

    node_id: str
    unit: int


@dataclass(frozen=True)
class WireTarget:
    """A wire that is pointed at or pinned."""

    source: str
    target: str
    start: int
    end: int


Target = UnitTarget | WireTarget
Chosen = NDArray[np.bool_]


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
            node_id: len(values)
            for node_id, values in self.moment.sample.nodes.items()
            if node_id in graph.nodes and values.ndim in (1, 3) and values.size and graph.nodes[node_id].layer.outputs
        }
        self.setMinimumWidth(columns.least_width(self.moment.document, sizes))
        self.stacks = columns.stacks(self.moment.document, sizes, self.width(), self.height())
        if self.pinned is not None and not self._is_drawn(self.pinned):
            self.pinned = None

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
        return self._wire_at(at)

    def _wire_at(self, at: QPointF) -> WireTarget | None:
        best: tuple[float, WireTarget] | None = None
        for bundle in self.wires:
            ends = self._ends(bundle)
            if not ends[0, 0] < at.x() < ends[0, 2]:
                continue
            share = (at.x() - ends[:, 0]) / (ends[:, 2] - ends[:, 0])
            rise = (ends[:, 3] - ends[:, 1]) / (ends[:, 2] - ends[:, 0])
            away = np.abs(ends[:, 1] + share * (ends[:, 3] - ends[:, 1]) - at.y()) / np.hypot(1, rise)
            nearest = int(away.argmin())
            if away[nearest] <= REACH and (best is None or away[nearest] < best[0]):
                start, end = int(bundle.starts[nearest]), int(bundle.ends[nearest])
                best = (float(away[nearest]), WireTarget(bundle.source, bundle.target, start, end))
        return best[1] if best else None

    def _ends(self, bundle: Bundle) -> plots.Numbers:
        """Where each wire of a bundle begins and ends: rows of x1, y1, x2, y2."""
        source, target = self.stacks[bundle.source], self.stacks[bundle.target]
        rows = np.empty((len(bundle), 4))
        rows[:, 0], rows[:, 2] = source.x + source.side / 2, target.x - target.side / 2
        rows[:, 1] = source.top + bundle.starts * source.pitch + source.side / 2
        rows[:, 3] = target.top + bundle.ends * target.pitch + target.side / 2
        return rows

    # ---------------------------------------------------------------- painting

    def draw(self, painter: QPainter) -> None:
        """Wires, units, names, and the card of what is pointed at."""
        if self.moment is None:
            return
        target = self.pinned or (self.target_at(self.hover) if self.hover is not None else None)
        self._draw_wires(painter, target)
        for stack in self.stacks.values():
            self._draw_stack(painter, stack, self.moment)
        self.still(painter, "names", self._key_of_names(), self._draw_names)
        cards.draw_answers(painter, self.moment, self._last_stack(), QRectF(self.rect()))
        if target is not None and self._is_drawn(target):
            self._draw_target(painter, target)

    def _key_of_names(self) -> object:
        return tuple((s.title, s.more, s.x, s.top, s.bottom, s.pitch) for s in self.stacks.values())

    def _last_stack(self) -> Stack | None:
        """The units that the output reads."""
        assert self.moment is not None
        graph = self.moment.document.graph
        ends = [
            node_id for node_id in graph.nodes if graph.incoming[node_id] and not graph.nodes[node_id].layer.outputs
        ]
        return self.stacks.get(graph.incoming[ends[0]][0].source) if ends else None

    def _draw_wires(self, painter: QPainter, target: Target | None) -> None:
        weights = [np.abs(b.weights).max() for b in self.wires if b.weights is not None]
        largest = float(np.nan_to_num(max(weights, default=1.0))) or 1.0
        for bundle in self.wires:
            ends = self._ends(bundle)
            bright = _touched(bundle, target)
            if bundle.weights is None:
                self._stroke(painter, ends[~bright], "wire", 0.0, 0.35 if target is None else 0.15)
                self._stroke(painter, ends[bright], "wire", 0.4, 1.0)
            else:
                self._draw_weighted(painter, ends, bundle.weights / largest, bright, target is not None)

    def _draw_weighted(
        self, painter: QPainter, ends: plots.Numbers, sizes: plots.Numbers, bright: Chosen, others_fade: bool
    ) -> None:
        """The weakest first, so that the strong ones lie on top; the ones pointed at above all."""
        strengths = np.minimum(np.nan_to_num(np.abs(sizes) * STRENGTHS).astype(int), STRENGTHS - 1)
        for chosen in (~bright, bright):
            for strength in range(STRENGTHS):
                share = (strength + 0.5) / STRENGTHS
                clear = 1.0 if chosen is bright else 0.12 if others_fade else 0.2 + 0.8 * share
                group = chosen & (strengths == strength)
                for token, sign in (("negative", sizes < 0), ("positive", sizes >= 0)):
                    self._stroke(painter, ends[group & sign], token, share, clear)

    def _stroke(self, painter: QPainter, ends: plots.Numbers, token: str, share: float, clear: float) -> None:
        if len(ends):
            painter.setPen(QPen(plots.faded(token, clear), 1.0 + 3.0 * share))
            painter.drawLines([QLineF(*row) for row in ends.tolist()])

    def _draw_stack(self, painter: QPainter, stack: Stack, moment: Moment) -> None:
        values = moment.output(stack.node_id)
        known = self.activations.nodes.get(stack.node_id) if self.activations else None
        limit = pictures.limit_of(known) if known else float(np.nan_to_num(np.abs(values).max())) or 1.0
        if values.ndim == 3:
            array = values[: stack.shown].astype(np.float32)
            self._draw_tiles(painter, stack, NodeActivations("maps", array, -limit, limit, 0, 0, stack.total))
            self._draw_edges(painter, stack, None)
        elif known is not None and known.kind == "plane" and len(known.values) >= stack.shown:
            self._draw_tiles(painter, stack, known)
            self._draw_edges(painter, stack, [(v, limit) for v in values[: stack.shown].tolist()])
        else:
            painter.setPen(QPen(theme.current().color("wire"), 1))
            for unit, value in enumerate(values[: stack.shown].tolist()):
                painter.setBrush(pictures.signed_color(value, limit))
                painter.drawEllipse(stack.place(unit))
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_tiles(self, painter: QPainter, stack: Stack, node: NodeActivations) -> None:
        ratio = self.devicePixelRatioF()
        side, gap = round(stack.side * ratio), round(stack.pitch * ratio) - round(stack.side * ratio)
        sheet = pictures.sheet(replace(node, values=node.values[: stack.shown]), 1, side, side, gap)
        sheet.setDevicePixelRatio(ratio)
        painter.drawImage(stack.place(0).topLeft(), sheet)

    def _draw_edges(self, painter: QPainter, stack: Stack, numbers: list[tuple[float, float]] | None) -> None:
        """A frame around each tile, in the colour of the unit's number for the chosen sample if it has one."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for unit in range(stack.shown):
            pen = QPen(theme.current().color("wire", 160), 1)
            if numbers is not None:
                pen = QPen(pictures.signed_color(*numbers[unit]), 2)
            painter.setPen(pen)
            painter.drawRect(stack.place(unit).adjusted(-1, -1, 0, 0))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _draw_names(self, painter: QPainter) -> None:
        now = theme.current()
        across = min((abs(a.x - b.x) for a in self.stacks.values() for b in self.stacks.values() if a.x != b.x), default=160)  # fmt: skip
        for stack in self.stacks.values():
            title = plots.shortened(stack.title, across - 4)
            at = QPointF(stack.x - plots.text_width(title) / 2, stack.place(0).top() - 9)
            plots.draw_text(painter, at, title, now.color("muted"))
            at = QPointF(stack.x - plots.text_width(stack.more) / 2, stack.bottom + 14)
            plots.draw_text(painter, at, stack.more, now.color("muted"))

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


def _touched(bundle: Bundle, target: Target | None) -> Chosen:
    """Which wires of a bundle belong to the target: those into a unit, or the one wire."""
    if isinstance(target, UnitTarget) and bundle.target == target.node_id:
        return np.asarray(bundle.ends == target.unit)
    if isinstance(target, WireTarget) and (bundle.source, bundle.target) == (target.source, target.target):
        return np.asarray((bundle.starts == target.start) & (bundle.ends == target.end))
    return np.zeros(len(bundle), dtype=bool)
