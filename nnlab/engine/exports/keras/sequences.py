"""Keras equals of embeddings and recurrent layers."""

from dataclasses import replace
from typing import Any

from nnlab.core.layer import LAYERS, MISSING, Shape, Support
from nnlab.engine.exports.keras.code import KerasCode, call, equal, of, only, unless, weighted
from nnlab.engine.exports.keras.memory import with_memory
from nnlab.engine.exports.keras.pools import REVERSED, pooled_rows

GATES = Support(
    "gates",
    '''def gates(weight):
    """The gates of a GRU in the order of Keras: update, reset, new."""
    reset, update, new = np.split(weight, 3)
    return np.concatenate([update, reset, new])
''',
)


NORMED = Support(
    "NormedEmbedding",
    '''
class NormedEmbedding(layers.Layer):
    """Looks up rows of a table, and makes those shorter that are longer than they may be."""

    def __init__(self, count, size, longest, **options):
        super().__init__(**options)
        first = keras.initializers.RandomNormal(stddev=1.0)
        self.table = self.add_weight(shape=(count, size), initializer=first, name="table")
        self.longest = longest

    def call(self, numbers):
        rows = ops.take(self.table, numbers, axis=0)
        length = ops.stop_gradient(ops.norm(rows, axis=-1, keepdims=True))
        return ops.where(length > self.longest, rows * (self.longest / (length + 1e-7)), rows)
''',
)


@equal("Embedding")
def _embedding(layer: Any, shape: Shape) -> KerasCode:
    if layer.max_norm:
        made = call("X", layer.num_embeddings, layer.embedding_dim, layer.max_norm, name="{name}")
        code = weighted(f"{made.replace('layers.X', 'NormedEmbedding', 1)}({{0}})", of("weight"))
        return replace(code, support=(NORMED,))
    made = call("Embedding", layer.num_embeddings, layer.embedding_dim, name="{name}")
    return weighted(f"{made}({{0}})", of("weight"))


@equal("RNN", "LSTM", "GRU")
def _recurrent(layer: Any, shape: Shape, start: Shape = MISSING, *more: Shape) -> KerasCode:
    """The sequence, and its last step; with a memory that comes in or goes out, a layer of the script's own."""
    only(not getattr(layer, "proj_size", 0), "its LSTM has no projection")
    if start != MISSING or set(more) - {MISSING}:
        return with_memory(layer, (start, *more))
    text, numbers = "{0}", []
    for k in range(layer.num_layers):
        if k and layer.dropout:
            text = f"layers.Dropout({layer.dropout!r})({text})"
        name = "{name}" if layer.num_layers == 1 else f"{{name}}_{k + 1}"
        text = f"{_constructor(layer, name)}({text})"
        ways = [f"l{k}", f"l{k}_reverse"] if layer.bidirectional else [f"l{k}"]
        numbers.append((name, ", ".join(_numbers(layer, way) for way in ways)))
    short = {1: text.replace(", return_sequences=True", "", 1)}
    size = layer.hidden_size
    both = f"ops.concatenate([{{r}}[:, -1, :{size}], {{r}}[:, 0, {size}:]], axis=-1)"
    last = both if layer.bidirectional else "{r}[:, -1]"
    support = (GATES,) if LAYERS.id_of(layer) == "GRU" else ()
    return KerasCode(text, ("{r}", last), tuple(numbers), short, support, with_memory(layer, ()))


def _constructor(layer: Any, name: str) -> str:
    id_ = LAYERS.id_of(layer)
    kind = "SimpleRNN" if id_ == "RNN" else id_
    activation = unless(getattr(layer, "nonlinearity", "tanh"), "tanh")
    bias = unless(getattr(layer, "bias", True), True)
    if layer.bidirectional:
        inner = call(kind, layer.hidden_size, activation=activation, return_sequences=True, use_bias=bias)
        return f'layers.Bidirectional({inner}, name="{name}")'
    return call(kind, layer.hidden_size, activation=activation, return_sequences=True, use_bias=bias, name=name)


def _numbers(layer: Any, way: str) -> str:
    kernels, biases = [of(f"weight_ih_{way}"), of(f"weight_hh_{way}")], [of(f"bias_ih_{way}"), of(f"bias_hh_{way}")]
    has_bias = getattr(layer, "bias", True)
    if LAYERS.id_of(layer) == "GRU":
        found = [f"gates({each}).T" for each in kernels]
        return ", ".join([*found, *([f"np.stack([gates({biases[0]}), gates({biases[1]})])"] if has_bias else [])])
    return ", ".join([*(f"{each}.T" for each in kernels), *([" + ".join(biases)] if has_bias else [])])


@equal("LastStep")
def _last_step(layer: Any, shape: Shape, mask: Shape = MISSING) -> KerasCode:
    return pooled_rows("last", mask != MISSING)


@equal("Reverse")
def _reverse(layer: Any, shape: Shape, mask: Shape = MISSING) -> KerasCode:
    if mask == MISSING:
        return KerasCode("ops.flip({0}, axis=1)")
    return KerasCode("reversed_steps({0}, {1})", support=(REVERSED,))
