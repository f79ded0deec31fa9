"""The activation functions."""

from dataclasses import dataclass
from math import prod

from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LAYERS.register("ReLU")
@dataclass(frozen=True)
class ReLU(Layer):
    """Lets positive numbers through and makes negative ones 0.

    The usual choice between two layers: simple, fast, and its slope never fades for positive numbers. A unit
    that is negative for every sample puts out 0 for ever and no longer learns: it is dead.
    """

    title = "ReLU"
    category = "Activation"
    formula = "y = max(0, x)"

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """One comparison per number."""
        return prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.relu."""
        return TorchCode("torch.relu({0})")


@LAYERS.register("Sigmoid")
@dataclass(frozen=True)
class Sigmoid(Layer):
    """Squeezes every number into the range from 0 to 1, so that it can be read as a probability.

    Far from 0 it is almost flat, so many in a row learn slowly. Right before the Output it makes each number a
    probability of its own.
    """

    title = "Sigmoid"
    category = "Activation"
    formula = "y = 1 / (1 + e⁻ˣ)"

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A sign, an exponential, a sum and a division per number."""
        return 4 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.sigmoid."""
        return TorchCode("torch.sigmoid({0})")


@LAYERS.register("Tanh")
@dataclass(frozen=True)
class Tanh(Layer):
    """Squeezes every number into the range from -1 to 1.

    Like Sigmoid, but around 0, which lets the next layer learn more easily. It draws smooth boundaries.
    """

    title = "Tanh"
    category = "Activation"
    formula = "y = tanh(x)"

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """Counted as two exponentials, a difference, a sum and a division per number."""
        return 5 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.tanh."""
        return TorchCode("torch.tanh({0})")


@LAYERS.register("Softmax")
@dataclass(frozen=True)
class Softmax(Layer):
    """Turns scores into probabilities that add up to 1: the larger the score, the larger its share.

    Not needed before the Output, because cross-entropy does it there; drawn there, it is used as it is.
    """

    title = "Softmax"
    category = "Activation"
    formula = "yⱼ = exp(xⱼ) / Σₖ exp(xₖ)"

    dim: int = param(
        1, "The axis whose numbers add up to 1; 1 is the first after the batch, -1 the last.", low=-8, high=8
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        (shape,) = shapes
        axes = len(shape) + 1  # the batch is axis 0
        if self.dim % axes == 0 and -axes <= self.dim < axes:
            raise ShapeError("would share out between the samples of a batch: axis 0 is the batch, use 1")
        if not -axes <= self.dim < axes:
            raise ShapeError(f"has no axis {self.dim}: there are only {len(shape)} after the batch; use 1 or -1")
        return shape

    def flops(self, *shapes: Shape) -> int:
        """The largest taken off, an exponential, a sum and a division per number."""
        return 5 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.softmax."""
        return TorchCode(f"torch.softmax({{0}}, dim={self.dim})")

    def summary(self) -> str:
        """The axis, where it is not the first."""
        return "" if self.dim == 1 else f"axis {self.dim}"
