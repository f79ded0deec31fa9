"""A part of the bench: how long the window stands still while the rest of it is made and torch is loaded behind it."""

import sys
import time

from PySide6.QtCore import QObject, Qt, QTimer

from nnlab.bench import parts
from nnlab.bench.lab import application
from nnlab.ui.collector import Collector
from nnlab.ui.shell.main_window import MainWindow

BEAT_MS = 2
LIMIT_SECONDS = 60.0


def main(arguments: list[str]) -> int:
    """Show the welcome page and watch the window's own beat until torch is there and has trained its first epoch."""
    running = application()
    window = MainWindow()
    collector = Collector(window)
    watch = Watch(window)
    window.show()
    running.exec()
    window.leave_in_a_hurry()
    collector.stop()
    parts.answer({"stall": 1000 * watch.longest, "loaded": "torch" in sys.modules, "seconds": watch.seconds})
    return 0


class Watch(QObject):
    """A beat in the window's thread; the longest time without one is the stall."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._began = self._last = 0.0
        self.longest = 0.0
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    @property
    def seconds(self) -> float:
        """How long everything took to be there."""
        return self._last - self._began

    def _beat(self) -> None:
        now = time.perf_counter()
        if not self._began and not self._window.is_painted:
            return
        if not self._began:
            self._began = self._last = now
            return
        self.longest, self._last = max(self.longest, now - self._last), now
        ready = False
        if self._window.is_complete and "torch" in sys.modules:  # to ask for the trainer earlier would hurry the window
            status = self._window.bench.trainer.status()
            ready = status.step > 0 and status.state == "paused"
        if ready or now - self._began > LIMIT_SECONDS:
            self._timer.stop()
            QTimer.singleShot(0, self._window, self._end)

    def _end(self) -> None:
        from PySide6.QtWidgets import QApplication

        QApplication.exit(0)
