"""Numbers chosen by whole numbers, and whole numbers made into numbers to compute with."""

from dataclasses import dataclass
from math import prod

from nnlab.core.arithmetic.axes import AXIS_LIMIT, SIZE_LIMIT, axis
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

CHOSEN = (Port("in"), Port("index", "i"))


@LAYERS.register("Gather")
@dataclass(frozen=True)
class Gather(Layer):
    """Takes one number for each index: the score of the move that was made, the value at a place that was named.

    The index has as many axes as the input. Along the chosen axis it names places from 0; numbers beyond the ends
    mean the first or last place.
    """

    title = "Gather"
    category = "Merge and reshape"
    tier = 3
    formula = "y[k] = x[index[k]]"
    inputs = CHOSEN
    fits = (((5,), (3,)), ((4, 6), (2, 6)), ((3, 4, 4), (1, 4, 4)))

    dim: int = param(
        1, "Along which axis the index names places; 1 is the first after the batch.", low=-AXIS_LIMIT, high=AXIS_LIMIT
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """As many numbers as indices."""
        shape, index = shapes
        at = axis(self.dim, shape)
        if len(shape) != len(index) or any(n > m for k, (n, m) in enumerate(zip(index, shape, strict=True)) if k != at):
            raise ShapeError(
                f"takes numbers from {shape_text(shape)} by an index of {shape_text(index)}: it needs as many axes, "
                f"and none larger but axis {self.dim}; use Index select to take whole rows"
            )
        return index

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.gather, the places kept within the axis."""
        last = shapes[0][axis(self.dim, shapes[0])] - 1
        return TorchCode(f"torch.gather({{0}}, {self.dim}, {{1}}.clamp(0, {last}))")

    def summary(self) -> str:
        """The axis."""
        return f"axis {self.dim}"


@LAYERS.register("IndexSelect")
@dataclass(frozen=True)
class IndexSelect(Layer):
    """Takes whole rows by their numbers: the words that were pointed at, the nodes that belong to a pair.

    Every sample has its own indices, counted from 0; numbers beyond the ends mean the first or last row.
    """

    title = "Index select"
    category = "Merge and reshape"
    tier = 3
    formula = "y[k, …] = x[index[k], …]"
    inputs = CHOSEN
    fits = (((5, 3), (2,)), ((4, 6), (9,)), ((3, 4, 4), (1,)))

    dim: int = param(
        1, "Along which axis the index names places; 1 is the first after the batch.", low=-AXIS_LIMIT, high=AXIS_LIMIT
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Along the axis, as many as indices."""
        shape, index = shapes
        at = axis(self.dim, shape)
        if len(index) != 1:
            raise ShapeError(
                f"needs a row of indices for each sample (N × count), and gets {shape_text(index)}: "
                "use Gather for an index with more axes, or put a Flatten before it"
            )
        return (*shape[:at], index[0], *shape[at + 1 :])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.take_along_dim with the index spread over the other axes."""
        shape = shapes[0]
        at = axis(self.dim, shape)
        spread = ", ".join("-1" if k == at else "1" for k in range(len(shape)))
        index = f"{{1}}.clamp(0, {shape[at] - 1})"
        index += f".reshape({{1}}.shape[0], {spread})" if len(shape) > 1 else ""
        return TorchCode(f"torch.take_along_dim({{0}}, {index}, {at + 1})")

    def summary(self) -> str:
        """The axis."""
        return f"axis {self.dim}"


@LAYERS.register("OneHot")
@dataclass(frozen=True)
class OneHot(Layer):
    """Writes each whole number as a row of zeros with a single 1, in the place that it names.

    So a network can compute with classes or letters that have no order. Numbers without a place, such as a padding
    of -1, become zeros alone. An Embedding learns such rows instead.
    """

    title = "One-hot"
    category = "Merge and reshape"
    tier = 3
    formula = "y[k] = 1 if k = x, else 0"
    inputs = (Port("in", "i"),)
    fits = (((5,),), ((1,),), ((3, 4),))

    num_classes: int = param(10, "How many places each row has.", low=1, high=SIZE_LIMIT, label="Classes")

    def output_shape(self, *shapes: Shape) -> Shape:
        """With an axis more."""
        return (*shapes[0], self.num_classes)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A comparison with 0, 1, 2, …, which leaves numbers without a place at zero."""
        return TorchCode(f"({{0}}.unsqueeze(-1) == torch.arange({self.num_classes}, device={{0}}.device)).float()")

    def summary(self) -> str:
        """The places."""
        return str(self.num_classes)


@LAYERS.register("ArgMax")
@dataclass(frozen=True)
class ArgMax(Layer):
    """Says where the largest number stands, counted from 0: the class with the highest score.

    Careful: no gradient passes through it, since a place does not move a little. Layers before it learn nothing
    by this way; use it beside the way to the answer, or in a network that is not trained.
    """

    title = "Arg-max (no gradient)"
    category = "Merge and reshape"
    tier = 3
    formula = "y = place of the largest x"
    outputs = (Port("out", "i"),)

    dim: int = param(
        -1, "Along which axis; 1 is the first after the batch, -1 the last.", low=-AXIS_LIMIT, high=AXIS_LIMIT
    )
    keepdim: bool = param(False, "Keep the axis, with a size of 1.", label="Keep the axis")

    def output_shape(self, *shapes: Shape) -> Shape:
        """The axis goes, or becomes 1."""
        (shape,) = shapes
        at = axis(self.dim, shape)
        return (*shape[:at], *((1,) if self.keepdim else ()), *shape[at + 1 :])

    def flops(self, *shapes: Shape) -> int:
        """One comparison per number."""
        return prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.argmax."""
        return TorchCode(f"torch.argmax({{0}}, dim={self.dim}{', keepdim=True' if self.keepdim else ''})")

    def summary(self) -> str:
        """The axis."""
        return f"axis {self.dim}"
