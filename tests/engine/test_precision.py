"""Arithmetic in 16 bits: what it changes, what it leaves alone, and what happens where it cannot be."""

import numpy as np
import pytest
import torch
from small_networks import network
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import nnlab
from nnlab.core.document import Document, Training
from nnlab.core.example import EXAMPLES
from nnlab.core.layer import LAYERS, TorchCode
from nnlab.engine import precision as arithmetic_of
from nnlab.engine.asking import _standard
from nnlab.engine.captured.switching import capture_now
from nnlab.engine.events import Event, Losses
from nnlab.engine.headless import run_to_end
from nnlab.engine.learner import Learner
from nnlab.engine.loop import Loop
from nnlab.engine.probes import answer
from nnlab.engine.scene import Scene
from nnlab.engine.wants import ActivationsWant, BoundaryWant, PointsWant, SampleWant

DEEP = ("Linear 16", "BatchNorm1d", "ReLU", "Dropout 0.1", "Linear 8", "Tanh", "Linear 2")


def trained(document: Document, steps: int) -> tuple[Loop, list[Event]]:
    events: list[Event] = []
    loop = Loop(document, events.append)
    while loop.step < steps:
        loop.advance()
    loop.flush()
    return loop, events


class Kinds(TorchDispatchMode):
    """Which kinds of numbers torch's operations put out."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __init__(self) -> None:
        super().__init__()
        self.found: set[torch.dtype] = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = function(*args, **(kwargs or {}))
        self.found |= {
            t.dtype for t in (result if isinstance(result, (tuple, list)) else [result]) if isinstance(t, Tensor)
        }
        return result


@pytest.mark.parametrize(("kind", "dtype"), [("bf16", torch.bfloat16), ("fp16", torch.float16)])
def test_the_network_computes_in_16_bits_and_everything_that_lasts_keeps_32(kind: str, dtype: torch.dtype) -> None:
    learner = Learner(network(*DEEP, device="cpu", precision=kind))
    x, y = (part[:16] for part in learner.data["train"])
    with Kinds() as watch:
        loss, prediction = learner.step(x, y, learner.document.training)
    assert dtype in watch.found
    assert loss.dtype == prediction.dtype == torch.float32
    assert {t.dtype for t in learner.storage} <= {torch.float32, torch.int64}
    assert learner.flat.gradient.dtype == torch.float32
    assert learner.notices == []


def test_32_bits_stay_as_they_were_and_nothing_on_the_device_has_64() -> None:
    document = network(*DEEP, device="cpu", clip_norm=0.5, l1=0.001)
    loop = Loop(document, lambda event: None)
    with Kinds() as watch:
        for _ in range(4):
            loop.advance()
        for _ in range(4):
            loop.advance(by_phase=True)
        loop.learner.measure()
        loop.learner.health()
    assert torch.float32 in watch.found
    assert not watch.found & {torch.float64, torch.float16, torch.bfloat16}
    assert all(t.dtype != torch.float64 for pair in loop.learner.data.values() for t in pair)


def test_pictures_and_predictions_put_nothing_of_64_bits_on_the_device() -> None:
    loop, _ = trained(network(*DEEP, device="cpu"), 3)
    wants = [BoundaryWant(), ActivationsWant(), PointsWant(), SampleWant()]
    with Kinds() as watch:
        for want in wants:
            assert not isinstance(answer(want, Scene.of(loop)), str)
    assert torch.float32 in watch.found
    assert torch.float64 not in watch.found
    assert _standard(loop.learner, np.zeros((3, 2))).dtype == np.float32, "the inputs of a prediction"


IN_32_BITS = {("first-word", "fp16")}
"""torch has no LSTM in float16 for processors: the run says so and goes on."""


@pytest.mark.parametrize("kind", ["bf16", "fp16"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_takes_steps_in_16_bits(example: str, kind: str) -> None:
    document = EXAMPLES[example].document().with_training(precision=kind, device="cpu", threads=1, layout="standard")
    loop, events = trained(document, 4)
    if (example, kind) in IN_32_BITS:
        assert "all of it is computed in 32 bits" in loop.learner.notices[0]
    else:
        assert loop.learner.notices == []
        assert loop.learner.precision.kind == kind
    losses = np.concatenate([e.values for e in events if isinstance(e, Losses)])
    assert len(losses) == 4
    assert np.isfinite(losses).all()


@pytest.mark.parametrize("kind", ["bf16", "fp16"])
def test_16_bits_learn_about_as_well(kind: str) -> None:
    full = run_to_end(network("Linear 16", "Tanh", "Linear 2", device="cpu", epochs=30))
    mixed = run_to_end(network("Linear 16", "Tanh", "Linear 2", device="cpu", epochs=30, precision=kind))
    assert mixed.reason == "done"
    assert mixed.metrics["train_loss"] == pytest.approx(full.metrics["train_loss"], rel=0.1)
    assert not np.array_equal(mixed.history["loss"], full.history["loss"])


@pytest.mark.parametrize("kind", ["bf16", "fp16"])
def test_going_back_and_on_again_gives_the_same_numbers(kind: str) -> None:
    document = network(*DEEP, device="cpu", precision=kind, epochs=6)
    loop, _ = trained(document, 90)
    there = [t.clone() for t in loop.learner.storage]
    loop.go_back(31)
    while loop.step < 90:
        loop.advance()
    assert all(map(torch.equal, there, loop.learner.storage))


@pytest.mark.parametrize("kind", ["bf16", "fp16"])
def test_a_batch_in_four_phases_is_a_step(kind: str) -> None:
    document = network(*DEEP, device="cpu", precision=kind)
    one, other = Loop(document, lambda event: None), Loop(document, lambda event: None)
    for _ in range(3):
        one.advance()
        for _ in range(4):
            other.advance(by_phase=True)
    assert all(map(torch.equal, one.learner.storage, other.learner.storage))


def test_bfloat16_is_captured_to_the_last_bit() -> None:
    document = network("Linear 16", "ReLU", "Linear 2", device="cpu", precision="bf16", epochs=100)
    loop, _ = trained(document, 1)
    capture_now(loop)
    assert loop.captured is not None, loop.engine_reason
    assert loop.captured.exact


def test_float16_stays_with_the_eager_engine_and_says_why() -> None:
    loop, _ = trained(network("Linear 8", "Tanh", "Linear 2", device="cpu", precision="fp16", epochs=100), 1)
    capture_now(loop)
    assert loop.captured is None
    assert "float16" in loop.engine_reason


def test_an_overflow_leaves_the_step_out_and_halves_the_scale() -> None:
    learner = Learner(network("Linear 8", "Tanh", "Linear 2", device="cpu", precision="fp16"))
    assert learner.scale is not None
    learner.update.rate = 0.1
    before = learner.state()
    gradients = [torch.full_like(p, float("inf")) for p in learner.parameters]
    learner.apply(gradients, learner.document.training)
    assert all(map(torch.equal, before.tensors, learner.storage))
    assert learner.update.steps == 0
    assert (learner.scale.value, learner.scale.skipped) == (2.0**15, 1)
    assert float(learner.scale.slope) == 2.0**15
    learner.apply([torch.ones_like(g) for g in gradients], learner.document.training)
    assert not all(map(torch.equal, before.tensors, learner.storage))
    learner.restore(before)
    assert (learner.scale.value, learner.scale.skipped) == (2.0**16, 0)


def test_the_scale_follows_the_rule_of_torch_s_own_scaler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic_of, "GROWTH_STEPS", 5)
    mine = arithmetic_of.LossScale(torch.device("cpu"))
    theirs = torch.amp.GradScaler("cpu", growth_interval=5)
    weight = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.0)
    theirs.scale(torch.ones(()))
    for good in [1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1]:
        gradient = torch.full((3,), 1.0 if good else float("inf"))
        weight.grad = gradient * theirs.get_scale()
        theirs.step(optimizer)
        theirs.update()
        assert mine.passes(gradient) == bool(good)
        assert mine.value == theirs.get_scale()
    assert mine.skipped == 3


def test_what_cannot_be_computed_in_16_bits_is_computed_in_32_with_a_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    document = network("Linear 8", "Tanh", "Linear 2", device="cpu", precision="bf16")
    code = TorchCode(forward="{0} + 0 * torch.special.bessel_j0({0}.detach())")
    monkeypatch.setattr(LAYERS["Tanh"], "torch_code", lambda self, *shapes: code)
    result = run_to_end(document)
    assert result.reason == "done"
    assert any("32 bits" in notice for notice in result.notices)
    full = run_to_end(document.with_training(precision="float32"))
    assert np.array_equal(result.history["loss"], full.history["loss"])


def test_many_seeds_in_16_bits_are_trained_one_after_another_and_that_is_said() -> None:
    project = nnlab.Project(network("Linear 8", "Tanh", "Linear 2", device="cpu", precision="bf16"))
    rolled = project.train_many(seeds=2, epochs=2)
    assert any("32 bits" in notice for notice in rolled.rolled.notices)
    alone = run_to_end(project.document, epochs=2)
    assert rolled.curves["train_loss"][-1, 0] == alone.history["train_loss"][-1]


def test_the_setting_is_declared_with_words_for_each_choice() -> None:
    declared = Training.param("precision")
    assert set(dict(declared.choices)) == set(arithmetic_of.KINDS) == set(arithmetic_of.SHOWN)
    assert declared.advanced
