"""Safetensors: the learned numbers by name, and nothing else."""

from nnlab.core.document import Document
from nnlab.engine.exports.format import FORMATS, Format, Weights, Written


def write(document: Document, weights: Weights | None = None) -> Written:
    """The numbers of this very network; BuildError if they are of another."""
    from nnlab.engine.export import safetensors
    from nnlab.engine.exports.trained import Trained

    Trained(document, weights)  # refuses weights that are not of this network
    return Written(safetensors(weights or {}))


FORMATS.register("safetensors")(
    Format(
        title="Learned weights",
        kind="Safetensors files",
        ending=".safetensors",
        about="What the network has learned, by name: any program that reads safetensors can take it, and no code is in it.",
        order=6,
        make=write,
        weights="needed",
    )
)
