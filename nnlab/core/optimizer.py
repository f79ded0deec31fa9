"""The Optimizer contract: settings that become the arguments of one torch optimizer."""

from dataclasses import dataclass
from typing import Any, ClassVar

from nnlab.core.param import Settings
from nnlab.registry import Registry


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


OPTIMIZERS: Registry[type[Optimizer]] = Registry("nnlab.optimizers", "optimizer")
