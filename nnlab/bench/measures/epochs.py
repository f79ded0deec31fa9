"""Whether an epoch costs more the longer a run lasts, and whether memory grows."""

import time
from dataclasses import replace

from nnlab.bench.clocks import undisturbed
from nnlab.bench.contest import torch_threads
from nnlab.bench.measure import MEASURES, Bar, Effort, Outcome, Reading
from nnlab.bench.ours import Training, engine_name
from nnlab.bench.workloads import xor
from nnlab.core.document import Document
from nnlab.core.words import count

LATE = 50_000
BATCH = 25
TURN_SECONDS = 0.08
TURNS = 10  # of each run in one round
STRIDE = 100  # epochs between two looks at the clock
WARM_SECONDS = 0.1
FULL_SECONDS, QUICK_SECONDS = 45.0, 5.0


class EpochCost:
    """Two runs of the same small network in turn: a young one and one that has lasted for long."""

    title = "A long run: 2-4-1 on 250 points, batches of 25"
    how = (
        "Processor time of an epoch of a run that is at epoch 50 000 against one of a run that has just begun (its engine"
        " ready), in short turns; memory of the process before and after the long run."
    )
    bars = (
        Bar("the cost of an epoch when the run has just begun", 1.05, at_least=False),
        Bar("more memory after the long run", unit="MB"),
    )

    def run(self, effort: Effort) -> Outcome:
        """Let one run grow old, then take both in turn."""
        with torch_threads(1), undisturbed():
            young, old = Training(_document()), Training(_document())
            young.warm_up(WARM_SECONDS)
            old.warm_up(WARM_SECONDS)
            first, before = young.loop.epoch, _memory()
            _grow_old(old, QUICK_SECONDS if effort.quick else FULL_SECONDS)
            grown, reached = (_memory() - before) / 1e6, old.loop.epoch
            turn = max(1, int(TURN_SECONDS / _an_epoch(old, STRIDE)))
            found = [_round(young, old, turn) for _ in range(effort.starts)]
        note = "" if reached >= LATE else f"stopped at epoch {count(reached)} for lack of time"
        readings = (Reading(self.bars[0], tuple(b / a for a, b in found), note), Reading(self.bars[1], (grown,)))
        facts = {
            f"an epoch of the young run (epochs {count(first)} to {count(young.loop.epoch)}), ms": 1000 * found[0][0],
            f"an epoch of the old run (epochs {count(reached)} to {count(old.loop.epoch)}), ms": 1000 * found[0][1],
        }
        return Outcome(readings, {**facts, "engine": engine_name(old)})


def _document() -> Document:
    document = xor().document
    assert document is not None
    return replace(document, training=document.training.with_(batch_size=BATCH))


def _grow_old(old: Training, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while old.loop.epoch < LATE and time.perf_counter() < end:
        old.run(STRIDE * old.loop.steps_per_epoch)


def _round(young: Training, old: Training, epochs: int) -> tuple[float, float]:
    """Processor time of an epoch of both, over several short turns."""
    spent = {young: 0.0, old: 0.0}
    for turn in range(TURNS):
        for each in (young, old) if turn % 2 else (old, young):
            spent[each] += _an_epoch(each, epochs) / TURNS
    return spent[young], spent[old]


def _an_epoch(run: Training, epochs: int) -> float:
    """Seconds of processor time for each of the next epochs."""
    began, first = time.process_time(), run.loop.epoch
    run.run(epochs * run.loop.steps_per_epoch)
    return (time.process_time() - began) / max(1, run.loop.epoch - first)


def _memory() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss)


MEASURES.register("epochs")(EpochCost())
