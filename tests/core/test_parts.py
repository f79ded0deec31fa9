"""Data as training sees them: divided, standardised, and refused with a sentence when they cannot be trained on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, MissingDataset, Samples
from nnlab.core.document import Data
from nnlab.core.parts import divide
from nnlab.errors import DataError


def made_of(inputs: Any, targets: Any, task: Any = "classes", answers: tuple[str, ...] = ("No", "Yes")) -> Dataset:
    """A data set of exactly these numbers."""
    x, y = np.asarray(inputs), np.asarray(targets)

    @dataclass(frozen=True)
    class Fixed(Dataset):
        def spec(self) -> DataSpec:
            names = tuple(f"Column {chr(65 + k)}" for k in range(x.shape[1])) if x.ndim == 2 else ()
            return DataSpec(x.shape[1:], task, names, answers)

        def make(self) -> Samples:
            return Samples(x, y)

    return Fixed()


def rows(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(5, 3, (count, 3))


def test_parts_share_no_row_and_leave_none_out() -> None:
    parts = divide(Data(validation=0.25, test=0.15))
    together = np.concatenate([parts.train_rows, parts.validation_rows, parts.test_rows])
    assert sorted(together) == list(range(400))
    assert parts.rows == (240, 100, 60)
    assert np.array_equal(DATASETS["spiral"]().make().inputs[parts.test_rows], parts.raw_test.inputs)


@pytest.mark.parametrize("counts", [(100, 10), (50, 3), (7, 5, 90), (4, 4)])
def test_every_part_has_its_share_of_each_class(counts: tuple[int, ...]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    names = tuple(f"Class {k}" for k in range(len(counts)))
    parts = divide(Data(dataset=made_of(rows(len(labels)), labels, answers=names), validation=0.3))
    for k, count in enumerate(counts):
        held = int((parts.validation.targets == k).sum())
        assert abs(held - 0.3 * count) <= 1
        assert held < count


def test_the_same_settings_are_the_same_object_and_the_seed_moves_the_rows() -> None:
    assert divide(Data()) is divide(Data())
    one, other = divide(Data()), divide(Data(split_seed=1))
    assert not np.array_equal(one.validation_rows, other.validation_rows)


def test_inputs_are_standardised_by_the_training_part_alone() -> None:
    parts = divide(Data(dataset=made_of(rows(90), np.arange(90) % 2), validation=0.4))
    assert np.allclose(parts.train.inputs.mean(0), 0, atol=1e-6)
    assert np.allclose(parts.train.inputs.std(0), 1, atol=1e-6)
    assert not np.allclose(parts.validation.inputs.mean(0), 0, atol=1e-4)
    assert np.allclose(parts.standardise(parts.raw_validation.inputs), parts.validation.inputs, atol=1e-6)
    assert np.allclose(parts.original(parts.test.inputs), parts.raw_test.inputs, atol=1e-5)
    plain = divide(Data(dataset=made_of(rows(90), np.arange(90) % 2), standardise=False))
    assert np.array_equal(plain.train.inputs, plain.raw_train.inputs)


def test_a_constant_column_does_not_become_nonsense() -> None:
    inputs = rows(40)
    inputs[:, 1] = 1e6 + 0.1
    parts = divide(Data(dataset=made_of(inputs, np.arange(40) % 2)))
    assert np.isfinite(parts.train.inputs).all()
    assert np.abs(parts.train.inputs[:, 1]).max() < 1


def test_pictures_are_standardised_by_channel() -> None:
    pictures = np.random.default_rng(0).normal([[[3.0]], [[50.0]]], 2, (60, 2, 4, 4))
    parts = divide(Data(dataset=made_of(pictures, np.arange(60) % 2)))
    assert parts.input_mean.shape == (2, 1, 1)
    assert np.allclose(parts.train.inputs.mean((0, 2, 3)), 0, atol=1e-5)
    assert np.allclose(parts.train.inputs.std((0, 2, 3)), 1, atol=1e-5)


def test_values_to_predict_are_standardised_only_when_asked() -> None:
    data = Data(dataset=made_of(rows(50), rows(50)[:, :2] * 100, "values", ("Height", "Weight")))
    assert np.array_equal(divide(data).train.targets, divide(data).raw_train.targets)
    parts = divide(data.with_(standardise_targets=True))
    assert np.allclose(parts.train.targets.std(0), 1, atol=1e-5)
    assert np.allclose(parts.original_targets(parts.validation.targets), parts.raw_validation.targets, atol=1e-3)


def test_arrays_are_read_only_since_everyone_shares_them() -> None:
    parts = divide(Data())
    for array in (parts.train.inputs, parts.raw_train.targets, parts.input_mean, parts.train_rows):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def bad_cell(value: float) -> np.ndarray:
    inputs = rows(20)
    inputs[4, 1] = inputs[7, 2] = value
    return inputs


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (Data(dataset=made_of(bad_cell(np.nan), np.arange(20) % 2)), ["2 cells", "row 5", "Column B"]),
        (Data(dataset=made_of(bad_cell(np.inf), np.arange(20) % 2)), ["2 cells", "row 5", "Column B"]),
        (Data(dataset=made_of(rows(20), bad_cell(np.nan)[:, :2], "values", ("Height", "Weight"))), ["row 5", "Weight"]),
        (Data(dataset=made_of(np.full((9, 2, 2, 2), np.nan), np.arange(9) % 2)), ["72 cells", "row 1"]),
        (Data(dataset=made_of(rows(1), [0])), ["1 sample"]),
        (Data(dataset=made_of(rows(0), np.zeros(0))), ["0 samples"]),
        (Data(dataset=made_of(rows(10), np.zeros(10))), ["No", "nothing to tell apart"]),
        (Data(dataset=made_of(rows(10), np.arange(10) % 3)), ["no class", "row 3"]),
        (Data(dataset=made_of(rows(10), -np.ones(10))), ["no class", "-1"]),
        (Data(dataset=made_of(rows(10), np.arange(10) % 2), validation=0.01), ["validation part is empty"]),
        (Data(dataset=made_of(rows(10), np.arange(10) % 2), test=0.01), ["test part is empty"]),
        (Data(dataset=made_of(rows(10), np.arange(10) % 2), validation=0.6, test=0.4), ["Too little", "10 samples"]),
        (Data(dataset=made_of(rows(10), np.arange(9) % 2)), ["10 samples", "9 answers"]),
        (Data(dataset=MissingDataset("from-the-future", {})), ["from-the-future"]),
    ],
)
def test_data_that_cannot_be_trained_on_are_refused_with_a_sentence(data: Data, words: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        divide(data)
    assert all(word in str(caught.value).replace("\u202f", " ") for word in words), str(caught.value)
