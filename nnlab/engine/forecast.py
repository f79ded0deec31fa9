"""What a run will take, before it begins: memory from the network's shapes, time from a few steps that do not count."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from nnlab.engine.device import needed_memory
from nnlab.engine.dice import undisturbed

if TYPE_CHECKING:
    from nnlab.engine.learner import Learner
    from nnlab.engine.loop import Loop

PATIENCE_SECONDS = 0.05  # a first step that takes longer is the only one


@dataclass(frozen=True)
class Forecast:
    """A prediction. Steps are timed with the eager engine and nothing else to do: the captured one takes less time."""

    bytes: int
    """Memory of the computer, or of the graphics card that trains."""
    step_seconds: float

    def epoch_seconds(self, steps: int) -> float:
        """Time of one epoch of so many steps, measuring at its end left out."""
        return self.step_seconds * steps


def forecast(loop: "Loop") -> Forecast:
    """What this run will need; the run is afterwards as it was."""
    learner = loop.learner
    return Forecast(needed_memory(loop.document, learner.batch_size, sum(learner.parts.rows)), _timed(learner))


def _timed(learner: "Learner") -> float:
    """Seconds of one step on the first batch: the better of two after one that warms up, or that one alone if it is slow."""
    state, drawn, rate = learner.state(), learner.dice.drawn, learner.update.rate
    x, y = (part[: learner.batch_size] for part in learner.data["train"])
    found: list[float] = []
    with undisturbed():
        try:
            while len(found) < 3 and (not found or found[0] < PATIENCE_SECONDS):
                began = time.perf_counter()
                learner.step(x, y, learner.document.training)
                _arrive(learner.place.device)
                found.append(time.perf_counter() - began)
        finally:
            learner.restore(state)
            learner.dice.drawn, learner.update.rate = drawn, rate
    return min(found[1:] or found)


def _arrive(device: torch.device) -> None:
    """Wait until the device has done what it was told."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
