"""PT2 files as networks."""

from nnlab.engine.imports.finishing import Imported
from nnlab.errors import FileError


def read(data: bytes, what: str, title: str = "") -> Imported:
    """The model in these bytes as a network."""
    raise FileError(f"{what}: PT2 files cannot be read yet: save the model as ONNX")
