"""Many seeds of one project: the same network and training from many first weights."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.document import Document
from nnlab.core.words import METRICS, fixed, is_share, number, percent, plural
from nnlab.engine.many.rolled import Rolled, RollStatus, default_threshold, next_seeds
from nnlab.errors import DataError
from nnlab.project.run import interruptible

if TYPE_CHECKING:
    from nnlab.project.handle import Project

Revive = Callable[[Document, Mapping[str, NDArray[Any]] | None, Mapping[str, NDArray[Any]]], "Project"]


@dataclass(frozen=True, eq=False)
class ManyRuns:
    """Many seeds after the same training: `solved` (the share), `best`, `curves`, and `project(seed)` to take one away."""

    rolled: Rolled = field(repr=False)
    threshold: float
    """The score (accuracy or R²) from which a seed counts as solved."""
    revive: Revive = field(repr=False)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, in the order of every array's last axis."""
        return self.rolled.seeds

    @property
    def curves(self) -> Mapping[str, NDArray[Any]]:
        """ "train_loss", "train_metric", "validation_loss", ...: (epochs, seeds); nan where a seed has blown up."""
        return self.rolled.curves

    @property
    def metrics(self) -> Mapping[str, NDArray[Any]]:
        """ "train_loss", "validation_accuracy" (or _r2) ... at the end, one figure a seed."""
        return self.rolled.metrics

    @property
    def scores(self) -> NDArray[Any]:
        """What each seed is judged by: the metric on validation, or on training where nothing is held back."""
        return self.rolled.scores

    @property
    def solved(self) -> float:
        """The share of the seeds that reach the threshold."""
        return float(self.rolled.solved(self.threshold).mean())

    @property
    def solved_seeds(self) -> tuple[int, ...]:
        """The seeds that reach it."""
        return tuple(s for s, yes in zip(self.seeds, self.rolled.solved(self.threshold), strict=True) if yes)

    @property
    def lost_seeds(self) -> tuple[int, ...]:
        """The seeds that blew up."""
        return tuple(s for s, yes in zip(self.seeds, self.rolled.lost, strict=True) if yes)

    @property
    def best(self) -> int | None:
        """The seed with the best score; None if all blew up."""
        place = self.rolled.best
        return None if place is None else self.seeds[place]

    @property
    def median(self) -> float:
        """The score in the middle of all that did not blow up; nan if all did."""
        left = self.scores[~np.isnan(self.scores)]
        return float(np.median(left)) if len(left) else float("nan")

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences about how they were trained."""
        return self.rolled.notices

    def weights(self, seed: int) -> dict[str, NDArray[Any]]:
        """What this seed learned, named as in state_dict; DataError if it was not rolled or blew up."""
        found = self.rolled.weights(self._place(seed))
        if found is None:
            raise DataError(f"Seed {seed} blew up: it has learned nothing that could be used.")
        return found

    def project(self, seed: int) -> "Project":
        """The project with this seed, its weights (none if it blew up) and its curves."""
        place = self._place(seed)
        curves = {name: np.array(table[:, place]) for name, table in self.curves.items()}
        return self.revive(self.rolled.document_of(place), self.rolled.weights(place), curves)

    def _place(self, seed: int) -> int:
        if seed not in self.seeds:
            raise DataError(f"Seed {seed} was not rolled; the seeds are {self.seeds[0]} to {self.seeds[-1]}.")
        return self.seeds.index(seed)

    def __str__(self) -> str:
        rolled = self.rolled
        share, name = is_share(rolled.metric), METRICS[rolled.metric]
        say = percent if share else fixed
        part = "validation" if rolled.part == "validation" else "training"
        called = {"accuracy": "an accuracy", "r2": "an R²"}.get(rolled.metric, f"a share ({name})")
        what = f"{called} of {percent(self.threshold, 0) if share else number(self.threshold)}"
        lines = [
            f"{len(self.solved_seeds)} of {plural(len(self.seeds), 'seed')} ({percent(self.solved, 0)}) reach {what} "
            f"on {part} after {plural(rolled.epochs, 'epoch')}."
        ]
        if self.best is not None:
            best = float(self.scores[self.seeds.index(self.best)])
            low = float(np.nanmin(self.scores))
            lines.append(f"Median {say(self.median)}, best {say(best)} (seed {self.best}), worst {say(low)}.")
        if self.lost_seeds:
            lines.append(f"{plural(len(self.lost_seeds), 'seed')} blew up.")
        return "\n".join(lines)


def train_many(
    document: Document,
    revive: Revive,
    seeds: int | Iterable[int] = 64,
    epochs: int | None = None,
    device: str | None = None,
    threshold: float | None = None,
    on_progress: Callable[[RollStatus], object] | None = None,
) -> ManyRuns:
    """Train every seed in this thread; Ctrl+C ends all of them after the present step and keeps what was learned."""
    from nnlab.core.objective import resolve
    from nnlab.engine.many.rolling import Asked, roll

    chosen = next_seeds(document.training.seed, seeds) if isinstance(seeds, int) else tuple(int(s) for s in seeds)
    if device is not None:
        document = document.with_training(device=device)
    limit = default_threshold(resolve(document).metric) if threshold is None else float(threshold)
    with interruptible() as stopped:
        tell = on_progress or (lambda status: None)
        rolled = roll(Asked(document, chosen, epochs, tell=tell, go_on=lambda: not stopped.is_set()))
    return ManyRuns(rolled, limit, revive)
