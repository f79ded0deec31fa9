"""A run whose memory ran out or whose device went away: what is left of it, and how it goes on."""

import contextlib
from collections.abc import Callable

import numpy as np
import torch

from nnlab.core.words import plural
from nnlab.engine.device import device_lost, memory_sentence, out_of_memory
from nnlab.engine.events import Branched, Event, Interrupted, Losses
from nnlab.engine.loop import Loop
from nnlab.engine.travel.timeline import Moment


def rescued(loop: Loop, error: BaseException, emit: Callable[[Event], object]) -> Loop | None:
    """The run after an error that it can be saved from: at its last good moment, ready to go on; None for other errors.

    Tells what happened. The run may be another one than before: on the CPU, if its device is gone.
    """
    if loop.finished is not None or not (out_of_memory(error) or device_lost(error)):
        return None
    loop.send()
    if device_lost(error):
        found, moment = _on_cpu(loop, emit)
        why = f"{loop.learner.place.label} stopped answering ({_first_line(error)})."
        then = "Training can go on from there on the CPU."
    else:
        _let_go_of_memory(loop)
        found, moment = loop, loop.nearest(loop.step)
        loop.restore(moment)
        learner = loop.learner
        why = memory_sentence(loop.document, sum(learner.parts.rows), learner.place)
        then = ""
    found.timeline.forget_after(found.step)
    emit(Branched(found.run, found.step))
    _tell_again(moment, found.run, emit)
    kept = (
        f"The weights are those after {plural(found.step, 'step')}."
        if found.step
        else "The first weights are in place."
    )
    message = " ".join(part for part in (why, kept, then) if part)
    emit(Interrupted(found.run, message, found.learner.place.label, found.learner.threads))
    return found


def _on_cpu(loop: Loop, emit: Callable[[Event], object]) -> tuple[Loop, Moment]:
    """The same run on the CPU, as it was at the last moment that is kept."""
    found = Loop(loop.document.with_training(device="cpu"), emit, loop.run)
    kept = loop.timeline.checkpoints.before(loop.step)
    assert kept is not None  # the start of the run is always kept
    found.timeline, found.alarm = loop.timeline, loop.alarm
    found.configure(loop.training)
    found.restore(kept)
    torch.set_num_threads(found.learner.threads)
    return found, kept


def _tell_again(moment: Moment, run: int, emit: Callable[[Event], object]) -> None:
    """The losses of the epoch under way: some of them may not have been told before the moment was kept."""
    if moment.position:
        values = np.concatenate(moment.tally[0])
        values.flags.writeable = False
        emit(Losses(run, moment.step - len(values), values))


def _let_go_of_memory(loop: Loop) -> None:
    loop.phases.clear()
    if loop.learner.place.device.type == "cuda":
        with contextlib.suppress(RuntimeError):
            torch.cuda.empty_cache()


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
