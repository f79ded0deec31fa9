"""The learning rate in stairs."""

from dataclasses import dataclass

from nnlab.core.param import param
from nnlab.core.schedule import SCHEDULES, Schedule


@SCHEDULES.register("step")
@dataclass(frozen=True)
class Step(Schedule):
    """Stays for some epochs, then drops to a share of itself, again and again."""

    title = "Steps"

    step_size: int = param(50, "Epochs from one drop to the next.", low=1, high=1_000_000, label="Every (epochs)")
    gamma: float = param(
        0.5, "What the learning rate is multiplied by at each drop.", low=0.0, high=1.0, label="Factor"
    )

    def factor(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        """One power of gamma for each drop so far."""
        return float(self.gamma ** (step // max(1, steps_per_epoch) // self.step_size))

    def torch_call(self, rate: float, steps_per_epoch: int, epochs: int) -> str:
        """StepLR, stepped after each epoch."""
        return f"torch.optim.lr_scheduler.StepLR(optimizer, step_size={self.step_size}, gamma={self.gamma!r})"
