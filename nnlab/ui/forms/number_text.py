"""Numbers as people type them: 0.001, 0,001, 1e-3 and 1 000 read the same in every country, or are refused."""

import re
import unicodedata
from decimal import Decimal

from nnlab.core import words

LENGTH_LIMIT = 60  # characters of one number
EXPONENT_LIMIT = 330  # beyond it every number is infinite or 0 to the computer

_SPACES = "\u0020\u00a0\u2007\u2009\u202f"
_GROUPED = re.compile(rf"([+-]?[1-9]\d{{0,2}})((?P<mark>[{_SPACES}'’_٬])\d{{3}}(?:(?P=mark)\d{{3}})*)(?!\d)")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,4})?")
_SUPERSCRIPTS = "⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹"
_TO_ASCII = str.maketrans({"−": "-", "－": "-", "＋": "+", "٫": ",", "Ｅ": "e", "E": "e"})
_LOWERED = str.maketrans(_SUPERSCRIPTS, "-+0123456789")


def parse(text: str, whole: bool = False) -> int | float:
    """The number a person meant by this text; ValueError with a sentence if it is none or could mean two.

    With `whole`, a mark before three digits is refused too: "1.000" is a thousand to many.
    """
    typed = text.strip()
    if len(typed) > LENGTH_LIMIT:
        raise ValueError("That is too long for a number")
    cleaned = _with_point(_without_groups(_in_ascii(typed)), whole)
    share = cleaned.endswith("%")
    if share:
        cleaned = cleaned[:-1].rstrip(_SPACES)
    if not _NUMBER.fullmatch(cleaned):
        raise ValueError("Write a number, as 8, 0.5 or 1e-3")
    exact = Decimal(cleaned) / (100 if share else 1)
    if exact and abs(exact.adjusted()) > EXPONENT_LIMIT:
        raise ValueError("That is too large" if exact.adjusted() > 0 else "That is too close to 0")
    if whole and exact == exact.to_integral_value():
        return int(exact)
    return _as_float(exact)


def as_typed(value: float) -> str:
    """The shortest text that, typed again, is exactly this number: "0.001", "1e-5", "12 000"."""
    if isinstance(value, int):
        return words.count(value)
    size = repr(abs(value))
    if "e" in size:
        mantissa, exponent = size.split("e")
        size = f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    return ("−" if value < 0 else "") + size.removesuffix(".0")


def _in_ascii(text: str) -> str:
    text = text.translate(_TO_ASCII).replace("**", "^")
    text = re.sub(rf"10\^?([{_SUPERSCRIPTS}]+)", lambda found: "10^" + found[1].translate(_LOWERED), text)
    text = re.sub(rf"[{_SPACES}]*[×·*][{_SPACES}]*10\^", "e", text)
    text = re.sub(r"^([+-]?)10\^", r"\g<1>1e", text)
    return "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in text)


def _without_groups(text: str) -> str:
    found = _GROUPED.match(text)
    if found is None:
        return text
    return found[1] + found[2].replace(found["mark"], "") + text[found.end() :]


def _with_point(text: str, whole: bool) -> str:
    """Decimal comma or point as a point, grouping marks gone; ValueError where two readings are possible."""
    marks = [c for c in text if c in ".,"]
    if not marks:
        return text
    last = marks[-1]
    before, _, after = text.rpartition(last)
    if len(set(marks)) == 2 and marks.count(last) == 1 and _is_grouped(before, marks[0]):
        return f"{before.replace(marks[0], '')}.{after}"
    if len(marks) > 1 and len(set(marks)) == 1 and _is_grouped(text, last):
        return text.replace(last, "")
    if len(marks) > 1:
        raise ValueError("Use one decimal point, as 1234.5")
    if (last == "," or whole) and _is_grouped(text, last):
        short = f"{before}.{after}".rstrip("0").rstrip(".")
        raise ValueError(f"This could mean {before}{after} or {short}: write one of these")
    return text.replace(",", ".")


def _is_grouped(text: str, mark: str) -> bool:
    return re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+", text) is not None


def _as_float(exact: Decimal) -> float:
    value = float(exact)
    if value in (float("inf"), float("-inf")):
        raise ValueError("That is too large")
    if exact and not value:
        raise ValueError("That is too close to 0")
    return value
