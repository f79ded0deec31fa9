"""The inspector's pages of the whole run: where the data come from, and how the network learns from them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QTabWidget, QToolButton, QVBoxLayout, QWidget

from nnlab.core import words
from nnlab.core.check import Problem
from nnlab.core.dataset import DataSpec, Field, MissingDataset
from nnlab.core.document import Data, Document, Training
from nnlab.core.layer import shape_text
from nnlab.engine.events import Event, Prepared, RunStatus
from nnlab.ui.forms.controls import HEIGHT, Hairline
from nnlab.ui.forms.form import SettingsForm
from nnlab.ui.inspector.page import Cards, Facts, Page
from nnlab.ui.look import icons
from nnlab.ui.look.labels import label, plain
from nnlab.ui.scope import Scope
from nnlab.ui.workbench import Workbench

FIELD_WORDS = {"i": "whole numbers", "m": "yes or no", "e": "edges"}
OWN_DIVISION = "These data have a division of their own."
NAMES_SHOWN = 12  # of classes or inputs; more are counted


class DataPage(Page):
    """The data set with its own settings, how it is divided, and what is in it."""

    def __init__(self, bench: Workbench | Scope, explain: Callable[[str], None]) -> None:
        super().__init__("Data")
        self._bench = bench
        self._rows: tuple[Data, tuple[int, int, int]] | None = None
        self.cards = Cards(lambda fix: bench.apply(fix.label, fix.apply(bench.document)))
        self.form = SettingsForm(bench.document.data, self._change)
        self.form.explained.connect(explain)
        self._help = label("")
        self._help.setWordWrap(True)
        self.facts = Facts()
        for widget in (self.cards, self.form, Hairline(), self._help, self.facts):
            self.column.addWidget(widget)
        self.column.addStretch(1)

    def show_document(self, document: Document, problems: tuple[Problem, ...]) -> None:
        """Show the data of this document."""
        self.form.set_settings(document.data)
        own = document.spec is not None and document.spec.split is not None
        for name in ("validation", "test", "split_seed"):
            self.form.set_enabled(name, not own)
        dataset = document.data.dataset
        missing = isinstance(dataset, MissingDataset)
        self.cards.set_problems(tuple(p for p in problems if p.node is None))
        said = "" if missing else _first_paragraph(type(dataset))
        self._help.setText(f"{said} {OWN_DIVISION}" if own else said)
        self._help.setVisible(not missing)
        self.facts.set_facts(self._facts(document))

    def note(self, event: Prepared, document: Document) -> None:
        """Remember how many samples the parts of a prepared run have."""
        self._rows = (event.document.data, event.rows)
        self.facts.set_facts(self._facts(document))

    def _facts(self, document: Document) -> list[tuple[str, str]]:
        spec = document.spec
        if spec is None:
            return []
        facts = [(_field_name(each, spec), _field_size(each)) for each in spec.fields]
        known = self._rows is not None and self._rows[0] == document.data
        counts = [words.count(n) for n in self._rows[1]] if known and self._rows is not None else ["…"] * 3
        facts += list(zip(("Training samples", "Validation samples", "Test samples"), counts, strict=True))
        if spec.inputs:
            facts.append((words.plural(len(spec.inputs), "input"), _names(spec.inputs)))
        for target in spec.targets:
            what = ("class", "classes") if target.task == "classes" else ("value", "values")
            facts.append((words.plural(target.width, *what), _names(target.answers)))
        return facts

    def _change(self, name: str, value: Any, done: bool) -> None:
        bench = self._bench
        text = f"Change {Data.param(name).label}"
        bench.apply(text, bench.document.with_data(**{name: value}), merge_key=f"data:{name}")
        if done:
            bench.history.end_merge()


def _field_name(field: Field, spec: DataSpec) -> str:
    return "One sample" if len(spec.fields) == 1 else plain(field.name[:1].upper() + field.name[1:])


def _field_size(field: Field) -> str:
    size = shape_text(field.shape).removeprefix("N × ")
    if field.kind == "i" and field.vocabulary:
        return f"{size} words of {words.count(len(field.vocabulary))}"
    return f"{size} {FIELD_WORDS.get(field.kind, 'numbers')}"


class TrainingPage(Page):
    """Loss, optimizer, learning rate and the rest of how the network learns."""

    def __init__(self, bench: Workbench | Scope, explain: Callable[[str], None]) -> None:
        super().__init__("Training")
        self._bench = bench
        self.dice = QToolButton()
        self.dice.setFixedSize(HEIGHT, HEIGHT)
        self.dice.setIconSize(QSize(16, 16))
        self.dice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.dice.setAccessibleName("New dice")
        self.dice.setToolTip("New dice: the next seed, another random start")
        self.dice.clicked.connect(lambda: bench.new_dice())
        self.cards = Cards(lambda fix: bench.apply(fix.label, fix.apply(bench.document)))
        self.form = SettingsForm(bench.document.training, self._change, {"seed": self.dice})
        self.form.explained.connect(explain)
        self.facts = Facts()
        self._prepared: Prepared | None = None
        for widget in (self.cards, self.form, Hairline(), self.facts):
            self.column.addWidget(widget)
        self.column.addStretch(1)
        bench.status_changed.connect(lambda status: self._show_facts(status))
        self.on_theme()

    def show_document(self, document: Document, problems: tuple[Problem, ...]) -> None:
        """Show the training settings of this document."""
        training = document.training
        self.form.set_settings(training)
        self.form.set_enabled("patience", training.early_stopping)
        self.cards.set_problems(tuple(p for p in problems if p.node is None))

    def note(self, event: Prepared) -> None:
        """Take what is known of a run before it begins."""
        self._prepared = event
        self._show_facts(self._bench.status)

    def _show_facts(self, status: RunStatus) -> None:
        """What the run will take and how it is computed; drawn only if it differs."""
        before = self._prepared
        if before is None or before.run != status.run:
            return
        facts = [("Runs on", f"{plain(status.device or before.device)} · {words.plural(before.threads, 'thread')}")]
        facts.append(("Engine", plain(status.engine or before.engine)))
        facts.append(("Arithmetic", plain(before.precision)))
        if status.loss_scale is not None:
            facts.append(("Loss scale", words.count(status.loss_scale)))
            facts.append(("Steps left out", words.count(status.skipped_steps)))
        if before.needed_bytes:
            facts.append(("Memory, predicted", f"about {words.memory(_rough(before.needed_bytes))}"))
        if before.epoch_seconds is not None:
            facts.append(("An epoch, predicted", f"about {words.span(_rough(before.epoch_seconds))}"))
        if facts != self.facts.texts():
            self.facts.set_facts(facts)

    def on_theme(self) -> None:
        """The icon in the colours of the theme."""
        self.dice.setIcon(icons.icon("dice"))

    def _change(self, name: str, value: Any, done: bool) -> None:
        bench = self._bench
        old = bench.document.training
        new = old.with_(**{name: value})
        if name == "optimizer":
            new = _with_good_rate(old, new)
            if new.learning_rate != old.learning_rate:
                rate = words.number(new.learning_rate)
                bench.say("info", f"The learning rate is now {rate}, which suits {new.optimizer.title}")
        text = f"Change {Training.param(name).label}"
        bench.apply(text, replace(bench.document, training=new), merge_key=f"training:{name}")
        if done:
            bench.history.end_merge()


class RunPage(QWidget):
    """Data and training side by side, as two tabs."""

    def __init__(self, bench: Workbench | Scope, explain: Callable[[str], None]) -> None:
        super().__init__()
        self._bench = bench
        self.data = DataPage(bench, explain)
        self.training = TrainingPage(bench, explain)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Settings of the run")
        self.tabs.tabBar().setAccessibleName("Settings of the run")
        self.tabs.addTab(self.data, "Data")
        self.tabs.addTab(self.training, "Training")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tabs)

    def show_document(self, document: Document, problems: tuple[Problem, ...]) -> None:
        """Show the settings of the run."""
        self.data.show_document(document, problems)
        self.training.show_document(document, problems)

    def on_events(self, events: list[Event]) -> None:
        """Take how many samples each part has, and what the run will take."""
        for event in events:
            if isinstance(event, Prepared):
                self.data.note(event, self._bench.document)
                self.training.note(event)

    def on_theme(self) -> None:
        """The icons in the colours of the theme."""
        self.training.on_theme()


def _rough(value: float) -> float:
    """Two digits: a prediction has no more."""
    return float(f"{value:.2g}")


def _with_good_rate(old: Training, new: Training) -> Training:
    """With the rate that suits the new optimizer, if the rate was the one that suited the old one."""
    changed = type(old.optimizer) is not type(new.optimizer)
    if changed and old.learning_rate == old.optimizer.good_rate:
        return new.with_(learning_rate=new.optimizer.good_rate)
    return new


def _first_paragraph(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {words.count(len(names) - NAMES_SHOWN)} more"
