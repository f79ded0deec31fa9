"""The mean of the steps that count, put together again: files multiply by what counts, add up, and divide by how many there are."""

from dataclasses import dataclass
from typing import Any

from nnlab.engine.imports.attention import drawn as attention_drawn
from nnlab.engine.imports.attention.attending import Given
from nnlab.engine.imports.attention.strides import View, joined
from nnlab.engine.imports.drawing import Drawing, Value


@dataclass(eq=False)
class Counting:
    """1 for each step that counts, 0 for those that only fill up."""

    mask: Value
    sizes: tuple[int, ...]


@dataclass(eq=False)
class Weighed:
    """Steps times whether they count."""

    of: Any
    mask: Value
    sizes: tuple[int, ...]


@dataclass(eq=False)
class Total:
    """A sum over all steps: of what is `of`, or of how many count."""

    of: Any
    mask: Value
    sizes: tuple[int, ...]
    is_least_one: bool = False


def counting(mask: View) -> View | None:
    """The opposite of a mask of what only fills up."""
    base = mask.base
    if not isinstance(base, Given) or base.value.kind != "m" or len(base.sizes) != 2 or not mask.is_laid(base.sizes):
        return None
    return View.whole(Counting(base.value, base.sizes), base.sizes)


def weighed(x: View, y: View) -> View | None:
    """Steps, and in the other tensor a number for each: whether it counts."""
    base = y.base
    if not isinstance(base, Counting) or len(x.base.sizes) != 3 or not x.is_laid(x.base.sizes):
        return None
    fits = y.sizes == (*base.sizes, 1) and x.base.sizes[:2] == base.sizes and y.scale == 1 and not y.offset
    wanted = View.whole(base, base.sizes).unsqueezed(-1)
    if not fits or [joined(a) for a in y.axes] != [joined(a) for a in wanted.axes]:
        return None
    return View.whole(Weighed(x.base, base.mask, x.base.sizes), x.base.sizes)


def total(x: View, dims: list[int], keep: bool) -> View | None:
    """A sum over the steps."""
    base = x.base
    if keep or [x.at(dim) for dim in dims] != [1] or len(x.axes) != 3 or x.scale != 1 or x.offset:
        return None
    if isinstance(base, Weighed) and x.is_laid(base.sizes):
        found = Total(base.of, base.mask, (base.sizes[0], base.sizes[2]))
    elif isinstance(base, Counting) and x.sizes == (*base.sizes, 1):
        found = Total(None, base.mask, (base.sizes[0], 1))
    else:
        return None
    return View.whole(found, found.sizes)


def at_least_one(x: View, low: object, high: object = None) -> View | None:
    """How many count, and 1 where none does."""
    base = x.base
    if not isinstance(base, Total) or base.of is not None or low != 1 or high is not None:
        return None
    found = Total(None, base.mask, base.sizes, is_least_one=True)
    return View(found, x.axes)


def mean(d: Drawing, x: View, y: View) -> Value | None:
    """The mean of the steps that count."""
    one, other = x.base, y.base
    if not isinstance(one, Total) or not isinstance(other, Total) or one.of is None or not other.is_least_one:
        return None
    if one.mask != other.mask or not x.is_laid(one.sizes) or not y.is_laid(other.sizes):
        return None
    return d.one("SequencePool", attention_drawn.value_of(d, one.of), one.mask, mode="mean")
