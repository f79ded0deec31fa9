"""Live pictures on the nodes: asked for while nodes are seen near enough, drawn when they come."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage

from nnlab.core.document import Document
from nnlab.engine.events import RunStatus, Snapshot
from nnlab.engine.wants import (
    MEAN,
    Activations,
    ActivationsWant,
    NodeActivations,
    NodePhases,
    PhaseValues,
    PhaseWant,
    Want,
)
from nnlab.ui.canvas.geometry import TILE
from nnlab.ui.canvas.wave import Wave
from nnlab.ui.look import pictures
from nnlab.ui.look.sample_pictures import edges_picture, vocabulary_of, word_of, words_picture

if TYPE_CHECKING:
    from nnlab.ui.canvas.editor import GraphEditor

WANT = ActivationsWant(resolution=24, units=16)
PHASES = PhaseWant(sample=MEAN)
ZOOM = 0.5  # below, nobody would see them
PAUSE_MS = 45  # between two drawings
_NOTHING: frozenset[Want] = frozenset()


class LivePictures(QObject):
    """Keeps a picture on every node that is seen; while a batch is stepped through, that batch's own."""

    def __init__(self, editor: "GraphEditor") -> None:
        super().__init__(editor)
        self._editor = editor
        self._latest: dict[str, NodeActivations] = {}
        self.wave = Wave(editor)
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self.draw)
        self.wave.moved.connect(self._timer.start)
        editor.destroyed.connect(editor.bench.add_asker(self.wants))
        editor.bench.pictured.connect(self.on_snapshot)
        editor.bench.status_changed.connect(self._on_status)
        editor.bench.document_changed.connect(self._on_document)

    def wants(self) -> frozenset[Want]:
        """The question, if somebody would see the answer."""
        editor = self._editor
        if not editor.isVisible() or not editor.picture.nodes:
            return _NOTHING
        wanted: set[Want] = {self._want()} if editor.zoom > ZOOM else set()
        if editor.bench.status.phase and not editor.bench.path:
            wanted.add(PHASES)
        return frozenset(wanted)

    def _want(self) -> ActivationsWant:
        """Of the layers that are seen: those of the network, or of the open block."""
        return replace(WANT, path=self._editor.bench.path)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the answer; it is drawn in a moment."""
        self._show_wave(snapshot)
        answer = snapshot.answers.get(self._want())
        if not isinstance(answer, Activations):
            return
        self._latest = answer.nodes
        if not self._timer.isActive():  # what comes meanwhile is drawn with it: the newest is never left out
            self._timer.start()

    def draw(self) -> None:
        """Draw the newest answer on the nodes that are seen, if it is this drawing's turn."""
        pause = self._editor.bench.take_turn() if self._editor.bench.status.state == "running" else 0
        if pause:
            QTimer.singleShot(pause, self, self.draw)
            return
        scene = self._editor.picture
        for node_id in scene.nodes_in(self._editor.seen()):
            scene.nodes[node_id].show_picture(self._picture(node_id))

    def clear(self) -> None:
        """Take all pictures away: they are of another network."""
        self._latest = {}
        self.wave.clear()
        for item in self._editor.picture.nodes.values():
            item.show_picture(None)

    def _show_wave(self, snapshot: Snapshot) -> None:
        """A panel may ask for one sample of the batch: then the canvas shows the same one."""
        found = [answer for answer in snapshot.answers.values() if isinstance(answer, PhaseValues)]
        if found and self._editor.isVisible():
            chosen = next((values for values in found if values.sample != MEAN), found[0])
            self.wave.show_values(chosen, snapshot.step - (chosen.phase == "update"), snapshot.run)

    def _on_status(self, status: RunStatus) -> None:
        if not status.phase:
            self.wave.clear()

    def _on_document(self, old: Document, new: Document) -> None:
        QTimer.singleShot(0, self, self.wave.follow)  # when the items have followed the document

    def _picture(self, node_id: str) -> QImage | None:
        stepped = None if self._editor.bench.path else self.wave.shown_node(node_id)
        values = self._latest.get(node_id) if stepped is None else self._of_phase(stepped)
        if values is None:
            return None
        ratio = max(1.0, self._editor.devicePixelRatioF())
        side = round(TILE.width() * ratio * (2 if self._editor.zoom > 1.2 else 1))
        if not self._editor.bench.path:
            return _of_words(self._editor.bench.document, node_id, values, side) or pictures.thumbnail(
                values, side, side
            )
        return pictures.thumbnail(values, side, side)

    def _of_phase(self, node: NodePhases) -> NodeActivations | None:
        """The batch's own numbers; while gradients flow, those."""
        phase = self.wave.values.phase if self.wave.values is not None else ""
        numbers = node.gradient if phase in ("backward", "update") and node.gradient is not None else node.output
        if not numbers.is_whole or numbers.values.size == 0:
            return None
        values = numbers.values if numbers.values.ndim == 3 else numbers.values.ravel()
        figures = (values[:64], numbers.low, numbers.high, numbers.mean, 0.0, len(values))
        return NodeActivations("maps", *figures) if values.ndim == 3 else NodeActivations("vector", *figures)


def _of_words(document: Document, node_id: str, node: NodeActivations, side: int) -> QImage | None:
    """Words as words and edges as a graph: their numbers drawn as bars would look like something they are not."""
    kinds = document.shapes[node_id].kinds if node_id in document.graph.nodes else ()
    if kinds[:1] == ("e",) and node.values.size and node.kind != "vector":
        return edges_picture(node.values, side, side)
    vocabulary = vocabulary_of(document, node_id) if kinds[:1] == ("i",) and node.kind == "vector" else ()
    return words_picture([word_of(vocabulary, n) for n in node.values.tolist()], side, side) if vocabulary else None
