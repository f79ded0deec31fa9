"""Models from elsewhere: a module in Python, an ONNX file, a PT2 file. torch is loaded on use."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

from nnlab.core.document import Document
from nnlab.errors import BuildError, FileError
from nnlab.files import disk
from nnlab.files.disk import AnyPath

if TYPE_CHECKING:
    from nnlab.engine.imports.finishing import Imported

ENDINGS = (".onnx", ".pt2")
"""Files that hold a whole model of another program."""
FILE_LIMIT = 2 * 2**30  # bytes


class Brought(NamedTuple):
    """What became of a model."""

    document: Document
    notices: tuple[str, ...]
    """Sentences about what has no equal here, and that data must be chosen."""
    weights: Mapping[str, NDArray[Any]] | None
    """All numbers by their names in the network; None if a part of it cannot be computed."""


def is_model(path: AnyPath) -> bool:
    """Whether a file's ending says that it holds a model of another program."""
    return Path(path).suffix.lower() in ENDINGS


def opened(path: AnyPath, should_stop: Callable[[], bool] = lambda: False) -> Brought:
    """The model in an ONNX or PT2 file; FileError if it cannot be read, or if it should stop before the end.

    Only this file is read, and nothing in it is run.
    """
    what = disk.name_of(path)

    def look() -> None:
        if should_stop():
            raise FileError(f"{what} was not read to the end: it was stopped")

    data, _ = disk.read(path, FILE_LIMIT)
    look()
    if Path(path).suffix.lower() == ".onnx":
        from nnlab.engine.imports.onnx.file import read
    else:
        from nnlab.engine.imports.pt2.file import read
    look()  # the libraries that read it are large
    try:
        made = read(data, what, Path(path).stem)
        look()
        return _brought(made)
    except BuildError as problem:
        raise FileError(f"{what}: {problem}") from problem


def of_module(model: Any, example_input: Any, title: str = "", blocks: bool = True) -> Brought:
    """A module of torch's; BuildError if it cannot be read. One that NNLab built brings its own drawing back."""
    own = _own(model, title)
    if own is not None:
        return own
    from nnlab.engine.imports.fx_graph import from_module

    return _brought(from_module(model, example_input, title, blocks))


def _own(model: Any, title: str) -> Brought | None:
    """The document of a network that NNLab built, with its numbers of now; None if its parts are not those any more."""
    from nnlab.engine.compile import Network, build
    from nnlab.engine.dice import undisturbed

    if not isinstance(model, Network):
        return None
    document = replace(model.document, title=title or model.document.title)
    with undisturbed():
        fresh = build(document)
    if repr(fresh) != repr(model):
        return None  # somebody put another layer in the place of one: what it is now must be read
    state = model.state_dict()
    return Brought(document, (), {name: each.detach().cpu().numpy().copy() for name, each in state.items()})


def _brought(made: "Imported") -> Brought:
    """With the numbers, if every part is known: they count as learned."""
    from nnlab.core.check import check

    document = made.document
    if any(p.severity == "error" for p in check(document)):
        return Brought(document, made.notices, None)
    from nnlab.engine.compile import build
    from nnlab.engine.dice import undisturbed

    with undisturbed():  # a run may be under way beside it
        state = build(document, document.training.seed).state_dict()
    return Brought(document, made.notices, {name: each.detach().cpu().numpy().copy() for name, each in state.items()})
