"""What the loss panel remembers of a run: its curves, its best epoch, how it ended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from nnlab.core.document import Document
from nnlab.engine.events import EpochDone, Event, Finished, Losses, Prepared
from nnlab.ui.panels.loss.curves import Curve


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
        """Add what these events tell, in order; epochs that follow one another are added at once."""
        epochs: list[EpochDone] = []
        for event in events:
            if isinstance(event, EpochDone):
                if event.epoch <= (epochs[-1].epoch if epochs else self.epoch):
                    self._add_epochs(epochs)
                    epochs = []
                    self._go_back(event.epoch)
                epochs.append(event)
            elif isinstance(event, Losses):
                self._take_steps(event)
            elif isinstance(event, Finished):
                self.end = event
        self._add_epochs(epochs)
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

    def _add_epochs(self, events: Sequence[EpochDone]) -> None:
        if not events:
            return
        numbers = [event.epoch for event in events]
        self.epoch = numbers[-1]
        _extend(self.train_loss, numbers, [event.train_loss for event in events])
        _extend(self.train_metric, numbers, [event.train_metric for event in events])
        _extend(self.rate, numbers, [event.learning_rate for event in events])
        _extend(self.validation_loss, numbers, [event.validation_loss for event in events])
        _extend(self.validation_metric, numbers, [event.validation_metric for event in events])
        best = next((event for event in reversed(events) if event.is_best), None)
        if best is not None:
            loss = best.train_loss if best.validation_loss is None else best.validation_loss
            self.best = (best.epoch, loss)


def _extend(curve: Curve, numbers: Sequence[int], values: Sequence[float | None]) -> None:
    pairs = [(number, value) for number, value in zip(numbers, values, strict=True) if value is not None]
    if pairs:
        points = np.array(pairs, dtype=float)
        curve.extend(points[:, 0], points[:, 1])
