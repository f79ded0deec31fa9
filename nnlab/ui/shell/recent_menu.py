"""The menu of the files opened lately."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from nnlab.files import disk as files
from nnlab.ui.keeping.settings import Settings

PATH = "File/Open recent"


def fill_when_shown(menu: QMenu, clear: QAction, settings: Settings, open_: Callable[[Path], object]) -> None:
    """Let the menu hold the list as it is when it opens; files that are gone are greyed, `clear` stays last."""

    def fill() -> None:
        for old in menu.actions():
            if old is not clear:
                menu.removeAction(old)
                old.deleteLater()
        for path in settings.recent:
            entry = QAction(files.name_of(path).replace("&", "&&"), menu)
            entry.setEnabled(path.is_file())
            entry.triggered.connect(partial(open_, path))
            menu.insertAction(clear, entry)
        menu.insertSeparator(clear)

    menu.aboutToShow.connect(fill)
