"""Groups of settings as plain JSON values and back: checked field by field, unknown ones kept."""

from collections.abc import Iterable, Mapping
from typing import Any

from nnlab.core.dataset import MissingDataset
from nnlab.core.document import Data, Training
from nnlab.core.graph import NOTHING
from nnlab.core.param import TEXT_LIMIT, Param, Settings
from nnlab.errors import FileError, NNLabError
from nnlab.files.jsontext import check_plain

NAME_LIMIT = 200  # characters of a type or port name

Plain = dict[str, Any]


def settings_to_dict(settings: Settings, extra: Mapping[str, Any] = NOTHING) -> Plain:
    """A group of settings as JSON values, with the unknown ones it was read with."""
    found = {key: value for key, value in extra.items() if key not in [p.name for p in settings.params()]}
    for p in settings.params():
        value, kept = getattr(settings, p.name), extra.get(p.name, NOTHING)
        if p.kind == "variant" or isinstance(value, Settings):
            found[p.name] = _variant_to_dict(p, value, kept)
        elif kept and p.registry is not None and _stands_for(p, value, kept["type"]):
            found[p.name] = dict(kept)  # with settings not known here, or the stand-in was not touched
        else:
            found[p.name] = list(value) if isinstance(value, tuple) else value
    return found


def _variant_to_dict(p: Param, value: Any, extra: Mapping[str, Any]) -> Plain:
    assert p.registry is not None
    if isinstance(value, MissingDataset):
        return {**value.raw, "type": value.type_id}
    type_id = p.registry.id_of(value)
    if extra and extra["type"] not in p.registry and value == _default(p):
        return dict(extra)  # the stand-in was not touched: what the file named goes back
    kept = extra if extra and extra["type"] == type_id else NOTHING
    return {**kept, **value.as_dict(), "type": type_id}


def group(kind: type[Any], raw: object, notices: list[str]) -> tuple[Any, Plain]:
    """Data or Training with the fields, and fields of its variants, that are not known here."""
    items = dict(mapping(raw, kind.title))
    kept: Plain = {}
    if kind is Training:
        _forget_choices(items, notices)
    for p in kind.params():
        if p.name in items and _has_settings(p, items[p.name]):
            value, unknown = _variant(p, items.pop(p.name), f"{kind.title}: {p.label}", notices)
            kept |= {p.name: unknown} if unknown else {}
            if value is not None:
                items[p.name] = value
    found, unknown = settings_from_dict(kind, items, kind.title, notices)
    return found, {**unknown, **kept}


def _forget_choices(items: Plain, notices: list[str]) -> None:
    """A device or an arithmetic that is not known here is no reason to keep a project shut."""
    instead = {"device": "the best one is chosen when training starts", "precision": "32 bits are used"}
    for name, what in instead.items():
        value = items.get(name)
        if isinstance(value, str) and value not in [known for known, _ in Training.param(name).choices]:
            notices.append(f"The {name} {shown(value)} is not known here, so {what}")
            del items[name]


def _variant(p: Param, raw: object, where: str, notices: list[str]) -> tuple[Settings | None, Plain]:
    """The value (None: use the default) and what to keep of the file for it."""
    items = mapping(raw, where)
    type_id = items.get("type")
    if not isinstance(type_id, str) or not 0 < len(type_id) <= NAME_LIMIT:
        raise FileError(f"{where}: its type must be a name, not {shown(type_id)}")
    assert p.registry is not None
    settings = {key: value for key, value in items.items() if key != "type"}
    if type_id in p.registry:
        found, unknown = settings_from_dict(p.registry[type_id], settings, where, notices)
        return found, {**unknown, "type": type_id} if unknown else {}
    check_plain(items, where)
    if p.name == "dataset":
        notices.append(f"The data set {shown(type_id)} is not in this installation; choose another under Data to train")
        return MissingDataset(type_id, settings), {}
    usual = _default(p)
    instead = dict(p.choices).get(usual, usual) if isinstance(usual, str) else usual.title
    notices.append(
        f"{where} {shown(type_id)} is not known here: {instead} stands in for it, and the file keeps its own"
    )
    return None, items


def _stands_for(p: Param, value: Any, type_id: str) -> bool:
    """Whether this name is the one that the file had, or what stands in for one that is not known here."""
    assert p.registry is not None
    return bool(value == type_id or (type_id not in p.registry and value == _default(p)))


def _has_settings(p: Param, raw: object) -> bool:
    """Whether this is a thing with settings of its own, and not the name of one."""
    return p.kind == "variant" or (p.registry is not None and isinstance(raw, dict))


def _default(p: Param) -> Any:
    owner = Data if p.name == "dataset" else Training
    return getattr(owner(), p.name)


def settings_from_dict(kind: type[Any], raw: Plain, where: str, notices: list[str]) -> tuple[Any, Plain]:
    """The settings, with defaults for those not named, and the ones that are not known here."""
    names = {p.name for p in kind.params()}
    unknown = {key: value for key, value in raw.items() if key not in names}
    if unknown:
        some = ", ".join(shown(key) for key in sorted(unknown)[:3]) + (", ..." if len(unknown) > 3 else "")
        notices.append(f"{where}: settings not known here are kept but have no effect ({some})")
    check_plain(unknown, where)
    try:
        return kind(**{key: value for key, value in raw.items() if key in names}), unknown
    except NNLabError as problem:
        raise FileError(f"{where}: {problem}") from None


# -------------------------------------------------------------------- plain values


def unknown_fields(raw: Plain, known: Iterable[str], where: str) -> Plain:
    """The fields of a newer version, to be kept; FileError if they are not plain finite values."""
    found = {key: value for key, value in raw.items() if key not in known}
    check_plain(found, where)
    return found


def mapping(raw: object, where: str) -> Plain:
    """The value as named fields; FileError if it is anything else."""
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise FileError(f"{where} must be a group of named fields, not {shown(raw)}")
    return raw


def sequence(raw: object, what: str, limit: int) -> list[Any]:
    """The value as a list of at most `limit` items; FileError if it is anything else."""
    if not isinstance(raw, list):
        raise FileError(f"the project's {what} must be a list, not {shown(raw)}")
    if len(raw) > limit:
        raise FileError(f"the project has {len(raw):,} {what}; NNLab opens at most {limit:,}".replace(",", " "))
    return raw


def text_field(raw: Plain, field: str, where: str) -> str:
    """A text of bounded length, empty if it is not there."""
    value = raw.get(field, "")
    if not isinstance(value, str):
        raise FileError(f"{where}: {field} must be a text, not {shown(value)}")
    if len(value) > TEXT_LIMIT:
        raise FileError(f"{where}: {field} is longer than {TEXT_LIMIT:,} characters".replace(",", " "))
    check_plain(value, where)
    return value


def shown(value: object) -> str:
    """A wrong value as an error may show it."""
    if value is None:
        return "nothing"
    if isinstance(value, (dict, list)):
        return "a list" if isinstance(value, list) else "a group of fields"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
