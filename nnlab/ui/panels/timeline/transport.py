"""The buttons of the timeline: to the start, back, play, forward, to the newest; and going on from here."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from nnlab.ui.forms.controls import HEIGHT
from nnlab.ui.look import icons, plots, theme
from nnlab.ui.look.labels import tooltip
from nnlab.ui.playback import Playback
from nnlab.ui.workbench import Workbench

GO_ON = "Go on from here"
SIDES = 32  # pixels of the button beside its text


class Transport(QWidget):
    """Five buttons in a row."""

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = bench
        self._playback = Playback.of(bench)
        self._icons: dict[QToolButton, str] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID // 2)
        self.to_start = self._button("time-start", "To the start", "Before the first step", self.go_to_start)
        self.back = self._button(
            "chevron-left", "Back one epoch", "The end of the epoch before", lambda: self.go_epochs(-1)
        )
        self.play = self._button("play", "Play", "Play what was trained", self._playback.toggle)
        self.forward = self._button("chevron-right", "Forward one epoch", "The end of the next epoch that was trained",
                                    lambda: self.go_epochs(1))  # fmt: skip
        self.to_newest = self._button("time-end", "To the newest moment", "As far as training came", self.go_to_newest)
        for button in self._icons:
            row.addWidget(button)
        bench.status_changed.connect(self.refresh)
        bench.time.changed.connect(self.refresh)
        self._playback.changed.connect(self.refresh)
        self.refresh()

    def go_to_start(self) -> None:
        """Look at the untrained network."""
        self._go(0)

    def go_to_newest(self) -> None:
        """Look at the newest moment."""
        self._go(self._bench.time.furthest)

    def go_epochs(self, epochs: int) -> None:
        """Look at the end of an epoch before or after."""
        per_epoch, shown = max(1, self._bench.status.steps_per_epoch), self._bench.shown_step
        whole = -(-shown // per_epoch) if epochs < 0 else shown // per_epoch
        self._go((whole + epochs) * per_epoch)

    def refresh(self, *_: object) -> None:
        """Only what can be done can be pressed."""
        bench, furthest = self._bench, self._bench.time.furthest
        can = bench.status.state in ("paused", "running", "finished") and furthest > 0
        at = bench.shown_step
        for button, on in (
            (self.to_start, can and at > 0),
            (self.back, can and at > 0),
            (self.play, self._playback.can_play or self._playback.is_on),
            (self.forward, can and at < furthest),
            (self.to_newest, can and at < furthest),
        ):
            button.setEnabled(on)
        name = "pause" if self._playback.is_on else "play"
        if self._icons[self.play] != name:
            self._icons[self.play] = name
            self.play.setIcon(icons.icon(name))
            self.play.setAccessibleName("Hold" if name == "pause" else "Play")

    def on_theme(self) -> None:
        """Icons in the colours of the present theme."""
        for button, name in self._icons.items():
            button.setIcon(icons.icon(name))

    def _go(self, step: int) -> None:
        self._playback.hold()
        self._bench.seek(step)

    def _button(self, icon: str, name: str, why: str, act: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName(name)
        button.setToolTip(tooltip(f"{name}\n{why}"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setIconSize(QSize(16, 16))
        button.setFixedSize(HEIGHT + 2, HEIGHT)
        button.setIcon(icons.icon(icon))
        button.clicked.connect(lambda: act())
        self._icons[button] = icon
        return button


class GoOn(QPushButton):
    """Trains on from the moment that is looked at: the thing to do next while one looks back."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(GO_ON)
        self._bench = bench
        self.setStyleSheet("padding: 3px 12px;")  # as high as the fields beside it
        self.setFixedSize(round(plots.text_width(GO_ON, theme.TEXT_PX, bold=True)) + SIDES, HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(
            tooltip("Train on from the moment that is shown. With changed settings the run takes another way.")
        )
        self.clicked.connect(self._go_on)
        bench.status_changed.connect(self.refresh)
        bench.time.changed.connect(self.refresh)
        bench.stale_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Accented while it can be pressed."""
        on = self._bench.looks_back and not self._bench.stale
        self.setEnabled(on)
        value = "true" if on else "false"
        if self.property("accented") != value:
            self.setProperty("accented", value)
            self.style().unpolish(self)
            self.style().polish(self)

    def _go_on(self) -> None:
        Playback.of(self._bench).hold()
        self._bench.go_on()
