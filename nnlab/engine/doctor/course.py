"""The curves of a run so far, thinned so that a million epochs take no more room than some thousands. No torch."""

import math

import numpy as np
from numpy.typing import NDArray

from nnlab.engine.events import EPOCH_COLUMNS, Branched, Epochs, Event, Losses

ROWS = 4_096  # epochs that are kept at least; once there are twice as many, every second one goes


class Course:
    """Listens to events and keeps the epochs' figures and the loss of the very first batch."""

    def __init__(self) -> None:
        self.first_loss = math.nan
        self._tables: list[NDArray[np.float64]] = []
        self._table: NDArray[np.float64] = np.empty((0, len(EPOCH_COLUMNS)))
        self._waiting = 0
        self._newest = 0.0
        self._stride = 1

    def add(self, event: Event) -> None:
        """Take in one event; those without figures are let pass."""
        if isinstance(event, Epochs) and len(event.table):
            if event.table[0, 0] <= self._newest:  # the run went back: what is told again replaces what was told
                self._keep("epoch", event.table[0, 0] - 1)
            self._newest = float(event.table[-1, 0])
            self._tables.append(event.table)
            self._waiting += len(event.table)
            if self._waiting > ROWS:
                self._join()
        elif isinstance(event, Losses) and event.first_step == 0 and len(event.values):
            self.first_loss = float(event.values[0])
        elif isinstance(event, Branched):
            self._keep("step", event.step)

    @property
    def epochs(self) -> int:
        """The newest epoch."""
        self._join()
        return int(self._table[-1, 0]) if len(self._table) else 0

    def column(self, name: str) -> NDArray[np.float64]:
        """One figure of the epochs that are kept, oldest first."""
        self._join()
        return self._table[:, EPOCH_COLUMNS.index(name)]

    def _join(self) -> None:
        if self._tables:
            fresh = np.concatenate(self._tables)
            if self._stride > 1:
                fresh = fresh[self._worth_keeping(fresh)]
            self._table = np.concatenate([self._table, fresh])
            self._tables, self._waiting = [], 0
        while len(self._table) > 2 * ROWS:
            self._stride *= 2
            self._table = self._table[self._worth_keeping(self._table)]

    def _worth_keeping(self, table: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Every so-many-th epoch, the newest, the worst and the best."""
        kept: NDArray[np.bool_] = table[:, 0] % self._stride == 0
        worst, best = (table[:, EPOCH_COLUMNS.index(name)] for name in ("train_loss", "validation_loss"))
        kept[worst.argmax()] = True
        if not np.isnan(best).all():
            kept[np.nanargmin(best)] = True
        kept[-1] = True
        return kept

    def _keep(self, name: str, most: float) -> None:
        """Only the epochs in which this figure is at most that."""
        figures = self.column(name)  # asked first: it joins what waits to the table
        self._table = self._table[figures <= most]
        self._newest = float(self.epochs)
