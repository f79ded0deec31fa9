"""The training loop: which batch when, measured at each epoch's end, stoppable and repeatable at every step.

Each epoch draws one `torch.randperm` from one CPU generator seeded with the run's seed and takes slices of it in turn;
the last, smaller batch is used too. A loop written by hand in that way gives the same numbers to the bit.
"""

import math
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nnlab.core.document import Document, Training
from nnlab.engine.batch_norm import leaves_out_last
from nnlab.engine.captured.flight import SECONDS, Captured, Flight
from nnlab.engine.captured.program import DONE, EARLY, LOST
from nnlab.engine.captured.switching import refusal
from nnlab.engine.device import device_lost, out_of_memory
from nnlab.engine.divergence import Alarm, blame, blame_growth
from nnlab.engine.events import Branched, EndReason, EpochDone, Epochs, Event, Finished, Losses
from nnlab.engine.learner import Learner
from nnlab.engine.live import with_live_settings
from nnlab.engine.order import Order
from nnlab.engine.safekeeping import brought, safe
from nnlab.engine.stepping.phases import Phases
from nnlab.engine.tally import Outbox, Tally, measure_epoch
from nnlab.engine.telling import farewell
from nnlab.engine.travel.seeking import repeating
from nnlab.engine.travel.timeline import Best, Leg, Moment, Timeline

FLUSH_SECONDS = 1 / 30  # losses are read from the device this often at most


