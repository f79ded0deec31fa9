"""The panel that rolls the dice."""

from typing import Any, cast

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QPushButton, QVBoxLayout, QWidget

from nnlab.core import words
from nnlab.core.check import check
from nnlab.core.document import Document
from nnlab.engine.events import Branched, Epochs, Event, Prepared
from nnlab.engine.many.rolled import next_seeds
from nnlab.engine.many.roller import Roller
from nnlab.engine.trainer import needs_restart
from nnlab.ui.drawing import NO_NETWORK, DrawnPanel
from nnlab.ui.forms.second_row import SecondRow
from nnlab.ui.look import icons, labels
from nnlab.ui.look.curves import Curve
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.dice.drawing import DiceDrawing
from nnlab.ui.panels.dice.view import OneRun, View
from nnlab.ui.workbench import Workbench

LOOK_MS = 200  # between two looks at the roll
COUNTS = (8, 16, 32, 64, 128, 256)
FIRST_COUNT = 64
ONE_ROW = 440  # pixels that all controls need beside each other
WAITING = (
    "Train gives you one throw of the dice: one set of first weights. Roll many at once, and see how much was luck."
)


@PANELS.register("dice")
class DicePanel(DrawnPanel):
    """How much of it was luck: the same network from many first weights, all trained at once.

    Every seed draws other first weights and another order of samples. Each thin line is one seed, green if it
    solves the task; the dark line is the median. Each small picture is what one seed answers: green-framed ones
    solve it, a cross means that it blew up. Point at a picture to find its line; click it to make it yours, with
    its seed and all it has learned. Solved is an accuracy of 95 %, or an R² of 0.9.
    """

    title = "Dice"
    icon = "panel-dice"
    order = 70
    apart = 0.1

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        self.dice = DiceDrawing()
        self.roller = Roller()
        self._loss, self._metric = Curve(), Curve()
        self._run_seed = 0
        self._shown: object = None
        super().__init__(bench, self.dice, parent)
        self._build_controls()
        self.dice.taken.connect(self._take)
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        bench.closing.connect(self.roller.close)
        self.destroyed.connect(self.roller.close)

    def _build_controls(self) -> None:
        self.roll_button = QPushButton()
        self.roll_button.setProperty("accented", True)
        self.roll_button.clicked.connect(self._roll_or_stop)
        self.controls.addWidget(self.roll_button)
        self.count_box = self._combo("How many seeds", [str(n) for n in COUNTS], "How many seeds are rolled.")
        self.controls.addWidget(self.count_box)
        self.count_box.setCurrentIndex(COUNTS.index(FIRST_COUNT))
        self.curve_box = self._combo(
            "What the lines show",
            ["Loss", "Loss, log scale", "Accuracy"],
            "What the lines show. On a log scale small losses are told apart.",
        )
        self.best_box = self._check_box("Ranked", "The pictures in the order of their seeds' results, the best first.")
        self.controls.addStretch(1)
        self.second = SecondRow(self.controls, cast(QVBoxLayout, self.layout()), ONE_ROW)
        self.second.row.addWidget(self.curve_box)
        self.second.row.addWidget(self.best_box)
        self.second.row.addStretch(1)
        self._say_button()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One row of controls where there is room for it, else two."""
        super().resizeEvent(event)
        self.second.fit(self.width())

    def _combo(self, name: str, items: list[str], why: str) -> QComboBox:
        box = QComboBox()
        box.addItems(items)
        box.setAccessibleName(name)
        box.setToolTip(labels.tooltip(why))
        box.activated.connect(self._choose)
        return box

    def _check_box(self, text: str, why: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(labels.tooltip(why))
        box.setAccessibleDescription(why)
        box.toggled.connect(self._choose)
        return box

    # ---------------------------------------------------------------- rolling

    def roll(self) -> None:
        """Roll as many seeds as are chosen, from the project's own on."""
        document = self.bench.document
        wrong = next((p.message for p in check(document) if p.severity == "error"), None)
        if wrong is not None:
            self.bench.say("warning", f"The dice cannot be rolled yet: {wrong}")
            return
        self.roller.start(document, next_seeds(document.training.seed, COUNTS[self.count_box.currentIndex()]))
        self._timer.start()
        self._look()

    def _roll_or_stop(self) -> None:
        if self.roller.is_busy:
            self.roller.stop()
        else:
            self.roll()

    def _look(self) -> None:
        """One look at the roll: draw what is new if it can be seen, and say how it ended."""
        status = self.roller.status()
        self.roller.want_planes(self.isVisible())
        if status is self._shown:
            return
        self._shown = status
        if status.state in ("finished", "failed"):
            self._timer.stop()
            for notice in status.result.notices if status.result else ():
                self.bench.say("info", notice)
            if status.state == "failed":
                self.bench.say("error", status.message)
            elif status.result is not None and status.result.reason == "lost":
                self.bench.say("warning", status.message)
        self._say_button()
        self._refresh_if_seen()

    def _say_button(self) -> None:
        busy = self.roller.is_busy
        self.roll_button.setText("Stop" if busy else f"Roll {COUNTS[self.count_box.currentIndex()]}")
        self.roll_button.setIcon(icons.icon("stop" if busy else "dice", "on_accent"))
        self.roll_button.setToolTip(
            labels.tooltip("End the roll here." if busy else "Train this network from many seeds, all at once.")
        )

    def _take(self, place: Any) -> None:
        """Make one seed the project's own, with what it has learned, as one edit."""
        status, view = self.roller.status(), self.dice.view
        result = status.result
        if result is None:
            self.bench.say("info", "Wait for the end of the roll, or stop it, to take a seed.")
            return
        if view.is_old:
            self.bench.say("info", "The network has changed since these seeds were rolled: roll again.")
            return
        seed = result.seeds[place]
        if seed != self.bench.document.training.seed:
            self.bench.apply(f"Seed {seed}", self.bench.document.with_training(seed=seed))
        self.bench.prepare(weights=result.weights(place))

    # ---------------------------------------------------------------- the contract

    def on_events(self, events: list[Event]) -> None:
        """Follow the window's own run: it is one throw among the others."""
        super().on_events(events)
        for event in events:
            if isinstance(event, Prepared):
                self._loss, self._metric = Curve(), Curve()
                self._run_seed = event.document.training.seed
            elif isinstance(event, Branched):
                self._loss, self._metric = Curve(), Curve()
            elif isinstance(event, Epochs):
                self._hear(event)
        self._refresh_if_seen()

    def _hear(self, event: Epochs) -> None:
        part = "train" if np.isnan(event.column("validation_loss")).all() else "validation"
        epochs = event.column("epoch")
        if self._loss.last is not None and len(epochs) and epochs[0] <= self._loss.last[0]:
            self._loss, self._metric = Curve(), Curve()  # it was told before, or begins again after that of a file
        self._loss.extend(epochs, event.column(f"{part}_loss"))
        self._metric.extend(epochs, event.column(f"{part}_metric"))

    def on_document(self, old: Document, new: Document) -> None:
        """An edit makes what was rolled older."""
        super().on_document(old, new)
        self._refresh_if_seen()

    def on_theme(self) -> None:
        """Draw in the new colours."""
        self._say_button()
        self.refresh()

    def refresh(self, problem: object = None) -> None:
        """Show the newest view, or say what would fill the panel."""
        view = self._view()
        self.dice.show_view(view)
        nodes = bool(self.bench.document.graph.nodes)
        self.has_picture = nodes and (view.is_rolled or view.is_rolling or len(view.run.epochs) > 0)
        if not self.has_picture and not self.failure and not isinstance(problem, str):
            self.drawing.say(WAITING if nodes else NO_NETWORK)
        else:
            super().refresh(problem)

    def _refresh_if_seen(self) -> None:
        if self.isVisible():
            self.refresh()

    def _view(self) -> View:
        if not hasattr(self, "best_box"):
            return View(self.roller.status(), OneRun())
        status, document = self.roller.status(), self.bench.document
        accuracy = document.spec is None or document.spec.task == "classes"
        share = words.METRICS[status.metric if status.metric != "r2" else "accuracy"].capitalize()
        self.curve_box.setItemText(2, share if accuracy else "R²")
        epochs, losses = self._loss.points()
        metric_epochs, metrics = self._metric.points()
        if len(metric_epochs) != len(epochs):
            metrics = np.interp(epochs, metric_epochs, metrics)
        rolled = status.document
        is_old = rolled is not None and _differs(rolled, document)
        return View(
            status,
            OneRun(self._run_seed, epochs, losses, metrics),
            accuracy,
            self.curve_box.currentIndex() == 2,
            self.curve_box.currentIndex() == 1,
            self.best_box.isChecked(),
            document.training.seed,
            is_old,
        )

    def _choose(self) -> None:
        self._say_button()
        self.refresh()


def _differs(rolled: Document, now: Document) -> bool:
    """Whether another network or other training would be rolled now; another seed alone is no difference."""
    seed = now.training.seed
    return needs_restart(rolled.with_training(seed=seed, early_stopping=now.training.early_stopping), now)
