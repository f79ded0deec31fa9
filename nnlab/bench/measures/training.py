"""Training speed: NNLab's engine against the best hand-written loop and against peers, on six pieces of work."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from nnlab.bench import ours, peers, rivals
from nnlab.bench.contest import Contestant, best, hold, ratios
from nnlab.bench.measure import MEASURES, Bar, Effort, Facts, Outcome, Reading
from nnlab.bench.workloads import Workload, cnn, digits, gru, spiral, transformer, xor

RIVAL = "as fast as the best hand-written loop"


class TrainingSpeed:
    """Steps a second on one piece of work, everybody in alternating rounds."""

    how = (
        "Steps a second of NNLab's engine, warmed up, against eager PyTorch loops written by hand (the fastest counts) on"
        " the same data, batch and optimizer; NNLab also measures each epoch."
    )

    def __init__(
        self, make: Callable[[], Workload], limit: float, peer_limits: Mapping[str, float] = MappingProxyType({})
    ) -> None:
        self.title = make().title
        self.make = make
        """The work, made anew."""
        self._peers = tuple(peer_limits)
        self.bars = (Bar(RIVAL, limit), *(Bar(f"as fast as {peers.TITLES[p]}", n) for p, n in peer_limits.items()))

    def run(self, effort: Effort) -> Outcome:
        """Let everybody train in turn."""
        work = self.make()
        mine = ours.contestant(work, effort)
        others = rivals.by_hand(work, effort.clock)
        guests = {name: peers.peer(name, work, effort.clock) for name in self._peers}
        everybody = [mine, *others, *(guest for guest in guests.values() if isinstance(guest, Contestant))]
        hold(everybody, effort, len(work.data()[0]) // work.batch)
        rival = best(others)
        readings = [Reading(self.bars[0], ratios(mine, rival))]
        for bar, guest in zip(self.bars[1:], guests.values(), strict=True):
            readings.append(Reading(bar, (), guest) if isinstance(guest, str) else Reading(bar, ratios(mine, guest)))
        return Outcome(tuple(readings), _facts(everybody, rival))


def _facts(everybody: list[Contestant], rival: Contestant) -> Facts:
    rates: Facts = {f"{each.label}, steps/s": each.median for each in everybody}
    told: Facts = {each.name: each.note for each in everybody if each.note}
    return {**rates, "best hand-written loop": rival.label, **told}


MEASURES.register("spiral")(TrainingSpeed(spiral, 4.0, {"lightning": 14.0, "skorch": 10.0, "keras": 40.0}))
MEASURES.register("digits")(TrainingSpeed(digits, 2.5))
MEASURES.register("cnn")(TrainingSpeed(cnn, 1.5))
MEASURES.register("gru")(TrainingSpeed(gru, 1.5))
MEASURES.register("transformer")(TrainingSpeed(transformer, 0.95))
MEASURES.register("xor")(TrainingSpeed(xor, 4.0))
