"""Weights that are computed from what is learned, by weight norm or spectral norm, in Keras."""

from dataclasses import replace

from nnlab.core.layer import Support
from nnlab.engine.exports.keras.code import KerasCode
from nnlab.engine.exports.keras.text import Constructor, constructors, replaced

WEIGHT = Support(
    "weight_of",
    '''
def weight_of(state, name, axis=0):
    """A weight as PyTorch computes it with weight norm or spectral norm."""
    kept = f"{name}.parametrizations.weight"
    if f"{kept}.original" not in state:
        length, weight = state[f"{kept}.original0"], state[f"{kept}.original1"]
        return weight * length / np.sqrt((weight**2).sum(axis=tuple(range(1, weight.ndim)), keepdims=True))
    weight, u, v = state[f"{kept}.original"], state[f"{kept}.0._u"], state[f"{kept}.0._v"]
    return weight / (u @ np.moveaxis(weight, axis, 0).reshape(len(u), -1) @ v)
''',
)


SPECTRAL = Support(
    "SpectralNorm",
    '''
class SpectralNorm(keras.constraints.Constraint):
    """Divides a weight by its largest stretch after each step; its last axes are those of what the layer puts out."""

    def __init__(self, axes=1, turned=False):
        self.axes, self.turned = axes, turned

    def __call__(self, kernel):
        weight = ops.swapaxes(kernel, -1, -2) if self.turned else kernel
        units = int(np.prod(weight.shape[-self.axes :]))
        return kernel / ops.norm(ops.reshape(weight, (-1, units)), ord=2)
''',
)


def normed(code: KerasCode, norm: str, transposed: bool) -> KerasCode:
    """The layer with this norm of weights: the spectral one as a constraint; of the other the weights themselves are taken."""
    if norm == "none":
        return code
    axis = ", axis=1" if transposed and norm == "spectral" else ""
    of = f'weight_of(state, "{{s}}"{axis})'
    numbers = tuple((name, text.replace('state["{s}.weight"]', of)) for name, text in code.numbers)
    found = replace(code, numbers=numbers, support=(*code.support, WEIGHT))
    return _spectral(found) if norm == "spectral" else found


def _spectral(code: KerasCode) -> KerasCode:
    places = [f"in{k}" for k in range(8)]
    text = code.forward.format(*places, name="{name}", batch="batch")
    made = [each for each in constructors(text, frozenset()) if each.name]
    forward = replaced(text, made, [_constrained(each) for each in made])
    for k, place in enumerate(places):
        forward = forward.replace(place, f"{{{k}}}")
    return replace(code, forward=forward, support=(*code.support, SPECTRAL))


def _constrained(made: Constructor) -> str:
    """The constructor with the constraint, and its name at the end."""
    option = "kernel_constraint=SpectralNorm()"
    if made.kind.startswith("Depthwise"):
        option = "depthwise_constraint=SpectralNorm(axes=2)"
    elif made.kind.endswith("Transpose"):
        option = "kernel_constraint=SpectralNorm(turned=True)"
    return f'{made.text[:-1]}, {option}, name="{made.name}")'
