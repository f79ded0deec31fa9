"""The inspector edits what is selected, one undo step at a time, and shows what is true of it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from nnlab.core.check import check
from nnlab.core.dataset import DATASETS, MissingDataset
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, UnknownLayer
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.engine.events import Prepared, RunStatus
from nnlab.ui.forms.fields import NumberField, SwitchField
from nnlab.ui.forms.form import SettingsForm, VariantField
from nnlab.ui.inspector.inspector import HINT, Inspector
from nnlab.ui.workbench import Workbench


def small_network() -> Document:
    """Input, linear, linear, tanh, output in a row."""
    graph = Graph()
    kinds = [("input", "Input"), ("first", "Linear"), ("second", "Linear"), ("tanh", "Tanh"), ("output", "Output")]
    for place, (node_id, kind) in enumerate(kinds):
        graph = graph.with_node(Node(node_id, LAYERS[kind](), 224.0 * place, 0.0))
    for (source, _), (target, _) in pairwise(kinds):
        graph = graph.connect(source, target)
    return Document(graph=graph)


@pytest.fixture
def bench(qapp: object) -> Iterator[Workbench]:
    made = Workbench(small_network())
    yield made
    made.close()


@pytest.fixture
def inspector(qtbot: QtBot, bench: Workbench) -> Inspector:
    made = Inspector(bench)
    qtbot.addWidget(made)
    made.resize(QSize(280, 700))
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def _number(form: SettingsForm | None, name: str) -> NumberField:
    assert form is not None
    field = form.fields[name]
    assert isinstance(field, NumberField)
    return field


def _type(edit: QLineEdit, text: str) -> None:
    edit.setFocus()
    edit.selectAll()
    edit.insert(text)
    QTest.keyClick(edit, Qt.Key.Key_Return)


def _select(bench: Workbench, inspector: Inspector, *nodes: str) -> None:
    bench.select(nodes)
    inspector.refresh()


def test_a_layer_is_shown_with_its_shapes_and_what_it_costs(bench: Workbench, inspector: Inspector) -> None:
    _select(bench, inspector, "first")
    page = inspector.node_page
    facts = dict(page.facts.texts())
    assert page.name.text() == "Linear"
    assert facts["In"] == "N × 2"
    assert facts["Out"] == "N × 8"
    assert facts["Parameters"] == "24"
    assert facts["Operations per sample"] == "32"


def test_the_kind_of_a_layer_is_said_once(bench: Workbench, inspector: Inspector) -> None:
    _select(bench, inspector, "first")
    said = [shown.text() for shown in inspector.node_page.findChildren(QLabel) if shown.isVisibleTo(inspector)]
    assert inspector.node_page.name.text() == "Linear"
    assert "Core" in said
    bench.apply_graph("Rename", bench.document.graph.with_node(replace(bench.document.graph.node("first"), name="Eye")))
    inspector.refresh()
    said = [shown.text() for shown in inspector.node_page.findChildren(QLabel) if shown.isVisibleTo(inspector)]
    assert inspector.node_page.name.text() == "Eye"
    assert "Linear · Core" in said


def test_an_edit_is_one_undo_step_and_undo_shows_in_place(bench: Workbench, inspector: Inspector) -> None:
    _select(bench, inspector, "first")
    edit = _number(inspector.node_page.form, "out_features").edit
    _type(edit, "16")
    inspector.refresh()
    assert bench.document.graph.node("first").layer == LAYERS["Linear"](out_features=16)
    assert dict(inspector.node_page.facts.texts())["Out"] == "N × 16"
    bench.undo()
    inspector.refresh()
    assert _number(inspector.node_page.form, "out_features").edit is edit
    assert edit.hasFocus()
    assert edit.value == 8
    assert bench.history.undo_label is None


def test_stepping_merges_and_the_next_visit_is_a_step_of_its_own(bench: Workbench, inspector: Inspector) -> None:
    _select(bench, inspector, "first")
    edit = _number(inspector.node_page.form, "out_features").edit
    edit.setFocus()
    for _ in range(5):
        QTest.keyClick(edit, Qt.Key.Key_Up)
    QTest.keyClick(edit, Qt.Key.Key_Return)
    QTest.keyClick(edit, Qt.Key.Key_Up)
    assert edit.value == 14
    bench.undo()
    assert bench.document.graph.node("first").layer == LAYERS["Linear"](out_features=13)
    bench.undo()
    assert bench.document.graph.node("first").layer == LAYERS["Linear"](out_features=8)


def test_the_key_of_undo_belongs_to_the_project_once_nothing_is_typed(bench: Workbench, inspector: Inspector) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QApplication

    _select(bench, inspector, "first")
    edit = _number(inspector.node_page.form, "out_features").edit
    edit.setFocus()
    for typed, taken in (("", False), ("9", True)):
        edit.insert(typed)
        edit.setModified(bool(typed))
        event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        event.ignore()
        QApplication.sendEvent(edit, event)
        assert event.isAccepted() is taken


def test_the_name_leaves_undo_to_the_project_until_something_is_typed(bench: Workbench, inspector: Inspector) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QApplication

    _select(bench, inspector, "first")
    name = inspector.node_page.name
    name.setFocus()
    taken = []
    for typed in ("", "x"):
        QTest.keyClicks(name, typed)
        event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        event.ignore()
        QApplication.sendEvent(name, event)
        taken.append(event.isAccepted())
    assert taken == [False, True]


def test_another_page_never_puts_the_cursor_into_the_name(bench: Workbench, inspector: Inspector) -> None:
    form = inspector.run_page.training.form
    inspector.show_training()
    inspector.refresh()
    form.controls()[0].setFocus()
    assert inspector.run_page.isAncestorOf(inspector.focusWidget())
    _select(bench, inspector, "first")
    assert inspector.pages.currentWidget() is inspector.node_page
    assert not inspector.node_page.name.hasFocus()


def test_a_layer_can_be_renamed_and_named_back(bench: Workbench, inspector: Inspector) -> None:
    _select(bench, inspector, "first")
    name = inspector.node_page.name
    _type(name, "  hidden\u202e   layer ")
    assert bench.document.graph.node("first").name == "hidden� layer"
    _type(name, "")
    assert bench.document.graph.node("first").name == ""
    assert name.text() == "Linear"
    bench.undo()
    inspector.refresh()
    assert name.text() == "hidden� layer"


def test_a_problem_comes_with_its_fixes_as_buttons(bench: Workbench, inspector: Inspector) -> None:
    found = next(p for p in check(bench.document) if p.node and p.fixes)
    assert found.node is not None
    _select(bench, inspector, found.node)
    card = inspector.node_page.cards.cards[0]
    assert card.message.text() == found.message
    assert card.buttons[0].accessibleName() == found.fixes[0].label  # the text ends in dots where it is narrow
    before = bench.document
    card.buttons[0].click()
    assert bench.document == found.fixes[0].apply(before)
    assert bench.history.undo_label == found.fixes[0].label
    bench.undo()
    assert bench.document == before


def test_several_layers_of_one_kind_are_edited_at_once(bench: Workbench, inspector: Inspector) -> None:
    graph = bench.document.graph
    wide = replace(graph.node("second"), layer=LAYERS["Linear"](out_features=32))
    bench.apply_graph("Widen", graph.with_node(wide))
    _select(bench, inspector, "first", "second")
    page = inspector.several_page
    assert page.title.text() == "2 layers selected"
    units = _number(page.form, "out_features").edit
    assert units.placeholderText() == "Several values"
    _type(units, "5")
    assert [bench.document.graph.node(n).layer for n in ("first", "second")] == [LAYERS["Linear"](out_features=5)] * 2
    bench.undo()
    inspector.refresh()
    assert units.text() == ""


def test_layers_of_different_kinds_are_counted(bench: Workbench, inspector: Inspector) -> None:
    _select(bench, inspector, "first", "tanh")
    assert inspector.several_page.form is None
    assert dict(inspector.several_page.facts.texts())["Linear"] == "1"


def test_nothing_selected_shows_the_run(bench: Workbench, inspector: Inspector) -> None:
    assert inspector.pages.currentWidget() is inspector.run_page
    _select(bench, inspector, "first")
    assert inspector.pages.currentWidget() is inspector.node_page
    inspector.show_training()
    inspector.refresh()
    assert inspector.pages.currentWidget() is inspector.run_page
    assert inspector.run_page.tabs.currentWidget() is inspector.run_page.training


def test_every_training_and_data_setting_edits_the_document(bench: Workbench, inspector: Inspector) -> None:
    _type(_number(inspector.run_page.training.form, "epochs").edit, "1 000")
    _type(_number(inspector.run_page.training.form, "l2").edit, "1e-4")
    _type(_number(inspector.run_page.data.form, "validation").edit, "0,3")
    assert bench.document.training.epochs == 1000
    assert bench.document.training.l2 == 1e-4
    assert bench.document.data.validation == 0.3
    for _ in range(3):
        bench.undo()
    assert bench.document == small_network()


def _choose(inspector: Inspector, name: str, id_: str) -> None:
    forms = (inspector.run_page.training.form, inspector.run_page.data.form)
    field = next(form.fields[name] for form in forms if name in form.fields)
    assert isinstance(field, VariantField)
    field.box.activated.emit(field.box.findData(id_))


def test_another_optimizer_brings_its_good_rate_in_the_same_step(bench: Workbench, inspector: Inspector) -> None:
    said: list[str] = []
    bench.said.connect(lambda level, sentence: said.append(sentence))
    bench.apply("Rate", bench.document.with_training(learning_rate=OPTIMIZERS["adam"].good_rate))
    _choose(inspector, "optimizer", "sgd")
    assert bench.document.training.optimizer == OPTIMIZERS["sgd"]()
    assert bench.document.training.learning_rate == OPTIMIZERS["sgd"].good_rate
    bench.undo()
    assert bench.document.training.optimizer == OPTIMIZERS["adam"]()
    assert bench.document.training.learning_rate == OPTIMIZERS["adam"].good_rate
    assert bool(said) == (OPTIMIZERS["adam"].good_rate != OPTIMIZERS["sgd"].good_rate)


def test_a_rate_of_ones_own_survives_another_optimizer(bench: Workbench, inspector: Inspector) -> None:
    bench.apply("Rate", bench.document.with_training(learning_rate=0.0123))
    _choose(inspector, "optimizer", "sgd")
    assert bench.document.training.learning_rate == 0.0123


def test_patience_can_be_set_only_with_early_stopping(bench: Workbench, inspector: Inspector) -> None:
    field = _number(inspector.run_page.training.form, "patience")
    assert not field.edit.isEnabled()
    switch = inspector.run_page.training.form.fields["early_stopping"]
    assert isinstance(switch, SwitchField)
    switch.switch.click()
    inspector.refresh()
    assert field.edit.isEnabled()


def test_the_dice_take_the_next_seed(bench: Workbench, inspector: Inspector) -> None:
    inspector.run_page.training.dice.click()
    assert bench.document.training.seed == 1


def test_a_missing_data_set_is_said_and_can_be_replaced(bench: Workbench, inspector: Inspector) -> None:
    bench.apply("Lose", bench.document.with_data(dataset=MissingDataset("weather", {})))
    inspector.refresh()
    cards = inspector.run_page.data.cards.cards
    assert any("weather" in card.message.text() for card in cards)
    _choose(inspector, "dataset", "spiral")
    assert bench.document.data.dataset == DATASETS["spiral"]()
    inspector.refresh()
    assert not inspector.run_page.data.cards.cards


def test_the_facts_of_the_data_come_from_the_prepared_run(bench: Workbench, inspector: Inspector) -> None:
    document = bench.document
    bench.happened.emit([Prepared(0, document, "CPU", "eager", 1, 20, (320, 80, 0))])
    facts = dict(inspector.run_page.data.facts.texts())
    assert facts["Training samples"] == "320"
    assert facts["2 classes"] == "Arm 1, Arm 2"
    bench.apply("Less", document.with_data(validation=0.5))
    inspector.refresh()
    assert dict(inspector.run_page.data.facts.texts())["Training samples"] == "…"


def test_what_a_run_will_take_and_how_it_is_computed_stands_below_its_settings(
    bench: Workbench, inspector: Inspector
) -> None:
    ahead = {"precision": "float16", "needed_bytes": 2_100_000_000, "epoch_seconds": 0.012}
    bench.happened.emit([Prepared(0, bench.document, "CPU", "eager", 2, 20, (320, 80, 0), **ahead)])
    facts = dict(inspector.run_page.training.facts.texts())
    assert facts["Runs on"] == "CPU · 2 threads"
    assert facts["Memory, predicted"] == "about 2.1 GB"
    assert facts["An epoch, predicted"] == "about 12\u202fms"
    assert facts["Engine"] == "eager"
    status = RunStatus(device="CPU", engine="captured", loss_scale=32_768.0, skipped_steps=1)
    bench.status_changed.emit(status)
    facts = dict(inspector.run_page.training.facts.texts())
    assert (facts["Engine"], facts["Loss scale"], facts["Steps left out"]) == ("captured", "32\u202f768", "1")


def test_the_note_of_a_needed_restart_comes_and_goes(bench: Workbench, inspector: Inspector) -> None:
    notes = [child for child in inspector.findChildren(QLabel) if "restart" in child.text()]
    assert [note.isVisible() for note in notes] == [False]
    bench.stale = True
    bench.stale_changed.emit(True)
    assert notes[0].isVisible()
    bench.stale = False
    bench.stale_changed.emit(False)
    assert not notes[0].isVisible()


def test_pointing_at_a_setting_explains_it_at_the_foot(bench: Workbench, inspector: Inspector) -> None:
    hint = next(child for child in inspector.findChildren(QLabel) if child.text() == HINT)
    _select(bench, inspector, "first")
    _number(inspector.node_page.form, "out_features").edit.setFocus()
    assert hint.text() == "How many outputs (units)."


@pytest.mark.parametrize("kind", list(LAYERS))
def test_every_layer_has_a_page_that_never_scrolls_sideways(bench: Workbench, inspector: Inspector, kind: str) -> None:
    graph = bench.document.graph.with_node(Node("probe", LAYERS[kind](), 0.0, 300.0))
    bench.apply_graph("Add", graph)
    _select(bench, inspector, "probe")
    page = inspector.node_page
    inside = page.widget()
    assert inside is not None
    assert inside.minimumSizeHint().width() <= 280 - 10
    assert page.horizontalScrollBar().maximum() == 0
    assert page.name.text() == LAYERS[kind].title


def test_the_settings_of_the_run_never_scroll_sideways(inspector: Inspector) -> None:
    for page in (inspector.run_page.data, inspector.run_page.training):
        inside = page.widget()
        assert isinstance(page, QAbstractScrollArea)
        assert inside is not None
        assert inside.minimumSizeHint().width() <= 280 - 10


def test_a_layer_of_a_newer_version_is_named(bench: Workbench, inspector: Inspector) -> None:
    graph = bench.document.graph.with_node(Node("odd", UnknownLayer("Quantum", {}), 0.0, 300.0))
    bench.apply_graph("Add", graph)
    _select(bench, inspector, "odd")
    assert inspector.node_page.name.text() == "Unknown layer"
    assert inspector.node_page.form is None


def test_a_deleted_layer_leaves_the_page_for_the_run(bench: Workbench, inspector: Inspector) -> None:
    _select(bench, inspector, "first")
    edit = _number(inspector.node_page.form, "out_features").edit
    edit.setFocus()
    edit.insert("1")
    bench.apply_graph("Delete", bench.document.graph.without_node("first"))
    inspector.refresh()
    assert inspector.pages.currentWidget() is inspector.run_page
    assert "first" not in bench.document.graph.nodes


def test_editing_a_layer_brings_the_focus_to_its_first_setting(bench: Workbench, inspector: Inspector) -> None:
    inspector.edit("second")
    edit = _number(inspector.node_page.form, "out_features").edit
    assert edit.hasFocus()
    QTest.keyClicks(edit, "24")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert bench.document.graph.node("second").layer == LAYERS["Linear"](out_features=24)
    inspector.edit("tanh")
    assert inspector.node_page.name.hasFocus()


def test_every_control_of_the_inspector_says_what_it_is(bench: Workbench, inspector: Inspector) -> None:
    for chosen in ((), ("first",), ("first", "second")):
        _select(bench, inspector, *chosen)
        for child in inspector.findChildren(QWidget):
            if child.isVisible() and child.focusPolicy() & Qt.FocusPolicy.TabFocus:
                assert child.accessibleName() or getattr(child, "text", str)(), child


def test_a_hidden_inspector_catches_up_when_it_is_shown(bench: Workbench, inspector: Inspector) -> None:
    inspector.hide()
    bench.select(["first"])
    inspector.show()
    assert inspector.pages.currentWidget() is inspector.node_page
