"""What the commands print: plain text for people, JSON for programs, on whatever terminal there is."""

import codecs
import contextlib
import io
import json
import math
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

_PLAIN = {"×": "x", "·": "-", "−": "-", "–": "-", "…": "...", "’": "'", "∞": "inf", "█": "#", "░": ".", "→": "->"}


class Stopped(Exception):
    """Whoever read the output has gone."""


def _spelt_out(problem: UnicodeError) -> tuple[str, int]:
    """Characters that a terminal lacks, as near as it can: × as x, thin spaces as spaces."""
    assert isinstance(problem, UnicodeEncodeError)
    found = problem.object[problem.start : problem.end]
    plain = "".join(_PLAIN.get(c) or unicodedata.normalize("NFKD", c) for c in found)
    return plain.encode("ascii", "ignore").decode() or "?" * len(found), problem.end


codecs.register_error("nnlab-plain", _spelt_out)


def prepare() -> None:
    """Make both streams safe: closed ones become nowhere, and no character can break them."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for the whole process
        elif hasattr(stream, "reconfigure"):
            with contextlib.suppress(OSError, ValueError):
                stream.reconfigure(errors="nnlab-plain")


def say(text: str = "") -> None:
    """One line on stdout."""
    _put(sys.stdout, text + "\n")


def note(text: str) -> None:
    """One line on stderr that is no error."""
    _put(sys.stderr, f"nnlab: note: {one_line(text)}\n")


def complain(text: str) -> None:
    """An error: one line on stderr."""
    with contextlib.suppress(Stopped, OSError):
        _put(sys.stderr, f"nnlab: {one_line(text)}\n")


def draw(text: str) -> None:
    """Something that comes and goes, on stderr; nothing depends on it."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def say_json(value: Any, *, indent: int | None = 1) -> None:
    """A value as JSON on stdout; numbers that are not finite become null."""
    say(json.dumps(finite(value), indent=indent, ensure_ascii=not _is_unicode(sys.stdout), allow_nan=False))


def flush() -> None:
    """Everything is out, or it fails here rather than at the end of the process."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise Stopped from None


def silence() -> None:
    """Nobody reads any more: what is still in the buffer goes nowhere."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # a stream that is no file
        sys.stdout = io.StringIO()


def table(rows: Iterable[Sequence[str]], head: Sequence[str], right: Iterable[int] = ()) -> list[str]:
    """Lines of columns that stand under each other; the columns in `right` are flush right."""
    all_rows = [list(head), *[list(row) for row in rows]]
    widths = [max(width(row[k]) for row in all_rows) for k in range(len(head))]
    to_right = set(right)
    lines = []
    for row in all_rows:
        cells = [_pad(cell, widths[k], k in to_right) for k, cell in enumerate(row)]
        lines.append("  ".join(cells).rstrip())
    return lines


def width(text: str) -> int:
    """How many places a text takes on a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def one_line(text: str) -> str:
    """A text in a single line, without anything a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\u202f\u00a0" else " " for c in text)


def finite(value: Any) -> Any:
    """The same value with None for each number that JSON cannot hold."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _pad(text: str, size: int, right: bool) -> str:
    space = " " * (size - width(text))
    return space + text if right else text + space


def _is_unicode(stream: TextIO) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().startswith("utf")


def _put(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except BrokenPipeError:
        raise Stopped from None
