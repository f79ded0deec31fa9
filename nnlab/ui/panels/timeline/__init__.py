"""The panel of the run's timeline."""

from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget

from nnlab.core import words
from nnlab.core.document import Document
from nnlab.engine.events import Event, Snapshot
from nnlab.engine.wants import Want, Way, WayWant
from nnlab.ui.drawing import DrawnPanel
from nnlab.ui.forms.controls import Choice
from nnlab.ui.look import labels, theme
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.timeline.fields import MomentFields
from nnlab.ui.panels.timeline.follower import Follower
from nnlab.ui.panels.timeline.marks import branch_words
from nnlab.ui.panels.timeline.memory import MemoryButton
from nnlab.ui.panels.timeline.track import Track, moment_words
from nnlab.ui.panels.timeline.transport import GoOn, Transport
from nnlab.ui.playback import SPEEDS, Playback
from nnlab.ui.workbench import Workbench

ONE_ROW, WITH_SPEED, WITH_EPOCH = 940, 640, 460  # pixels from which on all stands in one row, or is there at all
SPEED_WIDTH = 172


@PANELS.register("timeline")
class TimelinePanel(DrawnPanel):
    """The run from its first step to its newest: pull the handle, and every panel shows that moment.

    Nothing is lost by looking back. "Go on from here" trains on from the moment you look at: with the same settings
    the run repeats itself number for number; with other settings it takes another way, and the loss panel keeps the
    old one as a grey line. Green marks the best epoch, a diamond a change of settings, small ticks the moments that
    are kept whole and come at once. Arrow keys go step by step, with Ctrl epoch by epoch; Space plays.
    """

    title = "Timeline"
    icon = "panel-timeline"
    order = 30
    apart = 0.1
    wide = True

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        self.track = Track()
        super().__init__(bench, self.track, parent)
        self.follower = Follower(bench, self.track)
        self.transport = Transport(bench)
        self.fields = MomentFields(bench)
        self.memory = MemoryButton(bench)
        self.go_on = GoOn(bench)
        self.speed = self._speed_choice()
        self._rows = self._two_rows()
        for changed in (bench.status_changed, bench.time.changed, bench.document_changed):
            changed.connect(self._say)
        self._arrange()

    # ---------------------------------------------------------------- the run

    def wants(self) -> frozenset[Want]:
        """The way that the run took: where its settings changed, which moments are kept."""
        return frozenset() if self.run_graph_document().spec is None else frozenset({WayWant()})

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Mark the way."""
        way = snapshot.answers.get(WayWant())
        if isinstance(way, Way):
            self.follower.learn(way)
            self._say()
        elif isinstance(way, str):
            self.refresh(way)

    def on_events(self, events: list[Event]) -> None:
        """Follow the run, also while hidden."""
        super().on_events(events)
        self.follower.hear(events)
        self.has_picture = self.track.record.reach > 0
        if self.isVisible():
            self.refresh()

    def on_document(self, old: Document, new: Document) -> None:
        """Other settings: going on may now be another way."""
        super().on_document(old, new)
        if self.isVisible():
            self._say()

    def refresh(self, problem: object = None) -> None:
        """Picture or sentence."""
        super().refresh(problem)
        if hasattr(self, "follower"):
            self.follower.refresh()

    # ---------------------------------------------------------------- words

    def words(self) -> str:
        """What is shown, and what going on from here would do."""
        bench, time = self.bench, self.bench.time
        per_epoch = max(1, bench.status.steps_per_epoch)
        if time.target is not None and time.is_slow and not Playback.of(bench).is_on:
            return f"Going to {moment_words(time.target, per_epoch)}: now at step {words.count(bench.status.step)}."
        if not bench.looks_back or Playback.of(bench).is_on:
            return ""
        if bench.stale:
            return "The network was changed since. Restart trains the new one."
        other = branch_words(self.follower.way, bench.run_document, bench.document, bench.shown_step)
        if other:
            return f"Going on takes another way: {other}."
        return f"Going on repeats the run up to step {words.count(time.furthest)}, number for number."

    def _say(self, *_: object) -> None:
        if self.isVisible():
            self.track.caption = self.words()
            self.track.update()

    # ---------------------------------------------------------------- layout

    def _speed_choice(self) -> Choice:
        playback = Playback.of(self.bench)
        choice = Choice()
        choice.setAccessibleName("Speed of playing")
        choice.setToolTip(labels.tooltip("How fast the run is played"))
        choice.setFixedWidth(SPEED_WIDTH)
        for speed in SPEEDS:
            choice.addItem(speed.name)
        choice.setCurrentIndex(SPEEDS.index(playback.speed))

        def choose(index: int) -> None:
            playback.speed = SPEEDS[index]

        choice.activated.connect(choose)
        return choice

    def _two_rows(self) -> QBoxLayout:
        """Controls in one row, or in two where the panel is narrow."""
        holder = QWidget()
        rows = QBoxLayout(QBoxLayout.Direction.LeftToRight, holder)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(theme.GRID)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(theme.GRID * 2)
        for widget in (self.transport, self.speed, self.fields):
            first.addWidget(widget)
        first.addStretch(1)
        second.addStretch(1)
        second.addWidget(self.memory)
        second.addWidget(self.go_on)
        rows.addLayout(first)
        rows.addLayout(second, 1)
        self.controls.addWidget(holder, 1)
        return rows

    def _arrange(self) -> None:
        wide = self.width() >= ONE_ROW
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._rows.direction() != direction:
            self._rows.setDirection(direction)
        self.speed.setVisible(self.width() >= WITH_SPEED)
        self.fields.set_short(self.width() < WITH_EPOCH)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One row or two."""
        super().resizeEvent(event)
        self._arrange()

    def showEvent(self, event: QShowEvent) -> None:
        """Show what happened while hidden."""
        super().showEvent(event)
        self.follower.refresh()
        self.fields.refresh()
        self._say()

    def on_theme(self) -> None:
        """Draw in the new colours."""
        self.transport.on_theme()
        super().on_theme()
