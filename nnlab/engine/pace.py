"""How fast a run goes, as a steady figure."""

from collections import deque

AMBLE_SECONDS = 0.1  # of steps that may be made up for at once
WINDOW_SECONDS = 2.0  # of training time that the figure is taken over


class Amble:
    """How many steps may be taken by now, so that a run goes no faster than it is asked to."""

    def __init__(self) -> None:
        self._allowed = 1.0
        self._last = 0.0

    def steps(self, per_second: float, now: float) -> int:
        """Whole steps that are due; what is left over counts next time."""
        since, self._last = min(now - self._last, AMBLE_SECONDS), now
        self._allowed = min(self._allowed + since * per_second, max(1.0, AMBLE_SECONDS * per_second))
        return int(self._allowed)

    def took(self, steps: int) -> None:
        """So many of them were taken."""
        self._allowed -= steps

    def patience(self, per_second: float) -> float:
        """Seconds until the next step is due."""
        return max(0.0, (1.0 - self._allowed) / per_second)


class Pace:
    """Steps a second over the last moments of training, and what that means for the rest."""

    def __init__(self) -> None:
        self.next_status = 0.0
        self._seen: deque[tuple[float, int]] = deque(maxlen=256)

    def reset(self) -> None:
        """Training begins or goes on: what was measured before says nothing."""
        self._seen.clear()

    def see(self, step: int, seconds: float) -> None:
        """Where the run stands now, in steps and in seconds of training."""
        if self._seen and (step < self._seen[-1][1] or seconds < self._seen[-1][0]):
            self._seen.clear()
        if not self._seen or step > self._seen[-1][1]:
            self._seen.append((seconds, step))
        while len(self._seen) > 2 and seconds - self._seen[0][0] > WINDOW_SECONDS:
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """Steps a second; 0 before anything could be measured."""
        if len(self._seen) < 2:
            return 0.0
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began) if ended > began else 0.0

    def left(self, steps: int) -> float | None:
        """Seconds that this many steps will take; None before anything could be measured."""
        rate = self.rate
        return max(0, steps) / rate if rate > 0 else None
