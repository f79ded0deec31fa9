"""One field for each kind of setting: what a row of a form holds on its right side."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nnlab.core.param import TEXT_LIMIT, Param
from nnlab.ui.forms.controls import HEIGHT, Choice, Switch
from nnlab.ui.forms.number_edit import FOLLOWS, MIXED, LineEdit, NumberEdit
from nnlab.ui.forms.size_edit import SizeEdit
from nnlab.ui.look.labels import plain, tooltip

OnChange = Callable[[Any, bool], None]
"""(value, done): called for every edit; done is False while one gesture is still going on."""


class Field:
    """The editor of one setting: shows a value, tells of edits, and can show that a value was refused."""

    widget: QWidget
    stacked = False
    """Too wide to stand beside its label."""

    def __init__(self, param: Param, on_change: OnChange) -> None:
        self.param = param
        self.on_change = on_change

    def set_value(self, value: Any) -> None:
        """Show this value; tells nobody."""
        raise NotImplementedError

    def set_mixed(self) -> None:
        """Show that several values stand behind this field."""
        raise NotImplementedError

    def reject(self, value: Any, sentence: str) -> None:
        """The last edit was refused: go back to `value`."""
        self.set_value(value)

    def controls(self) -> list[QWidget]:
        """What Tab stops at, in order."""
        return [self.widget]

    def _describe(self, control: QWidget) -> None:
        control.setAccessibleName(self.param.label)
        control.setAccessibleDescription(self.param.why)
        control.setToolTip(tooltip(self.param.why))


class NumberField(Field):
    """A number, or a size of one or more numbers."""

    def __init__(self, param: Param, value: Any, on_change: OnChange) -> None:
        super().__init__(param, on_change)
        self.edit = (SizeEdit if param.kind == "size" else NumberEdit)(param, value)
        self.edit.setFixedHeight(HEIGHT)
        self.edit.changed.connect(on_change)
        self.widget = self.edit

    def set_value(self, value: Any) -> None:
        """Show this number."""
        self.edit.set_value(value)

    def set_mixed(self) -> None:
        """An empty field that says so."""
        self.edit.set_mixed()

    def reject(self, value: Any, sentence: str) -> None:
        """The text stays, marked as wrong."""
        self.edit.reject(value, sentence)


class SwitchField(Field):
    """Yes or no."""

    def __init__(self, param: Param, value: bool, on_change: OnChange) -> None:
        super().__init__(param, on_change)
        self.widget = self.switch = Switch()
        self._describe(self.switch)
        self.set_value(value)
        self.switch.clicked.connect(self._on_clicked)

    def set_value(self, value: Any) -> None:
        """On or off."""
        self.switch.setTristate(False)
        self.switch.setChecked(bool(value))

    def set_mixed(self) -> None:
        """Neither on nor off."""
        self.switch.setTristate(True)
        self.switch.setCheckState(Qt.CheckState.PartiallyChecked)

    def _on_clicked(self) -> None:
        on = self.switch.checkState() != Qt.CheckState.Unchecked
        self.set_value(on)
        self.on_change(on, True)


class ChoiceField(Field):
    """One of a few named values."""

    BESIDE_PX = 118  # texts wider than this would be cut beside their label in a narrow inspector

    def __init__(self, param: Param, value: Any, on_change: OnChange) -> None:
        super().__init__(param, on_change)
        self.widget = self.box = Choice()
        self._describe(self.box)
        for data, text in _options(param):
            self.box.addItem(plain(text), data)
        widths = [self.box.fontMetrics().horizontalAdvance(text) for _, text in _options(param)]
        self.stacked = max(widths, default=0) + 36 > self.BESIDE_PX
        self.box.setPlaceholderText(MIXED)
        self.set_value(value)
        self.box.activated.connect(lambda i: self.on_change(self.box.itemData(i), True))

    def set_value(self, value: Any) -> None:
        """Show the chosen one."""
        values = [data for data, _ in _options(self.param)]
        self.box.setCurrentIndex(values.index(value) if value in values else -1)

    def set_mixed(self) -> None:
        """None of them."""
        self.box.setCurrentIndex(-1)


class TextField(Field):
    """A line of text."""

    stacked = True

    def __init__(self, param: Param, value: str | None, on_change: OnChange) -> None:
        super().__init__(param, on_change)
        self.widget = self.edit = LineEdit()
        self.edit.setFixedHeight(HEIGHT)
        self.edit.setMaxLength(TEXT_LIMIT)
        self._describe(self.edit)
        self._value = ""
        self.set_value(value)
        self.edit.editingFinished.connect(self._on_finished)

    def set_value(self, value: Any) -> None:
        """Show this text, unless it is the one being edited."""
        if value != self._value:
            self._value = value or ""
            self.edit.setPlaceholderText("")
            self.edit.setText(self._value)
            self.edit.setCursorPosition(0)

    def set_mixed(self) -> None:
        """An empty field that says so."""
        self._value = ""
        self.edit.setPlaceholderText(MIXED)
        self.edit.setText("")

    def _on_finished(self) -> None:
        text = self.edit.text()
        self.edit.setModified(False)
        if text != self._value:
            self._value = text
            self.on_change(text or None if self.param.optional else text, True)


def _options(param: Param) -> list[tuple[Any, str]]:
    first = [(None, FOLLOWS)] if param.optional else []
    if param.kind == "bool":
        return [*first, (True, "Yes"), (False, "No")]
    return [*first, *param.choices]


def simple_field(param: Param, value: Any, on_change: OnChange) -> Field:
    """The field for any kind of setting but a variant."""
    if param.kind in ("int", "float", "size"):
        return NumberField(param, value, on_change)
    if param.kind == "choice" or (param.kind == "bool" and param.optional):
        return ChoiceField(param, value, on_change)
    if param.kind == "bool":
        return SwitchField(param, value, on_change)
    return TextField(param, value, on_change)
