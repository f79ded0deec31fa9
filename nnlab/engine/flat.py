"""All parameters of a network in one piece of memory, so that one operation moves every weight."""

from collections.abc import Sequence

import torch
from torch import Tensor

ALIGNMENT = 16  # numbers; every parameter begins at a multiple of 64 bytes, as torch's own tensors do


class Flat:
    """Parameters and their gradients as two long tensors; each parameter is a view of the first.

    The gaps that alignment leaves hold zeros, and every update rule keeps them so.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self.parameters = list(parameters)
        begins, size = [], 0
        for parameter in self.parameters:
            begins.append(size)
            size += -(-parameter.numel() // ALIGNMENT) * ALIGNMENT
        self.values = torch.zeros(size, dtype=parameters[0].dtype, device=parameters[0].device)
        self.gradient = torch.zeros_like(self.values)
        self._begins = begins
        self.gradients = self.views(self.gradient)
        """The gradient of each parameter, as views."""
        for parameter, view in zip(self.parameters, self.views(self.values), strict=True):
            view.copy_(parameter.data)
            parameter.data = view

    def views(self, values: Tensor) -> list[Tensor]:
        """These values, laid out as the parameters are, as one view for each of them."""
        found = []
        for begin, parameter in zip(self._begins, self.parameters, strict=True):
            found.append(values.as_strided(parameter.shape, dense_stride(parameter), values.storage_offset() + begin))
        return found

    def put_gradients(self, gradients: Sequence[Tensor]) -> Tensor:
        """These gradients, one for each parameter, in their place; the long tensor."""
        torch._foreach_copy_(self.gradients, list(gradients))
        return self.gradient


def dense_stride(tensor: Tensor) -> tuple[int, ...]:
    """The strides of a copy that leaves nothing out and keeps the order of the axes in memory."""
    order = sorted(range(tensor.dim()), key=lambda axis: (tensor.stride(axis), -axis))
    strides, size = [0] * tensor.dim(), 1
    for axis in order:
        strides[axis] = size
        size *= tensor.shape[axis]
    return tuple(strides)
