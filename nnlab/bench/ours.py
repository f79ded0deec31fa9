"""NNLab's side: the real engine on a real document, timed inside the run after it has warmed up."""

from nnlab.bench.clocks import Clock, now
from nnlab.bench.contest import Contestant, Runner
from nnlab.bench.workloads import Workload
from nnlab.core.document import Document

WARM_SECONDS = 1.0  # at least, so that whatever the engine prepares in the background is in place
WARM_LIMIT = 3.0
STEADY = 0.1  # two stretches whose speed differs by less than this share are the same speed


class Training:
    """One run of NNLab's engine, without window and thread; it trains on whenever it is told to."""

    def __init__(self, document: Document) -> None:
        from nnlab.engine.loop import Loop

        self.loop = Loop(document, lambda event: None)
        self._steps = self.loop.steps()

    def run(self, steps: int) -> int:
        """Train for at least so many steps; how many it were."""
        loop, going = self.loop, self._steps
        began = loop.step
        while loop.step - began < steps:
            if next(going, self) is self:
                raise RuntimeError(f"the run ended at step {loop.step}: {loop.finished}")
        return loop.step - began

    def warm_up(self, least: float = WARM_SECONDS) -> None:
        """Train until the speed is steady: the engine may have a faster way that it prepares while it trains."""
        read = now("wall")
        began, last, stretch = read(), 0.0, least / 4
        while read() - began < WARM_LIMIT:
            start, step = read(), self.loop.step
            while read() - start < stretch:
                self.run(1)
            rate = (self.loop.step - step) / (read() - start)
            if read() - began >= least and abs(rate - last) <= STEADY * rate:
                return
            last = rate

    def runner(self, clock: Clock) -> Runner:
        """The run as a contestant's runner."""
        read = now(clock)

        def run(steps: int) -> tuple[int, float]:
            began = read()
            return self.run(steps), read() - began

        return run


def engine_name(training: Training) -> str:
    """Which engine runs, as the run bar says it."""
    from nnlab.engine.telling import prepared

    return str(getattr(training.loop, "engine", "") or prepared(training.loop).engine)


def contestant(work: Workload, clock: Clock) -> Contestant | None:
    """NNLab on this work; None where it cannot be drawn yet."""
    if work.document is None:
        return None
    from nnlab.engine.device import arithmetic

    training = Training(work.document)
    threads = 1 if clock == "cpu" else training.loop.learner.threads
    with arithmetic(threads):
        training.warm_up()
    name = f"NNLab ({engine_name(training)} engine)"
    return Contestant(name, training.runner(clock), counts=False, own_threads=threads)
