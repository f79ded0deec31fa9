"""Contestants that do the same work, in alternating rounds: the ratio is taken within each round."""

import gc
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from nnlab.bench.clocks import undisturbed
from nnlab.bench.measure import Effort

Runner = Callable[[int], tuple[int, float]]
"""Takes at least so many steps; how many it took, and in how many seconds of the chosen clock."""

TURNS = 4  # of each contestant in one round, where epochs are short enough
SHORTEST = 1e-9  # seconds; no division by nothing
WARM_SHARES = (0.0, 0.1, 0.5)  # of a round's time that the tries before it take; the last one says how fast it is


@dataclass(eq=False)
class Contestant:
    """One way to train, ready to go."""

    name: str
    run: Runner
    counts: bool = True
    """Whether it may be the best of the rivals; others are told for information."""
    own_threads: int = 0
    """The number of torch threads it has chosen itself; 0 leaves it to a trial."""
    note: str = ""
    """What one should know of it."""
    threads: int = 1
    rate: float = 0.0
    rates: list[float] = field(default_factory=list)
    """Steps a second, one for each round."""

    @property
    def label(self) -> str:
        """Its name, with its threads if there are several."""
        return self.name if self.threads == 1 else f"{self.name}, {self.threads} threads"

    @property
    def median(self) -> float:
        """Steps a second, the middle of the rounds."""
        return statistics.median(self.rates) if self.rates else 0.0


def hold(contestants: Sequence[Contestant], effort: Effort, unit: int = 1) -> None:
    """Let them run in turn, round after round, with their best number of threads; `unit` is the steps of one epoch.

    Within a round each has several short turns, so that a moment's disturbance meets everybody alike.
    """
    with undisturbed():
        for each in contestants:
            _warm_up(each, effort)
        turns = max(1, min([TURNS, *(round(c.rate * effort.seconds / unit) for c in contestants)]))
        for number in range(effort.rounds):
            gc.collect()
            _round(contestants, effort.seconds / turns, turns, unit, number % 2 == 1)


def _round(contestants: Sequence[Contestant], seconds: float, turns: int, unit: int, backwards: bool) -> None:
    spent = [(0, 0.0)] * len(contestants)
    places = range(len(contestants))
    for _ in range(turns):
        backwards = not backwards
        for place in reversed(places) if backwards else places:
            each = contestants[place]
            steps, took = _once(each, _steps(each.rate, seconds, unit))
            spent[place] = (spent[place][0] + steps, spent[place][1] + took)
    for each, (steps, took) in zip(contestants, spent, strict=True):
        each.rates.append(steps / max(took, SHORTEST))


def ratios(one: Contestant, other: Contestant) -> tuple[float, ...]:
    """How many times as fast `one` is as `other`, within each round."""
    return tuple(a / b for a, b in zip(one.rates, other.rates, strict=True))


def best(contestants: Sequence[Contestant]) -> Contestant:
    """The fastest of those that count."""
    return max((c for c in contestants if c.counts), key=lambda c: c.median)


def _warm_up(each: Contestant, effort: Effort) -> None:
    """Run it once, then find out with how many threads it is fastest, unless it has chosen for itself."""
    found: dict[int, float] = {}
    for threads in (each.own_threads,) if each.own_threads else effort.threads:
        each.threads = threads
        rate = 0.0
        for share in WARM_SHARES:
            steps, seconds = _once(each, max(2, int(rate * effort.seconds * share)))
            rate = steps / max(seconds, SHORTEST)
        found[threads] = rate
    each.threads = max(found, key=lambda threads: found[threads])
    each.rate = found[each.threads]


def _steps(rate: float, seconds: float, unit: int) -> int:
    """About so many seconds of steps: whole epochs, unless even one would take much longer."""
    wanted = max(2, int(rate * seconds))
    return round(wanted / unit) * unit or (unit if 4 * wanted >= unit else wanted)


def _once(each: Contestant, steps: int) -> tuple[int, float]:
    with torch_threads(each.threads):
        return each.run(steps)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Inside, torch computes with this many threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
