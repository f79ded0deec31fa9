"""One document trained twice, by the eager and by the captured engine, and whether that is one run."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from small_networks import network

from nnlab.core.document import Document
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.schedule import SCHEDULES
from nnlab.engine.captured.switching import capture_now
from nnlab.engine.events import Branched, Event, Finished
from nnlab.engine.headless import Curves
from nnlab.engine.loop import Loop
from nnlab.engine.travel.seeking import seeking

ENGINES = ("eager", "captured")

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
    assert equal(a.learner.update.state(), b.learner.update.state())
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


def equal(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    return all(map(equal, a, b)) if isinstance(a, list | tuple) else bool(a == b)
