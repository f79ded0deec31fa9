"""The buttons above the steps: one phase, the rest of the batch, or one phase after the other by itself."""

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSpinBox, QWidget

from nnlab.core.check import check
from nnlab.core.words import count
from nnlab.engine.events import RunStatus
from nnlab.engine.wants import MEAN
from nnlab.ui.forms.controls import Choice
from nnlab.ui.look import icons, theme
from nnlab.ui.look.labels import tooltip
from nnlab.ui.workbench import Workbench

SPEEDS = (("Slow", 4_000), ("Normal", 2_000), ("Fast", 800))
TALL = 30  # a button with its edge, and what stands beside it
PATIENCE = 3  # looks at a run that goes on by itself before playing gives way to it
STEPPABLE = ("idle", "paused", "failed", "running")
HALF_WAY = ("forward", "loss", "backward")


class StepButtons(QWidget):
    """Next phase, finish the batch, play. Whatever trains is held first."""

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = bench
        self._waited = 0
        self.next = QPushButton("Next phase")
        self.next.setToolTip(tooltip("Next phase  (F7)\nForward, loss, backward, update: one at each press"))
        self.finish = QPushButton("Finish this batch")
        self.finish.setToolTip(tooltip("Go through the phases that are left; at rest, through a whole batch"))
        self.play = QPushButton("Play")
        self.play.setCheckable(True)
        self.play.setToolTip(tooltip("One phase after the other by itself, until pressed again"))
        self.speed = Choice()
        self.speed.setAccessibleName("Speed of playing")
        for text, pause in SPEEDS:
            self.speed.addItem(text, pause)
        self.speed.setCurrentIndex(1)
        self.speed.setMinimumWidth(80)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        for control in (self.next, self.finish, self.play, self.speed):
            control.setFixedHeight(TALL)
        row.addWidget(self.next)
        row.addWidget(self.finish)
        row.addStretch(1)
        self.next.clicked.connect(lambda: self.step("phase"))
        self.finish.clicked.connect(lambda: self.step("batch"))
        self.play.toggled.connect(self._on_play)
        self.speed.currentIndexChanged.connect(self._on_speed)
        bench.status_changed.connect(self.show_status)
        self.draw()
        self.show_status(bench.status)

    def step(self, what: str) -> None:
        """One "phase", or a "batch" to its end; a network with a mistake in it keeps what it learned."""
        problem = next((p for p in check(self._bench.document) if p.severity == "error"), None)
        if problem is not None:
            self.stop()
            self._bench.select([problem.node] if problem.node is not None else [])
            self._bench.say("mistake", problem.message)
            return
        if self._bench.status.state == "running":
            self._bench.pause()
        self._bench.step(what)

    def stop(self) -> None:
        """Play no longer."""
        self.play.setChecked(False)

    def show_status(self, status: RunStatus) -> None:
        """Only what can be done can be pressed."""
        can = status.state in STEPPABLE and bool(self._bench.document.graph.nodes)
        for button in (self.next, self.finish, self.play):
            button.setEnabled(can)
        self.finish.setText("Finish this batch" if status.phase in HALF_WAY else "Whole batch")
        if not can and status.state != "preparing":
            self.stop()

    def draw(self) -> None:
        """The icons in the colours of the theme."""
        self.next.setIcon(icons.icon("step", "text"))
        self.play.setIcon(icons.icon("pause" if self.play.isChecked() else "play", "text"))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "speed"):
            self.draw()

    def _on_play(self, on: bool) -> None:
        self._waited = 0
        self.draw()
        if on:
            self.step("phase")
            self._timer.start(int(self.speed.currentData()))
        else:
            self._timer.stop()

    def _on_speed(self) -> None:
        if self._timer.isActive():
            self._timer.start(int(self.speed.currentData()))

    def _tick(self) -> None:
        if self._bench.status.state == "running":  # a phase that takes long; or somebody pressed Train, and that counts
            self._waited += 1
            if self._waited >= PATIENCE:
                self.stop()
            return
        self._waited = 0
        self.step("phase")


class BatchSample(QSpinBox):
    """Which sample of the batch is looked at; the lowest value means all of them together."""

    picked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__()
        self.setAccessibleName("Sample of the batch")
        self.setToolTip(tooltip("Which sample of the batch the numbers are of; all samples shows their mean"))
        self.setKeyboardTracking(False)
        self.setPrefix("Sample ")
        self.setSpecialValueText("All samples")
        self.setMinimumWidth(130)
        self.setFixedHeight(TALL)
        self.lineEdit().setTextMargins(6, 0, 0, 0)
        self.set_rows(1)
        self.setValue(1)
        self.valueChanged.connect(lambda _: self.picked.emit())

    @property
    def sample(self) -> int:
        """Its place in the batch from 0, or MEAN."""
        return self.value() - 1 if self.value() > 0 else MEAN

    def set_rows(self, rows: int) -> None:
        """The batch has so many samples."""
        if self.maximum() != max(1, rows):
            self.blockSignals(True)
            self.setRange(0, max(1, rows))
            self.setSuffix(f" of {count(max(1, rows))}")
            self.blockSignals(False)
