"""Numbers and names as users read them: the same in the window, on the command line and in messages."""

import math


def number(value: float) -> str:
    """Three significant digits, thousands apart, small and large ones as 1.2×10⁻⁵: "0.042", "12 300"."""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    size = abs(value)
    sign = "−" if value < 0 else ""
    if size >= 1e7 or size < 1e-4:
        exponent = math.floor(math.log10(size))
        digits = f"{size / 10.0**exponent:.3g}"
        if float(digits) >= 10:
            digits, exponent = "1", exponent + 1
        return f"{sign}{digits}×10{_superscript(exponent)}"
    if size >= 1000:
        return sign + count(size)
    places = max(0, 2 - math.floor(math.log10(size)))
    text = f"{size:.{places}f}"
    return sign + (text.rstrip("0").rstrip(".") if "." in text else text)


def fixed(value: float, places: int = 3) -> str:
    """A steady number of places, for figures that change while one looks: "0.042"."""
    if not math.isfinite(value):
        return number(value)
    return f"{value:.{places}f}".replace("-", "−")


def steady(value: float) -> str:
    """A figure that changes while one looks: four significant digits, which do not dance: "0.0421", "1.234", "123.4"."""
    size = abs(value)
    if not 0.01 <= size < 999.95:
        return number(round(value) if 999 < size < 1000 else value)
    places = next((places for limit, places in ((0.99995, 4), (9.9995, 3), (99.995, 2)) if size < limit), 1)
    return fixed(value, places)


def count(value: float) -> str:
    """A whole number with its thousands apart by a narrow space: "12 345"."""
    return f"{round(value):,}".replace(",", "\u202f").replace("-", "−")


METRICS = {"accuracy": "accuracy", "r2": "R²", "iou": "overlap", "exact": "exact", "neighbours": "neighbours"}
"""How the metrics are called: overlap of masks (intersection over union), share of sequences that are exactly right,
of samples whose nearest neighbour is of their class."""
SHARES = ("accuracy", "iou", "exact", "neighbours")


def is_share(metric: str) -> bool:
    """Whether this metric, such as "accuracy" or "test_accuracy", is a share and read in percent."""
    return metric.endswith(SHARES)


def percent(share: float, places: int = 1) -> str:
    """A share as "98.7 %"."""
    return f"{100 * share:.{places}f}\u202f%" if math.isfinite(share) else number(share)


def duration(seconds: float) -> str:
    """A time span as a clock reads it: "0:07", "12:30", "1:02:03"."""
    whole = max(0, round(seconds)) if math.isfinite(seconds) else 0
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def span(seconds: float) -> str:
    """A time span of any size: "0.042 ms", "12 ms", "1.3 s", "12:30"."""
    if not math.isfinite(seconds) or seconds >= 60:
        return duration(seconds)
    return f"{number(1000 * seconds)}\u202fms" if seconds < 1 else f"{number(seconds)}\u202fs"


def memory(size: float) -> str:
    """Memory as "21.5 kB", "310 MB" or "2.1 GB"."""
    if size >= 1e9:
        return f"{number(size / 1e9)} GB"
    return f"{number(size / 1e6)} MB" if size >= 1e6 else f"{number(size / 1e3)} kB"


def plural(n: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 layer", "3 layers"."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def _superscript(exponent: int) -> str:
    return "".join("⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".index(c)] for c in str(exponent))
