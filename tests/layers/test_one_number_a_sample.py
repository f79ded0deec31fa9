"""One number for each sample, without an axis, as a loss or a sum gives it: every layer takes it or says why not."""

from dataclasses import replace

import pytest

from nnlab.core.layer import LAYERS, Layer
from nnlab.errors import NNLabError, ShapeError


def variants(layer: Layer) -> list[Layer]:
    """The layer, and with each of its choices and switches set otherwise."""
    found = [layer]
    for p in layer.params():
        usual = getattr(layer, p.name)
        others = [not usual] if isinstance(usual, bool) else [value for value, _ in p.choices if value != usual]
        for other in others:
            try:
                found.append(replace(layer, **{p.name: other}))
            except NNLabError:
                continue
    return found


@pytest.mark.parametrize("id_", sorted(set(LAYERS) - {"Input", "BlockInput", "BlockOutput"}))
def test_no_layer_stumbles_over_one_number_a_sample(id_: str) -> None:
    for layer in variants(LAYERS[id_]()):
        shapes = ((),) * len(layer.inputs)
        try:
            layer.output_shapes(*shapes)
        except ShapeError:
            continue
        layer.parameter_shapes(*shapes)
        layer.flops(*shapes)
        layer.torch_code(*shapes)
        assert len(layer.summary()) <= 24
