"""A model of another program is read in a thread of its own: large ones take seconds, and the window goes on."""

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from nnlab.errors import NNLabError
from nnlab.project.importing import Brought, opened

POLL_MS = 30  # between two looks whether it has been read


class ModelReading(QObject):
    """One file being read. `done` is called in the window's thread when it is over, but not after `stop`."""

    def __init__(self, path: Path, done: "Callable[[ModelReading], object]", parent: QObject) -> None:
        super().__init__(parent)
        self.path = path
        self.brought: Brought | None = None
        """The model, once it is read."""
        self.problem = ""
        """Why it cannot be read, in a sentence."""
        self._done = done
        self.fault: BaseException | None = None
        """What went wrong that nobody had thought of; it is raised after `done`."""
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._read, name="nnlab-reading", daemon=True)
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._look)
        self._thread.start()
        self._poll.start()

    @property
    def runs(self) -> bool:
        """Whether the file is still being read for somebody."""
        return self._poll.isActive()

    def stop(self) -> None:
        """Nobody wants it any more: what is read is thrown away, and `done` is not called."""
        self._enough.set()
        self._poll.stop()

    def wait(self) -> None:
        """Stop, and come back when nothing is under way any more: the window closes."""
        self.stop()
        self._thread.join()

    def _read(self) -> None:
        try:
            self.brought = opened(self.path, self._enough.is_set)
        except NNLabError as problem:
            self.problem = str(problem)
        except BaseException as fault:  # noqa: BLE001 - it is the window's to report
            self.fault = fault

    def _look(self) -> None:
        if self._thread.is_alive():
            return
        self._poll.stop()
        self._done(self)
        self.deleteLater()
        if self.fault is not None:
            raise self.fault
