"""Where each step of a run lies on the track, and which step a place on the track means."""

from dataclasses import dataclass

from nnlab.ui.look import plots

WHOLE_PLAN = 30  # runs of up to this many epochs show all of them from the start


@dataclass(frozen=True)
class Scale:
    """A row of pixels that stands for the steps of a run."""

    left: float
    right: float
    steps_per_epoch: int
    furthest: int
    """The newest step that can be looked at."""
    planned: int
    """Epochs that the run is to have."""

    @property
    def end(self) -> float:
        """The step at the right end: a little more than the newest, so that nothing moves while a run grows."""
        per_epoch = max(1, self.steps_per_epoch)
        reach = self.furthest / per_epoch
        if reach <= self.planned <= WHOLE_PLAN:
            return float(self.planned * per_epoch)
        last = plots.round_up(max(5.0, reach))
        return per_epoch * (min(last, float(self.planned)) if reach <= self.planned else last)

    def x(self, step: float) -> float:
        """Where this step lies."""
        return self.left + (self.right - self.left) * min(1.0, max(0.0, step / max(1.0, self.end)))

    def step(self, x: float) -> int:
        """The step that this place means: the end of an epoch where a pixel holds more than one."""
        share = (x - self.left) / max(1.0, self.right - self.left)
        per_epoch = max(1, self.steps_per_epoch)
        step = share * self.end
        if self.end / max(1.0, self.right - self.left) >= per_epoch:
            step = round(step / per_epoch) * per_epoch
        return min(max(0, round(step)), self.furthest)


@dataclass(frozen=True)
class Place:
    """Where the run stands, in steps."""

    step: int = 0
    """Of the moment that is shown."""
    target: int | None = None
    """Of the moment that is on its way."""
    furthest: int = 0
    steps_per_epoch: int = 1
    planned: int = 0
    looks_back: bool = False

    @property
    def wanted(self) -> int:
        """Where the handle stands."""
        return self.step if self.target is None else self.target
