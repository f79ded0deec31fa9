"""The Optimizer contract: settings that become the arguments of one torch optimizer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from nnlab.core.param import Settings
from nnlab.registry import Registry

if TYPE_CHECKING:
    from nnlab.core.formula import Formula, WeightStep


FUSED = frozenset({"Adam", "AdamW"})
"""Rules that run as one operation of torch, `fused=True`: faster than the plain ones, and other in the last bit."""


@dataclass(frozen=True)
class Optimizer(Settings):
    """One update rule. The class docstring is the help text users read."""

    title: ClassVar[str] = ""
    torch_name: ClassVar[str] = ""
    """Its class in torch.optim."""
    good_rate: ClassVar[float] = 0.01
    """A learning rate that suits it, offered when the user changes to it."""

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for the torch class beside lr and weight_decay; only those that differ from torch's defaults."""
        raise NotImplementedError

    def explain(self, step: "WeightStep") -> "Formula | None":
        """How one learned number got its new value, with its numbers; None leaves it to a general sentence."""
        return None


OPTIMIZERS: Registry[type[Optimizer]] = Registry("nnlab.optimizers", "optimizer")
