"""The learning rate along half a cosine."""

import math
from dataclasses import dataclass

from nnlab.core.param import param
from nnlab.core.schedule import SCHEDULES, Schedule


@SCHEDULES.register("cosine")
@dataclass(frozen=True)
class Cosine(Schedule):
    """Falls slowly at first, faster in the middle and slowly again towards the end of the run."""

    title = "Cosine"

    final: float = param(
        0.0, "Share of the learning rate that is left at the end.", low=0.0, high=1.0, label="End share"
    )

    def factor(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        """Half a cosine from 1 to the end share over the epochs of the run."""
        epoch = min(step // max(1, steps_per_epoch), epochs)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * epoch / max(1, epochs))) / 2

    def torch_call(self, rate: float, steps_per_epoch: int, epochs: int) -> str:
        """CosineAnnealingLR, stepped after each epoch."""
        floor = f", eta_min={rate * self.final!r}" if self.final else ""
        return f"torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max={epochs}{floor})"
