"""The next sensible value up or down: by ones, by the scale of the range, or along 1, 2, 5, 10 where sizes matter."""

import math
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import Qt

from nnlab.core.param import Param

LADDER = (1.0, 2.0, 5.0)
FINE_LADDER = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0)  # ten equal ratios to a decade
DECADES = (1.0,)
POWERS_OF_TWO = frozenset({"batch_size", "out_features", "out_channels", "hidden_size", "embed_dim"})
WIDE = 20.0  # a range beyond this is walked by ratios, not by equal steps
SMALLEST = 1e-12


@dataclass(frozen=True)
class Stride:
    """How far one press of a key or one notch of the wheel goes."""

    big: bool = False
    """Shift: ten times as far, a whole decade, or the next power of two."""
    fine: bool = False
    """Ctrl: a tenth of the way."""

    @classmethod
    def of(cls, modifiers: Qt.KeyboardModifier) -> "Stride":
        """What the keys held down ask for."""
        return cls(
            big=bool(modifiers & Qt.KeyboardModifier.ShiftModifier),
            fine=bool(modifiers & Qt.KeyboardModifier.ControlModifier),
        )


PLAIN = Stride()


def stepped(p: Param, value: float, notches: int, stride: Stride = PLAIN) -> float:
    """The value so many steps further (back if negative), never outside the setting's range."""
    for _ in range(abs(notches)):
        value = _one(p, value, 1 if notches > 0 else -1, stride)
    return value


def _one(p: Param, value: float, sign: int, stride: Stride) -> float:
    if p.kind in ("int", "size"):
        return int(_clamp(p, _whole(p, int(value), sign, stride)))
    if _by_ratio(p):
        return _clamp(p, _along_ladder(p, value, sign, stride))
    step = Decimal(10) ** math.floor(math.log10(_width(p) / WIDE))
    step *= 10 if stride.big else 1
    return _clamp(p, float(Decimal(repr(value)) + sign * (step / 10 if stride.fine else step)))


def _whole(p: Param, value: int, sign: int, stride: Stride) -> int:
    if not stride.big:
        return value + sign
    if p.name not in POWERS_OF_TWO:
        return value + 10 * sign
    if sign > 0:
        return 1 << max(value, 1).bit_length() if value >= 1 else 1
    return 1 << (value - 1).bit_length() - 1 if value > 1 else value - 1


def _by_ratio(p: Param) -> bool:
    return p.log or not _width(p) <= WIDE


def _width(p: Param) -> float:
    return p.high - p.low if p.low is not None and p.high is not None else math.inf


def _along_ladder(p: Param, value: float, sign: int, stride: Stride) -> float:
    if value < 0:
        return -_along_ladder(p, -value, -sign, stride)
    if value == 0:
        return sign * _first(p) if sign > 0 or p.low is None or p.low < 0 else 0.0
    rungs = DECADES if stride.big else FINE_LADDER if stride.fine else LADDER
    decade = math.floor(math.log10(value))
    near = sorted(_exact(rung, d) for d in (decade - 1, decade, decade + 1) for rung in rungs)
    if sign > 0:
        return next(n for n in near if n > value * (1 + 1e-9))
    below = next(n for n in reversed(near) if n < value * (1 - 1e-9))
    return below if below >= SMALLEST else 0.0


def _first(p: Param) -> float:
    high = p.high if p.high is not None and math.isfinite(p.high) else 1000.0
    return _exact(1.0, math.floor(math.log10(max(high, SMALLEST))) - 6)


def _exact(rung: float, decade: int) -> float:
    return float(f"{rung:g}e{decade}")


def _clamp(p: Param, value: float) -> float:
    kind = int if p.kind in ("int", "size") else float
    if p.low is not None:
        value = max(value, kind(p.low))
    if p.high is not None:
        value = min(value, kind(p.high))
    return value
