"""A run's own random numbers: torch has one generator for the whole process, and a run must not share its sequence."""

import contextlib
import threading
from collections.abc import Iterator

import torch
from torch import Tensor

_turn = threading.RLock()  # one run at a time may roll; a second one in this process waits for its turn


class Dice:
    """The state of torch's global generator as this run left it; it is put in place only while the run draws."""

    def __init__(self) -> None:
        self.state: Tensor = torch.get_rng_state()
        self.drawn: bool | None = None
        """Whether the network draws while it trains (Dropout); None until the first batch has shown it."""

    @contextlib.contextmanager
    def rolling(self) -> Iterator[None]:
        """The run's own sequence goes on inside; everybody else's goes on after it."""
        with _turn:
            others = torch.get_rng_state()
            torch.set_rng_state(self.state)
            try:
                yield
            finally:
                after = torch.get_rng_state()
                self.drawn = bool(self.drawn) or not torch.equal(after, self.state)
                self.state = after
                torch.set_rng_state(others)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Whatever is drawn inside, nobody's sequence moves."""
    with _turn:
        others = torch.get_rng_state()
        try:
            yield
        finally:
            torch.set_rng_state(others)
