"""The one floating editor of the canvas: a node's name, in place."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from nnlab.ui.look import theme
from nnlab.ui.look.theme import RADIUS, TEXT_PX

NAME_LIMIT = 80


class NameField(QLineEdit):
    """Enter keeps the name, Esc does not; leaving the field keeps it."""

    def __init__(self, parent: QWidget, back_to: QWidget) -> None:
        """`back_to` has the keyboard again afterwards."""
        super().__init__(parent)
        self._back_to = back_to
        self.setObjectName("nameField")
        self.setAccessibleName("Name of the layer")
        self.setMaxLength(NAME_LIMIT)
        self._done: Callable[[str], None] | None = None
        self.hide()

    def open_over(self, card: QRect, name: str, done: Callable[[str], None]) -> None:
        """Edit this name over a node's card; `done` gets what was typed."""
        now = theme.current()
        self.setStyleSheet(
            f"QLineEdit {{ background: {now.sunken}; color: {now.text}; border: 2px solid {now.accent};"
            f" border-radius: {RADIUS}px; padding: 2px 6px; font-size: {TEXT_PX}px; }}"
        )
        self._done = done
        self.setText(name)
        self.selectAll()
        width = max(140, card.width())
        self.setGeometry(card.center().x() - width // 2, card.center().y() - 16, width, 32)
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def finish(self, keep: bool) -> None:
        """Close, and hand the name over if it is to be kept."""
        done, self._done = self._done, None
        if done is None:
            return
        self.hide()
        self._back_to.setFocus()
        if keep:
            done(self.text())

    def event(self, event: QEvent) -> bool:
        """While one types here, no key is a shortcut."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Esc end it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.finish(True)
        elif event.key() == Qt.Key.Key_Escape:
            self.finish(False)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A click elsewhere keeps the name."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.finish(True)
