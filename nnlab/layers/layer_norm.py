"""Normalisation of each sample by itself, over its last axes."""

from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.formula import Exact, Formula, Spot, signed
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError


def _axes() -> Any:
    return param(
        1,
        "How many of the last axes are measured together: 1 for rows of numbers, 3 for whole pictures.",
        low=1,
        high=8,
        label="Axes",
    )


def _last(shape: Shape, axes: int) -> Shape:
    """The sizes of the last axes; ShapeError if there are not so many."""
    if axes > len(shape):
        raise ShapeError(
            f"measures {axes} axes together, and gets only {len(shape)} after the batch: lower that number"
        )
    return shape[-axes:]


@LAYERS.register("LayerNorm")
@dataclass(frozen=True)
class LayerNorm(Layer):
    """Shifts and scales the numbers of each sample so that their mean is 0 and their spread 1.

    It needs no batch and does the same in training and afterwards; usual in transformers and recurrent networks.
    """

    title = "Layer norm"
    category = "Normalisation"
    tier = 2
    formula = "y = γ (x − mean) / √(variance + ε) + β"

    normalized_shape: int = _axes()
    eps: float = param(
        1e-5, "Keeps the division from blowing up.", low=1e-12, high=1.0, log=True, label="Epsilon", advanced=True
    )
    elementwise_affine: bool = param(True, "Learn a scale for each number afterwards.", label="Scale")
    bias: bool = param(True, "Learn a shift for each number as well, if there is a scale.", label="Shift")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        _last(shapes[0], self.normalized_shape)
        return shapes[0]

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """A scale and a shift for each number that is measured together."""
        size = _last(shapes[0], self.normalized_shape)
        if not self.elementwise_affine:
            return {}
        return {"weight": size, "bias": size} if self.bias else {"weight": size}

    def flops(self, *shapes: Shape) -> int:
        """Mean, variance, scale and shift: counted as eight per number."""
        return 8 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.LayerNorm."""
        return TorchCode(
            "{self}({0})", module_call(self, _given(shapes[0], self.normalized_shape), normalized_shape=None)
        )

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number against the mean and spread of those beside it."""
        lane = _lane(spot, self.normalized_shape)
        x, mean, variance = float(spot.inputs[0][spot.place]), float(lane.mean()), float(lane.var())
        scale, shift = (
            _learned(spot, "weight", self.normalized_shape, 1.0),
            _learned(spot, "bias", self.normalized_shape, 0.0),
        )
        top = f"({words.number(x)} − {signed(mean)})"
        line = f" = {words.number(scale)}·{top} / √({words.number(variance)} + ε) + {signed(shift)}"
        return spot.output_formula(self.formula, line, scale * (x - mean) / sqrt(variance + self.eps) + shift)

    def summary(self) -> str:
        """How many axes, where that is not one."""
        return "" if self.normalized_shape == 1 else f"last {self.normalized_shape} axes"


@LAYERS.register("RMSNorm")
@dataclass(frozen=True)
class RMSNorm(Layer):
    """Scales the numbers of each sample so that their size is 1 on average; the mean is left as it is.

    A cheaper layer norm, usual in large language models.
    """

    title = "RMS norm"
    category = "Normalisation"
    tier = 2
    formula = "y = γ x / √(mean of x² + ε)"

    normalized_shape: int = _axes()
    eps: float | None = param(
        None,
        "Keeps the division from blowing up; left empty, the smallest step between two numbers near 1.",
        kind="float",
        low=1e-12,
        high=1.0,
        log=True,
        label="Epsilon",
        advanced=True,
        optional=True,
    )
    elementwise_affine: bool = param(True, "Learn a scale for each number afterwards.", label="Scale")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        _last(shapes[0], self.normalized_shape)
        return shapes[0]

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """A scale for each number that is measured together."""
        size = _last(shapes[0], self.normalized_shape)
        return {"weight": size} if self.elementwise_affine else {}

    def flops(self, *shapes: Shape) -> int:
        """A square, a sum, and two products per number."""
        return 4 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.RMSNorm."""
        return TorchCode(
            "{self}({0})", module_call(self, _given(shapes[0], self.normalized_shape), normalized_shape=None)
        )

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number against the size of those beside it."""
        square = float((_lane(spot, self.normalized_shape) ** 2).mean())
        x, scale = float(spot.inputs[0][spot.place]), _learned(spot, "weight", self.normalized_shape, 1.0)
        eps = float(np.finfo(np.float32).eps) if self.eps is None else self.eps
        line = f" = {words.number(scale)}·{signed(x)} / √({words.number(square)} + ε)"
        return spot.output_formula(self.formula, line, scale * x / sqrt(square + eps))

    def summary(self) -> str:
        """How many axes, where that is not one."""
        return "" if self.normalized_shape == 1 else f"last {self.normalized_shape} axes"


def _given(shape: Shape, axes: int) -> int | Shape:
    """The sizes as torch is given them: one number where it is one axis."""
    sizes = (*(1,) * (axes - len(shape)), *shape[-axes:])
    return sizes[0] if len(sizes) == 1 else sizes


def _lane(spot: Spot, axes: int) -> Exact:
    """The numbers that are measured together with this one."""
    return np.asarray(spot.inputs[0][spot.place[:-axes]], float)


def _learned(spot: Spot, name: str, axes: int, without: float) -> float:
    found = spot.parameters.get(name)
    return without if found is None else float(found[spot.place[-axes:]])
