"""The Schedule contract: how the learning rate moves over a run, as a factor of the rate that is set."""

from dataclasses import dataclass
from typing import ClassVar

from nnlab.core.param import Settings
from nnlab.registry import Registry


@dataclass(frozen=True)
class Schedule(Settings):
    """One learning-rate schedule. The class docstring is the help text users read."""

    title: ClassVar[str] = ""
    per_step: ClassVar[bool] = False
    """The factor moves at every step (one-cycle), not only from epoch to epoch."""

    def factor(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        """What the learning rate is multiplied by at this step, counted from 0; equal to torch's own scheduler."""
        raise NotImplementedError

    def torch_call(self, rate: float, steps_per_epoch: int, epochs: int) -> str:
        """The torch.optim.lr_scheduler constructor for exported code, on a name `optimizer`; "" for none."""
        raise NotImplementedError


SCHEDULES: Registry[type[Schedule]] = Registry("nnlab.schedules", "schedule")
