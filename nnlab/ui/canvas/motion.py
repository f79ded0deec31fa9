"""Nodes gliding to their new places, so that one sees what an edit moved. The document has long changed."""

from collections.abc import Mapping

from PySide6.QtCore import QEasingCurve, QPointF, QVariantAnimation
from PySide6.QtWidgets import QApplication, QStyle

from nnlab.ui.canvas.scene import GraphScene
from nnlab.ui.canvas.view import CanvasView

GLIDE_MS = 200
GLIDE_LIMIT = 400  # nodes; more would stutter, so they jump
JUMP = 24  # units; a nudge is no journey


def is_reduced() -> bool:
    """Whether the user or the system asks for less motion."""
    app = QApplication.instance()
    asked = app is not None and bool(app.property("reduced_motion"))
    return asked or QApplication.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) == 0


class Glide(QVariantAnimation):
    """Moves the shown nodes from where they were to where the document has them."""

    def __init__(self, scene: GraphScene) -> None:
        super().__init__(scene)
        self._scene = scene
        self._starts: dict[str, QPointF] = {}
        self._ends: dict[str, QPointF] = {}
        self.enabled = True
        self.setStartValue(0.0)
        self.setEndValue(1.0)
        self.setDuration(GLIDE_MS)
        self.setEasingCurve(QEasingCurve.Type.OutCubic)
        self.valueChanged.connect(self._show)

    def run_from(self, starts: Mapping[str, QPointF]) -> None:
        """Glide from these places to the document's."""
        nodes = self._scene.document.graph.nodes
        self.run(starts, {n: QPointF(nodes[n].x, nodes[n].y) for n in starts if n in nodes}, jump=False)

    def run(self, starts: Mapping[str, QPointF], ends: Mapping[str, QPointF], jump: bool = True) -> None:
        """Glide from these places to those; where nothing may move smoothly, `jump` there."""
        self.settle()
        moving = {n: p for n, p in starts.items() if n in ends and (jump or _is_far(p, ends[n]))}
        self._starts, self._ends = moving, {n: ends[n] for n in moving}
        if self.enabled and not is_reduced() and 0 < len(moving) <= GLIDE_LIMIT:
            self._show(0.0)
            self.start()
        elif jump:
            self.settle()
        else:
            self._starts, self._ends = {}, {}

    def settle(self) -> None:
        """Be at the end at once."""
        self.stop()
        self._show(1.0)
        self._starts, self._ends = {}, {}

    def _show(self, share: float) -> None:
        for node_id, start in self._starts.items():
            if node_id in self._scene.nodes and node_id in self._scene.document.graph.nodes:
                end = self._ends[node_id]
                self._scene.place_node(node_id, start + (end - start) * share)


class Travel(QVariantAnimation):
    """Takes the view to another place and zoom, so that one does not lose sight of the network."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)  # dies with it
        self._view = view
        self._from = self._to = (QPointF(), 1.0)
        self._last = self._where()
        self.setStartValue(0.0)
        self.setEndValue(1.0)
        self.setDuration(GLIDE_MS)
        self.setEasingCurve(QEasingCurve.Type.OutCubic)
        self.valueChanged.connect(self._show)

    @property
    def is_own(self) -> bool:
        """Whether the view is still where this took it."""
        return self._last == self._where()

    def go(self, middle: QPointF, zoom: float, smoothly: bool) -> None:
        """Go there, at once if nothing should move."""
        self.stop()
        self._from, self._to = (self._view.seen().center(), self._view.zoom), (middle, zoom)
        self._last = self._where()
        if smoothly and not is_reduced():
            self.start()
        else:
            self._show(1.0)

    def _show(self, share: float) -> None:
        if not self.is_own:
            self.stop()  # somebody else moved the view: it is theirs
            return
        (start, near), (end, far) = self._from, self._to
        self._view.look_at(start + (end - start) * share, near + (far - near) * share)
        self._last = self._where()

    def _where(self) -> tuple[float, int, int]:
        view = self._view
        return view.zoom, view.horizontalScrollBar().value(), view.verticalScrollBar().value()


def _is_far(start: QPointF, end: QPointF) -> bool:
    return (end - start).manhattanLength() > JUMP
