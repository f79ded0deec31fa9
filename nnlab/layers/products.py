"""Two wires into one by products and sums: matrices, and how alike two rows are."""

from dataclasses import dataclass
from math import prod

from nnlab.core.arithmetic.axes import AXIS_LIMIT, axis, common
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

TWO = (Port("in1"), Port("in2"))
TABLES: tuple[tuple[Shape, ...], ...] = (((4, 6), (6, 3)), ((2, 4, 5), (2, 5, 3)), ((5, 5), (5, 5)))


@LAYERS.register("MatMul")
@dataclass(frozen=True)
class MatMul(Layer):
    """Multiplies two tables of each sample as matrices: every row of the first with every column of the second.

    This is the heart of attention: rows that point the same way give a large number.
    """

    title = "Matrix multiply"
    category = "Merge and reshape"
    tier = 2
    formula = "Y = X₁ · X₂"
    inputs = TWO
    fits = TABLES

    transpose_b: bool = param(
        False,
        "Swap rows and columns of the second input first, so that its rows are compared with those of the first.",
        label="Transpose the second",
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Rows of the first by columns of the second."""
        first, second = shapes
        if len(first) != len(second) or len(first) < 2:
            raise ShapeError(
                f"needs two tables of rows and columns, and gets {shape_text(first)} and {shape_text(second)}: "
                "give both the same number of axes, with an Unsqueeze, or take a Dot product of rows"
            )
        rows, columns = (second[-1], second[-2]) if self.transpose_b else (second[-2], second[-1])
        if first[-1] != rows:
            turned = f"turn Transpose the second {'off' if self.transpose_b else 'on'}, or "
            raise ShapeError(
                f"multiplies rows of {first[-1]} numbers with columns of {rows}, and these must be equal: "
                f"{turned if first[-1] == columns else ''}bring one of them to size with a Linear"
            )
        return (*common((first[:-2], second[:-2]), "multiply"), first[-2], columns)

    def flops(self, *shapes: Shape) -> int:
        """A product and a sum for each pair of numbers that meet."""
        return 2 * prod(self.output_shape(*shapes)) * shapes[0][-1]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.matmul."""
        second = "{1}.transpose(-2, -1)" if self.transpose_b else "{1}"
        return TorchCode(f"torch.matmul({{0}}, {second})")

    def summary(self) -> str:
        """Whether the second is turned."""
        return "second transposed" if self.transpose_b else ""


@LAYERS.register("Dot")
@dataclass(frozen=True)
class Dot(Layer):
    """Multiplies two inputs number by number and adds up along an axis: one number says how well they go together.

    Large when both are large in the same places. It is how a network can match two things, such as a reader and a book.
    """

    title = "Dot product"
    category = "Merge and reshape"
    tier = 2
    formula = "y = Σ x₁ · x₂"
    inputs = TWO

    dim: int = param(
        -1, "Along which axis; 1 is the first after the batch, -1 the last.", low=-AXIS_LIMIT, high=AXIS_LIMIT
    )
    keepdim: bool = param(True, "Keep the axis with a size of 1, so that a Linear can follow.", label="Keep the axis")

    def output_shape(self, *shapes: Shape) -> Shape:
        """The axis becomes 1, or goes."""
        both = common(shapes, "multiply")
        at = axis(self.dim, both)
        return (*both[:at], *((1,) if self.keepdim else ()), *both[at + 1 :])

    def flops(self, *shapes: Shape) -> int:
        """A product and a sum for each pair."""
        return 2 * prod(common(shapes, "multiply"))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The sum of the products."""
        return TorchCode(f"({{0}} * {{1}}).sum({self.dim}{', keepdim=True' if self.keepdim else ''})")

    def summary(self) -> str:
        """The axis."""
        return f"axis {self.dim}"


@LAYERS.register("CosineSimilarity")
@dataclass(frozen=True)
class CosineSimilarity(Layer):
    """How far two inputs point the same way: 1 the same way, 0 at a right angle, -1 the opposite way.

    Their lengths do not count, only their directions. Pairs that belong together are found this way.
    """

    title = "Cosine similarity"
    category = "Merge and reshape"
    tier = 2
    formula = "y = x₁ · x₂ / (|x₁| · |x₂|)"
    inputs = TWO

    dim: int = param(1, "Along which axis; it goes. 1 is the first after the batch.", low=-AXIS_LIMIT, high=AXIS_LIMIT)
    eps: float = param(1e-8, "Keeps the division away from 0.", low=1e-12, high=1.0, log=True, advanced=True)

    def output_shape(self, *shapes: Shape) -> Shape:
        """The axis goes."""
        both = common(shapes, "compare")
        at = axis(self.dim, both)
        return (*both[:at], *both[at + 1 :])

    def flops(self, *shapes: Shape) -> int:
        """Three sums of products, and the division."""
        both = common(shapes, "compare")
        return 6 * prod(both) + 4 * prod(self.output_shape(*shapes))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.CosineSimilarity, with what differs from torch's settings."""
        changed = {name: value for name, value in self.as_dict().items() if value != {"dim": 1, "eps": 1e-8}[name]}
        made = TorchCode.of_module("nn.CosineSimilarity", **changed)
        return TorchCode("{self}({0}, {1})", made.module)

    def summary(self) -> str:
        """The axis."""
        return f"axis {self.dim}"
