"""The Measure contract: what is measured against which bar, and what came out."""

import statistics
from dataclasses import dataclass, field
from typing import Literal, Protocol

from nnlab.bench.clocks import Clock
from nnlab.registry import Registry

Verdict = Literal["met", "missed", "measured", "not measured"]
Facts = dict[str, float | str]


@dataclass(frozen=True)
class Bar:
    """One figure and the bar it should reach."""

    what: str
    limit: float | None = None
    """None: there is no bar, the figure is told for information."""
    at_least: bool = True
    unit: str = "×"

    def met(self, value: float) -> bool:
        """Whether this figure reaches the bar."""
        return self.limit is None or (value >= self.limit if self.at_least else value <= self.limit)


@dataclass(frozen=True)
class Reading:
    """What came out for one bar, round by round."""

    bar: Bar
    rounds: tuple[float, ...] = ()
    note: str = ""
    """Why there is no figure, or what one should know of it."""

    @property
    def median(self) -> float | None:
        """The middle of the rounds; None if nothing was measured."""
        return statistics.median(self.rounds) if self.rounds else None

    @property
    def verdict(self) -> Verdict:
        """Whether the median reaches the bar."""
        if self.median is None:
            return "not measured"
        if self.bar.limit is None:
            return "measured"
        return "met" if self.bar.met(self.median) else "missed"


@dataclass(frozen=True)
class Outcome:
    """What one measure found."""

    readings: tuple[Reading, ...]
    facts: Facts = field(default_factory=dict)
    """What else is worth knowing, by name: steps a second of each contestant."""


@dataclass(frozen=True)
class Effort:
    """How much time a measure may take, and by which clock it measures."""

    rounds: int = 5
    seconds: float = 0.4
    """Of one contestant in one round, about."""
    clock: Clock = "wall"
    threads: tuple[int, ...] = (1,)
    """Numbers of torch threads that each contestant may try; the best is taken."""
    quick: bool = False

    @property
    def starts(self) -> int:
        """How many rounds there are where each one takes long."""
        return min(self.rounds, 2) if self.quick else self.rounds


class Measure(Protocol):
    """One thing that is measured."""

    title: str
    how: str
    """How it is measured, in one sentence."""
    bars: tuple[Bar, ...]

    def run(self, effort: Effort) -> Outcome:
        """Measure; one reading for each bar, in their order."""
        ...


MEASURES: Registry[Measure] = Registry("nnlab.bench.measures", "measure")

ORDER = (
    "spiral",
    "digits",
    "cnn",
    "gru",
    "transformer",
    "xor",
    "window",
    "loading",
    "startup",
    "epochs",
    "seeds",
    "surface",
    "editor",
)
"""How they are listed and run; those that are not named here come last."""


def in_order() -> list[str]:
    """The ids of all measures, as they are listed and run."""
    place = {id_: number for number, id_ in enumerate(ORDER)}
    return sorted(MEASURES, key=lambda id_: (place.get(id_, len(place)), id_))


def not_measured(bars: tuple[Bar, ...], why: str) -> Outcome:
    """The outcome of a measure that could not be taken."""
    return Outcome(tuple(Reading(bar, (), why) for bar in bars))
