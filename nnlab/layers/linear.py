"""The fully connected layer."""

from dataclasses import dataclass
from math import prod

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

    def summary(self) -> str:
        """Units, and whether there is a bias."""
        return f"{self.out_features} · bias" if self.bias else f"{self.out_features}"
