"""Each panel hears its news in a turn of its own, so that no turn holds up painting or the mouse for long."""

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer

from nnlab.engine.events import Event, Snapshot


class Turns(QObject):
    """Hands on what happened and what was pictured, one listener a turn; between two turns the window paints."""

    def __init__(self, take_turn: Callable[[], int], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._take_turn = take_turn
        self._events: dict[str, list[Event]] = {}
        self._pictures: dict[str, Snapshot] = {}
        self._order: list[str] = []
        self._hear: dict[str, Callable[[list[Event]], None]] = {}
        self._show: dict[str, Callable[[Snapshot], None]] = {}
        self._apart: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._next)

    def add(
        self,
        name: str,
        hear: Callable[[list[Event]], None],
        show: Callable[[Snapshot], None] | None = None,
        apart: float = 0.1,
    ) -> None:
        """Another listener: it hears every event in order, and is shown only the newest picture.

        Between two of its turns there are at least `apart` seconds.
        """
        self._apart[name] = apart
        self._hear[name] = hear
        if show is not None:
            self._show[name] = show

    def happened(self, events: list[Event], at_once: bool) -> None:
        """Tell everybody of these events: in turns, or at once and after all that still waits."""
        for name in self._hear:
            self._events.setdefault(name, []).extend(events)
            self._wait(name)
        if at_once:
            self.finish()

    def pictured(self, snapshot: Snapshot, at_once: bool) -> None:
        """Show everybody this picture."""
        for name in self._show:
            self._pictures[name] = snapshot
            self._wait(name)
        if at_once:
            self.finish()

    def finish(self) -> None:
        """Do all that waits, now."""
        while self._order:
            self._give(self._order.pop(0))
        self._timer.stop()

    def _wait(self, name: str) -> None:
        if name not in self._order:
            self._order.append(name)
        if not self._timer.isActive():
            self._plan()

    def _plan(self) -> None:
        """Set the timer for the next turn: at once, or when one of those that wait is due again."""
        if self._order:
            next_ = min(self._due.get(name, 0.0) for name in self._order)
            self._timer.start(max(0, math.ceil(1000 * (next_ - time.perf_counter()))))

    def _next(self) -> None:
        pause = self._take_turn()
        if pause:
            self._timer.start(pause)
            return
        now = time.perf_counter()
        name = next((n for n in self._order if self._due.get(n, 0.0) <= now), None)
        if name is not None:
            self._order.remove(name)
            self._due[name] = now + self._apart[name]
            self._give(name)
        self._plan()

    def _give(self, name: str) -> None:
        events = self._events.pop(name, None)
        if events:
            self._hear[name](events)
        snapshot = self._pictures.pop(name, None)
        if snapshot is not None:
            self._show[name](snapshot)
