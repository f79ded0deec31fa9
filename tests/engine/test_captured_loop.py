"""The captured engine inside a run: whatever is done to it, the numbers are those of the eager engine, undisturbed."""

import math  # noqa: F401 - programs are compiled with the names of whoever compiles them
import random
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
import torch
from small_networks import network
from two_runs import DOCUMENTS, ENGINES, LIVE, PLAIN, Told, assert_same, go, loop_of, seek, to_end

from nnlab.core.document import Document, Training
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.schedule import SCHEDULES
from nnlab.engine.captured.capture import capture
from nnlab.engine.captured.flight import Captured
from nnlab.engine.captured.switching import capture_now, subject_of, switch
from nnlab.engine.loop import Loop
from nnlab.engine.travel.seeking import seeking


@pytest.fixture(autouse=True)
def _same_arithmetic() -> Iterator[None]:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    yield
    torch.set_flush_denormal(False)


@pytest.fixture
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of any length, with looks at the flags at any distance."""
    dice = random.Random(7)
    monkeypatch.setattr(Captured, "steps_ahead", lambda self, seconds: dice.choice([1, 2, 3, 5, 8, 13, 40, 100]))
    monkeypatch.setattr(Captured, "every", lambda self: dice.choice([1, 2, 3, 7, 32]))


# ---------------------------------------------------------------- whatever is done to it


@pytest.mark.usefixtures("short_stretches")
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_whatever_is_done_to_a_run_it_is_the_eager_run(document: Document, seed: int) -> None:
    dice = random.Random(seed)
    document = document.with_training(epochs=10_000)
    runs = [loop_of(document, engine) for engine in ENGINES]
    for _ in range(80):
        act = _any_act(dice, runs[0][0])
        for loop, _told in runs:
            act(loop)
    assert_same(*runs)


@pytest.mark.usefixtures("short_stretches")
@pytest.mark.parametrize("seed", range(10, 16))
def test_a_program_that_is_not_exact_is_steered_in_the_same_way(seed: int) -> None:
    """Where it is said to round otherwise, the timeline notes which engine took each step."""
    dice = random.Random(seed)
    runs = [loop_of(DOCUMENTS["Adam with dropout"].with_training(epochs=10_000), engine) for engine in ENGINES]
    loop = runs[1][0]
    assert loop.captured is not None
    loop.captured.exact = False
    for _ in range(80):
        act = _any_act(dice, runs[0][0])
        for each, _told in runs:
            act(each)
    assert_same(*runs)


def _any_act(dice: random.Random, now: Loop) -> Callable[[Loop], None]:
    """One thing that a user can do, the same for every loop."""
    step, furthest = now.step, max(now.step, now.timeline.furthest)
    wanted = now.training.with_(**{name: dice.choice(LIVE[name]) for name in dice.sample(sorted(LIVE), 2)})
    near, anywhere = dice.randrange(1, 30), dice.randrange(furthest + 20)
    acts: list[Callable[[Loop], None]] = [
        lambda loop: go(loop, step + near),
        lambda loop: go(loop, step + near),
        lambda loop: go(loop, (loop.epoch + 1) * loop.steps_per_epoch),
        lambda loop: loop.advance(),
        lambda loop: loop.advance(by_phase=True),
        lambda loop: loop.configure(wanted),
        lambda loop: _settings_and_on(loop, wanted, step + near),
        lambda loop: seek(loop, anywhere),
        lambda loop: _left_on_the_way(loop, anywhere, step),
        _stopped_and_reopened,
        lambda loop: loop.reopen(),
    ]
    return dice.choice(acts)


def _settings_and_on(loop: Loop, training: Training, step: int) -> None:
    loop.configure(training)
    go(loop, step)


def _left_on_the_way(loop: Loop, step: int, back: int) -> None:
    """Seeking that somebody breaks off, and then goes somewhere else."""
    going = seeking(loop, min(step, loop.timeline.furthest))
    next(going, None)
    going.close()
    seek(loop, back)


def _stopped_and_reopened(loop: Loop) -> None:
    loop.finish("stopped")
    loop.reopen()


# ---------------------------------------------------------------- runs to their end


ENDS = {
    "early stopping": {"early_stopping": True, "patience": 3, "learning_rate": 0.1},
    "one cycle": {"schedule": SCHEDULES["one-cycle"]()},
    "stairs, L1, L2 and clipping": {
        "schedule": SCHEDULES["step"](step_size=3),
        "l1": 0.001,
        "l2": 0.01,
        "clip_norm": 0.1,
    },
}


@pytest.mark.parametrize("settings", ENDS.values(), ids=list(ENDS))
def test_a_run_ends_where_and_as_the_eager_run_does(settings: dict[str, Any]) -> None:
    runs = [loop_of(network(*PLAIN, batch_size=60, **{"epochs": 40, **settings}), engine) for engine in ENGINES]
    for loop, _told in runs:
        to_end(loop)
    assert_same(*runs)


# ---------------------------------------------------------------- numbers that are none

EXPLODING = ("Linear 6", "ReLU", "Linear 2")


@pytest.mark.parametrize("when", [2, 3, 4, 5, 6, 7, 11, 12, 40, 200])
@pytest.mark.parametrize("schedule", [SCHEDULES["constant"](), SCHEDULES["one-cycle"](div_factor=1.0)])
def test_what_blows_up_is_found_at_the_same_step_and_told_in_the_same_words(when: int, schedule: Any) -> None:
    document = network(*EXPLODING, epochs=400, batch_size=60, loss="mse", optimizer=OPTIMIZERS["sgd"]())
    runs = [loop_of(document, engine) for engine in ENGINES]
    for loop, _told in runs:
        go(loop, when)
        loop.configure(document.training.with_(learning_rate=900.0, schedule=schedule))
        to_end(loop)
        assert loop.finished is not None
        assert loop.finished.reason == "diverged"
    assert_same(*runs)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("batch", range(6))
def test_bad_numbers_in_the_data_are_found_at_the_same_step(value: float, batch: int) -> None:
    """In the batch that comes at this place of the second epoch, while the engines are being compared or later."""
    document = network(*EXPLODING, epochs=10, batch_size=60)
    runs = []
    for engine in ENGINES:
        told = Told()
        loop = Loop(document, told)
        go(loop, 6)
        row = int(torch.randperm(320, generator=_second_epoch(loop))[batch * 60])
        loop.learner.samples("train")[0][row] = value
        loop.order.epoch = []
        if engine == "captured":
            capture_now(loop)
        to_end(loop)
        runs.append((loop, told))
    assert runs[0][0].finished is not None
    assert runs[0][0].finished.reason == "diverged"
    assert runs[0][0].finished.step == 7 + batch
    assert_same(*runs)


def _second_epoch(loop: Loop) -> torch.Generator:
    generator = torch.Generator()
    generator.set_state(loop.order.state)
    return generator


# ---------------------------------------------------------------- programs that are no good


def test_a_program_that_fails_on_the_way_hands_over_to_the_eager_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    document = DOCUMENTS["Adam with dropout"].with_training(epochs=12)
    eager, captured = (loop_of(document, engine) for engine in ENGINES)
    program = captured[0].captured
    assert program is not None
    flown, run = [], program.program.run

    def fails_half_way(memory: Any, work: Any) -> Any:
        flown.append(work.steps)
        outcome = run(memory, work)
        if len(flown) == 3:
            raise RuntimeError("something in the middle")
        return outcome

    monkeypatch.setattr(program.program, "run", fails_half_way)
    for loop, _told in (eager, captured):
        go(loop, 20)
        seek(loop, 7)
        to_end(loop)
    assert len(flown) == 3
    assert captured[0].captured is None
    assert "cannot be captured because capturing it failed (RuntimeError)" in captured[0].engine_reason
    assert_same(eager, captured)


def test_a_program_with_wrong_numbers_is_refused_and_the_run_is_as_if_it_had_not_been_tried() -> None:
    document = DOCUMENTS["Adam with dropout"].with_training(epochs=12)
    eager = loop_of(document, "eager")
    told = Told()
    loop = Loop(document, told)
    loop.advance()
    program = capture(subject_of(loop))
    text = program.text.replace("beta1=0.9", "beta1=0.91")
    assert text != program.text
    program.function = torch.jit.CompilationUnit(text).run
    switch(loop, program)
    assert loop.captured is None
    assert "its numbers would be others" in loop.engine_reason
    for each in (eager[0], loop):
        to_end(each)
    assert_same(eager, (loop, told))


def test_many_stretches_take_no_more_memory_than_few(short_stretches: None) -> None:
    document = DOCUMENTS["RMSprop, whole batches"].with_training(epochs=1_000_000)
    loop = Loop(document, lambda event: None)
    loop.advance()
    capture_now(loop)
    process = psutil.Process()
    go(loop, 8_000)
    before = process.memory_info().rss
    go(loop, 40_000)
    assert process.memory_info().rss - before < 24_000_000
    assert len(loop.timeline.checkpoints.steps) <= 96


@pytest.mark.parametrize("left", [1, 2, 4, 5])
def test_the_engine_can_change_right_before_the_end(left: int) -> None:
    """The trial of the program may not run into the end of the run: it would be over before its last steps are taken."""
    document = network(*PLAIN, epochs=2, batch_size=60)
    runs = [loop_of(document, "eager")]
    to_end(runs[0][0])
    told = Told()
    loop = Loop(document, told)
    go(loop, 2 * loop.steps_per_epoch - left)
    capture_now(loop)
    assert (loop.finished, loop.step) == (None, 2 * loop.steps_per_epoch - left)
    to_end(loop)
    assert_same(runs[0], (loop, told))
