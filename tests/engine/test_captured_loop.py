"""The captured engine inside a run: whatever is done to it, the numbers are those of the eager engine, undisturbed."""

import math  # noqa: F401 - programs are compiled with the names of whoever compiles them
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from small_networks import network

from nnlab.core.document import Document, Training
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.schedule import SCHEDULES
from nnlab.engine.capture import capture
from nnlab.engine.events import Branched, Event, Failed, Finished
from nnlab.engine.flight import Captured
from nnlab.engine.headless import Curves, run_to_end
from nnlab.engine.loop import Loop
from nnlab.engine.seeking import seeking
from nnlab.engine.switching import capture_now, subject_of, switch
from nnlab.engine.trainer import Trainer
from nnlab.engine.wants import WeightsWant

ENGINES = ("eager", "captured")


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


@dataclass
class Told:
    """What a run says of itself, as those see it who listen."""

    curves: Curves = field(default_factory=Curves)
    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.curves.add(event)
        if isinstance(event, Branched | Finished):
            self.events.append(event)


def loop_of(document: Document, engine: str) -> tuple[Loop, Told]:
    """A run after its first step, with this engine for the others."""
    told = Told()
    loop = Loop(document, told)
    loop.advance()
    if engine == "captured":
        capture_now(loop)
        assert loop.captured is not None, loop.engine_reason
    return loop, told


def go(loop: Loop, step: int) -> None:
    """Train until that step, or the end."""
    while loop.step < step and loop.finished is None:
        loop.stretch(step)


def to_end(loop: Loop) -> None:
    for _ in loop.steps():
        pass


def seek(loop: Loop, step: int) -> None:
    for _ in seeking(loop, step):
        pass


def assert_same(one: tuple[Loop, Told], other: tuple[Loop, Told]) -> None:
    """Every number that a run has, and all that it told."""
    (a, told), (b, its) = one, other
    a.flush()
    b.flush()
    for name in ("step", "epoch", "position", "finished", "last_loss", "_good", "training"):
        assert repr(getattr(a, name)) == repr(getattr(b, name)), name
    assert _known(a.last_epoch) == _known(b.last_epoch)
    assert a.timeline.settings == b.timeline.settings
    assert a.timeline.furthest == b.timeline.furthest
    assert all(map(torch.equal, a.learner.storage, b.learner.storage))
    assert _equal(a.learner.update.state(), b.learner.update.state())
    assert torch.equal(a.learner.dice.state, b.learner.dice.state)
    assert torch.equal(a.order.state, b.order.state)
    assert np.array_equal(a.tally.losses(), b.tally.losses())
    assert all(map(torch.equal, a.tally.answers(), b.tally.answers()))
    assert (a.best is None) == (b.best is None)
    if a.best is not None and b.best is not None:
        assert (a.best.epoch, a.best.loss) == (b.best.epoch, b.best.loss)
        assert all(map(torch.equal, a.best.weights, b.best.weights))
    assert repr(told.events) == repr(its.events)
    mine, theirs = told.curves.arrays(), its.curves.arrays()
    for name in mine:
        if name != "seconds":
            assert np.array_equal(mine[name], theirs[name], equal_nan=True), name


def _known(epoch: Any) -> dict[str, Any] | None:
    return None if epoch is None else {**vars(epoch), "seconds": 0}


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    return all(map(_equal, a, b)) if isinstance(a, list | tuple) else bool(a == b)


# ---------------------------------------------------------------- whatever is done to it

PLAIN = ("Linear 4", "Tanh", "Linear 2")
DOCUMENTS = {
    "Adam with dropout": network("Linear 4", "ReLU", "Dropout 0.3", "Linear 2", batch_size=60),
    "momentum with batch norm": network(
        "Linear 4", "BatchNorm1d", "Linear 2", batch_size=50, optimizer=OPTIMIZERS["sgd"](momentum=0.9)
    ),
    "no validation, one batch an epoch": network(*PLAIN, batch_size=999).with_data(validation=0.0),
    "RMSprop, whole batches": network(*PLAIN, batch_size=80, optimizer=OPTIMIZERS["rmsprop"](momentum=0.5)),
}
LIVE: dict[str, list[Any]] = {
    "learning_rate": [0.0, 0.001, 0.03, 0.3],
    "schedule": [SCHEDULES[name]() for name in SCHEDULES] + [SCHEDULES["step"](step_size=2)],
    "epochs": [3, 10, 40, 10_000],
    "l1": [0.0, 0.001],
    "l2": [0.0, 0.01],
    "clip_norm": [0.0, 0.05],
    "early_stopping": [False, False, True],
    "patience": [1, 3, 50],
}


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


# ---------------------------------------------------------------- in the training thread


