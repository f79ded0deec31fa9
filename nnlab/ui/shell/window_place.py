"""Where the window stands: where it was, if that can still be reached, else in the middle of the screen."""

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from nnlab.ui.keeping.settings import Settings

FIRST_SIZE = QSize(1440, 900)
TITLE_HEIGHT = 32
REACH = QSize(120, 16)  # so much of the title must be on a screen


def restore(window: QWidget, settings: Settings) -> None:
    """Put the window where it was, or in the middle."""
    if window.restoreGeometry(settings.bytes_of("window")) and _on_a_screen(window.frameGeometry()):
        return
    screen = QGuiApplication.primaryScreen().availableGeometry()
    size = FIRST_SIZE.boundedTo(screen.size())
    window.setGeometry(QRect(screen.center() - QRect(0, 0, size.width(), size.height()).center(), size))


def keep(window: QWidget, settings: Settings) -> None:
    """Remember where the window is."""
    settings.keep_bytes("window", window.saveGeometry())


def _on_a_screen(frame: QRect) -> bool:
    """Whether the title can be reached and the window is not larger than any screen."""
    title = QRect(frame.left(), frame.top(), frame.width(), TITLE_HEIGHT)
    for screen in QGuiApplication.screens():
        room = screen.availableGeometry()
        seen = room.intersected(title)
        if seen.width() >= REACH.width() and seen.height() >= REACH.height() and frame.width() <= room.width() * 1.1:
            return True
    return False
