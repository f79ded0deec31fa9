"""Keras equals of merges and of layers that change the shape."""

from math import prod
from typing import Any

from nnlab.core.layer import LAYERS, Shape, Support
from nnlab.engine.exports.keras.code import KerasCode, NoEqual, equal, only

COSINE = Support(
    "cosine_similarity",
    '''
def cosine_similarity(a, b, axis=1, eps=1e-8):
    """The cosine of the angle between two rows of numbers."""
    sizes = ops.maximum(ops.norm(a, axis=axis), eps) * ops.maximum(ops.norm(b, axis=axis), eps)
    return ops.sum(a * b, axis=axis) / sizes
''',
)
BETWEEN = {"Multiply": " * ", "Subtract": " - ", "Divide": " / "}
NAMED = {"Maximum": "maximum", "Minimum": "minimum"}


@equal("Average")
def _average(layer: Any, *shapes: Shape) -> KerasCode:
    return KerasCode(f"({' + '.join(f'{{{k}}}' for k in range(len(shapes)))}) / {len(shapes)}")


@equal(*BETWEEN)
def _between(layer: Any, *shapes: Shape) -> KerasCode:
    only(set(vars(layer)) == set(), "it has no such settings")
    return KerasCode(BETWEEN[LAYERS.id_of(layer)].join(f"{{{k}}}" for k in range(len(shapes))))


@equal(*NAMED)
def _largest(layer: Any, *shapes: Shape) -> KerasCode:
    text = "{0}"
    for k in range(1, len(shapes)):
        text = f"ops.{NAMED[LAYERS.id_of(layer)]}({text}, {{{k}}})"
    return KerasCode(text)


@equal("Concat")
def _concat(layer: Any, *shapes: Shape) -> KerasCode:
    return KerasCode(f"ops.concatenate([{', '.join(f'{{{k}}}' for k in range(len(shapes)))}], axis={layer.dim})")


@equal("MatMul")
def _matmul(layer: Any, *shapes: Shape) -> KerasCode:
    if not layer.transpose_b:
        return KerasCode("ops.matmul({0}, {1})")
    return KerasCode("ops.matmul({0}, ops.swapaxes({1}, -1, -2))")


@equal("CosineSimilarity")
def _cosine(layer: Any, *shapes: Shape) -> KerasCode:
    axis = "" if layer.dim == 1 else f", axis={layer.dim}"
    eps = "" if layer.eps == 1e-8 else f", eps={layer.eps!r}"
    return KerasCode(f"cosine_similarity({{0}}, {{1}}{axis}{eps})", support=(COSINE,))


@equal("Gather")
def _gather(layer: Any, *shapes: Shape) -> KerasCode:
    at = layer.dim - 1 if layer.dim > 0 else layer.dim
    index = f"ops.clip({{1}}, 0, {shapes[0][at] - 1})"
    cut = "".join(f", :{n}" if k != at % len(shapes[0]) else ", :" for k, n in enumerate(shapes[1]))
    whole = all(n == m for k, (n, m) in enumerate(zip(*shapes, strict=True)) if k != at % len(shapes[0]))
    first = "{0}" if whole else f"{{0}}[:{cut}]"
    return KerasCode(f"ops.take_along_axis({first}, {index}, axis={layer.dim})")


@equal("IndexSelect")
def _index_select(layer: Any, *shapes: Shape) -> KerasCode:
    shape = shapes[0]
    at = (layer.dim - 1 if layer.dim > 0 else layer.dim) % len(shape)
    index = f"ops.clip({{1}}, 0, {shape[at] - 1})"
    if len(shape) > 1:
        index = f"ops.reshape({index}, {(-1, *(shapes[1][0] if k == at else 1 for k in range(len(shape))))})"
    return KerasCode(f"ops.take_along_axis({{0}}, {index}, axis={at + 1})")


@equal("Cast")
def _cast(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f'ops.cast({{0}}, "{ {"x": "float32", "i": "int64", "m": "bool"}[layer.to] }")')


@equal("Dot")
def _dot(layer: Any, *shapes: Shape) -> KerasCode:
    return KerasCode(f"ops.sum({{0}} * {{1}}, axis={layer.dim}{', keepdims=True' if layer.keepdim else ''})")


@equal("Reshape", "Unflatten")
def _reshape(layer: Any, shape: Shape) -> KerasCode:
    out: Shape = layer.output_shape(shape)
    if prod(out) != prod(shape):
        raise NoEqual("it reshapes sample by sample only")
    return KerasCode(f"layers.Reshape({out})({{0}})")


@equal("Permute")
def _permute(layer: Any, shape: Shape) -> KerasCode:
    order = [int(n) for n in str(layer.dims).replace("(", "").replace(")", "").split(",")]
    only(order[0] == 0, "it leaves the samples where they are")
    return KerasCode(f"ops.transpose({{0}}, {tuple(order)})")


@equal("Transpose")
def _transpose(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.swapaxes({{0}}, {layer.dim0}, {layer.dim1})")


@equal("Squeeze")
def _squeeze(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"layers.Reshape({layer.output_shape(shape)})({{0}})")


@equal("Unsqueeze")
def _unsqueeze(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.expand_dims({{0}}, {layer.dim})")


@equal("Stack")
def _stack(layer: Any, *shapes: Shape) -> KerasCode:
    return KerasCode(f"ops.stack([{', '.join(f'{{{k}}}' for k in range(len(shapes)))}], axis={layer.dim})")


@equal("Slice")
def _slice(layer: Any, shape: Shape) -> KerasCode:
    """Written as in PyTorch: both index as NumPy does."""
    return KerasCode(layer.torch_code(shape).forward)


@equal("Split")
def _split(layer: Any, shape: Shape) -> KerasCode:
    """Keras wants the places where it cuts."""
    sizes = [out[layer.dim - 1 if layer.dim > 0 else layer.dim] for out in layer.output_shapes(shape)]
    places = [sum(sizes[:k]) for k in range(1, len(sizes))]
    results = tuple(f"{{r}}[{k}]" for k in range(len(sizes)))
    return KerasCode(f"ops.split({{0}}, {places}, axis={layer.dim})", results)


@equal("Reduce")
def _reduce(layer: Any, shape: Shape) -> KerasCode:
    function = {"mean": "mean", "sum": "sum", "max": "max", "min": "min", "norm": "norm"}[layer.kind]
    axes = tuple(int(n) for n in str(layer.dims).split(","))
    only(layer.kind != "norm" or len(axes) == 1, "its norm is over one axis")
    keep = ", keepdims=True" if layer.keepdim else ""
    return KerasCode(f"ops.{function}({{0}}, axis={axes[0] if len(axes) == 1 else axes}{keep})")


@equal("ArgMax")
def _arg_max(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.argmax({{0}}, axis={layer.dim}{', keepdims=True' if layer.keepdim else ''})")


@equal("OneHot")
def _one_hot(layer: Any, shape: Shape) -> KerasCode:
    return KerasCode(f"ops.one_hot({{0}}, {layer.num_classes})")
