"""Gradient descent, with or without momentum."""

from dataclasses import dataclass
from typing import Any

from nnlab.core.optimizer import OPTIMIZERS, Optimizer
from nnlab.core.param import param


@OPTIMIZERS.register("sgd")
@dataclass(frozen=True)
class SGD(Optimizer):
    """Takes a step straight down the slope of each batch: the plain rule that all others build on.

    With momentum it keeps rolling in the direction of the steps before, like a ball: faster along a valley,
    calmer across it.
    """

    title = "Gradient descent (SGD)"
    torch_name = "SGD"
    good_rate = 0.1

    momentum: float = param(0.0, "How much of the last step is kept; 0 is off, 0.9 is usual.", low=0.0, high=0.9999)
    nesterov: bool = param(False, "Look ahead to where momentum leads before measuring the slope; needs momentum.")

    def arguments(self) -> dict[str, Any]:
        """Momentum if there is some, and Nesterov, which means nothing without it."""
        found: dict[str, Any] = {}
        if self.momentum:
            found["momentum"] = self.momentum
            if self.nesterov:
                found["nesterov"] = True
        return found
