"""What the layers of a transformer share: their settings, weights and arithmetic."""

from dataclasses import dataclass
from typing import Any

from nnlab.core.arithmetic.attending import HEAD_LIMIT, attention_flops, attention_weights, check_heads, named
from nnlab.core.arithmetic.sequences import SIZE_LIMIT, check_mask, sequence
from nnlab.core.layer import Call, Layer, Shape, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

WIDER = 4  # the inner layer is as many times as wide as a step, unless told otherwise
LAYER_LIMIT = 64
TORCHS_WIDTH = 2048  # of the inner layer, if torch is not told


@dataclass(frozen=True)
class TransformerPart(Layer):
    """Settings that each layer of a transformer has."""

    category = "Attention"

    nhead: int = param(
        2,
        "How many heads look side by side; the features are shared among them.",
        low=1,
        high=HEAD_LIMIT,
        label="Heads",
    )
    dim_feedforward: int | None = param(
        None,
        "Units of the inner layer that works on each step by itself; left empty, four times the width of a step.",
        kind="int",
        low=1,
        high=SIZE_LIMIT,
        optional=True,
        label="Inner units",
    )
    dropout: float = param(0.1, "Share of the numbers that is made 0 while training.", low=0.0, high=1.0)
    activation: str = param(
        "relu", "What bends the inner layer.", choices={"relu": "ReLU", "gelu": "GELU"}, advanced=True
    )
    norm_first: bool = param(
        False,
        "Normalise before attention and inner layer, not after them: deep stacks then train more easily.",
        advanced=True,
    )
    bias: bool = param(True, "Add learned constants to all sums and norms.", advanced=True)

    def inner(self, width: int) -> int:
        """Units of the inner layer for steps of this width."""
        return self.dim_feedforward or WIDER * width

    def options(self, width: int) -> dict[str, Any]:
        """The settings that differ from torch's own, as they are printed."""
        chosen: dict[str, Any] = {}
        given = {"dropout": 0.1, "activation": "relu", "norm_first": False, "bias": True}
        if self.inner(width) != TORCHS_WIDTH:
            chosen["dim_feedforward"] = self.inner(width)
        chosen |= {name: getattr(self, name) for name, usual in given.items() if getattr(self, name) != usual}
        return {**chosen, "batch_first": True}

    def made(self, kind: str, width: int) -> Call:
        """The constructor of one layer of torch's."""
        return Call(f"nn.{kind}", (width, self.nhead), self.options(width))

    def checked(self, steps: Shape, padding: Shape, port: str) -> tuple[int, int]:
        """Steps and their width; ShapeError if they, the heads or the padding mask do not fit."""
        length, width = sequence(steps)
        check_heads(width, self.nhead)
        check_mask(padding, length, port)
        return length, width

    def encoder_weights(self, width: int) -> dict[str, Shape]:
        """The learned tensors of one encoder layer."""
        return {**named("self_attn", attention_weights(width, self.bias)), **self._rest(width, 2)}

    def decoder_weights(self, width: int) -> dict[str, Shape]:
        """The learned tensors of one decoder layer."""
        own = attention_weights(width, self.bias)
        return {**named("self_attn", own), **named("multihead_attn", own), **self._rest(width, 3)}

    def _rest(self, width: int, norms: int) -> dict[str, Shape]:
        """Inner layer and norms."""
        found: dict[str, Shape] = {"linear1.weight": (self.inner(width), width)}
        found["linear2.weight"] = (width, self.inner(width))
        if self.bias:
            found["linear1.bias"], found["linear2.bias"] = (self.inner(width),), (width,)
        for k in range(1, norms + 1):
            found[f"norm{k}.weight"] = (width,)
            if self.bias:
                found[f"norm{k}.bias"] = (width,)
        return found

    def last_norm(self, width: int) -> Call:
        """The constructor of the norm at the end of a stack."""
        return Call("nn.LayerNorm", (width,), {} if self.bias else {"bias": False})

    def stacked(self, count: int, layer: dict[str, Shape], norm: int = 0) -> dict[str, Shape]:
        """The learned tensors of layers on top of each other, and of a norm of this width at their end."""
        found: dict[str, Shape] = {}
        for k in range(count):
            found |= named(f"layers.{k}", layer)
        found |= {"norm.weight": (norm,)} if norm else {}
        return {**found, "norm.bias": (norm,)} if norm and self.bias else found

    def encoder_flops(self, length: int, width: int) -> int:
        """Attention and the inner layer, for one encoder layer."""
        return attention_flops(length, length, width) + 4 * length * width * self.inner(width)

    def decoder_flops(self, length: int, seen: int, width: int) -> int:
        """Both attentions and the inner layer, for one decoder layer."""
        return attention_flops(length, seen, width) + self.encoder_flops(length, width)

    def heads_text(self) -> str:
        """The heads, for the node's second line."""
        return f"{self.nhead} head{'' if self.nhead == 1 else 's'}"


def check_memory(memory: Shape, width: int, padding: Shape, port: str) -> int:
    """How many steps the memory has; ShapeError if it does not fit."""
    seen, its = sequence(memory)
    if its != width:
        raise ShapeError(
            f"has steps of {width} features and looks at a memory {shape_text(memory)} of {its}: "
            "make both equally wide, with a Linear before one of them"
        )
    check_mask(padding, seen, port)
    return seen
