"""Keras equals of what is drawn at random while training, and of layers that bend the gradient."""

from typing import Any

from nnlab.core.layer import LAYERS, Shape, Support
from nnlab.engine.exports.keras.code import KerasCode, equal

DROP_PATH = Support(
    "DropPath",
    '''
class DropPath(layers.Layer):
    """Leaves a branch out for some samples at random while training, and makes it larger for the others."""

    def __init__(self, rate, **options):
        super().__init__(**options)
        self.rate, self.dice = rate, keras.random.SeedGenerator()

    def call(self, x, training=False):
        if not training or not self.rate:
            return x
        one_each = (ops.shape(x)[0], *(1 for _ in x.shape[1:]))
        return x * keras.random.dropout(ops.ones(one_each), self.rate, seed=self.dice)
''',
)
SLOPES = Support(
    "RandomLeakyReLU",
    '''
class RandomLeakyReLU(layers.Layer):
    """A leaky ReLU whose slope below 0 is drawn for each number while training; afterwards it is the mean."""

    def __init__(self, lower, upper, **options):
        super().__init__(**options)
        self.lower, self.upper, self.dice = lower, upper, keras.random.SeedGenerator()

    def call(self, x, training=False):
        slope = (self.lower + self.upper) / 2
        if training:
            slope = keras.random.uniform(ops.shape(x), self.lower, self.upper, seed=self.dice)
        return ops.where(x < 0, x * slope, x)
''',
)
REPARAMETERISE = Support(
    "Reparameterise",
    '''
class Reparameterise(layers.Layer):
    """Draws a code around the mean while training, and says how far its distribution is from a standard normal one."""

    def __init__(self, beta=1.0, **options):
        super().__init__(**options)
        self.beta, self.dice = beta, keras.random.SeedGenerator()

    def call(self, mean, log_variance, training=False):
        axes = tuple(range(1, len(mean.shape)))
        distance = ops.sum(mean**2 + ops.exp(log_variance) - 1 - log_variance, axis=axes)
        if training:
            noise = keras.random.normal(ops.shape(mean), seed=self.dice)
            mean = mean + noise * ops.exp(log_variance / 2)
        return mean, self.beta / 2 * distance
''',
)


@equal("DropPath")
def _drop_path(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"DropPath({layer.p!r})({{0}})", support=(DROP_PATH,))


@equal("AlphaDropout", "FeatureAlphaDropout")
def _alpha_dropout(layer: Any, shape: Shape) -> KerasCode:
    noise = (None, shape[0], *(1 for _ in shape[1:]))
    whole = LAYERS.id_of(layer) == "FeatureAlphaDropout"
    return KerasCode(f"layers.AlphaDropout({layer.p!r}{f', noise_shape={noise}' if whole else ''})({{0}})")


@equal("RReLU")
def _rrelu(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"RandomLeakyReLU({layer.lower!r}, {layer.upper!r})({{0}})", support=(SLOPES,))


@equal("Reparameterise")
def _reparameterise(layer: Any, *shapes: Shape) -> KerasCode:
    beta = "" if layer.beta == 1 else repr(layer.beta)
    made = f"Reparameterise({beta})({{0}}, {{1}})"
    return KerasCode(made, ("{r}[0]", "{r}[1]"), support=(REPARAMETERISE,))


@equal("GradientReversal")
def _reversal(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"{{0}} + {1 + layer.strength:.12g} * (ops.stop_gradient({{0}}) - {{0}})")


@equal("ActivityPenalty")
def _penalty(layer: Any, shape: Shape) -> KerasCode:
    size = "ops.abs({r})" if layer.kind == "l1" else "ops.square({r})"
    axes = tuple(range(1, len(shape) + 1))
    charged = f"{layer.strength:.12g} * ops.sum({size}, axis={axes})"
    return KerasCode("{0}", ("{r}", charged))


@equal("AsLoss")
def _as_loss(layer: Any, shape: Shape) -> KerasCode:
    charged = {"numbers": "{0}", "yes": "ops.softplus(-{0})", "no": "ops.softplus({0})"}[layer.kind]
    axes = tuple(range(1, len(shape) + 1))
    mean = f"ops.mean({charged}, axis={axes[0] if len(axes) == 1 else axes})" if axes else charged
    return KerasCode(mean if layer.strength == 1 else f"{layer.strength:.12g} * {mean}")


@equal("Step")
def _step(layer: Any, shape: Shape) -> KerasCode:
    """The step, and a line that adds 0 to it and has a slope."""
    step = 'ops.cast({0} > 0, "float32")' + (" * 2 - 1" if layer.lower == "minus one" else "")
    line = "ops.clip({0}, -1, 1)" if layer.gradient == "near" else "{0}"
    return KerasCode(f"{step} + ({line} - ops.stop_gradient({line}))")
