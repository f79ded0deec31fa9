"""The panel of the loss curves."""

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QToolButton, QWidget

from nnlab.engine.events import Event, Prepared, RunStatus
from nnlab.ui.drawing import DrawnPanel
from nnlab.ui.look import graphs, icons, labels
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.loss.drawing import MOST_GHOSTS, LossDrawing
from nnlab.ui.record import Record
from nnlab.ui.workbench import Workbench

GHOSTS = MOST_GHOSTS  # earlier runs, and ways that were left, that stay visible
LATER_MS = 9  # between taking in what happened and drawing it
GHOST_EPOCHS = 2  # a run must have come this far to leave one


@PANELS.register("loss")
class LossPanel(DrawnPanel):
    """How wrong the network is, epoch by epoch.

    The loss is what training makes small; the metric is what you care about. Both are measured on the training
    part, which the network learns from, and on the validation part, which it never learns from. When training
    goes on falling while validation rises, the network is learning its samples by heart. The faint line is the
    loss of every single step; grey lines are earlier runs, and ways this run left when you went back in time and
    changed something. While you look at an earlier moment a line marks it, and what came later is pale. Point at a
    curve to read it, turn the wheel to look closer, drag to move, press F to see everything again.
    """

    title = "Loss"
    icon = "panel-loss"
    order = 20
    apart = 0.1

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        self.curves = LossDrawing()
        super().__init__(bench, self.curves, parent)
        self.log_box = self._check_box("Log scale", "Equal distances for equal ratios: small losses are told apart.")
        self.steps_box = self._check_box("Every step", "The loss of each single batch, as a faint line.")
        self.steps_box.setChecked(True)
        self.log_box.toggled.connect(self._choose)
        self.steps_box.toggled.connect(self._choose)
        self.ghosts_box = self._check_box("Earlier", "Earlier runs, and the ways this run has left, as grey lines.")
        self.ghosts_box.setChecked(True)
        self.ghosts_box.toggled.connect(self._choose)
        self.clear_ghosts = self._clear_button()
        self.controls.addStretch(1)
        self.show_all = graphs.ShowAllButton(self.curves.canvas, self)
        self.controls.addWidget(self.show_all)
        self.curves.canvas.come_last()
        self._offer_ghosts()
        self._later = QTimer(self, singleShot=True, interval=LATER_MS)
        self._later.timeout.connect(self.refresh)
        bench.status_changed.connect(self._on_moment)
        bench.time.changed.connect(lambda: self._on_moment(bench.status))

    def on_events(self, events: list[Event]) -> None:
        """Add what happened to the curves; the picture follows if it can be seen."""
        super().on_events(events)
        rest: list[Event] = []
        for event in events:
            if isinstance(event, Prepared):
                self._take(rest)
                rest = []
                self._begin(event)
            else:
                rest.append(event)
        self._take(rest)
        self._offer_ghosts()
        self.has_picture = self.curves.record.reach > 0
        if self.isVisible():
            self._show_soon()

    def _show_soon(self) -> None:
        """While a run goes on, in a turn of its own: taking in the numbers was one."""
        if self.bench.status.state != "running":
            self.refresh()
        elif not self._later.isActive():
            self._later.start()

    def refresh(self, problem: object = None) -> None:
        """The metric's name follows the run."""
        self.curves.metric_name = self.bench.status.metric_name
        super().refresh(problem)
        self.curves.arrange()

    def on_theme(self) -> None:
        """Draw in the new colours."""
        self.show_all.refresh()
        self.clear_ghosts.setIcon(icons.icon("trash"))
        self.refresh()

    def _begin(self, event: Prepared) -> None:
        old = self.curves.record.whole
        if old.epoch >= GHOST_EPOCHS and old.document is not None:
            self._keep([old])
        if old.document is not None and not _comparable(old, event):
            self.curves.ghosts = ()
        self.curves.record = Record.of(event)

    def _take(self, events: list[Event]) -> None:
        self._keep(self.curves.record.take(events))

    def _keep(self, ways: list[Record]) -> None:
        """Remember these as ghosts, and let the oldest go."""
        self.curves.ghosts = (*self.curves.ghosts, *ways)[-GHOSTS:]

    def _on_moment(self, status: RunStatus) -> None:
        """The curves show which moment is looked at."""
        now = self.bench.shown_step / max(1, status.steps_per_epoch) if self.bench.looks_back else None
        if now != self.curves.now:
            self.curves.now = now
            if self.isVisible():
                self.curves.arrange()

    def _clear_button(self) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName("Forget the grey lines")
        button.setToolTip(labels.tooltip("Forget the grey lines"))
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setIconSize(QSize(16, 16))
        button.setFixedSize(graphs.SIDE, graphs.SIDE)
        button.setIcon(icons.icon("trash"))
        button.clicked.connect(self._forget_ghosts)
        self.controls.addWidget(button)
        return button

    def _offer_ghosts(self) -> None:
        """The controls of grey lines are there while grey lines are."""
        for part in (self.ghosts_box, self.clear_ghosts):
            part.setVisible(bool(self.curves.ghosts))

    def _forget_ghosts(self) -> None:
        self.curves.ghosts = ()
        self._offer_ghosts()
        self.refresh()

    def _check_box(self, text: str, why: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(labels.tooltip(why))
        box.setAccessibleDescription(why)
        self.controls.addWidget(box)
        return box

    def _choose(self) -> None:
        self.curves.log = self.log_box.isChecked()
        self.curves.show_steps = self.steps_box.isChecked()
        self.curves.show_ghosts = self.ghosts_box.isChecked()
        self.refresh()


def _comparable(old: Record, event: Prepared) -> bool:
    """Whether both runs are measured alike: the same data and the same loss."""
    before, after = old.document, event.document
    return before is not None and before.data == after.data and before.training.loss == after.training.loss
