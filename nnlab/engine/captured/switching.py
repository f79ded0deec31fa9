"""From the eager engine to the captured one: when it is worth while, whether its numbers are right, and why not if not."""

import copy
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from nnlab.core.words import plural
from nnlab.engine.captured.capture import Runs, capture
from nnlab.engine.captured.cuda_graph import TITLE, capture_graph, same_luck
from nnlab.engine.captured.flight import Captured, Flight
from nnlab.engine.captured.program import Layout
from nnlab.engine.captured.recorder import Subject
from nnlab.engine.captured.tape import CannotCapture
from nnlab.engine.device import step_work
from nnlab.engine.order import padded
from nnlab.engine.update import WrittenUpdate

if TYPE_CHECKING:
    from nnlab.engine.loop import Loop

WORTH_STEPS = 1_000
"""Steps below which a whole run takes the eager engine less time than it takes to capture it."""
LONG_PROGRAM = 4  # times as many steps pay where every step of a series stands in the program by itself
HEAVY_WORK = 10_000_000  # floating-point operations by which a step counts as one more
TRIED_STEPS = 4
SLOWER = 1.3  # times the eager engine's time, from which on a program that rounds otherwise is not worth it
TOLERANCE = 1e-6  # of the loss, over the steps that are tried
GRAPH_TOLERANCE = 1e-4  # on a graphics card, which may add in another order each time

EAGER = "Each operation of a step is called from Python."
GRAPH = "Each step is one call to the graphics card; the first of them were checked against the eager engine{how}."
CAPTURED = "The whole training loop runs as one program without Python; its first steps were checked against the eager engine{how}."


@dataclass(frozen=True)
class Verdict:
    """Which engine takes over, and a sentence why."""

    captured: Captured | None
    reason: str


def subject_of(loop: "Loop") -> Subject:
    """A private copy of what the loop trains, to be captured anywhere; CannotCapture where that is known to fail."""
    learner = loop.learner
    if learner.place.device.type != "cpu":
        raise CannotCapture(f"it computes on {learner.place.label}")
    if learner.scale is not None:
        raise CannotCapture("float16 decides after each backward pass whether the step is taken")
    if not isinstance(learner.update, WrittenUpdate):
        raise CannotCapture("its optimizer, or layers with learning rates of their own, run as torch's own class")
    rows, size = learner.parts.rows[0], learner.batch_size
    places = {id(p): k for k, p in enumerate(learner.network.parameters())}
    chunk = learner.rows_at_once
    return Subject(
        copy.deepcopy(learner.brain), tuple(places[id(p)] for p in learner.parameters),
        learner.loss, learner.metric, learner.rule, learner.samples("train"), learner.samples("validation"),
        Layout(rows, size, padded(size, learner.samples("train")), loop.steps_per_epoch, learner.axes), chunk,
        learner.precision,
    )  # fmt: skip


def is_worth_it(loop: "Loop") -> bool:
    """Whether the run is long enough to gain by being captured."""
    left = loop.training.epochs * loop.steps_per_epoch - loop.step
    recurrent = any(node.layer.category == "Recurrent" for node in loop.document.graph.nodes.values())
    worth = WORTH_STEPS * (LONG_PROGRAM if recurrent else 1)
    return left * (1 + step_work(loop.document, loop.learner.batch_size) / HEAVY_WORK) >= worth


def capture_now(loop: "Loop") -> None:
    """Capture, try and switch, all at once; where that fails the loop stays eager and says why."""
    try:
        program = _program(loop)
    except Exception as error:  # noqa: BLE001 - whatever fails here, the eager engine goes on
        loop.engine_reason = refusal(error)
        return
    switch(loop, program)


def _program(loop: "Loop") -> Runs:
    if loop.learner.place.device.type == "cuda":
        return capture_graph(loop)
    return capture(subject_of(loop))


def switch(loop: "Loop", program: Runs) -> None:
    """Between two steps: try the program on the next ones, and let it take over if its numbers are right."""
    try:
        verdict = tried(loop, program)
    except Exception as error:  # noqa: BLE001 - as above
        loop.captured, loop.engine_reason = None, refusal(error)
        return
    loop.captured, loop.engine_reason = verdict.captured, verdict.reason


def refusal(error: Exception) -> str:
    """Why a run stays with the eager engine."""
    why = str(error) if isinstance(error, CannotCapture) else f"capturing it failed ({type(error).__name__})"
    return f"{EAGER} This network cannot be captured because {why}."


def tried(loop: "Loop", program: Runs) -> Verdict:
    """Take the next steps with both engines, from the same state, and compare; the loop is left as it was."""
    if not loop.flush() or loop.steps_left == 0:
        raise CannotCapture("its loss is no number, or it is at its end")
    captured = Captured.of(program, loop.learner, exact=True)
    start, last = loop.moment(), loop.last_loss
    left = loop.steps_per_epoch - loop.position
    steps = min(left + 1 if left < 2 * TRIED_STEPS else TRIED_STEPS, loop.steps_left)
    loop.repeating = True
    roll = same_luck(loop.learner.place.device)
    try:
        found, seconds = [], []
        for fly in (False, True):
            roll()
            began = time.perf_counter()
            if fly:
                flight = Flight(loop, captured, steps)
                flight.run()
                flight.land()
            else:
                for _ in range(steps):
                    loop.advance()
                loop.flush()
            seconds.append(time.perf_counter() - began)
            after = loop.moment()
            found.append((after.learner.tensors, torch.from_numpy(loop.tally.losses()), after.last_epoch))
            loop.restore(start)
    finally:
        loop.repeating = False
        loop.restore(start)
        loop.last_loss = last
    (weights, losses, epoch), (its_weights, its_losses, its_epoch) = found
    exact = all(map(torch.equal, weights, its_weights)) and torch.equal(losses, its_losses)
    graph = program.title == TITLE
    said, tolerance = (GRAPH, GRAPH_TOLERANCE) if graph else (CAPTURED, TOLERANCE)
    if exact and _figures(epoch) == _figures(its_epoch):
        return Verdict(captured, said.format(how=" and equal to the last bit"))
    captured.exact = False
    apart = max((float((a.double() - b.double()).abs().max()) for a, b in zip(weights, its_weights, strict=True)))
    if not apart <= tolerance or not torch.allclose(losses, its_losses, rtol=tolerance, atol=tolerance):
        return Verdict(None, refusal(CannotCapture(f"its numbers would be others after {plural(steps, 'step')}")))
    if not graph and seconds[1] > SLOWER * seconds[0]:
        return Verdict(
            None, f"{EAGER} torch has an operation of its own for this network that is faster than the program."
        )
    return Verdict(captured, said.format(how=f" and equal to {apart:.0e}"))


def _figures(epoch: object) -> object:
    """An epoch's figures without the time it took."""
    found = dict(vars(epoch)) if epoch is not None else {}
    found.pop("seconds", None)
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in found.items()}
