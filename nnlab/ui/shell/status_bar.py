"""The line at the bottom: device, threads, memory, whether all is saved, and what is wrong with the network."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QStatusBar, QToolButton, QWidget

from nnlab.core.check import Problem, check
from nnlab.core.words import count, plural
from nnlab.engine.events import Event, Failed, RunStatus
from nnlab.ui.look import icons
from nnlab.ui.look.labels import PlainLabel, label, plain, tooltip
from nnlab.ui.shell.confirmation import Confirmation
from nnlab.ui.shell.figures import place_words
from nnlab.ui.workbench import Workbench

MEMORY_MS = 2_000
FIRST_LOOK_MS = 400  # once the window is on the screen
CHECK_DELAY_MS = 120  # after the last edit


class StatusBar(QStatusBar):
    """What one may want to know at any time, in few words."""

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = bench
        self._device = self._part(
            "Device",
            "Where the arithmetic happens, how many threads do it, which engine calls it, and in which numbers",
        )
        self._memory = self._part("Memory", "Memory that NNLab uses now")
        self._saved = self._part("Saved", "Whether the file holds what you see; a recovery copy is kept besides")
        self._problems = QToolButton()
        self._problems.setObjectName("problems")
        self._problems.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._problems.clicked.connect(self._to_problem)
        self._found: tuple[Problem, ...] = ()
        self._at = -1
        self.recovery_on = True
        self.setSizeGripEnabled(False)
        self._lay_out()
        self._memory_timer = QTimer(self, interval=MEMORY_MS)
        self._memory_timer.timeout.connect(self._show_memory)
        self._memory_timer.start()
        self._check_timer = QTimer(self, interval=CHECK_DELAY_MS, singleShot=True)
        self._check_timer.timeout.connect(self._check)
        self.confirmation = Confirmation(bench, self)
        self.confirmation.found.connect(self._check)
        bench.happened.connect(self._on_events)
        bench.status_changed.connect(self._on_status)
        bench.document_changed.connect(lambda old, new: self._check_timer.start())
        bench.file_changed.connect(self.show_saved)
        QTimer.singleShot(FIRST_LOOK_MS, self, self._show_memory)
        self._shown: tuple[str, ...] = ()
        self._show_device()
        self.show_saved()
        self._check()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the network, as last counted."""
        return self._found

    def show_saved(self) -> None:
        """Say whether the file holds what is on the screen."""
        untouched = "Saved" if self._bench.path else "No changes"
        words = untouched if self._bench.history.is_saved else "Not saved"
        self._saved.setText(words if self.recovery_on else f"{words} · recovery is off")

    def stop(self) -> None:
        """The window closes: look no more."""
        self._memory_timer.stop()
        self._check_timer.stop()
        self.confirmation.stop()

    def on_theme(self) -> None:
        """The colours changed."""
        self._show_problems()

    def _part(self, name: str, why: str) -> PlainLabel:
        part = label("", "caption")
        part.setAccessibleName(name)
        part.setToolTip(tooltip(why))
        return part

    def _lay_out(self) -> None:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(12, 0, 4, 0)
        row.setSpacing(16)
        for part in (self._device, self._memory, self._saved):
            row.addWidget(part)
        row.addStretch(1)
        self.addWidget(holder, 1)
        self.addPermanentWidget(self._problems)

    def _show_memory(self) -> None:
        import psutil  # after the window is on the screen

        used = psutil.Process().memory_info().rss / 1_000_000
        self._memory.setText(f"{count(used)} MB")

    def _show_device(self, *parts: str) -> None:
        if parts != self._shown or not parts:
            self._shown = parts
            self._device.setText(place_words(*parts) or "Getting ready")

    def _on_status(self, status: RunStatus) -> None:
        if status.device:
            threads = plural(status.threads, "thread") if status.threads else ""
            self._show_device(plain(status.device), threads, plain(status.engine), plain(status.precision))

    def _on_events(self, events: list[Event]) -> None:
        if any(isinstance(event, Failed) for event in events):
            self._shown = ()
            self._device.setText("No network runs")

    def _check(self) -> None:
        self._found = check(self._bench.document)
        self._at = -1
        self._show_problems()

    def _show_problems(self) -> None:
        errors = sum(problem.severity == "error" for problem in self._found)
        others = len(self._found) - errors
        words = [plural(errors, "mistake")] if errors else []
        words += [plural(others, "suggestion")] if others else []
        token = "error" if errors else "warning" if others else "good"
        self._problems.setText(", ".join(words) or "No mistakes")
        self._problems.setIcon(icons.icon(token if token != "good" else "check", token))
        self._problems.setAccessibleName(self._problems.text())
        lines = [problem.message for problem in self._found[:8]] or ["This network can be trained as it is."]
        more = "\nClick to go to the next of them." if self._found else ""
        self._problems.setToolTip(tooltip("\n".join(lines) + more))
        self._problems.setEnabled(bool(self._found))

    def _to_problem(self) -> None:
        self._at = (self._at + 1) % len(self._found)
        problem = self._found[self._at]
        if problem.node is not None and problem.node in self._bench.document.graph.nodes:
            self._bench.select([problem.node])
        self._bench.say("mistake" if problem.severity == "error" else problem.severity, problem.message)
