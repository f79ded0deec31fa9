"""Many seeds of one network side by side, against one run of it."""

import time
from collections.abc import Callable

from nnlab.bench.contest import torch_threads
from nnlab.bench.measure import MEASURES, Bar, Effort, Facts, Outcome, Reading, not_measured
from nnlab.bench.ours import Training, engine_name
from nnlab.bench.workloads import watched
from nnlab.project import Project

SEEDS = 64
SHORT, LONG = 20, 120  # epochs; the difference is training alone, without what comes before and after


class Seeds:
    """64 seeds of 8-8-8 in one computation."""

    title = "64 seeds of 8-8-8 side by side"
    how = (
        "Processor time that 100 epochs of 64 seeds take in one computation (120 epochs less 20, so that set-up does not"
        " count), against 100 epochs of one run whose engine has warmed up, in turn, on one thread."
    )
    bars = (Bar("the processor time of one run", 3, at_least=False),)

    def run(self, effort: Effort) -> Outcome:
        """Many and one in turn."""
        if not hasattr(Project, "train_many"):
            return not_measured(self.bars, "not yet: NNLab trains one seed at a time")
        with torch_threads(1):
            one = Training(watched())
            one.warm_up()
            _many(SHORT)
            pairs = [(_cpu(lambda: _many(LONG)) - _cpu(lambda: _many(SHORT)), _one(one)) for _ in range(effort.rounds)]
        facts: Facts = {
            "64 seeds, ms an epoch": _an_epoch(pairs, 0),
            f"one run ({engine_name(one)}), ms an epoch": _an_epoch(pairs, 1),
        }
        return Outcome((Reading(self.bars[0], tuple(many / one for many, one in pairs)),), facts)


def _many(epochs: int) -> None:
    project = Project(watched().with_training(epochs=epochs))
    project.train_many(seeds=SEEDS)  # type: ignore[attr-defined]


def _one(run: Training) -> float:
    """Processor time of as many epochs of the single run."""
    first = run.loop.epoch
    spent = _cpu(lambda: run.run((LONG - SHORT) * run.loop.steps_per_epoch))
    return spent * (LONG - SHORT) / max(1, run.loop.epoch - first)


def _cpu(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def _an_epoch(pairs: list[tuple[float, float]], which: int) -> float:
    values = sorted(pair[which] for pair in pairs)
    return 1000 * values[len(values) // 2] / (LONG - SHORT)


MEASURES.register("seeds")(Seeds())
