"""The Format contract: a form in which a project can be taken away, as bytes of one file. No torch until one is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from numpy.typing import NDArray

from nnlab.core.document import Document
from nnlab.errors import BuildError, SettingError
from nnlab.registry import Registry

Weights = Mapping[str, NDArray[Any]]
"""Learned numbers by name, as in the model's state_dict."""

UNTRAINED = "The network is not trained yet: the file holds the numbers that training would start from."
TRIED = "Tried with "
"""How a notice begins that is good news: the file was tried, and answers as the network does."""


@dataclass(frozen=True)
class Written:
    """One file, ready to be written, and what its reader should know of it."""

    data: bytes
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """One form to take a project away in."""

    title: str
    """In the menu, as "Python code"."""
    kind: str
    """What such files are called, as "Python programs"."""
    ending: str
    """Of the file's name, as ".py"."""
    about: str
    """What it is good for, in one sentence."""
    order: int
    make: Callable[[Document, Weights | None], Written]
    """The file of a document; BuildError with a sentence if it cannot be had in this form."""
    weights: Literal["none", "wanted", "needed"] = "none"
    """Whether the learned numbers go along: not at all, where there are some, or always."""
    slow: bool = False
    """It takes seconds: a window writes it in a process of its own."""

    def write(self, document: Document, weights: Weights | None = None) -> Written:
        """The file of this document with these learned numbers; BuildError with a sentence if it cannot be had."""
        if self.weights == "needed" and not weights:
            raise BuildError("This project has no learned weights yet: train it first.")
        made = self.make(document, weights or None)
        if self.weights == "wanted" and not weights:
            return Written(made.data, (UNTRAINED, *made.notices))
        return made


FORMATS: Registry[Format] = Registry("nnlab.engine.exports", "export")


def in_order() -> list[str]:
    """The ids of all formats, as menus and messages name them."""
    return sorted(FORMATS, key=lambda id_: FORMATS[id_].order)


def find(to: str | None, path: object) -> Format:
    """The format of this id, or without one that of the file's ending; SettingError names those there are."""
    known = in_order()
    if to is not None:
        if to not in FORMATS:
            raise SettingError(f"NNLab exports {', '.join(known[:-1])} or {known[-1]}, not {to!r}", "to")
        return FORMATS[to]
    ending = PurePath(str(path)).suffix.lower()
    for id_ in known:
        if FORMATS[id_].ending == ending:
            return FORMATS[id_]
    endings = list(dict.fromkeys(FORMATS[id_].ending for id_ in known))
    raise SettingError(
        f"the ending of the file's name says what is exported: {', '.join(endings[:-1])} or {endings[-1]}, "
        f"not {ending or 'none'!r}",
        "path",
    )
