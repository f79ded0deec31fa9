"""The loss panel keeps every extreme, costs the same at any length, and marks what matters."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.engine.events import Branched, EpochDone, Epochs, Event, Finished, Losses, Prepared, RunStatus
from nnlab.ui.look import plots
from nnlab.ui.look.curves import BUCKETS, Curve
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.loss import GHOSTS, LossPanel
from nnlab.ui.panels.loss.drawing import Chart
from nnlab.ui.panels.loss.marks import moment_words, stop_epoch
from nnlab.ui.record import Record
from nnlab.ui.workbench import Workbench

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
STEPS = 10


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Workbench]:
    graph = Graph().with_node(Node("linear", LAYERS["Linear"]()))
    made = Workbench(Document(graph=graph))
    yield made
    made.close()


@pytest.fixture
def panel(bench: Workbench, qtbot: QtBot) -> LossPanel:
    made = PANELS["loss"](bench)
    assert isinstance(made, LossPanel)
    qtbot.addWidget(made)
    made.resize(480, 360)
    made.show()
    return made


def prepared(bench: Workbench, run: int, **training: object) -> Prepared:
    return Prepared(run, bench.document.with_training(**training), "CPU", "eager", 1, STEPS, (100, 25, 0))


def epoch(
    run: int, number: int, loss: float, validation: float | None = None, best: bool = False, rate: float = 0.01
) -> Epochs:
    metric = None if validation is None else 0.9
    row = EpochDone(number, number * STEPS, loss, 0.95, validation, metric, rate, 1.0, best)
    return Epochs.of(run, [row])


def run_of(bench: Workbench, run: int, epochs: int) -> list[Event]:
    events: list[Event] = [prepared(bench, run)]
    for number in range(1, epochs + 1):
        values = np.full(STEPS, 1 / number, np.float32)
        events += [Losses(run, (number - 1) * STEPS, values), epoch(run, number, 1 / number, 1.2 / number, True)]
    return events


def canvas_charts(panel: LossPanel) -> list[Chart]:
    """The panel's charts, from above."""
    return [panel.curves._loss, panel.curves._metric, panel.curves._rate]


# ---------------------------------------------------------------- the curve


@CALM
@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=30), max_size=30), st.integers(2, 12))
def test_a_curve_keeps_its_extremes_its_order_and_its_size(chunks: list[list[float]], buckets: int) -> None:
    curve, everything = Curve(buckets), []
    for chunk in chunks:
        start = len(everything)
        everything += chunk
        curve.extend(np.arange(start, len(everything), dtype=float), np.array(chunk, float))
    xs, ys = curve.points()
    assert len(curve) == len(everything)
    assert len(xs) <= 2 * (buckets + 1) + 1
    if everything:
        assert (ys.min(), ys.max()) == (min(everything), max(everything))
        assert curve.last == (len(everything) - 1, everything[-1])
        assert (np.diff(xs) >= 0).all()
        assert all(everything[int(x)] == y for x, y in zip(xs, ys, strict=True))


def test_adding_one_by_one_or_all_at_once_is_the_same() -> None:
    values = np.random.default_rng(0).normal(size=5_000)
    at_once, one_by_one = Curve(100), Curve(100)
    at_once.extend(np.arange(5_000.0), values)
    for x, y in enumerate(values):
        one_by_one.add(x, y)
    assert all((a == b).all() for a, b in zip(at_once.points(), one_by_one.points(), strict=True))


def test_a_million_points_take_the_room_of_two_thousand() -> None:
    curve = Curve()
    for start in range(0, 1_000_000, 50_000):
        curve.extend(np.arange(start, start + 50_000.0), np.ones(50_000))
    assert len(curve.points()[0]) <= 2 * BUCKETS + 1


