"""The whole table of layers that have an equal in Keras: the entries of all modules beside this one."""

from nnlab.core.layer import Layer, Shape, Support
from nnlab.engine.exports import (
    keras_attention,
    keras_basic,
    keras_chance,
    keras_graphs,
    keras_learned,
    keras_memory,
    keras_merges,
    keras_pictures,
    keras_resizing,
    keras_sequences,
    keras_windows,
)
from nnlab.engine.exports.keras_code import KERAS, KerasCode, NoEqual

FILLED_BY = (
    keras_attention, keras_basic, keras_chance, keras_graphs, keras_learned, keras_memory, keras_merges, keras_pictures,
    keras_resizing, keras_sequences, keras_windows,
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
