"""The timeline: its handle, its marks, playing, going on, its strip; and any order of commands ends in the right state."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.document import Training
from nnlab.core.example import EXAMPLES
from nnlab.core.schedule import SCHEDULES
from nnlab.engine.events import EpochDone, Epochs, Finished, RunStatus
from nnlab.engine.headless import run_to_end
from nnlab.engine.wants import Way, WayWant
from nnlab.ui.keeping.settings import MEGABYTES, Settings
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.timeline import TimelinePanel
from nnlab.ui.panels.timeline.marks import Mark, branch_words, difference, marks_of
from nnlab.ui.panels.timeline.memory import CHOICES
from nnlab.ui.panels.timeline.scale import Place, Scale
from nnlab.ui.panels.timeline.strip import TimelineStrip
from nnlab.ui.panels.timeline.track import Track, moment_words
from nnlab.ui.playback import SPEEDS, Playback
from nnlab.ui.record import Record
from nnlab.ui.shell.main_window import MainWindow
from nnlab.ui.workbench import Workbench

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
PATIENCE = 20_000
EPOCHS = 12
STEPS = 15  # an epoch of the XOR example


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Workbench]:
    made = Workbench()
    made.open_document(EXAMPLES["xor"].make().with_training(epochs=EPOCHS, learning_rate=0.03))
    qtbot.waitUntil(lambda: made.status.state == "paused", timeout=PATIENCE)
    yield made
    made.close()


def trained(bench: Workbench, qtbot: QtBot) -> Workbench:
    bench.train()
    qtbot.waitUntil(lambda: bench.status.state == "finished", timeout=PATIENCE)
    return bench


def arrive(bench: Workbench, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: bench.time.target is None, timeout=PATIENCE)


@pytest.fixture
def panel(bench: Workbench, qtbot: QtBot) -> TimelinePanel:
    made = PANELS["timeline"](bench)
    assert isinstance(made, TimelinePanel)
    qtbot.addWidget(made)
    bench.happened.connect(made.on_events)
    bench.document_changed.connect(made.on_document)
    bench.pictured.connect(made.on_snapshot)
    bench.add_asker(made.wants)
    made.resize(1000, 160)
    made.show()
    return made


# ---------------------------------------------------------------- places on the track


@CALM
@given(st.integers(0, 10**7), st.integers(1, 500), st.integers(1, 10**5), st.integers(40, 3000))
def test_the_handle_lies_inside_and_both_ends_can_be_reached(
    furthest: int, per_epoch: int, planned: int, width: int
) -> None:
    scale = Scale(14, 14 + width, per_epoch, furthest, planned)
    assert scale.end >= furthest or scale.x(furthest) == 14 + width
    assert scale.step(0) == 0
    assert scale.step(14 + width + 5) in (furthest, furthest // per_epoch * per_epoch)
    for step in (0, furthest // 3, furthest):
        assert 14 <= scale.x(step) <= 14 + width
        assert 0 <= scale.step(scale.x(step)) <= furthest


def test_a_pixel_that_holds_more_than_an_epoch_means_the_end_of_one() -> None:
    scale = Scale(0, 100, 10, 100_000, 10_000)
    assert all(scale.step(x) % 10 == 0 for x in range(0, 101, 7))


def test_the_track_does_not_move_while_a_long_run_grows() -> None:
    ends = [Scale(0, 500, 10, step, 1_000).end for step in range(1, 10_001, 10)]
    assert len(set(ends)) < 40
    assert ends[-1] == 10_000


# ---------------------------------------------------------------- marks and words


def record_of(losses: list[float]) -> Record:
    record = Record(steps_per_epoch=STEPS)
    best = float("inf")
    for k, loss in enumerate(losses, 1):
        record.take([Epochs.of(1, [EpochDone(k, k * STEPS, loss, 0.9, None, None, 0.1, 1.0, loss < best)])])
        best = min(best, loss)
    return record


def test_best_epoch_end_and_changed_settings_are_marked() -> None:
    record = record_of([0.9, 0.4, 0.5])
    record.take([Finished(1, "early", "Stopped.", 3, 45, {}, 2)])
    start = Training()
    way = Way((0, 30), ((0, start), (20, start.with_(learning_rate=0.1)), (33, start.with_(epochs=7))))
    marks = marks_of(record, way)
    assert [(mark.kind, mark.step) for mark in marks] == [("change", 20), ("best", 30), ("change", 33), ("early", 45)]
    assert marks[0].text == f"Learning rate {start.learning_rate:g} → 0.1"
    assert marks[-1].text == "stopped early"


def test_a_change_is_told_in_words_whatever_it_is() -> None:
    start = Training()
    other = start.with_(early_stopping=True, clip_norm=2.0, schedule=SCHEDULES["cosine"](), l1=0.01)
    text = difference(start, other)
    for part in ("off → on", "0 → 2", "0 → 0.01", SCHEDULES["cosine"].title):
        assert part in text
    assert "(" not in text
    assert difference(start, start) == "the same settings"


def test_going_on_is_a_branch_only_where_the_settings_would_differ(bench: Workbench) -> None:
    run = bench.run_document
    assert run is not None
    faster = bench.document.with_training(learning_rate=0.5)
    way = Way((0,), ((0, run.training),))
    assert branch_words(way, run, run, 10) == ""
    assert branch_words(way, run, faster, 10) == "Learning rate 0.03 → 0.5"
    changed = Way((0,), ((0, run.training), (50, faster.training)))
    assert branch_words(changed, run, faster, 60) == ""
    assert branch_words(changed, run, run, 60) == "Learning rate 0.5 → 0.03"
    assert branch_words(changed, run, faster, 10) == "Learning rate 0.03 → 0.5"
    assert branch_words(None, run, faster, 10) == ""


# ---------------------------------------------------------------- the panel


def test_pulling_the_handle_shows_that_moment_and_pauses(panel: TimelinePanel, bench: Workbench, qtbot: QtBot) -> None:
    bench.apply("Epochs", bench.document.with_training(epochs=5_000))
    bench.train()
    qtbot.waitUntil(lambda: bench.status.step > 100, timeout=PATIENCE)
    track = panel.track
    y = round(track.groove_y)
    qtbot.mousePress(track, Qt.MouseButton.LeftButton, pos=QPoint(200, y))
    for x in (180, 150, 120, 100):
        qtbot.mouseMove(track, QPoint(x, y))
    aimed = bench.time.target
    assert aimed == track.scale().step(100)
    assert bench.status.state == "running" or bench.looks_back
    qtbot.mouseRelease(track, Qt.MouseButton.LeftButton, pos=QPoint(100, y))
    arrive(bench, qtbot)
    assert (bench.status.state, bench.status.step) == ("paused", aimed)
    assert bench.looks_back
    assert panel.go_on.isEnabled()
    assert "repeats the run" in panel.words()
    panel.grab()


def test_keys_go_by_steps_and_epochs_and_to_both_ends(panel: TimelinePanel, bench: Workbench, qtbot: QtBot) -> None:
    trained(bench, qtbot)
    track, control, none = panel.track, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier
    for key, modifier, step in (
        (Qt.Key.Key_Left, none, EPOCHS * STEPS - 1),
        (Qt.Key.Key_Left, control, EPOCHS * STEPS - 1 - STEPS),
        (Qt.Key.Key_Home, none, 0),
        (Qt.Key.Key_Right, none, 1),
        (Qt.Key.Key_Right, control, 1 + STEPS),
        (Qt.Key.Key_End, none, EPOCHS * STEPS),
    ):
        qtbot.keyClick(track, key, modifier)
        arrive(bench, qtbot)
        assert bench.shown_step == step
    assert bench.status.state == "finished"
    assert not bench.looks_back


def test_a_step_or_an_epoch_can_be_typed(panel: TimelinePanel, bench: Workbench, qtbot: QtBot) -> None:
    trained(bench, qtbot)
    for field, text, step in (
        (panel.fields.step, "40", 40),
        (panel.fields.epoch, "3", 45),
        (panel.fields.step, "99999", EPOCHS * STEPS),
    ):
        field.setFocus()
        field.selectAll()
        qtbot.keyClicks(field, text)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        arrive(bench, qtbot)
        assert bench.shown_step == step
    assert panel.fields.epoch.value == EPOCHS


def test_leaving_a_field_untouched_goes_nowhere(panel: TimelinePanel, bench: Workbench, qtbot: QtBot) -> None:
    trained(bench, qtbot)
    bench.seek(40)
    arrive(bench, qtbot)
    for field in (panel.fields.epoch, panel.fields.step):
        field.setFocus()
        field.commit()
    bench.frame()
    assert bench.time.target is None
    assert bench.shown_step == 40


def test_buttons_go_where_they_say(panel: TimelinePanel, bench: Workbench, qtbot: QtBot) -> None:
    trained(bench, qtbot)
    buttons = panel.transport
    assert not buttons.forward.isEnabled()
    for button, step in (
        (buttons.to_start, 0),
        (buttons.forward, STEPS),
        (buttons.forward, 2 * STEPS),
        (buttons.back, STEPS),
        (buttons.to_newest, EPOCHS * STEPS),
    ):
        button.click()
        arrive(bench, qtbot)
        assert bench.shown_step == step
    bench.seek(STEPS + 3)
    arrive(bench, qtbot)
    buttons.back.click()
    arrive(bench, qtbot)
    assert bench.shown_step == STEPS


def test_a_click_close_to_a_mark_takes_it(panel: TimelinePanel, bench: Workbench, qtbot: QtBot) -> None:
    trained(bench, qtbot)
    track = panel.track
    track.marks = [Mark(77, "best", "best epoch so far")]
    x = round(track.scale().x(77)) + 3
    qtbot.mouseClick(track, Qt.MouseButton.LeftButton, pos=QPoint(x, round(track.groove_y)))
    arrive(bench, qtbot)
    assert bench.shown_step == 77


def test_pointing_tells_epoch_step_loss_and_marks(panel: TimelinePanel, bench: Workbench, qtbot: QtBot) -> None:
    trained(bench, qtbot)
    panel.track.marks = [Mark(4 * STEPS, "change", "Learning rate 0.03 → 0.1")]
    lines = panel.track.card(4 * STEPS)
    assert lines[0].caption == "epoch 4, step 60" == moment_words(60, STEPS)
    assert [line.caption for line in lines[1:]] == ["training loss", "validation loss", "Learning rate 0.03 → 0.1"]
    assert all(line.value for line in lines[1:3])
    panel.track.hover = QPointF(300, 20)
    panel.grab()


def test_it_learns_the_kept_moments_and_the_changes_from_the_engine(
    panel: TimelinePanel, bench: Workbench, qtbot: QtBot
) -> None:
    trained(bench, qtbot)
    bench.seek(50)
    arrive(bench, qtbot)
    bench.apply("Rate", bench.document.with_training(learning_rate=0.2))
    qtbot.waitUntil(lambda: "another way: Learning rate 0.03 → 0.2" in panel.words(), timeout=PATIENCE)
    panel.go_on.click()
    qtbot.waitUntil(lambda: bench.status.state == "finished", timeout=PATIENCE)
    qtbot.waitUntil(lambda: any(mark.kind == "change" for mark in panel.track.marks), timeout=PATIENCE)
    assert next(mark for mark in panel.track.marks if mark.kind == "change").step == 50
    assert 0 in panel.track.kept
    panel.grab()


def test_an_answer_without_the_way_is_no_harm(panel: TimelinePanel, bench: Workbench) -> None:
    assert panel.wants() == frozenset({WayWant()})
    assert panel.follower.way is None or panel.follower.way.settings


def test_with_another_network_on_the_canvas_it_says_what_to_do(
    panel: TimelinePanel, bench: Workbench, qtbot: QtBot
) -> None:
    trained(bench, qtbot)
    bench.seek(50)
    arrive(bench, qtbot)
    bench.apply("Seed", bench.document.with_training(seed=5))
    assert "Restart" in panel.words()
    assert not panel.go_on.isEnabled()


def test_the_memory_line_has_figures_and_sets_the_limit(panel: TimelinePanel, bench: Workbench, qtbot: QtBot) -> None:
    trained(bench, qtbot)
    bench.time.limit(64)
    assert panel.memory.text().endswith("of 64 MB")
    assert "moment" in panel.memory.text()
    panel.memory.choices.aboutToShow.emit()
    offered = panel.memory.choices.actions()
    assert len(offered) == len(CHOICES)
    assert [choice.isChecked() for choice in offered] == [size == 64 for size in CHOICES]
    offered[0].trigger()
    assert bench.time.megabytes == CHOICES[0]
    assert bench.trainer._channel.moments_cap == CHOICES[0] * 1_000_000


def test_the_limit_is_kept_and_a_damaged_one_is_the_usual(tmp_path: Any) -> None:
    settings = Settings(tmp_path)
    assert settings.moments_megabytes == MEGABYTES
    settings.moments_megabytes = 256
    settings.save()
    assert Settings(tmp_path).moments_megabytes == 256
    for text, megabytes in (("0", 1), ("-5", MEGABYTES), ("much", MEGABYTES), ("99999999", 64_000)):
        settings._keep("moments_megabytes", text)
        assert settings.moments_megabytes == megabytes


@pytest.mark.parametrize("width", [120, 300, 520, 700, 1600])
def test_it_fits_any_width(panel: TimelinePanel, bench: Workbench, qtbot: QtBot, width: int) -> None:
    trained(bench, qtbot)
    panel.resize(width, 200)
    panel.grab()
    assert panel.go_on.isVisible()


# ---------------------------------------------------------------- playing


def test_playing_goes_with_the_clock_and_ends_at_the_newest(bench: Workbench, qtbot: QtBot) -> None:
    trained(bench, qtbot)
    playback = Playback.of(bench)
    assert Playback.of(bench) is playback
    playback.speed = next(speed for speed in SPEEDS if speed.steps == 10)
    playback.play()
    playback._timer.stop()  # this test is the clock
    playback._timer.isActive = lambda: True  # type: ignore[method-assign]
    assert bench.shown_step == 0
    shown = []
    for _ in range(EPOCHS * STEPS // 10 + 1):
        playback.advance(1.0)
        shown.append(bench.shown_step)
    assert shown == [*range(10, EPOCHS * STEPS + 1, 10), EPOCHS * STEPS]
    arrive(bench, qtbot)
    assert bench.status.state == "finished"


def test_playing_stops_when_somebody_wants_another_moment_or_training(bench: Workbench, qtbot: QtBot) -> None:
    trained(bench, qtbot)
    playback = Playback.of(bench)
    playback.speed = SPEEDS[2]
    playback.play()
    assert playback.is_on
    bench.seek(17)
    playback.advance(0.1)
    assert not playback.is_on
    arrive(bench, qtbot)
    assert bench.shown_step == 17
    playback.toggle()
    assert playback.is_on
    bench.go_on()
    assert not playback.is_on
    qtbot.waitUntil(lambda: bench.status.state == "finished", timeout=PATIENCE)


def test_space_plays_and_escape_holds(panel: TimelinePanel, bench: Workbench, qtbot: QtBot) -> None:
    trained(bench, qtbot)
    playback = Playback.of(bench)
    playback.speed = SPEEDS[2]
    qtbot.keyClick(panel.track, Qt.Key.Key_Space)
    assert playback.is_on
    assert panel.transport.play.accessibleName() == "Hold"
    qtbot.keyClick(panel.track, Qt.Key.Key_Escape)
    assert not playback.is_on


# ---------------------------------------------------------------- in the window


def test_the_strip_is_there_while_the_panel_is_not(qtbot: QtBot) -> None:
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda w: w.leave_in_a_hurry())
    window.show()
    window.complete()
    window.files.example("xor")
    strip = window.workspace.strip
    assert isinstance(strip, TimelineStrip)
    qtbot.waitUntil(lambda: strip.isVisible(), timeout=PATIENCE)
    assert not window.workspace.is_open("timeline")
    strip.more.click()
    qtbot.waitUntil(lambda: window.workspace.panels["timeline"].isVisible(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not strip.isVisible(), timeout=PATIENCE)
    window.commands["view.layout_watch"].trigger()
    assert window.workspace.is_open("timeline")
    window.workspace.docks["timeline"].close()
    qtbot.waitUntil(lambda: strip.isVisible(), timeout=PATIENCE)
    window.commands["view.reset_layout"].trigger()
    assert not window.workspace.is_open("timeline")


def test_menu_commands_travel_and_the_run_bar_says_where(qtbot: QtBot) -> None:
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda w: w.leave_in_a_hurry())
    window.show()
    window.complete()
    window.files.example("xor")
    bench = window.bench
    qtbot.waitUntil(lambda: bench.status.state == "paused", timeout=PATIENCE)
    bench.apply("Epochs", bench.document.with_training(epochs=4))
    assert not window.commands["time.start"].isEnabled()
    trained(bench, qtbot)
    end = bench.time.furthest
    for id_, step in (
        ("time.back", end - 1),
        ("time.back_epoch", end - STEPS),
        ("time.start", 0),
        ("time.forward", 1),
        ("time.forward_epoch", STEPS),
    ):
        window.commands.refresh()
        window.commands[id_].trigger()
        arrive(bench, qtbot)
        assert bench.shown_step == step
    epoch = window.workspace.run_bar.epoch
    assert (epoch.caption, epoch.value) == ("Looking at step", f"{STEPS} / {end}")
    assert window.workspace.strip.where.text() == f"step {STEPS} of {end}"
    window.commands.refresh()
    assert window.commands["train.stop"].isEnabled()
    window.commands["time.go_on"].trigger()
    qtbot.waitUntil(lambda: bench.status.state == "finished", timeout=PATIENCE)
    assert epoch.caption == "Epoch"
    bench.seek(20)
    arrive(bench, qtbot)
    record = window.files.record.arrays()
    assert record is not None
    assert len(record["loss"]) == 20  # what is saved goes with the weights that are saved
    assert record["epoch"].tolist() == [1]
    assert window.settings.moments_megabytes == bench.time.megabytes


def test_to_look_back_is_no_news_that_wants_to_be_saved(qtbot: QtBot, tmp_path: Any) -> None:
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda w: w.leave_in_a_hurry())
    window.show()
    window.complete()
    window.files.example("xor")
    bench = window.bench
    qtbot.waitUntil(lambda: bench.status.state == "paused", timeout=PATIENCE)
    bench.apply("Epochs", bench.document.with_training(epochs=4))
    bench.path = tmp_path / "time.nnlab"
    trained(bench, qtbot)
    assert window.files.has_news
    bench.seek(0)
    arrive(bench, qtbot)
    assert window.files.has_news, "what was learned is there still, and not in the file"
    bench.seek(bench.time.furthest)
    arrive(bench, qtbot)
    assert window.files._write(bench.path)
    assert not window.files.has_news
    bench.seek(20)
    arrive(bench, qtbot)
    assert not window.files.has_news


def test_the_strip_draws_in_any_state(bench: Workbench, qtbot: QtBot) -> None:
    strip = TimelineStrip(bench)
    qtbot.addWidget(strip)
    bench.happened.connect(strip.hear)
    strip.resize(800, 40)
    strip.show()
    strip.grab()
    trained(bench, qtbot)
    bench.seek(30)
    strip.grab()
    arrive(bench, qtbot)
    strip.grab()
    assert strip.where.text() == f"step 30 of {EPOCHS * STEPS}"


# ---------------------------------------------------------------- the newest wish wins


class SlowTrainer:
    """A trainer that arrives when the test says so."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def seek(self, step: int) -> None:
        """Remember what was asked."""
        self.asked.append(step)

    def limit_memory(self, cap: int) -> None:
        """Nothing to do."""


