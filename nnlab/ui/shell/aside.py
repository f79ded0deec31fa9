"""Exports that take seconds are made in a process of their own: the window goes on, and so does training."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QProcess

from nnlab.core.document import Document
from nnlab.files import store
from nnlab.files.disk import name_of

PREFIX, NOTE = "nnlab: ", "nnlab: note: "


class Aside(QObject):
    """One export under way: `nnlab export` on a copy of the project, which nobody else sees."""

    def __init__(
        self, document: Document, weights: "store.Arrays | None", to: str, path: Path, done: "Callable[[Aside], object]",
        parent: QObject,
    ) -> None:  # fmt: skip
        """Starts at once; calls `done` when it is over, but not after `stop`."""
        super().__init__(parent)
        self.path = path
        self.problem = ""
        """Why there is no file, in a sentence; empty if there is one."""
        self.notices: list[str] = []
        """What the reader of the file should know."""
        self._done = done
        self._stopped = False
        self._folder = tempfile.TemporaryDirectory(prefix="nnlab-export-", ignore_cleanup_errors=True)
        copy = Path(self._folder.name) / f"copy{store.SUFFIX}"
        store.save(copy, document, weights)
        self._process = QProcess(self)
        self._process.finished.connect(self._end)
        self._process.errorOccurred.connect(self._fail)
        frozen = bool(getattr(sys, "frozen", False))
        start = (
            [] if frozen else ["-P", "-m", "nnlab"]
        )  # -P: a torch.py in the folder the user stands in is not imported
        arguments = [*start, "export", str(copy), "--to", to, "-o", os.fspath(path)]
        self._process.start(sys.executable, arguments)

    @property
    def runs(self) -> bool:
        """Whether it is still under way."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    def stop(self) -> None:
        """End it at once: nothing is written, and `done` is not called; once more does nothing."""
        if self._stopped:
            return
        self._stopped = True
        self._process.finished.disconnect(self._end)
        self._process.errorOccurred.disconnect(self._fail)
        self._process.kill()
        self._process.waitForFinished(2_000)
        self._folder.cleanup()

    def _fail(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.problem = f"{name_of(self.path)} could not be written: the program that does so could not be started."
            self._over()

    def _end(self, code: int) -> None:
        said = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace").splitlines()
        self.notices = [line.removeprefix(NOTE) for line in said if line.startswith(NOTE)]
        if code != 0:
            reasons = [
                line.removeprefix(PREFIX) for line in said if line.startswith(PREFIX) and not line.startswith(NOTE)
            ]
            self.problem = reasons[-1] if reasons else f"{name_of(self.path)} could not be written."
        self._over()

    def _over(self) -> None:
        self._folder.cleanup()
        self._done(self)
        self.deleteLater()
