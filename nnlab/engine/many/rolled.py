"""What rolling the dice leaves: curves, figures and weights of every seed. Frozen values, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnlab.core.document import SEED_LIMIT, Document
from nnlab.core.objective import Metric

Array = NDArray[Any]
RollState = Literal["idle", "preparing", "rolling", "finished", "failed"]

SOLVED_ACCURACY = 0.95
SOLVED_R2 = 0.9
CURVES = ("train_loss", "train_metric", "validation_loss", "validation_metric")


def default_threshold(metric: str) -> float:
    """What counts as solved unless told otherwise: an accuracy of 95 %, an R² of 0.9."""
    return SOLVED_R2 if metric == "r2" else SOLVED_ACCURACY


@dataclass(frozen=True)
class Planes:
    """What every seed answers over the plane of the two inputs, or along the one; row 0 is the lowest y."""

    values: NDArray[np.float32]
    """(seeds, rows, columns, classes) probabilities, or (seeds, rows, columns, 1) for a value to predict."""
    task: Literal["classes", "values"]
    low: float = 0.0
    """The range of the values to predict, from the data."""
    high: float = 1.0


@dataclass(frozen=True, eq=False)
class Rolled:
    """All seeds of one network after the same training, each in its own column."""

    document: Document
    """As it was trained, but for the seed."""
    seeds: tuple[int, ...]
    curves: Mapping[str, Array] = field(repr=False)
    """"train_loss", "train_metric", "validation_loss", "validation_metric": (epochs, seeds), nan after a seed blew up."""
    metrics: Mapping[str, Array]
    """"train_loss", "validation_accuracy" (or _r2) ...: one figure for each seed at the end; nan where it blew up."""
    metric: Metric
    lost: NDArray[np.bool_]
    """Which seeds blew up."""
    tensors: Mapping[str, Array] = field(repr=False)
    """Learned numbers by name as in state_dict, all seeds stacked on the first axis."""
    epochs: int
    reason: Literal["done", "stopped", "lost"]
    message: str
    engine: Literal["side by side", "one after another"]
    device: str
    seconds: float
    notices: tuple[str, ...] = ()
    planes: Planes | None = field(default=None, repr=False)

    @property
    def part(self) -> str:
        """Which part the seeds are judged by: validation if something is held back, else training."""
        return "validation" if f"validation_{self.metric}" in self.metrics else "train"

    @property
    def scores(self) -> Array:
        """The metric of each seed at the end, on the part they are judged by."""
        return self.metrics[f"{self.part}_{self.metric}"]

    def solved(self, threshold: float | None = None) -> NDArray[np.bool_]:
        """Which seeds reach the threshold (0.95 accuracy or 0.9 R² unless given)."""
        limit = default_threshold(self.metric) if threshold is None else threshold
        return np.nan_to_num(self.scores, nan=-np.inf) >= limit

    @property
    def best(self) -> int | None:
        """The place of the seed with the best score, the lowest loss deciding; None if all blew up."""
        return best_of(self.scores, self.metrics[f"{self.part}_loss"])

    def weights(self, place: int) -> dict[str, Array] | None:
        """The learned numbers of the seed at this place, as private copies; None if it blew up."""
        if self.lost[place]:
            return None
        return {name: np.array(stacked[place]) for name, stacked in self.tensors.items()}

    def document_of(self, place: int) -> Document:
        """The document with the seed at this place."""
        return self.document.with_training(seed=self.seeds[place])


@dataclass(frozen=True, eq=False)
class RollStatus:
    """Where a roll stands. Arrays are read-only and never change."""

    roll: int = 0
    """The number of the roll; each start begins another."""
    state: RollState = "idle"
    document: Document | None = None
    seeds: tuple[int, ...] = ()
    epoch: int = 0
    """Epochs done; one after another: of the seed that trains."""
    epochs: int = 0
    done: float = 0.0
    """The share of the work that is done."""
    metric: Metric = "accuracy"
    curves: Mapping[str, Array] = field(default_factory=dict)
    lost: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    planes: Planes | None = None
    message: str = ""
    """How it ended, or why it could not begin."""
    node: str | None = None
    notices: tuple[str, ...] = ()
    result: Rolled | None = None
    details: str = ""
    """After a failure: for the report."""

    @property
    def part(self) -> str:
        """Which part the seeds are judged by."""
        return "validation" if "validation_metric" in self.curves else "train"

    @property
    def scores(self) -> Array:
        """The newest figure of each seed on that part; nan where there is none."""
        if self.result is not None:
            return self.result.scores
        return newest(self.curves.get(f"{self.part}_metric"), len(self.seeds))

    @property
    def losses(self) -> Array:
        """The newest loss of each seed on that part; nan where there is none."""
        if self.result is not None:
            return self.result.metrics[f"{self.part}_loss"]
        return newest(self.curves.get(f"{self.part}_loss"), len(self.seeds))


def newest(curve: Array | None, seeds: int) -> Array:
    """The last number of each column that is one, unless the column ended as nan."""
    if curve is None or len(curve) == 0:
        return np.full(seeds, np.nan)
    return np.asarray(curve[-1], np.float64)


def best_of(scores: Array, losses: Array) -> int | None:
    """The place of the best score; the lowest loss decides between equals. None if there is no score at all."""
    if len(scores) == 0 or np.isnan(scores).all():
        return None
    order = np.lexsort((np.nan_to_num(losses, nan=np.inf), -np.nan_to_num(scores, nan=-np.inf)))
    return int(order[0])


def next_seeds(first: int, number: int) -> tuple[int, ...]:
    """So many seeds in a row, from this one on; after the largest comes 0."""
    return tuple((first + k) % (SEED_LIMIT + 1) for k in range(number))
