"""Training a document to its end, and what that leaves: curves, figures, the network."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.document import Document
from nnlab.core.words import number
from nnlab.engine.events import Event
from nnlab.engine.headless import RunResult, run_to_end
from nnlab.errors import BuildError
from nnlab.files.facts import RunFacts

if TYPE_CHECKING:
    from nnlab.engine.compile import Network


@dataclass(frozen=True, eq=False)
class Run(RunResult):
    """A training run that is over: `history` (curves), `metrics` (figures at the end), `model` (the trained network)."""

    @property
    def summary(self) -> str:
        """The end and its figures in one line."""
        figures = ", ".join(f"{name.replace('_', ' ')} {number(value)}" for name, value in self.metrics.items())
        return f"{self.message} {figures}" if figures else self.message

    @property
    def facts(self) -> RunFacts:
        """How it was computed, as the project file keeps it."""
        told = (self.device, self.engine, self.precision, self.threads)
        return RunFacts(*told, self.steps, self.epochs, self.seconds)

    def __str__(self) -> str:
        return self.summary


def train(
    document: Document,
    on_event: Callable[[Event], object] | None = None,
    weights: Mapping[str, NDArray[Any]] | None = None,
) -> Run:
    """Train to the end in this thread, from the start or from weights; Ctrl+C ends the run after the present step."""
    with interruptible() as stopped:
        return Run(**vars(run_to_end(document, on_event=on_event, weights=weights, should_stop=stopped.is_set)))


def load(document: Document, weights: Mapping[str, NDArray[Any]]) -> "Network":
    """The document's network with these weights, in evaluation mode; BuildError if they are of another network."""
    import torch

    from nnlab.engine.compile import build

    with torch.random.fork_rng(devices=[]):  # its first numbers are thrown away: nobody else's dice shall move
        network = build(document, document.training.seed, packed=False)
    state = network.state_dict()
    if {k: tuple(t.shape) for k, t in state.items()} != {k: tuple(np.shape(a)) for k, a in weights.items()}:
        raise BuildError("The learned weights are of another network than the one drawn here: train it again.")
    network.load_state_dict({k: torch.tensor(np.asarray(a)) for k, a in weights.items()})
    return network.eval()


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Ctrl+C sets the event, so that no step is cut in half; pressed again, it interrupts at once as usual."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = signal.getsignal(signal.SIGINT)

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        stopped.set()
        signal.signal(signal.SIGINT, before)

    if before is signal.default_int_handler:  # else somebody else has plans for it
        signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield stopped
    finally:
        if signal.getsignal(signal.SIGINT) is on_interrupt:
            signal.signal(signal.SIGINT, before)
