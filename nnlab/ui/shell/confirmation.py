"""The second look at shapes: once edits pause, torch itself is asked what each layer makes of its input."""

import sys
import threading
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from nnlab.core.check import check, tell
from nnlab.core.document import Document
from nnlab.core.problem import Problem
from nnlab.ui.workbench import Workbench

IDLE_MS = 1_500  # after the last edit
POLL_MS = 60  # between two looks whether torch has answered
NODES = 400  # above, building the network would take time from the window's own thread
BUSY = ("preparing", "running")


class Confirmation(QObject):
    """Asks in a thread of its own and only when nothing trains; what torch sees otherwise becomes a problem of that node."""

    found = Signal()
    """Torch disagrees: the problems of the present document are others than before."""
    asked = Signal()
    """Torch has answered, whatever it said."""

    def __init__(self, bench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bench = bench
        self._thread: threading.Thread | None = None
        self._confirmed: Any = None
        self._answer: tuple[Document, tuple[Problem, ...]] | None = None
        self._idle = QTimer(self, interval=IDLE_MS, singleShot=True)
        self._idle.timeout.connect(self.look)
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._take)
        bench.document_changed.connect(lambda old, new: self._idle.start())

    def look(self) -> None:
        """Ask about the document as it is now, if that is due: later if something trains or torch is not there yet."""
        document = self._bench.document
        facts = _facts(document)
        if facts == self._confirmed or len(document.graph.nodes) > NODES or not document.graph.nodes:
            return
        if self._thread is not None or self._bench.status.state in BUSY or "torch" not in sys.modules:
            self._idle.start()
            return
        if any(problem.severity == "error" for problem in check(document)):
            return
        self._confirmed, self._answer = facts, None
        self._thread = threading.Thread(target=self._ask, args=(document,), name="nnlab-confirm", daemon=True)
        self._thread.start()
        self._poll.start()

    def stop(self) -> None:
        """The window closes: wait for what is under way, and ask no more."""
        self._idle.stop()
        self._poll.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _ask(self, document: Document) -> None:
        from nnlab.engine.confirming import confirm  # it knows torch, which the window loads late

        self._answer = document, tuple(each.problem(document) for each in confirm(document))

    def _take(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._poll.stop()
        self._thread, answer = None, self._answer
        if answer is not None and answer[1] and answer[0] is self._bench.document:
            tell(*answer)
            self.found.emit()
        self.asked.emit()


def _facts(document: Document) -> Any:
    """What the shapes depend on: not where nodes stand, nor how they are trained."""
    return {n: node.layer for n, node in document.graph.nodes.items()}, document.graph.links, document.data
