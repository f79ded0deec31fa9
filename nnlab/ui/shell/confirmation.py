"""The second look at shapes: once edits pause, torch itself is asked what each layer makes of its input."""

import logging
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
LOG = logging.getLogger(__name__)


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
        self._problems: tuple[Problem, ...] = ()
        self._idle = QTimer(self, interval=IDLE_MS, singleShot=True)
        self._idle.timeout.connect(self.look)
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._take)
        bench.document_changed.connect(lambda old, new: self._idle.start())

    def look(self) -> None:
        """Ask about the document as it is now, if that is due: later if something trains or torch is not there yet."""
        document = self._bench.document
        facts = _facts(document)
        if facts == self._confirmed:
            self._show(document)
            return
        if len(document.graph.nodes) > NODES or not document.graph.nodes:
            return
        if self._thread is not None or self._bench.status.state in BUSY or "torch" not in sys.modules:
            self._idle.start()
            return
        if any(problem.severity == "error" for problem in check(document)):
            return
        self._confirmed, self._problems = facts, ()
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

        try:
            self._problems = tuple(each.problem(document) for each in confirm(document))
        except Exception:
            LOG.exception("the shapes could not be confirmed")  # the network trains all the same, or says why not

    def _take(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._poll.stop()
        self._thread = None
        if _facts(self._bench.document) == self._confirmed:
            self._show(self._bench.document)
        self.asked.emit()

    def _show(self, document: Document) -> None:
        """The document, which may only have been arranged anew since, with what torch sees otherwise."""
        if self._problems:
            tell(document, self._problems)
            self.found.emit()


def _facts(document: Document) -> Any:
    """What the shapes depend on: not where nodes stand, nor how they are trained."""
    return {n: node.layer for n, node in document.graph.nodes.items()}, document.graph.links, document.data
