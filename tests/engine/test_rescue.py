"""Memory that runs out and devices that go away: a sentence, the last good moment, and training that can go on."""

from typing import Any

import numpy as np
import pytest
import torch
from small_networks import network

from nnlab.core.document import Document
from nnlab.engine.device import (
    MEMORY_SHARE,
    check_memory,
    device_lost,
    fitting_batch,
    free_memory,
    memory_sentence,
    needed_memory,
    out_of_memory,
)
from nnlab.engine.events import Branched, Event, Failed, Finished, Interrupted, Losses, StateChanged
from nnlab.engine.headless import run_to_end
from nnlab.engine.learner import Learner
from nnlab.engine.loop import Loop
from nnlab.engine.rescue import rescued
from nnlab.engine.safekeeping import brought, safe
from nnlab.engine.trainer import Trainer
from nnlab.errors import BuildError

PLAIN = ("Linear 8", "Tanh", "Dropout 0.1", "Linear 2")
NO_MEMORY = "CUDA out of memory. Tried to allocate 20.00 MiB"
GONE = "CUDA error: unspecified launch failure"
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU here")


def plain(**training: object) -> Document:
    return network(*PLAIN, device="cpu", **training)


def break_once(monkeypatch: pytest.MonkeyPatch, at: int, error: str) -> None:
    """The step of this number raises, the first time it is taken."""
    real, taken = Learner.step, [0]

    def step(self: Learner, *rest: Any) -> Any:
        taken[0] += 1
        if taken[0] == at:
            raise RuntimeError(error)
        return real(self, *rest)

    monkeypatch.setattr(Learner, "step", step)


class TestWords:
    def test_errors_of_torch_are_told_apart(self) -> None:
        assert out_of_memory(RuntimeError(NO_MEMORY))
        assert out_of_memory(MemoryError())
        assert out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"))
        assert not device_lost(RuntimeError(NO_MEMORY))
        assert not device_lost(RuntimeError("CUDA error: out of memory"))
        assert device_lost(RuntimeError(GONE))
        assert not device_lost(ValueError(GONE))
        assert not device_lost(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))

    def test_a_real_refusal_of_memory_is_recognised(self) -> None:
        with pytest.raises(RuntimeError) as caught:
            torch.empty(2**60, dtype=torch.uint8)
        assert out_of_memory(caught.value)

    def test_the_batch_that_is_named_fits_and_twice_as_much_does_not(self) -> None:
        document = plain(batch_size=60_000)
        free = int(needed_memory(document, 5_000, 100) / MEMORY_SHARE)
        fits = fitting_batch(document, 60_000, 100, free)
        assert fits == 4_096
        assert needed_memory(document, fits, 100) <= MEMORY_SHARE * free < needed_memory(document, 2 * fits, 100)
        assert fitting_batch(document, 60_000, 100, 0) == 0
        assert fitting_batch(document, 64, 100, 10**9) == 32, "a smaller one than the one that failed"
        assert fitting_batch(document, 1, 100, 10**9) == 0

    def test_a_run_that_cannot_fit_is_told_the_batch_that_can(self) -> None:
        document = plain(batch_size=60_000)
        free = int(needed_memory(document, 5_000, 100) / MEMORY_SHARE)
        with pytest.raises(BuildError, match=r"batch size to 4\u202f096"):
            check_memory(document, 60_000, 100, free=free)

    def test_the_sentence_names_the_batch_and_the_largest_layer(self) -> None:
        said = memory_sentence(plain(batch_size=64), 400)
        assert "64 samples" in said
        assert "batch size to 32" in said
        assert "Linear" in said
        assert "batch size to" not in memory_sentence(plain(batch_size=1), 400)

    def test_free_memory_is_that_of_the_computer_without_a_gpu(self) -> None:
        assert 10**6 < free_memory() < 10**15


