"""The numbers of one filter at one place: what it lay on, what that made, and what its weights are told to do."""

from dataclasses import replace

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.filters import Filters
from nnlab.core.arithmetic.windows import per_axis
from nnlab.core.formula import Exact, Formula, Spot, Term, index_text, over_samples, signed, weighted_sum

NUMPY_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def forward(filters: Filters, rule: str, spot: Spot) -> Formula | None:
    """One number of a map: the filter laid on the picture, number times number, and all of it added up."""
    weight, bias = spot.parameters.get("weight"), spot.parameters.get("bias")
    if weight is None or len(spot.place) != filters.axes + 1:
        return None
    kernel, first = weight[spot.place[0]], _first_channel(filters, spot)
    patch = _patch(filters, spot, _padded(filters, spot.inputs[0][first : first + len(kernel)]))
    products = kernel * patch
    sums = products.reshape(len(kernel), -1).sum(axis=1).tolist()
    terms = [Term(spot.unit_name(0, first + k), 1.0, total) for k, total in enumerate(sums)]
    shift = None if bias is None else float(bias[spot.place[0]])
    found = weighted_sum("output", rule, spot.value, terms, shift)
    total = words.number(float(products.sum()))
    shown = total if shift is None else f"{total} + {signed(shift)}"
    line = f"{words.number(spot.value)} = {shown}, from {words.plural(products.size, 'product')}"
    if filters.axes > 2:
        return replace(found, line=line)
    return replace(found, line=line, kernel=_drawn(kernel), patch=_drawn(patch))


def backward(filters: Filters, spot: Spot) -> tuple[Formula, ...]:
    """A weight's gradient: what it was laid on times the gradient there, over all places and samples."""
    if spot.batch is None or spot.batch.gradient is None or len(spot.place) != filters.axes + 1:
        return ()
    delta = np.asarray(spot.batch.gradient[:, spot.place[0]], float)
    found: list[Formula] = []
    for name, at in spot.chosen.items():
        inputs = _seen_by(filters, spot, at, delta.shape[1:]) if name == "weight" else None
        what = "∂L/∂w = Σ δ·x" if name == "weight" else "∂L/∂b = Σ δ"
        rule = f"{what} over all places of the map and all samples"
        title = f"∂L/∂{name}[{index_text(at)}]"
        found.append(over_samples(title, rule, float(spot.slopes[name][at]), delta, inputs))
    there = spot.chosen.get("weight")
    if there is not None:
        w = float(spot.parameters["weight"][there])
        line = f"{words.number(w * spot.delta)} = {signed(w)}·{signed(spot.delta)}"
        rule = "every xᵢ under the filter gets w·δ from here; its gradient is the sum over all places"
        share = f"passed back through weight[{index_text(there)}]"
        found.append(Formula(share, rule, line, w * spot.delta, w * spot.delta))
    return tuple(found)


def _first_channel(filters: Filters, spot: Spot) -> int:
    """The first channel that this spot's filter sees."""
    per_group = len(spot.inputs[0]) // filters.groups
    return spot.place[0] // (filters.out_channels // filters.groups) * per_group


def _patch(filters: Filters, spot: Spot, padded: Exact) -> Exact:
    """The numbers that the filter lies on at this spot; axis 0 is its channels."""
    moves, gaps = per_axis(filters.stride, filters.axes), per_axis(filters.dilation, filters.axes)
    under = [
        at * move + gap * np.arange(size)
        for at, move, gap, size in zip(spot.place[1:], moves, gaps, filters.kernel, strict=True)
    ]
    return np.asarray(padded[np.ix_(np.arange(len(padded)), *under)])


def _seen_by(filters: Filters, spot: Spot, at: tuple[int, ...], places: tuple[int, ...]) -> Exact:
    """What one weight was multiplied with at every place of the map, for all samples."""
    assert spot.batch is not None
    channel = _first_channel(filters, spot) + at[1]
    padded = _padded(filters, np.asarray(spot.batch.inputs[0][:, channel], float))
    moves, gaps = per_axis(filters.stride, filters.axes), per_axis(filters.dilation, filters.axes)
    under = [k * gap + move * np.arange(count) for k, gap, move, count in zip(at[2:], gaps, moves, places, strict=True)]
    return np.asarray(padded[np.ix_(np.arange(len(padded)), *under)])


def _padded(filters: Filters, samples: Exact) -> Exact:
    """Samples with their border; axis 0 is channels or samples."""
    mode = NUMPY_MODES[filters.padding_mode]
    return np.asarray(np.pad(samples, [(0, 0), *filters.borders()], mode=mode))  # type: ignore[call-overload]


def _drawn(values: Exact) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """As pictures: what has one axis is one row high."""
    pictures = values if values.ndim == 3 else values[:, None, :]
    return pictures.astype(np.float32)
