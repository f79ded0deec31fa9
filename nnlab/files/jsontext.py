"""JSON as project files hold it: read under limits, written so that a diff of two versions reads well."""

import json
import math
from typing import Any

from nnlab.errors import FileError

JSON_LIMIT = 16 * 2**20  # bytes
DEPTH_LIMIT = 64
VALUES_LIMIT = 500_000
STRING_LIMIT = 65_536
LINE = 110  # characters: what fits is written on one line


class _Repeated(ValueError):
    """A JSON object names the same field twice."""


def parse(data: bytes | str, what: str) -> Any:
    """The value a JSON text stands for; FileError, naming `what` is read, for anything broken or too large."""
    if len(data) > JSON_LIMIT:
        raise FileError(f"{what} is larger than {JSON_LIMIT // 2**20} MB of text")
    text = _decoded(data, what) if isinstance(data, bytes) else data
    if sum(text.count(mark) for mark in ",[{") > VALUES_LIMIT:
        raise FileError(f"{what} holds more than {VALUES_LIMIT:,} values".replace(",", " "))
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise FileError(f"{what} is nested deeper than {DEPTH_LIMIT} levels") from None
    except json.JSONDecodeError as problem:
        raise FileError(f"{what} is damaged: no JSON text at line {problem.lineno}") from None
    except _Repeated as problem:
        raise FileError(f"{what} names the field {_shown(str(problem))} twice") from None
    except ValueError:  # numbers of thousands of digits
        raise FileError(f"{what} is damaged: a number in it is too long") from None
    check_plain(value, what, finite=False)
    return value


def check_plain(value: object, what: str, *, finite: bool = True) -> None:
    """FileError unless this is made of JSON values within the limits (and of finite numbers, unless told)."""
    level: list[object] = [value]
    for _ in range(DEPTH_LIMIT):
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, (list, tuple)):
                below.extend(item)
            else:
                _check_leaf(item, what, finite)
        if not below:
            return
        level = below
    raise FileError(f"{what} is nested deeper than {DEPTH_LIMIT} levels")


def write(value: Any) -> str:
    """JSON with sorted keys, one line for whatever fits on one, so that a small change is a small diff."""
    try:
        text = _text(value, 0) + "\n"
    except (TypeError, ValueError, RecursionError):
        raise FileError("something in this project cannot be written down as text") from None
    # half a character, as a file name of odd bytes has it, would make the whole file unreadable
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decoded(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(f"{what} is damaged: it is not UTF-8 text") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        raise _Repeated(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found


def _check_leaf(item: object, what: str, finite: bool) -> None:
    if isinstance(item, str):
        if len(item) > STRING_LIMIT:
            raise FileError(f"{what} holds a text longer than {STRING_LIMIT // 1024} KB")
        if not item.isascii() and any("\ud800" <= c <= "\udfff" for c in item):
            raise FileError(f"{what} holds a text that is not Unicode")
    elif isinstance(item, float):
        if finite and not math.isfinite(item):
            raise FileError(f"{what} holds a number that is not finite")
    elif item is not None and not isinstance(item, (bool, int)):
        raise FileError(f"{what} holds something that JSON cannot: {type(item).__name__}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _text(value: Any, depth: int) -> str:
    if isinstance(value, dict):
        items = [f"{_leaf(str(key))}: {_text(item, depth + 1)}" for key, item in sorted(value.items())]
        return _joined("{", items, "}", depth)
    if isinstance(value, (list, tuple)):
        return _joined("[", [_text(item, depth + 1) for item in value], "]", depth)
    return _leaf(value)


def _joined(opening: str, items: list[str], closing: str, depth: int) -> str:
    short = opening + ", ".join(items) + closing if len(items) <= LINE else ""
    if short and (len(short) + 2 * depth <= LINE) and "\n" not in short and (depth > 1 or not items):
        return short
    indent = "\n" + "  " * (depth + 1)
    return opening + indent + f",{indent}".join(items) + "\n" + "  " * depth + closing


def _leaf(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
