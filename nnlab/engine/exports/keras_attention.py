"""Keras equals of attention and of encoder layers."""

from typing import Any

from nnlab.core.layer import MISSING, Shape, Support
from nnlab.engine.exports.keras_code import KerasCode, call, equal, only, unless

NUMBERS = Support(
    "attention_numbers",
    '''
def attention_numbers(state, name, heads):
    """What an attention layer has learned, in the form of Keras: each head by itself."""
    found = []
    for weight, bias in zip(np.split(state[f"{name}.in_proj_weight"], 3), np.split(state[f"{name}.in_proj_bias"], 3)):
        found += [weight.T.reshape(len(weight), heads, -1), bias.reshape(heads, -1)]
    out = state[f"{name}.out_proj.weight"]
    return [*found, out.T.reshape(heads, -1, len(out)), state[f"{name}.out_proj.bias"]]
''',
)
ENCODER = Support(
    "encoder_layer",
    '''
def encoder_layer(x, heads, inner, dropout, activation, name, norm_first=False, mask=None, causal=False):
    """A layer of a transformer: attention, then two Dense layers at each step, each added to what came in."""
    width = x.shape[-1]

    def attend(x):
        attention = layers.MultiHeadAttention(heads, width // heads, dropout=dropout, name=f"{name}_attention")
        return layers.Dropout(dropout)(attention(x, x, attention_mask=mask, use_causal_mask=causal))

    def think(x):
        x = layers.Dense(inner, activation=activation, name=f"{name}_inner")(x)
        x = layers.Dense(width, name=f"{name}_outer")(layers.Dropout(dropout)(x))
        return layers.Dropout(dropout)(x)

    before = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm1")
    after = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm2")
    if norm_first:
        x = x + attend(before(x))
        return x + think(after(x))
    x = before(x + attend(x))
    return after(x + think(x))
''',
)
MAY_LOOK = "ops.expand_dims(ops.logical_not({{{0}}}), 1)"
"""Keras marks what may be looked at, PyTorch what may not."""


@equal("MultiheadAttention")
def _attention(layer: Any, *shapes: Shape) -> KerasCode:
    queries, keys, values, padding, pairs = shapes
    width = queries[1]
    only(layer.bias, "without biases its numbers have another form")
    only(
        all(each == MISSING or each[1] == width for each in (keys, values)),
        "keys of another width have another form there",
    )
    only(pairs == MISSING, "a mask of pairs has another form there")
    key = "{0}" if keys == MISSING else "{1}"
    value = key if values == MISSING else "{2}"
    options = [f"key={key}"] if value != key else []
    options += [f"attention_mask={MAY_LOOK.format(3)}"] if padding != MISSING else []
    options += ["use_causal_mask=True"] if layer.causal else []
    options += ["return_attention_scores=True"]
    made = call(
        "MultiHeadAttention", layer.num_heads, width // layer.num_heads, dropout=unless(layer.dropout, 0), name="{name}"
    )
    weights = "ops.mean({r}[1], axis=1)" if layer.average_attn_weights else "{r}[1]"
    numbers = (("{name}", f'*attention_numbers(state, "{{s}}", {layer.num_heads})'),)
    both = f"{made}({{0}}, {value}, {', '.join(options)})"
    alone = both.replace(", return_attention_scores=True", "")
    return KerasCode(both, ("{r}[0]", weights), numbers, {0: alone}, (NUMBERS,))


@equal("TransformerEncoderLayer", "TransformerEncoder")
def _encoder(layer: Any, *shapes: Shape) -> KerasCode:
    shape, padding, pairs = shapes
    only(layer.bias, "without biases its numbers have another form")
    only(pairs == MISSING, "a mask of pairs has another form there")
    only(not getattr(layer, "norm", False), "a norm at the end is not part of it there")
    inner = _inner(layer, shape)
    rest = [repr(layer.nhead), repr(inner), repr(layer.dropout), f'"{layer.activation}"']
    options = ["norm_first=True"] if layer.norm_first else []
    options += [f"mask={MAY_LOOK.format(1)}"] if padding != MISSING else []
    options += ["causal=True"] if layer.causal else []
    text, numbers = "{0}", []
    count = getattr(layer, "num_layers", 0)
    for k in range(count or 1):
        name, start = (f"{{name}}_{k + 1}", f"{{s}}.layers.{k}") if count else ("{name}", "{s}")
        text = f"encoder_layer({', '.join([text, *rest, f'{chr(34)}{name}{chr(34)}', *options])})"
        numbers += _encoder_numbers(layer.nhead, name, start)
    return KerasCode(text, numbers=tuple(numbers), support=(NUMBERS, ENCODER))


def _inner(layer: Any, shape: Shape) -> int:
    """How wide the two Dense layers are between them."""
    found: int = 4 * shape[1] if layer.dim_feedforward is None else layer.dim_feedforward
    return found


def _encoder_numbers(heads: int, name: str, start: str) -> list[tuple[str, str]]:
    def plain(part: str, learned: str, turned: str = ".T") -> tuple[str, str]:
        return f"{name}_{part}", f'state["{start}.{learned}.weight"]{turned}, state["{start}.{learned}.bias"]'

    return [
        (f"{name}_attention", f'*attention_numbers(state, "{start}.self_attn", {heads})'),
        plain("inner", "linear1"),
        plain("outer", "linear2"),
        plain("norm1", "norm1", ""),
        plain("norm2", "norm2", ""),
    ]
