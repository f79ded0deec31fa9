"""One stretch of training by the captured engine, from take-off to landing, and what can be seen of it meanwhile."""

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from nnlab.engine.captured.capture import Memory, Outcome, Runs, Work
from nnlab.engine.captured.program import COLUMNS, EPOCHS, FLAGS, SEEN_AT, STEPS, STOP, TAKEN, WANT
from nnlab.engine.events import EPOCH_COLUMNS, Epochs
from nnlab.engine.learner import Learner
from nnlab.engine.travel.timeline import Best
from nnlab.engine.update import WrittenUpdate

if TYPE_CHECKING:
    from nnlab.engine.loop import Loop

SECONDS = 0.3  # a stretch; what is done between two of them costs a millisecond or two
FIRST_STEPS = 64
MOST_STEPS = 60_000
LOOK_SECONDS = 0.001  # between two looks at the flags


@dataclass
class Captured:
    """The captured engine of one run: its program, and the tensors it shares with the eager one."""

    program: Runs
    memory: Memory
    exact: bool
    """Whether its numbers are the eager engine's to the last bit."""
    step_seconds: float = 0.0
    """As last measured; 0 before the first stretch."""

    @classmethod
    def of(cls, program: Runs, learner: Learner, exact: bool) -> "Captured":
        """This program, training this learner."""
        assert isinstance(learner.update, WrittenUpdate)
        data = [*learner.samples("train"), *learner.samples("validation")]
        return cls(program, Memory(learner.storage, learner.flat, learner.update, data), exact)

    def steps_ahead(self, seconds: float) -> int:
        """How many steps make a stretch of so many seconds."""
        if self.step_seconds == 0:
            return FIRST_STEPS
        return int(min(MOST_STEPS, max(1, seconds / self.step_seconds)))

    def every(self) -> int:
        """Steps between two looks at the flags."""
        return 1 if self.step_seconds == 0 else int(min(32, max(1, LOOK_SECONDS / self.step_seconds)))


