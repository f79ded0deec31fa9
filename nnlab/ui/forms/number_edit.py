"""Fields for numbers: a value is taken when it is finished, shown as wrong when it is not one, and never altered."""

from typing import Any

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from nnlab.core.param import Param
from nnlab.errors import SettingError
from nnlab.ui.forms.number_text import LENGTH_LIMIT, as_typed, parse
from nnlab.ui.forms.stepping import Stride, stepped
from nnlab.ui.look import theme
from nnlab.ui.look.labels import tooltip

WHEEL_NOTCH = 120  # eighths of a degree, as Qt counts them
PAGE = 10  # steps of Page up and Page down
MIXED = "Several values"
FOLLOWS = "Automatic"

_ARROWS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: PAGE, Qt.Key.Key_PageDown: -PAGE}
_FINISH = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class LineEdit(QLineEdit):
    """A line of text: undo is the project's once nothing is being typed, and a command key takes what is typed."""

    def event(self, event: QEvent) -> bool:
        """Leave undo to the project once nothing is being typed; take what is typed before a command key acts on it."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            if not self.isModified() and _is_undo(event):
                event.ignore()
                return False
            if _is_command(event):
                self.commit()
        return super().event(event)

    def commit(self) -> bool:
        """Take what is typed; False if it cannot be taken."""
        if self.isModified():
            self.editingFinished.emit()
        return True


class NumberEdit(LineEdit):
    """A field for one declared number. Enter or leaving it takes what was typed; Esc brings the value back."""

    changed = Signal(object, bool)
    """(value, done): done is False while the value is being stepped or dragged, so that undo takes it back as one."""
    refused = Signal(str)
    """The sentence that says what is wrong with the text; empty once it is right again."""

    def __init__(self, param: Param, value: Any = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.param = param
        self.problem = ""
        self._value: Any = value
        self._mixed = False
        self._unfinished = False
        self._wheel = 0
        self.setMaxLength(LENGTH_LIMIT)
        self.setAccessibleName(param.label)
        self.setAccessibleDescription(param.why)
        self.setToolTip(tooltip(self._help()))
        self.setPlaceholderText(FOLLOWS if param.optional else "")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.textEdited.connect(self._on_edited)
        self._show_value()

    # ---------------------------------------------------------------- value

    @property
    def value(self) -> Any:
        """The value last taken or set; what is being typed does not count yet."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Show this value; says nothing to anyone. Text being typed stays if the value is the one it started from."""
        if value == self._value and type(value) is type(self._value) and not self._mixed:
            return
        self._value, self._mixed = value, False
        self.setPlaceholderText(FOLLOWS if self.param.optional else "")
        self._show_value()

    def set_mixed(self) -> None:
        """Show that several values stand behind this field; the next one typed is for all of them."""
        self._mixed = True
        self.setPlaceholderText(MIXED)
        self._show_value()

    def reject(self, value: Any, sentence: str) -> None:
        """Go back to this value but leave the text standing, marked as wrong with this sentence."""
        self._value, self._unfinished = value, False
        self.setModified(True)
        self.show_problem(sentence)

    def show_problem(self, sentence: str) -> None:
        """Mark the field as wrong with this sentence, or as right if it is empty."""
        if sentence != self.problem:
            self.problem = sentence
            self.setToolTip(tooltip(sentence or self._help()))
            self.setAccessibleDescription(sentence or self.param.why)
            self.refused.emit(sentence)
            self.update()

    def commit(self) -> bool:
        """Take what is typed; False (and the field shown as wrong) if it cannot be taken."""
        if not self.isModified():
            self.finish()
            return not self.problem
        try:
            value = self._checked(self.text())
        except SettingError as wrong:
            self.show_problem(str(wrong))
            return False
        self._take(value, done=True)
        return True

    def step(self, notches: int, stride: Stride | None = None) -> None:
        """So many sensible steps up (down if negative), from what stands in the field."""
        if self.isModified() and not self.commit():
            return
        new = self._stepped(notches, stride or Stride())
        if new is not None and new != self._value:
            self._unfinished = True
            self._take(new, done=False)

    def finish(self) -> None:
        """The stepping or dragging is over: the next edit undoes on its own."""
        if self._unfinished:
            self._unfinished = False
            self.changed.emit(self._value, True)

    # ---------------------------------------------------------------- what other fields of numbers do their own way

    def _help(self) -> str:
        """What the tooltip says while nothing is wrong."""
        return self.param.why

    def _read(self, text: str) -> Any:
        """The value this text means; ValueError with a sentence if it means none."""
        return parse(text, whole=self.param.kind == "int")

    def _write(self, value: Any) -> str:
        """The text that means this value."""
        return as_typed(value)

    def _stepped(self, notches: int, stride: Stride) -> Any:
        """The value so many steps on, or None if it cannot be stepped."""
        return None if self._value is None else stepped(self.param, self._value, notches, stride)

    # ---------------------------------------------------------------- inside

    def _checked(self, text: str) -> Any:
        if not text.strip() and self.param.optional:
            return None
        try:
            found = self._read(text)
        except ValueError as wrong:
            raise SettingError(str(wrong), self.param.name) from None
        return self.param.check(found)

    def _take(self, value: Any, done: bool) -> None:
        differs = self._mixed or value != self._value
        self._value, self._mixed = value, False
        self._show_value()
        if done:
            self._unfinished = False
        if differs or done:
            self.changed.emit(value, done)

    def _show_value(self) -> None:
        self.setText("" if self._value is None or self._mixed else self._write(self._value))
        self.setModified(False)
        self.setCursorPosition(0)
        self.show_problem("")

    def _on_edited(self, text: str) -> None:
        if not self.problem:
            return
        try:
            self._checked(text)
        except SettingError as wrong:
            self.show_problem(str(wrong))
        else:
            self.show_problem("")

    # ---------------------------------------------------------------- Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows step, Enter takes, Esc brings the value back."""
        key = event.key()
        if key in _ARROWS:
            self.step(_ARROWS[Qt.Key(key)], Stride.of(event.modifiers()))
        elif key in _FINISH:
            if self.commit():
                self.selectAll()
        elif key == Qt.Key.Key_Escape and (self.isModified() or self.problem):
            self._show_value()
            self.selectAll()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step only while it has the focus, so that scrolling past a field changes nothing."""
        if not self.hasFocus():
            event.ignore()
            return
        self._wheel += event.angleDelta().y() or event.angleDelta().x()
        notches = int(self._wheel / WHEEL_NOTCH)
        self._wheel -= notches * WHEEL_NOTCH
        if notches:
            self.step(notches, Stride.of(event.modifiers()))
        event.accept()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Offer the whole number to be typed over when reached by keyboard."""
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Leaving takes what was typed."""
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.commit()
        super().focusOutEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The field, with an outline in the colour of errors while its text is wrong."""
        super().paintEvent(event)
        if self.problem:
            _draw_outline(self)


def _is_undo(event: QKeyEvent) -> bool:
    return event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo)


def _is_command(event: QKeyEvent) -> bool:
    """A function key (train, step, pause), or saving: keys that act on the whole project."""
    saves = event.matches(QKeySequence.StandardKey.Save) or event.matches(QKeySequence.StandardKey.SaveAs)
    return saves or Qt.Key.Key_F1 <= event.key() <= Qt.Key.Key_F12


def _draw_outline(field: QWidget) -> None:
    painter = QPainter(field)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.current().color("error"), 1.5))
    painter.drawRoundedRect(QRectF(field.rect()).adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)
    painter.end()
