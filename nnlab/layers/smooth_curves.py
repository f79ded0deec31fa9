"""Activations that are smooth everywhere."""

from dataclasses import dataclass
from math import erf, exp, log1p, pi, sqrt, tanh

from nnlab.core import words
from nnlab.core.curve import Curve
from nnlab.core.layer import LAYERS
from nnlab.core.param import param


def _sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x)) if x > -700 else 0.0


def _softplus(x: float) -> float:
    return log1p(exp(-abs(x))) + max(x, 0.0)


@LAYERS.register("GELU")
@dataclass(frozen=True)
class GELU(Curve):
    """A smooth ReLU: each number times the chance that a random one is smaller. Usual in transformers."""

    title = "GELU"
    tier = 2
    formula = "y = x · Φ(x), Φ = share of the bell curve below x"
    cost = 8
    bend = "Φ(x) + x·φ(x)"

    approximate: str = param(
        "none",
        "The exact curve, or one made with tanh as in older models.",
        choices={"none": "Exact", "tanh": "With tanh"},
        label="Curve",
        advanced=True,
    )

    def curve(self, x: float) -> float:
        """The number times its share of the bell."""
        return x * self._share(x)

    def slope(self, x: float) -> float:
        """A share, and what moving adds to it."""
        if self.approximate == "none":
            return self._share(x) + x * exp(-x * x / 2) / sqrt(2 * pi)
        bent = tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))
        return (1 + bent) / 2 + x / 2 * (1 - bent**2) * sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x)

    def said(self, x: str) -> str:
        """In numbers."""
        return f"{x} times the share of the bell curve below {x}"

    def _share(self, x: float) -> float:
        if self.approximate == "none":
            return (1 + erf(x / sqrt(2))) / 2
        return (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2


@LAYERS.register("SiLU")
@dataclass(frozen=True)
class SiLU(Curve):
    """A smooth ReLU, also called swish: each number times its own sigmoid.

    It dips a little below 0 before it rises, and has a slope almost everywhere.
    """

    title = "SiLU (swish)"
    tier = 2
    formula = "y = x · sigmoid(x)"
    cost = 5
    bend = "s + x·s·(1 − s), s = sigmoid(x)"

    def curve(self, x: float) -> float:
        """The number times its sigmoid."""
        return x * _sigmoid(x)

    def slope(self, x: float) -> float:
        """By the product rule."""
        s = _sigmoid(x)
        return s + x * s * (1 - s)

    def said(self, x: str) -> str:
        """In numbers."""
        return f"{x} / (1 + e^−({x}))"


@LAYERS.register("Mish")
@dataclass(frozen=True)
class Mish(Curve):
    """A smooth ReLU much like SiLU, a little softer below 0."""

    title = "Mish"
    tier = 2
    formula = "y = x · tanh(ln(1 + eˣ))"
    cost = 9
    bend = "t + x·(1 − t²)·sigmoid(x), t = tanh(ln(1 + eˣ))"

    def curve(self, x: float) -> float:
        """The number times a soft step."""
        return x * tanh(_softplus(x))

    def slope(self, x: float) -> float:
        """By the product rule."""
        t = tanh(_softplus(x))
        return t + x * (1 - t * t) * _sigmoid(x)

    def said(self, x: str) -> str:
        """In numbers."""
        return f"{x} times tanh(ln(1 + e^({x})))"


@LAYERS.register("Softplus")
@dataclass(frozen=True)
class Softplus(Curve):
    """A ReLU with a rounded corner that is always above 0: for numbers that must be positive, as a spread."""

    title = "Softplus"
    tier = 2
    formula = "y = ln(1 + e^(β x)) / β"
    cost = 5
    bend = "sigmoid(β·x)"

    beta: float = param(1.0, "How sharp the corner is.", low=0.01, high=100.0, label="Sharpness")
    threshold: float = param(
        20.0, "Above this it is taken as a straight line, which it is to the last digit.", low=0.0, high=80.0,
        advanced=True,
    )  # fmt: skip

    def curve(self, x: float) -> float:
        """The rounded corner."""
        return x if self.beta * x > self.threshold else _softplus(self.beta * x) / self.beta

    def slope(self, x: float) -> float:
        """A sigmoid."""
        return 1.0 if self.beta * x > self.threshold else _sigmoid(self.beta * x)

    def said(self, x: str) -> str:
        """In numbers."""
        b = words.number(self.beta)
        return f"ln(1 + e^({b}·{x})) / {b}"


@LAYERS.register("LogSigmoid")
@dataclass(frozen=True)
class LogSigmoid(Curve):
    """The logarithm of a probability that Sigmoid would give, without losing digits where that is near 0."""

    title = "Log-sigmoid"
    tier = 3
    formula = "y = ln(1 / (1 + e⁻ˣ))"
    cost = 5
    bend = "1 − sigmoid(x)"

    def curve(self, x: float) -> float:
        """Always below 0."""
        return -_softplus(-x)

    def slope(self, x: float) -> float:
        """What is left to 1."""
        return _sigmoid(-x)

    def said(self, x: str) -> str:
        """In numbers."""
        return f"ln(1 / (1 + e^−({x})))"


@LAYERS.register("Softsign")
@dataclass(frozen=True)
class Softsign(Curve):
    """Squeezes numbers into the range from -1 to 1 like Tanh, but comes to the ends much more slowly."""

    title = "Softsign"
    tier = 3
    formula = "y = x / (1 + |x|)"
    cost = 3
    bend = "1 / (1 + |x|)²"

    def curve(self, x: float) -> float:
        """The number against its size and 1."""
        return x / (1 + abs(x))

    def slope(self, x: float) -> float:
        """Steepest at 0."""
        return 1 / (1 + abs(x)) ** 2

    def said(self, x: str) -> str:
        """In numbers."""
        return f"{x} / (1 + |{x}|)"


@LAYERS.register("Tanhshrink")
@dataclass(frozen=True)
class Tanhshrink(Curve):
    """What Tanh takes away from a number: small ones almost vanish, large ones lose 1."""

    title = "Tanhshrink"
    tier = 3
    formula = "y = x − tanh(x)"
    cost = 6
    bend = "tanh(x)²"

    def curve(self, x: float) -> float:
        """The number without its tanh."""
        return x - tanh(x)

    def slope(self, x: float) -> float:
        """Flat at 0."""
        return tanh(x) ** 2

    def said(self, x: str) -> str:
        """In numbers."""
        return f"{x} − tanh({x})"
