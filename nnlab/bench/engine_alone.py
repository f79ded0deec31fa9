"""A part of the bench: the engine without any window, trained on demand."""

from time import perf_counter

from nnlab.bench import ours, parts
from nnlab.bench.workloads import watched

STRETCH = 50  # steps between two looks at the clock


def main(arguments: list[str]) -> int:
    """Train for as long as is asked, again and again; each time say how fast."""
    from nnlab.engine.device import arithmetic

    training = ours.Training(watched())
    with arithmetic(training.loop.learner.threads):
        training.warm_up()
        for _, seconds in parts.asked():
            steps, began = 0, perf_counter()
            while perf_counter() - began < seconds:
                steps += training.run(STRETCH)
            parts.answer({"rate": steps / (perf_counter() - began), "engine": ours.engine_name(training)})
    return 0
