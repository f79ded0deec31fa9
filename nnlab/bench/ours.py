"""NNLab's side: the real engine on a real document, timed inside the run after it has warmed up."""

from nnlab.bench.clocks import Clock, now
from nnlab.bench.contest import Contestant, Runner
from nnlab.bench.measure import Effort
from nnlab.bench.workloads import Workload, stand_in
from nnlab.core.document import Document

WARM_SECONDS = 1.0  # at least, so that whatever the engine prepares is in place
WARM_LIMIT = 3.0
STEADY = 0.1  # two stretches whose speed differs by less than this share are the same speed


class Training:
    """One run of NNLab's engine, without window and thread; it trains on whenever it is told to."""

    def __init__(self, document: Document) -> None:
        from nnlab.engine.loop import Loop

        self.loop = Loop(document, lambda event: None, spare=0)

    def run(self, steps: int) -> int:
        """Train for at least so many steps; how many it were."""
        loop, began = self.loop, self.loop.step
        until = began + steps
        while loop.step < until:
            if loop.finished is not None:
                raise RuntimeError(f"the run ended at step {loop.step}: {loop.finished.message}")
            loop.stretch(until=until)
        return loop.step - began

    def warm_up(self, least: float = WARM_SECONDS) -> None:
        """Let the fastest engine take over as it does in every run, and train until the speed is steady."""
        from nnlab.engine.captured.switching import capture_now

        self.run(1)
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
    from nnlab.engine.telling import engine

    return engine(training.loop)


def contestant(work: Workload, effort: Effort) -> Contestant:
    """NNLab on this work, with the threads and the layout in memory that it chooses; by processor time on one thread."""
    from nnlab.engine.device import arithmetic

    document = work.document
    if document is not None and effort.clock == "cpu":
        document = document.with_training(threads=1)
    training = with_module(work) if document is None else Training(document)
    learner = training.loop.learner
    with arithmetic(learner.threads):
        training.warm_up(min(WARM_SECONDS, 4 * effort.seconds))
    own = 0 if document is None else learner.threads
    name = f"NNLab ({engine_name(training)} engine{', channels last' if learner.axes else ''})"
    note = "" if training.loop.captured is not None else training.loop.engine_reason
    return Contestant(name, training.runner(effort.clock), counts=False, own_threads=own, note=note)


def with_module(work: Workload) -> Training:
    """A run of NNLab's engine in which a module written by hand stands in the place of the network that was drawn."""
    from nnlab.engine.order import Order

    x, y = work.data()
    training = Training(stand_in(work, len(x), int(y.max()) + 1))
    loop, learner = training.loop, training.loop.learner
    learner.network = learner.brain = work.module().train()  # type: ignore[assignment]
    learner.data["train"] = x, y
    learner.take(list(learner.network.parameters()))
    loop.order = Order(learner.samples("train"), work.batch, loop.training.seed)
    return training
