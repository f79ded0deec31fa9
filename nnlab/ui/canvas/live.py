"""Live pictures on the nodes: asked for while nodes are seen near enough, drawn when they come."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage

from nnlab.engine.events import Snapshot
from nnlab.engine.wants import Activations, ActivationsWant, NodeActivations, Want
from nnlab.ui.canvas.geometry import TILE
from nnlab.ui.look import pictures

if TYPE_CHECKING:
    from nnlab.ui.canvas.editor import GraphEditor

WANT = ActivationsWant(resolution=24, units=16)
ZOOM = 0.5  # below, nobody would see them
PAUSE_MS = 45  # between two drawings
_NOTHING: frozenset[Want] = frozenset()


class LivePictures(QObject):
    """Keeps a picture on every node that is seen."""

    def __init__(self, editor: "GraphEditor") -> None:
        super().__init__(editor)
        self._editor = editor
        self._latest: dict[str, NodeActivations] = {}
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self.draw)
        editor.destroyed.connect(editor.bench.add_asker(self.wants))
        editor.bench.pictured.connect(self.on_snapshot)

    def wants(self) -> frozenset[Want]:
        """The question, if somebody would see the answer."""
        editor = self._editor
        seen = editor.isVisible() and editor.zoom > ZOOM and bool(editor.picture.nodes)
        return frozenset({WANT}) if seen else _NOTHING

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the answer; it is drawn in a moment."""
        answer = snapshot.answers.get(WANT)
        if not isinstance(answer, Activations):
            return
        self._latest = answer.nodes
        if not self._timer.isActive():  # what comes meanwhile is drawn with it: the newest is never left out
            self._timer.start()

    def draw(self) -> None:
        """Draw the newest answer on the nodes that are seen."""
        scene = self._editor.picture
        for node_id in scene.nodes_in(self._editor.seen()):
            scene.nodes[node_id].show_picture(self._picture(node_id))

    def clear(self) -> None:
        """Take all pictures away: they are of another network."""
        self._latest = {}
        for item in self._editor.picture.nodes.values():
            item.show_picture(None)

    def _picture(self, node_id: str) -> QImage | None:
        values = self._latest.get(node_id)
        if values is None:
            return None
        ratio = max(1.0, self._editor.devicePixelRatioF())
        side = round(TILE.width() * ratio * (2 if self._editor.zoom > 1.2 else 1))
        return pictures.thumbnail(values, side, side)
