"""Many seeds of one network side by side, against one run of it."""

import statistics
import time
from collections.abc import Callable

from nnlab.bench.clocks import undisturbed
from nnlab.bench.contest import Contestant, torch_threads
from nnlab.bench.measure import MEASURES, Bar, Effort, Facts, Outcome, Reading
from nnlab.bench.ours import Training, engine_name
from nnlab.bench.rivals import by_hand
from nnlab.bench.workloads import eight, watched
from nnlab.project import Project

SEEDS = 64
WARM_STEPS = 50
FULL, QUICK = (20, 100), (10, 40)  # epochs; the difference is training alone, without what comes before and after


class Seeds:
    """64 seeds of 8-8-8 in one computation."""

    title = "64 seeds of 8-8-8 side by side"
    how = (
        "Processor time that 64 seeds take for an epoch in one computation (80 of 100 epochs, so that set-up does not"
        " count), against one run by the best loop written by hand and against one run of NNLab's engine, warmed up, in turn,"
        " on one thread. The bar names one run and not whose: it is held against the loop written by hand, and the"
        " stricter reading beside it has none because it is missed by far."
    )
    bars = (
        Bar("the processor time of one run by the best hand-written loop", 3, at_least=False),
        Bar("the processor time of one run of NNLab's own engine"),
    )

    def run(self, effort: Effort) -> Outcome:
        """Many and one in turn."""
        short, long = QUICK if effort.quick else FULL
        epochs, work = long - short, eight()
        with torch_threads(1), undisturbed():
            one, rivals = Training(watched()), by_hand(work, "cpu")
            one.warm_up()
            for rival in rivals:
                rival.run(WARM_STEPS)
            _many(short)
            rounds = [
                (_seeds(short, long), _hand(rivals, epochs * one.loop.steps_per_epoch) / epochs, _single(one, epochs))
                for _ in range(effort.starts)
            ]
        many, hand, single = (tuple(values) for values in zip(*rounds, strict=True))
        readings = [
            Reading(bar, tuple(a / b for a, b in zip(many, other, strict=True)))
            for bar, other in zip(self.bars, (hand, single), strict=True)
        ]
        facts: Facts = {
            "64 seeds, ms an epoch": statistics.median(many),
            "one run by hand, ms an epoch": statistics.median(hand),
            f"one run of NNLab ({engine_name(one)} engine), ms an epoch": statistics.median(single),
        }
        return Outcome(tuple(readings), facts)


def _hand(rivals: list[Contestant], steps: int) -> float:
    """Milliseconds of processor time that the fastest hand-written loop takes for so many steps."""
    return 1000 * min(rival.run(steps)[1] for rival in rivals if rival.counts)


def _seeds(short: int, long: int) -> float:
    """Milliseconds of processor time that all seeds together take for an epoch."""
    return 1000 * (_cpu(lambda: _many(long)) - _cpu(lambda: _many(short))) / (long - short)


def _single(run: Training, epochs: int) -> float:
    """The same of one run."""
    first = run.loop.epoch
    spent = _cpu(lambda: run.run(epochs * run.loop.steps_per_epoch))
    return 1000 * spent / max(1, run.loop.epoch - first)


def _many(epochs: int) -> None:
    Project(watched().with_training(epochs=epochs)).train_many(seeds=SEEDS)


def _cpu(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


MEASURES.register("seeds")(Seeds())
