"""Formulas with numbers in them: what a layer, a loss or an optimizer says of how one number came about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core import words

Exact = NDArray[np.float64]
Place = tuple[int, ...]
"""Where in a tensor without its batch axis a number stands: (unit,) or (map, row, column)."""

SHOWN_TERMS = 3  # written out in the line itself; a picture may show more of them as bars


@dataclass(frozen=True)
class Term:
    """One product of a sum."""

    name: str
    weight: float
    input: float

    @property
    def product(self) -> float:
        """What it adds to the sum."""
        return self.weight * self.input


@dataclass(frozen=True)
class Formula:
    """One number, the rule it follows, and that rule with the numbers put in."""

    name: str
    """What the number is: "output", "∂L/∂w", "passed back to Tanh · unit 2"."""
    rule: str
    """In symbols: "y = Σ w·x + b"."""
    line: str
    """In numbers, beginning with the number itself: "0.53 = 0.8·1.2 + 0.1"."""
    value: float
    """The number as the network has it."""
    computed: float | None = None
    """What the rule gives for the numbers in it; None where it is only told in words."""
    terms: tuple[Term, ...] = ()
    """The products it is the sum of, the largest first."""
    more: int = 0
    """How many further products were left out of `terms` to keep this small,"""
    rest: float = 0.0
    """and what those add up to."""
    bias: float | None = None
    notes: tuple[str, ...] = ()
    """Further sentences."""
    kernel: NDArray[np.float32] | None = None
    """The filter of a convolution: (channels, height, width),"""
    patch: NDArray[np.float32] | None = None
    """and the numbers it lies on."""


@dataclass(frozen=True)
class Batch:
    """What stands around one sample while its batch is trained on."""

    inputs: tuple[NDArray[Any], ...]
    """What comes in for all samples, one array per wire; the batch is axis 0."""
    gradient: NDArray[Any] | None = None
    """How the loss changes with each number this layer put out, for all samples."""


@dataclass(frozen=True)
class Spot:
    """One number in one layer's output for one sample, with everything it is made of."""

    place: Place
    inputs: tuple[Exact, ...]
    """What comes in for this sample, one array per wire."""
    output: Exact
    parameters: Mapping[str, Exact] = field(default_factory=dict)
    """The learned tensors by torch's names."""
    sources: tuple[str, ...] = ()
    """What the layers are called that it reads from, one per wire."""
    units: tuple[tuple[str, ...], ...] = ()
    """Names of the first numbers on each wire, where they have names (the data's own)."""
    batch: Batch | None = None
    """Only while training: in evaluation each sample is computed by itself."""
    sample: int = 0
    """Which sample of the batch this is."""
    gradient: Exact | None = None
    """How the loss changes with each number of the output; known after the backward phase."""
    slopes: Mapping[str, Exact] = field(default_factory=dict)
    """How the loss changes with each learned number; known after the backward phase."""
    chosen: Mapping[str, Place] = field(default_factory=dict)
    """Which number of each learned tensor to explain."""
    passed: tuple[Exact | None, ...] = ()
    """What torch passed back through each wire, where that is known by itself (nothing else reads from there)."""

    @property
    def value(self) -> float:
        """The number."""
        return float(self.output[self.place])

    @property
    def delta(self) -> float:
        """How the loss changes with this number; 0 before the backward phase."""
        return 0.0 if self.gradient is None else float(self.gradient[self.place])

    def unit_name(self, wire: int, unit: int) -> str:
        """What a number on a wire is called: its own name if it has one, else its place."""
        named = self.units[wire] if wire < len(self.units) else ()
        if unit < len(named):
            return named[unit]
        return f"{'map' if self.inputs[wire].ndim == 3 else 'unit'} {unit + 1}"

    def arrived(self, wire: int, at: Place) -> float | None:
        """What torch passed back to that place of a wire, if it is known."""
        found = self.passed[wire] if wire < len(self.passed) else None
        return None if found is None else float(found[at])

    def output_formula(self, rule: str, line: str, computed: float | None = None, **more: Any) -> Formula:
        """A formula of the number itself; `line` follows after the number."""
        return Formula("output", rule, f"{words.number(self.value)}{line}", self.value, computed, **more)

    def passes(self, rule: str, line: str, computed: float, at: Place | None = None, wire: int = 0) -> Formula:
        """A formula of what goes back through a wire; `line` follows after the number."""
        place = self.place if at is None else at
        known = self.arrived(wire, place)
        value = computed if known is None else known
        name = f"passed back to {self.sources[wire] if wire < len(self.sources) else 'the layer before'}"
        return Formula(name, rule, f"{words.number(value)}{line}", value, computed)