class TestRescue:
    def test_after_a_lost_device_the_cpu_goes_on_with_the_same_numbers(self) -> None:
        whole = run_to_end(plain(epochs=6))
        told: list[Event] = []
        loop = Loop(plain(epochs=6), told.append)
        while loop.step < 45:
            loop.advance()
        loop._keep(float("inf"))
        there = loop.step
        loop.advance()
        found = rescued(loop, RuntimeError(GONE), told.append)
        assert found is not None
        assert found is not loop
        assert found.step == there == next(e.step for e in told if isinstance(e, Branched))
        assert found.learner.place.label == "CPU"
        said = next(e for e in told if isinstance(e, Interrupted))
        assert "stopped answering" in said.message
        assert "45 steps" in said.message
        for _ in found.steps():
            pass
        losses = np.full(120, np.nan, np.float32)
        for event in told:
            if isinstance(event, Losses):
                losses[event.first_step : event.first_step + len(event.values)] = event.values
        assert np.array_equal(losses, whole.history["loss"])
        assert all(np.array_equal(a, whole.weights[n]) for n, a in found.learner.as_arrays().items())

    def test_other_errors_and_runs_that_are_over_are_left_alone(self) -> None:
        loop = Loop(plain(), lambda event: None)
        assert rescued(loop, RuntimeError("something else"), lambda event: None) is None
        loop.finish("stopped")
        assert rescued(loop, RuntimeError(NO_MEMORY), lambda event: None) is None

    def test_a_moment_on_the_cpu_is_kept_as_it_is(self) -> None:
        loop = Loop(plain(), lambda event: None)
        loop.advance()
        moment = loop.moment()
        assert safe(moment) is moment
        assert brought(moment, torch.device("cpu")) is moment

    @needs_gpu
    def test_moments_of_a_gpu_lie_in_the_computer_s_memory_and_go_back(self) -> None:
        loop = Loop(network(*PLAIN, device="cuda"), lambda event: None)
        loop.advance()
        moment = safe(loop.moment())
        assert all(t.device.type == "cpu" for t in (*moment.learner.tensors, *moment.tally[1]))
        before = [t.clone() for t in loop.learner.storage]
        loop.advance()
        loop.restore(moment)
        assert all(map(torch.equal, before, loop.learner.storage))

    @needs_gpu
    def test_memory_that_runs_out_on_a_gpu_is_a_sentence(self) -> None:
        with pytest.raises(torch.cuda.OutOfMemoryError) as caught:
            torch.empty(2**50, dtype=torch.uint8, device="cuda")
        assert out_of_memory(caught.value)


class TestHeadless:
    def test_memory_that_runs_out_on_the_way_ends_the_run_with_what_was_learned(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        break_once(monkeypatch, 33, NO_MEMORY)
        result = run_to_end(plain(epochs=4))
        assert result.reason == "stopped"
        assert "not enough memory" in result.message
        assert "batch size to 8" in result.message
        assert 0 < result.steps <= 32
        assert len(result.history["loss"]) == result.steps

    def test_a_run_whose_device_went_away_is_done_on_the_cpu(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = run_to_end(plain(epochs=4))
        break_once(monkeypatch, 33, GONE)
        result = run_to_end(plain(epochs=4))
        assert result.reason == "done"
        assert np.array_equal(result.history["loss"], whole.history["loss"])


class TestWorker:
    @pytest.mark.parametrize("error", [NO_MEMORY, GONE])
    def test_a_run_holds_at_its_last_good_moment_and_can_go_on(
        self, trainer: Trainer, monkeypatch: pytest.MonkeyPatch, error: str
    ) -> None:
        whole = run_to_end(plain(epochs=4))
        break_once(monkeypatch, 33 + 3, error)  # three steps are timed before the first
        trainer.start(plain(epochs=4))
        assert trainer.wait(20)
        events = trainer.poll()
        said = [e for e in events if isinstance(e, Interrupted)]
        assert len(said) == 1
        assert not any(isinstance(e, Failed) for e in events)
        assert [e.state for e in events if isinstance(e, StateChanged)][-1] == "paused"
        assert trainer.status().step == next(e.step for e in events if isinstance(e, Branched))
        trainer.resume()
        assert trainer.wait(20)
        done = [e for e in trainer.poll() if isinstance(e, Finished)]
        assert done[0].metrics == whole.metrics
