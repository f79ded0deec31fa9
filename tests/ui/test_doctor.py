"""The doctor in the window: it asks little, shows each note once, and a cure is one click and one undo."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.engine.doctor.doctor import Cure, Note
from nnlab.engine.events import Finished, Prepared, RunStatus, Snapshot, StateChanged
from nnlab.engine.wants import Health, HealthWant, NodeHealth, WeightHealth
from nnlab.ui.shell import doctor as module
from nnlab.ui.shell.doctor import RunDoctor
from nnlab.ui.shell.doctor_notes import DoctorButton, NoteCard
from nnlab.ui.shell.main_window import MainWindow
from nnlab.ui.shell.toasts import Toasts
from nnlab.ui.workbench import Workbench

WAIT = 20_000
popup = pytest.mark.qt_log_ignore("This plugin does not support")  # raising and grabbing, without a screen


def example(id_: str, **training: object) -> Document:
    return EXAMPLES[id_].make().with_training(device="cpu", **training)


@pytest.fixture
def bench(qapp: object) -> Iterator[Workbench]:
    made = Workbench(example("moons"))
    yield made
    made.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which passes only when a test says so."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def doctor(bench: Workbench, clock: list[float]) -> RunDoctor:
    made = RunDoctor(bench, lambda: True)
    bench.happened.emit([Prepared(1, bench.document, "CPU", "eager", 1, 15, (240, 60, 0))])
    return made


def health(step: int, dead: int = 0, metric: float = 0.5) -> Health:
    node = NodeHealth(8, dead, 0.0, 1.0)
    weight = WeightHealth(0.3, 0.3, 0.01, False)
    return Health(
        step, step // 15, 240, 0.69, metric, 0.69, 0.5, (0.5, 0.5), (0.5, 0.5), (0.0, 0.0), (1.0, 1.0), 0.0, 0.0,
        {"relu": node}, {"linear": weight, "linear_2": weight},
    )  # fmt: skip


def running(bench: Workbench, state: str = "running") -> None:
    bench.status = RunStatus(run=1, state=state, epoch=10, epochs=100, step=150, steps_per_epoch=15)  # type: ignore[arg-type]
    bench.status_changed.emit(bench.status)


def show(bench: Workbench, found: Health | str) -> None:
    step = found.step if isinstance(found, Health) else 1
    bench.pictured.emit(Snapshot(1, step, step // 15, {HealthWant(): found}))


def asked(bench: Workbench) -> bool:
    return any(HealthWant() in asker() for asker in bench._askers)


def epochs(bench: Workbench, count: int) -> None:
    from nnlab.engine.events import EpochDone, Epochs

    done = [EpochDone(e, 15 * e, 0.69, 0.5, 0.69, 0.5, 0.01, 0.1, e == 1) for e in range(1, count + 1)]
    bench.happened.emit([Epochs.of(1, done)])


# ------------------------------------------------------------------- asking


def test_it_asks_while_the_run_trains_and_at_most_twice_a_second(bench, doctor, clock) -> None:
    running(bench, "paused")
    assert not asked(bench)
    running(bench)
    assert asked(bench)
    show(bench, health(15))
    assert not asked(bench)
    clock[0] += module.EVERY_SECONDS - 0.01
    assert not asked(bench)
    clock[0] += 0.02
    assert asked(bench)
    assert module.EVERY_SECONDS >= 0.5


def test_it_asks_large_networks_less_often(bench, doctor, clock) -> None:
    running(bench)
    show(bench, replace(health(15), seconds=0.05))
    clock[0] += 4.9
    assert not asked(bench)
    clock[0] += 0.2
    assert asked(bench)


def test_it_asks_nothing_while_nobody_can_see_it(bench, clock) -> None:
    seen = [True]
    made = RunDoctor(bench, lambda: seen[0])
    bench.happened.emit([Prepared(1, bench.document, "CPU", "eager", 1, 15, (240, 60, 0))])
    running(bench)
    assert asked(bench)
    seen[0] = False
    assert not asked(bench)
    assert made.notes == ()


def test_after_the_end_it_looks_once_more(bench, doctor, clock) -> None:
    running(bench)
    show(bench, health(15))
    bench.happened.emit([Finished(1, "done", "Trained.", 10, 150, {})])
    running(bench, "finished")
    assert asked(bench)
    show(bench, health(150))
    clock[0] += 10
    assert not asked(bench)


def test_a_network_that_cannot_be_measured_is_no_trouble(bench, doctor) -> None:
    running(bench)
    show(bench, "This picture cannot be made: no.")
    assert doctor.notes == ()


# ------------------------------------------------------------------- notes


def sick(bench: Workbench) -> None:
    """A run whose units die."""
    running(bench)
    epochs(bench, 10)
    for step in (105, 120, 135):
        show(bench, health(step, dead=7))


def test_a_note_comes_with_its_evidence_and_badges_its_node(bench, doctor) -> None:
    sick(bench)
    (note,) = doctor.notes
    assert note.kind == "dead"
    assert "7 of 8 units of ReLU (relu) answer 0 to all of 240 samples" in note.message
    assert doctor.badges == {"relu": ("warning", str(note))}


def test_one_odd_look_raises_no_note_and_one_good_look_takes_none_away(bench, doctor) -> None:
    running(bench)
    epochs(bench, 10)
    show(bench, health(105, dead=7))
    assert doctor.notes == ()
    show(bench, health(120, dead=7))
    assert len(doctor.notes) == 1
    show(bench, health(135, dead=1))
    assert len(doctor.notes) == 1
    show(bench, health(150, dead=1))
    show(bench, health(165, dead=1))
    assert doctor.notes == ()


def test_a_dismissed_note_stays_away_for_this_run_and_may_come_back_in_the_next(bench, doctor) -> None:
    sick(bench)
    doctor.dismiss(doctor.notes[0])
    assert doctor.notes == ()
    assert doctor.badges == {}
    show(bench, health(150, dead=7))
    assert doctor.notes == ()
    bench.happened.emit([Prepared(2, bench.document, "CPU", "eager", 1, 15, (240, 60, 0))])
    assert doctor.notes == ()
    sick(bench)
    assert len(doctor.notes) == 1


def test_the_badge_goes_with_its_node(bench, doctor) -> None:
    sick(bench)
    bench.apply_graph("Delete", bench.document.graph.without_node("relu"))
    assert doctor.badges == {}


def test_the_badge_is_not_for_another_layer_in_the_same_place(bench, doctor) -> None:
    from nnlab.core.fixes import swap_layer

    sick(bench)
    bench.apply_graph("Swap", swap_layer(bench.document.graph, "relu", "Tanh"))
    assert doctor.badges == {}
    bench.undo()
    assert list(doctor.badges) == ["relu"]


def test_going_on_after_the_end_forgets_what_was_wrong(bench, doctor) -> None:
    withdrawn: list[Note] = []
    doctor.withdrawn.connect(withdrawn.append)
    bench.happened.emit([Finished(1, "diverged", "Training blew up: at step 3 ...", 0, 3, {}, None, "linear")])
    assert [note.kind for note in doctor.notes] == ["diverged"]
    bench.happened.emit([StateChanged(1, "running")])
    assert doctor.notes == ()
    assert [note.kind for note in withdrawn] == ["diverged"]


# ------------------------------------------------------------------- cures


class Calls:
    """Notes which way the workbench is asked to train."""

    def __init__(self, bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[str] = []
        for name in ("begin_again", "restart", "train_on"):
            monkeypatch.setattr(bench, name, lambda name=name: self.made.append(name))


@pytest.mark.parametrize(
    ("fresh", "change", "state", "expected"),
    [
        (True, {"learning_rate": 0.003}, "running", ["begin_again"]),
        (False, {"learning_rate": 0.003}, "running", []),
        (False, {"learning_rate": 0.003}, "paused", ["train_on"]),
        (False, {"learning_rate": 0.003}, "finished", ["train_on"]),
        (False, {"batch_size": 8}, "running", ["restart"]),
    ],
)
def test_a_cure_is_one_edit_and_the_run_goes_on_as_it_must(
    bench, doctor, monkeypatch, fresh, change, state, expected
) -> None:
    bench.run_document = bench.document
    running(bench, state)
    calls = Calls(bench, monkeypatch)
    before = bench.document
    doctor.take(Cure("Do it", lambda d: d.with_training(**change), fresh))
    assert calls.made == expected
    assert bench.document == before.with_training(**change)
    bench.undo()
    assert bench.document == before


def test_a_cure_after_the_last_epoch_begins_again(bench, doctor, monkeypatch) -> None:
    bench.run_document = bench.document
    bench.status = RunStatus(run=1, state="finished", epoch=100, epochs=100)
    calls = Calls(bench, monkeypatch)
    doctor.take(Cure("Do it", lambda d: d.with_training(learning_rate=0.003)))
    assert calls.made == ["begin_again"]


# ------------------------------------------------------------------- the button and its notes


@pytest.fixture
def holder(qtbot: QtBot) -> QWidget:
    return QWidget()


@pytest.fixture
def button(qtbot: QtBot, bench: Workbench, clock: list[float], holder: QWidget) -> DoctorButton:
    qtbot.addWidget(holder)
    holder.resize(900, 60)
    made = DoctorButton(bench, holder)
    holder.show()
    bench.happened.emit([Prepared(1, bench.document, "CPU", "eager", 1, 15, (240, 60, 0))])
    return made


def test_the_button_is_there_only_while_there_are_notes_and_counts_them(bench, button) -> None:
    assert button.isHidden()
    sick(bench)
    assert not button.isHidden()
    assert button.text() == "1 note"
    assert "Dead units" in button.toolTip()
    button.doctor.dismiss(button.doctor.notes[0])
    assert button.isHidden()


@popup
def test_the_notes_show_evidence_cures_and_the_way_to_the_layer(qtbot, bench, button) -> None:
    sick(bench)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    (card,) = button.notes.cards
    assert button.notes.isVisible()
    assert card.heading.text() == "Dead units"
    assert card.message.text().startswith("7 of 8 units")
    assert [b.text() for b in card.cures] == [cure.label for cure in button.doctor.notes[0].cures]
    assert card.show_layer is not None
    with qtbot.waitSignal(button.layer_wanted) as wanted:
        card.show_layer.click()
    assert wanted.args == ["relu"]
    assert not button.notes.isVisible()


@popup
def test_new_figures_leave_the_card_under_the_pointer(qtbot, bench, button) -> None:
    sick(bench)
    button.click()
    (card,) = button.notes.cards
    show(bench, health(150, dead=8))
    assert button.notes.cards == [card]
    assert card.message.text().startswith("8 of 8 units")
    QTest.keyClick(button.notes, Qt.Key.Key_Escape)
    assert not button.notes.isVisible()


@popup
def test_enter_takes_the_first_cure(qtbot, bench, button, monkeypatch) -> None:
    taken: list[Cure] = []
    monkeypatch.setattr(button.doctor, "take", taken.append)
    sick(bench)
    button.click()
    button.notes.activateWindow()
    button.notes.cards[0].cures[0].setFocus()
    QTest.keyClick(button.notes.focusWidget() or button.notes, Qt.Key.Key_Return)
    assert taken == [button.doctor.notes[0].cures[0]]
    assert not button.notes.isVisible()


@popup
def test_dismissing_the_last_note_closes_the_notes(qtbot, bench, button) -> None:
    sick(bench)
    button.click()
    button.notes.cards[0].dismiss.click()
    assert not button.notes.isVisible()
    assert button.isHidden()


def test_a_card_of_a_note_without_a_layer_offers_none(qtbot) -> None:
    card = NoteCard(Note("Said.", None, (), "plateau", "The loss no longer falls"), lambda cure: None, None)
    qtbot.addWidget(card)
    assert card.show_layer is None
    assert card.cures == []


# ------------------------------------------------------------------- the whole window


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow()
    qtbot.addWidget(made, before_close_func=lambda w: w.leave_in_a_hurry())
    made.show()
    made.complete()
    return made


def opened(window: MainWindow, qtbot: QtBot, document: Document) -> DoctorButton:
    window.bench.open_document(document)
    window.show_lab(fresh=True)
    qtbot.waitUntil(lambda: window.bench.status.state == "paused", timeout=WAIT)
    return window.workspace.run_bar.doctor


@popup
def test_a_rate_of_ten_is_noted_while_it_trains_and_its_cure_trains_anew(window, qtbot) -> None:
    button = opened(window, qtbot, example("xor", learning_rate=10, epochs=100_000))
    window.bench.train()
    qtbot.waitUntil(lambda: not button.isHidden(), timeout=WAIT)
    assert [note.kind for note in button.doctor.notes] == ["rate"]
    run = window.bench.trainer.run
    button.click()
    button.notes.cards[0].cures[0].click()
    assert window.bench.document.training.learning_rate == 0.01
    assert window.bench.trainer.run == run + 1
    qtbot.waitUntil(lambda: button.isHidden() and window.bench.status.step > 0, timeout=WAIT)
    window.bench.undo()
    assert window.bench.document.training.learning_rate == 10
    window.bench.stop()


def test_a_run_that_blew_up_offers_its_cure_and_goes_on_with_one_click(window, qtbot) -> None:
    button = opened(window, qtbot, example("curve", learning_rate=10, epochs=100_000))
    window.bench.train()
    qtbot.waitUntil(lambda: any(toast.offers for toast in window.toasts.shown), timeout=WAIT)
    (toast,) = [toast for toast in window.toasts.shown if toast.offers]
    assert toast.level == "error"
    assert toast.offers[0].text() == "Set the learning rate to 0.01 and go on"
    (node,) = button.doctor.badges
    assert window.editor.picture.problems[node][0] == "error"
    run = window.bench.trainer.run
    qtbot.mouseClick(toast.offers[0], Qt.MouseButton.LeftButton)
    assert window.bench.document.training.learning_rate == 0.01
    qtbot.waitUntil(lambda: window.bench.status.state == "running" and window.bench.status.epoch > 2, timeout=WAIT)
    assert window.bench.trainer.run == run
    qtbot.waitUntil(lambda: not window.toasts.shown and button.isHidden(), timeout=WAIT)
    window.bench.undo()
    assert window.bench.document.training.learning_rate == 10
    window.bench.stop()


def test_show_the_layer_selects_it(window, qtbot) -> None:
    opened(window, qtbot, example("moons"))
    window.workspace.run_bar.doctor.layer_wanted.emit("relu")
    assert window.bench.selection == {"relu"}


def test_a_sentence_with_an_offer_takes_the_place_of_the_same_one_without(qtbot) -> None:
    over = QWidget()
    qtbot.addWidget(over)
    over.resize(900, 500)
    toasts, done = Toasts(over), list[str]()
    over.show()
    toasts.say("error", "It blew up.")
    toasts.say("error", "It blew up.", [("Repair & go on", lambda: done.append("repaired"))])
    (toast,) = toasts.shown
    assert toast.offers[0].text() == "Repair && go on"
    toast.offers[0].click()
    assert done == ["repaired"]
    assert toasts.shown == []
    toasts.say("error", "Again.")
    toasts.withdraw("Again.")
    assert toasts.shown == []


def test_before_the_first_step_one_look_is_asked_for_and_what_starts_wrong_is_told(bench, doctor, clock) -> None:
    bench.status = RunStatus(run=1, state="paused", epoch=0, epochs=100, step=0, steps_per_epoch=15)
    assert asked(bench)
    show(bench, health(0, dead=8))
    assert not asked(bench)
    (note,) = doctor.notes
    assert note.kind == "dead-start"
    before = bench.document
    doctor.take(note.cures[0])
    assert bench.document != before
    assert bench.status.state == "paused", "it is for the user to begin"


@popup
def test_a_cure_that_is_pointed_at_is_told_and_no_longer_when_it_is_left(qtbot, bench, button) -> None:
    sick(bench)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    cure = button.notes.cards[0].cures[0]
    told: list[object] = []
    button.notes.pointed.connect(told.append)
    QApplication.sendEvent(cure, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.TabFocusReason))
    assert told == [button.doctor.notes[0].cures[0]]
    button.notes.hide()
    assert told[1:] == [None]
