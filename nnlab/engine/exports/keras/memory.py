"""Keras equals of recurrent layers that take or give their memory, and of single steps of them."""

from collections.abc import Sequence
from typing import Any

from nnlab.core.layer import LAYERS, MISSING, Shape, Support
from nnlab.engine.exports.keras.code import KerasCode, call, composed, equal, unless

NUMBERS = Support(
    "recurrent_numbers",
    '''
def recurrent_numbers(state, ending, gru=False):
    """What one recurrent layer has learned, in the form of Keras."""
    def turned(values):
        reset, update, new = np.split(values, 3)
        return np.concatenate([update, reset, new])

    def of(name):
        return [turned(value) if gru else value for value in (state[f"{name}_ih{ending}"], state[f"{name}_hh{ending}"])]

    found = [weight.T for weight in of("weight")]
    if f"bias_ih{ending}" not in state:
        return found
    return [*found, np.stack(of("bias")) if gru else sum(of("bias"))]
''',
)
RECURRENT = Support(
    "Recurrent",
    '''
class Recurrent(layers.Layer):
    """Recurrent layers on top of each other; memories are samples × (layers and directions) × units."""

    def __init__(self, kind, units, count=1, both_ways=False, dropout=0.0, name=None, **settings):
        super().__init__(name=name)
        self.ways = 2 if both_ways else 1
        self.rows = [
            kind(units, return_sequences=True, return_state=True, go_backwards=way == 1, **settings)
            for _ in range(count)
            for way in range(self.ways)
        ]
        self.dropout = layers.Dropout(dropout)

    def call(self, x, h=None, c=None):
        given, held = [each for each in (h, c) if each is not None], []
        for start in range(0, len(self.rows), self.ways):
            x = self.dropout(x) if start else x
            heard = []
            for at in range(start, start + self.ways):
                said, *memory = self.rows[at](x, initial_state=[each[:, at] for each in given] or None)
                heard.append(said if at == start else ops.flip(said, axis=1))
                held.append(memory)
            x = heard[0] if self.ways == 1 else ops.concatenate(heard, axis=-1)
        return x, *(ops.stack(memory, axis=1) for memory in zip(*held, strict=True))

    def take_over(self, state):
        """Take over what PyTorch has learned."""
        for at, row in enumerate(self.rows):
            ending = f"_l{at // self.ways}{'_reverse' if at % self.ways else ''}"
            row.set_weights(recurrent_numbers(state, ending, gru=isinstance(row, layers.GRU)))
''',
)
BLANK = Support(
    "blank",
    '''
def blank(x, units):
    """A memory of zeros for each sample."""
    return ops.repeat(x[:, :1] * 0, units, axis=1)
''',
)


def with_memory(layer: Any, given: Sequence[Shape]) -> KerasCode:
    """A recurrent layer whose memory comes in or goes out."""
    id_ = LAYERS.id_of(layer)
    wires = [f"{{{k}}}" for k, shape in enumerate(given, 1) if shape != MISSING]
    made = call(
        "X", layer.hidden_size, unless(layer.num_layers, 1), both_ways=unless(layer.bidirectional, False),
        dropout=unless(layer.dropout, 0), activation=unless(getattr(layer, "nonlinearity", "tanh"), "tanh"),
        use_bias=unless(layer.bias, True), name="{name}",
    )  # fmt: skip
    kind = "layers.SimpleRNN" if id_ == "RNN" else f"layers.{id_}"
    made = made.replace("layers.X(", f"Recurrent({kind}, ", 1).replace(", None", "", 1)
    last = "{r}[0][:, -1]"
    if layer.bidirectional:
        last = "ops.concatenate([{r}[1][:, -2], {r}[1][:, -1]], axis=-1)"
    memories = ["{r}[1]", "{r}[2]"] if id_ == "LSTM" else ["{r}[1]"]
    return composed(f"{made}({', '.join(['{0}', *wires])})", NUMBERS, RECURRENT, results=("{r}[0]", last, *memories))


@equal("RNNCell", "LSTMCell", "GRUCell")
def _cell(layer: Any, *shapes: Shape) -> KerasCode:
    id_ = LAYERS.id_of(layer)
    made = call(
        "SimpleRNNCell" if id_ == "RNNCell" else id_, layer.hidden_size,
        activation=unless(getattr(layer, "nonlinearity", "tanh"), "tanh"), use_bias=unless(layer.bias, True),
        name="{name}",
    )  # fmt: skip
    memories = [f"{{{k}}}" if s != MISSING else f"blank({{0}}, {layer.hidden_size})" for k, s in enumerate(shapes)][1:]
    numbers = f'*recurrent_numbers(part(state, "{{s}}."), ""{", gru=True" if id_ == "GRUCell" else ""})'
    results = ("{r}[0]", "{r}[0]", "{r}[1][1]") if id_ == "LSTMCell" else ("{r}[0]", "{r}[0]")
    found = composed(f"{made}({{0}}, [{', '.join(memories)}])", NUMBERS, BLANK, results=results)
    return KerasCode(found.forward, results, (("{name}", numbers),), support=found.support)
