"""The reading half of a transformer: one layer of it, and several on top of each other."""

from dataclasses import dataclass

from nnlab.core.arithmetic.attending import LATER_POSITIONS, check_pairs, pairs_mask
from nnlab.core.arithmetic.transformers import LAYER_LIMIT, TransformerPart
from nnlab.core.layer import LAYERS, MISSING, Call, Port, Shape, TorchCode
from nnlab.core.param import param


@dataclass(frozen=True)
class _Encoder(TransformerPart):
    """What the layer and the stack share."""

    inputs = (Port("in"), Port("padding", "m", optional=True), Port("mask", "m", optional=True))
    fits = (((5, 8), MISSING, MISSING), ((5, 4), (5,), MISSING), ((3, 6), MISSING, (3, 3)))

    causal: bool = param(False, "No step may look at a later one, as for guessing the next word.")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        length, _ = self.checked(shapes[0], shapes[1], "padding")
        check_pairs(shapes[2], length, length, "mask")
        return shapes[0]

    def call_arguments(self, shapes: tuple[Shape, ...], mask: str) -> str:
        """The inputs and masks as torch's modules take them; `mask` is what they call that over pairs."""
        given = "{2}" if shapes[2] != MISSING else ""
        pairs = pairs_mask(given, "{0}" if self.causal else "", self.nhead)
        arguments = ["{0}"]
        arguments += [f"{mask}={pairs}"] if pairs else []
        arguments += ["src_key_padding_mask={1}"] if shapes[1] != MISSING else []
        if self.causal and not given:
            arguments.append("is_causal=True")
        elif given and mask == "mask":  # told of no answer, the stack would look at the mask's values
            arguments.append("is_causal=False")
        return ", ".join(arguments)


@LAYERS.register("TransformerEncoderLayer")
@dataclass(frozen=True)
class TransformerEncoderLayer(_Encoder):
    """Every step looks at all others and takes over what it needs; then a small network works on each step by itself.

    Both add to what was there and are normalised. Several of them make the reading half of a transformer; put a
    Positional encoding before the first, or it will not know the order of the steps.
    """

    title = "Transformer encoder layer"
    tier = 2
    formula = "a = norm(x + attention(x)), y = norm(a + W₂ f(W₁ a))"

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """Attention, inner layer and norms."""
        return self.encoder_weights(shapes[0][1])

    def flops(self, *shapes: Shape) -> int:
        """Attention and the inner layer."""
        return self.encoder_flops(*shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.TransformerEncoderLayer."""
        made = self.made("TransformerEncoderLayer", shapes[0][1])
        support = (LATER_POSITIONS,) if self.causal else ()
        return TorchCode(f"{{self}}({self.call_arguments(shapes, 'src_mask')})", made, support=support)

    def summary(self) -> str:
        """The heads, and whether it may look ahead."""
        return f"{self.heads_text()}{' · causal' if self.causal else ''}"


@LAYERS.register("TransformerEncoder")
@dataclass(frozen=True)
class TransformerEncoder(_Encoder):
    """Several transformer encoder layers on top of each other: the reading half of a transformer.

    torch starts all of them with the same numbers; dropout and training drive them apart. Put a Positional encoding
    before it, or it will not know the order of the steps.
    """

    title = "Transformer encoder"
    tier = 2
    formula = "y = layer N(… layer 2(layer 1(x)))"

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
        return self.stacked(self.num_layers, self.encoder_weights(width), width if self.norm else 0)

    def flops(self, *shapes: Shape) -> int:
        """Those of a layer, as often."""
        return self.num_layers * self.encoder_flops(*shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.TransformerEncoder around a layer; padded sequences are computed as they are, not packed."""
        width = shapes[0][1]
        options = {"norm": self.last_norm(width)} if self.norm else {}
        layer = self.made("TransformerEncoderLayer", width)
        made = Call("nn.TransformerEncoder", (layer, self.num_layers), {**options, "enable_nested_tensor": False})
        support = (LATER_POSITIONS,) if self.causal else ()
        return TorchCode(f"{{self}}({self.call_arguments(shapes, 'mask')})", made, support=support)

    def summary(self) -> str:
        """Layers and heads."""
        return f"{self.num_layers} × {self.heads_text()}"
