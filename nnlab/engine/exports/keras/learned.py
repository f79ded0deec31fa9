"""Keras equals of layers whose learned numbers stand alone: positions, patches, constants, scales, weighted sums."""

from typing import Any

from nnlab.core.layer import Shape, Support
from nnlab.engine.exports.keras.code import KerasCode, call, composed, equal, of, unless, weighted

SINE = Support(
    "SinePositions",
    '''
class SinePositions(layers.Layer):
    """Adds to every step a pattern of sines and cosines that no other step has."""

    def __init__(self, dropout=0.0, **options):
        super().__init__(**options)
        self.dropout = layers.Dropout(dropout)

    def call(self, x):
        length, width = x.shape[1:]
        angle = np.arange(length)[:, None] * np.exp(np.arange(0, width, 2) * (-np.log(10000.0) / width))
        table = np.zeros((length, width), "float32")
        table[:, 0::2] = np.sin(angle)
        table[:, 1::2] = np.cos(angle)[:, : width // 2]
        return self.dropout(x + ops.convert_to_tensor(table))
''',
)
LEARNED = Support(
    "LearnedPositions",
    '''
class LearnedPositions(layers.Layer):
    """Adds to every step a row of a table that is learned."""

    def __init__(self, length, width, dropout=0.0, **options):
        super().__init__(**options)
        first = keras.initializers.RandomNormal(stddev=1.0)
        self.table = self.add_weight(shape=(length, width), initializer=first, name="table")
        self.dropout = layers.Dropout(dropout)

    def call(self, x):
        return self.dropout(x + self.table[: x.shape[1]])
''',
)
ROTARY = Support(
    "RotaryPositions",
    '''
class RotaryPositions(layers.Layer):
    """Turns each pair of numbers by an angle that grows with the position."""

    def __init__(self, dropout=0.0, **options):
        super().__init__(**options)
        self.dropout = layers.Dropout(dropout)

    def call(self, x):
        length, width = x.shape[1:]
        angle = np.arange(length)[:, None] * np.exp(np.arange(0, width, 2) * (-np.log(10000.0) / width))
        cos, sin = (ops.convert_to_tensor(wave(angle), "float32") for wave in (np.cos, np.sin))
        a, b = x[..., 0::2], x[..., 1::2]
        turned = ops.stack([a * cos - b * sin, a * sin + b * cos], axis=-1)
        return self.dropout(ops.reshape(turned, (-1, length, width)))
''',
)
PATCHES = Support(
    "PatchEmbedding",
    '''
class PatchEmbedding(layers.Layer):
    """Cuts a picture into patches and makes a row of each, with a class token before them and learned positions."""

    def __init__(self, count, patch, size, class_token=True, positions=True, **options):
        super().__init__(**options)
        self.patches = layers.Conv2D(size, patch, strides=patch)
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.token = self.add_weight(shape=(1, 1, size), initializer="zeros", name="token") if class_token else None
        rows = (1, count + class_token, size)
        self.positions = self.add_weight(shape=rows, initializer=small, name="positions") if positions else None
        self.count, self.size = count, size

    def call(self, inputs):
        x = self.patches(inputs)
        x = ops.swapaxes(ops.reshape(x, (-1, self.size, self.count)), 1, 2)
        if self.token is not None:
            x = ops.concatenate([ops.zeros_like(x[:, :1]) + self.token, x], axis=1)
        return x if self.positions is None else x + self.positions

    def take_over(self, state):
        """Take over what PyTorch has learned."""
        self.patches.set_weights([state["patches.weight"].transpose(2, 3, 1, 0), state["patches.bias"]])
        if self.token is not None:
            self.token.assign(state["token"])
        if self.positions is not None:
            self.positions.assign(state["positions"])
''',
)
CONSTANT = Support(
    "Constant",
    '''
class Constant(layers.Layer):
    """Numbers without an input, the same for every sample of what it is called on: learned, or fixed as they began."""

    def __init__(self, *sizes, start="zeros", std=0.02, learned=True, **options):
        super().__init__(**options)
        first = keras.initializers.RandomNormal(stddev=std) if start == "normal" else start
        self.table = self.add_weight(shape=sizes, initializer=first, trainable=learned, name="table")

    def call(self, like):
        samples = ops.cast(ops.reshape(like, (-1, int(np.prod(like.shape[1:]))))[:, :1] * 0, "float32")
        return ops.reshape(samples, (-1, *(1 for _ in self.table.shape))) + self.table
''',
)
NOISE = Support(
    "Noise",
    '''
class Noise(layers.Layer):
    """Fresh random numbers for every sample of what it is called on: normal ones, or even ones of the same spread."""

    def __init__(self, *sizes, std=1.0, even=False, **options):
        super().__init__(**options)
        self.sizes, self.std, self.even = sizes, std, even
        self.dice = keras.random.SeedGenerator()

    def call(self, like):
        shape = (ops.shape(like)[0], *self.sizes)
        if not self.even:
            return keras.random.normal(shape, stddev=self.std, seed=self.dice)
        end = self.std * 3**0.5
        return keras.random.uniform(shape, -end, end, seed=self.dice)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.sizes)
''',
)
SCALE_SHIFT = Support(
    "ScaleShift",
    '''
class ScaleShift(layers.Layer):
    """Multiplies by a learned scale and adds a learned shift."""

    def __init__(self, *size, scale=1.0, shift=0.0, **options):
        super().__init__(**options)
        first = keras.initializers.Constant
        self.scale = self.add_weight(shape=size, initializer=first(scale), name="scale")
        self.shift = self.add_weight(shape=size, initializer=first(shift), name="shift")

    def call(self, x):
        return x * self.scale + self.shift
''',
)
WEIGHTED_SUM = Support(
    "WeightedSum",
    '''
class WeightedSum(layers.Layer):
    """Adds its inputs, each times a learned number."""

    def __init__(self, count, **options):
        super().__init__(**options)
        self.factors = self.add_weight(shape=(count,), initializer="ones", name="factors")

    def call(self, inputs):
        return sum(self.factors[k] * x for k, x in enumerate(inputs))
''',
)
BILINEAR = Support(
    "Bilinear",
    '''
class Bilinear(layers.Layer):
    """Sums of all products of a number of the first input and one of the second, with learned weights."""

    def __init__(self, units, first, second, bias=True, **options):
        super().__init__(**options)
        self.kernel = self.add_weight(shape=(units, first, second), initializer="glorot_uniform", name="kernel")
        self.bias = self.add_weight(shape=(units,), initializer="zeros", name="bias") if bias else None

    def call(self, first, second):
        x = ops.einsum("...i,uij,...j->...u", first, self.kernel, second)
        return x if self.bias is None else x + self.bias
''',
)
BAG = Support(
    "EmbeddingBag",
    '''
class EmbeddingBag(layers.Layer):
    """The mean, sum or largest of the rows of all numbers; `padding` does not count."""

    def __init__(self, count, size, mode="mean", padding=None, **options):
        super().__init__(**options)
        first = keras.initializers.RandomNormal(stddev=1.0)
        self.table = self.add_weight(shape=(count, size), initializer=first, name="table")
        self.mode, self.padding = mode, -1 if padding is None else padding

    def call(self, numbers):
        rows = ops.take(self.table, numbers, axis=0)
        counts = ops.not_equal(numbers, self.padding)[:, :, None]
        if self.mode == "max":
            largest = ops.max(ops.where(counts, rows, -np.inf), axis=1)
            return ops.where(ops.any(counts, axis=1), largest, 0.0)
        counts = ops.cast(counts, rows.dtype)
        total = ops.sum(rows * counts, axis=1)
        return total if self.mode == "sum" else total / ops.maximum(ops.sum(counts, axis=1), 1)
''',
)


