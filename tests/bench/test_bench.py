"""The bench lists, measures and reports. How fast anything is, is never asserted."""

import json
import math
from pathlib import Path

import pytest

from nnlab.bench import clocks, contest, parts, peers
from nnlab.bench.contest import Contestant
from nnlab.bench.measure import MEASURES, Bar, Effort, Outcome, Reading, in_order
from nnlab.bench.measures.training import TrainingSpeed
from nnlab.bench.workloads import Workload, xor
from nnlab.cli import main

LEAST = Effort(rounds=2, seconds=0.02, clock="cpu", threads=(1,), quick=True)


def test_the_list_names_every_measure_with_its_bars(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--list"]) == 0
    said = capsys.readouterr().out
    for name in MEASURES:
        assert f"{name}: {MEASURES[name].title}" in said
        for bar in MEASURES[name].bars:
            assert bar.what in said
    assert "≥ 4 ×: as fast as the best hand-written loop" in said


def test_a_measure_that_does_not_exist_is_refused_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "spirral"]) == 2
    assert "did you mean spiral" in capsys.readouterr().err


def test_the_command_measures_prints_ratio_and_bar_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "measure", lambda name, effort: MEASURES[name].run(LEAST))
    file = tmp_path / "bench.json"
    assert main(["bench", "xor", "surface", "--quick", "--clock", "cpu", "--json", str(file)]) == 0
    said = capsys.readouterr().out
    assert "≥ 4 ×" in said
    assert "as fast as the best hand-written loop" in said
    assert "2 bars: " in said
    found = json.loads(file.read_text())
    (reading,) = found["measures"]["xor"]["readings"]
    assert reading["bar"] == 4.0
    assert len(reading["rounds"]) == LEAST.rounds
    assert reading["verdict"] in ("met", "missed")
    assert found["measures"]["surface"]["readings"][0]["verdict"] == "not measured"


def test_a_part_answers_in_a_process_of_its_own() -> None:
    outcome = parts.measure("surface", LEAST)
    assert outcome == MEASURES["surface"].run(LEAST)


def test_a_part_that_fails_says_why_and_the_other_measures_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str, effort: Effort) -> Outcome:
        raise parts.PartFailed("the screen is gone")

    monkeypatch.setattr(parts, "measure", fail)
    assert main(["bench", "surface", "editor", "--clock", "cpu"]) == 0
    said = capsys.readouterr().out
    assert said.count("failed: the screen is gone") == 2, "once for each measure, however many bars it has"


def test_a_missed_bar_is_an_error_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    missed = Outcome((Reading(Bar("slow", 2.0), (1.0,)),))
    monkeypatch.setattr(parts, "measure", lambda name, effort: missed)
    assert main(["bench", "surface", "--clock", "cpu"]) == 0
    assert main(["bench", "surface", "--clock", "cpu", "--check"]) == 1


def test_a_reading_is_judged_by_the_median_of_its_rounds() -> None:
    fast, small = Bar("fast", 2.0), Bar("small", 2.0, at_least=False)
    assert Reading(fast, (1.0, 2.5, 9.0)).verdict == "met"
    assert Reading(fast, (1.0, 1.5, 9.0)).verdict == "missed"
    assert Reading(small, (1.0, 1.5, 9.0)).verdict == "met"
    assert Reading(small, ()).verdict == "not measured"
    assert Reading(Bar("told"), (3.0,)).verdict == "measured"
    assert Reading(small, (math.nan,)).verdict == "missed"


def test_contestants_take_turns_and_their_ratio_is_taken_within_each_round() -> None:
    order: list[str] = []

    def runner(name: str, seconds: float) -> contest.Runner:
        def run(steps: int) -> tuple[int, float]:
            order.append(name)
            return steps, steps * seconds

        return run

    slow, quick = Contestant("slow", runner("slow", 0.02)), Contestant("quick", runner("quick", 0.01))
    contest.hold([slow, quick], Effort(rounds=4, seconds=0.4, threads=(1,)), unit=10)
    assert contest.ratios(quick, slow) == pytest.approx((2.0,) * 4)
    assert contest.best([slow, quick]) is quick
    timed = order[6:]
    assert timed.count("slow") == timed.count("quick")
    assert timed[:4] == ["quick", "slow", "slow", "quick"]


@pytest.mark.parametrize("name", ["spiral", "digits", "cnn", "gru", "transformer", "xor"])
def test_every_rival_trains_on_whole_batches_of_the_same_data(name: str) -> None:
    measure = MEASURES[name]
    assert isinstance(measure, TrainingSpeed)
    work = measure.make()
    x, y = work.data()
    assert len(x) == len(y)
    assert len(x) % work.batch == 0
    loss = work.loss_of()(work.module()(x[: work.batch]), y[: work.batch])
    assert math.isfinite(loss.item())
    if work.document is not None:
        from nnlab.engine.loop import Loop

        loop = Loop(work.document, lambda event: None)
        assert loop.steps_per_epoch * work.batch == len(x)
        hand = sorted(tuple(p.shape) for p in work.module().parameters())
        assert sorted(tuple(p.shape) for p in loop.learner.network.parameters()) == hand


def test_nnlab_is_timed_inside_its_run() -> None:
    from nnlab.bench.ours import Training

    document = xor().document
    assert document is not None
    training = Training(document)
    steps, seconds = training.runner("cpu")(30)
    assert steps == training.loop.step >= 30
    assert seconds >= 0


@pytest.mark.parametrize("name", ["gru", "transformer"])
def test_nnlab_s_engine_trains_a_module_that_cannot_be_drawn(name: str) -> None:
    from nnlab.bench.ours import with_module

    measure = MEASURES[name]
    assert isinstance(measure, TrainingSpeed)
    training = with_module(measure.make())
    before = [p.detach().clone() for p in training.loop.learner.network.parameters()]
    training.run(2)
    after = list(training.loop.learner.network.parameters())
    assert len(before) == len(after) > 4
    assert all(not a.equal(b) for a, b in zip(after, before, strict=True))


def test_a_peer_that_is_not_installed_or_fails_is_told_in_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    work = xor()
    assert peers.peer("a_peer_of_nobody", work, "cpu") == peers.INSTALL

    def broken(work: Workload, clock: clocks.Clock) -> contest.Runner:
        raise TypeError("no such\nargument")

    monkeypatch.setitem(peers._MAKERS, "json", broken)  # a module that is there, in the place of a peer
    assert peers.peer("json", work, "cpu") == "it failed: no such argument"


def test_peers_that_count_in_epochs_say_how_many_steps_they_took() -> None:
    asked: list[int] = []
    run = peers._by_epochs(xor(), peers._Span("cpu"), asked.append)
    assert run(60)[0] == 50
    assert run(1)[0] == 25
    assert asked == [2, 1]


def test_the_processor_clock_judges_one_thread_only() -> None:
    assert clocks.thread_counts("cpu", "1,all") == (1,)
    assert clocks.thread_counts("wall", "1") == (1,)
    assert clocks.thread_counts("wall", "1,all")[0] == 1


def test_a_number_of_threads_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "surface", "--clock", "wall", "--threads", "many"]) == 2
    assert "--threads" in capsys.readouterr().err


def test_measures_come_in_the_order_of_the_page() -> None:
    assert in_order()[:3] == ["spiral", "digits", "cnn"]
    assert set(in_order()) == set(MEASURES)
