"""Keras equals of attention, of the layers of transformers, and of masks."""

from typing import Any

from nnlab.core.layer import MISSING, Shape, Support
from nnlab.engine.exports.keras.code import PART, KerasCode, call, composed, equal, unless

NUMBERS = Support(
    "attention_numbers",
    '''
def attention_numbers(state, heads):
    """What an attention layer has learned, in the form of Keras: each head by itself."""
    names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
    whole = state.get("in_proj_weight")
    weights = [state[name] for name in names] if whole is None else np.split(whole, 3)
    found = [weight.T.reshape(weight.shape[1], heads, -1) for weight in weights]
    out = state["out_proj.weight"]
    found.append(out.T.reshape(heads, -1, len(out)))
    if "in_proj_bias" not in state:
        return found
    biases = [bias.reshape(heads, -1) for bias in np.split(state["in_proj_bias"], 3)]
    return [each for pair in zip(found, [*biases, state["out_proj.bias"]], strict=True) for each in pair]
''',
)
FEED_FORWARD = Support(
    "dense_numbers",
    '''
def dense_numbers(state, name):
    """What a Dense layer has learned, in the form of Keras."""
    bias = state.get(f"{name}.bias")
    return [state[f"{name}.weight"].T, *([] if bias is None else [bias])]
''',
)
NORM = Support(
    "norm_numbers",
    '''
def norm_numbers(state, name):
    """What a normalisation has learned."""
    return [state[f"{name}.{kind}"] for kind in ("weight", "bias") if f"{name}.{kind}" in state]
''',
)
CROSS = Support(
    "CrossAttention",
    '''
class CrossAttention(layers.MultiHeadAttention):
    """Attention of one sequence to another, with a table of who looked at whom: Keras itself takes it for square."""

    def compute_output_spec(self, query, value, *more, **options):
        x, table = super().compute_output_spec(query, value, *more, **options)
        return x, keras.KerasTensor((*table.shape[:-1], value.shape[1]), table.dtype)
''',
)
ENCODER_LAYER = Support(
    "TransformerEncoderLayer",
    '''
class TransformerEncoderLayer(layers.Layer):
    """Attention, then two Dense layers at each step, each added to what came in."""

    def __init__(
        self,
        width,
        heads,
        inner,
        dropout=0.1,
        activation="relu",
        norm_first=False,
        bias=True,
        causal=False,
        **options,
    ):
        super().__init__(**options)
        self.attention = layers.MultiHeadAttention(heads, width // heads, dropout=dropout, use_bias=bias)
        self.inner = layers.Dense(inner, activation=activation, use_bias=bias)
        self.outer = layers.Dense(width, use_bias=bias)
        self.norm1 = layers.LayerNormalization(epsilon=1e-5, center=bias)
        self.norm2 = layers.LayerNormalization(epsilon=1e-5, center=bias)
        self.dropout = layers.Dropout(dropout)
        self.heads, self.norm_first, self.causal = heads, norm_first, causal

    def attend(self, x, allowed):
        return self.dropout(self.attention(x, x, attention_mask=allowed, use_causal_mask=self.causal))

    def think(self, x):
        return self.dropout(self.outer(self.dropout(self.inner(x))))

    def call(self, x, allowed=None):
        if self.norm_first:
            x = x + self.attend(self.norm1(x), allowed)
            return x + self.think(self.norm2(x))
        x = self.norm1(x + self.attend(x, allowed))
        return self.norm2(x + self.think(x))

    def take_over(self, state):
        """Take over what PyTorch has learned."""
        self.attention.set_weights(attention_numbers(part(state, "self_attn."), self.heads))
        self.inner.set_weights(dense_numbers(state, "linear1"))
        self.outer.set_weights(dense_numbers(state, "linear2"))
        self.norm1.set_weights(norm_numbers(state, "norm1"))
        self.norm2.set_weights(norm_numbers(state, "norm2"))
''',
)
DECODER_LAYER = Support(
    "TransformerDecoderLayer",
    '''
class TransformerDecoderLayer(layers.Layer):
    """Attention to what was written, attention to the memory, then two Dense layers at each step."""

    def __init__(
        self,
        width,
        heads,
        inner,
        dropout=0.1,
        activation="relu",
        norm_first=False,
        bias=True,
        causal=True,
        **options,
    ):
        super().__init__(**options)
        self.attention = layers.MultiHeadAttention(heads, width // heads, dropout=dropout, use_bias=bias)
        self.reading = layers.MultiHeadAttention(heads, width // heads, dropout=dropout, use_bias=bias)
        self.inner = layers.Dense(inner, activation=activation, use_bias=bias)
        self.outer = layers.Dense(width, use_bias=bias)
        self.norm1 = layers.LayerNormalization(epsilon=1e-5, center=bias)
        self.norm2 = layers.LayerNormalization(epsilon=1e-5, center=bias)
        self.norm3 = layers.LayerNormalization(epsilon=1e-5, center=bias)
        self.dropout = layers.Dropout(dropout)
        self.heads, self.norm_first, self.causal = heads, norm_first, causal

    def attend(self, x, allowed):
        return self.dropout(self.attention(x, x, attention_mask=allowed, use_causal_mask=self.causal))

    def read(self, x, memory, allowed):
        return self.dropout(self.reading(x, memory, attention_mask=allowed))

    def think(self, x):
        return self.dropout(self.outer(self.dropout(self.inner(x))))

    def call(self, x, memory, allowed=None, memory_allowed=None):
        if self.norm_first:
            x = x + self.attend(self.norm1(x), allowed)
            x = x + self.read(self.norm2(x), memory, memory_allowed)
            return x + self.think(self.norm3(x))
        x = self.norm1(x + self.attend(x, allowed))
        x = self.norm2(x + self.read(x, memory, memory_allowed))
        return self.norm3(x + self.think(x))

    def take_over(self, state):
        """Take over what PyTorch has learned."""
        self.attention.set_weights(attention_numbers(part(state, "self_attn."), self.heads))
        self.reading.set_weights(attention_numbers(part(state, "multihead_attn."), self.heads))
        self.inner.set_weights(dense_numbers(state, "linear1"))
        self.outer.set_weights(dense_numbers(state, "linear2"))
        self.norm1.set_weights(norm_numbers(state, "norm1"))
        self.norm2.set_weights(norm_numbers(state, "norm2"))
        self.norm3.set_weights(norm_numbers(state, "norm3"))
''',
)
STACK = Support(
    "TransformerStack",
    '''
class TransformerStack(layers.Layer):
    """Layers of a transformer on top of each other, and a normalisation at the end where there is one."""

    def __init__(self, kind, count, *sizes, norm=False, bias=True, name=None, **settings):
        super().__init__(name=name)
        self.rows = [kind(*sizes, bias=bias, **settings) for _ in range(count)]
        self.norm = layers.LayerNormalization(epsilon=1e-5, center=bias) if norm else None

    def call(self, x, memory=None, allowed=None, memory_allowed=None):
        for row in self.rows:
            x = row(x, allowed) if memory is None else row(x, memory, allowed, memory_allowed)
        return x if self.norm is None else self.norm(x)

    def take_over(self, state):
        """Take over what PyTorch has learned."""
        for k, row in enumerate(self.rows):
            row.take_over(part(state, f"layers.{k}."))
        if self.norm is not None:
            self.norm.set_weights(norm_numbers(state, "norm"))
''',
)
TRANSFORMER = Support(
    "Transformer",
    '''
class Transformer(layers.Layer):
    """An encoder reads one sequence, and a decoder that looks at it writes another."""

    def __init__(self, encoders, decoders, *sizes, causal=True, name=None, **settings):
        super().__init__(name=name)
        self.encoder = TransformerStack(TransformerEncoderLayer, encoders, *sizes, norm=True, **settings)
        self.decoder = TransformerStack(
            TransformerDecoderLayer, decoders, *sizes, norm=True, causal=causal, **settings
        )

    def call(self, source, target, source_allowed=None, target_allowed=None):
        memory = self.encoder(source, allowed=source_allowed)
        return self.decoder(target, memory, target_allowed, source_allowed)

    def take_over(self, state):
        """Take over what PyTorch has learned."""
        self.encoder.take_over(part(state, "encoder."))
        self.decoder.take_over(part(state, "decoder."))
''',
)
LATER = Support(
    "later_steps",
    '''
def later_steps(x):
    """For each sample a table of steps × steps: True where a step would look at a later one."""
    steps = x.shape[1]
    none = ops.zeros_like(ops.reshape(x, (-1, steps, x.shape[-1] if len(x.shape) > 2 else 1))[:, :, :1]) != 0
    return ops.logical_or(none, ops.convert_to_tensor(~np.tri(steps, dtype=bool))[None])
''',
)
DOT_PRODUCT = Support(
    "DotProductAttention",
    '''
class DotProductAttention(layers.Layer):
    """Each query takes the mean of all values, weighted by how its key fits; `mask` says what may not be looked at."""

    def __init__(self, causal=False, dropout=0.0, scale=None, **options):
        super().__init__(**options)
        self.causal, self.scale = causal, scale
        self.dropout = layers.Dropout(dropout)

    def call(self, query, key, value, hidden=None):
        scale = query.shape[-1] ** -0.5 if self.scale is None else self.scale
        scores = ops.matmul(query, ops.swapaxes(key, -1, -2)) * scale
        if self.causal:
            scores = ops.where(np.tri(scores.shape[-1], dtype=bool), scores, -np.inf)
        if hidden is not None:
            scores = ops.where(hidden, -np.inf, scores)
        return ops.matmul(self.dropout(ops.softmax(scores)), value)
''',
)
EVERY = (PART, NUMBERS, FEED_FORWARD, NORM)


