"""Many seeds of one network side by side, against one run of it."""

import statistics
import time
from collections.abc import Callable

from nnlab.bench.contest import torch_threads
from nnlab.bench.measure import MEASURES, Bar, Effort, Facts, Outcome, Reading
from nnlab.bench.ours import Training, engine_name
from nnlab.bench.workloads import watched
from nnlab.project import Project

SEEDS = 64
FULL, QUICK = (20, 100), (10, 40)  # epochs; the difference is training alone, without what comes before and after


class Seeds:
    """64 seeds of 8-8-8 in one computation."""

    title = "64 seeds of 8-8-8 side by side"
    how = (
        "Processor time that 64 seeds take for an epoch in one computation (80 of 100 epochs, so that set-up does not"
        " count), against one run whose engine has warmed up, in turn, on one thread."
    )
    bars = (Bar("the processor time of one run", 3, at_least=False),)

    def run(self, effort: Effort) -> Outcome:
        """Many and one in turn."""
        short, long = QUICK if effort.quick else FULL
        with torch_threads(1):
            one = Training(watched())
            one.warm_up()
            eager = Training(watched())  # never captured: for information
            _single(eager, short)
            _many(short)
            pairs = [(_seeds(short, long), _single(one, long - short)) for _ in range(effort.starts)]
        facts: Facts = {
            f"one run ({engine_name(eager)}), ms an epoch": _single(eager, long - short),
            "64 seeds, ms an epoch": statistics.median(many for many, _ in pairs),
            f"one run ({engine_name(one)}), ms an epoch": statistics.median(single for _, single in pairs),
        }
        return Outcome((Reading(self.bars[0], tuple(many / single for many, single in pairs)),), facts)


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
