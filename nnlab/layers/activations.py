"""The activation functions."""

from dataclasses import dataclass

from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode


@LAYERS.register("Tanh")
@dataclass(frozen=True)
class Tanh(Layer):
    """Squeezes every number into the range from -1 to 1."""

    title = "Tanh"
    category = "Activation"
    formula = "y = tanh(x)"

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Tanh."""
        return TorchCode.of_module("nn.Tanh")
