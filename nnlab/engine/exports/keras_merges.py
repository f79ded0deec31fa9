"""Keras equals of merges and of layers that change the shape."""

from math import prod
from typing import Any

from nnlab.core.layer import LAYERS, Shape
from nnlab.engine.exports.keras_code import KerasCode, NoEqual, equal, only

BETWEEN = {"Multiply": " * ", "Subtract": " - ", "Divide": " / "}
NAMED = {"Maximum": "maximum", "Minimum": "minimum"}


@equal("Add")
def _add(layer: Any, *shapes: Shape) -> KerasCode:
    only(not getattr(layer, "weighted", False), "its sum has no learned weights")
    return KerasCode(" + ".join(f"{{{k}}}" for k in range(len(shapes))))


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
