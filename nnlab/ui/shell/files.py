"""What the window does with files: open, save, export, and the questions that go with it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile

from nnlab.core import words
from nnlab.core.chain import beginning
from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.core.template import TEMPLATES
from nnlab.errors import NNLabError
from nnlab.files import disk as disk
from nnlab.files import store
from nnlab.files.disk import Fingerprint
from nnlab.project.importing import is_model
from nnlab.project.taking import taken
from nnlab.ui import dialogs
from nnlab.ui.keeping.file_lock import FileLock
from nnlab.ui.keeping.recovery import Found
from nnlab.ui.shell.exports import file_name
from nnlab.ui.shell.model_reading import ModelReading
from nnlab.ui.shell.run_record import RunRecord

if TYPE_CHECKING:
    from nnlab.project import Project
    from nnlab.ui.shell.main_window import MainWindow

KINDS = "NNLab projects (*.nnlab)"
OPENED = "Projects and models (*.nnlab *.onnx *.pt2)"
UNTITLED = "Untitled"
EXAMPLE_PACE = 30.0  # epochs a second, until the user chooses a speed: an example is opened to be watched


class ProjectFiles:
    """The file of the open project, and every way to another one. Nothing that is open is lost without a question."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self._bench = window.bench
        self._seen: Fingerprint | None = None
        self._kept = (0, 0)  # run and step of the weights in the file
        self._has_weights = False  # the project came with weights, even if it was not trained here
        self._lock = FileLock()
        self._reading: ModelReading | None = None
        self.record = RunRecord(window.bench, window)
        self.record.recalled.connect(window.workspace.show_events)

    @property
    def name(self) -> str:
        """What the project is called: its file, its title, or "Untitled"."""
        if self._bench.path is not None:
            return Path(disk.name_of(self._bench.path)).stem
        return self._bench.document.title or UNTITLED

    # ---------------------------------------------------------------- another project

    def new(self) -> None:
        """A new project: the simplest network there is, for layers to be dropped on its wires."""
        if self.may_leave():
            self._put(beginning())

    def example(self, id_: str) -> None:
        """A fresh copy of an example."""
        self._fresh(EXAMPLES[id_].document)

    def template(self, id_: str) -> None:
        """A fresh copy of a template."""
        self._fresh(TEMPLATES[id_].document)

    def _fresh(self, make: Callable[[], Document]) -> None:
        """A document that comes with the program, trained slowly enough to be watched."""
        if self.may_leave():
            self._put(make())
            if self._window.settings.pace is None:
                self._bench.set_pace(EXAMPLE_PACE)

    def take(self, path: Path | None = None) -> None:
        """Add the layers of a saved project with what they learned, asking which one if not told."""
        chosen = path or dialogs.file_to_open(self._window, "Take layers from", self._window.settings.folder, KINDS)
        opened = self._read(Path(os.path.abspath(chosen))) if chosen is not None else None
        if opened is None:
            return
        bench = self._window.bench
        try:
            document, ids = taken(bench.document, opened.document, opened.weights)
        except NNLabError as error:
            bench.say("error", str(error))
            return
        bench.apply("Take layers", document)
        bench.select(ids)
        known = "with what they learned, frozen" if opened.weights else "untrained: the project was not trained"
        bench.say("info", f"{words.plural(len(ids), 'layer')} taken, {known}. Connect them, and train the rest.")

    def open(self, path: Path | None = None) -> bool:
        """Open a file, asking which one if not told; on any trouble all stays as it is."""
        chosen = path or dialogs.file_to_open(self._window, "Open a project", self._window.settings.folder, OPENED)
        if chosen is None:
            return False
        chosen = Path(os.path.abspath(chosen))
        if is_model(chosen):
            return self._bring(chosen)
        opened = self._read(chosen)
        if opened is None or not self.may_leave():
            return False
        if disk.fingerprint(chosen) != opened.fingerprint:  # the answer was to save to this very file
            opened = self._read(chosen) or opened
        lock = self._lock.try_for(chosen)
        if lock is None and not self._agree_to_copy(chosen):
            return False
        self._put(opened.document, chosen if lock else None, opened.weights, opened.fingerprint, lock)
        self.record.expect(opened.history, opened.trained_with, opened.facts)
        if lock is None:
            self._bench.history.mark_unsaved()
        for notice in opened.notices:
            self._window.toasts.say("warning", notice)
        self._remember(chosen)
        return True

    def _bring(self, path: Path) -> bool:
        """Begin to read a model of another program; it opens as a new project without a file once that is done."""
        self.leave_reading()
        said = _reading(path)

        def cancel() -> None:
            self.leave_reading()
            self._window.toasts.say("info", f"{disk.name_of(path)} is not opened")

        self._reading = ModelReading(path, self._read_model, self._window)
        self._window.toasts.say("working", said, [("Cancel", cancel)])
        return True

    def _read_model(self, reading: ModelReading) -> None:
        self._window.toasts.withdraw(_reading(reading.path))
        self._reading = None
        if reading.fault is not None:
            return
        if reading.brought is None:
            left = "What was open before is still open." if self._window.in_lab else "Nothing was opened."
            self._refuse(reading.problem, left)
            return
        if not self.may_leave():
            return
        self._put(reading.brought.document, None, reading.brought.weights)
        self._bench.history.mark_unsaved()
        for notice in reading.brought.notices:
            self._window.toasts.say("warning", notice)
        self._window.settings.folder = reading.path.parent

    def leave_reading(self, wait: bool = False) -> None:
        """A model that is being read is not wanted any more."""
        if self._reading is None:
            return
        self._window.toasts.withdraw(_reading(self._reading.path))
        self._reading.wait() if wait else self._reading.stop()
        self._reading = None

    def restore(self, copy: Found) -> bool:
        """Open work that a session left behind; it is unsaved until the user saves it."""
        if not self.may_leave():
            return False
        lock = self._lock.try_for(copy.path) if copy.path else None
        self._put(copy.document, copy.path if lock else None, lock=lock)
        self._bench.history.mark_unsaved()
        self._bench.file_changed.emit()
        if self._window.recovery.write():
            self._window.recovery.forget(copy)
        return True

    def close(self) -> None:
        """Close the project and show the welcome page."""
        if self.may_leave():
            self._lock.keep(None)
            self._window.show_welcome()
            self._window.has_project = False
            self._bench.open_document(Document())

    @property
    def has_news(self) -> bool:
        """The project's file does not hold what is here: an edit, or what the network learned since."""
        status = self._bench.status
        newest = max(status.step, self._bench.time.furthest)  # to look back is no news
        known = {(status.run, status.step), (status.run, newest)}
        learned = self._bench.path is not None and newest > 0 and self._kept not in known
        return learned or not self._bench.history.is_saved

    @property
    def has_learned(self) -> bool:
        """The network as it is drawn now has learned something, or was opened with learned weights."""
        return (self._bench.status.step > 0 or self._has_weights) and not self._bench.stale

    def may_leave(self, closing: bool = False) -> bool:
        """Whether the open project may go: nothing is lost by it, or the user said what to do. One question at most."""
        running = self._bench.status.state == "running"
        if self.has_news:
            what = "what the network has learned in" if self._bench.history.is_saved else "the changes to"
            answer = dialogs.ask(
                self._window,
                f"Save {what} “{self.name}”?",
                ("Training is running and will be stopped. " if running else "") + "Without saving, it is lost.",
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
        lock = self._lock.try_for(project.path) if project.path else None
        self._lock.keep(lock)
        self._seen = project.fingerprint
        self._has_weights = project.weights is not None
        self._bench.path = project.path if lock else None
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
        start = self._bench.path or self._window.settings.folder / f"{file_name(self.name)}{store.SUFFIX}"
        path = dialogs.file_to_save(self._window, "Save the project", start, KINDS)
        if path is None:
            return False
        lock = self._lock.try_for(path)
        if lock is None:
            self._refuse(
                f"{disk.name_of(path)} is open in another window.", "Choose another name, or close it there first."
            )
            return False
        if not self._write(path):
            lock.unlock()
            return False
        self._lock.keep(lock)
        self._bench.path = path
        self._bench.file_changed.emit()
        return True

    def release(self) -> None:
        """Give the file's lock back, and read no more; the window closes."""
        self.leave_reading(wait=True)
        self._lock.keep(None)

    # ---------------------------------------------------------------- inside

    def _put(
        self, document: Document, path: Path | None = None, weights: object = None, seen: Fingerprint | None = None,
        lock: QLockFile | None = None,
    ) -> None:  # fmt: skip
        self.leave_reading()
        self._lock.keep(lock)
        self._has_weights = weights is not None
        self.record.expect(None, None)
        self._seen = seen or (disk.fingerprint(path) if path else None)
        self._bench.open_document(document, path, weights)
        self._bench.set_pace(self._window.settings.pace or 0.0)
        self._window.toasts.clear()
        self._window.show_lab(fresh=True)

    def _read(self, path: Path) -> store.Opened | None:
        try:
            return store.open(path)
        except NNLabError as problem:
            self._refuse(str(problem), "What was open before is still open.")
            return None

    def _write(self, path: Path) -> bool:
        bench = self._bench
        document = bench.document
        try:
            weights = bench.trainer.weights() if self.has_learned else None
            curves, settings = (self.record.arrays(), self.record.trained_with) if weights else (None, None)
            facts = self.record.facts if curves else None
            self._seen = store.save(path, document, weights or None, curves, trained_with=settings, facts=facts)
            self._kept = (bench.status.run, bench.status.step)
        except NNLabError as problem:
            self._refuse(str(problem), "Nothing is lost: the project is still open. Save it somewhere else.")
            return False
        bench.history.mark_saved(document)
        bench.file_changed.emit()
        self._remember(path)
        return True

    def _remember(self, path: Path) -> None:
        self._window.settings.folder = path.parent
        self._window.settings.add_recent(path)
        self._window.welcome.show_recent(self._window.settings.recent)

    def _refuse(self, sentence: str, advice: str) -> None:
        dialogs.tell(self._window, sentence, advice, level="error")

    def _agree_to_copy(self, path: Path) -> bool:
        answer = dialogs.ask(
            self._window, f"{disk.name_of(path)} is open in another window.",
            "Two windows on one file would overwrite each other. Opened as a copy, it gets a name of its own when saved.",
            ("Open a copy", "Cancel"), "warning",
        )  # fmt: skip
        return answer == "Open a copy"


def _reading(path: Path) -> str:
    return f"Reading {disk.name_of(path)}…"
