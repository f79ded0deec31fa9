"""Declared settings: written once as a dataclass field, read by inspector, file, command line and tests."""

import dataclasses
import math
import numbers
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self, cast

from nnlab.core.words import count
from nnlab.errors import SettingError
from nnlab.registry import Registry

Kind = Literal["int", "float", "bool", "choice", "text", "size", "variant", "graph", "places"]

TEXT_LIMIT = 10_000  # characters kept of a text setting
PLACES_LIMIT = 64  # settings that a block lends, and places that one of them sets
WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")
PLACE = re.compile(r"[a-z][a-z0-9_]{0,63}\.[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True)
class Param:
    """One declared setting: what it is called, why it is there, which values it takes."""

    name: str
    label: str
    why: str
    kind: Kind
    low: float | None = None
    high: float | None = None
    choices: tuple[tuple[str, str], ...] = ()
    """(value, label) pairs of a choice; for a size, the words it takes instead of a number."""
    log: bool = False
    """Show on a logarithmic scale (learning rates)."""
    advanced: bool = False
    """Folded away until asked for."""
    optional: bool = False
    """None is allowed and means: follow the default rule named in `why`."""
    axes: int | None = None
    """For a size: how many numbers it has when there is one per axis; None takes 1 to 3."""
    registry: Registry[Any] | None = None
    """For a variant: where its alternatives are found; the value is one instance of one of them.

    For a choice or a text: an id in it stands for that thing as it is, and the thing itself says that it is set otherwise.
    """
    holds: type[Any] | None = None
    """For a graph: the class of its value."""

    def check(self, value: object) -> object:
        """The value in its proper type; SettingError with a sentence if it cannot be."""
        if value is None and self.optional:
            return None
        if self.registry is not None and self.kind != "variant" and not isinstance(value, str):
            return _check_thing(self, value)
        return _CHECKS[self.kind](self, value)

    def refuse(self, needs: str, got: object) -> SettingError:
        """The error every wrong value ends in."""
        shown = repr(got) if len(repr(got)) <= 60 else repr(got)[:57] + "..."
        return SettingError(f"{self.label} needs {needs}, not {shown}", self.name)


def param(
    default: object,
    why: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Iterable[str] | Mapping[str, str] | None = None,
    label: str = "",
    kind: Kind | None = None,
    log: bool = False,
    advanced: bool = False,
    optional: bool = False,
    axes: int | None = None,
    registry: Registry[Any] | None = None,
) -> Any:
    """Declare a setting of a `Settings` dataclass; its kind follows from the default unless given.

    `kind="size"` takes a whole number or one per axis, as (3, 5); `choices` then lists words it takes as well.
    A text or a choice with a `registry` is an id of it, or one of its things with settings of its own.
    """
    pairs = tuple(choices.items()) if isinstance(choices, Mapping) else tuple((c, _label(c)) for c in choices or ())
    found: Kind = kind or ("choice" if pairs else _kind_of(default))
    declared = Param("", label, why, found, low, high, pairs, log, advanced, optional, axes, registry)
    return field(default=default, metadata={"param": declared})


def variant(registry: Registry[Any], default: str, why: str, *, label: str = "") -> Any:
    """Declare a setting whose value is one of a registry's things with settings of its own."""
    declared = Param("", label, why, "variant", registry=registry)
    return field(default_factory=lambda: registry[default](), metadata={"param": declared})


def graph(value: Any, why: str) -> Any:
    """Declare a setting whose value is a network of its own; values nest, so files and undo need nothing new."""
    return field(default=value, hash=False, metadata={"param": Param("", "", why, "graph", holds=type(value))})


def places(why: str) -> Any:
    """Declare a setting that gives names to places: {"channels": ("conv.out_channels", "conv_2.out_channels")}."""
    return field(default=(), metadata={"param": Param("", "", why, "places")})


@dataclass(frozen=True)
class Settings:
    """A frozen group of declared settings: checked when made, so a wrong one cannot exist."""

    title: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for p in self.params():
            value = getattr(self, p.name)
            object.__setattr__(self, p.name, p.check(value))

    @classmethod
    def params(cls) -> tuple[Param, ...]:
        """The declared settings, in the order they are written."""
        cached = cls.__dict__.get("_params")
        if cached is None:
            cached = tuple(
                dataclasses.replace(f.metadata["param"], name=f.name, label=f.metadata["param"].label or _label(f.name))
                for f in dataclasses.fields(cls)
                if "param" in f.metadata
            )
            cls._params = cached  # type: ignore[attr-defined]
        return cast("tuple[Param, ...]", cached)

    @classmethod
    def param(cls, name: str) -> Param:
        """The declared setting of that name; SettingError if there is none."""
        for p in cls.params():
            if p.name == name:
                return p
        known = ", ".join(p.name for p in cls.params()) or "none"
        raise SettingError(f"{cls.title or cls.__name__} has no setting {name!r} (it has: {known})", name)

    def with_(self, **changes: object) -> Self:
        """The same with some settings changed; SettingError if a name or value does not fit."""
        for name in changes:
            self.param(name)
        return dataclasses.replace(self, **changes)

    @property
    def asks_for(self) -> tuple[str, ...]:
        """Names of settings that the other ones make needed as they are now: a form shows these, folded away or not."""
        return ()

    def open_params(self) -> tuple[Param, ...]:
        """The settings that a form shows for this one: those declared, and the ones that a block lends."""
        return tuple(p for p in self.params() if p.kind not in ("graph", "places"))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; a variant becomes {"type": id, ...its own settings}. Networks stay as they are: files write them."""
        return {p.name: _plain(p, getattr(self, p.name)) for p in self.params()}


def _plain(p: Param, value: Any) -> Any:
    if p.registry is not None and isinstance(value, Settings):
        return {"type": p.registry.id_of(value), **value.as_dict()}
    if p.kind == "places":
        return [[name, list(found)] for name, found in value]  # pairs: a file sorts the names of a mapping
    return list(value) if isinstance(value, tuple) else value


def _label(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _kind_of(default: object) -> Kind:
    kinds: dict[type, Kind] = {bool: "bool", int: "int", float: "float", str: "text", tuple: "size"}
    return kinds[type(default)]


def _range(p: Param) -> str:
    if p.low is not None and p.high is not None:
        return f" from {_bound(p.low)} to {_bound(p.high)}"
    if p.low is not None:
        return f" of at least {_bound(p.low)}"
    return f" of at most {_bound(p.high)}" if p.high is not None else ""


def _bound(value: float) -> str:
    """Every digit of it: a bound that is rounded would be a lie."""
    return count(value) if value == round(value) and abs(value) < 1e15 else f"{value:g}"


def _inside(p: Param, value: float) -> bool:
    return (p.low is None or value >= p.low) and (p.high is None or value <= p.high)


def _check_int(p: Param, value: object) -> int:
    needs = f"a whole number{_range(p)}"
    if (
        isinstance(value, bool)
        or not isinstance(value, numbers.Real)  # numpy's numbers as well
        or value != value
        or value in (math.inf, -math.inf)
    ):
        raise p.refuse(needs, value)
    whole = int(cast(float, value))
    if whole != value or not _inside(p, whole):
        raise p.refuse(needs, value)
    return whole


def _check_float(p: Param, value: object) -> float:
    needs = f"a number{_range(p)}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise p.refuse(needs, value)
    try:
        number = float(value)
    except OverflowError:
        raise p.refuse(needs, value) from None
    if not math.isfinite(number) or not _inside(p, number):
        raise p.refuse(needs, value)
    return number


def _check_bool(p: Param, value: object) -> bool:
    if not isinstance(value, bool):
        raise p.refuse("yes or no (true or false)", value)
    return value


def _check_choice(p: Param, value: object) -> str:
    values = [v for v, _ in p.choices]
    if not isinstance(value, str) or value not in values:
        raise p.refuse("one of " + ", ".join(values), value)
    return value


def _check_text(p: Param, value: object) -> str:
    if not isinstance(value, str):
        raise p.refuse("a text", value)
    if len(value) > TEXT_LIMIT:
        raise SettingError(f"{p.label} is longer than {count(TEXT_LIMIT)} characters", p.name)
    return value


def _check_size(p: Param, value: object) -> object:
    if isinstance(value, str) and value in [v for v, _ in p.choices]:
        return value
    words = "".join(f" or {v!r}" for v, _ in p.choices)
    per_axis = f"{p.axes}, one per axis" if p.axes else "one per axis"
    needs = f"a whole number{_range(p)} (or {per_axis}){words}"
    items = list(value) if isinstance(value, (tuple, list)) else [value]
    if len(items) not in ((1, p.axes) if p.axes else (1, 2, 3)):
        raise p.refuse(needs, value)
    try:
        sizes = tuple(_check_int(p, item) for item in items)
    except SettingError:
        raise p.refuse(needs, value) from None
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _check_variant(p: Param, value: object) -> object:
    if not isinstance(value, Settings):
        raise p.refuse(f"a {p.registry.what if p.registry else 'choice'}", value)
    return value


def _check_thing(p: Param, value: object) -> object:
    """A registry's thing, or its id with settings as a file has them; the id alone where nothing is set otherwise."""
    assert p.registry is not None
    if isinstance(value, Mapping):
        settings = {str(key): given for key, given in value.items() if key != "type"}
        type_id = value.get("type")
        if not isinstance(type_id, str) or type_id not in p.registry:
            return _CHECKS[p.kind](p, type_id)
        value = p.registry[type_id]().with_(**settings)
    if not isinstance(value, Settings) or type(value) not in p.registry.values():
        raise p.refuse(f"the name of a {p.registry.what}", value)
    return p.registry.id_of(value) if value == type(value)() else value


def _check_graph(p: Param, value: object) -> object:
    if p.holds is None or not isinstance(value, p.holds):
        raise p.refuse("a network", value)
    return value


def _check_places(p: Param, value: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names, each with the places it stands for, from a mapping or from pairs."""
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, (list, tuple)) or len(pairs) > PLACES_LIMIT:
        raise p.refuse(f"at most {PLACES_LIMIT} names with their places", value)
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise p.refuse("names with their places", value)
        name, spots = pair
        found[_word(p, name)] = _spots(p, spots)
    return tuple(found.items())


def _spots(p: Param, value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= PLACES_LIMIT:
        raise p.refuse("names with their places", value)
    for spot in value:
        if not isinstance(spot, str) or not PLACE.fullmatch(spot):
            raise p.refuse("places such as linear.out_features", spot)
    return tuple(value)


def _word(p: Param, value: object) -> str:
    if not isinstance(value, str) or not WORD.fullmatch(value):
        raise p.refuse("names of small letters, digits and _", value)
    return value


_CHECKS = {
    "int": _check_int,
    "float": _check_float,
    "bool": _check_bool,
    "choice": _check_choice,
    "text": _check_text,
    "size": _check_size,
    "variant": _check_variant,
    "graph": _check_graph,
    "places": _check_places,
}
