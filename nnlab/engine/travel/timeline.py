"""What a run needs to go back in time: moments to restart from, and which settings were in force when."""

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nnlab.core.document import Training
from nnlab.engine.events import EpochDone
from nnlab.engine.learner import LearnerState
from nnlab.engine.travel.checkpoints import Checkpoints

CHECKPOINT_SECONDS = 0.05  # between two moments that are kept, at least
COST_SHARE = 0.02  # of the time that keeping moments may take


@dataclass(frozen=True)
class Best:
    """The best epoch so far, by validation loss (by training loss where nothing is held back)."""

    epoch: int
    loss: float
    weights: list[Tensor]


@dataclass(frozen=True)
class Moment:
    """A run between two steps, complete: going on from it gives the same numbers as going on did."""

    step: int
    epoch: int
    position: int
    learner: LearnerState
    order: Tensor
    tally: tuple[tuple[NDArray[np.float32], ...], tuple[Tensor, ...]]
    """Losses and answers of the epoch so far."""
    best: Best | None
    good: int
    """The step after which all numbers were last seen to be good: the end of an epoch, or the start."""
    seconds: float
    last_epoch: EpochDone | None
    last_loss: float | None

    @property
    def bytes(self) -> int:
        """Memory it takes, about."""
        best = self.best.weights if self.best else []
        tensors = sum(t.numel() * t.element_size() for t in (*best, *self.tally[1]))
        return tensors + self.learner.bytes + 6_000


@dataclass(frozen=True)
class Leg:
    """Part of a run's way: the settings that were in force, and which engine took the steps."""

    since: int
    training: Training
    captured: bool = False
    """Only where that makes a difference in the last bit."""


class Timeline:
    """One way that a run took; training on from an earlier step with other settings begins another."""

    def __init__(self, training: Training, start: Moment) -> None:
        self._legs = [Leg(0, training)]
        self.checkpoints: Checkpoints[Moment] = Checkpoints()
        self.checkpoints.keep(start)
        self._due = math.inf if start.bytes > self.checkpoints.cap else 0.0
        self.furthest = 0
        """The last step that was reached on this way."""

    @property
    def settings(self) -> tuple[tuple[int, Training], ...]:
        """The settings of this way: from which step on, and which."""
        found = [(leg.since, leg.training) for leg in self._legs]
        return tuple(part for k, part in enumerate(found) if k == 0 or part[1] is not found[k - 1][1])

    def leg(self, step: int) -> Leg:
        """The part of the way that this step belongs to."""
        return next(leg for leg in reversed(self._legs) if leg.since <= step)

    def until(self, step: int) -> int:
        """How far the way is known to go on from here as this step was taken."""
        return min([self.furthest, *(leg.since for leg in self._legs if leg.since > step)])

    def branches(self, step: int, wanted: Training) -> bool:
        """Whether a step from here with these settings leaves the way that was taken before."""
        if step >= self.furthest:
            return False
        later = [leg.training for leg in self._legs if leg.since > step]
        return any(training != wanted for training in (self.leg(step).training, *later))

    def go_on(self, step: int, wanted: Training, captured: bool) -> Leg:
        """A step is taken from here with these settings; where they differ, what came later before is forgotten."""
        if self.branches(step, wanted):
            self.forget_after(step)
        elif step < self.furthest:
            return self.leg(step)
        last = self._legs[-1]
        if last.training is not wanted or last.captured != captured:
            self._legs.append(Leg(step, wanted, captured))
        return self._legs[-1]

    def forget_after(self, step: int) -> None:
        """Nothing after this step has happened."""
        self._legs = [leg for leg in self._legs if leg.since <= step]
        self.checkpoints.forget_after(step)
        self.furthest = step

    def is_due(self, now: float) -> bool:
        """Whether a moment should be kept now. Never for networks of which one moment fills the cap."""
        return now >= self._due

    def keep(self, moment: Moment, asked: float) -> None:
        """Keep this moment, which was asked for at that time; the next is due when this one's cost has paid off."""
        self.checkpoints.keep(moment)
        now = time.perf_counter()
        self._due = now + max(CHECKPOINT_SECONDS, (now - asked) / COST_SHARE)
