"""The panel of the loss curves."""

from PySide6.QtWidgets import QCheckBox, QWidget

from nnlab.engine.events import Event, Prepared
from nnlab.ui.drawing import DrawnPanel
from nnlab.ui.look import graphs, labels
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.loss.drawing import LossDrawing
from nnlab.ui.panels.loss.record import Record
from nnlab.ui.workbench import Workbench

GHOSTS = 3  # earlier runs that stay visible
GHOST_EPOCHS = 2  # a run must have come this far to leave one


@PANELS.register("loss")
class LossPanel(DrawnPanel):
    """How wrong the network is, epoch by epoch.

    The loss is what training makes small; the metric is what you care about. Both are measured on the training
    part, which the network learns from, and on the validation part, which it never learns from. When training
    goes on falling while validation rises, the network is learning its samples by heart. The faint line is the
    loss of every single step; grey lines are earlier runs. Point at a curve to read it, turn the wheel to
    look closer, drag to move, press F to see everything again.
    """

    title = "Loss"
    icon = "panel-loss"
    order = 20

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        self.curves = LossDrawing()
        super().__init__(bench, self.curves, parent)
        self.log_box = self._check_box("Log scale", "Equal distances for equal ratios: small losses are told apart.")
        self.steps_box = self._check_box("Every step", "The loss of each single batch, as a faint line.")
        self.steps_box.setChecked(True)
        self.log_box.toggled.connect(self._choose)
        self.steps_box.toggled.connect(self._choose)
        self.controls.addStretch(1)
        self.show_all = graphs.ShowAllButton(self.curves.canvas, self)
        self.controls.addWidget(self.show_all)
        self.curves.canvas.come_last()

    def on_events(self, events: list[Event]) -> None:
        """Add what happened to the curves; the picture follows if it can be seen."""
        super().on_events(events)
        rest: list[Event] = []
        for event in events:
            if isinstance(event, Prepared):
                self.curves.record.take(rest)
                rest = []
                self._begin(event)
            else:
                rest.append(event)
        self.curves.record.take(rest)
        self.has_picture = self.curves.record.reach > 0
        if self.isVisible():
            self.refresh()

    def refresh(self, problem: object = None) -> None:
        """The metric's name follows the run."""
        self.curves.metric_name = self.bench.status.metric_name
        super().refresh(problem)
        self.curves.arrange()

    def on_theme(self) -> None:
        """Draw in the new colours."""
        self.show_all.refresh()
        self.refresh()

    def _begin(self, event: Prepared) -> None:
        old = self.curves.record
        if old.epoch >= GHOST_EPOCHS and old.document is not None:
            self.curves.ghosts = (*self.curves.ghosts, old)[-GHOSTS:]
        if old.document is not None and not _comparable(old, event):
            self.curves.ghosts = ()
        self.curves.record = Record.of(event)

    def _check_box(self, text: str, why: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(labels.tooltip(why))
        box.setAccessibleDescription(why)
        self.controls.addWidget(box)
        return box

    def _choose(self) -> None:
        self.curves.log = self.log_box.isChecked()
        self.curves.show_steps = self.steps_box.isChecked()
        self.refresh()


def _comparable(old: Record, event: Prepared) -> bool:
    """Whether both runs are measured alike: the same data and the same loss."""
    before, after = old.document, event.document
    return before is not None and before.data == after.data and before.training.loss == after.training.loss
