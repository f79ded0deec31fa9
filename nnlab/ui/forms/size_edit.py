"""The field for sizes: one number for all axes, one for each ("3 × 5"), or a word such as "same"."""

import re
from typing import Any

from PySide6.QtCore import QEvent
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QMenu, QWidget

from nnlab.core.param import Param
from nnlab.ui.forms.number_edit import NumberEdit
from nnlab.ui.forms.number_text import as_typed, parse
from nnlab.ui.forms.stepping import Stride, stepped
from nnlab.ui.look import icons
from nnlab.ui.look.labels import plain

HOW = "One per axis: type 3 × 5"
_BETWEEN = re.compile(r"\s*[×x*,;/]\s*|\s+")


class SizeEdit(NumberEdit):
    """A field for one declared size. A menu at its end lists the words it takes, and changes to one number per axis."""

    def __init__(self, param: Param, value: Any = None, parent: QWidget | None = None) -> None:
        super().__init__(param, value, parent)
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._opener = QAction(f"Choices for {plain(param.label)}", self)
        self._opener.triggered.connect(self._open_menu)
        if param.choices:
            self.addAction(self._opener, QLineEdit.ActionPosition.TrailingPosition)
        self._draw_opener()

    def options(self) -> list[tuple[str, Any]]:
        """What the menu offers: (text, value)."""
        found: list[tuple[str, Any]] = [(label, word) for word, label in self.param.choices]
        numbers = _numbers(self.value)
        if numbers is None:
            return [*found, ("A number", self._plainest())]
        if len(numbers) > 1:
            return [*found, ("One number for all axes", numbers[0])]
        return found

    def _help(self) -> str:
        return f"{self.param.why}\n{HOW}"

    def _read(self, text: str) -> Any:
        word = text.strip().casefold()
        for value, label in self.param.choices:
            if word in (value.casefold(), label.casefold()):
                return value
        parts = _BETWEEN.split(text.strip())
        if any(re.match(r"[+-]?0\d", part) for part in parts):
            raise ValueError("Write a size as 3, or one number per axis as 3 × 5")
        numbers = tuple(parse(part, whole=True) for part in parts)
        return numbers[0] if len(numbers) == 1 else numbers

    def _write(self, value: Any) -> str:
        numbers = _numbers(value)
        if numbers is None:
            return dict(self.param.choices).get(value, str(value))
        return " × ".join(as_typed(n) for n in numbers)

    def _stepped(self, notches: int, stride: Stride) -> Any:
        numbers = _numbers(self.value)
        if numbers is None:
            return None
        moved = tuple(int(stepped(self.param, n, notches, stride)) for n in numbers)
        return moved[0] if len(set(moved)) == 1 else moved

    def _plainest(self) -> int:
        low = self.param.low
        return 1 if low is None or low < 1 else int(low)

    def _fill_menu(self) -> None:
        self._menu.clear()
        for text, value in self.options():
            action = self._menu.addAction(plain(text).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(value == self.value)
            action.triggered.connect(lambda _=False, value=value: self._take(value, done=True))
        hint = self._menu.addAction(HOW)
        hint.setEnabled(False)

    def _draw_opener(self) -> None:
        self._opener.setIcon(icons.icon("chevron-down", "muted"))

    def _open_menu(self) -> None:
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def changeEvent(self, event: QEvent) -> None:
        """The arrow follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_opener"):
            self._draw_opener()


def _numbers(value: Any) -> tuple[int, ...] | None:
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, int) else None
