"""The worst mistake at each node, found a moment after the last edit, and what would put it right."""

from collections.abc import Mapping

from PySide6.QtCore import QTimer

from nnlab.core.check import Problem, check
from nnlab.ui.canvas.scene import GraphScene
from nnlab.ui.scope import Scope

DELAY_MS = 120  # after the last edit


class Problems:
    """Asks the check about the document and badges the nodes."""

    def __init__(self, bench: Scope, scene: GraphScene) -> None:
        self._bench, self._scene = bench, scene
        self._found: tuple[Problem, ...] = ()
        self._notes: Mapping[str, tuple[str, str]] = {}
        self._timer = QTimer(scene, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self.look)
        self.later()

    def later(self) -> None:
        """Look again once the edits pause."""
        self._timer.start()

    def show_notes(self, notes: Mapping[str, tuple[str, str]]) -> None:
        """Badge these nodes too: node id -> (severity, sentence) of what their run shows."""
        if notes != self._notes:
            self._notes = dict(notes)
            self.look()

    def look(self) -> None:
        """Check the document now."""
        self._timer.stop()
        self._found = check(self._bench.document)
        worst: dict[str, tuple[str, str]] = {}
        for problem in sorted(self._found, key=lambda p: p.severity != "error"):
            if problem.node is not None and problem.severity != "info":  # what is only worth knowing has no badge
                worst.setdefault(problem.node, (problem.severity, problem.message))
        notes = {} if self._bench.path else self._notes  # what the run shows is of the network's own layers
        self._scene.show_problems({**notes, **worst})

    def at(self, node_id: str) -> list[Problem]:
        """The mistakes at this node as the document stands now."""
        if self._timer.isActive():
            self.look()
        return [problem for problem in self._found if problem.node == node_id]
