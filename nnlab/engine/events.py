"""Frozen values that cross from the training thread to whoever polls it. No torch, so a window can import it at once."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnlab.core.document import Document

RunState = Literal["idle", "preparing", "paused", "running", "finished", "failed"]
"""idle: no network built. paused: built, at any step (0 before training). finished: nothing left to do, pictures still answered."""

EndReason = Literal["done", "stopped", "early", "diverged"]


@dataclass(frozen=True)
class Event:
    """Something that happened in run number `run`; a poller drops what belongs to an older run."""

    run: int


@dataclass(frozen=True)
class Prepared(Event):
    """The network is built and its data are divided; step 0 has not been taken."""

    document: Document
    device: str
    """As shown: "CPU", "NVIDIA H200", "Apple GPU"."""
    engine: str
    """Which engine runs: "eager"."""
    threads: int
    steps_per_epoch: int
    rows: tuple[int, int, int]
    """Samples in the training, validation and test part."""
    kept: tuple[str, ...] = ()
    """Nodes that brought their weights along from the run before."""
    notices: tuple[str, ...] = ()
    """Sentences the user should read: a device that is not there, a batch larger than the data."""


@dataclass(frozen=True)
class Losses(Event):
    """The training loss of each step since the last such event."""

    first_step: int
    values: NDArray[np.float32]


@dataclass(frozen=True)
class EpochDone(Event):
    """One pass through the training part, measured at its end. Epochs count from 1."""

    epoch: int
    step: int
    train_loss: float
    """Mean over the epoch's batches, as the steps saw it."""
    train_metric: float
    validation_loss: float | None
    validation_metric: float | None
    learning_rate: float
    seconds: float
    """Training time since the run began, pauses left out."""
    is_best: bool


@dataclass(frozen=True)
class StateChanged(Event):
    """The run is now in this state."""

    state: RunState


@dataclass(frozen=True)
class Finished(Event):
    """The run is over. After "early" the best weights are in place; after "diverged" `node` names the layer."""

    reason: EndReason
    message: str
    epoch: int
    step: int
    metrics: dict[str, float]
    """train_loss, validation_loss, test_loss, train_accuracy (or _r2) ..., those that apply."""
    best_epoch: int | None = None
    node: str | None = None


@dataclass(frozen=True)
class Failed(Event):
    """The run could not begin or go on; `message` is for the user, `details` for the report."""

    message: str
    node: str | None = None
    details: str = ""


@dataclass(frozen=True)
class RunStatus:
    """Where the run stands this moment, for the run bar. Cheap: read without waiting for the worker."""

    run: int = 0
    state: RunState = "idle"
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps_per_epoch: int = 0
    loss: float | None = None
    metric_name: str = "accuracy"
    metric: float | None = None
    validation_metric: float | None = None
    steps_per_second: float = 0.0
    seconds: float = 0.0
    seconds_left: float | None = None
    learning_rate: float = 0.0
    engine: str = ""
    device: str = ""
    phase: str = ""
    """While a batch is stepped through by phases: "forward", "loss", "backward" or "update"; empty otherwise."""


@dataclass(frozen=True)
class Snapshot:
    """The answers to what panels asked, all from one moment between two steps. Arrays are private and read-only."""

    run: int
    step: int
    epoch: int
    answers: dict[Any, Any]
    """Want -> its result (see wants.py); a want that does not fit the network maps to a sentence (str) that says why."""
