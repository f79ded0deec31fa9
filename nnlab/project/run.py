"""What a finished training run leaves: its curves, its figures, its network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.document import Document
from nnlab.core.words import number
from nnlab.errors import BuildError

if TYPE_CHECKING:
    from nnlab.engine.compile import Network


@dataclass(frozen=True, eq=False)
class Run:
    """One training run that is over."""

    document: Document
    """What was trained, with the settings it was trained with."""
    reason: str
    """"done", "stopped", "early" (validation no longer improved) or "diverged"."""
    message: str
    """The end in a sentence."""
    epochs: int
    steps: int
    metrics: Mapping[str, float]
    """Figures at the end, on whole parts: train_loss, validation_loss, validation_accuracy (or _r2), ..."""
    history: Mapping[str, NDArray[Any]]
    """Curves: "loss" per step; "epoch", "train_loss", "validation_metric", ... per epoch."""
    weights: Mapping[str, NDArray[Any]] = field(repr=False)
    """The learned numbers, named as in the model's state_dict."""
    device: str = "CPU"
    notices: tuple[str, ...] = ()

    @property
    def model(self) -> "Network":
        """The trained network as an ordinary torch.nn.Module on the CPU, in evaluation mode."""
        return load(self.document, self.weights)

    @property
    def summary(self) -> str:
        """The end and the figures in one line."""
        figures = ", ".join(f"{name.replace('_', ' ')} {number(value)}" for name, value in self.metrics.items())
        return f"{self.message} {figures}" if figures else self.message

    def __str__(self) -> str:
        return self.summary


def load(document: Document, weights: Mapping[str, NDArray[Any]]) -> "Network":
    """The document's network with these weights, in evaluation mode; BuildError if they are of another network."""
    import torch

    from nnlab.engine.compile import build

    with torch.random.fork_rng(devices=[]):  # its first numbers are thrown away: nobody else's dice shall move
        network = build(document, document.training.seed)
    state = network.state_dict()
    if {k: tuple(t.shape) for k, t in state.items()} != {k: tuple(np.shape(a)) for k, a in weights.items()}:
        raise BuildError("The learned weights are of another network than the one drawn here: train it again.")
    network.load_state_dict({k: torch.tensor(np.asarray(a)) for k, a in weights.items()})
    return network.eval()
