"""Frozen values that cross from the training thread to whoever polls it. No torch, so a window can import it at once."""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
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
    precision: str = "float32"
    """What the network computes with: "float32", "bfloat16" or "float16"."""
    needed_bytes: int = 0
    """Memory that the run is predicted to need; 0 if that is not known."""
    epoch_seconds: float | None = None
    """Time that an epoch is predicted to take, from timed steps of the eager engine; None if that is not known."""


@dataclass(frozen=True)
class Losses(Event):
    """The training loss of each step since the last such event."""

    first_step: int
    values: NDArray[np.float32]


@dataclass(frozen=True)
class EpochDone:
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


@dataclass(frozen=True, eq=False)
class Epochs(Event):
    """The epochs that ended since the last such event, oldest first; small networks go through thousands a second."""

    table: NDArray[np.float64]
    """(epochs, columns) in the order of EpochDone's fields; nan where there is no figure."""

    @classmethod
    def of(cls, run: int, epochs: Sequence[EpochDone]) -> "Epochs":
        """These epochs as one event."""
        rows = [[math.nan if value is None else float(value) for value in astuple(e)] for e in epochs]
        table = np.array(rows, np.float64).reshape(len(rows), len(EPOCH_COLUMNS))
        table.flags.writeable = False
        return cls(run, table)

    def column(self, name: str) -> NDArray[np.float64]:
        """One figure of every epoch."""
        return self.table[:, EPOCH_COLUMNS.index(name)]

    @property
    def rows(self) -> list[EpochDone]:
        """Each epoch on its own."""
        return [_epoch(row) for row in self.table.tolist()]

    @property
    def last(self) -> EpochDone:
        """The newest epoch."""
        return _epoch(self.table[-1].tolist())


EPOCH_COLUMNS = tuple(field.name for field in fields(EpochDone))


def _epoch(row: list[float]) -> EpochDone:
    epoch, step, loss, metric, held_loss, held_metric, rate, seconds, best = row
    held = [None if math.isnan(value) else value for value in (held_loss, held_metric)]
    return EpochDone(int(epoch), int(step), loss, metric, held[0], held[1], rate, seconds, bool(best))


@dataclass(frozen=True)
class StateChanged(Event):
    """The run is now in this state."""

    state: RunState


@dataclass(frozen=True)
class Branched(Event):
    """The run went back and takes another way from here: what was told of later steps is a branch of its own."""

    step: int


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
class Interrupted(Event):
    """Memory ran out or the device went away; the run is back at its last good moment, and holds. `message` is for the user."""

    message: str
    device: str
    """Where it would go on."""
    threads: int = 1


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
    engine_reason: str = ""
    """A sentence: why this engine, and what it means."""
    threads: int = 0
    precision: str = ""
    """What the network computes with: "float32", "bfloat16" or "float16"."""
    loss_scale: float | None = None
    """What the loss is multiplied by, in float16."""
    skipped_steps: int = 0
    """Steps that were left out because a gradient became infinite, in float16."""
    furthest: int = 0
    """The last step that was reached on this way; the run can be looked at anywhere from 0 to here."""
    moments: int = 0
    """Checkpoints that are kept."""
    moments_bytes: int = 0
    """Memory they take."""
    phase: str = ""
    """While a batch is stepped through by phases: "forward", "loss", "backward" or "update"; empty otherwise."""

    @property
    def epochs_per_second(self) -> float:
        """Passes through the training part in a second."""
        return self.steps_per_second / self.steps_per_epoch if self.steps_per_epoch else 0.0


@dataclass(frozen=True)
class Snapshot:
    """The answers to what panels asked, all from one moment between two steps. Arrays are private and read-only."""

    run: int
    step: int
    epoch: int
    answers: dict[Any, Any]
    """Want -> its result (see wants.py); a want that does not fit the network maps to a sentence (str) that says why."""
