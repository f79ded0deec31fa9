"""Layers whose form for many seeds is written out here, because torch's own rounds otherwise than a network alone."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nnlab.engine.many.products import SideBySideLinear

Dims = tuple[int | None, ...]


def put_side_by_side(network: nn.Module) -> None:
    """Exchange the layers of a network that have such a form."""
    for name, module in list(network.named_children()):
        if type(module) is nn.Linear:
            setattr(network, name, SideBySideLinear(module))
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.Conv2d)):
            vars(module)["forward"] = _Forward(module)


class _Forward:
    """Calls a module's own arithmetic seed by seed, within one vmap."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def __call__(self, x: Tensor) -> Tensor:
        module: Any = self._module
        if isinstance(module, nn.Conv2d):
            tensors: tuple[Tensor | None, ...] = (module.weight, module.bias)
        else:
            if module.training and module.num_batches_tracked is not None:
                module.num_batches_tracked.add_(1)
            tensors = (module.weight, module.bias, module.running_mean, module.running_var)
        made: Tensor = _SeedBySeed.apply(module, x, *tensors)  # type: ignore[no-untyped-call]
        return made


class _SeedBySeed(torch.autograd.Function):
    """One call for each seed: as one call, in groups, they would round otherwise, and convolutions be slower."""

    generate_vmap_rule = False

    @staticmethod
    def forward(module: nn.Module, *tensors: Any) -> Tensor:
        return _computed(module, *tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        raise NotImplementedError

    @staticmethod
    def vmap(info: Any, in_dims: Dims, module: nn.Module, *tensors: Any) -> tuple[Tensor, int]:
        seeds = info.batch_size
        own = [
            [None] * seeds if tensor is None else _first(tensor, dim, seeds).unbind(0)
            for tensor, dim in zip(tensors, in_dims[1:], strict=True)
        ]
        return torch.stack([_computed(module, *one) for one in zip(*own, strict=True)]), 0


def _computed(module: Any, x: Tensor, weight: Tensor, bias: Tensor | None, *measured: Tensor | None) -> Tensor:
    if isinstance(module, nn.Conv2d):
        return module._conv_forward(x, weight, bias)  # type: ignore[no-any-return]
    mean, variance = measured
    measures = module.training or mean is None
    return functional.batch_norm(x, mean, variance, weight, bias, measures, module.momentum, module.eps)


def _first(tensor: Tensor, dim: int | None, seeds: int) -> Tensor:
    """With the seeds on the first axis."""
    return tensor.expand(seeds, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
