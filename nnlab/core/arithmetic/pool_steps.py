"""The numbers in one window of a pool, for the layers that explain themselves."""

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.windows import Size, per_axis
from nnlab.core.formula import Exact, Formula, Spot

AXIS_NAMES = {1: ("place",), 2: ("row", "column"), 3: ("slice", "row", "column")}


def window(
    spot: Spot, kernel: Size, stride: Size | None, padding: Size, dilation: Size = 1
) -> tuple[Exact, list[list[int]]]:
    """The numbers in the window at this spot, and their places along each axis; what lies in the border is left out."""
    axes = len(spot.place) - 1
    given = (kernel if stride is None else stride, padding, kernel, dilation)
    places = []
    for k, (move, border, size, gap) in enumerate(zip(*(per_axis(s, axes) for s in given), strict=True)):
        start = spot.place[k + 1] * move - border
        reach = range(start, start + gap * size, gap)
        places.append([at for at in reach if 0 <= at < spot.inputs[0].shape[k + 1]])
    return np.asarray(spot.inputs[0][spot.place[0]][np.ix_(*places)]), places


def divisor(spot: Spot, kernel: Size, stride: Size | None, padding: Size) -> int:
    """By how many numbers the sum of a window is divided where the border's zeros count."""
    axes, counted = len(spot.place) - 1, 1
    given = (kernel if stride is None else stride, padding, kernel)
    for k, (move, border, size) in enumerate(zip(*(per_axis(s, axes) for s in given), strict=True)):
        start = spot.place[k + 1] * move - border
        counted *= min(start + size, spot.inputs[0].shape[k + 1] + border) - start
    return counted


def largest(spot: Spot, rule: str, seen: Exact) -> Formula:
    """Which number of the window won."""
    return spot.output_formula(rule, f" = largest of {some(seen)}", float(seen.max()))


def to_the_largest(spot: Spot, seen: Exact, places: list[list[int]]) -> tuple[Formula, ...]:
    """The winner gets the whole gradient, the others nothing."""
    at = [int(k) for k in np.unravel_index(seen.argmax(), seen.shape)]
    said = [f"{name} {where[k] + 1}" for name, where, k in zip(AXIS_NAMES[len(at)], places, at, strict=True)]
    rule = "∂L/∂x = δ for the number that won, 0 for the others"
    line = f"{words.number(spot.delta)} = δ"
    return (Formula(f"passed back to {', '.join(said)}", rule, line, spot.delta, spot.delta),)


def mean(spot: Spot, rule: str, seen: Exact, count: int) -> Formula:
    """The mean of the window, with the zeros of the border where they count."""
    said = "" if count == seen.size else f" and {words.plural(count - seen.size, 'zero')} of the border"
    return spot.output_formula(rule, f" = mean of {some(seen)}{said}", float(seen.sum() / count))


def shared(spot: Spot, count: int) -> tuple[Formula, ...]:
    """Every number of the window gets an equal share."""
    line = f"{words.number(spot.delta / count)} = {words.number(spot.delta)} / {words.count(count)}"
    rule = "∂L/∂x = δ / (numbers in the window), for each of them"
    return (Formula("passed back to each number of the window", rule, line, spot.delta / count, spot.delta / count),)


def some(seen: Exact) -> str:
    """The first numbers of a window."""
    values = seen.ravel()
    return ", ".join(words.number(x) for x in values[:4].tolist()) + (", …" if values.size > 4 else "")
