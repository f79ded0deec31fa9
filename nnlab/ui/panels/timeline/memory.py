"""How much memory going back in time takes, and how much it may take."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton

from nnlab.core import words
from nnlab.ui.forms.controls import HEIGHT
from nnlab.ui.look.labels import tooltip
from nnlab.ui.time_travel import MEGABYTE
from nnlab.ui.workbench import Workbench

LEAST = 0.1  # megabytes that are shown: a few thousand bytes are not nothing
CHOICES = (16, 64, 256, 1_000, 4_000)
WHY = (
    "Moments of the run that are kept whole, so that going back is quick: many of late, few of long ago. "
    "With more memory more of them are kept. Every step can be gone back to in any case."
)


class MemoryButton(QToolButton):
    """Says how many moments are kept, and offers other limits."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self.setAccessibleName("Memory for going back")
        self.setToolTip(tooltip(WHY))
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.choices = QMenu(self)
        self._group = QActionGroup(self)
        self.choices.aboutToShow.connect(self._fill)
        self.setMenu(self.choices)
        bench.status_changed.connect(self.refresh)
        bench.time.limited.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Show the figures of now."""
        status, limit = self._bench.status, self._bench.time.megabytes
        used = status.moments_bytes / MEGABYTE
        size = words.count(used) if used >= 10 else words.fixed(max(used, LEAST) if status.moments else 0.0, 1)
        of = f" of {words.count(limit)}" if limit else ""
        text = f"{words.plural(status.moments, 'moment')}, {size}{of} MB"
        if text != self.text():
            self.setText(text)

    def _fill(self) -> None:
        self.choices.clear()
        now = self._bench.time.megabytes
        for megabytes in sorted({*CHOICES, now} - {0}):
            choice = self.choices.addAction(f"At most {words.count(megabytes)} MB")
            choice.setCheckable(True)
            choice.setChecked(megabytes == now)
            choice.triggered.connect(lambda _=False, chosen=megabytes: self._bench.time.limit(chosen))
            self._group.addAction(choice)
