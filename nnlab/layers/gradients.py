"""Layers that leave the numbers alone and do something to the gradient or the loss."""

from dataclasses import dataclass
from math import prod

from nnlab.core import words
from nnlab.core.formula import Formula, Spot, signed
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode
from nnlab.core.param import param


@LAYERS.register("GradientReversal")
@dataclass(frozen=True)
class GradientReversal(Layer):
    """Lets numbers through as they are, and turns the gradient round on its way back.

    What lies before it learns to make the task behind it impossible: so a network forgets what it should not go by,
    such as which camera took a picture.
    """

    title = "Gradient reversal"
    category = "Regularisation"
    tier = 3
    formula = "y = x, and ∂L/∂x = −λ · ∂L/∂y"

    strength: float = param(1.0, "How strongly the gradient is turned round.", low=0.0, high=1000.0, label="Lambda")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """Adds a 0 whose slope is −1 − λ."""
        factor = f"{1 + self.strength:.12g}"
        return TorchCode(f"{{0}} + {factor} * ({{0}}.detach() - {{0}})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number itself."""
        x = float(spot.inputs[0][spot.place])
        return spot.output_formula(self.formula, f" = {words.number(x)}", x)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The gradient, turned round."""
        line = f" = −{words.number(self.strength)}·{signed(spot.delta)}"
        return (spot.passes("∂L/∂x = −λ·δ", line, -self.strength * spot.delta),)

    def summary(self) -> str:
        """The strength."""
        return f"λ {words.number(self.strength)}"


@LAYERS.register("ActivityPenalty")
@dataclass(frozen=True)
class ActivityPenalty(Layer):
    """Lets numbers through as they are, and charges for how large they are.

    Wire its second output to an Output of its own: the charge is added to the loss. With L1 most units learn to be
    silent for most samples, which makes a code easy to read.
    """

    title = "Activity penalty"
    category = "Regularisation"
    tier = 3
    formula = "y = x, and penalty = λ · Σ |x| or λ · Σ x²"
    outputs = (Port("out"), Port("penalty", "s"))

    kind: str = param(
        "l1",
        "Charge for the size of each number (L1: most become 0), or for its square (L2: all become smaller).",
        choices={"l1": "L1", "l2": "L2"},
        label="Charge for",
    )
    strength: float = param(0.001, "How much is charged.", low=0.0, high=1000.0, label="Lambda")

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """What came in, and one number."""
        return (shapes[0], ())

    def flops(self, *shapes: Shape) -> int:
        """A size or a square, and a sum, per number."""
        return 2 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The numbers, and a sum over each sample."""
        size = "{r}.abs()" if self.kind == "l1" else "{r}.square()"
        total = f"{size}.flatten(1).sum(1)" if shapes[0] else size
        return TorchCode("{0}", results=("{r}", f"{self.strength:.12g} * {total}"))

    def summary(self) -> str:
        """The kind and strength."""
        return f"{self.kind.upper()} · {words.number(self.strength)}"


@LAYERS.register("AsLoss")
@dataclass(frozen=True)
class AsLoss(Layer):
    """Makes a loss of numbers: wire it to an Output of its own, and what is charged is added to the network's loss.

    Charge for the numbers themselves, or for how wrong they are as scores where the right answer is always yes, or
    always no. So one network can judge another: real samples are to get a yes, made ones a no.
    """

    title = "As loss"
    category = "Regularisation"
    tier = 3
    formula = "loss = λ · mean of x, or of log(1 + exp(∓x))"
    outputs = (Port("out", "s"),)

    kind: str = param(
        "numbers",
        "Charge for the numbers themselves, or for scores (logits) that do not say yes, or that do not say no.",
        choices={"numbers": "The numbers", "yes": "Not saying yes", "no": "Not saying no"},
        label="Charge for",
    )
    strength: float = param(1.0, "How much is charged.", low=-1000.0, high=1000.0, label="Lambda")

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """One number."""
        return ((),)

    def flops(self, *shapes: Shape) -> int:
        """A sum, and for scores an exponential and a logarithm, per number."""
        return (1 if self.kind == "numbers" else 4) * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A mean over each sample; for scores of softplus, which is the cross-entropy with one answer throughout."""
        charged = {"numbers": "{0}", "yes": "F.softplus(-{0})", "no": "F.softplus({0})"}[self.kind]
        mean = charged + (".flatten(1).mean(1)" if len(shapes[0]) > 1 else ".mean(1)" if shapes[0] else "")
        return TorchCode(mean if self.strength == 1.0 else f"{self.strength:.12g} * {mean}")

    def summary(self) -> str:
        """What is charged for."""
        said = {"numbers": "mean", "yes": "yes wanted", "no": "no wanted"}[self.kind]
        return said if self.strength == 1.0 else f"{said} · {words.number(self.strength)}"
