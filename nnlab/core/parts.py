"""The data as training sees them: checked, divided into three parts, standardised by the training part alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import Dataset, DataSpec, Field, Floats, Integers, Samples, Target
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
    """All samples of a data set, checked: right shapes, finite numbers, labels that are classes. DataError if not.

    The inputs are packed as the spec says; each target is by itself.
    """
    spec = dataset.spec()
    made = dataset.make()
    given = (made.inputs, *made.more)
    for each, array in zip(spec.fields, given, strict=True):
        _check_field(each, array, len(made))
    targets = [_checked(each, array) for each, array in zip(spec.targets, (made.targets, *made.also), strict=True)]
    inputs = spec.pack(given)
    _check_shapes(spec, inputs, targets)
    return _frozen(inputs, targets[0], targets[1:])


def _check_field(field: Field, array: NDArray[np.generic], rows: int) -> None:
    if len(array) != rows or array.shape[1:] != field.shape:
        raise DataError(
            f"The data do not have the form they promise: {field.name} has {plural(len(array), 'sample')} of "
            f"{shape_text(array.shape[1:])} instead of {count(rows)} of {shape_text(field.shape)}."
        )
    if field.kind == "x":
        _check_finite(np.asarray(array, np.float32), field.names, "inputs")
    elif field.kind == "i" and field.vocabulary:
        whole = np.asarray(array, np.int64)
        if whole.size and (whole.min() < 0 or whole.max() >= len(field.vocabulary)):
            raise DataError(f"The data have a number in {field.name} that stands for nothing in its vocabulary.")


def _checked(target: Target, array: NDArray[np.generic]) -> NDArray[np.generic]:
    """The answers in their own type, with usable numbers."""
    if target.task == "classes":
        labels = np.array(array, np.int64)
        _check_labels(labels, target)
        return labels
    values = np.array(array, np.float32)
    values = values[:, None] if values.ndim == 1 else values
    _check_finite(values, target.answers, "values to predict")
    return values


@lru_cache(maxsize=PARTS_KEPT)
def _divide(data: Data) -> Parts:
    spec, everything = data.spec(), samples(data.dataset)
    rows = _split(data, spec, everything)
    itself = data.answer == "input"
    raw_train, raw_validation, raw_test = (_rows(everything, r, spec, itself) for r in rows)
    _check_training(raw_train, spec)
    mean, scale = _input_spread(raw_train.inputs, spec, data.standardise)
    target_mean, target_scale = _target_spread(data, spec, raw_train)
    shifted = spec.task == "values" and (data.standardise_targets or itself)

    def standard(part: Samples) -> Samples:
        inputs = (part.inputs - mean) / scale if data.standardise else part.inputs
        targets = (part.targets - target_mean) / target_scale if shifted else part.targets
        return _frozen(inputs, targets, part.also)

    for array in (*rows, mean, scale, target_mean, target_scale):
        array.flags.writeable = False
    return Parts(
        spec, standard(raw_train), standard(raw_validation), standard(raw_test), raw_train, raw_validation, raw_test,
        *rows, mean, scale, target_mean, target_scale,
    )  # fmt: skip


def _rows(everything: Samples, rows: Integers, spec: DataSpec, itself: bool) -> Samples:
    """These samples; with the first input in the place of the targets, if that is what is to be predicted."""
    inputs = everything.inputs[rows]
    if not itself:
        return _frozen(inputs, everything.targets[rows], [each[rows] for each in everything.also])
    return _frozen(inputs, spec.unpack(inputs)[0])


def _input_spread(inputs: NDArray[np.generic], spec: DataSpec, on: bool) -> tuple[Floats, Floats]:
    """Mean and spread of decimals; whole numbers, masks and edges stay what they are."""
    if not spec.is_packed:
        return _spread(inputs, on and spec.kind == "x")
    means, scales = [], []
    for each, array in zip(spec.fields, spec.unpack(inputs), strict=True):
        mean, scale = _spread(array, on and each.kind == "x")
        means.append(np.broadcast_to(mean, each.shape).ravel())
        scales.append(np.broadcast_to(scale, each.shape).ravel())
    return np.concatenate(means).astype(np.float32), np.concatenate(scales).astype(np.float32)


def _target_spread(data: Data, spec: DataSpec, train: Samples) -> tuple[Floats, Floats]:
    if spec.task == "classes":
        return _spread(np.zeros((1, 1), np.float32), False)
    return _spread(train.targets, data.standardise if data.answer == "input" else data.standardise_targets)


# ------------------------------------------------------------------- dividing


def _split(data: Data, spec: DataSpec, everything: Samples) -> tuple[Integers, Integers, Integers]:
    total = len(everything)
    if spec.split is not None:
        ends = np.cumsum(spec.split)
        return np.arange(ends[0]), np.arange(ends[0], ends[1]), np.arange(ends[1], min(ends[2], total))
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
    if spec.task == "values" or targets.ndim > 1:
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


def _frozen(
    inputs: NDArray[np.generic], targets: NDArray[np.generic], also: Sequence[NDArray[np.generic]] = ()
) -> Samples:
    x = np.ascontiguousarray(inputs, np.float32)
    x.flags.writeable = False
    y, *rest = (_kept(each) for each in (targets, *also))
    return Samples(x, y, also=tuple(rest))


def _kept(targets: NDArray[np.generic]) -> Floats | Integers:
    """Read-only, classes as whole numbers and values as decimals."""
    whole = targets.dtype.kind in "iu"
    made = np.ascontiguousarray(targets, np.int64) if whole else np.ascontiguousarray(targets, np.float32)
    made.flags.writeable = False
    return made


# ------------------------------------------------------------------- checking


def _check_shapes(spec: DataSpec, inputs: NDArray[np.generic], targets: Sequence[NDArray[np.generic]]) -> None:
    for target, array in zip(spec.targets, targets, strict=True):
        if len(inputs) != len(array):
            raise DataError(
                f"The data have {plural(len(inputs), 'sample')} and {plural(len(array), 'answer')}: they must match."
            )
        if array.shape[1:] != target.own_shape:
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


def _check_labels(labels: Integers, spec: Target) -> None:
    lowest = -1 if labels.ndim > 1 else 0  # a position or pixel that does not count
    bad = (labels < lowest) | (labels >= spec.width)
    if bad.any():
        row = int(np.argwhere(bad)[0][0])
        raise DataError(
            f"{plural(int(bad.sum()), 'sample')} of the data belong to no class: there are {plural(spec.width, 'class', 'classes')}, "
            f"numbered from 0, and row {count(row + 1)} has the number {labels[bad][0]}."
        )


def _check_training(train: Samples, spec: DataSpec) -> None:
    if spec.task != "classes":
        return
    present = np.unique(train.targets[train.targets >= 0])
    if len(present) < 2:
        only = spec.answers[int(present[0])] if len(present) else "unknown"
        raise DataError(
            f"Every sample to train on is of the class {only}: there is nothing to tell apart. "
            "Use more samples, or data with at least two classes."
        )
