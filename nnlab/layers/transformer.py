"""The whole transformer: a reading and a writing half."""

from dataclasses import dataclass

from nnlab.core.arithmetic.attending import LATER_POSITIONS, named
from nnlab.core.arithmetic.transformers import LAYER_LIMIT, TransformerPart, check_memory
from nnlab.core.layer import LAYERS, MISSING, Call, Port, Shape, TorchCode
from nnlab.core.param import param


@LAYERS.register("Transformer")
@dataclass(frozen=True)
class Transformer(TransformerPart):
    """A whole translator in one node: an encoder reads one sequence, and a decoder that looks at it writes another.

    Both sequences come as rows of one width: put an Embedding and a Positional encoding before each. While training,
    the decoder is given the right answer, one step late, and may not look ahead in it.
    """

    title = "Transformer"
    tier = 3
    formula = "y = decoder(target, encoder(source))"
    inputs = (
        Port("source"),
        Port("target"),
        Port("source_padding", "m", optional=True),
        Port("target_padding", "m", optional=True),
    )
    fits = (((5, 8), (3, 8), MISSING, MISSING), ((5, 4), (7, 4), (5,), (7,)), ((2, 6), (1, 6), (2,), MISSING))

    num_encoder_layers: int = param(
        2, "How many layers the reading half has.", low=1, high=LAYER_LIMIT, label="Encoder layers"
    )
    num_decoder_layers: int = param(
        2, "How many layers the writing half has.", low=1, high=LAYER_LIMIT, label="Decoder layers"
    )
    causal: bool = param(True, "No step of the target may look at a later one: it is to be guessed.")

    def output_shape(self, *shapes: Shape) -> Shape:
        """That of the target."""
        _, width = self.checked(shapes[1], shapes[3], "target_padding")
        check_memory(shapes[0], width, shapes[2], "source_padding")
        return shapes[1]

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """Those of both halves, each with a norm at its end."""
        width = shapes[1][1]
        encoder = self.stacked(self.num_encoder_layers, self.encoder_weights(width), width)
        decoder = self.stacked(self.num_decoder_layers, self.decoder_weights(width), width)
        return {**named("encoder", encoder), **named("decoder", decoder)}

    def flops(self, *shapes: Shape) -> int:
        """All layers of both halves."""
        (seen, width), length = shapes[0], shapes[1][0]
        reading = self.num_encoder_layers * self.encoder_flops(seen, width)
        return reading + self.num_decoder_layers * self.decoder_flops(length, seen, width)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Transformer, with an encoder that computes padded sequences as they are."""
        width = shapes[1][1]
        norm = {"norm": self.last_norm(width), "enable_nested_tensor": False}
        layer = self.made("TransformerEncoderLayer", width)
        encoder = Call("nn.TransformerEncoder", (layer, self.num_encoder_layers), norm)
        layers = {"num_decoder_layers": self.num_decoder_layers} if self.num_decoder_layers != 6 else {}
        options = {"custom_encoder": encoder, **layers, **self.options(width)}
        return TorchCode(
            self._applied(shapes),
            Call("nn.Transformer", (width, self.nhead), options),
            support=(LATER_POSITIONS,) if self.causal else (),
        )

    def _applied(self, shapes: tuple[Shape, ...]) -> str:
        arguments = ["{0}", "{1}"]
        arguments += [f"tgt_mask={LATER_POSITIONS.name}({{1}})"] if self.causal else []
        if shapes[2] != MISSING:
            arguments += ["src_key_padding_mask={2}", "memory_key_padding_mask={2}"]
        arguments += ["tgt_key_padding_mask={3}"] if shapes[3] != MISSING else []
        arguments += ["tgt_is_causal=True"] if self.causal else []
        return f"{{self}}({', '.join(arguments)})"

    def summary(self) -> str:
        """Layers and heads."""
        return f"{self.num_encoder_layers}+{self.num_decoder_layers} × {self.heads_text()}"
