"""How much memory many seeds need, told before anything is built."""

from nnlab.core.document import Document
from nnlab.core.words import count, number
from nnlab.engine.device import FLOAT_BYTES, MEMORY_SHARE, STATES
from nnlab.engine.many.rolled import CURVES
from nnlab.engine.many.stack import CHUNK_NUMBERS, numbers_per_sample
from nnlab.errors import BuildError

MOST_BYTES = 4 * 10**9  # that a roll takes side by side, however much there is
MOST_SEEDS = 4_096


def results_bytes(document: Document, seeds: int, epochs: int) -> int:
    """What stays of a roll: every seed's weights and curves."""
    return seeds * (FLOAT_BYTES * _parameters(document) + 8 * len(CURVES) * epochs)


def side_by_side_bytes(document: Document, seeds: int, batch: int, rows: int) -> int:
    """What training all seeds at once takes beside its results."""
    states = STATES.get(document.training.optimizer.torch_name, 2)
    inputs = 1
    for size in document.spec.input_shape if document.spec else ():
        inputs *= size
    each = _parameters(document) * (3 + states) + numbers_per_sample(document) * 3 * batch + 2 * batch * inputs
    width = document.spec.width if document.spec else 1
    return FLOAT_BYTES * (seeds * (each + 3 * rows * (width + 1)) + 2 * CHUNK_NUMBERS)


def fits_side_by_side(
    document: Document, seeds: int, epochs: int, batch: int, rows: int, free: int | None = None
) -> bool:
    """Whether all seeds fit into memory at once; BuildError if not even their results would."""
    available = MEMORY_SHARE * (_free_memory() if free is None else free)
    results = results_bytes(document, seeds, epochs)
    if results > available:
        raise BuildError(
            f"What {count(seeds)} seeds learn would need about {_size(results)} of memory and {_size(available)} can be "
            "used: roll fewer seeds, train for fewer epochs, or make the network smaller."
        )
    return results + side_by_side_bytes(document, seeds, batch, rows) <= min(available, MOST_BYTES)


def _parameters(document: Document) -> int:
    return sum(document.parameter_count(node_id) or 0 for node_id in document.graph.nodes)


def _free_memory() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def _size(bytes_: float) -> str:
    return f"{number(bytes_ / 1e9)} GB" if bytes_ >= 1e9 else f"{number(bytes_ / 1e6)} MB"
