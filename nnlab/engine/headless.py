"""Training without a window or a thread: for scripts, the command line and tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.document import Document
from nnlab.engine.asking import in_words
from nnlab.engine.device import arithmetic
from nnlab.engine.doctor.doctor import Note
from nnlab.engine.events import EPOCH_COLUMNS, Branched, EndReason, Epochs, Event, Interrupted, Losses
from nnlab.engine.rounds import Rounds

if TYPE_CHECKING:
    from nnlab.engine.compile import Network
    from nnlab.engine.loop import Loop

CURVES = (
    "epoch",
    "step",
    "train_loss",
    "validation_loss",
    "train_metric",
    "validation_metric",
    "learning_rate",
    "seconds",
)
FEWEST_EPOCHS = 16  # that a record which is thinned may have room for


@dataclass(frozen=True, eq=False)
class RunResult:
    """What a run that is over leaves."""

    document: Document
    """As it was trained: with the seed, the epochs and the device that were asked for."""
    model: "Network" = field(repr=False)
    """The trained network, on the CPU and in evaluation mode."""
    weights: Mapping[str, NDArray[Any]] = field(repr=False)
    """Its tensors by name."""
    history: Mapping[str, NDArray[Any]] = field(repr=False)
    """"loss" has one number a step; "epoch", "train_loss", "validation_metric", ... one an epoch (nan where there is none)."""
    metrics: Mapping[str, float]
    reason: EndReason
    message: str
    epochs: int
    steps: int
    best_epoch: int | None
    node: str | None
    """After "diverged": the layer at fault."""
    seconds: float
    device: str
    engine: str
    threads: int
    notices: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    """What the doctor has to say of the run."""
    precision: str = "float32"
    """What the network computed with while it trained: "float32", "bfloat16" or "float16"."""
    skipped_steps: int = 0
    """Steps that were left out because a gradient became infinite, in float16."""

    @property
    def steps_per_second(self) -> float:
        """How fast it went, over the whole run."""
        return self.steps / self.seconds if self.seconds > 0 else 0.0


def run_to_end(
    document: Document,
    *,
    device: str | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    on_event: Callable[[Event], object] | None = None,
    weights: object = None,
    should_stop: Callable[[], bool] | None = None,
) -> RunResult:
    """Train from the start, or from `weights`, until nothing is left to do or `should_stop()` is true (asked after each stretch of steps).

    The numbers are those of the window's own run, to the bit on a CPU. BuildError, DataError or SettingError with a
    sentence if the document cannot be trained.
    """
    asked = {"device": device, "seed": seed, "epochs": epochs}
    document = document.with_training(**{name: value for name, value in asked.items() if value is not None})
    from nnlab.engine.captured.switching import capture_now, is_worth_it
    from nnlab.engine.loop import Loop
    from nnlab.engine.telling import engine, prepared

    curves, rounds = Curves(), Rounds(document)

    def tell(event: Event) -> None:
        curves.add(event)
        rounds.hear(event)
        if on_event is not None:
            on_event(event)

    with in_words(document):
        loop = Loop(document, tell, weights=weights, spare=0)
        begun = prepared(loop)
        tell(begun)
        with arithmetic(begun.threads):
            while loop.finished is None:
                loop = _stretched(loop, rounds.due(loop), tell)
                if loop.step == 1 and is_worth_it(loop):
                    capture_now(loop)
                rounds.look(loop)
                if should_stop is not None and should_stop():
                    loop.finish("stopped")
            notes = rounds.end(loop)
        end = loop.finished
        assert end is not None
        arrays = loop.learner.as_arrays()
        model = loop.learner.network.cpu().eval()
    return RunResult(
        document, model, arrays, curves.arrays(), end.metrics, end.reason, end.message, loop.epoch, loop.step,
        end.best_epoch, end.node, loop.seconds, loop.learner.place.label, engine(loop), begun.threads, begun.notices,
        notes, begun.precision, loop.learner.scale.skipped if loop.learner.scale else 0,
    )  # fmt: skip


def _stretched(loop: "Loop", until: int | None, tell: Callable[[Event], object]) -> "Loop":
    """The run a stretch later; after a lost device on the CPU, and at its end where memory ran out on the way."""
    from nnlab.engine.rescue import rescued

    try:
        loop.stretch(until=until)
    except (RuntimeError, MemoryError) as error:
        said: list[str] = []

        def hear(event: Event) -> None:
            if isinstance(event, Interrupted):
                said.append(event.message)
            tell(event)

        found = rescued(loop, error, hear) if loop.step else None
        if found is None:
            raise
        if found is loop:
            loop.finish("stopped", said[-1])
        return found
    return loop


class Curves:
    """Listens to events and keeps their numbers; what is told again replaces what was told before.

    With a limit the epochs are thinned as they become more, and the losses of single steps go once they are too many:
    a run without an end then takes bounded room, and its best epochs and extremes are kept.
    """

    def __init__(self, most_epochs: int | None = None, most_losses: int | None = None) -> None:
        self._losses: list[NDArray[np.float32]] = []
        self._steps = 0
        self._epochs: list[NDArray[np.float64]] = []
        self._rows = 0
        self._most_epochs = most_epochs if most_epochs is None else max(FEWEST_EPOCHS, most_epochs)
        self._most_losses = most_losses
        self._stride = 1  # epochs in one bucket, of which only the extremes are kept
        self.has_losses = True
        """Whether the loss of every step is still known."""

    def __len__(self) -> int:
        """How many epochs are kept."""
        return self._rows

    def add(self, event: Event) -> None:
        """Take in one event; those without numbers are let pass."""
        if isinstance(event, Losses):
            self._add_losses(event)
        elif isinstance(event, Epochs) and len(event.table):
            self._cut_epochs(_EPOCH, float(event.table[0, _EPOCH]))
            self._epochs.append(event.table)
            self._rows += len(event.table)
            if self._most_epochs is not None and self._rows > self._most_epochs:
                self._thin(self._most_epochs // 2)
        elif isinstance(event, Branched):
            self.cut(event.step)

    def cut(self, step: int) -> None:
        """Forget what came after this many steps."""
        self._cut_epochs(_STEP, step + 0.5)
        self._cut_losses(step)

    def copied(self) -> "Curves":
        """The same curves, to be cut or filled on their own."""
        made = Curves(self._most_epochs, self._most_losses)
        made._losses, made._epochs = list(self._losses), list(self._epochs)
        made._steps, made._rows = self._steps, self._rows
        made._stride, made.has_losses = self._stride, self.has_losses
        return made

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The curves so far, one array each; without "loss" where the single steps were too many to keep."""
        found: dict[str, NDArray[Any]] = {}
        if self.has_losses:
            found["loss"] = np.concatenate([np.empty(0, np.float32), *self._losses])
        table = np.concatenate([np.empty((0, len(EPOCH_COLUMNS))), *self._epochs])
        for name in CURVES:
            kind = np.int64 if name in ("epoch", "step") else np.float64
            found[name] = table[:, EPOCH_COLUMNS.index(name)].astype(kind)
        return found

    # ---------------------------------------------------------------- inside

    def _add_losses(self, event: Losses) -> None:
        self._cut_losses(event.first_step)
        self._steps += len(event.values)
        if self._most_losses is not None and self._steps > self._most_losses:
            self._losses, self.has_losses = [], False
        if self.has_losses:
            self._losses.append(event.values)

    def _cut_losses(self, step: int) -> None:
        while self._losses and self._steps > step:
            last = self._losses.pop()
            self._steps -= len(last)
            if self._steps < step:
                self._losses.append(last[: step - self._steps])
                self._steps = step

    def _cut_epochs(self, column: int, value: float) -> None:
        """Forget the epochs with this number or a greater one in a column."""
        while self._epochs and self._epochs[-1][-1, column] >= value:
            last = self._epochs.pop()
            left = last[: int(np.searchsorted(last[:, column], value))]
            self._rows -= len(last) - len(left)
            if len(left):
                self._epochs.append(left)

    def _thin(self, most: int) -> None:
        """Keep at most so many epochs: of each bucket the best one and the extremes, and the newest of all."""
        table = np.concatenate(self._epochs)
        kept = _extremes(table, self._stride)
        while len(kept) > most:
            self._stride *= 2
            kept = _extremes(table, self._stride)
        self._epochs, self._rows = [table[kept]], len(kept)


def _extremes(table: NDArray[np.float64], stride: int) -> NDArray[np.intp]:
    """The rows with the least and the greatest losses of each `stride` epochs, and the first and last of all."""
    bucket = (table[:, _EPOCH] - 1) // stride
    begins = np.concatenate([[0], np.flatnonzero(np.diff(bucket)) + 1])
    ends = np.concatenate([begins[1:], [len(table)]]) - 1
    found = [np.array([0, len(table) - 1])]
    for name in ("train_loss", "validation_loss"):
        values = table[:, EPOCH_COLUMNS.index(name)]
        found.append(np.lexsort((np.where(np.isnan(values), np.inf, values), bucket))[begins])
        found.append(np.lexsort((np.where(np.isnan(values), -np.inf, values), bucket))[ends])
    return np.unique(np.concatenate(found))


_EPOCH, _STEP = EPOCH_COLUMNS.index("epoch"), EPOCH_COLUMNS.index("step")
