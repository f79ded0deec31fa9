"""Stopwatches: by the wall, or by the processor time of this process where others load the machine."""

import contextlib
import gc
import os
import time
from collections.abc import Callable, Iterator
from typing import Literal

Clock = Literal["wall", "cpu"]

LOOK_SECONDS = 0.7  # how long the machine is watched before a clock is chosen
BUSY = 0.12  # share of the machine that others may use before the wall clock would lie


def now(clock: Clock) -> Callable[[], float]:
    """The function that reads this clock, in seconds."""
    return time.process_time if clock == "cpu" else time.perf_counter


def choose(load: float) -> Clock:
    """The wall clock on a quiet machine; processor time where other programs take this share of it."""
    return "cpu" if load > BUSY else "wall"


def load_of_others() -> float:
    """The share of the machine that other programs use at this moment; 0 is none, 1 is all of it."""
    import psutil

    return float(psutil.cpu_percent(LOOK_SECONDS)) / 100


def thread_counts(clock: Clock, asked: str) -> tuple[int, ...]:
    """The numbers of torch threads to try, from a text such as "1,all"; processor time can only judge one."""
    if clock == "cpu":
        return (1,)
    every = os.cpu_count() or 1
    return tuple(sorted({every if word == "all" else min(max(int(word), 1), every) for word in asked.split(",")}))


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, Python's garbage collector does not run of itself; it did just before."""
    was = gc.isenabled()
    gc.collect()
    gc.freeze()  # libraries stay: later collections need not walk through them
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was:
            gc.enable()
