"""What a run told, as curves that take bounded room: also the best epoch, how it ended, and the ways it did not take."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import isclose, isnan

import numpy as np

from nnlab.core.document import Document
from nnlab.engine.events import EPOCH_COLUMNS, Branched, Epochs, Event, Finished, Losses, Prepared
from nnlab.ui.look.curves import Curve

EPOCH_CURVES = ("train_loss", "validation_loss", "train_metric", "validation_metric", "rate")
CURVES = ("steps", *EPOCH_CURVES)
SAME = 1e-6  # two losses that differ by no more than this share are of the same way


@dataclass
class Record:
    """The curves of one run, filled as it goes; x is in epochs."""

    document: Document | None = None
    steps_per_epoch: int = 1
    steps: Curve = field(default_factory=Curve)
    train_loss: Curve = field(default_factory=Curve)
    validation_loss: Curve = field(default_factory=Curve)
    train_metric: Curve = field(default_factory=Curve)
    validation_metric: Curve = field(default_factory=Curve)
    rate: Curve = field(default_factory=Curve)
    epoch: int = 0
    best: tuple[int, float] | None = None
    """Epoch and loss of the best epoch so far, by the validation loss where there is one."""
    end: Finished | None = None
    version: int = 0
    """Grows with every change, so that a drawing knows whether it is up to date."""
    later: "Record | None" = None
    """All that was told before the run went on from an earlier moment; there until the run has come as far again."""
    since: float = 0.0
    """Where a way that was left parts from the one that was taken, in epochs."""

    @classmethod
    def of(cls, event: Prepared) -> "Record":
        """The empty record of a run that was just prepared."""
        return cls(event.document, max(1, event.steps_per_epoch))

    @property
    def reach(self) -> float:
        """How many epochs have been seen, the present one in part."""
        ends = [curve.last[0] for curve in (self.steps, self.train_loss) if curve.last]
        return max(ends, default=0.0)

    @property
    def whole(self) -> "Record":
        """The record that reaches farthest: what is known of the run, also beyond the moment it went on from."""
        return self.later or self

    @property
    def watched(self) -> Curve:
        """The loss by which epochs are compared: of the validation part where there is one."""
        return self.validation_loss if self.validation_loss.last else self.train_loss

    @property
    def rate_moves(self) -> bool:
        """The learning rate was not the same all along."""
        _, rates = self.rate.points()
        return len(rates) > 1 and float(rates.min()) != float(rates.max())

    def take(self, events: Iterable[Event]) -> list["Record"]:
        """Add what these events tell, in order; returns the ways that the run has left with them."""
        left: list[Record] = []
        for event in events:
            if isinstance(event, Epochs):
                left += self._take_epochs(event)
            elif isinstance(event, Losses):
                self._take_steps(event)
            elif isinstance(event, Finished):
                self.end = event
            elif isinstance(event, Branched):
                left += self._branch(event.step)
        if self.later is not None and (self.epoch, self.reach) >= (self.later.epoch, self.later.reach):
            self.later = None
        self.version += 1
        return left

    # ---------------------------------------------------------------- going back

    def _branch(self, step: int) -> list["Record"]:
        """The run takes another way from here: what came later is a way of its own."""
        at, epoch = step / self.steps_per_epoch, step // self.steps_per_epoch
        old = self.later or self._copied()
        self.later = None
        for name in CURVES:
            setattr(self, name, getattr(old, name).copied())
        self.epoch, self.best = old.epoch, old.best
        self.steps.cut(at)
        self._cut_epochs(epoch + 1)
        old.since = at
        return [old] if old.epoch > epoch else []

    def _repeats(self, first: int, loss: float) -> list["Record"]:
        """Epochs from this one on are told again: the same as before, or, where the loss differs, another way."""
        self.later = self.later or self._copied()
        known = self.later.train_loss.at(first)
        self._cut_epochs(first)
        if known is None or known[0] != first or isnan(loss) or isclose(known[1], loss, rel_tol=SAME):
            return []
        old, self.later = self.later, None
        old.since = first - 1.0
        return [old]

    def _skip_to(self, epoch: int) -> None:
        """The run went on from a later moment than this record has come to: what lies between is known."""
        if self.later is not None and epoch > self.epoch + 1:
            for name in EPOCH_CURVES:
                setattr(self, name, getattr(self.later, name).copied())
            self.epoch, self.best = self.later.epoch, self.later.best

    def _cut_epochs(self, epoch: int) -> None:
        for name in EPOCH_CURVES:
            getattr(self, name).cut(epoch)
        self.epoch = min(self.epoch, epoch - 1)
        self.end = None
        if self.best is not None and self.best[0] >= epoch:
            lowest = self.watched.lowest()
            self.best = (int(lowest[0]), lowest[1]) if lowest else None

    def _copied(self) -> "Record":
        return replace(self, later=None, **{name: getattr(self, name).copied() for name in CURVES})

    # ---------------------------------------------------------------- taking

    def _take_steps(self, event: Losses) -> None:
        values = np.asarray(event.values, dtype=float)
        first = event.first_step / self.steps_per_epoch
        if self.steps.last and first <= self.steps.last[0]:
            self.later = self.later or self._copied()
        elif self.later and self.steps.last and first > self.steps.last[0] + 1.5 / self.steps_per_epoch:
            self.steps = self.later.steps.copied()
        if self.later:
            self.steps.cut(first)
        xs = (event.first_step + np.arange(len(values))) / self.steps_per_epoch
        self.steps.extend(xs, values)

    def _take_epochs(self, event: Epochs) -> list["Record"]:
        numbers, losses = event.column("epoch"), event.column("train_loss")
        if len(numbers) == 0:
            return []
        self._skip_to(int(numbers[0]))
        left = self._repeats(int(numbers[0]), float(losses[0])) if numbers[0] <= self.epoch or self.later else []
        self.epoch = int(numbers[-1])
        self.train_loss.extend(numbers, losses)
        self.train_metric.extend(numbers, event.column("train_metric"))
        self.rate.extend(numbers, event.column("learning_rate"))
        for curve, name in ((self.validation_loss, "validation_loss"), (self.validation_metric, "validation_metric")):
            values = event.column(name)
            there = ~np.isnan(values)
            curve.extend(numbers[there], values[there])
        best = np.flatnonzero(event.column("is_best"))
        if len(best):
            self._take_best(event.table[int(best[-1])])
        return left

    def _take_best(self, row: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
        epoch, loss, held = (float(row[EPOCH_COLUMNS.index(n)]) for n in ("epoch", "train_loss", "validation_loss"))
        self.best = (int(epoch), loss if isnan(held) else held)