def test_cutting_forgets_what_lies_behind() -> None:
    curve = Curve()
    curve.extend(np.arange(1.0, 101), np.arange(100.0))
    curve.cut(51)
    assert curve.last == (50, 49)
    assert len(curve) == 50
    curve.add(51, 7)
    assert curve.points()[0].tolist() == list(range(1, 52))
    curve.cut(0)
    assert curve.last is None


def test_numbers_that_are_none_do_not_hide_the_others() -> None:
    curve = Curve(2)
    curve.extend(np.arange(8.0), np.array([5, np.nan, 1, np.nan, np.nan, np.nan, 9, 2]))
    ys = curve.points()[1]
    assert np.nanmin(ys) == 1
    assert np.nanmax(ys) == 9


# ---------------------------------------------------------------- the panel


def test_shows_the_curves_of_a_run(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events(run_of(bench, 1, 20))
    charts = panel.curves.charts()
    assert [line.name for line in charts.losses()] == ["training", "validation"]
    assert [line.name for line in charts.metrics()] == ["training", "validation"]
    assert panel.drawing.message == ""
    assert panel.curves.record.steps.last == (20 - 1 / STEPS, pytest.approx(1 / 20))
    panel.grab()


def test_without_a_validation_part_there_is_one_curve_each(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events([prepared(bench, 1), epoch(1, 1, 0.5), epoch(1, 2, 0.4)])
    assert [line.name for line in panel.curves.charts().losses()] == ["training"]
    panel.grab()


def test_cost_does_not_grow_with_the_epochs(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events([prepared(bench, 1)])
    for start in range(1, 20_001, 500):
        panel.on_events([epoch(1, n, 1 / n, 1 / n) for n in range(start, start + 500)])
    record = panel.curves.record
    assert record.epoch == 20_000
    for curve in (record.train_loss, record.validation_loss, record.train_metric, record.rate):
        assert len(curve.points()[0]) <= 2 * BUCKETS + 1
    panel.grab()


def test_the_best_epoch_is_marked(panel: LossPanel, bench: Workbench) -> None:
    losses = [0.9, 0.5, 0.6, 0.7]
    events = [epoch(1, n, 0.4, loss, best=n < 3) for n, loss in enumerate(losses, 1)]
    panel.on_events([prepared(bench, 1), *events])
    assert panel.curves.record.best == (2, 0.5)
    panel.grab()


def test_early_stopping_has_its_line(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events([prepared(bench, 1, early_stopping=True, patience=7), epoch(1, 1, 0.5, 0.5, best=True)])
    assert stop_epoch(panel.curves.record) == 8
    panel.grab()
    panel.on_events([Finished(1, "early", "Stopped.", 8, 80, {}, 1)])
    assert stop_epoch(panel.curves.record) == 8
    panel.grab()


def test_earlier_runs_stay_as_ghosts_but_only_three(panel: LossPanel, bench: Workbench) -> None:
    for run in range(1, 7):
        panel.on_events(run_of(bench, run, 4))
    assert len(panel.curves.ghosts) == GHOSTS
    assert all(ghost.epoch == 4 for ghost in panel.curves.ghosts)
    panel.grab()


def test_a_run_that_hardly_began_leaves_no_ghost(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events(run_of(bench, 1, 1) + run_of(bench, 2, 0))
    assert not panel.curves.ghosts


def test_runs_on_other_data_are_not_compared(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events(run_of(bench, 1, 5))
    bench.apply("Data", bench.document.with_data(dataset=DATASETS["moons"]()))
    panel.on_events(run_of(bench, 2, 5))
    assert not panel.curves.ghosts


def test_going_back_in_time_takes_the_curves_back(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events(run_of(bench, 1, 20))
    again = np.full(STEPS, 0.5, np.float32)
    panel.on_events([Losses(1, 4 * STEPS, again), epoch(1, 5, 0.5, 0.6, best=True)])
    record = panel.curves.record
    assert record.train_loss.last == (5, 0.5)
    assert record.reach == 5
    assert record.best == (5, 0.6)
    panel.grab()


def test_the_learning_rate_is_shown_when_it_moves(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events([prepared(bench, 1), *(epoch(1, n, 0.5, rate=0.01) for n in range(1, 6))])
    assert not panel.curves.record.rate_moves
    assert panel.curves.charts().rate_axes().rect.height() == 0
    panel.on_events([epoch(1, 6, 0.5, rate=0.001)])
    assert panel.curves.record.rate_moves
    assert panel.curves.charts().rate_axes().rect.height() > 0
    canvas = panel.curves.canvas
    assert [area.isVisible() for area in canvas.areas] == [True, True, True]
    assert [chart.bottom.texts for chart in canvas_charts(panel)] == [False, False, True]  # only the lowest has texts
    panel.grab()


def test_the_logarithmic_scale_takes_zero_and_less(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events([prepared(bench, 1), epoch(1, 1, 0.5), epoch(1, 2, 0.0), epoch(1, 3, -1.0), epoch(1, 4, 1e-9)])
    panel.log_box.setChecked(True)
    axes = panel.curves.charts().loss_axes()
    assert axes.log_y
    assert 0 < axes.y[0] <= 1e-9
    panel.grab()


def test_the_crosshair_reads_the_epoch_under_the_mouse(
    panel: LossPanel, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.on_events(run_of(bench, 1, 20))
    shown: list[plots.CardLine] = []
    monkeypatch.setattr(plots, "draw_card", lambda painter, at, bounds, lines: shown.extend(lines))
    axes = panel.curves.charts().loss_axes()
    panel.curves.hover = QPointF(axes.to_x(4), axes.rect.center().y())
    panel.grab()
    assert [line.caption for line in shown[:2]] == ["epoch 4", "training loss"]
    assert shown[1].value == "0.25"


def test_hidden_it_remembers_and_shown_it_draws(panel: LossPanel, bench: Workbench) -> None:
    panel.hide()
    panel.on_events(run_of(bench, 1, 20))
    panel.show()
    assert panel.drawing.message == ""
    assert panel.curves.record.epoch == 20


def test_the_step_curve_and_the_scale_can_be_chosen_by_keyboard(panel: LossPanel, qtbot: QtBot) -> None:
    panel.steps_box.toggle()
    assert not panel.curves.show_steps
    panel.log_box.toggle()
    assert panel.curves.log


# ---------------------------------------------------------------- looking closer


def test_the_charts_follow_the_run_until_they_are_zoomed(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events(run_of(bench, 1, 20))
    canvas = panel.curves.canvas
    loss, metric = canvas.areas[0], canvas.areas[1]
    assert loss.axes().x == pytest.approx((0, panel.curves.charts().loss_axes().x[1]))
    loss.zoom(0.5)
    seen = loss.axes()
    assert seen.x[1] - seen.x[0] == pytest.approx(0.5 * panel.curves.charts().loss_axes().x[1])
    assert metric.axes().x == pytest.approx(seen.x)  # one epoch lies above itself
    panel.on_events([epoch(1, n, 1 / n, 1 / n) for n in range(21, 400)])
    assert loss.axes().x == pytest.approx(seen.x)
    panel.grab()
    panel.show_all.click()
    assert loss.axes().x == pytest.approx((0, panel.curves.charts().loss_axes().x[1]))
    panel.on_events([epoch(1, n, 1 / n, 1 / n) for n in range(400, 700)])
    assert loss.axes().x[1] >= 699


def test_zooming_out_to_everything_follows_again(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events(run_of(bench, 1, 20))
    loss = panel.curves.canvas.areas[0]
    loss.zoom(0.5)
    assert not panel.curves.canvas.follows
    loss.zoom(5.0)
    assert panel.curves.canvas.follows
    assert loss.axes().x[0] == 0


def test_the_crosshair_reads_where_it_is_zoomed(
    panel: LossPanel, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.on_events(run_of(bench, 1, 20))
    shown: list[plots.CardLine] = []
    monkeypatch.setattr(plots, "draw_card", lambda painter, at, bounds, lines: shown.extend(lines))
    loss = panel.curves.canvas.areas[0]
    loss.zoom(0.5)
    axes = loss.axes()
    panel.curves.hover = QPointF(axes.to_x(10), axes.rect.center().y())
    panel.grab()
    assert shown[0].caption == "epoch 10"


def test_the_keyboard_zooms_and_moves(panel: LossPanel, bench: Workbench, qtbot: QtBot) -> None:
    panel.on_events(run_of(bench, 1, 20))
    canvas = panel.curves.canvas
    for _ in range(3):
        qtbot.keyClick(canvas, Qt.Key.Key_Plus)
    before = canvas.areas[0].axes().x
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    after = canvas.areas[0].axes().x
    assert after[0] > before[0]
    assert after[1] - after[0] == pytest.approx(before[1] - before[0])
    panel.grab()
    for _ in range(9):
        qtbot.keyClick(canvas, Qt.Key.Key_Minus)
    assert canvas.follows


def test_switching_to_the_logarithmic_scale_shows_all_levels(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events(run_of(bench, 1, 20))
    panel.curves.canvas.areas[0].zoom(0.3)
    panel.log_box.setChecked(True)
    assert panel.curves.canvas.areas[0].axes().y == pytest.approx(panel.curves.charts().loss_axes().y)
    panel.grab()


def test_a_right_click_opens_nothing(panel: LossPanel, bench: Workbench, qtbot: QtBot) -> None:
    panel.on_events(run_of(bench, 1, 20))
    middle = panel.curves.canvas.areas[0].axes().rect.center().toPoint()
    qtbot.mouseClick(panel.curves.canvas.viewport(), Qt.MouseButton.RightButton, pos=middle)
    assert QApplication.activePopupWidget() is None
    assert panel.curves.canvas.follows


# ---------------------------------------------------------------- going back in time


def looking_back(panel: LossPanel, bench: Workbench, step: int, furthest: int) -> None:
    """As the workbench tells it when an earlier moment is looked at."""
    bench.time.furthest = furthest
    bench.status = RunStatus(1, "paused", step // STEPS, 20, step, STEPS, furthest=furthest)
    bench.status_changed.emit(bench.status)


def test_while_an_earlier_moment_is_looked_at_later_curves_are_pale_not_gone(
    panel: LossPanel, bench: Workbench
) -> None:
    panel.on_events(run_of(bench, 1, 20))
    whole = panel.grab().toImage()
    looking_back(panel, bench, 8 * STEPS, 20 * STEPS)
    assert panel.curves.now == 8
    assert panel.curves.record.epoch == 20
    full, pale = panel.curves._lines, panel.curves._later_lines
    for lines in (full, pale):
        for chart in canvas_charts(panel)[:2]:
            assert all(line.isVisible() for line in lines[chart].values())
    assert panel.grab().toImage() != whole
    assert panel.curves._newest(panel.curves.record.train_loss) == (8, pytest.approx(1 / 8))
    looking_back(panel, bench, 20 * STEPS, 20 * STEPS)
    assert panel.curves.now is None
    assert not any(line.isVisible() for chart in canvas_charts(panel)[:2] for line in pale[chart].values())


def test_the_run_repeats_itself_and_nothing_is_lost_on_the_way(panel: LossPanel, bench: Workbench) -> None:
    events = run_of(bench, 1, 20)
    panel.on_events(events)
    again = events[1 + 2 * 5 :]  # from the end of epoch 5 on
    panel.on_events(again[:6])
    record = panel.curves.record
    assert (record.epoch, record.whole.epoch) == (8, 20)
    assert panel.curves.charts().record is record.whole  # the axes stay where they are
    assert panel.curves.cut == record.reach
    panel.grab()
    panel.on_events(again[6:])
    assert record.later is None
    assert record.epoch == 20
    assert record.train_loss.points()[0].tolist() == list(range(1, 21))
    assert not panel.curves.ghosts


def test_a_branch_leaves_the_old_way_as_a_ghost(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events(run_of(bench, 1, 20))
    assert panel.ghosts_box.isHidden()
    panel.on_events([Branched(1, 8 * STEPS)])
    (ghost,) = panel.curves.ghosts
    assert (ghost.since, ghost.epoch) == (8, 20)
    record = panel.curves.record
    assert (record.epoch, record.best) == (8, (8, pytest.approx(1.2 / 8)))
    panel.on_events([epoch(1, 9, 0.7, 0.8), epoch(1, 10, 0.6, 0.7)])
    assert record.train_loss.last == (10, 0.6)
    assert not panel.ghosts_box.isHidden()
    shown = panel.grab().toImage()
    panel.ghosts_box.setChecked(False)
    assert panel.grab().toImage() != shown
    panel.ghosts_box.setChecked(True)
    panel.clear_ghosts.click()
    assert not panel.curves.ghosts
    assert panel.ghosts_box.isHidden()


def test_a_branch_on_the_way_back_through_known_steps_keeps_the_whole_old_way(
    panel: LossPanel, bench: Workbench
) -> None:
    events = run_of(bench, 1, 20)
    panel.on_events([*events, *events[1 + 2 * 5 : 1 + 2 * 8], Branched(1, 8 * STEPS)])
    (ghost,) = panel.curves.ghosts
    assert (ghost.since, ghost.epoch) == (8, 20)
    assert panel.curves.record.later is None
    panel.grab()


def test_the_crosshair_reads_the_way_that_was_left(
    panel: LossPanel, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.on_events([*run_of(bench, 1, 20), Branched(1, 8 * STEPS), *(epoch(1, n, 0.7, 0.8) for n in range(9, 15))])
    shown: list[plots.CardLine] = []
    monkeypatch.setattr(plots, "draw_card", lambda painter, at, bounds, lines: shown.extend(lines))
    axes = panel.curves.charts().loss_axes()
    panel.curves.hover = QPointF(axes.to_x(12), axes.rect.center().y())
    panel.grab()
    assert any(line.caption == "before the change at epoch 8" and line.value == "0.1" for line in shown)


def test_other_numbers_for_the_same_epoch_are_another_way(panel: LossPanel, bench: Workbench) -> None:
    panel.on_events(run_of(bench, 1, 20))
    panel.on_events([epoch(1, 5, 0.9, 0.9)])  # after a run that went astray nothing is said of a branch
    (ghost,) = panel.curves.ghosts
    assert ghost.since == 4
    assert panel.curves.record.epoch == 5


def test_a_moment_is_named_by_its_epoch_or_its_step() -> None:
    assert moment_words(12, 15) == "epoch 12"
    assert moment_words(12.2, 15) == "step 183"


@CALM
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(1, 30)), max_size=8))
def test_any_way_through_time_ends_with_the_curve_of_the_way_that_was_taken(ways: list[tuple[bool, int, int]]) -> None:
    record, furthest, known, offset = Record(steps_per_epoch=STEPS), 0, {}, 0.0
    for changes, back, length in ways:
        start = min(back, furthest)
        if changes and start < furthest:
            record.take([Branched(1, start * STEPS)])
            offset += 1.0
            furthest = start
            known = {n: v for n, v in known.items() if n <= start}
        for n in range(start + 1, start + length + 1):
            value = known.setdefault(n, offset + 1 / n)
            record.take([Losses(1, (n - 1) * STEPS, np.full(STEPS, value, np.float32)), epoch(1, n, value)])
        furthest = max(furthest, start + length)
        assert record.whole.epoch == furthest
        assert record.epoch == start + length
    assert dict(zip(*(axis.tolist() for axis in record.whole.train_loss.points()), strict=True)) == known
