"""One step of a recurrent layer, to see how it works or to build other memories of it."""

from dataclasses import dataclass
from typing import Any, ClassVar

from nnlab.core.arithmetic.sequences import SIZE_LIMIT
from nnlab.core.layer import LAYERS, MISSING, Call, Layer, Port, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError


@dataclass(frozen=True)
class _Cell(Layer):
    """What the three kinds share."""

    category = "Recurrent"
    tier = 3
    inputs: ClassVar[tuple[Port, ...]] = (Port("in"), Port("h", "h", optional=True))
    outputs: ClassVar[tuple[Port, ...]] = (Port("out"), Port("h", "h"))
    fits: ClassVar[tuple[tuple[Shape, ...], ...]] = (((3,), MISSING), ((4,), (8,)), ((1,), (8,)))
    gates: ClassVar[int] = 1
    own_width: ClassVar[int] = 1
    """Operations for each unit besides the weighted sums."""

    hidden_size: int = param(8, "How many numbers it remembers (units).", low=1, high=SIZE_LIMIT, label="Units")
    bias: bool = param(True, "Add a learned constant to every sum.", advanced=True)

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """What it remembers now, as numbers for further layers and as memory for the next step."""
        if len(shapes[0]) != 1:
            raise ShapeError(
                f"takes one step, a row of features, and gets {shape_text(shapes[0])}: "
                "use the layer for whole sequences, or a Flatten before it"
            )
        wired = [port.name for port, shape in zip(self.inputs[1:], shapes[1:], strict=True) if shape != MISSING]
        if wired and len(wired) < len(self.inputs) - 1:
            raise ShapeError("starts with h and c, or with neither: connect both, or remove the wire")
        for port, shape in zip(self.inputs[1:], shapes[1:], strict=True):
            if shape not in (MISSING, (self.hidden_size,)):
                raise ShapeError(
                    f"remembers N × {self.hidden_size} and gets {shape_text(shape)} at {port.name}: "
                    "connect the memory of a cell with as many units"
                )
        return ((self.hidden_size,),) * len(self.outputs)

    def output_shape(self, *shapes: Shape) -> Shape:
        """One number per unit."""
        return self.output_shapes(*shapes)[0]

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """The weights of the step and of the memory, and their biases."""
        rows = self.gates * self.hidden_size
        found: dict[str, Shape] = {"weight_ih": (rows, shapes[0][0]), "weight_hh": (rows, self.hidden_size)}
        return {**found, "bias_ih": (rows,), "bias_hh": (rows,)} if self.bias else found

    def flops(self, *shapes: Shape) -> int:
        """A multiply and an add per weight, and the gates of each unit."""
        weights = self.gates * self.hidden_size * (shapes[0][0] + self.hidden_size)
        return 2 * weights + self.own_width * self.hidden_size

    def options(self) -> dict[str, Any]:
        """The settings that differ from torch's own, as they are printed."""
        return {} if self.bias else {"bias": False}

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's cell; without a memory it starts from zeros."""
        made = Call(f"nn.{LAYERS.id_of(self)}", (shapes[0][0], self.hidden_size), self.options())
        if len(self.inputs) == 2:
            return TorchCode("{self}({0})" if shapes[1] == MISSING else "{self}({0}, {1})", made, ("{r}", "{r}"))
        forward = "{self}({0})" if shapes[1] == MISSING else "{self}({0}, ({1}, {2}))"
        return TorchCode(forward, made, ("{r}[0]", "{r}[0]", "{r}[1]"))

    def summary(self) -> str:
        """The units."""
        return f"{self.hidden_size}"


@LAYERS.register("RNNCell")
@dataclass(frozen=True)
class RNNCell(_Cell):
    """One step of an RNN: a row of features and what was remembered become what is remembered now.

    Several in a row, each with the memory of the one before, are a recurrent layer laid out in the open. In an RNN
    all steps have the same weights; here each cell has its own.
    """

    title = "RNN cell"
    formula = "h' = tanh(W x + U h + b)"
    own_width = 2

    nonlinearity: str = param(
        "tanh",
        "What bends the sum.",
        choices={"tanh": "Tanh", "relu": "ReLU"},
        label="Activation",
        advanced=True,
    )

    def options(self) -> dict[str, Any]:
        """The bias and the activation."""
        return {
            **super().options(),
            **({} if self.nonlinearity == "tanh" else {"nonlinearity": self.nonlinearity}),
        }


@LAYERS.register("LSTMCell")
@dataclass(frozen=True)
class LSTMCell(_Cell):
    """One step of an LSTM: gates decide what the memory c forgets, takes in, and tells as h."""

    title = "LSTM cell"
    formula = "c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c'), each gate σ(W x + U h + b)"
    inputs = (Port("in"), Port("h", "h", optional=True), Port("c", "h", optional=True))
    outputs = (Port("out"), Port("h", "h"), Port("c", "h"))
    fits = (((3,), MISSING, MISSING), ((4,), (8,), (8,)), ((1,), (8,), (8,)))
    gates = 4
    own_width = 9


@LAYERS.register("GRUCell")
@dataclass(frozen=True)
class GRUCell(_Cell):
    """One step of a GRU: a gate decides how much of what was remembered stays."""

    title = "GRU cell"
    formula = "h' = z ⊙ h + (1 − z) ⊙ n, z = σ(W x + U h + b)"
    gates = 3
    own_width = 9
