"""Going to another moment of a run: from the nearest one that is kept before it, then step by step, to the bit."""

from collections.abc import Iterator

from nnlab.engine.loop import Loop


def seeking(loop: Loop, step: int) -> Iterator[None]:
    """Go to the moment after `step` steps, back or forward; steps never taken before are new training."""
    loop.phases.clear()
    loop.flush()
    known = min(step, loop.timeline.furthest)
    start = loop.timeline.checkpoints.before(known)
    assert start is not None  # the start of the run is always kept
    if loop.finished is not None or not start.step <= loop.step <= known:
        loop.finished = None
        loop.restore(start)
    loop.repeating = True
    try:
        while loop.step < known:
            loop.advance()
            yield
    finally:
        loop.flush()
        loop.repeating = False
    while loop.step < step and loop.finished is None:
        loop.advance()
        yield
