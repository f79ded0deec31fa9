"""The captured engine of an NVIDIA GPU: a whole step (forward, loss, backward, update) as one CUDA graph.

A graph is recorded once on tensors that stay where they are and is then started with a single call; batch and learning
rate are copied into their places before. It is compared with the eager engine before it takes over, like every engine.

NOTE: this module follows torch's documentation and has never run: no NVIDIA GPU was at hand when it was written. Its
tests are skipped where there is none. Whatever fails here, the eager engine goes on and says why.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nnlab.core.document import Training
from nnlab.engine.captured.driven import Driven, PlainStep
from nnlab.engine.captured.tape import CannotCapture
from nnlab.engine.learner import Learner
from nnlab.engine.update import WrittenUpdate, prepare

if TYPE_CHECKING:
    from nnlab.engine.loop import Loop

TITLE = "CUDA graph"
WARM_UP = 3  # steps on a stream of their own before recording, as torch's documentation asks for


def capture_graph(loop: "Loop") -> Driven:
    """The program of this loop's own tensors, to be tried between two steps; CannotCapture where that is known to fail."""
    learner = loop.learner
    if learner.scale is not None:
        raise CannotCapture("float16 decides after each backward pass whether the step is taken")
    if not isinstance(learner.update, WrittenUpdate):
        raise CannotCapture("its optimizer runs as torch's own class")
    step = GraphStep(learner)
    x, y = (part[: learner.batch_size] for part in learner.data["train"])
    step.record(x, y, loop.training)
    return Driven(learner, step, loop.steps_per_epoch, TITLE)


class GraphStep:
    """Steps on whole batches, as a graph; the last, smaller batch of an epoch is the eager engine's."""

    def __init__(self, learner: Learner) -> None:
        assert isinstance(learner.update, WrittenUpdate)
        self._learner, self._rule = learner, learner.update
        self._device = learner.place.device
        self._plain = PlainStep(learner)
        self._rate = torch.zeros((), device=self._device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._recorded: tuple[float, float, float] | None = None

    def __call__(self, x: Tensor, y: Tensor, rate: float, taken: int, training: Training) -> tuple[Tensor, Tensor]:
        """Take one step; nothing waits for the device. The first step of a run is never taken here."""
        if len(x) != self._learner.batch_size:
            return self._plain(x, y, rate, taken, training)
        if self._recorded != _fixed(training):
            self.record(x, y, training)
        assert self._graph is not None
        self._x.copy_(x)
        self._y.copy_(y)
        self._rate.fill_(rate)
        self._graph.replay()
        return self._loss.clone(), self._answer.clone()

    def record(self, x: Tensor, y: Tensor, training: Training) -> None:
        """Record the step with these settings; weights and random numbers are afterwards as they were."""
        learner = self._learner
        self._graph, self._recorded = None, None
        self._x, self._y = x.clone(), y.clone()
        before, luck = learner.state(), torch.cuda.get_rng_state(self._device)
        side = torch.cuda.Stream(self._device)
        try:
            side.wait_stream(torch.cuda.current_stream(self._device))
            with torch.cuda.stream(side):
                for _ in range(WARM_UP):
                    self._whole(training)
            torch.cuda.current_stream(self._device).wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=side):
                self._loss, self._answer = self._whole(training)
        finally:
            learner.restore(before)
            torch.cuda.set_rng_state(luck, self._device)
        self._graph, self._recorded = graph, _fixed(training)

    def _whole(self, training: Training) -> tuple[Tensor, Tensor]:
        learner = self._learner
        prediction = learner.forward(self._x)
        loss = learner.loss(prediction, self._y)
        gradients = learner.gradients(loss)
        with torch.no_grad():
            flat = [learner.flat.put_gradients(gradients)]
            if training.l1 or training.clip_norm:
                prepare([learner.flat.values], flat, learner.flat.gradients, training.l1, training.clip_norm)
            apply_at(self._rule, flat if self._rule.whole else learner.flat.gradients, self._rate, training.l2)
        return loss.detach(), prediction.detach()


def apply_at(rule: WrittenUpdate, gradients: list[Tensor], rate: Tensor, decay: float) -> None:
    """One step of a rule with a learning rate that lies on the device, so that it can change under a recorded graph.

    Adam takes such a rate as it is. The others only ever multiply by it at the end: there they move zeros with a rate of
    1, and what became of the zeros is multiplied. Never the first step of a run, which some rules take differently.
    """
    if rule.counts:
        rule.move(rule.parameters, gradients, rate, decay)
        return
    if decay:
        gradients = list(torch._foreach_add(gradients, rule.parameters, alpha=decay))
    moved = [torch.zeros_like(p) for p in rule.parameters]
    rule.move(moved, gradients, 1.0, 0.0)
    torch._foreach_mul_(moved, rate)
    torch._foreach_add_(rule.parameters, moved)


def same_luck(device: torch.device) -> Callable[[], None]:
    """Call what it gives, and the device draws the random numbers that it would draw now. The CPU's are the run's own."""
    if device.type != "cuda":
        return lambda: None
    now = torch.cuda.get_rng_state(device)
    return lambda: torch.cuda.set_rng_state(now, device)


def _fixed(training: Training) -> tuple[float, float, float]:
    """The settings that are written into a graph."""
    return training.l1, training.clip_norm, training.l2
