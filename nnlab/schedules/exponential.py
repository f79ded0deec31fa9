"""The learning rate shrinking by the same share each epoch."""

from dataclasses import dataclass

from nnlab.core.param import param
from nnlab.core.schedule import SCHEDULES, Schedule


@SCHEDULES.register("exponential")
@dataclass(frozen=True)
class Exponential(Schedule):
    """Shrinks by the same share after every epoch."""

    title = "Exponential"

    gamma: float = param(
        0.98, "What the learning rate is multiplied by after each epoch.", low=0.0, high=1.0, label="Factor"
    )

    def factor(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        """One power of gamma for each epoch so far."""
        return float(self.gamma ** (step // max(1, steps_per_epoch)))

    def torch_call(self, rate: float, steps_per_epoch: int, epochs: int) -> str:
        """ExponentialLR, stepped after each epoch."""
        return f"torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma={self.gamma!r})"