def _allowed(padding: str, pairs: str = "") -> str:
    """Keras marks what may be looked at, PyTorch what may not."""
    spread = f"ops.expand_dims({padding}, 1)" if padding else ""
    both = f"ops.logical_or({pairs}, {spread})" if pairs and padding else pairs or spread
    return f"ops.logical_not({both})"


@equal("MultiheadAttention")
def _attention(layer: Any, *shapes: Shape) -> KerasCode:
    queries, keys, values, padding, pairs = shapes
    width = queries[1]
    key = "{0}" if keys == MISSING else "{1}"
    value = key if values == MISSING else "{2}"
    options = [f"key={key}"] if value != key else []
    if padding != MISSING or pairs != MISSING:
        said = _allowed("{3}" if padding != MISSING else "", "{4}" if pairs != MISSING else "")
        options.append(f"attention_mask={said}")
    options += ["use_causal_mask=True"] if layer.causal else []
    options += ["return_attention_scores=True"]
    made = call(
        "MultiHeadAttention", layer.num_heads, width // layer.num_heads, dropout=unless(layer.dropout, 0),
        use_bias=unless(layer.bias, True), name="{name}",
    )  # fmt: skip
    weights = "ops.mean({r}[1], axis=1)" if layer.average_attn_weights else "{r}[1]"
    numbers = (("{name}", f'*attention_numbers(part(state, "{{s}}."), {layer.num_heads})'),)
    both = f"{made}({{0}}, {value}, {', '.join(options)})"
    alone = both.replace(", return_attention_scores=True", "")
    seen = queries if keys == MISSING else keys
    if seen[0] == queries[0]:
        return KerasCode(both, ("{r}[0]", weights), numbers, {0: alone}, (PART, NUMBERS))
    both = both.replace("layers.MultiHeadAttention", CROSS.name, 1)
    return KerasCode(both, ("{r}[0]", weights), numbers, {0: alone}, (PART, NUMBERS, CROSS))


