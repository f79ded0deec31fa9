"""A run is the loop a person would write: the same losses and the same weights, to the last bit."""

from typing import Any

import numpy as np
import pytest
import torch
from small_networks import network
from torch import nn

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.parts import divide
from nnlab.core.schedule import SCHEDULES
from nnlab.engine.headless import run_to_end


@pytest.fixture(autouse=True)
def _same_arithmetic() -> Any:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    yield
    torch.set_flush_denormal(False)


def by_hand(document: Document, model: nn.Module, optimizer: torch.optim.Optimizer) -> list[float]:
    """Plain PyTorch: one permutation an epoch, slices of it, cross-entropy."""
    train, settings = divide(document.data).train, document.training
    x, y = torch.tensor(train.inputs), torch.tensor(train.targets)
    scheduler = None
    call = settings.schedule.torch_call(settings.learning_rate, -(-len(x) // settings.batch_size), settings.epochs)
    if call:
        scheduler = eval(call, {"torch": torch, "optimizer": optimizer})
    generator = torch.Generator().manual_seed(settings.seed)
    losses = []
    for _ in range(settings.epochs):
        for rows in torch.randperm(len(x), generator=generator).split(settings.batch_size):
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            if settings.l1:
                (loss + settings.l1 * sum(p.abs().sum() for p in model.parameters())).backward()
            else:
                loss.backward()
            if settings.clip_norm:
                nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
            optimizer.step()
            if scheduler is not None and settings.schedule.per_step:
                scheduler.step()
            losses.append(loss.item())
        if scheduler is not None and not settings.schedule.per_step:
            scheduler.step()
    return losses


OPTIMIZER_SETTINGS = [
    ("sgd", {}),
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.8, "nesterov": True}),
    ("adam", {}),
    ("adam", {"beta1": 0.8, "eps": 1e-6}),
    ("adamw", {}),
    ("rmsprop", {}),
    ("rmsprop", {"momentum": 0.5, "alpha": 0.9}),
]
PLAIN = ("Linear 8", "Tanh", "Linear 2")


def hand_model(*modules: nn.Module) -> nn.Module:
    return nn.Sequential(*modules)


def assert_same(document: Document, make: Any) -> None:
    settings = document.training
    torch.manual_seed(settings.seed)
    model = make()
    kind = getattr(torch.optim, settings.optimizer.torch_name)
    fused = {"fused": True} if kind in (torch.optim.Adam, torch.optim.AdamW) else {}
    optimizer = kind(
        model.parameters(),
        lr=settings.learning_rate,
        weight_decay=settings.l2,
        **fused,
        **settings.optimizer.arguments(),
    )
    losses = by_hand(document, model, optimizer)
    result = run_to_end(document)
    assert result.history["loss"].tolist() == np.array(losses, np.float32).tolist()
    for mine, theirs in zip(result.weights.values(), model.state_dict().values(), strict=True):
        assert np.array_equal(mine, theirs.numpy())


@pytest.mark.parametrize(("optimizer", "options"), OPTIMIZER_SETTINGS, ids=str)
@pytest.mark.parametrize("l2", [0.0, 0.01])
def test_every_optimizer_steps_as_torch_does(optimizer: str, options: dict[str, Any], l2: float) -> None:
    document = network(*PLAIN, optimizer=OPTIMIZERS[optimizer](**options), l2=l2, batch_size=33, learning_rate=0.05)
    assert_same(document, lambda: nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)))


@pytest.mark.parametrize(
    "settings",
    [
        {"l1": 0.003},
        {"clip_norm": 0.1},
        {"l1": 0.01, "l2": 0.02, "clip_norm": 0.5},
        {"batch_size": 1},
        {"batch_size": 999},
    ],
    ids=str,
)
def test_penalties_clipping_and_batch_sizes_change_the_steps_as_by_hand(settings: dict[str, Any]) -> None:
    document = network(*PLAIN, **{"epochs": 2, "learning_rate": 0.02, **settings})
    assert_same(document, lambda: nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)))


@pytest.mark.parametrize("batch_size", [3, 7, 13, 50])
def test_batches_that_begin_anywhere_in_memory_give_the_same_bits(batch_size: int) -> None:
    document = network("Linear 8", "Tanh", "Linear 3", batch_size=batch_size).with_data(dataset=DATASETS["wine"]())
    assert_same(document, lambda: nn.Sequential(nn.Linear(13, 8), nn.Tanh(), nn.Linear(8, 3)))


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
def test_every_schedule_moves_the_rate_as_torch_does(schedule: str) -> None:
    document = network(*PLAIN, schedule=SCHEDULES[schedule](), epochs=6, batch_size=64)
    settings = document.training
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    losses = by_hand(document, model, torch.optim.Adam(model.parameters(), lr=settings.learning_rate))
    # torch multiplies its rate on from step to step, so its last digits differ from the closed form
    assert np.allclose(run_to_end(document).history["loss"], losses, rtol=1e-5)


def test_dropout_draws_the_same_units() -> None:
    document = network("Linear 16", "ReLU", "Dropout 0.5", "Linear 2", batch_size=32)
    assert_same(document, lambda: nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 2)))


def test_batch_normalisation_keeps_the_same_statistics_with_a_ragged_last_batch() -> None:
    document = network("Linear 8", "BatchNorm1d", "ReLU", "Linear 2", batch_size=30)
    assert divide(document.data).rows[0] % 30 != 0
    assert_same(document, lambda: nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2)))


def test_a_last_batch_of_one_sample_is_left_out_with_a_notice_where_batch_normalisation_cannot_use_it() -> None:
    document = network("Linear 8", "BatchNorm1d", "ReLU", "Linear 2").with_data(validation=0.1925)
    rows = divide(document.data).rows[0]
    result = run_to_end(document.with_training(batch_size=rows - 1))
    assert result.steps == 3
    assert any("left out" in notice for notice in result.notices)
    assert np.isfinite(result.metrics["train_loss"])
