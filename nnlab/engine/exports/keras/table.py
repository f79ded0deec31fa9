"""The whole table of layers that have an equal in Keras: the entries of all modules beside this one."""

from nnlab.core.layer import Layer, Shape, Support
from nnlab.engine.exports.keras import (
    attention,
    basic,
    chance,
    graphs,
    learned,
    memory,
    merges,
    pictures,
    resizing,
    sequences,
    windows,
)
from nnlab.engine.exports.keras.code import KERAS, KerasCode, NoEqual

FILLED_BY = (
    attention, basic, chance, graphs, learned, memory, merges, pictures,
    resizing, sequences, windows,
)  # fmt: skip
"""The modules that fill the table."""
SUPPORTS = frozenset(
    each.name for module in FILLED_BY for each in vars(module).values() if isinstance(each, Support)
) | {"Charge", "PlaceCrossentropy", "SpectralNorm"}
"""The names of all functions and classes that a script may be given, which a block's class cannot have."""


def keras_code(id_: str, layer: Layer, shapes: tuple[Shape, ...]) -> KerasCode:
    """What this very layer is in Keras; NoEqual if there is nothing."""
    if id_ not in KERAS:
        raise NoEqual("")
    return KERAS[id_](layer, *shapes)
