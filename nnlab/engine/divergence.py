"""Training that blew up: which layer it was, and what to do."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nnlab.core.words import number
from nnlab.engine.timeline import Moment

if TYPE_CHECKING:
    from nnlab.engine.training import Loop


def blame(loop: "Loop", good: Moment, step: int) -> tuple[str, str]:
    """The node where a number first was none at this step (counted from 0), and a sentence for the user.

    The last good epoch is taken as a start and its steps are taken again, so what is looked at is that very batch.
    """
    rate = loop.rate
    node, what = _find(loop, good, step)
    title = loop.document.graph.node(node).title
    epochs = f"of epoch {good.epoch}" if good.epoch else "of the start"
    advice = f"Lower the learning rate (it is {number(rate)})"
    clipping = "" if loop.training.clip_norm else " or clip the gradients"
    return node, (
        f"Training blew up at step {step + 1}: {what} {title} became too large to be numbers. "
        f"The weights {epochs} are back in place. {advice}{clipping}, then train again."
    )


def _find(loop: "Loop", good: Moment, step: int) -> tuple[str, str]:
    loop.restore(good)
    loop.repeating = True
    try:
        while loop.step < step:
            loop.advance()
        x, y = loop.order.batch(loop.position)
        outputs = loop.learner.trace(x)
        node = next((n for n, value in outputs.items() if not _finite(value)), None)
        if node is not None:
            return node, "the outputs of"
        loop.learner.step(x, y, loop.training)
    finally:
        loop.repeating = False
    node = _broken_weights(loop)
    return (node, "the weights of") if node else (loop.learner.objective.output, "the loss at")


def _broken_weights(loop: "Loop") -> str | None:
    network = loop.learner.network
    for node_id, name in network.attributes.items():
        if not all(_finite(p) for key, p in network.named_parameters() if key.startswith(f"{name}.")):
            return node_id
    return None


def _finite(value: Tensor) -> bool:
    return bool(torch.isfinite(value).all())
