"""Whether a button is pointed at: by the mouse over it, or by the keyboard's focus on it."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QWidget

DELAY_MS = 120  # a mouse that only passes by points at nothing
BY_KEY = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
_AWAY = (QEvent.Type.Leave, QEvent.Type.FocusOut, QEvent.Type.Hide)


class Pointing(QObject):
    """Tells when a widget begins to be pointed at, and when that ends."""

    def __init__(self, widget: QWidget, tell: Callable[[bool], None]) -> None:
        super().__init__(widget)  # dies with it
        self._tell = tell
        self._on = False
        self._soon = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._soon.timeout.connect(lambda: self._change(True))
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow mouse and focus; the widget sees everything too."""
        if event.type() == QEvent.Type.Enter:
            self._soon.start()
        elif isinstance(event, QFocusEvent) and event.gotFocus() and event.reason() in BY_KEY:
            self._change(True)
        elif event.type() in _AWAY:
            self._soon.stop()
            self._change(False)
        return False

    def _change(self, on: bool) -> None:
        if on != self._on:
            self._on = on
            self._tell(on)
