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
TURN = 60  # epochs of each run in one turn
TURNS = 10  # in one round
FULL_SECONDS, QUICK_SECONDS = 45.0, 5.0


class EpochCost:
    """Two runs of the same small network in turn: a young one and one that has lasted for long."""

    title = "A long run: 2-4-1 on 250 points, batches of 25"
    how = (
        "Processor time of 600 epochs of a run at epoch 50,000 against a run that has just begun (its engine ready), in"
        " turn; memory of the process before and after the long run."
    )
    bars = (
        Bar("the cost of an epoch when the run has just begun", 1.05, at_least=False),
        Bar("more memory after the long run", unit="MB"),
    )

    def run(self, effort: Effort) -> Outcome:
        """Let one run grow old, then take both in turn."""
        with torch_threads(1), undisturbed():
            young, old = Training(_document()), Training(_document())
            young.warm_up()
            old.warm_up()
            first, before = young.loop.epoch, _memory()
            _grow_old(old, QUICK_SECONDS if effort.quick else FULL_SECONDS)
            grown = (_memory() - before) / 1e6
            reached = old.loop.epoch
            found = [_round(young, old) for _ in range(effort.starts)]
        note = "" if reached >= LATE else f"stopped at epoch {count(reached)} for lack of time"
        readings = (Reading(self.bars[0], tuple(b / a for a, b in found), note), Reading(self.bars[1], (grown,)))
        facts = {f"an epoch of the young run (from epoch {first} on), ms": 1000 * found[0][0] / TURN / TURNS}
        return Outcome(readings, {**facts, "engine": engine_name(old)})


def _document() -> Document:
    document = xor().document
    assert document is not None
    return replace(document, training=document.training.with_(batch_size=BATCH))


def _grow_old(old: Training, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while old.loop.epoch < LATE and time.perf_counter() < end:
        old.run(TURN)


def _round(young: Training, old: Training) -> tuple[float, float]:
    """Processor time of both for the same number of epochs, in several short turns."""
    spent = {young: 0.0, old: 0.0}
    for turn in range(TURNS):
        for each in (young, old) if turn % 2 else (old, young):
            began, epoch = time.process_time(), each.loop.epoch
            each.run(TURN * each.loop.steps_per_epoch)
            spent[each] += (time.process_time() - began) * TURN / max(1, each.loop.epoch - epoch)
    return spent[young], spent[old]


def _memory() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss)


MEASURES.register("epochs")(EpochCost())
