"""Normalisation of each sample by itself, over groups of channels or single ones."""

from dataclasses import dataclass
from math import prod, sqrt
from typing import ClassVar

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.arithmetic.windows import NOUNS, spaced
from nnlab.core.formula import Exact, Formula, Spot, signed
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError

RULE = "y = γ (x − mean) / √(variance + ε) + β"


@LAYERS.register("GroupNorm")
@dataclass(frozen=True)
class GroupNorm(Layer):
    """Shifts and scales groups of channels of each sample so that their mean is 0 and their spread 1.

    Batch norm for small batches: no sample looks at another, and training and afterwards are the same.
    """

    title = "Group norm"
    category = "Normalisation"
    tier = 2
    formula = RULE
    fits = (((8, 4, 4),), ((16,),), ((8, 9),))

    num_groups: int = param(
        8, "Into how many groups the channels are divided; it must divide them.", low=1, high=65_536, label="Groups"
    )
    eps: float = param(
        1e-5, "Keeps the division from blowing up.", low=1e-12, high=1.0, log=True, label="Epsilon", advanced=True
    )
    affine: bool = param(True, "Learn a scale and a shift for each channel afterwards.", label="Scale and shift")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        (shape,) = shapes
        if not shape:
            raise ShapeError("needs channels to divide, and gets one number a sample: remove it")
        if shape[0] % self.num_groups:
            raise ShapeError(
                f"cannot divide {shape[0]} channels into {self.num_groups} groups: use a number that divides {shape[0]}"
            )
        return shape

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """A scale and a shift per channel."""
        size = (shapes[0][0],)
        return {"weight": size, "bias": size} if self.affine else {}

    def flops(self, *shapes: Shape) -> int:
        """Mean, variance, scale and shift: counted as eight per number."""
        return 8 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.GroupNorm."""
        return TorchCode("{self}({0})", module_call(self, self.num_groups, shapes[0][0], num_groups=None))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number against the mean and spread of its group in this sample."""
        each = len(spot.inputs[0]) // self.num_groups
        first = spot.place[0] // each * each
        return _explained(spot, spot.inputs[0][first : first + each], self.eps)

    def summary(self) -> str:
        """The groups."""
        return f"{self.num_groups} groups"


@dataclass(frozen=True)
class _InstanceNorm(Layer):
    """What the instance norms share; each says how many axes its samples have."""

    category = "Normalisation"
    tier = 2
    formula = RULE
    axes: ClassVar[int] = 2

    eps: float = param(
        1e-5, "Keeps the division from blowing up.", low=1e-12, high=1.0, log=True, label="Epsilon", advanced=True
    )
    momentum: float = param(
        0.1, "How fast the running mean and variance follow, if they are kept.", low=0.0, high=1.0, advanced=True
    )
    affine: bool = param(False, "Learn a scale and a shift for each channel afterwards.", label="Scale and shift")
    track_running_stats: bool = param(
        False,
        "Keep running means while training and use them afterwards; off, every sample is measured by itself.",
        label="Running statistics",
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged; there must be more than one number to measure."""
        _, sizes = spaced(shapes[0], self.axes)
        if prod(sizes) < 2:
            raise ShapeError(
                f"measures the spread within each channel, and each has a single number: put it where the "
                f"{NOUNS[self.axes]} is larger, or use Layer norm"
            )
        return shapes[0]

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """A scale and a shift per channel, if they are learned."""
        size = (shapes[0][0],)
        return {"weight": size, "bias": size} if self.affine else {}

    def flops(self, *shapes: Shape) -> int:
        """Mean, variance, scale and shift: counted as eight per number."""
        return 8 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's module of the same name."""
        return TorchCode("{self}({0})", module_call(self, shapes[0][0]))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number against the mean and spread of its channel in this sample."""
        if spot.batch is None and self.track_running_stats:
            return None
        return _explained(spot, spot.inputs[0][spot.place[0]], self.eps)

    def summary(self) -> str:
        """Whether scale and shift are learned."""
        return "scale and shift" if self.affine else ""


@LAYERS.register("InstanceNorm2d")
@dataclass(frozen=True)
class InstanceNorm2d(_InstanceNorm):
    """Shifts and scales each channel of each picture by itself, so that its mean is 0 and its spread 1.

    It takes away a picture's brightness and contrast: usual where a network changes the style of pictures.
    """

    title = "Instance norm 2-D"
    fits = (((3, 8, 8),), ((1, 5, 6),))


@LAYERS.register("InstanceNorm1d")
@dataclass(frozen=True)
class InstanceNorm1d(_InstanceNorm):
    """Shifts and scales each channel of each signal by itself, so that its mean is 0 and its spread 1."""

    title = "Instance norm 1-D"
    axes = 1
    fits = (((3, 16),), ((1, 9),))


@LAYERS.register("InstanceNorm3d")
@dataclass(frozen=True)
class InstanceNorm3d(_InstanceNorm):
    """Shifts and scales each channel of each volume by itself, so that its mean is 0 and its spread 1."""

    title = "Instance norm 3-D"
    axes = 3
    fits = (((2, 3, 4, 3),), ((1, 2, 2, 2),))


def _explained(spot: Spot, beside: Exact, eps: float) -> Formula:
    """The number against the mean and spread of those it is measured with."""
    whole, channel = np.asarray(beside, float), spot.place[0]
    x, mean, variance = float(spot.inputs[0][spot.place]), float(whole.mean()), float(whole.var())
    weight, bias = spot.parameters.get("weight"), spot.parameters.get("bias")
    scale = 1.0 if weight is None else float(weight[channel])
    shift = 0.0 if bias is None else float(bias[channel])
    top = f"({words.number(x)} − {signed(mean)})"
    line = f" = {words.number(scale)}·{top} / √({words.number(variance)} + ε) + {signed(shift)}"
    return spot.output_formula(RULE, line, scale * (x - mean) / sqrt(variance + eps) + shift)
