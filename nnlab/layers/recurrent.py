"""Recurrent layers: a sequence is read step by step, and what was read is remembered."""

from dataclasses import dataclass
from typing import Any, ClassVar

from nnlab.core import words
from nnlab.core.arithmetic.sequences import SIZE_LIMIT, sequence
from nnlab.core.layer import LAYERS, MISSING, Call, Layer, Port, Shape, Support, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

LAYER_LIMIT = 64
GATE_LIMIT = 100.0  # a gate's bias: beyond it the sigmoid is 0 or 1 to the last digit

OPEN_GATES = Support(
    "with_open_gates",
    '''\
def with_open_gates(rnn, bias):
    """Let the gates that keep the memory start with this bias: with a large one they are open and nothing is lost."""
    gate = slice(rnn.hidden_size, 2 * rnn.hidden_size)  # torch's second block: forget in LSTM, update in GRU
    with torch.no_grad():
        for name, values in rnn.named_parameters():
            if name.startswith("bias"):
                values[gate] = bias if name.startswith("bias_ih") else 0.0
    return rnn
''',
)

PROJECTED = Support(
    "ProjectedLSTM",
    '''\
class ProjectedLSTM(nn.LSTM):
    """torch's LSTM with a projection, computed by torch itself: oneDNN has none, and torch would warn of that."""

    def forward(self, x, memory=None):
        enabled = torch.backends.mkldnn.enabled
        torch.backends.mkldnn.enabled = False
        try:
            return super().forward(x, memory)
        finally:
            torch.backends.mkldnn.enabled = enabled
''',
)


