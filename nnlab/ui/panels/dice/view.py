"""What the dice panel shows: where the roll stands, and the choices made in its controls."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from nnlab.core import words
from nnlab.engine.many.rolled import Array, RollStatus, best_of, default_threshold
from nnlab.ui.look.curves import Numbers

POINTS = 120  # of each curve that are drawn


@dataclass(frozen=True, eq=False)
class OneRun:
    """The window's own run, as one throw among the others."""

    seed: int = 0
    epochs: Numbers = field(default_factory=lambda: np.empty(0))
    losses: Numbers = field(default_factory=lambda: np.empty(0))
    metrics: Numbers = field(default_factory=lambda: np.empty(0))

    def curve(self, of_metric: bool) -> tuple[Numbers, Numbers]:
        """Its line."""
        return self.epochs, self.metrics if of_metric else self.losses


@dataclass(frozen=True, eq=False)
class View:
    """One moment of the panel."""

    status: RollStatus
    run: OneRun
    accuracy: bool = True
    """The metric is a share, not an R²."""
    of_metric: bool = False
    """The fan shows the metric instead of the loss."""
    log: bool = False
    best_first: bool = False
    chosen: int | None = None
    """The project's own seed."""
    is_old: bool = False
    """The network or its settings are others by now."""

    @property
    def is_rolled(self) -> bool:
        """Whether there is anything of a roll to show."""
        return len(self.status.curves.get("train_loss", ())) > 0

    @property
    def is_rolling(self) -> bool:
        """Whether one is under way."""
        return self.status.state in ("preparing", "rolling")

    @property
    def threshold(self) -> float:
        """What counts as solved."""
        return default_threshold("accuracy" if self.accuracy else "r2")

    @cached_property
    def scores(self) -> Array:
        """The newest figure of each seed."""
        return self.status.scores

    @cached_property
    def solved(self) -> Array:
        """Which seeds have solved it by now."""
        return np.nan_to_num(self.scores, nan=-np.inf) >= self.threshold

    def is_lost(self, place: int) -> bool:
        """Whether this seed blew up."""
        return place < len(self.status.lost) and bool(self.status.lost[place])

    def is_solved(self, place: int) -> bool:
        """Whether this seed has solved it by now."""
        return place < len(self.solved) and bool(self.solved[place])

    def score(self, place: int) -> float:
        """The newest figure of this seed; 0 where there is none."""
        known = place < len(self.scores) and np.isfinite(self.scores[place])
        return float(self.scores[place]) if known else 0.0

    @cached_property
    def best(self) -> int | None:
        """The place of the best seed."""
        return best_of(self.scores, self.status.losses)

    @cached_property
    def order(self) -> list[int]:
        """Places in the order of the pictures."""
        places = list(range(len(self.status.seeds)))
        if not self.best_first or len(self.scores) != len(places):
            return places
        losses, scores = np.nan_to_num(self.status.losses, nan=np.inf), np.nan_to_num(self.scores, nan=-np.inf)
        return [int(k) for k in np.lexsort((losses, -scores))]

    @cached_property
    def fan(self) -> tuple[Numbers, Array]:
        """Epochs, and the values of all seeds at them: (epochs,) and (epochs, seeds); no more than can be told apart."""
        name = f"{self.status.part}_{'metric' if self.of_metric else 'loss'}"
        table = self.status.curves.get(name, np.empty((0, len(self.status.seeds))))
        rows = np.unique(np.linspace(0, len(table) - 1, POINTS).astype(int)) if len(table) > POINTS else slice(None)
        return np.arange(1, len(table) + 1, dtype=float)[rows], table[rows]

    @cached_property
    def median(self) -> Numbers:
        """The curve in the middle; seeds that blew up are no part of it."""
        values = np.sort(self.fan[1], axis=1)  # what is no number comes last
        if values.size == 0:
            return np.empty(0)
        alive = np.isfinite(values).sum(axis=1)
        low, high = (np.maximum(0, (alive - k) // 2) for k in (1, 0))
        rows = np.arange(len(values))
        return np.where(
            alive > 0, (values[rows, low] + values[rows, np.minimum(high, values.shape[1] - 1)]) / 2, np.nan
        )

    # ---------------------------------------------------------------- words

    def figure(self, score: float) -> str:
        """A score as it is read."""
        return words.percent(score) if self.accuracy else words.fixed(score)

    @property
    def headline(self) -> str:
        """The share that solved it, as the big number."""
        return words.percent(float(self.solved.mean()), 0) if self.is_rolled and len(self.solved) else ""

    @property
    def sentences(self) -> tuple[str, str]:
        """What the big number means, and how the seeds differ."""
        if not self.is_rolled:
            if self.is_rolling:
                return "Building the networks …", ""
            return f"One throw so far: seed {self.run.seed}.", "Roll the dice to see how much of it was luck."
        seeds = len(self.status.seeds)
        goal = words.percent(self.threshold, 0) if self.accuracy else f"an R² of {words.number(self.threshold)}"
        part = "validation" if self.status.part == "validation" else "training"
        first = f"{words.count(int(self.solved.sum()))} of {words.plural(seeds, 'seed')} reach {goal}"
        return first, f"on {part}: {self._spread()}"

    def _spread(self) -> str:
        scores, found = self.scores[~np.isnan(self.scores)], []
        if len(scores):
            found.append(f"median {self.figure(float(np.median(scores)))}")
        if self.best is not None:
            found.append(f"best {self.figure(float(self.scores[self.best]))} (seed {self.status.seeds[self.best]})")
        lost = int(self.status.lost.sum())
        return ", ".join([*found, *([f"{words.count(lost)} blew up"] if lost else [])])
