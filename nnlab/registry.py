"""Id -> thing, filled by decorators, found by importing a folder: one file per thing, no list to keep."""

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from nnlab.errors import NNLabError

T = TypeVar("T")
U = TypeVar("U")

_loading = threading.RLock()


class Registry(Mapping[str, T]):
    """The things of one folder by their id; the folder is imported when somebody first looks.

    Ids are written into project files, so an id never changes; files may be renamed.
    """

    def __init__(self, folder: str, what: str) -> None:
        """`folder` is the package to import, as "nnlab.layers"; `what` names one thing to a user, as "layer"."""
        self.what = what
        self._folder = folder
        self._things: dict[str, Any] = {}
        self._ids: dict[int, str] = {}
        self._begun = False  # a folder that asks for its own things while it is imported gets those made so far
        self._loaded = False

    def register(self, id_: str) -> Callable[[U], U]:
        """Decorate a class (or call on a value) to file it under `id_`."""

        def keep(thing: U) -> U:
            if id_ in self._things:
                raise ValueError(f"two things are registered as {self.what} {id_!r}")
            self._things[id_] = thing
            self._ids[id(thing)] = id_
            return thing

        return keep

    def id_of(self, thing: object) -> str:
        """The id under which this class, or the class of this value, is registered."""
        found = self._ids.get(id(thing)) or self._ids.get(id(type(thing)))
        if found is None:  # perhaps nobody looked yet, and its file has not been imported
            self._load()
            found = self._ids.get(id(thing)) or self._ids.get(id(type(thing)))
        if found is None:
            raise KeyError(f"{thing!r} is not a registered {self.what}")
        return found

    def __getitem__(self, id_: str) -> T:
        self._load()
        try:
            return self._things[id_]  # type: ignore[no-any-return]
        except KeyError:
            raise UnknownKind(f"there is no {self.what} called {id_!r}", self.what, id_) from None

    def __contains__(self, id_: object) -> bool:
        self._load()
        return id_ in self._things

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._things))

    def __len__(self) -> int:
        self._load()
        return len(self._things)

    def _load(self) -> None:
        if self._loaded:
            return
        with _loading:  # the training thread may look first while the window does: neither may see half of a folder
            if self._begun:
                return
            self._begun = True
            package = importlib.import_module(self._folder)
            for module in pkgutil.walk_packages(package.__path__, f"{self._folder}."):
                importlib.import_module(module.name)
            self._loaded = True


class UnknownKind(NNLabError, KeyError):
    """An id that this version does not know."""

    def __init__(self, message: str, what: str, id_: str) -> None:
        super().__init__(message)
        self.what = what
        self.id = id_

    def __str__(self) -> str:  # KeyError would print the repr
        return str(self.args[0])
