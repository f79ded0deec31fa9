"""The learning rate as it is set."""

from dataclasses import dataclass

from nnlab.core.schedule import SCHEDULES, Schedule


@SCHEDULES.register("constant")
@dataclass(frozen=True)
class Constant(Schedule):
    """The learning rate stays as it is set."""

    title = "Constant"

    def factor(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        """Always 1."""
        return 1.0

    def torch_call(self, rate: float, steps_per_epoch: int, epochs: int) -> str:
        """No scheduler is needed."""
        return ""
