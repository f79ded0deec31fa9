"""The doctor's rounds in a run without a window: a look at a few epochs, ever further apart, and one at the end."""

from typing import TYPE_CHECKING

from nnlab.core.document import Document
from nnlab.engine.doctor.doctor import Doctor, Note
from nnlab.engine.events import Event
from nnlab.engine.wants import Health, HealthWant

if TYPE_CHECKING:
    from nnlab.engine.loop import Loop

FIRST = 2
APART = 3.0  # from one epoch that is looked at to the next: seven looks in a thousand epochs, each some steps' worth


class Rounds:
    """Follows one run and has the doctor look at it now and then."""

    def __init__(self, document: Document, apart: float = APART) -> None:
        self._doctor = Doctor(document)
        self._apart = apart
        self._next = FIRST

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong with the run so far."""
        return self._doctor.notes

    def hear(self, event: Event) -> None:
        """Take in what happened."""
        self._doctor.hear(event)

    def due(self, loop: "Loop") -> int:
        """The step after which the next look is due."""
        return self._next * loop.steps_per_epoch

    def look(self, loop: "Loop") -> None:
        """After every stretch: look at the network where it is time for it."""
        if loop.epoch >= self._next:
            self._next = max(loop.epoch + 1, int(loop.epoch * self._apart))
            self._doctor.see(_health(loop))

    def end(self, loop: "Loop") -> tuple[Note, ...]:
        """The run is over: what was wrong with it."""
        return self._doctor.see(_health(loop))


def _health(loop: "Loop") -> Health | None:
    from nnlab.engine.probes import answer
    from nnlab.engine.scene import Scene

    found = answer(HealthWant(), Scene.of(loop))
    return found if isinstance(found, Health) else None
