"""Which samples each batch has: one permutation an epoch, cut into slices."""

import math

import torch
from torch import Tensor

Batch = tuple[Tensor, Tensor]

ALIGNMENT = 64  # bytes; torch begins every tensor of its own at a multiple of this


class Order:
    """Shuffles one part of the data again for every epoch, from one generator with the run's seed."""

    def __init__(self, data: Batch, size: int, seed: int, axes: tuple[int, ...] = ()) -> None:
        self._x, self._y = data
        self._size = size
        self._axes = axes
        self.generator = torch.Generator().manual_seed(seed)
        self._stride = padded(size, data)
        self.epoch: list[Tensor] = []
        """Inputs, targets and permutation of the present epoch, batches at every `stride` rows; empty before it begins."""
        self.state: Tensor = self.generator.get_state()
        """The generator at the beginning of the present epoch."""

    def batch(self, position: int) -> Batch:
        """The batch at this place of the present epoch."""
        if not self.epoch:
            self._begin()
        x, y, order = self.epoch
        begin = position * self._stride
        rows = min(self._size, len(order) - position * self._size)
        x, y = x.narrow(0, begin, rows), y.narrow(0, begin, rows)
        batch = (x.permute(self._axes) if self._axes else x), y
        if x.is_inference():  # the captured engine began this epoch: autograd takes only a copy of what it made
            return batch[0].clone(), batch[1].clone()
        return batch

    def seen(self, count: int) -> Tensor:
        """The targets of the first `count` samples of the present epoch."""
        return self._y.index_select(0, self.epoch[2][:count])

    def end(self) -> None:
        """The epoch is over; the next batch begins another."""
        self.epoch = []
        self.state = self.generator.get_state()

    def restore(self, state: Tensor) -> None:
        """Be at the beginning of the epoch that `state` was read in."""
        self.generator.set_state(state)
        self.epoch = []
        self.state = state

    def went_on(self, epochs: int, epoch: list[Tensor]) -> None:
        """Somebody else drew from the generator: so many epochs ended, and `epoch` is under way (or none is)."""
        if epoch:
            generator = torch.Generator()
            generator.set_state(self.state)
            for _ in range(epochs):
                torch.randperm(len(self._x), generator=generator)
            self.state = generator.get_state()
        else:
            self.state = self.generator.get_state()
        self.epoch = epoch

    def _begin(self) -> None:
        order = torch.randperm(len(self._x), generator=self.generator).to(self._x.device)
        rows = spread(order, self._size, self._stride)
        self.epoch = [self._x.index_select(0, rows), self._y.index_select(0, rows), order]


def padded(size: int, data: Batch) -> int:
    """How many rows apart batches begin, so that each begins where a tensor of its own would.

    How matrix products round depends on where numbers lie in memory: this keeps every batch the same to the bit as
    `data[rows]`, and one copy an epoch is faster than one a batch.
    """
    least = 1
    for part in data:
        row = part[:1].numel() * part.element_size()
        least = math.lcm(least, ALIGNMENT // math.gcd(ALIGNMENT, row) if row else 1)
    return -(-size // least) * least


def spread(order: Tensor, size: int, stride: int) -> Tensor:
    """The rows of each batch of `size`, every `stride` places, with row 0 in the gaps."""
    whole = len(order) // size * size
    if stride == size or whole == 0:
        return order
    filled = torch.constant_pad_nd(order[:whole].view(-1, size), [0, stride - size])
    return torch.cat([filled.view(-1), order[whole:]])
