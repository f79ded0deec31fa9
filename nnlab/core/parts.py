"""The data as training sees them: checked, divided into three parts, standardised by the training part alone."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import Dataset, DataSpec, Floats, Integers, Samples
from nnlab.core.document import Data
from nnlab.core.layer import shape_text
from nnlab.core.words import count, percent, plural
from nnlab.errors import DataError

SAMPLES_KEPT = 4  # data sets whose numbers are kept
PARTS_KEPT = 4  # divisions that are kept
PART_NAMES = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Parts:
    """Three parts of one data set. All arrays are read-only: they are shared by everyone who asks."""

    spec: DataSpec
    train: Samples
    validation: Samples
    test: Samples
    raw_train: Samples
    """The same rows in the data's own units."""
    raw_validation: Samples
    raw_test: Samples
    train_rows: Integers
    """Which rows of the data set these are, ascending."""
    validation_rows: Integers
    test_rows: Integers
    input_mean: Floats
    """Fits one sample: one number per feature, or per channel as (channels, 1, 1). 0 where nothing is standardised."""
    input_scale: Floats
    target_mean: Floats
    """One number per value to predict; 0 for classes and where nothing is standardised."""
    target_scale: Floats

    def part(self, name: str) -> Samples:
        """The samples of "train", "validation" or "test", standardised."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    def raw(self, name: str) -> Samples:
        """The samples of "train", "validation" or "test" in the data's own units."""
        return {"train": self.raw_train, "validation": self.raw_validation, "test": self.raw_test}[name]

    @property
    def rows(self) -> tuple[int, int, int]:
        """How many samples each part has."""
        return len(self.train), len(self.validation), len(self.test)

    def standardise(self, inputs: NDArray[np.floating]) -> Floats:
        """Inputs in the data's units as the network takes them."""
        return ((inputs - self.input_mean) / self.input_scale).astype(np.float32)

    def original(self, inputs: NDArray[np.floating]) -> Floats:
        """Standardised inputs back in the data's own units."""
        return (inputs * self.input_scale + self.input_mean).astype(np.float32)

    def original_targets(self, values: NDArray[np.floating]) -> Floats:
        """Values as the network gives them, in the data's own units."""
        return (values * self.target_scale + self.target_mean).astype(np.float32)


def divide(data: Data) -> Parts:
    """The data of these settings, divided; asked again with equal settings it is the same object. DataError with a sentence."""
    return _divide(data)


@lru_cache(maxsize=SAMPLES_KEPT)
def samples(dataset: Dataset) -> Samples:
    """All samples of a data set, checked: right shapes, finite numbers, labels that are classes. DataError if not."""
    spec = dataset.spec()
    made = dataset.make()
    inputs = np.array(made.inputs, np.float32)
    if spec.task == "classes":
        labels = np.array(made.targets, np.int64)
        _check_shapes(spec, inputs, labels)
        _check_labels(labels, spec)
        _check_finite(inputs, spec.inputs, "inputs")
        return _frozen(inputs, labels)
    values = np.array(made.targets, np.float32)
    values = values[:, None] if values.ndim == 1 else values
    _check_shapes(spec, inputs, values)
    _check_finite(inputs, spec.inputs, "inputs")
    _check_finite(values, spec.answers, "values to predict")
    return _frozen(inputs, values)


@lru_cache(maxsize=PARTS_KEPT)
def _divide(data: Data) -> Parts:
    spec, everything = data.dataset.spec(), samples(data.dataset)
    rows = _split(data, spec, everything)
    raw_train, raw_validation, raw_test = (_frozen(everything.inputs[r], everything.targets[r]) for r in rows)
    _check_training(raw_train, spec)
    mean, scale = _spread(raw_train.inputs, data.standardise)
    shifted = spec.task == "values" and data.standardise_targets
    targets = raw_train.targets if shifted else np.zeros((1, 1), np.float32)
    target_mean, target_scale = _spread(targets, shifted)

    def standard(part: Samples) -> Samples:
        inputs = (part.inputs - mean) / scale if data.standardise else part.inputs
        return _frozen(inputs, (part.targets - target_mean) / target_scale if shifted else part.targets)

    for array in (*rows, mean, scale, target_mean, target_scale):
        array.flags.writeable = False
    return Parts(
        spec,
        standard(raw_train),
        standard(raw_validation),
        standard(raw_test),
        raw_train,
        raw_validation,
        raw_test,
        *rows,
        mean,
        scale,
        target_mean,
        target_scale,
    )


# ------------------------------------------------------------------- dividing


