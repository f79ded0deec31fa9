"""The run bar gives its commands, shows where the run stands, and never dances or clips."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from nnlab.core.document import Document
from nnlab.engine.events import RunState, RunStatus
from nnlab.ui.shell.figures import Figure
from nnlab.ui.shell.run_bar import RunBar
from nnlab.ui.workbench import Workbench

IDS = ["start", "pause", "step", "step_epoch", "step_phase", "stop", "reset", "new_dice", "restart"]
RUNNING = RunStatus(
    run=1, state="running", epoch=34, epochs=200, step=680, steps_per_epoch=20, loss=0.0423, metric=0.987,
    validation_metric=0.95, steps_per_second=31_123, seconds=12, seconds_left=12, learning_rate=0.01, engine="eager",
    device="CPU",
)  # fmt: skip


@pytest.fixture
def bench(qapp: object) -> Iterator[Workbench]:
    made = Workbench(Document())
    yield made
    made.close()


@pytest.fixture
def actions(qapp: object) -> dict[str, QAction]:
    return {f"train.{id_}": QAction(id_) for id_ in IDS}


@pytest.fixture
def bar(qtbot: QtBot, bench: Workbench, actions: dict[str, QAction]) -> RunBar:
    made = RunBar(bench, actions)
    qtbot.addWidget(made)
    made.resize(1280, made.height())
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def _show(bench: Workbench, status: RunStatus, stale: bool = False) -> None:
    bench.status, bench.stale = status, stale
    bench.status_changed.emit(status)
    bench.stale_changed.emit(stale)


@pytest.mark.parametrize(
    ("state", "step", "stale", "text", "accented", "command"),
    [
        ("idle", 0, False, "Train", "true", "train.start"),
        ("paused", 0, False, "Train", "true", "train.start"),
        ("paused", 9, False, "Resume", "true", "train.start"),
        ("running", 9, False, "Pause", "false", "train.pause"),
        ("finished", 9, False, "Train again", "true", "train.start"),
        ("failed", 0, False, "Train", "true", "train.start"),
        ("paused", 9, True, "Train", "false", "train.start"),
        ("running", 9, True, "Pause", "false", "train.pause"),
    ],
)
def test_the_main_button_offers_what_makes_sense(
    bench: Workbench, bar: RunBar, actions: dict[str, QAction], state: RunState, step: int, stale: bool, text: str,
    accented: str, command: str,
) -> None:  # fmt: skip
    given: list[str] = []
    for id_, action in actions.items():
        action.triggered.connect(lambda _=False, id_=id_: given.append(id_))
    width = bar.main.width()
    _show(bench, RunStatus(state=state, step=step), stale)
    assert bar.main.text() == text
    assert bar.main.property("accented") == accented
    assert bar.restart.isVisible() is stale
    assert bar.main.width() == width
    bar.main.click()
    assert given == [command]


def test_every_button_gives_its_command(bar: RunBar, actions: dict[str, QAction]) -> None:
    given: list[str] = []
    for id_, action in actions.items():
        action.triggered.connect(lambda _=False, id_=id_: given.append(id_))
    for button in (bar.step, bar.stop, bar.reset, bar.dice):
        button.click()
    assert given == ["train.step", "train.stop", "train.reset", "train.new_dice"]
    menu = bar.step.menu()
    assert menu is not None
    assert [a.text() for a in menu.actions()] == ["step", "step_epoch", "step_phase"]


def test_a_button_is_enabled_with_its_command(bar: RunBar, actions: dict[str, QAction]) -> None:
    actions["train.stop"].setEnabled(False)
    actions["train.start"].setEnabled(False)
    assert not bar.stop.isEnabled()
    assert not bar.main.isEnabled()
    actions["train.start"].setEnabled(True)
    assert bar.main.isEnabled()


def test_figures_show_where_the_run_stands(bench: Workbench, bar: RunBar) -> None:
    _show(bench, RUNNING)
    assert bar.epoch.value == "34 / 200"
    assert bar.epoch.share == pytest.approx(680 / 4000)
    assert bar.loss.value == "0.0423"
    assert bar.measure.value == "98.7\u202f%"
    assert bar.validation.value == "95.0\u202f%"
    assert bar.speed.value == "31\u202f123"
    assert bar.left.value == "0:12"
    assert bar.where.value == "CPU · eager"


def test_hovering_says_how_and_why_it_computes_so(bench: Workbench, bar: RunBar) -> None:
    reason = "The whole training loop runs as one program without Python."
    _show(bench, replace(RUNNING, engine="captured", engine_reason=reason, threads=2, precision="bfloat16"))
    assert bar.where.value == "CPU · captured"
    assert "2 threads, in bfloat16" in bar.where.toolTip()
    assert f"Captured engine. {reason}" in bar.where.toolTip().replace("\n", " ")
    assert "1\u202f556 epochs a second" in bar.speed.toolTip()
    _show(bench, replace(RUNNING, precision="float16", loss_scale=65_536.0, skipped_steps=3))
    assert "65\u202f536" in bar.where.toolTip()
    assert "3 steps left out" in bar.where.toolTip().replace("\n", " ")


def test_a_value_to_predict_is_measured_by_r2(bench: Workbench, bar: RunBar) -> None:
    _show(bench, replace(RUNNING, metric_name="r2", metric=0.5, validation_metric=-0.25))
    assert bar.measure.caption == "R²"
    assert bar.measure.value == "0.500"
    assert bar.validation.value == "−0.250"


def test_before_the_run_there_are_dashes_and_the_number_of_epochs(bench: Workbench, bar: RunBar) -> None:
    _show(bench, RunStatus())
    assert bar.epoch.value == "0 / 200"
    assert {bar.loss.value, bar.measure.value, bar.speed.value, bar.left.value} == {"–"}
    bench.apply("Epochs", bench.document.with_training(epochs=50))
    assert bar.epoch.value == "0 / 50"


def test_nothing_moves_while_training(bench: Workbench, bar: RunBar) -> None:
    _show(bench, RUNNING)
    places = [child.geometry() for child in bar.findChildren(QWidget) if child.parent() is bar]
    for k in range(20):
        status = replace(
            RUNNING, epoch=k * 9, step=k * 190, loss=10.0 ** (k - 10), metric=k / 19, validation_metric=1 - k / 19,
            steps_per_second=10.0 ** (k % 6), seconds_left=4.0**k % 9000,
        )  # fmt: skip
        _show(bench, status)
        assert [child.geometry() for child in bar.findChildren(QWidget) if child.parent() is bar] == places


@pytest.mark.parametrize("stale", [False, True])
@pytest.mark.parametrize("width", [1920, 1280, 1024, 800])
def test_no_figure_is_cut_and_none_lies_over_another(bench: Workbench, bar: RunBar, width: int, stale: bool) -> None:
    _show(bench, RUNNING, stale)
    bar.resize(width, bar.height())
    assert bar.width() == width
    layout = bar.layout()
    assert layout is not None
    layout.activate()
    shown = [c for c in bar.findChildren(QWidget) if c.parent() is bar and c.isVisible() and not c.isWindow()]
    for child in shown:
        assert child.geometry().left() >= 0
        assert child.geometry().right() < width
        assert child.width() >= child.minimumWidth()
    ordered = sorted(shown, key=lambda c: c.geometry().left())
    for before, after in pairwise(ordered):
        assert before.geometry().right() < after.geometry().left()
    assert bar.epoch.isVisible()
    assert bar.loss.isVisible()


def test_less_important_figures_give_way_first(bench: Workbench, bar: RunBar) -> None:
    _show(bench, RUNNING)
    order = (bar.where, bar.speed, bar.left, bar.validation, bar._rate_label, bar.measure)
    gone: list[int] = []
    for width in range(1500, 500, -20):
        bar.resize(width, bar.height())
        gone.append(sum(figure.isHidden() for figure in order))
        assert all(figure.isHidden() for figure in order[: gone[-1]])
    assert gone == sorted(gone)
    bar.resize(1920, bar.height())
    assert not any(figure.isHidden() for figure in order)


def test_the_learning_rate_can_be_changed_here_as_one_undo_step(bench: Workbench, bar: RunBar) -> None:
    bar.rate.setFocus()
    for _ in range(3):
        QTest.keyClick(bar.rate, Qt.Key.Key_Up)
    QTest.keyClick(bar.rate, Qt.Key.Key_Return)
    assert bench.document.training.learning_rate == 0.1
    bench.undo()
    assert bench.document.training.learning_rate == 0.01
    assert bar.rate.value == 0.01


@pytest.mark.parametrize("way", ["button", "key"])
def test_a_rate_being_typed_counts_when_training_is_started(
    bench: Workbench, bar: RunBar, actions: dict[str, QAction], way: str
) -> None:
    rates: list[float] = []
    actions["train.start"].triggered.connect(lambda: rates.append(bench.document.training.learning_rate))
    actions["train.start"].setShortcut("F5")
    bar.addAction(actions["train.start"])
    bar.rate.setFocus()
    bar.rate.selectAll()
    QTest.keyClicks(bar.rate, "0,3")
    if way == "button":
        QTest.mouseClick(bar.main, Qt.MouseButton.LeftButton)
    else:
        QTest.keyClick(bar.rate, Qt.Key.Key_F5)
    assert rates == [0.3]


def test_every_control_of_the_bar_says_what_it_is(bar: RunBar) -> None:
    for control in (bar.main, bar.restart, bar.step, bar.stop, bar.reset, bar.dice, bar.rate):
        assert control.accessibleName()
    for figure in bar.findChildren(Figure):
        assert figure.accessibleName()


def test_a_bar_without_some_commands_keeps_their_buttons_disabled(qtbot: QtBot, bench: Workbench) -> None:
    bar = RunBar(bench, {"train.start": QAction("Train")})
    qtbot.addWidget(bar)
    assert bar.main.isEnabled()
    assert not bar.stop.isEnabled()
