"""Linear layers of many seeds as one product that rounds as each seed's own would.

Which way of summing a matrix product takes depends on its size and on the machine, and networks that learn fast turn
the last bit of a sum into another result. So each shape is tried out once, on random numbers: the first of a few ways
that agrees with every seed's own product to the bit is taken, and a product per seed where none does.
"""

from collections.abc import Callable
from functools import lru_cache
from math import ceil
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Product = Callable[[Tensor, Tensor], Tensor]
"""(seeds, n, k) times (seeds, k, m)."""

WHOLE = 400  # multiplications from which torch gives batched products to its fast library
TRIALS = 2


class SideBySideLinear(nn.Module):
    """Stands where a Linear stood; inside vmap it is one product for all seeds."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = linear.weight
        self.register_parameter("bias", linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Weighted sums, plus a bias if there is one."""
        products = self.products(x, self.weight)
        return products if self.bias is None else products + self.bias

    @staticmethod
    def products(x: Tensor, weight: Tensor) -> Tensor:
        """The weighted sums alone."""
        made: Tensor = _OfOneSeed.apply(x, weight)  # type: ignore[no-untyped-call]
        return made


class _OfOneSeed(torch.autograd.Function):
    """x · Wᵀ for one seed, with a rule of its own for many."""

    generate_vmap_rule = False

    @staticmethod
    def forward(x: Tensor, weight: Tensor) -> Tensor:
        return functional.linear(x, weight)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        (slope,) = slopes
        rows = slope.reshape(-1, slope.shape[-1])
        return slope @ weight, rows.T @ x.reshape(-1, x.shape[-1])

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, int | None], x: Tensor, weight: Tensor) -> tuple[Tensor, int]:
        seeds = info.batch_size
        x = x.expand(seeds, *x.shape) if in_dims[0] is None else x.movedim(in_dims[0], 0)
        weight = weight.expand(seeds, *weight.shape) if in_dims[1] is None else weight.movedim(in_dims[1], 0)
        flat = x.reshape(seeds, -1, x.shape[-1])
        made: Tensor = _OfAllSeeds.apply(flat, weight)  # type: ignore[no-untyped-call]
        return made.reshape(*x.shape[:-1], weight.shape[1]), 0


class _OfAllSeeds(torch.autograd.Function):
    """The same for (seeds, rows, inputs) and (seeds, outputs, inputs)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _way("forward", x, weight)(x, weight.transpose(1, 2))

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, Tensor]:
        x, weight = ctx.saved_tensors
        (slope,) = slopes
        to_weight = _way("weight", x, weight)(slope.transpose(1, 2), x)
        if not ctx.needs_input_grad[0]:
            return None, to_weight
        return _way("input", x, weight)(slope, weight), to_weight


# ------------------------------------------------------------------- ways to multiply


def _plain(a: Tensor, b: Tensor) -> Tensor:
    return torch.bmm(a, b)


def _turned(a: Tensor, b: Tensor) -> Tensor:
    return torch.bmm(b.transpose(1, 2), a.transpose(1, 2)).transpose(1, 2)


def _taller(a: Tensor, b: Tensor) -> Tensor:
    """With rows of zeros, so that there is enough to do."""
    rows = a.shape[1]
    wanted = max(rows, ceil(WHOLE / (b.shape[1] * b.shape[2])))
    return torch.bmm(functional.pad(a, (0, 0, 0, wanted - rows)), b)[:, :rows]


def _wider(a: Tensor, b: Tensor) -> Tensor:
    """With columns of zeros."""
    columns = b.shape[2]
    wanted = max(columns, ceil(WHOLE / (a.shape[1] * a.shape[2])))
    turned = functional.pad(b.transpose(1, 2), (0, 0, 0, wanted - columns))
    return torch.bmm(a, turned.transpose(1, 2))[:, :, :columns]


def _summed(a: Tensor, b: Tensor) -> Tensor:
    return (a.unsqueeze(2) * b.transpose(1, 2).unsqueeze(1)).sum(-1)


def _each(a: Tensor, b: Tensor) -> Tensor:
    """Every seed for itself: slower, and right by definition."""
    return torch.stack([x @ y for x, y in zip(a, b, strict=True)])


WAYS: tuple[Product, ...] = (_plain, _taller, _wider, _turned, _summed)


def _way(what: str, x: Tensor, weight: Tensor) -> Product:
    if x.device.type != "cpu":
        return _plain
    return _tried(what, x.shape[0], x.shape[1], weight.shape[2], weight.shape[1], torch.get_num_threads())


@lru_cache(maxsize=512)
def _tried(what: str, seeds: int, rows: int, inputs: int, outputs: int, threads: int) -> Product:
    """The first way that agrees to the bit with what each seed alone computes."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        trials = [_trial(what, seeds, rows, inputs, outputs, generator) for _ in range(TRIALS)]
    for way in WAYS:
        if all(torch.equal(way(a, b), own) for a, b, own in trials):
            return way
    return _each


def _trial(
    what: str, seeds: int, rows: int, inputs: int, outputs: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Two random factors, and the product of each seed as torch computes it for a Linear alone."""
    x, weight, slope = (
        torch.randn(seeds, *size, generator=generator) for size in ((rows, inputs), (outputs, inputs), (rows, outputs))
    )
    if what == "forward":
        own = [functional.linear(a, b) for a, b in zip(x, weight, strict=True)]
        return x, weight.transpose(1, 2), torch.stack(own)
    if what == "weight":
        return slope.transpose(1, 2), x, torch.stack([a.T @ b for a, b in zip(slope, x, strict=True)])
    return slope, weight, torch.stack([a @ b for a, b in zip(slope, weight, strict=True)])