@dataclass(frozen=True)
class LossSpot:
    """One sample's answer and its truth, as the loss sees them."""

    prediction: Exact
    """The network's answer: one number per class or value."""
    target: Exact
    """One number: the right class; or as many as the answer has."""
    rows: int
    """Samples in the batch: the loss is the mean over them."""
    value: float
    """This sample's own loss, as the network has it."""
    place: int = 0
    """The number of the answer that is looked at."""
    slope: float | None = None
    """How the batch's loss changes with that number; known after the backward phase."""

    def loss_formula(self, rule: str, line: str, computed: float, **more: Any) -> Formula:
        """A formula of this sample's loss; `line` follows after the number."""
        return Formula("loss of this sample", rule, f"{words.number(self.value)}{line}", self.value, computed, **more)

    def slope_formula(self, rule: str, line: str, computed: float) -> Formula:
        """A formula of ∂L/∂ŷ at the place looked at; `line` follows after the number."""
        value = computed if self.slope is None else self.slope
        return Formula(f"∂L/∂ŷ[{self.place + 1}]", rule, f"{words.number(value)}{line}", value, computed)


@dataclass(frozen=True)
class WeightStep:
    """One learned number before and after an update, with everything the update rule used."""

    before: float
    after: float
    raw: float
    """The gradient as the backward phase gave it."""
    gradient: float
    """The same after L1 and clipping: what the update rule was given."""
    rate: float
    decay: float
    """The strength of L2."""
    step: int
    """How many steps the rule has taken with this one."""
    memory: tuple[float, ...] = ()
    """What the rule remembered of this number before, in torch's order."""

    @property
    def decayed(self) -> float:
        """The gradient with the pull of L2."""
        return self.gradient + self.decay * self.before

    def update_formula(self, rule: str, line: str, computed: float, *notes: str) -> Formula:
        """A formula of the new value; `line` follows after the number."""
        return Formula(
            "new value",
            rule,
            f"{words.number(self.after)}{line}",
            self.after,
            computed,
            notes=tuple(n for n in notes if n),
        )

    def decay_note(self) -> str:
        """What L2 did to the gradient, if anything."""
        if not self.decay:
            return ""
        parts = f"{words.number(self.gradient)} + {words.number(self.decay)}·{signed(self.before)}"
        return f"With L2 the gradient is {words.number(self.decayed)} = {parts}"


def signed(value: float) -> str:
    """A number as a factor or summand: negative ones in brackets."""
    text = words.number(value)
    return f"({text})" if text.startswith("−") else text


def product(weight: float, value: float) -> str:
    """Two numbers as a product: "0.8·(−1.2)"."""
    return f"{signed(weight)}·{signed(value)}"


def in_order(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The largest products first."""
    return tuple(sorted(terms, key=lambda term: -abs(term.product)))


def sum_text(value: float, terms: Sequence[Term], bias: float | None = None, shown: int = SHOWN_TERMS) -> str:
    """0.53 = 0.8·1.2 + (−0.3)·0.4 + … + 0.1, the largest products first."""
    parts = [product(t.weight, t.input) for t in terms[:shown]]
    if len(terms) > shown:
        parts.append("…")
    if bias is not None:
        parts.append(signed(bias))
    return f"{words.number(value)} = {' + '.join(parts) or '0'}"


def weighted_sum(name: str, rule: str, value: float, terms: Sequence[Term], bias: float | None = None) -> Formula:
    """A number that is a sum of products and perhaps a bias."""
    ordered = in_order(terms)
    total = sum(term.product for term in terms) + (bias or 0.0)
    return Formula(name, rule, sum_text(value, ordered, bias), value, total, ordered, bias=bias)


def over_samples(name: str, rule: str, value: float, factors: Exact, inputs: Exact | None = None) -> Formula:
    """A gradient that is a sum over the samples of a batch (and over places within a sample, if there are any)."""
    n = len(factors)
    each = factors.reshape(n, -1)
    if inputs is None:
        terms = [Term(f"sample {k + 1}", 1.0, float(total)) for k, total in enumerate(each.sum(axis=1))]
    elif each.shape[1] == 1:
        pairs = zip(each[:, 0].tolist(), inputs.reshape(n, -1)[:, 0].tolist(), strict=True)
        terms = [Term(f"sample {k + 1}", a, b) for k, (a, b) in enumerate(pairs)]
    else:
        sums = (each * inputs.reshape(n, -1)).sum(axis=1)
        terms = [Term(f"sample {k + 1}", 1.0, float(total)) for k, total in enumerate(sums)]
    ordered = in_order(terms)
    plain = all(term.weight == 1.0 for term in ordered)
    parts = [signed(t.product) if plain else product(t.weight, t.input) for t in ordered[:SHOWN_TERMS]]
    parts += ["…"] if len(ordered) > SHOWN_TERMS else []
    line = f"{words.number(value)} = {' + '.join(parts) or '0'}"
    return Formula(name, rule, line, value, sum(t.product for t in terms), ordered)


def index_text(at: Place) -> str:
    """A place in a learned tensor as people count: "3, 1"."""
    return ", ".join(str(k + 1) for k in at)