class Flight:
    """`run` trains, in any thread; all else is for the thread that owns the loop."""

    def __init__(self, loop: "Loop", captured: Captured, steps: int, snap: list[Tensor] | None = None) -> None:
        self._loop, self._captured = loop, captured
        self._learner = loop.learner
        self.first, self._first_epoch = loop.step, loop.epoch
        self._earlier = loop.tally.losses()
        self._flags = torch.zeros(FLAGS, dtype=torch.int64)
        self._look = self._flags.numpy()
        self._told = self._told_epochs = 0
        self.bad: int | None = None
        """The first step whose loss was no number."""
        self._rates = loop.rates(steps)
        self._snap = snap or [t.clone() for t in loop.learner.storage]
        self._work = self._prepared(steps)
        self._losses = self._work.losses.numpy()
        self._table = self._work.table.numpy()
        self._seconds = loop.seconds
        self._began = self._ended = time.perf_counter()
        self.outcome: Outcome | None = None

    def _prepared(self, steps: int) -> Work:
        loop, learner, training = self._loop, self._learner, self._loop.training
        earlier = len(self._earlier)
        losses = torch.empty(earlier + steps)
        losses[:earlier] = torch.from_numpy(self._earlier)
        dice = torch.Generator()
        dice.set_state(learner.dice.state)
        answers = loop.tally.answers()
        epochs = steps // loop.steps_per_epoch + 2
        patience = training.patience if training.early_stopping and not loop.repeating else 0
        self._best = [t.clone() for t in learner.storage]
        return Work(
            steps, loop.position, learner.update.steps, self._rates, losses,
            torch.zeros(epochs, COLUMNS, dtype=torch.float64), self._flags, self._best, self._snap,
            loop.order.generator, dice, loop.order.epoch, answers, self._captured.every(), earlier,
            training.epochs - loop.epoch, loop.epoch - (loop.best.epoch if loop.best else 0), patience,
            (training.l1, training.clip_norm, training.l2),
            math.inf if loop.repeating else loop.alarm.limit, loop.best.loss if loop.best else math.inf,
        )  # fmt: skip

    # ---------------------------------------------------------------- in the air

    def run(self) -> None:
        """Train until the stretch is over or something ends it."""
        self.outcome = self._captured.program.run(self._captured.memory, self._work)
        self._ended = time.perf_counter()

    def stop(self) -> None:
        """Land after the next look at the flags."""
        self._look[STOP] = 1

    def ask(self) -> None:
        """Have the network copied at the next look."""
        self._look[WANT] = 1

    @property
    def asked(self) -> bool:
        """Whether a copy was asked for that has not been made."""
        return bool(self._look[WANT])

    @property
    def copies(self) -> int:
        """How many copies were made."""
        return int(self._look[TAKEN])

    @property
    def copied_at(self) -> tuple[int, int]:
        """Step and epoch of the newest copy."""
        steps = int(self._look[SEEN_AT])
        epochs = (self._work.position + steps) // self._loop.steps_per_epoch
        return self.first + steps, self._first_epoch + epochs

    def tell(self) -> None:
        """Tell of the steps and epochs since the last time."""
        epochs = int(self._look[EPOCHS])  # read before the steps, which are then never too few for them
        self._tell(int(self._look[STEPS]), epochs, time.perf_counter() - self._began)

    def _tell(self, steps: int, epochs: int, seconds: float) -> None:
        loop, earlier = self._loop, len(self._earlier)
        values = self._losses[earlier + self._told : earlier + steps].copy()
        if self.bad is None and len(values):
            bad = np.flatnonzero(~np.isfinite(values))
            if len(bad):
                self.bad = self.first + self._told + int(bad[0])
                values = values[: bad[0]]
                self.stop()
            loop.hear(self.first + self._told, values)
        self._told = steps
        loop.step = self.first + steps
        loop.seconds = self._seconds + seconds
        if epochs > self._told_epochs:
            self._tell_epochs(epochs, seconds)

    def _tell_epochs(self, epochs: int, seconds: float) -> None:
        loop, rows = self._loop, self._table[self._told_epochs : epochs]
        numbers = np.arange(self._told_epochs, epochs) + 1
        ends = numbers * loop.steps_per_epoch - self._work.position
        table = np.empty((len(rows), len(EPOCH_COLUMNS)))
        table[:, 0] = self._first_epoch + numbers
        table[:, 1] = self.first + ends
        table[:, 2:6] = rows[:, :4]
        table[:, 6] = np.asarray(self._rates)[ends - 1]
        table[:, 7] = self._seconds + seconds * ends / ends[-1]
        table[:, 8] = rows[:, 4]
        table.flags.writeable = False
        loop.hear_epochs(Epochs(loop.run, table))
        self._told_epochs = epochs

    # ---------------------------------------------------------------- back on the ground

    def land(self) -> None:
        """Make the loop what it would be had it taken these steps itself."""
        out, loop, learner = self.outcome, self._loop, self._learner
        assert out is not None
        took = self._ended - self._began
        if out.steps:
            self._captured.step_seconds = took / out.steps
        rule = learner.update
        assert isinstance(rule, WrittenUpdate)
        rule.count_to(out.taken)
        learner.dice.state = self._work.dice.get_state()
        loop.order.went_on(out.epochs, out.epoch)
        self._tell(out.steps, out.epochs, took)
        loop.position = out.position
        begin = len(self._earlier) + out.steps - out.position
        loop.tally.restore(((self._losses[begin : begin + out.position].copy(),), tuple(out.answers)))
        better = np.flatnonzero(self._table[: out.epochs, 4])
        if len(better):
            epoch = self._first_epoch + int(better[-1]) + 1
            loop.best = Best(epoch, out.best_loss, [t.clone() for t in self._best])
        loop.rate = learner.update.rate = self._rates[max(0, out.steps - 1)]
        loop.landed(out.reason, self.bad)
