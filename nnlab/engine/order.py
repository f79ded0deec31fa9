"""Which samples each batch has: one permutation an epoch, cut into slices."""

from collections.abc import Iterable

import torch
from torch import Tensor

Batch = tuple[Tensor, Tensor]

ALIGNMENT = 64  # bytes; torch begins every tensor of its own at a multiple of this


class Order:
    """Shuffles one part of the data again for every epoch, from one generator with the run's seed."""

    def __init__(self, data: Batch, size: int, batches: int, seed: int) -> None:
        self._x, self._y = data
        self._size = size
        self._count = batches
        self._generator = torch.Generator().manual_seed(seed)
        self._batches: list[Batch] = []
        self._targets: Tensor = self._y[:0]
        self.state: Tensor = self._generator.get_state()
        """The generator at the beginning of the present epoch."""

    def batch(self, position: int) -> Batch:
        """The batch at this place of the present epoch."""
        if not self._batches:
            self._begin()
        return self._batches[position]

    def seen(self, count: int) -> Tensor:
        """The targets of the first `count` samples of the present epoch."""
        return self._targets[:count]

    def end(self) -> None:
        """The epoch is over; the next batch begins another."""
        self._batches = []
        self.state = self._generator.get_state()

    def restore(self, state: Tensor) -> None:
        """Be at the beginning of the epoch that `state` was read in."""
        self._generator.set_state(state)
        self._batches = []
        self.state = state

    def _begin(self) -> None:
        order = torch.randperm(len(self._x), generator=self._generator).to(self._x.device)
        self._targets = self._y[order]
        batches = zip(_cut(self._x, order, self._size), _cut(self._y, order, self._size), strict=True)
        self._batches = list(batches)[: self._count]


def _cut(data: Tensor, order: Tensor, size: int) -> Iterable[Tensor]:
    """The batches of an epoch, the same to the bit as `data[rows]` for the rows of each.

    How matrix products round depends on where numbers lie in memory, so slices that would begin at odd places are
    gathered one by one; all others at once, which is faster.
    """
    row = data[:1].numel() * data.element_size()
    if size * row % ALIGNMENT == 0:
        return torch.split(data[order], size)
    return [data[rows] for rows in order.split(size)]
