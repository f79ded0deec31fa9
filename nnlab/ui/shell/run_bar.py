"""The run bar: train, pause, step, and where the run stands, in figures that do not dance."""

from collections.abc import Mapping

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QMenu, QSizePolicy, QToolButton, QWidget

from nnlab.core import words
from nnlab.core.document import Document, Training
from nnlab.engine.events import RunStatus
from nnlab.ui.forms.controls import HEIGHT
from nnlab.ui.forms.number_edit import NumberEdit
from nnlab.ui.look.labels import label, plain, tooltip
from nnlab.ui.shell.doctor_notes import DoctorButton
from nnlab.ui.shell.figures import EpochFigure, Figure, VerticalLine, how_it_computes, place_words
from nnlab.ui.shell.run_buttons import CommandButton, MainButton, RestartButton
from nnlab.ui.shell.speed_button import SpeedButton
from nnlab.ui.workbench import Workbench

BAR_HEIGHT = 48
RATE_WIDTH = 72
GAP = 4
NARROW = 1120  # below it the restart button is brief
ROOMY = 1300  # below it the speed button is an icon
FIXED_GAPS = 12 * GAP  # the row's margins and spacings that never give way
METRICS = {metric: f"{name[:1].upper()}{name[1:]}" for metric, name in words.METRICS.items()}
EMPTY = "–"
SPEED = "How many batches it learns from in a second"


