"""Whether a drawing answers as the model does that it was read from."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nnlab.core.arithmetic.axes import SIZE_LIMIT
from nnlab.engine.dice import undisturbed
from nnlab.engine.imports.finishing import Imported
from nnlab.engine.imports.naming import flat
from nnlab.errors import NNLabError

NEAR = 1e-4  # how far the drawing's answers may be from the model's, as a share of the largest


def compared(made: Imported, model: nn.Module, inputs: tuple[Tensor, ...]) -> Imported:
    """The same, with a sentence if the drawing does not answer as the model does."""
    if made.unknown:
        return made
    from nnlab.engine.compile import arguments, build

    try:
        network = build(made.document, 0, packed=False).eval()
        mine = _answers(network, tuple(inputs[k] for k in arguments(made.document)))
        with unchanged(model):
            theirs = _answers(model, inputs)
    except (NNLabError, RuntimeError, TypeError) as problem:
        return made.with_notice(f"The network could not be tried on the example: {_line(problem)}")
    far = max((_distance(a, b) for a, b in zip(mine, theirs, strict=False)), default=0.0)
    if far > NEAR:
        return made.with_notice(
            "The network does not answer as the model does: something in it is computed in another way."
        )
    return made


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Runs the model without a trace: tables of words with a largest length are cut to it when they are read."""
    found = [m.weight for m in model.modules() if isinstance(m, (nn.Embedding, nn.EmbeddingBag)) and m.max_norm]
    tables = {weight: weight.detach().clone() for weight in found}
    try:
        yield
    finally:
        with torch.no_grad():
            for weight, before in tables.items():
                weight.copy_(before)


def _answers(network: nn.Module, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    """What it answers, with the same dice for each that is asked."""
    with undisturbed():
        torch.manual_seed(0)
        answer: Any = network(*inputs)
    return [each for each in flat(answer) if isinstance(each, Tensor)]


def _line(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or ["unknown reason"])[0][:200]


def _distance(a: Tensor, b: Tensor) -> float:
    if a.shape != b.shape:
        return 0.0 if a.numel() == b.numel() else float("inf")
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if x.size >= SIZE_LIMIT**2:
        return 0.0
    return float(np.max(np.abs(x - y), initial=0.0) / max(1.0, float(np.max(np.abs(y), initial=0.0))))
