"""Where in the modules of a model each step of it stands, told in one way for all that models are read from."""

import inspect
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")
COMPOSED = (
    *CONTAINERS, "Transformer", "TransformerEncoder", "TransformerDecoder", "TransformerEncoderLayer", "TransformerDecoderLayer"
)  # fmt: skip
"""torch's own modules that are made of others."""


class Scope(NamedTuple):
    """One call of one module."""

    path: str
    """Where the model keeps the module, as "encoder.layers.0"."""
    kind: str
    """The name of its class; empty where a file does not tell it."""
    call: str = ""
    """What tells a second call of it from the first."""
    is_torch: bool = False
    """Whether the class is one of torch's own."""

    @property
    def is_container(self) -> bool:
        """It only calls one module after the other."""
        return self.is_torch and self.kind in CONTAINERS

    @property
    def is_leaf(self) -> bool:
        """One of torch's own that is one layer, however many steps a file makes of it."""
        return self.is_torch and self.kind not in COMPOSED

    @property
    def is_single(self) -> bool:
        """As far as can be told, it keeps its weights itself, and not in modules of its own."""
        return self.is_leaf or not self.kind


NAME = re.compile(r"'([^']*)'")
DEPTH_LIMIT = 24  # modules within modules that are told apart: a file may claim any number
TEXT_LIMIT = 10_000  # characters of a file's text that are read

Scopes = tuple[Scope, ...]
"""From the outside in, without the model itself."""


def of_class(path: str, full_name: str, call: str = "") -> Scope:
    """A call of a module whose class has this full name, as "torch.nn.modules.linear.Linear"."""
    return Scope(path, full_name.rpartition(".")[2], call or path, full_name.startswith("torch.nn."))


def of_stack(stack: Mapping[str, tuple[str, Any]] | None) -> Scopes:
    """What torch.fx keeps with each of its nodes."""
    return tuple(
        of_class(str(path), f"{kind.__module__}.{kind.__qualname__}".replace("<locals>.", ""), key)
        for key, (path, kind) in (stack or {}).items()
        if path
    )


def of_text(stack: object) -> Scopes:
    """What torch.export writes: "L__self__,,a.Model;L__self___fc,fc,torch.nn.modules.linear.Linear"."""
    found = []
    for each in str(stack)[:TEXT_LIMIT].split(";") if isinstance(stack, str) else ():
        key, _, rest = each.partition(",")
        path, _, kind = rest.partition(",")
        if path and kind:
            found.append(
                of_class(path.partition("@")[0], kind, f"{path}{key.partition('@')[1]}{key.partition('@')[2]}")
            )
    return tuple(found[:DEPTH_LIMIT])


def of_node_name(name: str) -> Scopes:
    """What older ONNX files say: "/layers/layers.0/fc/MatMul"."""
    found: list[Scope] = []
    full = last = ""
    for part in name[:TEXT_LIMIT].split("/")[1:-1] if name.startswith("/") else ():
        full = f"{full.removesuffix(last)}{part}" if last and part.startswith(f"{last}.") else f"{full}.{part}"
        full, last = full.lstrip("."), part
        found.append(Scope(full, "", full))
    return tuple(found[:DEPTH_LIMIT])


class Calls:
    """Newer ONNX files say of a step which modules it stands in, and not in which call of them: that is counted here.

    A module is called again when the first of its own modules is entered again after others.
    """

    def __init__(self) -> None:
        self.first: dict[str, str] = {}
        self.last: dict[str, str] = {}
        self.many: dict[str, int] = {}

    def scopes(self, names: str, kinds: str) -> Scopes:
        """The modules around a step, told its two lists of names: those of the modules, and those of their classes."""
        paths, classes = ([*NAME.findall(text[:TEXT_LIMIT])] for text in (names, kinds))
        if len(paths) != len(classes) or len(paths) < 3:
            return ()
        found = []
        for k, (path, kind) in enumerate(zip(paths[1:-1], classes[1:-1], strict=True), 1):
            self._enter(path, paths[k + 1] if k + 2 < len(paths) else "")
            number = self.many.get(path, 0)
            found.append(of_class(path, kind, f"{path}@{number}" if number else path))
        return tuple(found[:DEPTH_LIMIT])

    def _enter(self, path: str, child: str) -> None:
        """A step in this module, and in this one of its own; empty if it stands in none of them."""
        before = self.last.get(path, "")
        self.last[path] = child
        if child and self.first.setdefault(path, child) == child and before != child and path in self.many:
            self.many[path] += 1
        self.many.setdefault(path, 0)


def arguments(forward: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """What a call gives, by the names that forward has for it."""
    try:
        bound = inspect.signature(forward).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return {}
    return dict(bound.arguments)
