"""NNLab: a lab for neural networks. The public API; importing it loads neither torch nor Qt."""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nnlab.errors import NNLabError

if TYPE_CHECKING:
    from nnlab.engine.trainer import Trainer
    from nnlab.project import Project, Run
    from nnlab.project.bringing import from_module
    from nnlab.project.catalogue import datasets, examples, layers, lessons, templates

__version__ = "0.1.0"
__all__ = [
    "NNLabError",
    "Project",
    "Run",
    "Trainer",
    "__version__",
    "datasets",
    "examples",
    "from_module",
    "layers",
    "lessons",
    "templates",
]

_WHERE = {
    "Project": "nnlab.project",
    "Run": "nnlab.project",
    "Trainer": "nnlab.engine.trainer",
    "from_module": "nnlab.project.bringing",
    "lessons": "nnlab.project.catalogue",
}
_FOLDERS = ("layers", "datasets", "examples", "templates")


def __getattr__(name: str) -> Any:
    """The public names, each loaded when it is first used."""
    if name in _FOLDERS:
        return import_module(f"nnlab.{name}")
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'nnlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


class _Folder(ModuleType):
    """A folder of things that, called, lists them: `nnlab.layers` is a package, and `nnlab.layers()` the catalogue."""

    def __call__(self) -> Any:
        return getattr(import_module("nnlab.project.catalogue"), self.__name__.removeprefix("nnlab."))()


class _Face(ModuleType):
    """This module. Importing a folder puts it in the place of the function of the same name, so it must be callable."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FOLDERS and isinstance(value, ModuleType):
            value.__class__ = _Folder
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
