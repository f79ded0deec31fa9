"""Keeps a track in step with the run, and the run in step with the track: for the panel and for the strip."""

from collections.abc import Iterable

from nnlab.engine.events import Event, Prepared
from nnlab.engine.wants import Way
from nnlab.ui.panels.timeline.marks import marks_of
from nnlab.ui.panels.timeline.scale import Place
from nnlab.ui.panels.timeline.track import Track
from nnlab.ui.playback import Playback
from nnlab.ui.record import Record
from nnlab.ui.workbench import Workbench


class Follower:
    """One track and its run."""

    def __init__(self, bench: Workbench, track: Track) -> None:
        self._bench, self._track = bench, track
        self._playback = Playback.of(bench)
        self.way: Way | None = None
        track.wanted.connect(self._look_at)
        track.play_asked.connect(self._playback.toggle)
        track.hold_asked.connect(self.hold)
        bench.status_changed.connect(self.refresh)
        bench.time.changed.connect(self.refresh)

    def hear(self, events: Iterable[Event]) -> None:
        """What happened in the run."""
        rest: list[Event] = []
        for event in events:
            if isinstance(event, Prepared):
                self._track.record = Record.of(event)
                self.way, rest = None, []
            else:
                rest.append(event)
        self._track.record.take(rest)
        self._mark()

    def learn(self, way: Way) -> None:
        """The way that the run took."""
        if way != self.way:
            self.way = way
            self._track.kept = way.moments
            self._mark()

    def hold(self) -> None:
        """Neither play nor go on to another moment: stay where the run is now."""
        self._playback.hold()
        if self._bench.time.target is not None:
            self._bench.pause()

    def refresh(self, *_: object) -> None:
        """Where the run stands now; nothing is done while nobody sees it."""
        if not self._track.isVisible():
            return
        bench, status = self._bench, self._bench.status
        planned = status.epochs or bench.document.training.epochs
        self._track.show_place(
            Place(
                min(status.step, bench.time.furthest), bench.time.target, bench.time.furthest,
                max(1, status.steps_per_epoch), planned, bench.looks_back,
            )
        )  # fmt: skip

    def _mark(self) -> None:
        self._track.marks = marks_of(self._track.record.whole, self.way)
        if self._track.isVisible():
            self._track.update()

    def _look_at(self, step: int) -> None:
        self._playback.hold()
        self._bench.seek(step)
