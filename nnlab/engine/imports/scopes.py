"""Where in the modules of a model each step of it stands, told in one way for all that models are read from."""

import inspect
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


def split(scopes: Scopes) -> tuple[Scopes, str]:
    """The modules around a step, and the path of the one that it is the whole of, or a part of; empty if there is none."""
    for k, each in enumerate(scopes):
        if each.is_leaf:
            return scopes[:k], each.path
    return scopes, ""


def arguments(forward: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """What a call gives, by the names that forward has for it."""
    try:
        bound = inspect.signature(forward).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return {}
    return dict(bound.arguments)
