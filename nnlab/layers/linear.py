"""The fully connected layer."""

from dataclasses import dataclass
from math import prod

import numpy as np

from nnlab.core.formula import Formula, Spot, Term, index_text, over_samples, weighted_sum
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LAYERS.register("Linear")
@dataclass(frozen=True)
class Linear(Layer):
    """Every output is a weighted sum of all inputs, plus a bias.

    Also called a dense or fully connected layer. It works on the last axis: a row of n numbers becomes a row
    of `out_features` numbers. Several in a row without an activation between them are no better than one.
    """

    title = "Linear"
    category = "Core"
    formula = "yⱼ = Σᵢ wⱼᵢ xᵢ + bⱼ"

    out_features: int = param(8, "How many outputs (units).", low=1, high=65_536, label="Units")
    bias: bool = param(True, "Add a learned constant to every output.")

    def output_shape(self, *shapes: Shape) -> Shape:
        """The last axis becomes `out_features`."""
        (shape,) = shapes
        if not shape:
            raise ShapeError("needs at least one number per sample")
        return (*shape[:-1], self.out_features)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """One row of weights per output, and the biases."""
        weight = {"weight": (self.out_features, shapes[0][-1])}
        return {**weight, "bias": (self.out_features,)} if self.bias else {**weight}

    def flops(self, *shapes: Shape) -> int:
        """A multiply and an add per weight."""
        return 2 * prod(shapes[0]) * self.out_features

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Linear."""
        options = {} if self.bias else {"bias": False}
        return TorchCode.of_module("nn.Linear", shapes[0][-1], self.out_features, **options)

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The weighted sum of the inputs."""
        weight, bias = spot.parameters.get("weight"), spot.parameters.get("bias")
        if weight is None:
            return None
        row, inputs = weight[spot.place[-1]].tolist(), spot.inputs[0][spot.place[:-1]].tolist()
        terms = [Term(spot.unit_name(0, k), w, x) for k, (w, x) in enumerate(zip(row, inputs, strict=True))]
        return weighted_sum(
            "output", self.formula, spot.value, terms, None if bias is None else float(bias[spot.place[-1]])
        )

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """For a weight: the unit's gradient times the input, over all samples; back to an input: through its weights."""
        if spot.batch is None or spot.batch.gradient is None or spot.gradient is None:
            return ()
        found: list[Formula] = []
        unit, k = spot.chosen.get("weight", (spot.place[-1], 0))
        delta = np.asarray(spot.batch.gradient[..., unit], float)
        for name, at in spot.chosen.items():
            inputs = np.asarray(spot.batch.inputs[0][..., k], float) if name == "weight" else None
            rule = "∂L/∂wⱼᵢ = Σ δⱼ·xᵢ over the samples" if name == "weight" else "∂L/∂bⱼ = Σ δⱼ over the samples"
            title = f"∂L/∂{name}[{index_text(at)}]"
            found.append(over_samples(title, rule, float(spot.slopes[name][at]), delta, inputs))
        weight = spot.parameters["weight"]
        terms = [
            Term(f"unit {j + 1}", w, d)
            for j, (w, d) in enumerate(zip(weight[:, k].tolist(), spot.gradient[spot.place[:-1]].tolist(), strict=True))
        ]
        total = sum(t.product for t in terms)
        known = spot.arrived(0, (*spot.place[:-1], k))
        name = f"passed back to {spot.unit_name(0, k)}"
        rule = "∂L/∂xᵢ = Σⱼ wⱼᵢ·δⱼ"
        return (*found, weighted_sum(name, rule, total if known is None else known, terms))

    def summary(self) -> str:
        """Units, and whether there is a bias."""
        return f"{self.out_features} · bias" if self.bias else f"{self.out_features}"
