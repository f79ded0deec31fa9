"""Small pictures of what every seed answers over the plane of the two inputs."""

import numpy as np
import torch
from torch import Tensor

from nnlab.core.objective import Objective
from nnlab.core.parts import PART_NAMES, Parts
from nnlab.engine.many.rolled import Array, Planes
from nnlab.engine.metrics import probabilities, values_of

RESOLUTION = 36
LINE_RESOLUTION = 96
MARGIN = 0.1  # of the data's range, around it


def grid(parts: Parts, objective: Objective) -> Array | None:
    """Standardised samples over the plane, row by row from the lowest y; None for data that have no such plane, or answers none of it."""
    if objective.main.loss.is_of_places:
        return None
    if parts.spec.input_shape not in ((1,), (2,)):
        return None
    raw = np.concatenate([parts.raw(part).inputs for part in PART_NAMES]).astype(np.float64)
    low, high = raw.min(0), raw.max(0)
    margin = np.where(high > low, MARGIN * (high - low), 1.0)
    low, high = low - margin, high + margin
    if len(low) == 1:
        return parts.standardise(np.linspace(low[0], high[0], LINE_RESOLUTION)[:, None])
    across, up = (np.linspace(low[k], high[k], RESOLUTION) for k in (0, 1))
    return parts.standardise(np.column_stack([np.tile(across, RESOLUTION), np.repeat(up, RESOLUTION)]))


def planes(answers: Tensor, objective: Objective, parts: Parts) -> Planes:
    """The pictures, from what each seed answers on the grid: (seeds, points, ...)."""
    seeds, points = answers.shape[:2]
    rows = RESOLUTION if parts.spec.input_shape == (2,) else 1
    flat = answers.reshape(seeds * points, -1)
    flat = values_of(flat, objective.main)
    if objective.metric == "accuracy":
        values = probabilities(flat, objective).cpu().numpy()
        return Planes(_frozen(values, seeds, rows), "classes")
    targets = parts.raw_train.targets[:, 0]
    values = parts.original_targets(flat.cpu().numpy())[:, :1]
    return Planes(_frozen(values, seeds, rows), "values", float(targets.min()), float(targets.max()))


def _frozen(values: Array, seeds: int, rows: int) -> Array:
    made = np.array(values.reshape(seeds, rows, -1, values.shape[-1]), np.float32)
    made.flags.writeable = False
    return made


def as_tensor(samples: Array | None, device: torch.device) -> Tensor | None:
    """The grid where the networks are."""
    return None if samples is None else torch.tensor(samples, device=device)