def _split(data: Data, spec: DataSpec, everything: Samples) -> tuple[Integers, Integers, Integers]:
    total = len(everything)
    wanted = {"validation": round(total * data.validation), "test": round(total * data.test)}
    for name, share in (("validation", data.validation), ("test", data.test)):
        if share > 0 and wanted[name] == 0:
            raise DataError(
                f"The {name} part is empty: {percent(share)} of {plural(total, 'sample')} is none. "
                f"Raise the {name} share, or set it to 0."
            )
    if total - sum(wanted.values()) < 2:
        raise DataError(
            f"Too little is left to train on: of {plural(total, 'sample')}, {count(wanted['validation'])} go to validation "
            f"and {count(wanted['test'])} to the test. Use more samples, or lower those shares."
        )
    generator = np.random.default_rng(data.split_seed)
    groups = _groups(spec, everything.targets)
    shuffled = [generator.permutation(group) for group in groups]
    test = _take(shuffled, wanted["test"])
    left = [group[n:] for group, n in zip(shuffled, test, strict=True)]
    validation = _take(left, wanted["validation"])
    parts = (
        [group[n:] for group, n in zip(left, validation, strict=True)],
        [group[:n] for group, n in zip(left, validation, strict=True)],
        [group[:n] for group, n in zip(shuffled, test, strict=True)],
    )
    train_rows, validation_rows, test_rows = (np.sort(np.concatenate(part)).astype(np.int64) for part in parts)
    return train_rows, validation_rows, test_rows


def _groups(spec: DataSpec, targets: NDArray[np.generic]) -> list[Integers]:
    """The rows of each class, so that every part has its share of each; all rows together for values."""
    if spec.task == "values":
        return [np.arange(len(targets))]
    return [np.flatnonzero(targets == label) for label in np.unique(targets)]


def _take(groups: list[Integers], wanted: int) -> list[int]:
    """How many of each group make `wanted` in all, in proportion; the last one of a group is left where that can be."""
    sizes = np.array([len(g) for g in groups])
    exact = sizes * wanted / max(1, sizes.sum())
    taken = np.minimum(np.floor(exact).astype(int), sizes)
    order = np.argsort(-(exact - taken), kind="stable")
    for spare in (1, 1, 0, 0):  # first leave every class at least one sample, then take what must be taken
        for k in order:
            if taken.sum() < wanted and taken[k] < sizes[k] - spare:
                taken[k] += 1
    return [int(n) for n in taken]


def _spread(values: NDArray[np.generic], on: bool) -> tuple[Floats, Floats]:
    """Mean and spread over samples (for pictures and series of each channel); where all are equal, the spread is 1."""
    axes = (0, *range(2, values.ndim))
    shape = values.shape[1:2] + (1,) * (values.ndim - 2)
    if not on:
        return np.zeros(shape, np.float32), np.ones(shape, np.float32)
    wide = values.astype(np.float64)
    mean, scale = wide.mean(axis=axes).reshape(shape), wide.std(axis=axes).reshape(shape)
    flat = scale <= 1e-12 * np.maximum(1.0, np.abs(mean))  # rounding leaves a constant column a spread of its own
    return mean.astype(np.float32), np.where(flat, 1.0, scale).astype(np.float32)


def _frozen(inputs: NDArray[np.generic], targets: NDArray[np.generic]) -> Samples:
    x = np.ascontiguousarray(inputs, np.float32)
    labels = targets.dtype.kind in "iu"
    y = np.ascontiguousarray(targets, np.int64) if labels else np.ascontiguousarray(targets, np.float32)
    x.flags.writeable = y.flags.writeable = False
    return Samples(x, y)


# ------------------------------------------------------------------- checking


def _check_shapes(spec: DataSpec, inputs: NDArray[np.generic], targets: NDArray[np.generic]) -> None:
    width = () if spec.task == "classes" else (spec.width,)
    if len(inputs) != len(targets):
        raise DataError(
            f"The data have {plural(len(inputs), 'sample')} and {plural(len(targets), 'answer')}: they must match."
        )
    if inputs.shape[1:] != spec.input_shape or targets.shape[1:] != width:
        raise DataError(
            f"The data do not have the form they promise: inputs are {shape_text(inputs.shape[1:])} "
            f"instead of {shape_text(spec.input_shape)}, or the answers do not fit."
        )
    if len(inputs) < 2:
        raise DataError(f"The data have {plural(len(inputs), 'sample')}, and training needs at least 2.")


def _check_finite(values: NDArray[np.generic], names: tuple[str, ...], what: str) -> None:
    bad = ~np.isfinite(values)
    if not bad.any():
        return
    first = [int(i) for i in np.argwhere(bad)[0]]
    if len(first) == 2 and first[1] < len(names):
        place = f"row {count(first[0] + 1)}, column {names[first[1]]}"
    else:
        place = f"row {count(first[0] + 1)}"
    raise DataError(
        f"The data have {plural(int(bad.sum()), 'cell')} without a usable number among the {what} "
        f"(missing or infinite), the first in {place}. Repair or leave out these rows."
    )


def _check_labels(labels: Integers, spec: DataSpec) -> None:
    bad = (labels < 0) | (labels >= spec.width)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"{plural(int(bad.sum()), 'sample')} of the data belong to no class: there are {plural(spec.width, 'class', 'classes')}, "
            f"numbered from 0, and row {count(row + 1)} has the number {labels[row]}."
        )


def _check_training(train: Samples, spec: DataSpec) -> None:
    if spec.task != "classes":
        return
    present = np.unique(train.targets)
    if len(present) < 2:
        raise DataError(
            f"Every sample to train on is of the class {spec.answers[int(present[0])]}: there is nothing to tell apart. "
            "Use more samples, or data with at least two classes."
        )
