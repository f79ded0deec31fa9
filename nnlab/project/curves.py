"""The curves of a run, gathered from its events, as they are stored in a project file."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.engine.events import EpochDone, Event, Losses, Prepared

_PER_EPOCH = (
    "epoch",
    "step",
    "train_loss",
    "train_metric",
    "validation_loss",
    "validation_metric",
    "learning_rate",
    "seconds",
)


class Curves:
    """Listens to events and keeps their numbers; a new run starts afresh."""

    def __init__(self) -> None:
        self._losses: list[NDArray[np.float32]] = []
        self._epochs: list[EpochDone] = []

    def add(self, event: Event) -> None:
        """Take in one event; those without numbers are let pass."""
        if isinstance(event, Prepared):
            self._losses.clear()
            self._epochs.clear()
        elif isinstance(event, Losses):
            self._losses.append(np.asarray(event.values, np.float32))
        elif isinstance(event, EpochDone):
            self._epochs.append(event)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """ "loss" has one number a step; "epoch", "train_loss", "validation_metric" and the like one an epoch.

        A curve that the run does not have (validation without a validation part) is left out.
        """
        found: dict[str, NDArray[Any]] = {}
        if self._losses:
            found["loss"] = np.concatenate(self._losses)
        for name in _PER_EPOCH if self._epochs else ():
            values = [getattr(event, name) for event in self._epochs]
            if any(value is None for value in values):
                continue
            whole = name in ("epoch", "step")
            found[name] = np.asarray(values, np.int64 if whole else np.float64)
        return found
