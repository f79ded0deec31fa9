"""A part of the bench: the engine without any window, trained on demand."""

from threading import main_thread
from time import perf_counter

from nnlab.bench import ours, parts
from nnlab.bench.waiting import Thread
from nnlab.bench.workloads import watched

STRETCH = 2_000  # steps between two looks at the clock


def main(arguments: list[str]) -> int:
    """Train for as long as is asked, again and again; each time say how fast."""
    from nnlab.engine.device import arithmetic

    training = ours.Training(watched())
    with arithmetic(training.loop.learner.threads):
        training.warm_up()
        for _, seconds in parts.asked():
            steps, began, thread = 0, perf_counter(), Thread(main_thread())
            while perf_counter() - began < seconds:
                steps += training.run(STRETCH)
            took = perf_counter() - began
            own = max(took - thread.waited(), 0.01 * took)
            parts.answer({"rate": steps / took, "undisturbed": steps / own, "engine": ours.engine_name(training)})
    return 0
