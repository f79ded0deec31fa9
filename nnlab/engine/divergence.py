"""Training that blew up: when it has, which layer it was, and what to do."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nnlab.core.graph import Graph
from nnlab.core.words import number
from nnlab.engine.learner import Learner

if TYPE_CHECKING:
    from nnlab.engine.loop import Loop

LOST = 1_000  # times the loss of the first batch: no run comes back from there
SANE = 10


class Alarm:
    """Knows what loss this run began with, or a guess would have, and so which loss is beyond all hope."""

    def __init__(self, learner: Learner) -> None:
        targets = learner.data["train"][1]
        values = learner.objective.target_form == "values" and len(targets) > 1
        self._usual = float(targets.var(0).mean()) if values else 1.0

    def hear(self, step: int, loss: float) -> None:
        """The loss of a step; only that of the very first one counts."""
        if step == 0:
            self._usual = max(self._usual, loss)

    @property
    def limit(self) -> float:
        """The loss beyond which no run comes back."""
        return LOST * self._usual

    def is_lost(self, loss: float) -> bool:
        """Whether this mean loss of an epoch is beyond all hope."""
        return loss > self.limit

    @property
    def sane(self) -> float:
        """The loss up to which an epoch is worth going back to."""
        return SANE * self._usual

    def is_sane(self, loss: float) -> bool:
        """Whether an epoch with this mean loss is worth going back to."""
        return loss <= self.sane


@dataclass(frozen=True)
class Verdict:
    """What went wrong where."""

    node: str
    what: str
    """A clause with {layer} for the layer's title."""
    rate: float

    def message(self, loop: "Loop") -> str:
        """The sentences for the user, when the loop is back where all was well."""
        what = self.what.format(layer=_spoken(loop.document.graph, self.node))
        back = (
            f"The weights of epoch {loop.epoch} are back in place."
            if loop.epoch
            else "The first weights are back in place."
        )
        clipping = "" if loop.training.clip_norm else " or clip the gradients"
        return f"Training blew up: {what}. {back} Lower the learning rate (it is {number(self.rate)}){clipping}, then train again."


def blame(loop: "Loop", step: int) -> Verdict:
    """Where a number first was none at this step (counted from 0).

    The steps until then are taken again, so what is looked at is that very batch.
    """
    rate = loop.rate_of(step)
    loop.go_back(step)
    x, y = loop.order.batch(loop.position)
    outputs = loop.learner.trace(x)
    node = next((n for n, value in outputs.items() if not bool(torch.isfinite(value).all())), None)
    if node is not None:
        return Verdict(node, f"at step {step + 1} the outputs of {{layer}} became too large to be numbers", rate)
    loop.learner.step(x, y, loop.training)
    node = next((n for n, size in _sizes(loop, loop.learner.storage).items() if not bool(torch.isfinite(size))), None)
    if node is not None:
        return Verdict(node, f"at step {step + 1} the weights of {{layer}} became too large to be numbers", rate)
    what = f"at step {step + 1} the loss became too large to be a number, and the weights of {{layer}} had grown most"
    return Verdict(_grown(loop), what, rate)


def blame_growth(loop: "Loop", loss: float) -> Verdict:
    """Which layer's weights grew most since the start, where the loss is still a number."""
    return Verdict(_grown(loop), f"the loss rose to {number(loss)}, and the weights of {{layer}} grew most", loop.rate)


def _grown(loop: "Loop") -> str:
    start = loop.timeline.checkpoints.before(0)
    assert start is not None  # the start of the run is always kept
    before, after = _sizes(loop, start.learner.tensors), _sizes(loop, loop.learner.storage)
    return max(after, key=lambda n: float(after[n]) / (float(before[n]) + 1e-6))


def _spoken(graph: Graph, node_id: str) -> str:
    """The node's title; with its id where others are called the same."""
    title = graph.node(node_id).title
    alone = sum(node.title == title for node in graph.nodes.values()) == 1
    return title if alone else f"{title} ({node_id})"


def _sizes(loop: "Loop", tensors: list[Tensor]) -> dict[str, Tensor]:
    """The largest weight of each node that has some."""
    network = loop.learner.network
    nodes = {name: node_id for node_id, name in network.attributes.items()}
    learned = {key for key, _ in network.named_parameters()}
    found: dict[str, Tensor] = {}
    for key, tensor in loop.learner.named(tensors).items():
        if key in learned:
            node_id = nodes[key.partition(".")[0]]
            size = tensor.abs().max()
            found[node_id] = torch.maximum(found[node_id], size) if node_id in found else size
    return found
