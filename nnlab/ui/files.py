"""What the window does with files: open, save, export, and the questions that go with it."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile

from nnlab.core import files as disk
from nnlab.core import store
from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.core.files import Fingerprint
from nnlab.errors import NNLabError
from nnlab.ui import dialogs, places
from nnlab.ui.recovery import Found

if TYPE_CHECKING:
    from nnlab.project import Project
    from nnlab.ui.main_window import MainWindow

KINDS = "NNLab projects (*.nnlab)"
UNTITLED = "Untitled"


class ProjectFiles:
    """The file of the open project, and every way to another one. Nothing that is open is lost without a question."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self._bench = window.bench
        self._seen: Fingerprint | None = None
        self._kept = (0, 0)  # run and step of the weights in the file
        self._lock: QLockFile | None = None

    @property
    def name(self) -> str:
        """What the project is called: its file, its title, or "Untitled"."""
        if self._bench.path is not None:
            return Path(disk.name_of(self._bench.path)).stem
        return self._bench.document.title or UNTITLED

    # ---------------------------------------------------------------- another project

    def new(self) -> None:
        """An empty project: input and output."""
        if self.may_leave():
            from nnlab.project import Project  # the same beginning as in a script

            self._put(Project.new().document)

    def example(self, id_: str) -> None:
        """A fresh copy of an example."""
        if self.may_leave():
            self._put(EXAMPLES[id_].make())

    def open(self, path: Path | None = None) -> bool:
        """Open a file, asking which one if not told; on any trouble all stays as it is."""
        chosen = path or dialogs.file_to_open(self._window, "Open a project", self._window.settings.folder, KINDS)
        if chosen is None or not self.may_leave():
            return False
        chosen = Path(os.path.abspath(chosen))
        try:
            opened = store.open(chosen)
        except NNLabError as problem:
            self._refuse(str(problem), "What was open before is still open.")
            return False
        lock = self._locked(chosen)
        if lock is None and not self._agree_to_copy(chosen):
            return False
        self._put(opened.document, chosen if lock else None, opened.weights, opened.fingerprint, lock)
        if lock is None:
            self._bench.history.mark_unsaved()
        for notice in opened.notices:
            self._window.toasts.say("warning", notice)
        self._remember(chosen)
        return True

    def restore(self, copy: Found) -> bool:
        """Open work that a session left behind; it is unsaved until the user saves it."""
        if not self.may_leave():
            return False
        lock = self._locked(copy.path) if copy.path else None
        self._put(copy.document, copy.path if lock else None, lock=lock)
        self._bench.history.mark_unsaved()
        self._bench.file_changed.emit()
        if self._window.recovery.write():
            self._window.recovery.forget(copy)
        return True

    def close(self) -> None:
        """Close the project and show the welcome page."""
        if self.may_leave():
            self._put(Document())
            self._window.show_welcome()

    @property
    def has_news(self) -> bool:
        """The project's file does not hold what is here: an edit, or what the network learned since."""
        status = self._bench.status
        learned = self._bench.path is not None and status.step > 0 and (status.run, status.step) != self._kept
        return learned or not self._bench.history.is_saved

    def may_leave(self, closing: bool = False) -> bool:
        """Whether the open project may go: nothing is lost by it, or the user said what to do. One question at most."""
        running = self._bench.status.state == "running"
        if self.has_news:
            answer = dialogs.ask(
                self._window,
                f"Save the changes to {self.name}?",
                ("Training is running and will be stopped. " if running else "") + "Without saving, they are lost.",
                ("Save", "Discard", "Cancel"),
                "warning",
            )
            return self.save() if answer == "Save" else answer == "Discard"
        if not running:
            return True
        go = "Stop and close" if closing else "Stop training"
        answer = dialogs.ask(
            self._window,
            f"Training is running. {'Stop and close?' if closing else 'Stop it?'}",
            "What the network has learned so far is lost unless you save it.",
            (go, "Keep training"),
            "warning",
        )
        return answer == go

    def adopt(self, project: "Project") -> None:
        """Show a project that a script made or opened."""
        path = project.path
        self._take(self._locked(path) if path else None)
        self._seen = project.fingerprint
        self._bench.path = path if self._lock else None
        self._window.show_lab(fresh=True)
        self._bench.prepare(project.weights)

    # ---------------------------------------------------------------- writing

    def save(self) -> bool:
        """Write to the project's file, asking for one if it has none; False if nothing was written."""
        path = self._bench.path
        if path is None:
            return self.save_as()
        if disk.fingerprint(path) != self._seen and disk.fingerprint(path) is not None:
            answer = dialogs.ask(
                self._window, f"{disk.name_of(path)} was changed by another program.",
                "Saving now would overwrite those changes. Saving under another name keeps both.",
                ("Save as…", "Overwrite", "Cancel"), "warning",
            )  # fmt: skip
            if answer != "Overwrite":
                return self.save_as() if answer == "Save as…" else False
        return self._write(path)

    def save_as(self) -> bool:
        """Write to another file and go on with that one; False if nothing was written."""
        start = self._bench.path or self._window.settings.folder / f"{_file_name(self.name)}{store.SUFFIX}"
        path = dialogs.file_to_save(self._window, "Save the project", start, KINDS)
        if path is None:
            return False
        lock = self._locked(path)
        if lock is None:
            self._refuse(
                f"{disk.name_of(path)} is open in another window.", "Choose another name, or close it there first."
            )
            return False
        if not self._write(path):
            lock.unlock()
            return False
        self._take(lock)
        self._bench.path = path
        self._bench.file_changed.emit()
        return True

    def export_python(self) -> None:
        """Write the network as a program."""

        def write(path: Path) -> None:
            from nnlab.engine import export

            disk.write(path, export.python(self._bench.document).encode())

        self._export("Export as Python", ".py", "Python programs (*.py)", write)

    def export_weights(self) -> None:
        """Write what was learned."""

        def write(path: Path) -> None:
            from nnlab.engine import export

            disk.write(path, export.safetensors(self._bench.trainer.weights()))

        self._export("Export the learned weights", ".safetensors", "Safetensors files (*.safetensors)", write)

    def export_picture(self) -> None:
        """Write the diagram."""

        def write(path: Path) -> None:
            self._window.workspace.editor.export(path)

        kinds = "Vector pictures (*.svg);;Pictures (*.png);;PDF documents (*.pdf)"
        self._export("Export a picture of the network", ".svg", kinds, write)

    def release(self) -> None:
        """Give the file's lock back; the window closes."""
        self._take(None)

    # ---------------------------------------------------------------- inside

    def _put(
        self, document: Document, path: Path | None = None, weights: object = None, seen: Fingerprint | None = None,
        lock: QLockFile | None = None,
    ) -> None:  # fmt: skip
        self._take(lock)
        self._seen = seen or (disk.fingerprint(path) if path else None)
        self._bench.open_document(document, path, weights)
        self._window.toasts.clear()
        self._window.show_lab(fresh=True)

    def _write(self, path: Path) -> bool:
        bench = self._bench
        document = bench.document
        try:
            weights = bench.trainer.weights() if bench.status.step > 0 and not bench.stale else None
            self._seen = store.save(path, document, weights=weights or None)
            self._kept = (bench.status.run, bench.status.step)
        except NNLabError as problem:
            self._refuse(str(problem), "Nothing is lost: the project is still open. Save it somewhere else.")
            return False
        bench.history.mark_saved(document)
        bench.file_changed.emit()
        self._remember(path)
        return True

    def _export(self, title: str, suffix: str, kinds: str, write: Callable[[Path], None]) -> None:
        start = self._window.settings.folder / f"{_file_name(self.name)}{suffix}"
        path = dialogs.file_to_save(self._window, title, start, kinds)
        if path is None:
            return
        try:
            write(path)
        except NNLabError as problem:
            self._refuse(str(problem), "The network itself is unchanged.")
        else:
            self._window.settings.folder = path.parent
            self._window.toasts.say("info", f"Written to {disk.name_of(path)}")

    def _remember(self, path: Path) -> None:
        self._window.settings.folder = path.parent
        self._window.settings.add_recent(path)
        self._window.refresh_recent()

    def _refuse(self, sentence: str, advice: str) -> None:
        dialogs.tell(self._window, sentence, advice, level="error")

    def _agree_to_copy(self, path: Path) -> bool:
        answer = dialogs.ask(
            self._window, f"{disk.name_of(path)} is open in another window.",
            "Two windows on one file would overwrite each other. Opened as a copy, it gets a name of its own when saved.",
            ("Open a copy", "Cancel"), "warning",
        )  # fmt: skip
        return answer == "Open a copy"

    def _locked(self, path: Path) -> QLockFile | None:
        """The lock of this file, or None while another window holds it; without a folder for locks, one that does nothing."""
        folder = places.state() / "locks"
        real = os.path.normcase(os.path.realpath(path))
        name = folder / f"{hashlib.sha256(os.fsencode(real)).hexdigest()[:32]}.lock"
        if self._lock is not None and self._lock.fileName() == str(name):
            return self._lock
        lock = QLockFile(str(name))
        if not places.usable(folder):
            return lock
        lock.setStaleLockTime(0)  # it is stale when its process is gone, not after a time
        return lock if lock.tryLock(0) or lock.error() != QLockFile.LockError.LockFailedError else None

    def _take(self, lock: QLockFile | None) -> None:
        if self._lock is not None and self._lock is not lock:
            self._lock.unlock()
        self._lock = lock


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in " -_" else "-" for c in name).strip()[:80] or UNTITLED
