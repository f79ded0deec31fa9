"""Batch normalisation."""

from dataclasses import dataclass
from math import prod

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.windows import spaced
from nnlab.core.formula import Exact, Formula, Spot, index_text, over_samples, signed
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError


@dataclass(frozen=True)
class _BatchNorm(Layer):
    """What the batch norms share; each says which tensors are its own."""

    category = "Normalisation"
    formula = "y = γ (x − mean) / √(variance + ε) + β"

    eps: float = param(
        1e-5, "Keeps the division from blowing up.", low=1e-12, high=1.0, log=True, label="Epsilon", advanced=True
    )
    momentum: float = param(
        0.1, "How fast the running mean and variance follow the batches.", low=0.0, high=1.0, advanced=True
    )
    affine: bool = param(
        True, "Learn a scale and a shift for each unit or channel afterwards.", label="Scale and shift"
    )
    track_running_stats: bool = param(
        True,
        "Keep running means while training and use them afterwards; off, every batch is measured by itself.",
        label="Running statistics",
        advanced=True,
    )

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """A scale and a shift per unit or channel."""
        size = (shapes[0][0],)
        return {"weight": size, "bias": size} if self.affine else {}

    def flops(self, *shapes: Shape) -> int:
        """Mean, variance, scale and shift: counted as eight per number, as when training."""
        return 8 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The torch module of the same name."""
        options = {
            "eps": (self.eps, 1e-5),
            "momentum": (self.momentum, 0.1),
            "affine": (self.affine, True),
            "track_running_stats": (self.track_running_stats, True),
        }
        chosen = {name: value for name, (value, default) in options.items() if value != default}
        return TorchCode.of_module(f"nn.{LAYERS.id_of(self)}", shapes[0][0], **chosen)

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number against the mean and spread of its channel in this batch; after training these are running ones."""
        if spot.batch is None:
            return None
        whole, channel = self._channel(spot), spot.place[0]
        x, mean, variance = float(spot.inputs[0][spot.place]), float(whole.mean()), float(whole.var())
        scale, shift = self._learned(spot, channel)
        computed = scale * (x - mean) / (variance + self.eps) ** 0.5 + shift
        shown = [words.number(scale), f"({words.number(x)} − {signed(mean)})", f"√({words.number(variance)} + ε)"]
        line = f" = {shown[0]}·{shown[1]} / {shown[2]} + {signed(shift)}"
        many = words.count(whole.size)
        return spot.output_formula(
            self.formula, line, computed, notes=(f"Mean and variance are of the {many} numbers of this batch.",)
        )

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """For scale and shift over the batch; back: the gradient without what the mean and the spread took of it."""
        if spot.batch is None or spot.batch.gradient is None:
            return ()
        whole, channel = self._channel(spot), spot.place[0]
        spread = float((whole.var() + self.eps) ** 0.5)
        normal, delta = (whole - whole.mean()) / spread, np.asarray(spot.batch.gradient[:, channel], float)
        found: list[Formula] = []
        for name, at in spot.chosen.items():
            factors = delta * normal if name == "weight" else delta
            rule = "∂L/∂γ = Σ δ·x′ over the batch" if name == "weight" else "∂L/∂β = Σ δ over the batch"
            found.append(over_samples(f"∂L/∂{name}[{index_text(at)}]", rule, float(spot.slopes[name][at]), factors))
        scale, _ = self._learned(spot, channel)
        mine = float(((spot.inputs[0][spot.place]) - whole.mean()) / spread)
        means = float(delta.mean()), float((delta * normal).mean())
        computed = scale / spread * (spot.delta - means[0] - mine * means[1])
        parts = f"({words.number(spot.delta)} − {signed(means[0])} − {signed(mine)}·{signed(means[1])})"
        line = f" = {words.number(scale)} / {words.number(spread)}·{parts}"
        rule = "∂L/∂x = γ/√(variance + ε)·(δ − mean δ − x′·mean(δ·x′)), where x′ = (x − mean) / √(variance + ε)"
        return (*found, spot.passes(rule, line, computed))

    def _channel(self, spot: Spot) -> Exact:
        """All numbers of the batch that this channel's mean is taken of."""
        assert spot.batch is not None
        return np.asarray(spot.batch.inputs[0][:, spot.place[0]], float)

    def _learned(self, spot: Spot, channel: int) -> tuple[float, float]:
        if not self.affine:
            return 1.0, 0.0
        return float(spot.parameters["weight"][channel]), float(spot.parameters["bias"][channel])

    def summary(self) -> str:
        """Whether scale and shift are learned."""
        return "" if self.affine else "no scale and shift"


@LAYERS.register("BatchNorm1d")
@dataclass(frozen=True)
class BatchNorm1d(_BatchNorm):
    """Shifts and scales each unit so that over a batch its mean is 0 and its spread 1.

    Layers after it always see numbers of the same size, so they learn faster and bear higher learning rates. A
    batch must have at least two samples. For rows of numbers; pictures take Batch norm 2-D.
    """

    title = "Batch norm 1-D"

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        (shape,) = shapes
        if len(shape) == 3:
            raise ShapeError(f"is for rows, and gets pictures ({shape_text(shape)}): put Batch norm 2-D in its place")
        if len(shape) not in (1, 2):
            raise ShapeError(f"is for rows of numbers, and gets {shape_text(shape)}: put a Flatten before it")
        return shape


@LAYERS.register("BatchNorm2d")
@dataclass(frozen=True)
class BatchNorm2d(_BatchNorm):
    """Shifts and scales each channel so that over a batch of pictures its mean is 0 and its spread 1.

    Usual after a convolution: layers after it always see numbers of the same size, so they learn faster. For
    pictures; rows of numbers take Batch norm 1-D.
    """

    title = "Batch norm 2-D"

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        (shape,) = shapes
        if len(shape) in (1, 2):
            raise ShapeError(f"is for pictures, and gets rows ({shape_text(shape)}): put Batch norm 1-D in its place")
        if len(shape) != 3:
            raise ShapeError(f"is for pictures (N × channels × height × width), and gets {shape_text(shape)}")
        return shape


@LAYERS.register("BatchNorm3d")
@dataclass(frozen=True)
class BatchNorm3d(_BatchNorm):
    """Shifts and scales each channel so that over a batch of volumes or films its mean is 0 and its spread 1.

    Usual after Conv 3-D: layers after it always see numbers of the same size, so they learn faster.
    """

    title = "Batch norm 3-D"
    tier = 2
    fits = (((2, 3, 4, 3),), ((1, 2, 2, 2),))

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        spaced(shapes[0], 3)
        return shapes[0]