class Loop:
    """One run. `advance` takes one step, `steps` takes them all; between two of them anything may be read or changed."""

    def __init__(
        self,
        document: Document,
        emit: Callable[[Event], object],
        run: int = 1,
        weights: object = None,
        kept_from: Learner | None = None,
        spare: int = 1,
    ) -> None:
        self.document, self.run, self.training = document, run, document.training
        self.learner = Learner(document, weights, kept_from, spare)
        self.captured: Captured | None = None
        """The engine that takes the steps, where there is one; single steps and phases are always taken by the eager one."""
        self.engine_reason = ""
        rows, size = self.learner.parts.rows[0], self.learner.batch_size
        self.leaves_out_last = leaves_out_last(document, rows, size)
        self.steps_per_epoch = -(-rows // size) - self.leaves_out_last
        self.order = Order(self.learner.samples("train"), size, self.training.seed, self.learner.axes)
        self.phases = Phases(self.learner)
        self.step = self.epoch = self.position = 0
        self.rate = self.seconds = 0.0
        self.finished: Finished | None = None
        self.last_epoch: EpochDone | None = None
        self.last_loss: float | None = None
        self.best: Best | None = None
        self.repeating = False
        """Steps that were taken before are taken again, to get to a moment: nothing is told of them."""
        self._emit = emit
        self._outbox = Outbox(lambda first, values: emit(Losses(run, first, values)))
        self._wanted = self.training
        self.tally = Tally()
        self._next_flush = 0.0
        self._good = 0
        self._latest = self._end = self.moment()
        self.alarm = Alarm(self.learner)
        self.timeline = Timeline(self.training, safe(self._end))
        self._set_rate()

    # ---------------------------------------------------------------- going

    @property
    def steps_left(self) -> int:
        """How many steps there are until the planned end, as settings are and as they are wanted."""
        return max(0, min(self.training.epochs, self._wanted.epochs) * self.steps_per_epoch - self.step)

    def steps(self) -> Iterator[None]:
        """Train to the end, a stretch at a time; between two of them anything may be read or changed."""
        while self.finished is None:
            self.stretch()
            yield

    def stretch(self, until: int | None = None, seconds: float = SECONDS) -> None:
        """Take the next step, or as many as the captured engine takes in that time, but none beyond the step `until`."""
        flight = self.take_off(until, seconds)
        if flight is None:
            self.advance()
        else:
            try:
                flight.run()
            except Exception as error:  # noqa: BLE001 - whatever fails there, the eager engine goes on
                self.give_up(error, flight.first)
            else:
                flight.land()

    def advance(self, by_phase: bool = False) -> None:
        """Take one step, or only the next phase of it; at the end of an epoch measure it, after the last one finish."""
        began = time.perf_counter()
        if self._set_off(captured=False) is None:
            return
        batch, phases = self.order.batch(self.position), self.phases
        if not by_phase and not phases.half_way:
            phases.clear()
            self._took(*self.learner.step(*batch, self.training), began)
            return
        (phases.advance if by_phase else phases.complete)(*batch, self.training)
        if not phases.half_way:
            self._took(*phases.result(), began)

    def take_off(
        self, until: int | None = None, seconds: float = SECONDS, snap: list[Tensor] | None = None
    ) -> Flight | None:
        """The next stretch of the captured engine; None where the next step is the eager engine's.

        `snap` is where copies of the network go, if some are asked for on the way.
        """
        captured = self.captured
        if captured is None or self.step == 0 or self.phases.half_way or not self._read():
            return None
        leg = self._set_off(captured=not captured.exact)
        if leg is None or not (captured.exact or leg.captured):
            return None
        steps = captured.steps_ahead(seconds)
        rest = -(self.position + steps) % self.steps_per_epoch
        steps += rest if rest < steps else 0  # between two epochs there is less to put in order
        known = self.timeline.until(self.step)
        ends = [end for end in (until, known if known > self.step else None) if end is not None]
        self.phases.clear()
        self._keep(time.perf_counter())
        return Flight(self, captured, min([self.step + steps, *ends]) - self.step, snap)

    def give_up(self, error: Exception, step: int) -> None:
        """The captured engine failed after this step: be as before the stretch, and go on without it."""
        if out_of_memory(error) or device_lost(error):
            raise error
        self.captured, self.engine_reason = None, refusal(error)
        self.send()
        self.restore(self.nearest(step))

    def _keep(self, now: float) -> None:
        """Keep this moment to go back to; also on the way through what was taken before, where fewer are left."""
        if self.repeating and not self.timeline.is_due(now):
            return
        moment = self.moment()
        if self.timeline.is_due(now):
            self.timeline.keep(safe(moment), now)
        if not self.repeating:
            self._latest = moment

    def _set_off(self, captured: bool) -> Leg | None:
        """Bring the settings up to date before a step; None, and the end, if there is nothing left to do."""
        if self.finished is not None:
            return None
        if self.repeating:
            leg = self.timeline.leg(self.step)
        else:
            if self.timeline.branches(self.step, self._wanted):
                self._emit(Branched(self.run, self.step))
                self._latest = self.nearest(self.step)
            leg = self.timeline.go_on(self.step, self._wanted, captured)
        changed, self.training = leg.training is not self.training, leg.training
        if self.epoch >= self.training.epochs:
            self.finish("done")
            return None
        if changed or self.training.schedule.per_step or self.position == 0:
            self._set_rate()
        return leg

    def _set_rate(self) -> None:
        self.rate = self.learner.update.rate = self._rate_at(self.step)

    def rate_of(self, step: int) -> float:
        """The learning rate that this step was taken with."""
        return self._rate_at(step, self.timeline.leg(step).training)

    def _rate_at(self, step: int, training: Training | None = None) -> float:
        training = training or self.training
        return training.learning_rate * training.schedule.factor(step, self.steps_per_epoch, training.epochs)

    def rates(self, steps: int) -> list[float]:
        """The learning rate of each of the next steps."""
        if self.training.schedule.per_step:
            return [self._rate_at(self.step + k) for k in range(steps)]
        found = [self.rate] * (self.steps_per_epoch - self.position)
        while len(found) < steps:
            found += [self._rate_at(self.step + len(found))] * self.steps_per_epoch
        return found[:steps]

    def _took(self, loss: Tensor, prediction: Tensor, began: float) -> None:
        self.tally.add(loss, prediction)
        self.step += 1
        self.position += 1
        now = time.perf_counter()
        if self.position == self.steps_per_epoch:
            self.seconds += now - began
            began = now
            self._end_epoch()
        elif now >= self._next_flush and not self.repeating:
            self._next_flush = now + FLUSH_SECONDS
            self._read()
        self.seconds += time.perf_counter() - began
        if not self.repeating:
            over = self.finished is not None
            self.timeline.furthest = max(self.timeline.furthest, self.step - over)  # the last step ends a run each time
            if not over and self.timeline.is_due(now):
                self.timeline.keep(safe(self.moment()), now)

    def _end_epoch(self) -> None:
        if not self._read():
            return
        learner = self.learner
        figures = measure_epoch(learner, self.tally, self.order)
        if not math.isfinite(figures.health):
            self._diverge(self.step - 1)
            return
        if self.alarm.is_lost(figures.train_loss) and not self.repeating:
            self._diverge(self.step - 1, figures.train_loss)
            return
        watched = figures.train_loss if figures.validation_loss is None else figures.validation_loss
        is_best = math.isfinite(watched) and (self.best is None or watched < self.best.loss)
        self.epoch, self.position = self.epoch + 1, 0
        self.tally = Tally()
        self.order.end()
        if is_best:
            self.best = Best(self.epoch, watched, learner.weights())
        self.last_epoch = EpochDone(self.epoch, self.step, *figures.told, self.rate, self.seconds, is_best)
        if math.isfinite(watched) and self.alarm.is_sane(figures.train_loss):
            self._good = self.step
            self._latest = self.moment()
        if not self.repeating:
            self._emit(Epochs.of(self.run, [self.last_epoch]))
            self._check_end()

    def _check_end(self) -> None:
        since_best = self.epoch - (self.best.epoch if self.best else 0)
        if self._wanted.early_stopping and since_best >= self._wanted.patience:
            self.finish("early")
        elif self.epoch >= self._wanted.epochs:
            self.finish("done")

    # ---------------------------------------------------------------- telling and ending

    def flush(self) -> bool:
        """Tell of every loss so far; False if one of them ended the run."""
        good = self._read()
        self._outbox.empty()
        return good

    def send(self) -> None:
        """Losses that were read and wait to be told leave now."""
        self._outbox.empty()

    def _read(self) -> bool:
        first = self.step - self.tally.unread
        values = self.tally.read()
        bad = np.flatnonzero(~np.isfinite(values))
        told = values[: bad[0]] if len(bad) else values
        if len(told):
            self.alarm.hear(first, float(told[0]))
            self.last_loss = float(told[-1])
            if not self.repeating:
                self._outbox.put(first, told)
        if len(bad):
            self._diverge(first + int(bad[0]))
        return not len(bad)

    def finish(self, reason: EndReason, message: str = "", node: str | None = None, step: int | None = None) -> None:
        """End the run and measure every part; with early stopping the best weights are put in place first."""
        if self.finished is not None or not self.flush():
            return
        if self.phases.half_way:
            self.phases.clear()
        self._end = self.moment()
        best = self.best
        back = best is not None and self._wanted.early_stopping and reason in ("early", "done")
        if best is not None and back:
            self.learner.put(best.weights)
        best_epoch = best.epoch if best else None
        text = message or farewell(reason, self.epoch, best_epoch if back else None)
        self.finished = Finished(
            self.run, reason, text, self.epoch, step or self.step, self.learner.measure(), best_epoch, node
        )
        self._emit(self.finished)

    def reopen(self) -> None:
        """After the end, be as before it, ready to go on."""
        if self.finished is not None:
            self.finished = None
            self.restore(self._end)

    def _diverge(self, step: int, loss: float = math.nan) -> None:
        """This step (counted from 0) led nowhere: find out which layer it was, and go back to the last good epoch."""
        if self.repeating:
            raise ArithmeticError("these steps do not come out as numbers")
        good = self._good
        verdict = blame(self, step) if math.isnan(loss) else blame_growth(self, loss)
        self.go_back(good)
        self.timeline.forget_after(self.step)
        self._latest = self.nearest(self.step)
        self.finish("diverged", verdict.message(self), verdict.node, step + 1)

    # ---------------------------------------------------------------- heard of a stretch of the captured engine

    def hear(self, first: int, losses: NDArray[np.float32]) -> None:
        """The losses of the steps from `first` on."""
        if len(losses):
            self.last_loss = float(losses[-1])
            if not self.repeating:
                self._outbox.put(first, losses)

    def hear_epochs(self, epochs: Epochs) -> None:
        """These epochs ended."""
        self.last_epoch = epochs.last
        self.epoch = self.last_epoch.epoch
        loss, held = epochs.column("train_loss"), epochs.column("validation_loss")
        sane = np.flatnonzero((loss <= self.alarm.sane) & (np.isfinite(held) if self.learner.parts.rows[1] else True))
        if len(sane):
            self._good = int(epochs.column("step")[sane[-1]])
        if not self.repeating:
            self._emit(epochs)

    def landed(self, reason: int, bad: int | None) -> None:
        """The stretch is over, for this reason; `bad` is the first step whose loss was no number."""
        if bad is not None:
            self._diverge(bad)
            return
        if reason == LOST:
            loss = self.tally.mean_loss()
            self._diverge(self.step - 1, loss if self.alarm.is_lost(loss) else math.nan)
            return
        if self.repeating:
            return
        over = reason in (EARLY, DONE)
        self.timeline.furthest = max(self.timeline.furthest, self.step - over)
        if over:
            self.finish("early" if reason == EARLY else "done")

    # ---------------------------------------------------------------- time travel

    def configure(self, training: Training) -> None:
        """Take over the settings that can change while a run goes on, at the next step; the others stay as they are."""
        wanted = with_live_settings(self.document.training, training)
        if wanted != self._wanted:
            self._wanted = wanted

    def moment(self) -> Moment:
        """The run as it is now, as a private copy."""
        at, told = (self.step, self.epoch, self.position), (self.seconds, self.last_epoch)
        tally = self.tally.state()
        last = float(tally[0][-1][-1]) if self.position else self.last_loss
        return Moment(*at, self.learner.state(), self.order.state, tally, self.best, self._good, *told, last)

    def nearest(self, step: int) -> Moment:
        """The latest moment that is kept and not after this step."""
        kept = self.timeline.checkpoints.before(step)
        assert kept is not None  # the start of the run is always kept
        return self._latest if kept.step < self._latest.step <= step else kept

    def go_back(self, step: int) -> None:
        """Be as the run was after so many steps, at once."""
        self.restore(self.nearest(step))
        for _ in repeating(self, step):
            pass

    def restore(self, moment: Moment) -> None:
        """Be as the run was at that moment."""
        self.phases.clear()
        moment = brought(moment, self.learner.place.device)
        self.step, self.epoch, self.position = moment.step, moment.epoch, moment.position
        self.learner.restore(moment.learner)
        self.order.restore(moment.order)
        self.tally.restore(moment.tally)
        self.best, self._good = moment.best, moment.good
        self.seconds, self.last_epoch, self.last_loss = moment.seconds, moment.last_epoch, moment.last_loss
        self.training = self.timeline.leg(max(0, self.step - 1)).training
        self._set_rate()
