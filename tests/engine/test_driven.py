"""Stretches that are driven from Python take the eager engine's steps; on an NVIDIA GPU each of them is one graph."""

import numpy as np
import pytest
import torch
from small_networks import network

from nnlab.core.document import Document
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.schedule import SCHEDULES
from nnlab.engine.captured.cuda_graph import TITLE, apply_at, same_luck
from nnlab.engine.captured.driven import Driven, PlainStep
from nnlab.engine.captured.switching import tried
from nnlab.engine.events import Epochs, Event, Finished, Losses
from nnlab.engine.flat import Flat
from nnlab.engine.headless import run_to_end
from nnlab.engine.loop import Loop
from nnlab.engine.telling import engine
from nnlab.engine.update import WrittenUpdate, update_rule

NOISY = ("Linear 8", "BatchNorm1d", "Tanh", "Dropout 0.2", "Linear 2")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU here")

RUNS = {
    "plain": {},
    "ragged": {"batch_size": 19},
    "one batch": {"batch_size": 5_000},
    "early": {"early_stopping": True, "patience": 2, "learning_rate": 0.3, "epochs": 40},
    "penalties": {"l1": 0.001, "l2": 0.01, "clip_norm": 0.1},
    "momentum": {"optimizer": OPTIMIZERS["sgd"](momentum=0.9, nesterov=True), "schedule": SCHEDULES["cosine"]()},
    "half": {"precision": "bf16"},
}


def told_by(document: Document, driven: bool) -> tuple[Loop, list[Event]]:
    """A whole run on the CPU, driven in stretches or step by step."""
    events: list[Event] = []
    loop = Loop(document, events.append)
    loop.advance()
    if driven:
        program = Driven(loop.learner, PlainStep(loop.learner), loop.steps_per_epoch, "driven")
        verdict = tried(loop, program)
        assert verdict.captured is not None, verdict.reason
        assert verdict.captured.exact
        loop.captured = verdict.captured
        assert engine(loop) == "driven"
    for _ in loop.steps():
        pass
    return loop, events


@pytest.mark.parametrize("name", RUNS)
def test_a_driven_run_is_the_eager_run(name: str) -> None:
    document = network(*NOISY, **{"epochs": 6, "device": "cpu", **RUNS[name]})
    (one, eager), (other, driven) = told_by(document, False), told_by(document, True)
    assert all(map(torch.equal, one.learner.storage, other.learner.storage))
    losses = [np.concatenate([e.values for e in events if isinstance(e, Losses)]) for events in (eager, driven)]
    assert np.array_equal(*losses)
    tables = [np.concatenate([e.table for e in events if isinstance(e, Epochs)]) for events in (eager, driven)]
    seconds = 7
    assert np.array_equal(*(np.delete(t, seconds, axis=1) for t in tables), equal_nan=True)
    ends = [next(e for e in events if isinstance(e, Finished)) for events in (eager, driven)]
    assert ends[0] == ends[1]


def test_a_driven_run_that_blows_up_ends_as_the_eager_one_does() -> None:
    document = network("Linear 8", "Tanh", "Linear 2", epochs=8, device="cpu", learning_rate=0.1,
                       loss="mse", optimizer=OPTIMIZERS["sgd"]())  # fmt: skip
    ends = []
    for driven in (False, True):
        events: list[Event] = []
        loop = Loop(document, events.append)
        while loop.step < 25:
            loop.advance()
        if driven:
            loop.captured = tried(
                loop, Driven(loop.learner, PlainStep(loop.learner), loop.steps_per_epoch, "driven")
            ).captured
            assert loop.captured is not None
        loop.configure(document.training.with_(learning_rate=900.0))
        for _ in loop.steps():
            pass
        ends.append(loop.finished)
    assert ends[0] is not None
    assert ends[0].reason == "diverged"
    assert ends[0] == ends[1]


@pytest.mark.parametrize("settings", [
    OPTIMIZERS["sgd"](), OPTIMIZERS["sgd"](momentum=0.9), OPTIMIZERS["sgd"](momentum=0.9, nesterov=True),
    OPTIMIZERS["rmsprop"](), OPTIMIZERS["rmsprop"](momentum=0.5), OPTIMIZERS["adam"](), OPTIMIZERS["adamw"](),
])  # fmt: skip
@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_a_rate_that_lies_on_the_device_moves_weights_as_a_number_does(settings: object, decay: float) -> None:
    def rule() -> WrittenUpdate:
        generator = torch.Generator().manual_seed(1)
        flat = Flat(
            [
                torch.nn.Parameter(torch.randn(4, 3, generator=generator)),
                torch.nn.Parameter(torch.randn(3, generator=generator)),
            ]
        )
        whole = update_rule(settings, [flat.values])  # type: ignore[arg-type]
        made = whole if whole.whole else update_rule(settings, [p.detach() for p in flat.parameters])  # type: ignore[arg-type]
        assert isinstance(made, WrittenUpdate)
        return made

    one, other = rule(), rule()
    for step in range(6):
        generator = torch.Generator().manual_seed(step)
        gradients = [torch.randn(p.shape, generator=generator) for p in one.parameters]
        rate = 0.1 / (1 + step)
        one.rate = other.rate = rate
        one.weight_decay = other.weight_decay = decay
        one.apply([g.clone() for g in gradients])
        if step == 0:
            other.apply([g.clone() for g in gradients])
        else:
            apply_at(other, [g.clone() for g in gradients], torch.tensor(rate), decay)
        for mine, its in zip(one.parameters, other.parameters, strict=True):
            assert torch.allclose(mine, its, rtol=1e-6, atol=1e-7)


def test_without_a_gpu_nothing_is_rolled() -> None:
    before = torch.get_rng_state()
    same_luck(torch.device("cpu"))()
    assert torch.equal(before, torch.get_rng_state())


@needs_gpu
@pytest.mark.parametrize("name", [name for name in RUNS if name not in ("one batch", "early")])
def test_on_a_gpu_a_graph_takes_the_steps_and_the_curve_is_the_eager_one(name: str) -> None:
    settings = {"epochs": 80, **RUNS[name], "device": "cuda"}
    document = network("Linear 8", "Tanh", "Linear 2", **settings)
    result = run_to_end(document)
    assert result.engine == TITLE
    loop = Loop(document, lambda event: None)
    for _ in loop.steps():
        pass
    assert loop.finished is not None
    assert result.metrics["train_loss"] == pytest.approx(loop.finished.metrics["train_loss"], rel=0.05, abs=0.02)
