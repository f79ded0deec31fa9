"""The call that makes torch's module of a layer: its settings by torch's names, defaults left out."""

import dataclasses
from typing import Any

from nnlab.core.layer import LAYERS, Call, Layer


def module_call(layer: Layer, *args: Any, target: str = "", **others: Any) -> Call:
    """torch's class of the layer's id (or `target`) with these arguments, then every setting that is not the default.

    `others` takes the place of settings of that name: (value, torch's default), or None to leave it out.
    """
    settings = {p.name for p in layer.params()}
    pairs = {f.name: (getattr(layer, f.name), f.default) for f in dataclasses.fields(layer) if f.name in settings}
    pairs |= others
    chosen = {name: pair[0] for name, pair in pairs.items() if pair is not None and pair[0] != pair[1]}
    return Call(target or f"nn.{LAYERS.id_of(layer)}", args, chosen)
