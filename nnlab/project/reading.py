"""Learned numbers out of files that other programs wrote."""

from typing import Any

from numpy.typing import NDArray

from nnlab.core.document import Document
from nnlab.core.words import plural
from nnlab.errors import FileError
from nnlab.files import disk, tensors
from nnlab.files.disk import AnyPath

FILE_LIMIT = 2 * 2**30  # bytes
PICKLED = (b"PK\x03\x04", b"\x80")
"""How the files of torch.save begin: packed since PyTorch 1.6, plain before."""


def weights(document: Document, path: AnyPath) -> dict[str, NDArray[Any]]:
    """The file's numbers for this network; FileError if it cannot be read, BuildError if it is of another network.

    What a file is, its first bytes say. Only this file is read, and nothing in it is run.
    """
    from nnlab.engine import state_dict

    what = disk.name_of(path)
    data, _ = disk.read(path, FILE_LIMIT)
    found = state_dict.read(data, what) if data.startswith(PICKLED) else tensors.from_bytes(data, what)
    bad = tensors.not_finite(found)
    if bad:
        raise FileError(f"{what} holds {plural(bad, 'number')} that are infinite or no numbers at all")
    return state_dict.fitted(document, found, what)
