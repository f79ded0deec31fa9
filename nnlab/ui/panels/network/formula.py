"""How one unit came to its number: the formula with the snapshot's own numbers, and its result worked out again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core import words
from nnlab.core.document import Document
from nnlab.core.graph import Node
from nnlab.engine.wants import SampleValues, Weights
from nnlab.ui.look import labels

Exact = NDArray[np.float64]

SHOWN_TERMS = 3  # written out in the formula itself; all the larger ones have a bar


@dataclass(frozen=True)
class Term:
    """One product of a weighted sum."""

    name: str
    weight: float
    input: float

    @property
    def product(self) -> float:
        """What it adds to the sum."""
        return self.weight * self.input


@dataclass(frozen=True)
class Explanation:
    """One unit's number and where it comes from."""

    title: str
    value: float
    """As the snapshot has it."""
    lines: tuple[str, ...]
    """The formula in plain text, the last step first."""
    terms: tuple[Term, ...] = ()
    """The products of the weighted sum behind it, the largest first."""
    bias: float | None = None
    computed: float | None = None
    """The formula's result, worked out from the numbers in it; None where the layer has no formula here."""
    kernel: NDArray[np.float32] | None = None
    """A convolution's filter for this map: (channels, height, width)."""
    sum: float | None = None
    """What the products and the bias add up to, where that is the last line."""

    def lines_that(self, fit: Callable[[str], bool]) -> tuple[str, ...]:
        """The lines, with fewer products written out where a line would not fit."""
        if self.sum is None or fit(self.lines[-1]):
            return self.lines
        tries = [weighted_sum(self.sum, self.terms, self.bias, shown) for shown in (2, 1)]
        return (*self.lines[:-1], next((line for line in tries if fit(line)), tries[-1]))


@dataclass(frozen=True)
class Moment:
    """Everything a formula is made of: the network, one sample in it, and the learned tensors."""

    document: Document
    sample: SampleValues
    weights: Weights

    def sources(self, node_id: str) -> list[str]:
        """The nodes this one reads from, in the order of its ports."""
        return [link.source for link in self.document.graph.incoming[node_id] if link.source in self.sample.nodes]

    def output(self, node_id: str) -> Exact:
        """What a node puts out for the sample."""
        return np.asarray(self.sample.nodes[node_id], dtype=float)

    def tensor(self, node_id: str, name: str) -> Exact | None:
        """A learned tensor of a node, or None."""
        found = self.weights.nodes.get(node_id, {}).get(name)
        return None if found is None else np.asarray(found, dtype=float)

    def unit_name(self, node_id: str, unit: int) -> str:
        """What a unit is called: an input's own name, else its number."""
        node, spec = self.document.graph.nodes[node_id], self.document.spec
        if not node.layer.inputs and not node.layer.variadic and spec and unit < len(spec.inputs):
            return labels.plain(spec.inputs[unit])
        return f"{'map' if self.output(node_id).ndim == 3 else 'unit'} {unit + 1}"


Place = tuple[int, ...]
"""Where in a node's output a number stands: (unit,) or (map, row, column)."""


@dataclass(frozen=True)
class Spot:
    """One number in one node's output."""

    moment: Moment
    node: Node
    place: Place

    @property
    def value(self) -> float:
        """The number, as the snapshot has it."""
        return float(self.moment.output(self.node.id)[self.place])

    @property
    def source(self) -> str:
        """The first node it is made from."""
        return self.moment.sources(self.node.id)[0]

    @cached_property
    def inputs(self) -> Exact:
        """What that node puts out."""
        return self.moment.output(self.source)

    @property
    def keeps_shape(self) -> bool:
        """The layer's output has the shape of its input."""
        return self.inputs.shape == self.moment.output(self.node.id).shape

    def title(self) -> str:
        """The layer, the unit, and the place in its map."""
        title = f"{labels.plain(self.node.title)} · {self.moment.unit_name(self.node.id, self.place[0])}"
        return title if len(self.place) < 3 else f"{title}, row {self.place[1] + 1}, column {self.place[2] + 1}"

    def says(self, line: str, computed: float | None = None) -> Explanation:
        """An explanation that begins with this number."""
        return Explanation(self.title(), self.value, (f"{words.number(self.value)}{line}",), computed=computed)


def explain(moment: Moment, node_id: str, unit: int) -> Explanation:
    """The formula of this unit; of a map, of the number in it that is farthest from zero."""
    output = moment.output(node_id)
    place: Place = (unit,)
    if output.ndim == 3:
        place = (unit, *(int(k) for k in np.unravel_index(np.abs(output[unit]).argmax(), output[unit].shape)))
    return _explain_spot(Spot(moment, moment.document.graph.nodes[node_id], place))


def _explain_spot(spot: Spot) -> Explanation:
    if not spot.moment.sources(spot.node.id):
        return _input(spot)
    rule = _RULES.get(spot.node.type_id)
    return (rule(spot) if rule else None) or _unexplained(spot)


