"""The wave over the network while a batch is stepped through: numbers run forward, gradients run back, weights move."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QObject, QPointF, QRectF, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from nnlab.core import words
from nnlab.core.graph import Graph, Link
from nnlab.engine.wants import MEAN, NodePhases, PhaseValues
from nnlab.ui.canvas import paint
from nnlab.ui.canvas.motion import is_reduced
from nnlab.ui.canvas.overlays import Note
from nnlab.ui.canvas.scene import GraphScene
from nnlab.ui.look import theme

if TYPE_CHECKING:
    from nnlab.ui.canvas.editor import GraphEditor

WAVE_Z, LABEL_Z = 0.7, 2.9  # above wires and below what stands on them; above the nodes
STEP_MS, SHORTEST_MS, LONGEST_MS = 260, 700, 2_400
MARGIN = 48.0  # around the nodes, for halos and their labels
SMALLEST_LABEL, LABEL_SPARE = 0.62, 56.0  # of its full size on the screen; how far it may reach beyond its node
TRAIL = (0.0, 0.06, 0.12)  # how far behind the front its dots run
NOTES = {
    "forward": "Forward: numbers run from left to right",
    "loss": "Loss: the answers meet the truth",
    "backward": "Backward: orange where the loss grows with the numbers, blue where it falls",
    "update": "Update: every weight takes its step",
}


@dataclass(frozen=True)
class Look:
    """How one node takes part in the wave."""

    token: str
    strength: float
    """From 0 to 1: how wide its halo is."""
    label: str
    begins: float
    """When the wave reaches it, as a share of the whole."""


@dataclass(frozen=True)
class Scenery:
    """One phase as it is drawn."""

    phase: str = ""
    nodes: Mapping[str, Look] = field(default_factory=dict)

    def reached(self, share: float) -> frozenset[str]:
        """The nodes that the wave has come to."""
        return frozenset(n for n, look in self.nodes.items() if share >= look.begins)


def scenery(values: PhaseValues, graph: Graph) -> Scenery:
    """How this phase looks on this network."""
    depths = _depths(graph, values)
    deepest = max(depths.values(), default=0) or 1
    sizes = {n: _size(values.phase, values.nodes[n]) for n in depths}
    largest = max(sizes.values(), default=0.0) or 1.0
    looks: dict[str, Look] = {}
    for node_id, depth in depths.items():
        label = _label(values, values.nodes[node_id], is_end=depth == deepest and not graph.outgoing[node_id])
        begins = {"forward": depth / deepest, "backward": 1 - depth / deepest}.get(values.phase, 0.0)
        if label:
            share = min(1.0, sizes[node_id] / largest)
            looks[node_id] = Look(_token(values.phase, values.nodes[node_id]), share, label, begins)
    return Scenery(values.phase, looks)


def _depths(graph: Graph, values: PhaseValues) -> dict[str, int]:
    """How many steps each node is from the data."""
    found: dict[str, int] = {}
    for node_id in graph.in_order:
        if node_id in values.nodes:
            before = [found[k.source] for k in graph.incoming[node_id] if k.source in found]
            found[node_id] = max(before, default=-1) + 1
    return found


def _size(phase: str, node: NodePhases) -> float:
    if phase == "backward":
        return 0.0 if node.gradient is None else _finite(node.gradient.size)
    if phase == "update":
        return max((_finite(p.step.size) for p in node.parameters.values() if p.step is not None), default=0.0)
    return 0.5


def _token(phase: str, node: NodePhases) -> str:
    if phase == "backward" and node.gradient is not None and node.gradient.values.size:
        flat = node.gradient.values.ravel()  # their sum is no measure: a softmax's gradients always add up to 0
        return "positive" if float(flat[abs(flat).argmax()]) >= 0 else "negative"
    return "good" if phase == "update" else "accent"


def _label(values: PhaseValues, node: NodePhases, is_end: bool) -> str:
    """What stands under the node; nothing where the phase does nothing."""
    if values.phase == "forward":
        return f"{words.number(node.output.low)} … {words.number(node.output.high)}"
    if values.phase == "loss":
        return f"loss {words.number(values.loss)}" if is_end and values.loss is not None else ""
    if values.phase == "backward":
        return "" if node.gradient is None else f"gradient {words.number(node.gradient.size)}"
    steps = [p.step.size for p in node.parameters.values() if p.step is not None]
    return f"step {words.number(max(steps))}" if steps else ""


def _finite(value: float) -> float:
    return value if abs(value) < float("inf") else 0.0


class Overlay(QGraphicsItem):
    """Something drawn over the whole network at one moment of the wave."""

    def __init__(self, scene: GraphScene, z: float) -> None:
        super().__init__()
        self._scene = scene
        self._area = QRectF()
        self.scenery = Scenery()
        self.share = 1.0
        self.setZValue(z)
        self.setVisible(False)
        scene.addItem(self)

    def show_moment(self, shown: Scenery, share: float) -> None:
        """Paint this from now on."""
        self.scenery, self.share = shown, share
        self.fit()
        self.setVisible(bool(shown.nodes))
        self.update()

    def fit(self) -> None:
        """Be as large as the network."""
        area = self._scene.bounds(n for n in self.scenery.nodes if n in self._scene.nodes)
        if area != self._area:
            self.prepareGeometryChange()
            self._area = area

    def boundingRect(self) -> QRectF:
        """The network and a margin."""
        return self._area.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)

    def _cards(self) -> Iterator[tuple[QRectF, Look, float]]:
        """The nodes that the wave has come to, and how clearly they are shown by now."""
        for node_id, look in self.scenery.nodes.items():
            item = self._scene.nodes.get(node_id)
            if item is not None and self.share >= look.begins:
                yield item.card(), look, min(1.0, (self.share - look.begins) * 6 + 0.4) if self.share < 1 else 1.0


class Labels(Overlay):
    """A figure at the foot of each node."""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Where the wave has been; from far away larger, as long as that can be read."""
        zoom = painter.worldTransform().m11() / painter.device().devicePixelRatio()
        for card, look, clear in self._cards():
            width, _ = paint.chip_size((look.label,))
            scale = max(1.0, min(0.9 / zoom, (card.width() + LABEL_SPARE) / width))
            if scale * zoom < SMALLEST_LABEL:
                continue
            painter.save()
            painter.translate(QPointF(card.center().x(), card.bottom() + 4))
            painter.scale(scale, scale)
            painter.setOpacity(clear)
            paint.chip(painter, (look.label,), theme.current())
            painter.restore()


