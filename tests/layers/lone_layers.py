"""A layer by itself, as its printed code makes it: for tests that compare it with torch or with a formula."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nnlab.core.layer import LAYERS, MISSING, Layer, PortKind, Shape, TorchCode

SAMPLES = 3
WORDS = 4  # whole numbers that are put in are below this, so that any vocabulary knows them


class Lone(nn.Module):
    """One layer: its module is `inside`, and its answer has one tensor for each output port."""

    def __init__(self, layer: Layer, *shapes: Shape) -> None:
        super().__init__()
        self.code: TorchCode = layer.torch_code(*shapes)
        self.names: dict[str, Any] = {"torch": torch, "nn": nn, "F": nn.functional, "math": math}
        for support in self.code.support:
            exec(support.text, self.names)
            assert support.name in self.names
        self.inside = None if self.code.module is None else eval(self.code.module.source(), self.names)

    def forward(self, *tensors: Tensor | None) -> tuple[Tensor, ...]:
        """What leaves by each output port; None where an optional input has no wire."""
        wires: Mapping[str, Any] = {f"x{k}": tensor for k, tensor in enumerate(tensors)}
        names = {**self.names, **wires, "inside": self.inside}
        names["answer"] = eval(self.code.forward.format(*wires, self="inside"), names)
        return tuple(eval(result.format(r="answer"), names) for result in self.code.results)


def lone(id_: str, *shapes: Shape, **settings: Any) -> Lone:
    """The layer of that id for inputs of these shapes, in its state while training."""
    layer = LAYERS[id_](**settings)
    layer.output_shapes(*shapes)  # refuses what does not fit
    return Lone(layer, *shapes)


def example(kind: PortKind, shape: Shape, samples: int = SAMPLES) -> Tensor:
    """Numbers of a kind for a port: nothing is wholly masked, and a last edge is none at all."""
    if kind == "i":
        return torch.randint(0, WORDS, (samples, *shape))
    if kind == "m":
        mask = torch.rand(samples, *shape) < 0.4
        mask[..., 0] = False
        return mask
    if kind == "e":
        edges = torch.randint(0, 1, (samples, *shape))  # any graph has a first node
        edges[..., -1] = -1
        return edges
    return torch.randn(samples, *shape)


def examples(layer: Layer, shapes: tuple[Shape, ...], samples: int = SAMPLES) -> list[Tensor | None]:
    """Numbers for every port that has a wire."""
    pairs = zip(layer.inputs, shapes, strict=True)
    return [None if shape == MISSING else example(port.kind, shape, samples) for port, shape in pairs]