def _input(spot: Spot) -> Explanation:
    raw = np.asarray(spot.moment.sample.raw, dtype=float)
    if raw.shape != spot.moment.output(spot.node.id).shape or float(raw[spot.place]) == spot.value:
        return spot.says("")
    return spot.says(f" is {words.number(float(raw[spot.place]))}, standardised")


# ---------------------------------------------------------------- weighted sums


def weighted_sum(value: float, terms: Sequence[Term], bias: float | None, shown: int = SHOWN_TERMS) -> str:
    """0.53 = 0.8·1.2 + (−0.3)·0.4 + … + 0.1, the largest products first."""
    parts = [f"{_signed(t.weight)}·{_signed(t.input)}" for t in terms[:shown]]
    if len(terms) > shown:
        parts.append("…")
    if bias is not None:
        parts.append(_signed(bias))
    return f"{words.number(value)} = {' + '.join(parts)}"


def _linear(spot: Spot) -> Explanation | None:
    moment, node, place, inputs = spot.moment, spot.node, spot.place, spot.inputs
    weight = moment.tensor(node.id, "weight")
    if weight is None or len(place) != 1 or inputs.ndim != 1 or weight.shape[1] != len(inputs):
        return None
    bias = moment.tensor(node.id, "bias")
    row = weight[place[0]]
    terms = [
        Term(moment.unit_name(spot.source, k), w, x)
        for k, (w, x) in enumerate(zip(row.tolist(), inputs.tolist(), strict=True))
    ]
    return _sum_of(spot, terms, None if bias is None else float(bias[place[0]]))


def _sum_of(spot: Spot, terms: list[Term], bias: float | None) -> Explanation:
    ordered = tuple(sorted(terms, key=lambda term: -abs(term.product)))
    total = sum(term.product for term in terms) + (bias or 0.0)
    line = weighted_sum(spot.value, ordered, bias)
    return Explanation(spot.title(), spot.value, (line,), ordered, bias, total, sum=spot.value)


def _conv2d(spot: Spot) -> Explanation | None:
    moment, node, place, inputs = spot.moment, spot.node, spot.place, spot.inputs
    weight = moment.tensor(node.id, "weight")
    if weight is None or len(place) != 3 or inputs.ndim != 3:
        return None
    channel, row, column = place
    groups = int(getattr(node.layer, "groups", 1))
    per_group = inputs.shape[0] // groups
    first = channel // (weight.shape[0] // groups) * per_group
    patch = _patch(node.layer, inputs[first : first + per_group], (row, column), weight.shape[2:])
    if patch is None or patch.shape != weight[channel].shape:
        return None
    bias = moment.tensor(node.id, "bias")
    products = weight[channel] * patch
    seen = enumerate(products.sum(axis=(1, 2)).tolist(), first)
    terms = [Term(moment.unit_name(spot.source, k), 1.0, total) for k, total in seen]
    shift = None if bias is None else float(bias[channel])
    found = _sum_of(spot, terms, shift)
    shown = words.number(float(products.sum()))
    total = shown if shift is None else f"{shown} + {_signed(shift)}"
    line = f"{words.number(spot.value)} = {total}, from {words.plural(products.size, 'product')}"
    return replace(found, lines=(line,), kernel=weight[channel].astype(np.float32), sum=None)


