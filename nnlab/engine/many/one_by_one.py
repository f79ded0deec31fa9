"""The same roll for networks that cannot go side by side: each seed is trained as it would be alone."""

import math
import time
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnlab.core.document import Document
from nnlab.core.objective import resolve
from nnlab.core.parts import divide
from nnlab.engine.device import arithmetic, choose
from nnlab.engine.events import Epochs, Event, Finished
from nnlab.engine.learner import Learner
from nnlab.engine.loop import Loop
from nnlab.engine.many.book import Book
from nnlab.engine.many.planes import as_tensor, grid, planes
from nnlab.engine.many.rolled import CURVES, Array, Planes


class OneByOne:
    """One roll, seed after seed. The same face as SideBySide."""

    engine: Literal["one after another"] = "one after another"

    def __init__(self, document: Document, seeds: tuple[int, ...]) -> None:
        self.document, self.seeds = document, seeds
        self.objective, self.parts = resolve(document), divide(document.data)
        self.place = choose(document.training.device)
        self.lost = np.zeros(len(seeds), np.bool_)
        self.book = Book(len(seeds), self.parts.rows[1] > 0, document.training.epochs)
        self.seconds = 0.0
        self.epoch = self._place = 0
        self._tables: list[NDArray[np.float64]] = []
        self._metrics: list[dict[str, float]] = []
        self._weights: list[dict[str, NDArray[Any]]] = []
        self._grid = as_tensor(grid(self.parts, self.objective), self.place.device)
        self._planes: list[Planes] = []

    @property
    def done(self) -> float:
        """The share of the work that is done."""
        return (self._place + self.epoch / max(1, self.document.training.epochs)) / len(self.seeds)

    def steps(self) -> Iterator[None]:
        """Train every seed to its end."""
        for seed in self.seeds:
            yield from self._one_seed(seed)
            self._place += 1

    def _one_seed(self, seed: int) -> Iterator[None]:
        began, self.epoch, self._tables = time.perf_counter(), 0, []
        loop = Loop(self.document.with_training(seed=seed), self._hear)
        try:
            with arithmetic(loop.learner.threads):
                for _ in loop.steps():
                    self.epoch = loop.epoch
                    yield
        finally:  # also where the roll is stopped
            loop.finish("stopped")
            self._keep(loop.learner)
            self.seconds += time.perf_counter() - began
            self.epoch = 0

    def _hear(self, event: Event) -> None:
        if isinstance(event, Epochs):
            self._tables.append(event.table)
            told = Epochs(0, np.concatenate(self._tables))
            self.book.write_column(self._place, {name: told.column(name) for name in CURVES})
        elif isinstance(event, Finished):
            self.lost[self._place] = event.reason == "diverged"
            self._metrics.append(dict(event.metrics))

    def _keep(self, learner: Learner) -> None:
        self._weights.append(learner.as_arrays())
        if self._grid is not None:
            with learner.looking():
                answers = learner.answers(self._grid)
            self._planes.append(planes(answers[None], self.objective, self.parts))

    # ---------------------------------------------------------------- what is left

    def measure(self) -> dict[str, Array]:
        """The figures of every seed at its end; nan for those that blew up or were not reached."""
        found: dict[str, Array] = {}
        for name in self._metrics[0] if self._metrics else ():
            values = [metrics.get(name, math.nan) for metrics in self._metrics]
            column = np.array([*values, *[math.nan] * (len(self.seeds) - len(values))])
            found[name] = np.where(self.lost, math.nan, column)
        return found

    def arrays(self) -> dict[str, Array]:
        """All tensors, the seeds on the first axis; seeds that were not reached are lost."""
        missing = len(self.seeds) - len(self._weights)
        if missing:
            self.lost[len(self._weights) :] = True
        filled = [*self._weights, *[self._weights[0]] * missing]
        return {name: np.stack([weights[name] for weights in filled]) for name in self._weights[0]}

    def planes(self) -> Planes | None:
        """What the seeds answer over the plane, as many as are done; the others are blank."""
        if not self._planes:
            return None
        first = self._planes[0]
        blank = np.zeros_like(first.values)
        stacked = [p.values for p in self._planes] + [blank] * (len(self.seeds) - len(self._planes))
        values = np.concatenate(stacked)
        values.flags.writeable = False
        return Planes(values, first.task, first.low, first.high)