def _settings(layer: Any, width: int, **more: object) -> str:
    """The arguments that the layers of a transformer share, with what differs from their own."""
    usual = {"dropout": 0.1, "activation": "relu", "norm_first": False, "bias": True}
    chosen = {name: getattr(layer, name) for name, value in usual.items() if getattr(layer, name) != value}
    made = call("X", width, layer.nhead, layer.inner(width), **chosen, **more, name="{name}")
    return made.removeprefix("layers.X(").removesuffix(")")


@equal("TransformerEncoderLayer", "TransformerEncoder")
def _encoder(layer: Any, *shapes: Shape) -> KerasCode:
    shape, padding, pairs = shapes
    masked = padding != MISSING or pairs != MISSING
    said = _allowed("{1}" if padding != MISSING else "", "{2}" if pairs != MISSING else "")
    given = f"({{0}}, allowed={said})" if masked else "({0})"
    causal = unless(layer.causal, False)
    if not hasattr(layer, "num_layers"):
        text = f"TransformerEncoderLayer({_settings(layer, shape[1], causal=causal)})"
        return composed(text + given, *EVERY, ENCODER_LAYER)
    settings = _settings(layer, shape[1], causal=causal, norm=unless(layer.norm, False))
    text = f"TransformerStack(TransformerEncoderLayer, {layer.num_layers}, {settings})"
    return composed(text + given, *EVERY, ENCODER_LAYER, STACK)