def _patch(layer: Any, inputs: Exact, at: tuple[int, int], kernel: tuple[int, ...]) -> Exact | None:
    """The part of the padded input that the filter sees at one place of the output."""
    stride, dilation = _pair(layer.stride), _pair(layer.dilation)
    reach = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if layer.padding == "same":
        border = [(r // 2, r - r // 2) for r in reach]
    else:
        sizes = (0, 0) if layer.padding == "valid" else _pair(layer.padding)
        border = [(p, p) for p in sizes]
    mode = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}[layer.padding_mode]
    padded = np.pad(inputs, [(0, 0), *border], mode=mode)  # type: ignore[call-overload]
    rows = at[0] * stride[0] + dilation[0] * np.arange(kernel[0])
    columns = at[1] * stride[1] + dilation[1] * np.arange(kernel[1])
    if rows[-1] >= padded.shape[1] or columns[-1] >= padded.shape[2]:
        return None
    return np.asarray(padded[:, rows[:, None], columns])


# ---------------------------------------------------------------- one number from one number


_FUNCTIONS: dict[str, tuple[str, Callable[[float], float]]] = {
    "ReLU": ("max(0, {})", lambda x: max(0.0, x)),
    "Tanh": ("tanh({})", lambda x: float(np.tanh(x))),
    "Sigmoid": ("1 / (1 + e^−({}))", lambda x: float(1 / (1 + np.exp(-x))) if x > -700 else 0.0),
    "Dropout": ("{} (it drops nothing outside training)", lambda x: x),
    "Output": ("{}", lambda x: x),
}


def _function(spot: Spot) -> Explanation | None:
    if not spot.keeps_shape:
        return None
    text, rule = _FUNCTIONS[spot.node.type_id]
    x = float(spot.inputs[spot.place])
    return _with_source(spot, spot.says(f" = {text.format(words.number(x))}", rule(x)))


def _with_source(spot: Spot, found: Explanation) -> Explanation:
    """Behind a function stands the weighted sum that it was given, so both are shown."""
    source = spot.moment.document.graph.nodes[spot.source]
    if source.type_id not in ("Linear", "Conv2d"):
        return found
    behind = _explain_spot(Spot(spot.moment, source, spot.place))
    return replace(
        behind, title=found.title, value=found.value, lines=(*found.lines, *behind.lines), computed=found.computed
    )


def _softmax(spot: Spot) -> Explanation | None:
    scores = spot.inputs
    if scores.ndim != 1:
        return None
    powers = np.exp(scores - scores.max())
    x, count = words.number(float(scores[spot.place])), words.count(len(scores))
    line = f" = e^({x}) / sum of all {count} such powers"
    return _with_source(spot, spot.says(line, float(powers[spot.place] / powers.sum())))


# ---------------------------------------------------------------- merges, reshapes, pools


def _add(spot: Spot) -> Explanation | None:
    moment, shape = spot.moment, spot.moment.output(spot.node.id).shape
    sources = moment.sources(spot.node.id)
    numbers = [float(np.broadcast_to(moment.output(source), shape)[spot.place]) for source in sources]
    return spot.says(f" = {' + '.join(_signed(x) for x in numbers)}", sum(numbers))


def _concat(spot: Spot) -> Explanation | None:
    dim = int(getattr(spot.node.layer, "dim", 1))
    axis = dim - 1 if dim > 0 else dim + len(spot.place)
    at = spot.place[axis]
    for source in spot.moment.sources(spot.node.id):
        output = spot.moment.output(source)
        if at < output.shape[axis]:
            there = (*spot.place[:axis], at, *spot.place[axis + 1 :])
            name = labels.plain(spot.moment.document.graph.nodes[source].title)
            return spot.says(
                f", taken over from {name}, {spot.moment.unit_name(source, there[0])}", float(output[there])
            )
        at -= output.shape[axis]
    return None


def _flatten(spot: Spot) -> Explanation | None:
    if spot.inputs.size != spot.moment.output(spot.node.id).size or len(spot.place) != 1:
        return None
    there = [int(k) + 1 for k in np.unravel_index(spot.place[0], spot.inputs.shape)]
    where = f"map {there[0]}, row {there[1]}, column {there[2]}" if len(there) == 3 else f"unit {there[0]}"
    return spot.says(f", taken over from {where}", float(spot.inputs.ravel()[spot.place[0]]))


def _global_mean(spot: Spot) -> Explanation | None:
    if spot.inputs.ndim != 3:
        return None
    seen = spot.inputs[spot.place[0]]
    return spot.says(f" = mean of the {words.count(seen.size)} numbers of map {spot.place[0] + 1}", float(seen.mean()))


def _pool(spot: Spot) -> Explanation | None:
    layer: Any = spot.node.layer
    whole = _pair(layer.padding) == (0, 0) and not layer.ceil_mode
    if spot.inputs.ndim != 3 or len(spot.place) != 3 or not whole:
        return None
    window, stride = _pair(layer.kernel_size), _pair(layer.stride or layer.kernel_size)
    dilation = _pair(getattr(layer, "dilation", 1))
    rows = spot.place[1] * stride[0] + dilation[0] * np.arange(window[0])
    columns = spot.place[2] * stride[1] + dilation[1] * np.arange(window[1])
    seen = spot.inputs[spot.place[0]][rows[:, None], columns].ravel()
    is_max = spot.node.type_id == "MaxPool2d"
    some = ", ".join(words.number(x) for x in seen[:4].tolist()) + (", …" if len(seen) > 4 else "")
    return spot.says(f" = {'largest' if is_max else 'mean'} of {some}", float(seen.max() if is_max else seen.mean()))


def _unexplained(spot: Spot) -> Explanation:
    if not spot.keeps_shape:
        return spot.says("")
    return spot.says(f", made from {words.number(float(spot.inputs[spot.place]))}")


Rule = Callable[[Spot], Explanation | None]

_RULES: dict[str, Rule] = {
    "Linear": _linear,
    "Conv2d": _conv2d,
    "Softmax": _softmax,
    "Add": _add,
    "Concat": _concat,
    "Flatten": _flatten,
    "GlobalAvgPool2d": _global_mean,
    "MaxPool2d": _pool,
    "AvgPool2d": _pool,
    **dict.fromkeys(_FUNCTIONS, _function),
}


def _signed(value: float) -> str:
    text = words.number(value)
    return f"({text})" if text.startswith("−") else text


def _pair(size: Any) -> tuple[int, int]:
    return (int(size[0]), int(size[1])) if isinstance(size, (tuple, list)) else (int(size), int(size))