@dataclass(frozen=True)
class _Recurrent(Layer):
    """What the three kinds share: sizes, layers, directions."""

    category = "Recurrent"
    tier = 2
    inputs: ClassVar[tuple[Port, ...]] = (Port("in"), Port("h", "h", optional=True))
    outputs: ClassVar[tuple[Port, ...]] = (Port("out"), Port("last"), Port("h", "h"))
    fits: ClassVar[tuple[tuple[Shape, ...], ...]] = (((7, 3), MISSING), ((5, 4), (1, 8)), ((1, 1), MISSING))
    gates: ClassVar[int] = 1
    """Blocks of weights in each tensor of torch's."""
    states: ClassVar[int] = 1
    """How many tensors the memory has: LSTM has two."""
    own_width: ClassVar[int] = 1
    """Operations for each unit and step besides the weighted sums."""

    hidden_size: int = param(8, "How many numbers it remembers (units).", low=1, high=SIZE_LIMIT, label="Units")
    num_layers: int = param(
        1,
        "How many of them lie on top of each other: each reads what the one below says.",
        low=1,
        high=LAYER_LIMIT,
        label="Layers",
    )
    bidirectional: bool = param(
        False, "Read a second time from the end to the start, and put both readings side by side.", label="Both ways"
    )
    dropout: float = param(
        0.0,
        "Share of the numbers between two layers that is made 0 while training; it needs more than one layer.",
        low=0.0,
        high=1.0,
        advanced=True,
    )
    bias: bool = param(True, "Add a learned constant to every sum.", advanced=True)

    # ---------------------------------------------------------------- sizes

    @property
    def directions(self) -> int:
        """1, or 2 if it reads both ways."""
        return 2 if self.bidirectional else 1

    @property
    def told(self) -> int:
        """Numbers that one direction says at each step."""
        return self.hidden_size

    @property
    def open_gate(self) -> float | None:
        """The bias that the gate of the memory starts with, if one was set."""
        return None

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The sequence, its last step, and the memory."""
        length, _ = sequence(shapes[0])
        self._check_settings()
        held = (self.num_layers * self.directions, self.told)
        memory = (held, (held[0], self.hidden_size))[: self.states]
        self._check_memory(shapes[1:], memory)
        width = self.told * self.directions
        return ((length, width), (width,), *memory)

    def output_shape(self, *shapes: Shape) -> Shape:
        """The sequence's."""
        return self.output_shapes(*shapes)[0]

    def _check_settings(self) -> None:
        if self.open_gate is not None and not self.bias:
            raise ShapeError("starts with a bias at its gates but has no biases: turn Bias on, or leave that one empty")

    def _check_memory(self, given: tuple[Shape, ...], memory: tuple[Shape, ...]) -> None:
        wired = [port.name for port, shape in zip(self.inputs[1:], given, strict=True) if shape != MISSING]
        if wired and len(wired) < self.states:
            raise ShapeError("starts with h and c, or with neither: connect both, or remove the wire")
        for port, shape, wanted in zip(self.inputs[1:], given, memory, strict=True):
            if shape not in (MISSING, wanted):
                raise ShapeError(
                    f"remembers {shape_text(wanted)} and gets {shape_text(shape)} at {port.name}: "
                    "give both recurrent layers the same units, layers and directions"
                )

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """For each layer and direction the weights of the step, of the memory, and their biases."""
        found: dict[str, Shape] = {}
        rows = self.gates * self.hidden_size
        for k in range(self.num_layers):
            read = shapes[0][1] if k == 0 else self.told * self.directions
            for ending in ("", "_reverse")[: self.directions]:
                found[f"weight_ih_l{k}{ending}"] = (rows, read)
                found[f"weight_hh_l{k}{ending}"] = (rows, self.told)
                if self.bias:
                    found[f"bias_ih_l{k}{ending}"] = found[f"bias_hh_l{k}{ending}"] = (rows,)
                if self.told != self.hidden_size:
                    found[f"weight_hr_l{k}{ending}"] = (self.told, self.hidden_size)
        return found

    def flops(self, *shapes: Shape) -> int:
        """At every step a multiply and an add per weight, and the gates of each unit."""
        found = self.parameter_shapes(*shapes)
        weights = sum(shape[0] * shape[1] for shape in found.values() if len(shape) == 2)
        units = self.num_layers * self.directions * self.hidden_size
        return int(shapes[0][0]) * (2 * weights + self.own_width * units)

    # ---------------------------------------------------------------- torch

    def options(self) -> dict[str, Any]:
        """The settings that differ from torch's own, as they are printed."""
        chosen: dict[str, Any] = {}
        if self.num_layers > 1:
            chosen["num_layers"] = self.num_layers
        if not self.bias:
            chosen["bias"] = False
        chosen["batch_first"] = True
        if self.dropout > 0 and self.num_layers > 1:  # with a single layer torch warns that it does nothing
            chosen["dropout"] = self.dropout
        if self.bidirectional:
            chosen["bidirectional"] = True
        return chosen

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's module; its memory has the batch as the second axis and is turned round."""
        projected = self.told != self.hidden_size
        kind = PROJECTED.name if projected else f"nn.{LAYERS.id_of(self)}"
        support = (PROJECTED,) if projected else ()
        made = Call(kind, (shapes[0][1], self.hidden_size), self.options())
        if self.open_gate is not None:
            made, support = Call(OPEN_GATES.name, (made, self.open_gate)), (*support, OPEN_GATES)
        return TorchCode(self._applied(shapes), made, self._results(), support)

    def _applied(self, shapes: tuple[Shape, ...]) -> str:
        if shapes[1] == MISSING:
            return "{self}({0})"
        given = [f"{{{n}}}.transpose(0, 1).contiguous()" for n in range(1, 1 + self.states)]
        return f"{{self}}({{0}}, {given[0] if len(given) == 1 else f'({given[0]}, {given[1]})'})"

    def _results(self) -> tuple[str, ...]:
        memory = ["{r}[1]"] if self.states == 1 else ["{r}[1][0]", "{r}[1][1]"]
        last = "{r}[0][:, -1]"
        if self.bidirectional:  # the second direction ends at the first step
            last = f"torch.cat([{memory[0]}[-2], {memory[0]}[-1]], dim=1)"
        return ("{r}[0]", last, *(f"{each}.transpose(0, 1)" for each in memory))

    def summary(self) -> str:
        """Units, layers, directions."""
        deep = f" × {self.num_layers}" if self.num_layers > 1 else ""
        return f"{self.hidden_size}{deep}{' · both ways' if self.bidirectional else ''}"


