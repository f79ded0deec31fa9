"""Positional encoding: what tells attention where a step stands."""

from dataclasses import dataclass
from math import prod
from typing import Any

from nnlab.core import words
from nnlab.core.arithmetic.sequences import SIZE_LIMIT, sequence
from nnlab.core.layer import LAYERS, Call, Layer, Shape, Support, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError

SINE = Support(
    "SinePositions",
    '''\
class SinePositions(nn.Module):
    """Adds to every step a pattern of sines and cosines that no other step has."""

    def __init__(self, length, width, dropout=0.0):
        super().__init__()
        speed = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        angle = torch.arange(length).unsqueeze(1) * speed
        table = torch.zeros(length, width)
        table[:, 0::2] = angle.sin()
        table[:, 1::2] = angle.cos()[:, : width // 2]
        self.register_buffer("table", table, persistent=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.dropout(x + self.table[: x.shape[1]])
''',
)

LEARNED = Support(
    "LearnedPositions",
    '''\
class LearnedPositions(nn.Module):
    """Adds to every step a row of a table that is learned: an embedding of the positions."""

    def __init__(self, length, width, dropout=0.0):
        super().__init__()
        self.table = nn.Parameter(torch.randn(length, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.dropout(x + self.table[: x.shape[1]])
''',
)

ROTARY = Support(
    "RotaryPositions",
    '''\
class RotaryPositions(nn.Module):
    """Turns each pair of numbers by an angle that grows with the position: products then depend on the distance."""

    def __init__(self, length, width, dropout=0.0):
        super().__init__()
        speed = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        angle = torch.arange(length).unsqueeze(1) * speed
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        cos, sin = self.cos[: x.shape[1]], self.sin[: x.shape[1]]
        a, b = x[..., 0::2], x[..., 1::2]
        return self.dropout(torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2))
''',
)

KINDS = {"sine": SINE, "learned": LEARNED, "rotary": ROTARY}


@LAYERS.register("PositionalEncoding")
@dataclass(frozen=True)
class PositionalEncoding(Layer):
    """Tells the steps of a sequence apart by where they stand.

    Attention treats its steps as a heap: "dog bites man" is "man bites dog" to it. So each step gets something of its
    position: a pattern of waves, a learned row, or a turn of its numbers (rotary; made for queries and keys).
    """

    title = "Positional encoding"
    category = "Attention"
    tier = 2
    formula = "y_t = x_t + p_t; p of waves: sin(t / 10000^(2k/d)), cos(t / 10000^(2k/d))"
    fits = (((7, 4),), ((1, 2),), ((9, 6),))

    kind: str = param(
        "sine",
        "Waves of fixed lengths, a table that is learned, or a rotation of pairs of numbers.",
        choices={"sine": "Sine waves", "learned": "Learned", "rotary": "Rotary"},
    )
    max_length: int | None = param(
        None,
        "For how many steps there are positions; left empty, for as many as the wire brings.",
        kind="int",
        low=1,
        high=SIZE_LIMIT,
        optional=True,
        label="Longest sequence",
        advanced=True,
    )
    dropout: float = param(
        0.0, "Share of the numbers that is made 0 afterwards while training.", low=0.0, high=1.0, advanced=True
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        length, width = sequence(shapes[0])
        if self.max_length is not None and length > self.max_length:
            raise ShapeError(
                f"has positions for {words.plural(self.max_length, 'step')}, and gets {words.count(length)}: "
                "make the longest sequence longer, or leave it empty"
            )
        if self.kind == "rotary" and width % 2:
            raise ShapeError(
                f"turns pairs of numbers, and gets {words.plural(width, 'feature')}, an odd number: "
                "make the width even, or choose sine waves"
            )
        return shapes[0]

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """The table, if it is learned."""
        return {"table": self._table(shapes[0])} if self.kind == "learned" else {}

    def flops(self, *shapes: Shape) -> int:
        """One sum per number; a turn takes three."""
        return prod(shapes[0]) * (3 if self.kind == "rotary" else 1)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A small module with the table."""
        support = KINDS[self.kind]
        options: dict[str, Any] = {"dropout": self.dropout} if self.dropout else {}
        return TorchCode("{self}({0})", Call(support.name, self._table(shapes[0]), options), support=(support,))

    def _table(self, shape: Shape) -> Shape:
        return (self.max_length or shape[0], shape[1])

    def summary(self) -> str:
        """Of which kind."""
        return self.kind
