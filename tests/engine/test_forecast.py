"""What a run will take is known before it begins, and to find out leaves no trace in it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import network

import nnlab
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.engine.events import Event, Prepared
from nnlab.engine.forecast import forecast
from nnlab.engine.headless import run_to_end
from nnlab.engine.loop import Loop
from nnlab.engine.trainer import Trainer

NOISY = ("Linear 8", "BatchNorm1d", "Tanh", "Dropout 0.2", "Linear 2")


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("precision", ["float32", "fp16"])
def test_timing_steps_leaves_the_run_as_it_was(name: str, precision: str) -> None:
    document = network(*NOISY, optimizer=OPTIMIZERS[name](), device="cpu", precision=precision)
    loop, other = Loop(document, lambda event: None), Loop(document, lambda event: None)
    others = torch.get_rng_state()
    ahead = forecast(loop)
    assert ahead.step_seconds > 0
    assert ahead.epoch_seconds(20) == pytest.approx(20 * ahead.step_seconds)
    assert ahead.bytes > 4 * 8 * 2
    assert torch.equal(others, torch.get_rng_state())
    for _ in range(5):
        loop.advance()
        other.advance()
    assert all(map(torch.equal, loop.learner.storage, other.learner.storage))


def test_the_forecast_is_told_before_the_first_step_and_the_facts_after_the_last() -> None:
    told: list[Event] = []
    result = run_to_end(network(*NOISY, device="cpu", precision="bf16"), on_event=told.append)
    begun = told[0]
    assert isinstance(begun, Prepared)
    assert begun.precision == result.precision == "bfloat16"
    assert begun.needed_bytes > 0
    assert begun.epoch_seconds is not None
    assert 0 < begun.epoch_seconds < 60
    assert result.steps_per_second == pytest.approx(result.steps / result.seconds)
    assert np.isfinite(result.steps_per_second)


def test_how_a_run_was_computed_is_in_the_project_and_in_its_file(tmp_path: Path) -> None:
    project = nnlab.Project(network("Linear 8", "Tanh", "Linear 2", device="cpu", precision="bf16"))
    assert project.facts is None
    run = project.train()
    facts = project.facts
    assert facts is not None
    assert facts == run.facts
    assert (facts.device, facts.engine, facts.precision, facts.steps) == ("CPU", "eager", "bfloat16", run.steps)
    project.save(tmp_path / "x.nnlab")
    assert nnlab.Project.open(tmp_path / "x.nnlab").facts == facts


def test_the_status_says_where_and_how_it_computes(trainer: Trainer) -> None:
    trainer.start(network("Linear 8", "Tanh", "Linear 2", device="cpu", precision="fp16"))
    assert trainer.wait(20)
    status = trainer.status()
    assert (status.device, status.engine, status.precision) == ("CPU", "eager", "float16")
    assert status.threads >= 1
    assert status.loss_scale == 2.0**16
    assert status.skipped_steps == 0
    assert status.epochs_per_second == 0.0
