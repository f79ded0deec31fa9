"""Going to another moment of a run: from the nearest one that is kept before it, then step by step, to the bit."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnlab.engine.loop import Loop

SECONDS = 0.03  # of a stretch: somebody waits, and may want to go elsewhere meanwhile


def seeking(loop: "Loop", step: int) -> Iterator[None]:
    """Go to the moment after `step` steps, back or forward; steps never taken before are new training."""
    loop.phases.clear()
    loop.flush()
    known = min(step, loop.timeline.furthest)
    if loop.finished is not None or not loop.nearest(known).step <= loop.step <= known:
        loop.finished = None
        loop.restore(loop.nearest(known))
    yield from repeating(loop, known)
    while loop.step < step and loop.finished is None:
        loop.stretch(step, SECONDS)
        yield


def repeating(loop: "Loop", step: int) -> Iterator[None]:
    """Take the steps up to this one again, each with the settings and the engine that took it; nothing is told of them."""
    loop.repeating = True
    try:
        while loop.step < step:
            loop.stretch(step, SECONDS)
            yield
    finally:
        loop.flush()
        loop.repeating = False