def test_wishes_are_never_queued(qapp: QApplication) -> None:
    from nnlab.ui.time_travel import TimeTravel

    trainer = SlowTrainer()
    travel = TimeTravel(trainer)  # type: ignore[arg-type]
    status = RunStatus(1, "paused", step=500, furthest=500)
    travel.see(True, status)
    for step in range(400, 300, -1):
        travel.seek(step)
    assert trainer.asked == [400]
    travel.see(False, status)
    assert trainer.asked == [400]  # not there yet, and not late
    travel.see(True, status)
    assert trainer.asked == [400, 301]
    travel.see(True, status)
    assert travel.target is None
    travel.seek(10_000)
    assert trainer.asked[-1] == 500  # no further than was trained


def test_a_long_way_is_cut_short_by_a_newer_wish(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    from nnlab.ui import time_travel

    now = [100.0]
    monkeypatch.setattr(time_travel.time, "monotonic", lambda: now[0])
    trainer = SlowTrainer()
    travel = time_travel.TimeTravel(trainer)  # type: ignore[arg-type]
    running = RunStatus(1, "running", step=90, furthest=500, steps_per_second=1.0)
    travel.see(True, running)
    travel.seek(300)
    travel.seek(200)
    assert travel.see(False, running).state == "paused"  # going there is no training
    assert trainer.asked == [300]
    now[0] += 1
    travel.see(False, running)
    assert trainer.asked == [300, 200]
    assert travel.is_slow
    done: list[str] = []
    travel.when_there(lambda: done.append("went on"))
    assert not done
    travel.see(True, running)
    assert done == ["went on"]
    assert travel.see(True, running).state == "running"


# ---------------------------------------------------------------- any order of commands


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_commands_ends_in_the_right_state(bench: Workbench, qtbot: QtBot, seed: int) -> None:
    dice = random.Random(seed)
    rates = (0.03, 0.05, 0.01)
    acts: dict[str, Callable[[], object]] = {
        "seek": lambda: bench.seek(dice.randrange(0, EPOCHS * STEPS + 20)),
        "seek epoch": lambda: bench.seek_epoch(dice.randrange(EPOCHS + 1)),
        "scrub": lambda: [bench.seek(dice.randrange(200)) for _ in range(5)],
        "train": bench.train,
        "go on": bench.go_on,
        "pause": bench.pause,
        "step": lambda: bench.step(dice.choice(["batch", "epoch", "phase"])),
        "rate": lambda: bench.apply("Rate", bench.document.with_training(learning_rate=dice.choice(rates))),
        "stop": bench.stop,
        "limit": lambda: bench.time.limit(dice.choice([1, 64])),
        "frame": bench.frame,
        "reset": bench.reset,
    }
    weights = [9, 4, 3, 3, 3, 3, 4, 2, 1, 1, 12, 0.15]
    for name in dice.choices(list(acts), weights, k=1_000):
        acts[name]()
        if dice.random() < 0.1:
            QApplication.processEvents()
        assert bench.shown_step >= 0
    # whatever was done: from the start with the first settings the run is the run
    bench.apply("Rate", bench.document.with_training(learning_rate=0.03))
    bench.reset()
    qtbot.waitUntil(lambda: bench.status.state == "paused" and bench.status.step == 0, timeout=PATIENCE)
    bench.train()
    qtbot.waitUntil(lambda: bench.status.state == "finished", timeout=PATIENCE)
    for step in (50, 7, 120):
        bench.seek(step)
        arrive(bench, qtbot)
        assert (bench.status.state, bench.status.step) == ("paused", step)
    bench.go_on()
    qtbot.waitUntil(lambda: bench.status.state == "finished", timeout=PATIENCE)
    there = bench.trainer.weights()
    alone = run_to_end(bench.document).weights
    assert all((there[name] == alone[name]).all() for name in alone)


def test_the_place_of_a_track_is_told_to_screen_readers(qtbot: QtBot) -> None:
    track = Track()
    qtbot.addWidget(track)
    track.show_place(Place(40, None, 100, 15, 20, True))
    assert track.accessibleDescription().startswith("epoch 2, step 40.")