@equal("TransformerDecoderLayer", "TransformerDecoder")
def _decoder(layer: Any, *shapes: Shape) -> KerasCode:
    shape, _, padding, memory_padding = shapes
    given = ["{0}", "{1}"]
    given += [f"allowed={_allowed('{2}')}"] if padding != MISSING else []
    given += [f"memory_allowed={_allowed('{3}')}"] if memory_padding != MISSING else []
    causal = unless(layer.causal, True)
    if not hasattr(layer, "num_layers"):
        text = f"TransformerDecoderLayer({_settings(layer, shape[1], causal=causal)})"
        return composed(f"{text}({', '.join(given)})", *EVERY, DECODER_LAYER)
    settings = _settings(layer, shape[1], causal=causal, norm=unless(layer.norm, False))
    text = f"TransformerStack(TransformerDecoderLayer, {layer.num_layers}, {settings})"
    return composed(f"{text}({', '.join(given)})", *EVERY, DECODER_LAYER, STACK)


@equal("Transformer")
def _transformer(layer: Any, *shapes: Shape) -> KerasCode:
    given = ["{0}", "{1}"]
    given += [f"source_allowed={_allowed('{2}')}"] if shapes[2] != MISSING else []
    given += [f"target_allowed={_allowed('{3}')}"] if shapes[3] != MISSING else []
    settings = _settings(layer, shapes[1][1], causal=unless(layer.causal, True))
    text = f"Transformer({layer.num_encoder_layers}, {layer.num_decoder_layers}, {settings})"
    return composed(f"{text}({', '.join(given)})", *EVERY, ENCODER_LAYER, DECODER_LAYER, STACK, TRANSFORMER)


@equal("ScaledDotProductAttention")
def _dot_product(layer: Any, *shapes: Shape) -> KerasCode:
    queries, _, _, mask = shapes
    options = {"causal": unless(layer.causal, False), "dropout": unless(layer.dropout, 0), "scale": layer.scale}
    made = call("X", **options).removeprefix("layers.X")
    given = ["{0}", "{1}", "{2}"]
    if mask != MISSING:
        axes = (len(queries) - 2) + (1 if len(mask) == 1 else 0)
        given.append("{3}" + {0: "", 1: "[:, None]", 2: "[:, None, None]"}[axes])
    return KerasCode(f"DotProductAttention{made}({', '.join(given)})", support=(DOT_PRODUCT,))


@equal("PaddingMask")
def _padding_mask(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.equal({{0}}, {layer.number})")


@equal("CausalMask")
def _causal_mask(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode("later_steps({0})", support=(LATER,))


@equal("NodeMask")
def _node_mask(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode("ops.all(ops.equal({0}, 0), axis=-1)")
