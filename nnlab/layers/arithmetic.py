"""Several wires into one, number by number: products, differences, the larger, the mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from nnlab.core.arithmetic.axes import common
from nnlab.core.formula import Formula, Spot, signed
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode

TWO = (Port("in1"), Port("in2"))


def _wires(shapes: Sequence[Shape]) -> list[str]:
    return [f"{{{n}}}" for n in range(len(shapes))]


def _nested(function: str, shapes: Sequence[Shape]) -> str:
    """A function of two numbers over as many wires as there are: f(f({0}, {1}), {2})."""
    text = "{0}"
    for wire in _wires(shapes)[1:]:
        text = f"{function}({text}, {wire})"
    return text


def _numbers(spot: Spot) -> list[float]:
    """The number from each wire that this one was made of."""
    return [float(np.broadcast_to(x, spot.output.shape)[spot.place]) for x in spot.inputs]


@dataclass(frozen=True)
class _Elementwise(Layer):
    """What these layers share: the wires bring equal sizes, and each number is computed by itself."""

    category = "Merge and reshape"
    tier = 2
    inputs = TWO
    verb = "combine"

    def output_shape(self, *shapes: Shape) -> Shape:
        """The common size."""
        return common(shapes, self.verb)

    def flops(self, *shapes: Shape) -> int:
        """One operation per number and further wire."""
        return (len(shapes) - 1) * prod(self.output_shape(*shapes))


@LAYERS.register("Multiply")
@dataclass(frozen=True)
class Multiply(_Elementwise):
    """Multiplies what comes in, number by number: one wire opens and closes the other like a gate.

    A wire that ends in a Sigmoid (numbers from 0 to 1) lets through what is near 1 and shuts out what is near 0.
    An axis of size 1 is repeated to fit.
    """

    title = "Multiply"
    formula = "y = x₁ · x₂ · …"
    variadic = True
    verb = "multiply"

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The product of the inputs."""
        return TorchCode(" * ".join(_wires(shapes)))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """One number from each wire."""
        found = _numbers(spot)
        return spot.output_formula(self.formula, f" = {'·'.join(signed(x) for x in found)}", prod(found))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Each wire gets the gradient times the numbers of the others."""
        found, made = _numbers(spot), []
        for n, x in enumerate(spot.inputs):
            others = [value for k, value in enumerate(found) if k != n]
            if x.shape == spot.output.shape:
                line = f" = {'·'.join(signed(value) for value in (spot.delta, *others))}"
                made.append(spot.passes("∂L/∂x₁ = δ · x₂ · …", line, spot.delta * prod(others), wire=n))
        return tuple(made)


@LAYERS.register("Subtract")
@dataclass(frozen=True)
class Subtract(_Elementwise):
    """Takes the second input away from the first, number by number: what differs between the two.

    Two halves of a network that see two things can be compared this way. An axis of size 1 is repeated to fit.
    """

    title = "Subtract"
    formula = "y = x₁ − x₂"
    verb = "subtract"

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The difference."""
        return TorchCode("{0} - {1}")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """One number from each wire."""
        first, second = _numbers(spot)
        return spot.output_formula(self.formula, f" = {signed(first)} − {signed(second)}", first - second)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The first wire gets the gradient, the second its opposite."""
        rules = (("∂L/∂x₁ = δ", " = δ", spot.delta), ("∂L/∂x₂ = −δ", " = −δ", -spot.delta))
        alike = [x.shape == spot.output.shape for x in spot.inputs]
        return tuple(spot.passes(*rule, wire=n) for n, rule in enumerate(rules) if alike[n])


@LAYERS.register("Divide")
@dataclass(frozen=True)
class Divide(_Elementwise):
    """Divides the first input by the second, number by number: how many times one goes into the other.

    A second input near 0 gives huge numbers, and 0 ends the training with infinities: keep it above 0, for instance
    with a Softplus. An axis of size 1 is repeated to fit.
    """

    title = "Divide"
    formula = "y = x₁ / x₂"
    verb = "divide"

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The quotient."""
        return TorchCode("{0} / {1}")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """One number from each wire."""
        first, second = _numbers(spot)
        made = first / second if second else float("nan")
        return spot.output_formula(self.formula, f" = {signed(first)} / {signed(second)}", made)


@LAYERS.register("Maximum")
@dataclass(frozen=True)
class Maximum(_Elementwise):
    """Keeps the larger of the numbers that come in, place by place: what any of the inputs has found.

    Only the input that won learns from that number. An axis of size 1 is repeated to fit.
    """

    title = "Maximum"
    formula = "y = max(x₁, x₂, …)"
    variadic = True

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.maximum, once for each further wire."""
        return TorchCode(_nested("torch.maximum", shapes))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The largest of the numbers."""
        found = _numbers(spot)
        return spot.output_formula(self.formula, f" = max({', '.join(signed(x) for x in found)})", max(found))


@LAYERS.register("Minimum")
@dataclass(frozen=True)
class Minimum(_Elementwise):
    """Keeps the smaller of the numbers that come in, place by place: what all of the inputs agree on.

    Only the input that won learns from that number. An axis of size 1 is repeated to fit.
    """

    title = "Minimum"
    formula = "y = min(x₁, x₂, …)"
    variadic = True

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.minimum, once for each further wire."""
        return TorchCode(_nested("torch.minimum", shapes))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The smallest of the numbers."""
        found = _numbers(spot)
        return spot.output_formula(self.formula, f" = min({', '.join(signed(x) for x in found)})", min(found))


@LAYERS.register("Average")
@dataclass(frozen=True)
class Average(_Elementwise):
    """The mean of what comes in, number by number: several opinions become one.

    Like Add, but the numbers stay as large as they were, however many wires there are.
    """

    title = "Average"
    formula = "y = (x₁ + x₂ + …) / wires"
    variadic = True
    verb = "average"

    def flops(self, *shapes: Shape) -> int:
        """The sum, and one division per number."""
        return len(shapes) * prod(self.output_shape(*shapes))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The sum of the inputs by their number."""
        return TorchCode(f"({' + '.join(_wires(shapes))}) / {len(shapes)}")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """One number from each wire."""
        found = _numbers(spot)
        line = f" = ({' + '.join(signed(x) for x in found)}) / {len(found)}"
        return spot.output_formula(self.formula, line, sum(found) / len(found))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Every wire gets its share."""
        many = len(spot.inputs)
        alike = [n for n, x in enumerate(spot.inputs) if x.shape == spot.output.shape]
        line = f" = {signed(spot.delta)} / {many}"
        return tuple(spot.passes("∂L/∂x₁ = δ / wires", line, spot.delta / many, wire=n) for n in alike)
