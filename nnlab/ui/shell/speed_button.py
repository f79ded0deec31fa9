"""How fast training goes at most: full speed, or a pace that eyes can follow."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton

from nnlab.ui.forms.controls import HEIGHT
from nnlab.ui.keeping.settings import PACES
from nnlab.ui.look import icons
from nnlab.ui.look.labels import tooltip
from nnlab.ui.workbench import Workbench


def pace_words(pace: float) -> str:
    """A pace as menu and run bar say it."""
    if not pace:
        return "Full speed"
    return f"{pace:g} epoch{'' if pace == 1 else 's'}/s"


class SpeedButton(QToolButton):
    """Says the pace, and offers the others."""

    def __init__(self, bench: Workbench, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self._bench = bench
        self.setObjectName("speed")
        self.setAccessibleName("Speed")
        self.setFixedHeight(HEIGHT)
        self.setIconSize(QSize(16, 16))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(tooltip("How fast training goes at most; the numbers are the same at any speed"))
        menu = QMenu(self)
        for pace in PACES:
            if f"train.pace_{pace:g}" in actions:
                menu.addAction(actions[f"train.pace_{pace:g}"])
        self.setMenu(menu)
        bench.pace_changed.connect(self._show)
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """The icon follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.draw()

    def set_short(self, short: bool) -> None:
        """The icon alone, where there is little room."""
        style = Qt.ToolButtonStyle.ToolButtonIconOnly if short else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        if style != self.toolButtonStyle():
            self.setToolButtonStyle(style)

    def draw(self) -> None:
        """The icon in the colours of the theme."""
        self.setIcon(icons.icon("clock"))

    def _show(self) -> None:
        self.setText(pace_words(self._bench.pace))
        self.draw()
