"""What a run shows of itself, as the doctor's rules ask for it. No torch."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnlab.core.document import Document
from nnlab.core.problem import Case
from nnlab.core.words import fixed, percent
from nnlab.engine.doctor.course import Course
from nnlab.engine.doctor.thresholds import (
    FLAT_AT_LAST,
    FLAT_EPOCHS,
    FLAT_FROM,
    FLAT_SHARE,
    LEARNING,
    LEARNING_EPOCHS,
    LEARNING_SHARE,
    SOLVED,
)
from nnlab.engine.events import Finished
from nnlab.engine.wants import Health, WeightHealth

SQUASHING = {
    "Sigmoid": (0.0, 1.0),
    "Tanh": (-1.0, 1.0),
    "Hardsigmoid": (0.0, 1.0),
    "Hardtanh": (-1.0, 1.0),
    "Softsign": (-1.0, 1.0),
}
"""Layers that squash every number, by their id, and between which ends."""


@dataclass(frozen=True)
class Signs:
    """A document, the curves of its run, the latest looks at its network (oldest first), and its end if it came."""

    document: Document
    course: Course
    healths: tuple[Health, ...]
    finished: Finished | None = None

    @cached_property
    def case(self) -> Case:
        """The document's nodes by kind and name."""
        return Case(self.document)

    @property
    def health(self) -> Health | None:
        """The latest look, once an epoch is through: before that nothing was learned that could be judged."""
        last = self.healths[-1] if self.healths else None
        return last if last is not None and last.epoch >= 1 and self.course.epochs >= 1 else None

    @property
    def unsolved(self) -> Health | None:
        """The latest look, unless the network does well."""
        health = self.health
        return health if health is not None and self.way < SOLVED else None

    @property
    def way(self) -> float:
        """How far the answers have come, from a guess (0) to perfect (1)."""
        last = self.healths[-1]
        return (last.metric - last.guess_metric) / max(1e-6, 1.0 - last.guess_metric)

    @property
    def usual_loss(self) -> float:
        """The loss of knowing nothing: of a guess, or of the first batch where that was larger."""
        return float(np.fmax(self.healths[-1].guess_loss, self.course.first_loss))

    @property
    def learning(self) -> bool:
        """Whether the loss falls well, or it is too early to say."""
        losses, now = self.course.column("train_loss"), self.course.epochs
        since = self.course.column("epoch") > now - max(2 * LEARNING_EPOCHS, LEARNING_SHARE * now)
        recent: NDArray[np.float64] = losses[since]
        if now < LEARNING_EPOCHS:
            return True
        half = len(recent) // 2
        fall = float(recent[:half].mean() - recent[half:].mean())
        return bool(fall > LEARNING * self.healths[-1].guess_loss and recent[-1] < self.usual_loss)

    def drop(self) -> float | None:
        """Fall of the training loss over the last epochs, in losses of a guess; None while there are too few of them."""
        losses = self.course.column("train_loss")
        epochs = self.course.column("epoch")
        planned = self.document.training.epochs
        if self.course.epochs < max(FLAT_EPOCHS, min(FLAT_FROM * planned, FLAT_AT_LAST)):
            return None
        since = self.course.epochs - max(FLAT_EPOCHS, FLAT_SHARE * self.course.epochs)
        recent: NDArray[np.float64] = losses[epochs > since]
        half = len(recent) // 2
        return float(recent[:half].mean() - recent[half:].mean()) / max(1e-12, self.healths[-1].guess_loss)

    def weights(self, health: Health) -> list[tuple[str, WeightHealth]]:
        """Layers with learned tensors, in the order of the network."""
        return [(n, health.weights[n]) for n in self.document.graph.in_order if n in health.weights]

    def of_kind(self, *kinds: str) -> list[str]:
        """The nodes of these kinds that the answer depends on, in the order of the network, the last word left out."""
        graph = self.document.graph
        last = {k.source for n in self.case.outputs for k in graph.incoming[n]}
        found = [n for n in graph.in_order if self.case.kinds[n] in kinds and n in self.case.needed]
        return [n for n in found if n not in last]

    def result(self) -> str:
        """How well the network does and how a guess would, as a clause: "51.2 % are right, and a guess gets 50.0 %"."""
        last = self.healths[-1]
        if last.target:
            return f"{percent(last.metric)} of the answers are right, and the same answer every time gets {percent(last.guess_metric)}"
        return f"R² is {fixed(last.metric)}, and the same answer every time gets 0"

    @property
    def task(self) -> Literal["classes", "values"]:
        """What the network has to say."""
        return "classes" if self.healths[-1].target else "values"
