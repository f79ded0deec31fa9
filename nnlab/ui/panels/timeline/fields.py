"""The two numbers of the moment that is looked at, to be read and to be typed."""

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QWidget

from nnlab.core import words
from nnlab.core.param import Param
from nnlab.ui.forms.controls import HEIGHT
from nnlab.ui.forms.number_edit import NumberEdit
from nnlab.ui.look import labels, theme
from nnlab.ui.playback import Playback
from nnlab.ui.workbench import Workbench

MOST = 10**9
WIDTH = 76


class MomentFields(QWidget):
    """Epoch and step of the moment that is shown."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self.epoch = self._field("epoch", "Epoch", "Look at the end of this epoch; 0 is the start.")
        self.step = self._field("step", "Step", "Look at the moment after so many steps.")
        self.reach = labels.label("", "caption")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        self._epoch_name = labels.label(self.epoch.param.label, "caption")
        for name, field in ((self._epoch_name, self.epoch), (labels.label("Step", "caption"), self.step)):
            name.setBuddy(field)
            row.addWidget(name)
            row.addWidget(field)
        row.addWidget(self.reach)
        self.epoch.changed.connect(lambda value, done: self._go(value * self._per_epoch()))
        self.step.changed.connect(lambda value, done: self._go(value))
        bench.status_changed.connect(self.refresh)
        bench.time.changed.connect(self.refresh)

    def set_short(self, short: bool) -> None:
        """Only the step, where there is little room."""
        for part in (self._epoch_name, self.epoch, self.reach):
            part.setVisible(not short)

    def refresh(self, *_: object) -> None:
        """Show the moment of now; a field that is being typed into keeps its text."""
        if not self.isVisible():
            return
        shown, furthest = self._bench.shown_step, self._bench.time.furthest
        for field, value in ((self.epoch, shown // self._per_epoch()), (self.step, shown)):
            if not field.isModified():
                field.set_value(value)
            field.setEnabled(furthest > 0)
        self.reach.setText(f"of {words.count(furthest)}")

    def _per_epoch(self) -> int:
        return max(1, self._bench.status.steps_per_epoch)

    def _go(self, step: Any) -> None:
        if step != self._bench.shown_step and not self._is_shown(step):
            Playback.of(self._bench).hold()
            self._bench.seek(int(step))

    def _is_shown(self, step: int) -> bool:
        """The epoch field names the epoch in which the shown moment lies; leaving it unchanged is no wish."""
        return self.epoch.hasFocus() and step == self._bench.shown_step // self._per_epoch() * self._per_epoch()

    def _field(self, name: str, title: str, why: str) -> NumberEdit:
        made = NumberEdit(Param(name, title, why, "int", low=0, high=MOST), 0)
        made.setFixedSize(WIDTH, HEIGHT)
        return made