@LAYERS.register("RNN")
@dataclass(frozen=True)
class RNN(_Recurrent):
    """Reads a sequence step by step; what it remembers is made of the new step and of what it remembered before.

    The simplest memory there is, and a short one: after some ten steps little is left of the first. LSTM and GRU have
    gates against that. Out gives what it remembers after every step, last only that after the final one.
    """

    title = "RNN"
    formula = "hₜ = tanh(W xₜ + U hₜ₋₁ + b)"
    own_width = 2

    nonlinearity: str = param(
        "tanh",
        "What bends the sum at each step.",
        choices={"tanh": "Tanh", "relu": "ReLU"},
        label="Activation",
        advanced=True,
    )

    def options(self) -> dict[str, Any]:
        """Those of all kinds, and the activation."""
        chosen = super().options()
        return chosen if self.nonlinearity == "tanh" else {"nonlinearity": self.nonlinearity, **chosen}


@LAYERS.register("LSTM")
@dataclass(frozen=True)
class LSTM(_Recurrent):
    """Reads a sequence step by step, with a memory that gates open and close: what to forget, take in and tell.

    The memory c is carried on unchanged as long as the forget gate is open, so that the first word can still count
    after hundreds of others. Out gives what it tells after every step, last only that after the final one.
    """

    title = "LSTM"
    formula = "cₜ = f ⊙ cₜ₋₁ + i ⊙ g, hₜ = o ⊙ tanh(cₜ), each gate σ(W xₜ + U hₜ₋₁ + b)"
    inputs = (Port("in"), Port("h", "h", optional=True), Port("c", "h", optional=True))
    outputs = (Port("out"), Port("last"), Port("h", "h"), Port("c", "h"))
    fits = (((7, 3), MISSING, MISSING), ((5, 4), (1, 8), (1, 8)), ((1, 1), MISSING, MISSING))
    gates = 4
    states = 2
    own_width = 9

    proj_size: int = param(
        0,
        "Tell fewer numbers than are remembered, made of them by a further weight matrix; 0: tell all.",
        low=0,
        high=SIZE_LIMIT,
        label="Told numbers",
        advanced=True,
    )
    forget_bias: float | None = param(
        None,
        "The bias that the forget gates start with: 5 lets them start open, so that long memories are learned "
        "quickly. Empty: torch's small random one.",
        kind="float",
        low=-GATE_LIMIT,
        high=GATE_LIMIT,
        optional=True,
        advanced=True,
    )

    @property
    def told(self) -> int:
        """Numbers that one direction says at each step."""
        return self.proj_size or self.hidden_size

    @property
    def open_gate(self) -> float | None:
        """The bias of the forget gates."""
        return self.forget_bias

    def _check_settings(self) -> None:
        if self.proj_size >= self.hidden_size:
            raise ShapeError(
                f"tells {words.count(self.proj_size)} of {words.plural(self.hidden_size, 'unit')}: "
                "make the told numbers fewer than the units, or 0 for all"
            )
        super()._check_settings()

    def options(self) -> dict[str, Any]:
        """Those of all kinds, and the projection."""
        return {**super().options(), **({"proj_size": self.proj_size} if self.proj_size else {})}


@LAYERS.register("GRU")
@dataclass(frozen=True)
class GRU(_Recurrent):
    """Reads a sequence step by step, with a gate that says how much of its memory to keep: a lighter LSTM.

    It has three quarters of an LSTM's weights and often learns as well. Out gives what it remembers after every step,
    last only that after the final one.
    """

    title = "GRU"
    formula = "hₜ = z ⊙ hₜ₋₁ + (1 − z) ⊙ n, z = σ(W xₜ + U hₜ₋₁ + b)"
    gates = 3
    own_width = 9

    update_bias: float | None = param(
        None,
        "The bias that the gates of the memory start with: 5 lets them start by keeping nearly all, so that long "
        "memories are learned quickly. Empty: torch's small random one.",
        kind="float",
        low=-GATE_LIMIT,
        high=GATE_LIMIT,
        optional=True,
        advanced=True,
    )

    @property
    def open_gate(self) -> float | None:
        """The bias of the update gates."""
        return self.update_bias
