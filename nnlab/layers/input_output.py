"""Where the data enter the network and where its answer leaves it."""

from dataclasses import dataclass

from nnlab.core import words
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode
from nnlab.core.loss import AUTO, LOSSES, Loss
from nnlab.core.param import param


@LAYERS.register("Input")
@dataclass(frozen=True)
class Input(Layer):
    """Where the samples of the data set enter: points, a row of a table, a picture, the words of a sentence.

    Data with several inputs, such as a picture and a table, take one Input for each.
    """

    title = "Input"
    category = "Input and output"
    formula = "x"
    inputs = ()
    outputs = (Port("out", "*"),)
    is_entry = True

    source: str = param(
        "", "Which input of the data enters here, by its name. Empty: the first that no other Input names."
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """The shape of one sample."""
        return shapes[0]

    def summary(self) -> str:
        """Which input of the data it is."""
        return self.source[:24]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The sample itself."""
        return TorchCode("{0}")


@LAYERS.register("Output")
@dataclass(frozen=True)
class Output(Layer):
    """The network's answer. What it means follows from the data: a score per class, or the values to predict."""

    title = "Output"
    category = "Input and output"
    formula = "ŷ"
    inputs = (Port("in", "*"),)
    outputs = ()

    role: str = param(
        "auto",
        "What the numbers mean; it decides the loss. Automatic: what the data set asks for.",
        choices={"auto": "Automatic", "classes": "Scores of classes", "values": "Values"},
    )
    target: str = param(
        "",
        "What this answer is compared with, by its name in the data; input: the first input. Empty: the first target.",
    )
    loss: str | Loss = param(
        AUTO, "The loss of this answer; auto: that of the training settings.", advanced=True, registry=LOSSES
    )
    weight: float = param(
        1.0, "How much this answer's loss counts beside those of other Outputs.", low=0.0, high=65_536, advanced=True
    )

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The answer's shape, as the one thing that can be asked of a node without outputs."""
        return (shapes[0],)

    def output_shape(self, *shapes: Shape) -> Shape:
        """The answer's shape."""
        return shapes[0]

    def summary(self) -> str:
        """Which target it is compared with."""
        return self.target[:24]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The answer itself."""
        return TorchCode("{0}")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number that reaches it."""
        x = float(spot.inputs[0][spot.place])
        return spot.output_formula(self.formula, f" = {words.number(x)}", x)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Unchanged."""
        return (spot.passes("∂L/∂x = δ", " = δ", spot.delta),)
