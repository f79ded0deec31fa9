"""Python code: the network and its training as one readable program."""

from nnlab.core.document import Document
from nnlab.engine.exports.format import FORMATS, Format, Weights, Written


def write(document: Document, weights: Weights | None = None) -> Written:
    """The program as text; it carries no weights and begins anew."""
    from nnlab.engine.export import python

    return Written(python(document).encode())


FORMATS.register("python")(
    Format(
        title="Python code",
        kind="Python programs",
        ending=".py",
        about="The network and its training as a program that needs nothing but PyTorch.",
        order=1,
        make=write,
    )
)
