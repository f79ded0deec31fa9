"""The books of one epoch: each step's loss and answers, read from the device only now and then."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnlab.engine.learner import Learner
from nnlab.engine.order import Order

Losses = NDArray[np.float32]
SEND_SECONDS = 0.03


class Tally:
    """Losses and answers of the epoch so far. Nothing here waits for the device until it is asked."""

    def __init__(self) -> None:
        self._losses: list[Losses] = []
        self._predictions: list[Tensor] = []
        self._unread: list[Tensor] = []

    def add(self, loss: Tensor, prediction: Tensor) -> None:
        """One more step."""
        self._unread.append(loss)
        self._predictions.append(prediction)

    def read(self) -> Losses:
        """The losses since they were last read; the ones up to the first that is no number are kept."""
        if not self._unread:
            return np.empty(0, np.float32)
        values = _values(self._unread)
        self._unread = []
        bad = np.flatnonzero(~np.isfinite(values))
        self._losses.append(values[: bad[0]] if len(bad) else values)
        return values

    @property
    def unread(self) -> int:
        """How many losses have not been read."""
        return len(self._unread)

    def mean_loss(self) -> float:
        """Mean of the losses that were read."""
        return float(torch.from_numpy(self.losses()).double().mean())

    def losses(self) -> Losses:
        """The losses that were read."""
        return np.concatenate([np.empty(0, np.float32), *self._losses])

    def answers(self) -> list[Tensor]:
        """The answers of each step so far."""
        return list(self._predictions)

    def predictions(self) -> Tensor:
        """The answers to the samples of this epoch, in their order, each as it was when it was trained on."""
        return torch.cat(self._predictions)

    def state(self) -> tuple[tuple[Losses, ...], tuple[Tensor, ...]]:
        """All of it, as a copy."""
        unread = (_values(self._unread),) if self._unread else ()
        return (*self._losses, *unread), tuple(self._predictions)

    def restore(self, state: tuple[tuple[Losses, ...], tuple[Tensor, ...]]) -> None:
        """Be as `state` was."""
        self._losses, self._predictions = list(state[0]), list(state[1])
        self._unread = []


class Outbox:
    """Losses on their way out: some 30 times a second, however many steps or epochs that is."""

    def __init__(self, send: Callable[[int, Losses], object]) -> None:
        self._send = send
        self._held: list[Losses] = []
        self._first = 0
        self._due = 0.0

    def put(self, first: int, values: Losses) -> None:
        """The losses of the steps from `first` on; they leave when it is time."""
        if not self._held:
            self._first = first
        self._held.append(values)
        if time.perf_counter() >= self._due:
            self.empty()

    def empty(self) -> None:
        """All that are held leave now."""
        if self._held:
            values = np.concatenate(self._held)
            values.flags.writeable = False
            self._held = []
            self._due = time.perf_counter() + SEND_SECONDS
            self._send(self._first, values)


@dataclass(frozen=True)
class Figures:
    """What is measured at the end of an epoch."""

    health: float
    """Finite as long as every weight is."""
    train_loss: float
    train_metric: float
    validation_loss: float | None = None
    validation_metric: float | None = None

    @property
    def told(self) -> tuple[float, float, float | None, float | None]:
        """Those that an event tells, in its order."""
        return self.train_loss, self.train_metric, self.validation_loss, self.validation_metric


def measure_epoch(learner: Learner, tally: Tally, order: Order) -> Figures:
    """The training part as the steps saw it, the validation part as the network is now; one wait for the device."""
    prediction = tally.predictions()
    measured = [learner.health(), learner.metric(prediction, order.seen(len(prediction)))]
    if learner.parts.rows[1]:
        measured += learner.evaluate("validation")
    health, train_metric, *validation = torch.stack([m.float() for m in measured]).tolist()
    return Figures(health, tally.mean_loss(), train_metric, *validation)


def _values(losses: list[Tensor]) -> Losses:
    values: Losses = torch.stack(losses).float().cpu().numpy()
    values.flags.writeable = False
    return values