class RunBar(QWidget):
    """Buttons for the run at the left, its figures at the right; the less important ones give way when it is narrow."""

    def __init__(self, bench: Workbench, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        """`actions` are the train.* commands by their id."""
        super().__init__(parent)
        self.setObjectName("runBar")
        self.setAccessibleName("Run bar")
        self.setFixedHeight(BAR_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.bench = bench
        self._actions = actions
        self.main = MainButton(actions)
        self.restart = RestartButton(actions.get("train.restart"))
        self.step = CommandButton(actions.get("train.step"), "step", "Step")
        self.step.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.step.setMenu(self._step_menu())
        self.stop = CommandButton(actions.get("train.stop"), "stop")
        self.reset = CommandButton(actions.get("train.reset"), "reset")
        self.dice = CommandButton(actions.get("train.new_dice"), "dice")
        self.pace = SpeedButton(bench, actions)
        self.doctor = DoctorButton(bench)
        self.epoch = EpochFigure()
        self.loss = Figure("Loss", "8.88×10⁻⁸", dot="train")
        self.measure = Figure("Accuracy", "100.0 %")
        self.validation = Figure("Validation", "100.0 %", dot="validation")
        self.speed = Figure("Steps/s", "888 888")
        self.left = Figure("Time left", "8:88:88")
        self.where = Figure("Runs on", "", stretchy=True)
        self.rate = NumberEdit(Training.param("learning_rate"), bench.document.training.learning_rate)
        self._rate_label = label("Learning rate", "caption")
        self._by_importance = (
            self.where, self.speed, self.left, self.validation, self._rate_label, self.measure, self.pace,
        )  # fmt: skip
        self._row = QHBoxLayout(self)
        self._row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._build()
        bench.status_changed.connect(self.show_status)
        bench.stale_changed.connect(self._show_buttons)
        bench.time.changed.connect(lambda: self.show_status(bench.status))
        bench.document_changed.connect(self._on_document)
        self.rate.changed.connect(self._set_rate)
        self.doctor.shown_changed.connect(self._fit)
        self.show_status(bench.status)

    def show_status(self, status: RunStatus) -> None:
        """Show where the run stands."""
        metric = METRICS.get(status.metric_name, plain(status.metric_name))
        self._show_progress(status)
        self.loss.set_value(EMPTY if status.loss is None else words.steady(status.loss))
        self.measure.set_caption(metric)
        self.measure.set_value(_metric(status.metric_name, status.metric))
        self.validation.set_value(_metric(status.metric_name, status.validation_metric))
        running = status.state == "running"
        self.speed.set_value(words.count(status.steps_per_second) if running and status.steps_per_second else EMPTY)
        left = status.seconds_left if running else None
        self.left.set_value(EMPTY if left is None else words.duration(left))
        self.where.set_value(place_words(plain(status.device), plain(status.engine)) or EMPTY)
        _explain(self.where, how_it_computes(status))
        _explain(self.speed, _speed(status) if running and status.steps_per_second else SPEED)
        self._show_buttons()

    # ---------------------------------------------------------------- inside

    def _show_progress(self, status: RunStatus) -> None:
        """The epoch; or, while an earlier moment is looked at, its step and the newest one."""
        if self.bench.looks_back:
            self.epoch.set_moment(self.bench.shown_step, self.bench.time.furthest)
            return
        epochs = status.epochs or self.bench.document.training.epochs
        self.epoch.set_progress(status.epoch, epochs, _share(status), plain(status.phase))

    def _build(self) -> None:
        row = self._row
        row.setContentsMargins(2 * GAP, 0, 3 * GAP, 0)
        row.setSpacing(GAP)
        for button in (self.main, self.restart, self.step, self.stop, self.reset, self.dice, self.pace, self.doctor):
            row.addWidget(button)
        row.addSpacing(GAP)
        row.addWidget(VerticalLine())
        row.addSpacing(2 * GAP)
        for figure in (self.epoch, self.loss, self.measure, self.validation, self.speed, self.left):
            row.addWidget(figure)
        row.addStretch(1)
        self._rate_label.setBuddy(self.rate)
        self.rate.setFixedSize(RATE_WIDTH, HEIGHT)
        row.addWidget(self._rate_label)
        row.addWidget(self.rate)
        row.addSpacing(2 * GAP)
        row.addWidget(self.where)
        self.rate.setToolTip(tooltip("How big a step is; it can be changed while training. Arrow keys step it."))
        self.epoch.setToolTip(tooltip("One epoch is one pass through all training samples"))
        self.loss.setToolTip(tooltip("How wrong the network is on the training samples; training makes it small"))
        self.measure.setToolTip(tooltip("Measured on the training samples"))
        self.validation.setToolTip(tooltip("The same, on samples held back from training"))

    def _step_menu(self) -> QMenu:
        menu = QMenu(self)
        for id_ in ("train.step", "train.step_epoch", "train.step_phase"):
            if id_ in self._actions:
                menu.addAction(self._actions[id_])
        return menu

    def _show_buttons(self, *_: object) -> None:
        status, stale = self.bench.status, self.bench.stale
        self.main.show_state(status, stale, self.bench.looks_back)
        if self.restart.isHidden() == stale:
            self.restart.setVisible(stale)
            self._fit()

    def _set_rate(self, value: float, done: bool) -> None:
        self.bench.apply(
            "Change Learning rate",
            self.bench.document.with_training(learning_rate=value),
            merge_key="training:learning_rate",
        )
        if done:
            self.bench.history.end_merge()

    def _on_document(self, old: Document, new: Document) -> None:
        self.rate.set_value(new.training.learning_rate)
        if self.bench.status.epochs == 0:
            self.show_status(self.bench.status)

    def _fit(self) -> None:
        """Hide figures, the least important first, until the rest has room."""
        self.restart.set_short(self.width() < NARROW)
        self.pace.set_short(self.width() < ROOMY)
        items = [self._row.itemAt(k) for k in range(self._row.count())]
        widgets = [w for item in items if item is not None and (w := item.widget()) is not None]
        shown = [w for w in widgets if w in self._by_importance or not w.isHidden()]
        needed = sum(_least(w) + GAP for w in shown) + FIXED_GAPS
        for widget in self._by_importance:
            fits = needed <= self.width()
            widget.setVisible(fits)
            needed -= 0 if fits else _least(widget) + GAP

    # ---------------------------------------------------------------- Qt

    def minimumSizeHint(self) -> QSize:
        """Small enough for any window: figures give way."""
        return QSize(320, BAR_HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many figures as there is room for."""
        super().resizeEvent(event)
        self._fit()
        self._row.activate()  # what is shown for the first time would be painted in the corner before it has its place


def _explain(figure: Figure, text: str) -> None:
    """What hovering a figure says; set anew only if it differs."""
    said = tooltip(text)
    if said != figure.toolTip():
        figure.setToolTip(said)


def _speed(status: RunStatus) -> str:
    epochs = status.epochs_per_second
    return f"{SPEED}\n{words.count(epochs) if epochs >= 10 else words.number(epochs)} epochs a second"


def _least(widget: QWidget) -> int:
    return max(widget.minimumWidth(), widget.minimumSizeHint().width())


def _share(status: RunStatus) -> float:
    total = status.steps_per_epoch * status.epochs
    return status.step / total if total else 0.0


def _metric(name: str, value: float | None) -> str:
    if value is None:
        return EMPTY
    return words.percent(value) if words.is_share(name) else words.fixed(value, 3)
