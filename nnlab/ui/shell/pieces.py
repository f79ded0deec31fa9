"""Long work of the window cut into pieces: one after the other while nothing else is to do, or all at once."""

import gc
import importlib
import math
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from PySide6.QtCore import QObject, QTimer

STROKE_SECONDS = 0.008  # of importing, between two looks at what the user does
PATIENCE_SECONDS = 0.5  # of a stopped import, before it goes on unasked: somebody may be waiting for its module


class Pieces(QObject):
    """Does a generator's work in the window's own time: between two of its yields the user can do anything."""

    def __init__(self, work: Iterator[object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self.hurried = False
        """Somebody waits for it: no piece need be small."""
        self.done = False
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self.one)

    def start(self) -> None:
        """Begin, or go on, with a piece whenever the window has nothing else to do."""
        if not self.done:
            self._timer.start()

    def one(self) -> bool:
        """Do the next piece; False if there was none left."""
        try:
            next(self._work)
        except BaseException as end:  # a piece that fails is not tried again, and the fault is reported once
            self.stop()
            if not isinstance(end, StopIteration):
                raise
        return not self.done

    def until(self, reached: Callable[[], bool]) -> None:
        """Do what is left up to there, now."""
        before, self.hurried = self.hurried, True
        while not reached() and self.one():
            pass
        self.hurried = before

    def all(self) -> None:
        """Do all that is left, now."""
        self.until(lambda: self.done)

    def stop(self) -> None:
        """Leave the rest undone."""
        self.done = True
        self._timer.stop()


class Imports:
    """Imports modules in short strokes, so that a library that takes long to import does not hold the window up.

    A thread imports, but only while the window waits for it: the two never run at the same time, because Qt's types
    are made when they are first used, and two threads must not make the same one. The thread stops between modules.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = [name for name in names if name not in sys.modules]
        self._enough = False
        self._until = 0.0
        self._go, self._back = threading.Event(), threading.Event()
        self._fault: BaseException | None = None
        self._thread: threading.Thread | None = None

    def stroke(self, seconds: float = STROKE_SECONDS) -> bool:
        """Import for about so long; False if nothing is left. What an import raises is raised here."""
        if self._names:
            self._give_turn(seconds)
        if self._names:
            return True
        if self._thread is not None:
            self._thread.join()
        if self._fault is not None:
            raise self._fault
        return False

    def abandon(self) -> None:
        """Import nothing more, but what has begun to its end."""
        self._enough = True
        self._until = math.inf
        self._go.set()
        if self._thread is not None:
            self._thread.join()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Asked before each import: finds nothing, but is where the thread stops for the window."""
        if threading.current_thread() is self._thread:
            self._breathe()
        return None

    def _give_turn(self, seconds: float) -> None:
        collects = gc.isenabled()
        gc.disable()  # a collection there would destroy Qt objects in the wrong thread
        self._until = time.perf_counter() + seconds
        self._back.clear()
        self._go.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="nnlab-imports", daemon=True)
            self._thread.start()
        while not self._back.wait(PATIENCE_SECONDS) and self._thread.is_alive():
            pass
        if collects:
            gc.enable()

    def _run(self) -> None:
        sys.meta_path.insert(0, self)
        try:
            for name in self._names:
                if self._enough:
                    break
                importlib.import_module(name)
                self._breathe()
        except BaseException as fault:  # noqa: BLE001 - it is the window's to report
            self._fault = fault
        finally:
            sys.meta_path.remove(self)
            self._names = []
            self._back.set()

    def _breathe(self) -> None:
        """Let the window have its turn, if it is time for it."""
        if time.perf_counter() < self._until:
            return
        self._go.clear()
        self._back.set()
        if not self._go.wait(PATIENCE_SECONDS):
            self._until = math.inf
