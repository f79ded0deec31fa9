"""The doctor's rounds in a run without a window: a look at a few epochs, ever further apart, and one at the end."""

from typing import TYPE_CHECKING

from nnlab.core.document import Document
from nnlab.engine.doctor import Doctor, Note
from nnlab.engine.events import Event
from nnlab.engine.wants import Health, HealthWant

if TYPE_CHECKING:
    from nnlab.engine.loop import Loop

APART = 1.5  # from one epoch that is looked at to the next: some twenty looks in a thousand epochs


class Rounds:
    """Follows one run and has the doctor look at it now and then."""

    def __init__(self, document: Document) -> None:
        self._doctor = Doctor(document)
        self._next = 1

    def hear(self, event: Event) -> None:
        """Take in what happened."""
        self._doctor.hear(event)

    def look(self, loop: "Loop") -> None:
        """After every step: look at the network where it is time for it."""
        if loop.epoch >= self._next:
            self._next = max(loop.epoch + 1, int(loop.epoch * APART))
            self._doctor.see(_health(loop))

    def end(self, loop: "Loop") -> tuple[Note, ...]:
        """The run is over: what was wrong with it."""
        return self._doctor.see(_health(loop))


def _health(loop: "Loop") -> Health | None:
    from nnlab.engine.probes import answer

    found = answer(HealthWant(), loop)
    return found if isinstance(found, Health) else None
