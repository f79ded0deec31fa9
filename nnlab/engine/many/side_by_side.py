"""Many seeds trained in step: each has its own order of samples, its own first weights and its own fate."""

import math
import time
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import vmap

from nnlab.core.document import Document
from nnlab.core.objective import fitted, resolve
from nnlab.core.parts import PART_NAMES, divide
from nnlab.engine.batch_norm import leaves_out_last
from nnlab.engine.device import choose
from nnlab.engine.divergence import LOST
from nnlab.engine.many.book import Book
from nnlab.engine.many.functions import weighed_and_smoothed
from nnlab.engine.many.planes import as_tensor, grid, planes
from nnlab.engine.many.rolled import Array, Planes
from nnlab.engine.many.stack import Batch, Stack, Unstackable
from nnlab.engine.metrics import all_targets, measure
from nnlab.engine.rates import learns_unlike

STRETCH_SECONDS = 0.008  # between two moments at which the roll can be stopped or looked at
MOST_STEPS = 256
GATHER_NUMBERS = 2**22  # inputs of all seeds' batches that are put in order at once


class SideBySide:
    """One roll. `steps` trains; between two of its steps anything may be read."""

    engine: Literal["side by side"] = "side by side"

    def __init__(self, document: Document, seeds: tuple[int, ...]) -> None:
        """Unstackable if these networks cannot go side by side; BuildError or DataError if they cannot be trained at all."""
        if learns_unlike(document):
            raise Unstackable(
                "layers are frozen, have learning rates of their own, share weights or have a norm of weights"
            )
        self.document, self.seeds, self.training = document, seeds, document.training
        self.objective, self.parts = resolve(document), divide(document.data)
        self.objective = fitted(self.objective, self.parts)
        self.place = choose(self.training.device)
        self.rows, self.batch_size = self.parts.rows[0], min(self.training.batch_size, self.parts.rows[0])
        self.steps_per_epoch = -(-self.rows // self.batch_size) - leaves_out_last(document, self.rows, self.batch_size)
        self.data = {name: self._on_device(name) for name in PART_NAMES}
        x, y = self.data["train"]
        probe = Batch(x[None, : self.batch_size], y[None, : self.batch_size])
        self.stack = Stack(document, self.objective, seeds, self.place.device, probe)
        self.lost = np.zeros(len(seeds), np.bool_)
        self.book = Book(len(seeds), self.parts.rows[1] > 0, self.training.epochs)
        self.seconds = 0.0
        self.step = self.epoch = 0
        self._stretch = 1
        self._validate: Callable[[], tuple[Tensor, Tensor]] | None = None
        self._orders = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._metric = vmap(self._metric_of_one)
        self._loss = vmap(weighed_and_smoothed(self.objective) or self.stack.loss)
        self._usual: NDArray[np.float64] | None = None
        self._grid = as_tensor(grid(self.parts, self.objective), self.place.device)

    @property
    def done(self) -> float:
        """The share of the work that is done."""
        return self.step / max(1, self.steps_per_epoch * self.training.epochs)

    def arrays(self) -> dict[str, Array]:
        """All tensors by name, the seeds on the first axis, as private copies."""
        return self.stack.arrays()

    # ---------------------------------------------------------------- training

    def steps(self) -> Iterator[None]:
        """Train to the end, or until no seed is left."""
        while self.epoch < self.training.epochs and not self.lost.all():
            yield from self._one_epoch()

    def _one_epoch(self) -> Iterator[None]:
        began = time.perf_counter()
        order = torch.stack([torch.randperm(self.rows, generator=g) for g in self._orders]).to(self.place.device)
        losses: list[Tensor] = []
        answers: list[Tensor] = []
        for xs, ys in self._stretches(order):
            loss, answer = self.stack.steps(xs, ys, self.training, self._rates(len(xs)))
            losses.append(loss)
            answers += answer
            self.step += len(xs)
            now = time.perf_counter()
            self._stretch = int(min(MOST_STEPS, max(1, STRETCH_SECONDS * len(xs) / max(1e-9, now - began))))
            self.seconds += now - began
            if len(answers) < self.steps_per_epoch:
                yield
            began = time.perf_counter()
        self._end_epoch(torch.cat(losses), torch.cat(answers, 1), order)
        self.seconds += time.perf_counter() - began
        yield

    def _rates(self, count: int) -> list[float]:
        """The learning rate of the next steps."""
        schedule, epochs, per_epoch = self.training.schedule, self.training.epochs, self.steps_per_epoch
        steps = range(self.step, self.step + count) if schedule.per_step else (self.epoch * per_epoch,) * count
        return [self.training.learning_rate * schedule.factor(step, per_epoch, epochs) for step in steps]

    def _stretches(self, order: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """The epoch's batches of all seeds, (steps, seeds, rows, ...): a few at a time, the smaller last one alone."""
        (x, y), size, seeds = self.data["train"], self.batch_size, len(self.seeds)
        whole = min(self.steps_per_epoch, self.rows // size)
        most = max(1, GATHER_NUMBERS // max(1, size * seeds * x[0].numel()))
        first = 0
        while first < whole:
            count = min(most, self._stretch, whole - first)
            picked = order[:, first * size : (first + count) * size].reshape(seeds, count, size)
            rows = picked.transpose(0, 1).reshape(-1)
            xs = x.index_select(0, rows).view(count, seeds, size, *x.shape[1:])
            yield xs, y.index_select(0, rows).view(count, seeds, size, *y.shape[1:])
            first += count
        if whole < self.steps_per_epoch:
            rest = order[:, whole * size :]
            yield x[rest][None], y[rest][None]

    # ---------------------------------------------------------------- measuring

    def _end_epoch(self, losses: Tensor, answers: Tensor, order: Tensor) -> None:
        seen = self.data["train"][1][order[:, : answers.shape[1]]]
        figures = {"train_metric": _floats(self._metric(answers, seen))}
        if self.parts.rows[1]:
            if self._validate is None:
                self._validate = self.stack.looker(self._figures, *self.data["validation"])
            loss, metric = self._validate()
            figures |= {"validation_loss": _floats(loss), "validation_metric": _floats(metric)}
        each = _floats(losses)
        with np.errstate(invalid="ignore", over="ignore"):
            figures["train_loss"] = each.mean(axis=0)
        self._find_lost(each, figures["train_loss"], _floats(self.stack.health()))
        self.epoch += 1
        self.book.write(figures, self.lost)

    def _find_lost(self, each: NDArray[np.float64], mean: NDArray[np.float64], health: NDArray[np.float64]) -> None:
        """The same verdict as that of a run alone: a loss that is no number, or beyond all hope."""
        if self._usual is None:
            self._usual = np.maximum(self._guess(), np.nan_to_num(each[0], nan=0.0, posinf=0.0))
        wild = ~np.isfinite(each).all(axis=0) | ~np.isfinite(health)
        with np.errstate(invalid="ignore"):
            self.lost = self.lost | wild | (mean > LOST * self._usual)

    def _guess(self) -> float:
        """The loss that a guess would have."""
        targets = self.data["train"][1]
        values = self.objective.target_form == "values" and len(targets) > 1
        return float(targets.var(0).mean()) if values else 1.0

    def evaluate(self, part: str) -> tuple[Tensor, Tensor]:
        """Loss and metric of every seed on one part, as the networks are now."""
        return self._figures(*self.data[part])

    def _figures(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        answers = self.stack.answers(x)
        targets = y.expand(len(self.seeds), *y.shape)
        return self._loss(answers, targets), self._metric(answers, targets)

    def measure(self) -> dict[str, Array]:
        """Loss and metric of every seed on every part that has samples; nan for the lost ones."""
        found: dict[str, Array] = {}
        for part, rows in zip(PART_NAMES, self.parts.rows, strict=True):
            if rows:
                loss, metric = (np.where(self.lost, math.nan, _floats(value)) for value in self.evaluate(part))
                found[f"{part}_loss"], found[f"{part}_{self.objective.metric}"] = loss, metric
        return found

    def planes(self) -> Planes | None:
        """What every seed answers over the plane, if the data have one."""
        if self._grid is None:
            return None
        return planes(self.stack.answers(self._grid), self.objective, self.parts)

    def _metric_of_one(self, prediction: Tensor, target: Tensor) -> Tensor:
        return measure(prediction, target, self.objective)

    def _on_device(self, part: str) -> tuple[Tensor, Tensor]:
        samples = self.parts.part(part)
        y = all_targets(self.objective, samples, self.parts)
        return torch.tensor(samples.inputs, device=self.place.device), y.to(self.place.device)


def _floats(values: Tensor) -> NDArray[np.float64]:
    return np.asarray(values.detach().cpu().numpy(), np.float64)
