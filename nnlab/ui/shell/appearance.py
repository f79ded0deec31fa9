"""How the whole window looks: theme, motion, size; chosen once, remembered, and following the system where asked to."""

from collections.abc import Callable
from typing import cast

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from nnlab.ui.keeping.settings import Settings
from nnlab.ui.look import style_sheet, theme


class Appearance(QObject):
    """Puts the chosen theme in force, at once and whenever the system changes its own."""

    def __init__(self, settings: Settings, window: QWidget, changed: Callable[[], None]) -> None:
        """`changed` is called after the theme is another one, before the parts of the window are told."""
        super().__init__(window)
        self._settings = settings
        self._window = window
        self._changed = changed
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system)

    def set_theme(self, choice: theme.Choice) -> None:
        """Light, dark, or as the system; remembered."""
        self._settings.theme = choice
        self.apply()

    def apply(self) -> None:
        """Make the chosen theme the one in force; every part that has `on_theme` draws itself anew."""
        if not start(self._settings):
            return
        self._changed()
        for widget in self._window.findChildren(QWidget):
            recolor = getattr(widget, "on_theme", None)
            if recolor is not None:
                recolor()

    def _on_system(self) -> None:
        if self._settings.theme == "system":
            self.apply()


def start(settings: Settings) -> bool:
    """Put the chosen theme in force before there is a window; False if it already is."""
    app = cast(QApplication, QApplication.instance())
    chosen = theme.resolve(settings.theme)
    if chosen is theme.current() and app.styleSheet():
        return False
    style_sheet.install(app, chosen)
    return True
