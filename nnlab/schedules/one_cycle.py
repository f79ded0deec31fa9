"""The learning rate up once and down once."""

import math
from dataclasses import dataclass

from nnlab.core.param import param
from nnlab.core.schedule import SCHEDULES, Schedule


@SCHEDULES.register("one-cycle")
@dataclass(frozen=True)
class OneCycle(Schedule):
    """Starts small, warms up to the learning rate that is set, then dies down to almost nothing by the end of the run."""

    title = "One cycle"
    per_step = True

    pct_start: float = param(
        0.3, "Share of the run that is spent warming up.", low=0.01, high=0.99, label="Warm-up share"
    )
    div_factor: float = param(
        25.0, "The first learning rate is the one that is set, divided by this.", low=1.0, high=1e6, advanced=True
    )
    final_div_factor: float = param(
        1e4, "The last learning rate is the first one, divided by this.", low=1.0, high=1e9, log=True, advanced=True
    )

    def factor(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        """Half a cosine up to 1, then half a cosine down, moving at every step."""
        total = max(1, steps_per_epoch * epochs)
        top, end = self.pct_start * total - 1, total - 1
        first = 1 / self.div_factor
        last = first / self.final_div_factor
        if step <= top or end <= top:
            return _between(first, 1.0, step / top if top > 0 else 1.0)
        return _between(1.0, last, (min(step, end) - top) / (end - top))

    def torch_call(self, rate: float, steps_per_epoch: int, epochs: int) -> str:
        """OneCycleLR, stepped after each batch; the momentum is left alone."""
        options = [f"max_lr={rate!r}", f"total_steps={steps_per_epoch * epochs}", f"pct_start={self.pct_start!r}"]
        if self.div_factor != 25.0:
            options.append(f"div_factor={self.div_factor!r}")
        if self.final_div_factor != 1e4:
            options.append(f"final_div_factor={self.final_div_factor!r}")
        return f"torch.optim.lr_scheduler.OneCycleLR(optimizer, {', '.join(options)}, cycle_momentum=False)"


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * min(1.0, max(0.0, share))))
