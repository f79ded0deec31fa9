"""A layer that computes what its user types."""

from dataclasses import dataclass
from math import prod

from nnlab.core.arithmetic.expressions import INPUTS, of_wires, read
from nnlab.core.formula import Formula, Spot, signed
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode
from nnlab.core.param import param

SHOWN = 24  # characters on the node


@LAYERS.register("Expression")
@dataclass(frozen=True)
class Expression(Layer):
    """Computes a formula that you type, number by number, of one to four inputs called a, b, c and d.

    Numbers, + - * / **, brackets and pi; sin cos tanh exp log sqrt abs sigmoid relu softplus; maximum(a, b) and
    minimum(a, b); clamp(a, -1, 1); where(a > 0, a, b); mean(a) and sum(a) over the last axis, of which one number is
    left and fits the others again. An axis of size 1 is repeated to fit.

    Beware where a formula has no answer: log of 0 or less, the square root of less than 0, a division by 0, exp of more
    than 88, a fraction as power of a number below 0. What follows is no number, and the training ends. The square root
    of 0 has a value but no finite slope. Guard them, as in log(abs(a) + 0.001).
    """

    title = "Expression"
    category = "Core"
    tier = 3
    formula = "y = what you type, of a, b, c and d"
    inputs = (Port(INPUTS[0]), *(Port(name, optional=True) for name in INPUTS[1:]))
    fits = tuple((shape, *((-1,),) * 3) for shape in ((4,), (2, 5, 5), (6, 3)))

    expression: str = param("a + sin(a) ** 2", "What it computes of its inputs a, b, c and d: as a * sigmoid(b) + 0.5.")

    def output_shape(self, *shapes: Shape) -> Shape:
        """That of the inputs together, where sizes of 1 are repeated; mean and sum leave 1 on the last axis."""
        found, given = of_wires(self.expression, shapes)
        return found.output_shape(given)

    def flops(self, *shapes: Shape) -> int:
        """One for each operation and number, at most."""
        found, given = of_wires(self.expression, shapes)
        return found.operations * max(prod(shape) for shape in given.values())

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The expression with torch's functions."""
        return TorchCode(of_wires(self.expression, shapes)[0].code())

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The expression with its numbers put in."""
        shapes = [x.shape for x in spot.inputs]
        found, _ = of_wires(self.expression, _by_name(self.expression, shapes))
        if not found.is_by_number or len(spot.inputs) != len(found.uses):
            return None
        place = [tuple(0 if n == 1 else k for k, n in zip(spot.place, shape, strict=True)) for shape in shapes]
        numbers = {name: float(x[at]) for name, x, at in zip(found.uses, spot.inputs, place, strict=True)}
        line = found.with_numbers({name: signed(value) for name, value in numbers.items()})
        return spot.output_formula(f"y = {self.expression}", f" = {line}", found.at(numbers))

    def summary(self) -> str:
        """The expression, as much of it as there is room for."""
        text = " ".join(self.expression.split())
        return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _by_name(expression: str, shapes: list[Shape]) -> list[Shape]:
    """The shapes of the wires there are, each in the place of its name."""
    found = iter(shapes)
    return [next(found, (-1,)) if name in read(expression).uses else (-1,) for name in INPUTS]
