"""Adam and AdamW."""

from dataclasses import dataclass
from typing import Any

from nnlab.core.optimizer import OPTIMIZERS, Optimizer
from nnlab.core.param import param


@OPTIMIZERS.register("adam")
@dataclass(frozen=True)
class Adam(Optimizer):
    """Gives every weight a step size of its own, from running means of its gradients. A good first choice."""

    title = "Adam"
    torch_name = "Adam"
    good_rate = 0.01

    beta1: float = param(0.9, "How long past gradients are remembered.", low=0.0, high=0.9999, advanced=True)
    beta2: float = param(0.999, "How long past gradient sizes are remembered.", low=0.0, high=0.99999, advanced=True)
    eps: float = param(1e-8, "Keeps the division from blowing up.", low=1e-12, high=1.0, log=True, advanced=True)

    def arguments(self) -> dict[str, Any]:
        """Betas and eps where they differ from torch's own."""
        found: dict[str, Any] = {}
        if (self.beta1, self.beta2) != (0.9, 0.999):
            found["betas"] = (self.beta1, self.beta2)
        if self.eps != 1e-8:
            found["eps"] = self.eps
        return found


@OPTIMIZERS.register("adamw")
@dataclass(frozen=True)
class AdamW(Adam):
    """Adam that shrinks the weights apart from its steps, so that L2 means what it says. The usual choice for large networks."""

    title = "AdamW"
    torch_name = "AdamW"
