"""Back to any step, and forward again, to the bit."""

import random
from typing import Any

import numpy as np
import pytest
from small_networks import network

from nnlab.core.document import Document
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.engine.events import Epochs, Event, Losses
from nnlab.engine.loop import Loop
from nnlab.engine.travel.checkpoints import COUNT, Checkpoints
from nnlab.engine.travel.seeking import seeking


def go(loop: Loop, step: int) -> None:
    for _ in seeking(loop, step):
        pass


def train_to(loop: Loop, step: int) -> None:
    while loop.step < step:
        loop.advance()


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


DOCUMENTS = {
    "adam": network("Linear 8", "Tanh", "Linear 2", epochs=8),
    "momentum": network("Linear 8", "Tanh", "Linear 2", epochs=8, optimizer=OPTIMIZERS["sgd"](momentum=0.9)),
    "dropout": network("Linear 8", "ReLU", "Dropout 0.4", "Linear 2", epochs=8),
    "batch norm": network("Linear 8", "BatchNorm1d", "Linear 2", epochs=8, batch_size=30),
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_every_moment_comes_back_to_the_bit_and_the_run_goes_on_as_it_did(document: Document) -> None:
    straight: dict[int, dict[str, Any]] = {}
    events: list[Event] = []
    loop = Loop(document, events.append)
    while loop.finished is None:
        straight[loop.step] = loop.learner.as_arrays()
        if loop.step % 17 == 0:
            loop.timeline.checkpoints.keep(loop.moment())
        loop.advance()
    last, end = loop.step, loop.learner.as_arrays()
    told = len(events)
    dice = random.Random(1)
    for step in [0, last - 1, 1, last // 2, *(dice.randrange(last) for _ in range(12))]:
        go(loop, step)
        assert (loop.step, loop.epoch) == (step, step // loop.steps_per_epoch)
        assert same(loop.learner.as_arrays(), straight[step])
    assert len(events) == told  # nothing is told twice
    go(loop, 5)
    for _ in loop.steps():
        pass
    assert same(loop.learner.as_arrays(), end)


def test_settings_changed_on_the_way_are_repeated_where_they_were_changed() -> None:
    document = network("Linear 8", "Tanh", "Linear 2", epochs=10)
    loop = Loop(document, lambda e: None)
    train_to(loop, 13)
    loop.configure(document.training.with_(learning_rate=0.1))
    train_to(loop, 40)
    there = loop.learner.as_arrays()
    go(loop, 3)
    go(loop, 40)
    assert same(loop.learner.as_arrays(), there)
    assert loop.training.learning_rate == 0.1


def test_training_on_from_an_earlier_moment_takes_another_way_with_the_settings_of_now() -> None:
    document = network("Linear 8", "Tanh", "Linear 2", epochs=10)
    events: list[Event] = []
    loop = Loop(document, events.append)
    train_to(loop, 50)
    go(loop, 10)
    loop.configure(document.training.with_(learning_rate=0.5))
    events.clear()
    train_to(loop, 30)
    loop.flush()
    assert next(e for e in events if isinstance(e, Losses)).first_step == 10
    assert loop.timeline.furthest == 30
    branched = loop.learner.as_arrays()
    straight = Loop(document, lambda e: None)
    train_to(straight, 10)
    straight.configure(document.training.with_(learning_rate=0.5))
    train_to(straight, 30)
    assert same(branched, straight.learner.as_arrays())


def test_a_step_that_was_never_reached_is_trained_to_and_told() -> None:
    events: list[Event] = []
    loop = Loop(network("Linear 4", "Linear 2", epochs=10), events.append)
    go(loop, 45)
    assert loop.step == 45
    assert [row.epoch for e in events if isinstance(e, Epochs) for row in e.rows] == [1, 2]
    go(loop, 10_000)
    assert loop.finished is not None


def test_the_best_weights_come_back_with_the_moment() -> None:
    document = network("Linear 8", "Tanh", "Linear 2", epochs=12, learning_rate=0.3, early_stopping=True, patience=2)
    loop = Loop(document, lambda e: None)
    for _ in loop.steps():
        pass
    end, step = loop.finished, loop.step
    assert end is not None
    go(loop, step // 2)
    for _ in loop.steps():
        pass
    assert loop.finished == end


def test_moments_stay_under_the_cap_and_thin_out_with_age() -> None:
    class Small:
        def __init__(self, step: int, bytes: int = 10) -> None:
            self.step, self.bytes = step, bytes

    kept: Checkpoints[Any] = Checkpoints()
    for step in range(0, 5000, 5):
        kept.keep(Small(step))
    steps = kept.steps
    assert len(steps) <= COUNT
    assert steps[0] == 0
    gaps = np.diff(steps)
    assert gaps[1] > 5 * gaps[-1]
    assert max(gaps) < 1000
    large: Checkpoints[Any] = Checkpoints(cap=100)
    for step in range(50):
        large.keep(Small(step, 30))
    assert len(large.steps) == 3
    assert large.before(10**9) is not None
    kept.forget_after(100)
    assert kept.steps[-1] <= 100
