"""Dropout for many seeds at once: each seed's masks come from its own random numbers, drawn as it would draw them alone."""

import torch
from torch import Tensor, nn

Shape = tuple[int, ...]


class Masked(nn.Module):
    """Stands where a Dropout stood: multiplies by a mask that was drawn elsewhere."""

    mask: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Some numbers made 0 and the others larger, while training."""
        return x * self.mask if self.training else x


class Noise:
    """The masks of all Dropouts of one network, for every seed."""

    def __init__(
        self, network: nn.Module, shapes: dict[str, Shape], states: list[Tensor], device: torch.device
    ) -> None:
        """`shapes` has the numbers of one sample at each module; `states` each seed's generator after its first weights."""
        self._keep: dict[str, float] = {}
        self._shapes = shapes
        self._device = device
        self._generators = [torch.Generator() for _ in states]
        for generator, state in zip(self._generators, states, strict=True):
            generator.set_state(state)
        self._masks: dict[int, dict[str, Tensor]] = {}
        for name, module in list(network.named_children()):
            if isinstance(module, nn.Dropout) and module.p > 0:
                self._keep[name] = 1.0 - module.p
                setattr(network, name, Masked())

    @property
    def is_there(self) -> bool:
        """Whether anything is drawn while training."""
        return bool(self._keep)

    def masks(self, rows: int) -> dict[str, Tensor]:
        """Fresh masks for a batch of this many samples, by the name of the buffer that takes them; overwritten next time."""
        found = self.shaped(rows)
        if not found:
            return found
        for place, generator in enumerate(self._generators):
            for keep, mask in zip(self._keep.values(), found.values(), strict=True):
                if keep > 0:
                    mask[place].bernoulli_(keep, generator=generator)
                else:
                    mask[place].zero_()
        for keep, mask in zip(self._keep.values(), found.values(), strict=True):
            if keep > 0:
                mask.div_(keep)
        return {name: mask.to(self._device) for name, mask in found.items()}

    def shaped(self, rows: int) -> dict[str, Tensor]:
        """The masks that this many samples were or will be given."""
        found = self._masks.get(rows)
        if found is None:
            sizes = {name: (len(self._generators), rows, *self._shapes[name]) for name in self._keep}
            found = self._masks[rows] = {f"{name}.mask": torch.empty(size) for name, size in sizes.items()}
        return found
