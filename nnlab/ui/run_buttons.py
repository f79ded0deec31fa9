"""The buttons of the run bar: each gives one command, and one of them at most is accented."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolButton

from nnlab.engine.events import RunStatus
from nnlab.ui import icons
from nnlab.ui.controls import HEIGHT
from nnlab.ui.labels import tooltip

TRAIN, AGAIN, RESUME, PAUSE = "Train", "Train again", "Resume", "Pause"


class CommandButton(QToolButton):
    """A button for one command: enabled with it, with its tooltip, in the colours of the theme."""

    def __init__(self, action: QAction | None, icon: str, text: str = "") -> None:
        """Without a command (None) the button stays disabled."""
        super().__init__()
        self._action: QAction | None = None
        self._icon = icon
        self.setText(text)
        style = Qt.ToolButtonStyle
        self.setToolButtonStyle(style.ToolButtonTextBesideIcon if text else style.ToolButtonIconOnly)
        self.setIconSize(QSize(16, 16))
        self.setFixedHeight(HEIGHT)
        if not text:
            self.setFixedWidth(HEIGHT + 4)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self._trigger)
        self.set_command(action, icon)

    def set_command(self, action: QAction | None, icon: str) -> None:
        """Give this command from now on."""
        if self._action is not None:
            self._action.changed.disconnect(self._follow)
        self._action, self._icon = action, icon
        if action is not None:
            action.changed.connect(self._follow)
        self._follow()
        self.draw()

    def set_accented(self, accented: bool) -> None:
        """Whether this is the one thing to do next."""
        value = "true" if accented else "false"
        if self.property("accented") != value:
            self.setProperty("accented", value)
            self.style().unpolish(self)
            self.style().polish(self)
            self.draw()

    def draw(self) -> None:
        """The icon in the colour that stands out from the button."""
        self.setIcon(icons.icon(self._icon, "on_accent" if self.property("accented") == "true" else "text"))

    def changeEvent(self, event: QEvent) -> None:
        """The icon follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_icon"):
            self.draw()

    def _trigger(self) -> None:
        if self._action is not None:
            self._action.trigger()

    def _follow(self) -> None:
        action = self._action
        self.setEnabled(action is not None and action.isEnabled())
        if action is not None:
            self.setToolTip(tooltip(action.toolTip()))
            self.setAccessibleName(self.text() or action.text().replace("&", ""))


class MainButton(CommandButton):
    """Train, resume or pause: whichever makes sense now, in a button that keeps its width."""

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        self._actions = actions
        super().__init__(actions.get("train.start"), "play", TRAIN)
        font = self.font()
        font.setWeight(font.Weight.DemiBold)
        metrics = type(self.fontMetrics())(font)
        self.setFixedWidth(max(metrics.horizontalAdvance(t) for t in (TRAIN, AGAIN, RESUME, PAUSE)) + 48)

    def show_state(self, status: RunStatus, accented: bool) -> None:
        """Offer what makes sense in this state of the run."""
        if status.state == "running":
            text, command, icon = PAUSE, "train.pause", "pause"
        else:
            text, command, icon = self._start_text(status), "train.start", "play"
        if text != self.text():
            self.setText(text)
            self.set_command(self._actions.get(command), icon)
        self.set_accented(accented)

    def _start_text(self, status: RunStatus) -> str:
        if status.state == "finished":
            return AGAIN
        return RESUME if status.state == "paused" and status.step > 0 else TRAIN
