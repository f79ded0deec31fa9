"""What a file keeps of how its run was computed: a few plain facts, read with suspicion."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from nnlab.errors import FileError
from nnlab.files import jsontext

TEXT_LIMIT = 200
NUMBER_LIMIT = 1e15


@dataclass(frozen=True)
class RunFacts:
    """How a run was computed, and how far it came."""

    device: str = ""
    """As shown: "CPU", "NVIDIA H200"."""
    engine: str = ""
    """Which engine took the last steps: "captured" or "eager"."""
    precision: str = "float32"
    """What the network computed with while it trained."""
    threads: int = 0
    steps: int = 0
    epochs: int = 0
    seconds: float = 0.0
    """Training time, pauses left out."""


def to_bytes(facts: RunFacts) -> bytes:
    """The facts as a member of a project file."""
    return jsontext.write(asdict(facts)).encode()


def from_bytes(data: bytes, what: str) -> RunFacts:
    """The facts; FileError if a known one is not what it should be. What is not known here is left out."""
    raw = jsontext.parse(data, what)
    if not isinstance(raw, Mapping):
        raise FileError(f"{what} is damaged: it must be a group of named fields")
    found: dict[str, Any] = {}
    for field in fields(RunFacts):
        if field.name in raw:
            found[field.name] = _checked(field.name, raw[field.name], type(field.default), what)
    return RunFacts(**found)


def _checked(name: str, value: object, kind: type, what: str) -> object:
    if kind is str and isinstance(value, str) and len(value) <= TEXT_LIMIT and value.isprintable():
        return value
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind is int and whole and 0 <= value <= NUMBER_LIMIT:  # type: ignore[operator]
        return value
    if kind is float and (whole or isinstance(value, float)):
        number = float(value)  # type: ignore[arg-type]
        if math.isfinite(number) and 0 <= number <= NUMBER_LIMIT:
            return number
    raise FileError(f"{what} is damaged: its {name} is not one")
