"""The learned numbers of all seeds in as few pieces of memory as an update rule may move without rounding otherwise."""

from functools import lru_cache

import torch
from torch import Tensor, nn

from nnlab.core.optimizer import Optimizer
from nnlab.engine.flat import Flat
from nnlab.engine.update import Update, update_rule

LANES = (1, 4, 8, 16, 32)
TRIAL_STEPS = 60
TRIAL_SEEDS = 16


class Pieces:
    """Stacked parameters in one long tensor, but for those whose last few numbers a rule takes one by one."""

    def __init__(self, settings: Optimizer, stacked: dict[str, Tensor]) -> None:
        lanes = lanes_of(settings)
        self.parameters = {name: nn.Parameter(tensor) for name, tensor in stacked.items()}
        whole = [name for name, tensor in stacked.items() if tensor[0].numel() % lanes == 0]
        self._groups = [names for names in (whole, [n for n in stacked if n not in whole]) if names]
        self._flats = [Flat([self.parameters[name] for name in names]) for names in self._groups]
        self._apart = [names != whole for names in self._groups]
        self.gradients = {
            name: view
            for names, flat in zip(self._groups, self._flats, strict=True)
            for name, view in zip(names, flat.gradients, strict=True)
        }
        """Where the gradient of each parameter goes."""
        self.laid_out = self._split([flat.gradient for flat in self._flats], [flat.gradients for flat in self._flats])
        """The same, as the update rule takes them."""
        views = [[self.parameters[name].detach() for name in names] for names in self._groups]
        self.update: Update = update_rule(settings, self._split([flat.values for flat in self._flats], views))

    def put(self, gradients: dict[str, Tensor]) -> list[Tensor]:
        """These gradients, laid out as the update rule takes them."""
        for names, flat in zip(self._groups, self._flats, strict=True):
            flat.put_gradients([gradients[name] for name in names])
        return self.laid_out

    def _split(self, long: list[Tensor], parts: list[list[Tensor]]) -> list[Tensor]:
        found: list[Tensor] = []
        for apart, one, views in zip(self._apart, long, parts, strict=True):
            found += [seed for view in views for seed in view.unbind(0)] if apart else [one]
        return found


@lru_cache(maxsize=64)
def lanes_of(settings: Optimizer) -> int:
    """How many numbers the rule moves at once on this machine: a tensor of a multiple of that rounds alike in a longer one."""
    generator = torch.Generator().manual_seed(0)
    if update_rule(settings, [torch.zeros(1)]).whole:
        return 1
    for lanes in LANES:
        if all(_agrees(settings, lanes * k, generator) for k in (1, 3)):
            return lanes
    return LANES[-1]


def _agrees(settings: Optimizer, size: int, generator: torch.Generator) -> bool:
    """Whether one long tensor moves as its parts of this size would."""
    start = torch.randn(TRIAL_SEEDS * size, generator=generator)
    padded = torch.zeros(-(-len(start) // 64) * 64)
    padded[: len(start)] = start
    parts = [part.clone() for part in start.split(size)]
    together, apart = update_rule(settings, [padded]), update_rule(settings, parts)
    for _ in range(TRIAL_STEPS):
        gradient = torch.zeros_like(padded)
        gradient[: len(start)] = torch.randn(len(start), generator=generator)
        together.rate = apart.rate = 0.01
        with torch.no_grad():
            apart.apply([part.clone() for part in gradient[: len(start)].split(size)])
            together.apply([gradient])
    return torch.equal(torch.cat(parts), padded[: len(start)])
