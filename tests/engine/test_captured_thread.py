"""The captured engine in the training thread: commands at any moment, threads, a frozen app, an interruption."""

import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from two_runs import DOCUMENTS, LIVE, Told, equal, go, loop_of

from nnlab.core.document import Document, Training
from nnlab.engine.events import Failed, Snapshot
from nnlab.engine.headless import Curves, run_to_end
from nnlab.engine.loop import Loop
from nnlab.engine.probes import answer
from nnlab.engine.scene import Scene
from nnlab.engine.trainer import Trainer
from nnlab.engine.wants import WeightsWant


@pytest.fixture(autouse=True)
def _same_arithmetic() -> Iterator[None]:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    yield
    torch.set_flush_denormal(False)


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
    retraced, told = _retraced(document, loop)
    assert all(map(torch.equal, loop.learner.storage, retraced.learner.storage))
    assert equal(loop.learner.update.state(), retraced.learner.update.state())
    assert torch.equal(loop.learner.dice.state, retraced.learner.dice.state)
    mine, theirs = curves.arrays(), told.curves.arrays()
    for name in set(mine) - {"seconds"}:
        assert np.array_equal(mine[name][: len(theirs[name])], theirs[name], equal_nan=True), name


def _retraced(document: Document, loop: Loop) -> tuple[Loop, Told]:
    """The eager run with the same settings at the same steps."""
    retraced, told = loop_of(document, "eager")
    for since, training in loop.timeline.settings:
        go(retraced, min(since, loop.step))
        retraced.configure(training)
    go(retraced, loop.step)
    retraced.flush()
    return retraced, told


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


ALONE = """
import signal, sys, threading, torch
from nnlab import Project
from nnlab.engine.headless import run_to_end
from nnlab.engine.captured.switching import capture_now
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


def test_pictures_in_the_air_are_of_the_step_that_they_name(trainer: Trainer) -> None:
    document = DOCUMENTS["momentum with batch norm"].with_training(epochs=700)
    trainer.start(document)
    seen: list[Snapshot] = []
    while not trainer.wait(0.004):
        trainer.want(frozenset({WeightsWant()}))
        picture = trainer.picture()
        if picture is not None:
            seen.append(picture)
    assert trainer.status().engine == "captured", trainer.status().engine_reason
    assert len(seen) > 3
    retraced, _ = loop_of(document, "eager")
    for picture in seen:
        go(retraced, picture.step)
        assert picture.epoch == retraced.epoch or retraced.position == 0
        want = WeightsWant()
        mine, theirs = picture.answers[want], answer(want, Scene.of(retraced))
        assert mine.nodes.keys() == theirs.nodes.keys()
        for node, tensors in mine.nodes.items():
            assert all(np.array_equal(values, theirs.nodes[node][name]) for name, values in tensors.items())