def _made(kind: str, /, *sizes: object, **options: object) -> str:
    """A constructor of one of these classes."""
    return call("X", *sizes, **options).replace("layers.X", kind, 1)


@equal("PositionalEncoding")
def _positions(layer: Any, shape: Shape) -> KerasCode:
    dropout = unless(layer.dropout, 0)
    if layer.kind != "learned":
        support = SINE if layer.kind == "sine" else ROTARY
        return KerasCode(f"{_made(support.name, dropout=dropout)}({{0}})", support=(support,))
    made = _made(LEARNED.name, layer.max_length or shape[0], shape[1], dropout=dropout, name="{name}")
    return _with(weighted(f"{made}({{0}})", of("table")), LEARNED)


def _with(code: KerasCode, *support: Support) -> KerasCode:
    return KerasCode(code.forward, code.results, code.numbers, code.shorter, support)


@equal("PatchEmbedding")
def _patches(layer: Any, shape: Shape) -> KerasCode:
    count = layer.output_shape(shape)[0] - layer.class_token
    options = {"class_token": unless(layer.class_token, True), "positions": unless(layer.positions, True)}
    made = _made(PATCHES.name, count, layer.patch, layer.size, **options, name="{name}")
    return composed(f"{made}({{0}})", PATCHES)


@equal("Constant")
def _constant(layer: Any) -> KerasCode:
    options = {"start": unless(layer.start, "zeros"), "learned": unless(layer.learned, True)}
    if layer.start == "normal":
        options["std"] = unless(layer.std, 0.02)
    made = _made(CONSTANT.name, *layer.output_shape(), **options, name="{name}")
    return _with(weighted(f"{made}({{batch}})", of("weight")), CONSTANT)


@equal("Noise")
def _noise(layer: Any) -> KerasCode:
    even = True if layer.distribution == "uniform" else None
    made = _made(NOISE.name, *layer.output_shape(), std=unless(layer.std, 1.0), even=even)
    return KerasCode(f"{made}({{batch}})", support=(NOISE,))


@equal("ScaleShift")
def _scale_shift(layer: Any, shape: Shape) -> KerasCode:
    size = layer.parameter_shapes(shape)["weight"]
    made = _made(SCALE_SHIFT.name, *size, scale=unless(layer.scale, 1), shift=unless(layer.shift, 0), name="{name}")
    return _with(weighted(f"{made}({{0}})", of("weight"), of("bias")), SCALE_SHIFT)


@equal("Add")
def _add(layer: Any, *shapes: Shape) -> KerasCode:
    wires = [f"{{{k}}}" for k in range(len(shapes))]
    if not getattr(layer, "weighted", False):
        return KerasCode(" + ".join(wires))
    made = _made(WEIGHTED_SUM.name, len(shapes), name="{name}")
    return _with(weighted(f"{made}([{', '.join(wires)}])", of("weight")), WEIGHTED_SUM)


@equal("Bilinear")
def _bilinear(layer: Any, *shapes: Shape) -> KerasCode:
    sizes = (layer.out_features, shapes[0][-1], shapes[1][-1])
    made = _made(BILINEAR.name, *sizes, bias=unless(layer.bias, True), name="{name}")
    return _with(weighted(f"{made}({{0}}, {{1}})", of("weight"), *([of("bias")] if layer.bias else [])), BILINEAR)


@equal("EmbeddingBag")
def _bag(layer: Any, shape: Shape) -> KerasCode:
    options = {"mode": unless(layer.mode, "mean"), "padding": layer.padding_idx}
    made = _made(BAG.name, layer.num_embeddings, layer.embedding_dim, **options, name="{name}")
    return _with(weighted(f"{made}({{0}})", of("weight")), BAG)
