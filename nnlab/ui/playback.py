"""Playing a run back: the moment that is looked at moves on with the clock, whatever the trainer can keep up with."""

import time
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from nnlab.engine.events import RunStatus
from nnlab.ui.workbench import FRAME_MS, Workbench


@dataclass(frozen=True)
class Speed:
    """How fast a run is played back."""

    name: str
    seconds: float = 0.0
    """For the whole run; 0 where it goes by epochs or steps."""
    epochs: float = 0.0
    """Epochs a second."""
    steps: float = 0.0
    """Steps a second."""

    def steps_a_second(self, furthest: int, steps_per_epoch: int) -> float:
        """What that means for a run of this length."""
        whole = furthest / self.seconds if self.seconds else 0.0
        return max(whole, self.epochs * steps_per_epoch, self.steps, 0.1)


SPEEDS = (
    Speed("Whole run in 5 s", seconds=5),
    Speed("Whole run in 15 s", seconds=15),
    Speed("Whole run in 1 min", seconds=60),
    Speed("5 epochs a second", epochs=5),
    Speed("1 epoch a second", epochs=1),
    Speed("10 steps a second", steps=10),
)
USUAL = SPEEDS[1]


class Playback(QObject):
    """Plays what was trained, from the moment that is looked at to the newest; from the start if that is the newest."""

    changed = Signal()
    """It began or ended, or its speed is another."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._speed = USUAL
        self._at = 0.0
        self._asked = -1
        self._last = 0.0
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._tick)
        bench.status_changed.connect(self._on_status)
        bench.time.interrupted.connect(self.hold)

    @classmethod
    def of(cls, bench: Workbench) -> "Playback":
        """The one of this workbench."""
        found = bench.findChild(cls)
        return found if isinstance(found, cls) else cls(bench)

    @property
    def is_on(self) -> bool:
        """Whether it plays."""
        return self._timer.isActive()

    @property
    def speed(self) -> Speed:
        """How fast it plays."""
        return self._speed

    @speed.setter
    def speed(self, speed: Speed) -> None:
        self._speed = speed
        self.changed.emit()

    @property
    def can_play(self) -> bool:
        """Whether there is anything to play, and nothing trains."""
        return self._bench.time.furthest > 0 and self._bench.status.state in ("paused", "finished")

    def toggle(self) -> None:
        """Play, or hold where it is."""
        self.hold() if self.is_on else self.play()

    def play(self) -> None:
        """Begin."""
        if not self.can_play:
            return
        self._at = float(self._bench.shown_step) if self._bench.looks_back else 0.0
        self._asked, self._last = -1, time.monotonic()
        self._ask()
        self._timer.start()
        self.changed.emit()

    def hold(self) -> None:
        """Stay at the moment that is shown."""
        if self.is_on:
            self._timer.stop()
            self.changed.emit()

    def _tick(self) -> None:
        now = time.monotonic()
        self.advance(now - self._last)
        self._last = now

    def advance(self, seconds: float) -> None:
        """So much time went by."""
        if self._bench.time.target not in (None, self._asked):  # somebody wants another moment
            self.hold()
            return
        furthest = self._bench.time.furthest
        self._at += seconds * self._speed.steps_a_second(furthest, self._bench.status.steps_per_epoch)
        self._ask()
        if self._at >= furthest:
            self.hold()

    def _ask(self) -> None:
        step = min(int(self._at), self._bench.time.furthest)
        if step != self._asked:
            self._asked = step
            self._bench.seek(step)

    def _on_status(self, status: RunStatus) -> None:
        if status.state not in ("paused", "finished"):
            self.hold()
