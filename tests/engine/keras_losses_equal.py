"""Run alone, with KERAS_BACKEND=torch: every loss that is written for Keras beside PyTorch's, on the same numbers."""

import json
import sys
import warnings
from typing import Any

import keras
import numpy as np
import torch
from keras import ops

from nnlab.core.dataset import Target
from nnlab.core.loss import LOSSES
from nnlab.core.objective import Term
from nnlab.engine.exports.keras.losses import losses
from nnlab.errors import BuildError

ROWS, K = 5, 3
WEIGHED = {"class_weights": "own", "weights": "0.5, 1, 3"}
TRIED: list[tuple[str, dict[str, Any], str, int]] = [
    *(("cross-entropy", s, form, axis)
      for s in ({}, {"label_smoothing": 0.2}, WEIGHED, {**WEIGHED, "label_smoothing": 0.1})
      for form, axis in (("index", 1), ("positions", 1), ("positions", -1))),
    *((id_, s, form, axis) for id_ in ("nll", "focal") for s in ({}, WEIGHED)
      for form, axis in (("index", 1), ("positions", 1), ("positions", -1))),
    *((id_, {}, "column", 1) for id_ in ("bce", "hinge", "hinge-embedding", "dice", "multi-label-soft-margin")),
    ("bce", {"label_smoothing": 0.2}, "column", 1), ("bce", {"pos_weight": 2.0, "label_smoothing": 0.2}, "column", 1),
    ("hinge", {"margin": 0.3}, "column", 1), ("dice", {"smooth": 2.0}, "positions", 1), ("dice", {}, "positions", -1),
    *((id_, {}, "values", 1) for id_ in ("mse", "l1", "huber", "smooth-l1", "poisson-nll", "kl-div", "gaussian-nll")),
    ("huber", {"delta": 0.3}, "values", 1), ("smooth-l1", {"beta": 0.3}, "values", 1),
    ("poisson-nll", {"log_input": True, "full": True}, "values", 1), ("gaussian-nll", {"full": True}, "values", 1),
    ("multi-margin", {}, "index", 1), ("multi-margin", {"p": 2, "margin": 0.4}, "index", 1),
]  # fmt: skip
GIVEN = ("cross-entropy", "nll", "bce", "dice", "focal", "kl-div")
"""Losses that read probabilities as well."""


def main() -> None:
    """Print loss, settings and form -> the difference, or why there is none, as JSON."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    for id_, settings, form, axis in TRIED:
        for given in ("scores", "probabilities") if id_ in GIVEN else ("scores",):
            found[f"{id_} {settings or ''} {form} {axis} {given}"] = _tried(id_, settings, form, axis, given)
    json.dump(found, sys.stdout)


def _tried(id_: str, settings: dict[str, Any], form: str, axis: int, given: str) -> float | str:
    torch.manual_seed(3)
    loss = LOSSES[id_]().with_(**settings)
    prediction, target = _samples(id_, form, axis, given)
    shape = tuple(prediction.shape[1:])
    term = Term("output", loss, id_, given, form, Target("y", "classes", ("a", "b", "c")), 0, shape, axis=axis)  # type: ignore[arg-type]
    try:
        written = losses([term])
    except BuildError as problem:
        return str(problem)
    names: dict[str, Any] = {"keras": keras, "ops": ops, "np": np, "torch": torch, "F": torch.nn.functional}
    exec(written.support, names)
    charged = eval(written.chosen[0], names)
    mine = float(charged(ops.convert_to_tensor(target, "float32"), prediction))  # a fit gives decimals as well
    wanted = float(eval(f"({term.expression})", {**names, "prediction": prediction, "target": target}))
    return abs(mine - wanted) / max(1.0, abs(wanted))


def _samples(id_: str, form: str, axis: int, given: str) -> tuple[torch.Tensor, torch.Tensor]:
    if form == "index":
        scores, target = torch.randn(ROWS, K), torch.randint(0, K, (ROWS,))
    elif form == "positions":
        scores, target = torch.randn(ROWS, K, 4, 2), torch.randint(-1, K, (ROWS, 4, 2))
    else:
        scores, target = torch.randn(ROWS, 4), torch.randn(ROWS, 4)
    if form == "column":
        target = (target > 0).float()
    if id_ == "kl-div":
        target = torch.softmax(target, 1)
    if id_ == "poisson-nll":
        target = target.abs().mul(3).round()
    if id_ == "gaussian-nll":
        target = target[:, :2]
    if given == "probabilities":
        scores = torch.sigmoid(scores) if form == "column" else torch.softmax(scores, 1)
    return (scores.movedim(1, -1) if form == "positions" and axis == -1 else scores), target


if __name__ == "__main__":
    main()