class Light(Overlay):
    """Halos of the nodes the wave has come to, dots on the wires it runs along."""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Wires first, then the nodes."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.scenery.phase in ("forward", "backward"):
            for link, wire in self._scene.wires.items():
                self._paint_wire(painter, link, wire.path())
        for card, look, clear in self._cards():
            _paint_halo(painter, card, look, clear)

    def _paint_wire(self, painter: QPainter, link: Link, path: QPainterPath) -> None:
        """Coloured as far as the wave has come along it, with a few dots at its front."""
        ends = self.scenery.nodes.get(link.source), self.scenery.nodes.get(link.target)
        start, end = ends if self.scenery.phase == "forward" else ends[::-1]
        if start is None or end is None or self.share <= start.begins:
            return
        along = min(1.0, (self.share - start.begins) / max(1e-6, end.begins - start.begins))
        color = theme.current().color(start.token if self.scenery.phase == "forward" else end.token)
        if along >= 1.0:
            color.setAlpha(150)
            painter.setPen(QPen(color, 3.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(path)
            return
        painter.setPen(QPen(color, 0))
        painter.setBrush(color)
        for behind in TRAIL:
            place = max(0.0, along - behind)
            at = path.pointAtPercent(place if self.scenery.phase == "forward" else 1 - place)
            radius = 6.0 - 20 * behind
            painter.drawEllipse(at, radius, radius)


def _paint_halo(painter: QPainter, card: QRectF, look: Look, clear: float) -> None:
    now = theme.current()
    zoom = painter.worldTransform().m11()
    wide = max(2.5 + 5.0 * look.strength, (1.5 + 2.0 * look.strength) / zoom)
    color = now.color(look.token)
    color.setAlphaF(0.75 * clear)
    painter.setPen(QPen(color, wide))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    half = wide / 2 + 0.5
    painter.drawRoundedRect(card.adjusted(-half, -half, half, half), theme.CARD_RADIUS + half, theme.CARD_RADIUS + half)


class Wave(QObject):
    """Runs the wave once when a phase is done, and keeps its end on the canvas until the next one."""

    moved = Signal()
    """It has come to further nodes, or is gone."""

    def __init__(self, editor: "GraphEditor") -> None:
        super().__init__(editor)
        self._editor = editor
        self._key: tuple[object, ...] = ()
        self._reached: frozenset[str] = frozenset()
        self.values: PhaseValues | None = None
        self._items = (Light(editor.picture, WAVE_Z), Labels(editor.picture, LABEL_Z))
        self.note = Note(editor)
        self._run = QVariantAnimation(self)
        self._run.setStartValue(0.0)
        self._run.setEndValue(1.0)
        self._run.setEasingCurve(QEasingCurve.Type.InOutSine)
        self._run.valueChanged.connect(self._show)

    def show_values(self, values: PhaseValues, step: int, run: int) -> None:
        """Follow the batch; a phase that is new runs over the network."""
        key = (values.phase, step, run)
        is_new, self._key = key != self._key, key
        if not values.phase:
            self.clear()
            return
        self.values = values
        self._shown = scenery(values, self._editor.picture.document.graph)
        if is_new:
            self._begin()
        elif self._run.state() != QVariantAnimation.State.Running:
            self._show(1.0)
        self._place_note()

    def clear(self) -> None:
        """Nothing is under way any more."""
        self._key = ()
        if self.values is None:
            return
        self._run.stop()
        self.values, self._reached = None, frozenset()
        self._draw(Scenery(), 1.0)
        self.note.hide()
        self.moved.emit()

    def follow(self) -> None:
        """Nodes were moved or taken away."""
        if self.values is not None:
            self._shown = scenery(self.values, self._editor.picture.document.graph)
            self._draw(self._shown, self._items[0].share)

    def shown_node(self, node_id: str) -> NodePhases | None:
        """What the batch made of this node, if the wave has come to it."""
        return self.values.nodes.get(node_id) if self.values is not None and node_id in self._reached else None

    def restyle(self) -> None:
        """The colours changed."""
        self.note.restyle()
        self._draw(self._items[0].scenery, self._items[0].share)

    def _draw(self, shown: Scenery, share: float) -> None:
        for item in self._items:
            item.show_moment(shown, share)

    def _begin(self) -> None:
        self._run.stop()
        self._reached = frozenset()
        starts = {look.begins for look in self._shown.nodes.values()}
        self._run.setDuration(min(max(SHORTEST_MS, STEP_MS * len(starts)), LONGEST_MS))
        if is_reduced() or not self._editor.glide.enabled or len(starts) < 2:
            self._show(1.0)
        else:
            self._run.start()

    def _show(self, share: float) -> None:
        self._draw(self._shown, float(share))
        reached = frozenset(self.values.nodes) if share >= 1 and self.values else self._shown.reached(float(share))
        if reached != self._reached:
            self._reached = reached
            self.moved.emit()

    def _place_note(self) -> None:
        if self.values is None:
            return
        whose = "all samples" if self.values.sample == MEAN else f"sample {self.values.sample + 1} of the batch"
        for text in (f"{NOTES[self.values.phase]} · {whose} · F7 goes on", NOTES[self.values.phase]):
            self.note.setText(text)
            self.note.adjustSize()
            if self.note.width() < self._editor.width() - 16:
                break
        y = 44 if self._editor.bench.stale else 12
        self.note.move(max(8, (self._editor.width() - self.note.width()) // 2), y)
        self.note.show()
        self.note.raise_()
