"""Batch normalisation cannot learn from a batch of one: which batch is left out for that."""

from math import prod

from nnlab.core.document import Document
from nnlab.errors import BuildError

LAYERS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")


def leaves_out_last(document: Document, rows: int, batch: int) -> bool:
    """Whether the last batch of an epoch is a single sample that batch normalisation cannot use; BuildError if all are."""
    node_id = _first(document)
    if node_id is None or (rows % batch != 1 and batch != 1):
        return False
    if batch == 1 or rows == 1:
        title = document.graph.node(node_id).title
        raise BuildError(f"{title} compares the samples of a batch, so it needs a batch size of at least 2", node_id)
    return True


def _first(document: Document) -> str | None:
    """The first layer that sees one number per channel and sample, so that a single sample has no spread."""
    for node_id in document.graph.in_order:
        shapes = document.shapes[node_id].inputs
        if document.graph.node(node_id).type_id in LAYERS and shapes and prod(shapes[0][1:]) == 1:
            return node_id
    return None
