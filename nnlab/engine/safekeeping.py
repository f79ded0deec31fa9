"""Moments to go back to are kept in the computer's own memory, wherever a run computes.

There they outlive a graphics card that stops answering, and do not fill it.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from nnlab.engine.travel.timeline import Moment

CPU = torch.device("cpu")


def brought(moment: Moment, device: torch.device) -> Moment:
    """This moment with all its tensors on a device; the same object if they are there."""
    if moment.learner.tensors[0].device.type == device.type and all(
        t.device.type == device.type for t in moment.tally[1]
    ):
        return moment
    learner = moment.learner
    at = replace(learner, tensors=_moved(learner.tensors, device), update=_moved(learner.update, device))
    best = replace(moment.best, weights=_moved(moment.best.weights, device)) if moment.best else None
    return replace(moment, learner=at, tally=(moment.tally[0], _moved(moment.tally[1], device)), best=best)


def safe(moment: Moment) -> Moment:
    """This moment in the computer's own memory."""
    return brought(moment, CPU)


def _moved(value: Any, device: torch.device) -> Any:
    """A nest of lists, tuples and dictionaries with every tensor in it on a device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _moved(part, device) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_moved(part, device) for part in value)
    return value