def test_whatever_is_done_to_a_trainer_its_run_is_the_eager_run(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands at any moment, while it flies; then the way it took is gone again, with the settings of each step."""
    dice, loops = random.Random(5), list[Loop]()
    monkeypatch.setattr("nnlab.engine.worker.Loop", lambda *given: loops.append(Loop(*given)) or loops[-1])
    document = DOCUMENTS["Adam with dropout"].with_training(epochs=100_000)
    curves = Curves()
    trainer.start(document)
    while trainer.status().engine != "captured":
        assert not trainer.wait(0.05), trainer.poll()
    for number in range(60):
        for _ in range(dice.choice([1, 1, 2, 5])):
            _any_command(trainer, document.training, dice)
            trainer.want(frozenset({WeightsWant()}))
        if number % 4 == 0:
            trainer.resume()
            trainer.wait(dice.choice([0.0, 0.005, 0.05]))
    trainer.pause()
    trainer.wait()
    for event in trainer.poll():
        assert not isinstance(event, Failed), event.details
        curves.add(event)
    (loop,) = loops
    assert loop.captured is not None
    assert loop.step > 100
    retraced, told = loop_of(document, "eager")
    for since, training in loop.timeline.settings:
        while retraced.step < min(since, loop.step):
            retraced.advance()
        retraced.configure(training)
    while retraced.step < loop.step:
        retraced.advance()
    retraced.flush()
    assert all(map(torch.equal, loop.learner.storage, retraced.learner.storage))
    assert _equal(loop.learner.update.state(), retraced.learner.update.state())
    assert torch.equal(loop.learner.dice.state, retraced.learner.dice.state)
    mine, theirs = curves.arrays(), told.curves.arrays()
    for name in set(mine) - {"seconds"}:
        assert np.array_equal(mine[name][: len(theirs[name])], theirs[name], equal_nan=True), name


def _any_command(trainer: Trainer, training: Training, dice: random.Random) -> None:
    """One thing that a user can do to a trainer."""
    wanted = training.with_(**{name: dice.choice(LIVE[name]) for name in ("learning_rate", "l2", "l1", "schedule")})
    furthest = trainer.status().furthest
    acts: list[Callable[[], object]] = [
        trainer.pause,
        trainer.resume,
        lambda: trainer.step("batch"),
        lambda: trainer.step("phase"),
        lambda: trainer.step("epoch"),
        lambda: trainer.seek(dice.randrange(furthest + 10)),
        lambda: trainer.configure(wanted),
        trainer.stop,
    ]
    dice.choice(acts)()


def test_a_captured_run_in_the_training_thread_is_the_one_without_a_window(trainer: Trainer) -> None:
    document = DOCUMENTS["momentum with batch norm"].with_training(epochs=3000)
    curves, states = Curves(), []
    trainer.start(document)
    while not trainer.wait(0.02):
        trainer.want(frozenset({WeightsWant()}))
        trainer.picture()
        for event in trainer.poll():
            curves.add(event)
            states.append(event)
    for event in trainer.poll():
        curves.add(event)
    assert trainer.status().engine == "captured", trainer.status().engine_reason
    result = run_to_end(document)
    assert result.engine == "captured"
    history = curves.arrays()
    for name in set(history) - {"seconds"}:
        assert np.array_equal(history[name], result.history[name], equal_nan=True), name
    weights = trainer.weights()
    assert weights is not None
    assert all(np.array_equal(weights[name], value) for name, value in result.weights.items())


def test_closing_ends_a_run_in_the_air_with_all_its_threads() -> None:
    for _ in range(3):
        with Trainer() as made:
            made.start(DOCUMENTS["Adam with dropout"].with_training(epochs=1_000_000))
            made.wait(0.3)
        assert not [t.name for t in threading.enumerate() if t.name.startswith("nnlab")]


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


ALONE = """
import signal, sys, threading, torch
from nnlab import Project
from nnlab.engine.headless import run_to_end
from nnlab.engine.switching import capture_now
import inspect
def refuse(*rest, **more):
    raise AssertionError("not in a frozen app")
inspect.getsource = inspect.getsourcelines = inspect.findsource = torch.jit.script = torch.jit.trace = refuse
document = Project.example("spiral").document.with_training(epochs=200)
result = run_to_end(document)
assert result.engine == "captured", result.engine
assert result.steps >= 1000
assert "torch._dynamo" not in sys.modules
assert "torch._inductor" not in sys.modules
threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
try:
    run_to_end(document.with_training(epochs=10**6))
except KeyboardInterrupt:
    print("interrupted")
"""


def test_capturing_needs_neither_source_files_nor_compilers_and_gives_way_to_an_interruption() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "interrupted"), done.stderr
