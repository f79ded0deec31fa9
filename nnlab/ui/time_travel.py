"""Which moment of a run is looked at, and which one the user wants: one seek at a time, and the newest wish wins."""

import time
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from nnlab.engine.events import Branched, Event, Finished, Prepared, RunStatus
from nnlab.engine.trainer import Trainer

SEEK_PATIENCE = 0.25  # seconds that the way to a moment may take before a newer wish cuts it short
SLOW = 0.3  # seconds on the way from which on it is told
MEGABYTE = 1_000_000


class TimeTravel(QObject):
    """The moment of the run that is looked at. A new wish takes the place of the last one: none waits in a queue."""

    changed = Signal()
    """Another moment is wanted, or the wanted one is reached."""
    interrupted = Signal()
    """Something else than looking was asked for: training, a step, another run."""
    limited = Signal(object)
    """Megabytes that the moments to go back to may take from now on."""

    def __init__(self, trainer: Trainer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.target: int | None = None
        """The step that is on its way to be shown; None while nothing is."""
        self.furthest = 0
        """The newest step that can be looked at."""
        self.megabytes = 0
        """What the moments may take; 0 until it was set."""
        self._trainer = trainer
        self._sent: int | None = None
        self._sent_at = self._began_at = 0.0
        self._then: Callable[[], object] | None = None
        self._end = 0  # where the run ended: its last step can be looked at, too

    def seek(self, step: int) -> None:
        """Show the moment after this many steps, as soon as the trainer has time for it."""
        self.target, self._then = min(max(0, step), self.furthest), None
        if self._sent is None:
            self._began_at = time.monotonic()
            self._send()
        self.changed.emit()

    @property
    def is_slow(self) -> bool:
        """Whether the way to another moment takes long enough to speak of it."""
        return self._sent is not None and time.monotonic() > self._began_at + SLOW

    def when_there(self, act: Callable[[], object]) -> None:
        """Do this at the moment that is wanted: now, or when the way to it has come to its end."""
        self.interrupted.emit()
        if self.target is None:
            act()
        else:
            self._then = act

    def forget(self) -> None:
        """Nothing is wanted any more."""
        self.interrupted.emit()
        if self.target is not None:
            self.target = self._sent = self._then = None
            self.changed.emit()

    def limit(self, megabytes: int) -> None:
        """How much memory the moments to go back to may take."""
        self.megabytes = megabytes
        self._trainer.limit_memory(megabytes * MEGABYTE)
        self.limited.emit(megabytes)

    def hear(self, event: Event) -> None:
        """Follow how far the run reaches."""
        if isinstance(event, Prepared):
            self._end = 0
            self.forget()
        elif isinstance(event, Branched):
            self._end = 0
        elif isinstance(event, Finished):
            self._end = event.step if event.reason in ("done", "early") else 0

    def see(self, settled: bool, status: RunStatus) -> RunStatus:
        """One look a frame; the way to another moment is no training, so it is shown as holding."""
        self._end = 0 if status.state == "preparing" else self._end
        self.furthest = max(status.furthest, status.step, self._end)
        if self._sent is not None:
            if self.target != self._sent and (settled or time.monotonic() > self._sent_at + SEEK_PATIENCE):
                self._send()
            elif settled:
                self._arrive()
        if status.step == 0 and status.loss is not None:
            status = replace(status, loss=None)  # that of a later moment
        if self.target is not None and status.state == "running":
            return replace(status, state="paused", steps_per_second=0.0, seconds_left=None)
        return status

    def _send(self) -> None:
        assert self.target is not None
        self._sent, self._sent_at = self.target, time.monotonic()
        self._trainer.seek(self.target)

    def _arrive(self) -> None:
        then, self._then = self._then, None
        self.target = self._sent = None
        if then is not None:
            then()
        self.changed.emit()
