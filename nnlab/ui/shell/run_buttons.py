"""The buttons of the run bar: each gives one command, and one of them at most is accented."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QFont, QFontMetrics
from PySide6.QtWidgets import QAbstractButton, QApplication, QPushButton, QToolButton

from nnlab.engine.events import RunStatus
from nnlab.ui.forms.controls import HEIGHT
from nnlab.ui.forms.number_edit import NumberEdit
from nnlab.ui.look import icons
from nnlab.ui.look.labels import tooltip

TRAIN, AGAIN, RESUME, PAUSE = "Train", "Train again", "Resume", "Pause"
RESTART = "Restart with these changes"
SIDES = 52  # pixels of a button beside its text


class Command(QObject):
    """Keeps one button in step with one command: pressed, enabled, explained and drawn in the colours of the theme."""

    def __init__(self, button: QAbstractButton, action: QAction | None, icon: str) -> None:
        """Without a command (None) the button stays disabled."""
        super().__init__(button)
        self._button = button
        self._action: QAction | None = None
        self._icon = icon
        button.setIconSize(QSize(16, 16))
        button.setFixedHeight(HEIGHT)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(self._trigger)
        button.installEventFilter(self)
        self.set_action(action, icon)

    def set_action(self, action: QAction | None, icon: str) -> None:
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
        if self._button.property("accented") != value:
            self._button.setProperty("accented", value)
            self._button.style().unpolish(self._button)
            self._button.style().polish(self._button)
            self.draw()

    def draw(self) -> None:
        """The icon, in the colour that stands out from the button."""
        token = "on_accent" if self._button.property("accented") == "true" else "text"
        self._button.setIcon(icons.icon(self._icon, token))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The icon follows the theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self.draw()
        return False

    def _trigger(self) -> None:
        field = QApplication.focusWidget()
        if isinstance(field, NumberEdit):
            field.commit()  # so that what is being typed there counts
        if self._action is not None:
            self._action.trigger()

    def _follow(self) -> None:
        action = self._action
        self._button.setEnabled(action is not None and action.isEnabled())
        if action is not None:
            self._button.setToolTip(tooltip(action.toolTip()))
            self._button.setAccessibleName(self._button.text() or action.text().replace("&", ""))


class CommandButton(QToolButton):
    """A quiet button for one command."""

    def __init__(self, action: QAction | None, icon: str, text: str = "") -> None:
        super().__init__()
        self.setText(text)
        style = Qt.ToolButtonStyle
        self.setToolButtonStyle(style.ToolButtonTextBesideIcon if text else style.ToolButtonIconOnly)
        if not text:
            self.setFixedWidth(HEIGHT + 4)
        self.command = Command(self, action, icon)


class RestartButton(QPushButton):
    """Takes up what changed on the canvas; accented, since it is the thing to do next while it is there."""

    def __init__(self, action: QAction | None) -> None:
        super().__init__(RESTART)
        self.command = Command(self, action, "restart")
        self.command.set_accented(True)
        self.setFixedWidth(_width(self.font(), RESTART))

    def set_short(self, short: bool) -> None:
        """One word instead of four, where there is little room."""
        text = RESTART.split()[0] if short else RESTART
        if text != self.text():
            self.setText(text)
            self.setFixedWidth(_width(self.font(), text))


class MainButton(QPushButton):
    """Train, resume or pause: whichever makes sense now, in a button that keeps its width."""

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__(TRAIN)
        self._actions = actions
        self.command = Command(self, actions.get("train.start"), "play")
        self.setFixedWidth(_width(self.font(), TRAIN, AGAIN, RESUME, PAUSE))

    def show_state(self, status: RunStatus, stale: bool, looks_back: bool = False) -> None:
        """Offer what makes sense in this state of the run; while one looks back the timeline has the thing to do next."""
        running = status.state == "running"
        text = PAUSE if running else RESUME if looks_back and not stale else _start_text(status, stale)
        if text != self.text():
            self.setText(text)
            self.command.set_action(
                self._actions.get("train.pause" if running else "train.start"), "pause" if running else "play"
            )
        self.command.set_accented(not (stale or looks_back) and status.state not in ("running", "preparing"))


def _start_text(status: RunStatus, stale: bool) -> str:
    if status.state == "finished" and not stale:
        return AGAIN
    return RESUME if status.state == "paused" and status.step > 0 and not stale else TRAIN


def _width(font: QFont, *texts: str) -> int:
    """Room for the widest of these texts with its icon, in the heavier type of an accented button."""
    heavy = QFont(font)
    heavy.setWeight(QFont.Weight.DemiBold)
    widest = max(QFontMetrics(heavy).horizontalAdvance(text) for text in texts)
    return 4 * -(-(widest + SIDES) // 4)
