"""Moments of a run to go back to: many of the last minutes, few of long ago, all of them under a memory cap."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

CAP_BYTES = 64_000_000
COUNT = 256  # moments at most, so that choosing one to drop stays cheap


class Moment(Protocol):
    """What is kept: when it was and how large it is."""

    @property
    def step(self) -> int:
        """Steps taken until then."""
        ...

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        ...


M = TypeVar("M", bound=Moment)


@dataclass
class Checkpoints(Generic[M]):
    """Moments in the order of their steps; the first one, the start of the run, is never dropped."""

    cap: int = CAP_BYTES

    def __post_init__(self) -> None:
        self._kept: list[M] = []
        self._bytes = 0

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that can be gone back to at once."""
        return tuple(moment.step for moment in self._kept)

    @property
    def bytes(self) -> int:
        """Memory that all of them take."""
        return self._bytes

    def limit(self, cap: int) -> None:
        """Another cap; where more is kept than that, some go at once."""
        self.cap = cap
        self._thin()

    def keep(self, moment: M) -> None:
        """Keep this moment; where it becomes too many, one of those that lie close together for their age goes."""
        place = bisect_left(self._kept, moment.step, key=lambda m: m.step)
        if place < len(self._kept) and self._kept[place].step == moment.step:
            return
        self._kept.insert(place, moment)
        self._bytes += moment.bytes
        self._thin()

    def before(self, step: int) -> M | None:
        """The latest moment that is not after this step."""
        place = bisect_right(self._kept, step, key=lambda m: m.step)
        return self._kept[place - 1] if place else None

    def forget_after(self, step: int) -> None:
        """Drop the moments after this step: the run takes another way from here."""
        self._kept = [m for m in self._kept if m.step <= step]
        self._bytes = sum(moment.bytes for moment in self._kept)

    def _thin(self) -> None:
        while len(self._kept) > 2 and (len(self._kept) > COUNT or self.bytes > self.cap):
            self._bytes -= self._kept.pop(self._least_missed()).bytes

    def _least_missed(self) -> int:
        """The inner moment whose gap, if it went, would be smallest for its age."""
        now = self._kept[-1].step
        inner = range(1, len(self._kept) - 1)
        return min(
            inner, key=lambda k: (self._kept[k + 1].step - self._kept[k - 1].step) / (1 + now - self._kept[k].step)
        )
