"""The record of a run: everything for a script, bounded for a window, and right after the run went back in time."""

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nnlab.engine import headless
from nnlab.engine.events import EPOCH_COLUMNS, Branched, Epochs, Event, Losses
from nnlab.engine.headless import Curves

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
STEPS = 5
LIMIT = 2_000
COLUMN = {name: k for k, name in enumerate(EPOCH_COLUMNS)}


def epochs(first: int, train: NDArray[Any], validation: NDArray[Any] | None = None) -> Epochs:
    """Epochs from `first` on with these losses."""
    table = np.full((len(train), len(EPOCH_COLUMNS)), 0.5)
    table[:, COLUMN["epoch"]] = first + np.arange(len(train))
    table[:, COLUMN["step"]] = STEPS * table[:, COLUMN["epoch"]]
    table[:, COLUMN["train_loss"]] = train
    table[:, COLUMN["validation_loss"]] = math.nan if validation is None else validation
    return Epochs(1, table)


def told(*events: Event, limit: int | None = None) -> dict[str, NDArray[Any]]:
    curves = Curves(limit)
    for event in events:
        curves.add(event)
    return curves.arrays()


def test_without_a_limit_every_epoch_and_every_step_is_kept() -> None:
    train = np.random.default_rng(0).random(50_000)
    found = told(*(epochs(1 + k, train[k : k + 1_000]) for k in range(0, 50_000, 1_000)))
    assert found["epoch"].tolist() == list(range(1, 50_001))
    assert np.array_equal(found["train_loss"], train)


def test_a_million_epochs_take_bounded_room_and_the_same_work_each(monkeypatch: pytest.MonkeyPatch) -> None:
    worked: list[int] = []
    real = headless._extremes

    def counted(table: NDArray[np.float64], stride: int) -> NDArray[np.intp]:
        worked.append(len(table))
        return real(table, stride)

    monkeypatch.setattr(headless, "_extremes", counted)
    dice = np.random.default_rng(1)
    curves, halves, most = Curves(LIMIT, 1_000), [], 0
    tracemalloc.start()
    for first in range(1, 1_000_001, 500):
        values = dice.random(500) + 10.0 / first
        curves.add(epochs(first, values, values + 0.1))
        curves.add(Losses(1, (first - 1) * STEPS, np.ones(500 * STEPS, np.float32)))
        most = max(most, len(curves))
        if first in (499_501, 999_501):
            halves.append((sum(worked), tracemalloc.get_traced_memory()[0]))
    tracemalloc.stop()
    assert most <= LIMIT + 500
    (first_work, first_bytes), (all_work, all_bytes) = halves
    assert all_work <= 2.2 * first_work
    assert all_work <= 5 * 1_000_000
    assert all_bytes <= 1.5 * first_bytes + 100_000
    found = curves.arrays()
    assert "loss" not in found
    assert found["epoch"][[0, -1]].tolist() == [1, 1_000_000]


@CALM
@given(st.lists(st.floats(0, 100, width=32), min_size=1, max_size=400), st.integers(16, 60), st.integers(1, 50))
def test_thinning_keeps_the_best_epoch_the_extremes_and_the_order(values: list[float], limit: int, chunk: int) -> None:
    train = np.array(values)
    validation = train[::-1].copy()
    found = told(
        *(epochs(1 + k, train[k : k + chunk], validation[k : k + chunk]) for k in range(0, len(train), chunk)),
        limit=limit,
    )
    for name, all_of_it in (("train_loss", train), ("validation_loss", validation)):
        assert (found[name].min(), found[name].max()) == (all_of_it.min(), all_of_it.max())
        assert found["epoch"][found[name].argmin()] == 1 + all_of_it.argmin()
    assert (np.diff(found["epoch"]) > 0).all()
    assert np.array_equal(found["train_loss"], train[found["epoch"] - 1])
    assert (found["epoch"][0], found["epoch"][-1]) == (1, len(train))


def test_what_is_told_again_replaces_what_was_told_before() -> None:
    first, again = np.arange(20.0), np.arange(20.0) + 100
    steps = np.arange(100, dtype=np.float32)
    found = told(
        Losses(1, 0, steps), epochs(1, first), Losses(1, 42, steps[:10] + 1000), epochs(9, again[8:11])
    )  # fmt: skip
    assert found["loss"].tolist() == [*range(42), *range(1000, 1010)]
    assert found["train_loss"].tolist() == [*range(8), 108, 109, 110]


@pytest.mark.parametrize("step", [0, 3, 5, 42, 99, 100])
def test_a_branch_forgets_what_came_after_it(step: int) -> None:
    steps = np.arange(100, dtype=np.float32)
    found = told(Losses(1, 0, steps[:30]), Losses(1, 30, steps[30:]), epochs(1, np.arange(20.0)), Branched(1, step))
    assert found["loss"].tolist() == list(range(step))
    assert found["epoch"].tolist() == list(range(1, step // STEPS + 1))


def test_a_copy_is_cut_on_its_own() -> None:
    curves = Curves()
    curves.add(Losses(1, 0, np.ones(100, np.float32)))
    curves.add(epochs(1, np.arange(20.0)))
    copy = curves.copied()
    copy.cut(50)
    assert len(copy) == 10
    assert len(curves) == 20
    assert len(curves.arrays()["loss"]) == 100


def test_events_without_numbers_are_let_pass() -> None:
    curves = Curves()
    curves.add(Event(1))
    curves.add(epochs(1, np.empty(0)))
    assert len(curves) == 0
