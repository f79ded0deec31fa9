"""What the loss panel remembers of a run: its curves, its best epoch, how it ended."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from nnlab.core.document import Document
from nnlab.engine.events import Epochs, Event, Finished, Losses, Prepared
from nnlab.ui.look.curves import Curve


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
    def rate_moves(self) -> bool:
        """The learning rate was not the same all along."""
        _, rates = self.rate.points()
        return len(rates) > 1 and float(rates.min()) != float(rates.max())

    def take(self, events: Iterable[Event]) -> None:
        """Add what these events tell, in order."""
        for event in events:
            if isinstance(event, Epochs):
                self._take_epochs(event)
            elif isinstance(event, Losses):
                self._take_steps(event)
            elif isinstance(event, Finished):
                self.end = event
        self.version += 1

    def _take_steps(self, event: Losses) -> None:
        values = np.asarray(event.values, dtype=float)
        first = event.first_step / self.steps_per_epoch
        if self.steps.last and first <= self.steps.last[0]:
            self.steps.cut(first)
        xs = (event.first_step + np.arange(len(values))) / self.steps_per_epoch
        self.steps.extend(xs, values)

    def _go_back(self, epoch: int) -> None:
        for curve in (self.train_loss, self.validation_loss, self.train_metric, self.validation_metric, self.rate):
            curve.cut(epoch)
        self.end = None
        if self.best is not None and self.best[0] >= epoch:
            self.best = None

    def _take_epochs(self, event: Epochs) -> None:
        numbers = event.column("epoch")
        if len(numbers) == 0:
            return
        if numbers[0] <= self.epoch:
            self._go_back(int(numbers[0]))
        self.epoch = int(numbers[-1])
        self.train_loss.extend(numbers, event.column("train_loss"))
        self.train_metric.extend(numbers, event.column("train_metric"))
        self.rate.extend(numbers, event.column("learning_rate"))
        for curve, name in ((self.validation_loss, "validation_loss"), (self.validation_metric, "validation_metric")):
            values = event.column(name)
            there = ~np.isnan(values)
            curve.extend(numbers[there], values[there])
        best = np.flatnonzero(event.column("is_best"))
        if len(best):
            row = event.rows[int(best[-1])]
            self.best = (row.epoch, row.train_loss if row.validation_loss is None else row.validation_loss)
