"""The writing half of a transformer: one layer of it, and several on top of each other."""

from dataclasses import dataclass

from nnlab.core.arithmetic.attending import LATER_POSITIONS
from nnlab.core.arithmetic.transformers import LAYER_LIMIT, TransformerPart, check_memory
from nnlab.core.layer import LAYERS, MISSING, Call, Port, Shape, TorchCode
from nnlab.core.param import param


@dataclass(frozen=True)
class _Decoder(TransformerPart):
    """What the layer and the stack share."""

    tier = 3
    inputs = (
        Port("in"),
        Port("memory"),
        Port("padding", "m", optional=True),
        Port("memory_padding", "m", optional=True),
    )
    fits = (((5, 8), (3, 8), MISSING, MISSING), ((5, 4), (7, 4), (5,), (7,)), ((1, 6), (2, 6), MISSING, (2,)))

    causal: bool = param(True, "No step may look at a later one: it is to be guessed.")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        _, width = self.checked(shapes[0], shapes[2], "padding")
        check_memory(shapes[1], width, shapes[3], "memory_padding")
        return shapes[0]

    def applied(self, shapes: tuple[Shape, ...]) -> str:
        """The module's call with the inputs and masks that there are."""
        arguments = ["{0}", "{1}"]
        arguments += [f"tgt_mask={LATER_POSITIONS.name}({{0}})"] if self.causal else []
        arguments += ["tgt_key_padding_mask={2}"] if shapes[2] != MISSING else []
        arguments += ["memory_key_padding_mask={3}"] if shapes[3] != MISSING else []
        arguments += ["tgt_is_causal=True"] if self.causal else []
        return f"{{self}}({', '.join(arguments)})"


@LAYERS.register("TransformerDecoderLayer")
@dataclass(frozen=True)
class TransformerDecoderLayer(_Decoder):
    """Every step looks at the steps before it and at the whole of a second sequence; then a small network works on it.

    In a translator the second sequence, the memory, is what an encoder made of the sentence to translate. A step may not
    look ahead: the next word is what the network has to guess.
    """

    title = "Transformer decoder layer"
    formula = "a = norm(x + attention(x)), b = norm(a + attention(a, memory)), y = norm(b + W₂ f(W₁ b))"

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """Two attentions, inner layer and norms."""
        return self.decoder_weights(shapes[0][1])

    def flops(self, *shapes: Shape) -> int:
        """Both attentions and the inner layer."""
        return self.decoder_flops(shapes[0][0], shapes[1][0], shapes[0][1])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.TransformerDecoderLayer."""
        made = self.made("TransformerDecoderLayer", shapes[0][1])
        return TorchCode(self.applied(shapes), made, support=(LATER_POSITIONS,) if self.causal else ())

    def summary(self) -> str:
        """The heads, and whether it may look ahead."""
        return f"{self.heads_text()}{' · causal' if self.causal else ''}"


@LAYERS.register("TransformerDecoder")
@dataclass(frozen=True)
class TransformerDecoder(_Decoder):
    """Several transformer decoder layers on top of each other: the writing half of a transformer.

    Each looks at the same memory. torch starts all of them with the same numbers; dropout and training drive them apart.
    """

    title = "Transformer decoder"
    formula = "y = layer N(… layer 2(layer 1(x, memory), memory))"

    num_layers: int = param(2, "How many layers lie on top of each other.", low=1, high=LAYER_LIMIT, label="Layers")
    norm: bool = param(
        False,
        "Normalise the answer once more; wanted if each layer normalises first.",
        label="Last norm",
        advanced=True,
    )

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """Those of every layer, and of the last norm."""
        width = shapes[0][1]
        return self.stacked(self.num_layers, self.decoder_weights(width), width if self.norm else 0)

    def flops(self, *shapes: Shape) -> int:
        """Those of a layer, as often."""
        return self.num_layers * self.decoder_flops(shapes[0][0], shapes[1][0], shapes[0][1])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.TransformerDecoder around a layer."""
        width = shapes[0][1]
        options = {"norm": self.last_norm(width)} if self.norm else {}
        made = Call("nn.TransformerDecoder", (self.made("TransformerDecoderLayer", width), self.num_layers), options)
        return TorchCode(self.applied(shapes), made, support=(LATER_POSITIONS,) if self.causal else ())

    def summary(self) -> str:
        """Layers and heads."""
        return f"{self.num_layers} × {self.heads_text()}"
