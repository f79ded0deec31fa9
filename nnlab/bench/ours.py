"""NNLab's side: the real engine on a real document, timed inside the run after it has warmed up."""

import importlib.util

from nnlab.bench.clocks import Clock, now
from nnlab.bench.contest import Contestant, Runner
from nnlab.bench.workloads import Workload, stand_in
from nnlab.core.document import Document

WARM_SECONDS = 1.0  # at least, so that whatever the engine prepares is in place
WARM_LIMIT = 3.0
STEADY = 0.1  # two stretches whose speed differs by less than this share are the same speed
HAS_CAPTURED = importlib.util.find_spec("nnlab.engine.switching") is not None


class Training:
    """One run of NNLab's engine, without window and thread; it trains on whenever it is told to."""

    def __init__(self, document: Document) -> None:
        from nnlab.engine.loop import Loop

        self.loop = Loop(document, lambda event: None)
        self._steps = self.loop.steps()

    def run(self, steps: int) -> int:
        """Train for at least so many steps; how many it were."""
        loop, began = self.loop, self.loop.step
        until = began + steps
        while loop.step < until:
            if loop.finished is not None:
                raise RuntimeError(f"the run ended at step {loop.step}: {loop.finished.message}")
            if HAS_CAPTURED:
                loop.stretch(until=until)
            else:
                next(self._steps)
        return loop.step - began

    def warm_up(self, least: float = WARM_SECONDS) -> None:
        """Let the fastest engine take over as it does in every run, and train until the speed is steady."""
        self.run(1)
        if HAS_CAPTURED:
            from nnlab.engine.switching import capture_now

            capture_now(self.loop)
        read = now("wall")
        began, last, steps = read(), 0.0, 10
        while read() - began < WARM_LIMIT:
            start = read()
            taken = self.run(steps)
            rate = taken / max(read() - start, 1e-9)
            if read() - began >= least and abs(rate - last) <= STEADY * rate:
                return
            last, steps = rate, max(10, int(rate * least / 4))

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

    return prepared(training.loop).engine


def contestant(work: Workload, clock: Clock) -> Contestant:
    """NNLab on this work."""
    from nnlab.engine.device import arithmetic

    training = Training(work.document) if work.document is not None else with_module(work)
    threads = 1 if clock == "cpu" or work.document is None else training.loop.learner.threads
    with arithmetic(threads):
        training.warm_up()
    own = 0 if work.document is None else threads
    name, note = f"NNLab ({engine_name(training)} engine)", getattr(training.loop, "engine_reason", "")
    return Contestant(name, training.runner(clock), counts=False, own_threads=own, note=note)


def with_module(work: Workload) -> Training:
    """A run of NNLab's engine in which a module written by hand stands in the place of the network that was drawn."""
    from nnlab.engine.order import Order

    x, y = work.data()
    training = Training(stand_in(work, len(x), int(y.max()) + 1))
    loop, learner = training.loop, training.loop.learner
    learner.network = work.module().train()  # type: ignore[assignment]
    learner.data["train"] = x, y
    learner.take(list(learner.network.parameters()))
    loop.order = Order((x, y), work.batch, loop.training.seed)
    return training
