"""RMSprop."""

from dataclasses import dataclass
from typing import Any

from nnlab.core.optimizer import OPTIMIZERS, Optimizer
from nnlab.core.param import param


@OPTIMIZERS.register("rmsprop")
@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Divides every weight's step by the usual size of its gradient, so steep and flat directions move alike."""

    title = "RMSprop"
    torch_name = "RMSprop"
    good_rate = 0.01

    alpha: float = param(
        0.99, "How long past gradient sizes are remembered.", low=0.0, high=0.99999, label="Memory", advanced=True
    )
    momentum: float = param(0.0, "How much of the last step is kept; 0 is off.", low=0.0, high=0.9999)
    eps: float = param(1e-8, "Keeps the division from blowing up.", low=1e-12, high=1.0, log=True, advanced=True)

    def arguments(self) -> dict[str, Any]:
        """Those that differ from torch's own."""
        torch_defaults = {"alpha": 0.99, "momentum": 0.0, "eps": 1e-8}
        return {name: getattr(self, name) for name, usual in torch_defaults.items() if getattr(self, name) != usual}
