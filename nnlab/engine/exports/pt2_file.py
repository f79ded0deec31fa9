"""PT2: the network as torch.export keeps it, which PyTorch loads without this program and without its code."""

import io
from typing import TYPE_CHECKING

from nnlab.core.document import Document
from nnlab.engine.exports.format import FORMATS, Format, Weights, Written

if TYPE_CHECKING:
    from torch import Tensor, nn


def as_bytes(model: "nn.Module", inputs: "tuple[Tensor, ...]") -> bytes:
    """The module as the bytes of a .pt2 file that takes any number of samples."""
    import torch

    from nnlab.engine.exports.traced import trace

    held = io.BytesIO()
    torch.export.save(trace(model, inputs), held)
    return held.getvalue()


def write(document: Document, weights: Weights | None = None) -> Written:
    """The network with its numbers; BuildError names the layer that cannot be traced."""
    from nnlab.engine.exports.traced import held
    from nnlab.engine.exports.trained import Trained

    return Written(held("PT2", Trained(document, weights), as_bytes))


FORMATS.register("pt2")(
    Format(
        title="PyTorch program (PT2)",
        kind="PyTorch programs",
        ending=".pt2",
        about="The trained network as torch.export keeps it: torch.export.load opens it without NNLab.",
        order=5,
        make=write,
        weights="wanted",
        slow=True,
    )
)
