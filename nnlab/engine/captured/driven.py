"""A stretch of training in which each step is one call from Python: the same books as the captured loop keeps.

On a graphics card a step takes its time there, and Python's part is small once the step is one call (a CUDA graph). What
`program.py` writes as text stands here as Python, over any device: batches, losses, ends of epochs, copies, looking round.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from nnlab.core.document import Training
from nnlab.engine.captured.capture import Memory, Outcome, Work
from nnlab.engine.captured.program import (
    DONE,
    EARLY,
    EPOCHS,
    LOST,
    RAN,
    SEEN_AT,
    STEPS,
    STOP,
    STOPPED,
    TAKEN,
    WANT,
    Layout,
)
from nnlab.engine.learner import Learner
from nnlab.engine.order import Batch, padded, spread

Step = Callable[[Tensor, Tensor, float, int, Training], tuple[Tensor, Tensor]]
"""Takes inputs, targets, the learning rate, the steps taken before and the settings; gives the loss and the answers."""


class Driven:
    """A program as `Captured` flies it, driven from Python."""

    def __init__(self, learner: Learner, step: Step, steps_per_epoch: int, title: str) -> None:
        self.title = title
        """What the engine is called."""
        self._learner, self._step = learner, step
        self._layout = layout_of(learner, steps_per_epoch)
        self._training = learner.document.training

    def run(self, memory: Memory, work: Work) -> Outcome:
        """Train until the stretch is over or something ends it."""
        l1, clip_norm, l2 = work.penalties
        if (self._training.l1, self._training.clip_norm, self._training.l2) != work.penalties:
            self._training = self._training.with_(l1=l1, clip_norm=clip_norm, l2=l2)
        return _Stretch(self._learner, self._step, self._layout, self._training, memory, work).fly()


class PlainStep:
    """The eager engine's own step."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def __call__(self, x: Tensor, y: Tensor, rate: float, taken: int, training: Training) -> tuple[Tensor, Tensor]:
        """Take it."""
        self._learner.update.rate, self._learner.update.steps = rate, taken
        return self._learner.step(x, y, training)


def layout_of(learner: Learner, steps: int) -> Layout:
    """How this learner's samples become batches, so many an epoch."""
    train = learner.samples("train")
    return Layout(len(train[0]), learner.batch_size, padded(learner.batch_size, train), steps, learner.axes)


class _Stretch:
    """One call of `Driven.run`."""

    def __init__(
        self, learner: Learner, step: Step, layout: Layout, training: Training, memory: Memory, work: Work
    ) -> None:
        self._learner, self._step, self._layout, self._training = learner, step, layout, training
        self._memory, self._work = memory, work
        self._flags = work.flags.numpy()
        self._steps, self._position, self._taken = work.steps, work.position, work.taken
        self._at, self._first, self._since, self._best_loss = work.earlier, 0, work.since, work.best_loss
        self._done = self._epochs = 0
        self._reason = RAN
        self._pending: list[Tensor] = []
        self._answers, self._epoch = list(work.answers), list(work.epoch)

    def fly(self) -> Outcome:
        """Train to the end of the stretch."""
        work = self._work
        while self._done < self._steps and self._reason == RAN:
            x, y = self._batch()
            loss, answer = self._step(x, y, work.rates[self._done], self._taken, self._training)
            self._pending.append(loss)
            self._answers.append(answer)
            self._taken += 1
            self._done += 1
            self._position += 1
            if self._position == self._layout.steps:
                self._read()
                self._end_epoch()
            if self._done % work.every == 0:
                self._look()
        self._read()
        self._flags[STEPS] = self._done
        counts = (self._done, self._epochs, self._position, self._taken, self._since, self._reason)
        return Outcome(*counts, self._best_loss, self._answers, self._epoch)

    def _batch(self) -> Batch:
        at, data = self._layout, self._memory.data
        if not self._epoch:
            order = torch.randperm(at.rows, generator=self._work.order).to(data[0].device)
            rows = spread(order, at.size, at.stride)
            self._epoch = [data[0].index_select(0, rows), data[1].index_select(0, rows), order]
        size = min(at.size, at.rows - self._position * at.size)
        x, y = (part.narrow(0, self._position * at.stride, size) for part in self._epoch[:2])
        return (x.permute(at.axes) if at.axes else x), y

    def _read(self) -> None:
        """Bring the losses of the last steps from the device, all at once."""
        if self._pending:
            values = torch.stack(self._pending).float().cpu()
            self._work.losses[self._at : self._at + len(values)] = values
            self._at += len(values)
            self._pending = []

    def _end_epoch(self) -> None:
        work, learner = self._work, self._learner
        train_loss = float(work.losses[self._first : self._at].double().mean())
        with torch.no_grad():
            prediction = torch.cat(self._answers)
            targets = self._memory.data[1].index_select(0, self._epoch[2][: len(prediction)])
            figures = [learner.health(), learner.metric(prediction, targets)]
        held = bool(learner.parts.rows[1])
        figures += learner.evaluate("validation") if held else ()
        health, metric, *validation = torch.stack([figure.float() for figure in figures]).tolist()
        if not (math.isfinite(health) and math.isfinite(train_loss) and train_loss <= work.lost):
            self._reason = LOST
            return
        watched = validation[0] if held else train_loss
        self._since += 1
        better = math.isfinite(watched) and watched < self._best_loss
        if better:
            self._best_loss, self._since = watched, 0
            torch._foreach_copy_(work.best, self._memory.storage)
        row = [train_loss, metric, *(validation or [math.nan, math.nan]), float(better)]
        work.table[self._epochs] = torch.tensor(row, dtype=torch.float64)
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        work = self._work
        self._epochs += 1
        self._position, self._first = 0, self._at
        self._answers, self._epoch = [], []
        self._flags[STEPS], self._flags[EPOCHS] = self._done, self._epochs
        if work.patience > 0 and self._since >= work.patience:
            self._reason = EARLY
        elif self._epochs >= work.epochs_left:
            self._reason = DONE
        elif self._epochs >= len(work.table):
            self._steps = self._done

    def _look(self) -> None:
        """See whether somebody wants a copy or an end."""
        self._read()
        flags = self._flags
        flags[STEPS] = self._done
        if flags[WANT]:
            torch._foreach_copy_(self._work.snap, self._memory.storage)
            flags[SEEN_AT], flags[WANT] = self._done, 0
            flags[TAKEN] += 1
        if flags[STOP] and self._reason == RAN:
            self._reason = STOPPED
