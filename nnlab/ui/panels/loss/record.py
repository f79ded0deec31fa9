"""What the loss panel remembers of a run: its curves, its best epoch, how it ended."""

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

    def take(self, event: Event) -> None:
        """Add what this event tells."""
        match event:
            case Losses():
                self._take_steps(event)
            case EpochDone():
                self._take_epoch(event)
            case Finished():
                self.end = event
            case _:
                return
        self.version += 1

    def _take_steps(self, event: Losses) -> None:
        values = np.asarray(event.values, dtype=float)
        first = event.first_step / self.steps_per_epoch
        if self.steps.last and first <= self.steps.last[0]:
            self.steps.cut(first)
        xs = (event.first_step + np.arange(len(values))) / self.steps_per_epoch
        self.steps.extend(xs, values)

    def _take_epoch(self, event: EpochDone) -> None:
        if event.epoch <= self.epoch:
            for curve in (
                self.train_loss,
                self.validation_loss,
                self.train_metric,
                self.validation_metric,
                self.rate,
            ):
                curve.cut(event.epoch)
        self.epoch, self.end = event.epoch, None
        self.train_loss.add(event.epoch, event.train_loss)
        self.train_metric.add(event.epoch, event.train_metric)
        self.rate.add(event.epoch, event.learning_rate)
        if event.validation_loss is not None:
            self.validation_loss.add(event.epoch, event.validation_loss)
        if event.validation_metric is not None:
            self.validation_metric.add(event.epoch, event.validation_metric)
        watched = event.train_loss if event.validation_loss is None else event.validation_loss
        if event.is_best or (self.best is not None and self.best[0] >= event.epoch):
            self.best = (event.epoch, watched)
