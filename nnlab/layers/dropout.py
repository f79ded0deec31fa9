"""Dropout."""

from dataclasses import dataclass
from math import prod

from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param


@LAYERS.register("Dropout")
@dataclass(frozen=True)
class Dropout(Layer):
    """While training, makes a random share of the numbers 0, and the others larger to make up for it.

    No unit can rely on one other unit alone, which helps against overfitting. It does nothing once training is over.
    """

    title = "Dropout"
    category = "Regularisation"
    formula = "y = x · mask / (1 − p)"

    p: float = param(0.5, "Share of the numbers that are made 0.", low=0.0, high=1.0, label="Share dropped")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A mask and a scale per number."""
        return 2 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Dropout."""
        return TorchCode.of_module("nn.Dropout", self.p)

    def summary(self) -> str:
        """The share."""
        return f"{self.p:.3g}"
