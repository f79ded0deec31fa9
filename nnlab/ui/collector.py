"""Python's garbage collector, run by the window: a collection in the training thread would destroy Qt objects there."""

import gc
import time

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 200
YOUNG = 2_000  # new containers before the youngest generation is looked at
OLDER = 10  # collections of one generation before the next older one is
LONG_SECONDS = 0.010  # a collection that took longer puts what survived out of the collector's sight


class Collector(QObject):
    """Switches the automatic collector off and collects from a timer, in short strokes."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self.settle()
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def settle(self) -> None:
        """Take all that lives now for permanent, so that full collections need not walk through it (a library was loaded)."""
        gc.freeze()

    def collect(self) -> int | None:
        """Collect the oldest generation that is due; returns which one, or None."""
        young, middle, old = gc.get_count()
        if young < YOUNG:
            return None
        generation = 0 if middle < OLDER else 1 if old < OLDER else 2
        started = time.perf_counter()
        gc.collect(generation)
        if time.perf_counter() - started > LONG_SECONDS:
            gc.freeze()
        return generation

    def stop(self) -> None:
        """No more collections; Python's own collector stays off until the program ends."""
        self._timer.stop()
