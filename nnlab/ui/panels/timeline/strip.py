"""The timeline as a thin strip, which is there while the panel is closed."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from nnlab.core import words
from nnlab.engine.events import Event
from nnlab.ui.forms.controls import HEIGHT
from nnlab.ui.look import icons, labels, plots, theme
from nnlab.ui.panels.timeline.follower import Follower
from nnlab.ui.panels.timeline.track import Track
from nnlab.ui.panels.timeline.transport import GoOn, Transport
from nnlab.ui.workbench import Workbench

STRIP_HEIGHT = 41  # with the hairline above it
WIDEST = "step 888 888 of 888 888"


class TimelineStrip(QWidget):
    """Buttons, track and where one looks, in one row."""

    open_asked = Signal()
    """The panel is wanted."""

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = bench
        self.setObjectName("timelineStrip")
        self.setAccessibleName("Timeline strip")
        self.setFixedHeight(STRIP_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.track = Track()
        self.track.message = ""
        self.track.ground = "window"
        self.follower = Follower(bench, self.track)
        self.transport = Transport(bench)
        self.go_on = GoOn(bench)
        self.where = labels.label("", "caption")
        self.where.setFixedWidth(round(plots.text_width(WIDEST)) + 12)
        self.where.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.more = QToolButton()
        self.more.setAccessibleName("Open the timeline")
        self.more.setToolTip(labels.tooltip("Open the timeline\nWith the loss, the epochs, marks and memory"))
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more.setIconSize(QSize(16, 16))
        self.more.setFixedSize(HEIGHT, HEIGHT)
        self.more.clicked.connect(self.open_asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID * 2, 1, theme.GRID, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.transport)
        row.addWidget(self.track, 1)
        row.addWidget(self.where)
        row.addSpacing(theme.GRID)
        row.addWidget(self.go_on)
        row.addWidget(self.more)
        bench.status_changed.connect(self.refresh)
        bench.time.changed.connect(self.refresh)
        self.on_theme()

    def hear(self, events: list[Event]) -> None:
        """What happened in the run."""
        self.follower.hear(events)

    def refresh(self, *_: object) -> None:
        """Say where one looks."""
        if self.isVisible():
            furthest = self._bench.time.furthest
            shown = f"step {words.count(self._bench.shown_step)} of {words.count(furthest)}"
            self.where.setText(shown if furthest else "")

    def on_theme(self) -> None:
        """Icons in the colours of the present theme."""
        self.transport.on_theme()
        self.more.setIcon(icons.icon("chevron-up"))

    def minimumSizeHint(self) -> QSize:
        """Small enough for any window."""
        return QSize(320, STRIP_HEIGHT)

    def showEvent(self, event: QShowEvent) -> None:
        """Show what happened while hidden."""
        super().showEvent(event)
        self.follower.refresh()
        self.refresh()
