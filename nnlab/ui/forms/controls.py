"""Small controls that the forms are made of: switch, choice, label to drag, fold, hairline."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import (
    QCursor,
    QEnterEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QStandardItemModel,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QComboBox, QFrame, QSizePolicy, QWidget

from nnlab.ui.forms.number_edit import NumberEdit
from nnlab.ui.forms.stepping import Stride
from nnlab.ui.look import icons, theme
from nnlab.ui.look.labels import PlainLabel

HEIGHT = 28
"""Of every field and button in one row."""
DRAG_PX = 6  # pixels of dragging for one step
FOLD_INDENT = 16
SWITCH_WIDTH, SWITCH_HEIGHT = 32, 18


class Switch(QCheckBox):
    """An on-off setting; to the keyboard and to screen readers it is a check box."""

    def sizeHint(self) -> QSize:
        """The track, in a row as high as every other field."""
        return QSize(SWITCH_WIDTH + 2, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Never smaller than its track."""
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """The whole track takes clicks."""
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A track with a knob at the left (off), the right (on) or the middle (several values)."""
        current = theme.current()
        state = self.checkState()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(1.0 if self.isEnabled() else 0.45)
        track = QRectF(1, (self.height() - SWITCH_HEIGHT) / 2, SWITCH_WIDTH, SWITCH_HEIGHT)
        on = state == Qt.CheckState.Checked
        if self.hasFocus():
            painter.setPen(QPen(current.color("accent", 110), 2))
            painter.drawRoundedRect(track.adjusted(-1, -1, 1, 1), track.height() / 2 + 1, track.height() / 2 + 1)
        painter.setPen(QPen(current.color("accent" if on else "muted"), 1))
        painter.setBrush(current.color("accent" if on else "sunken"))
        painter.drawRoundedRect(track.adjusted(0.5, 0.5, -0.5, -0.5), track.height() / 2, track.height() / 2)
        place = {Qt.CheckState.Checked: 1.0, Qt.CheckState.Unchecked: 0.0}.get(state, 0.5)
        radius = SWITCH_HEIGHT / 2 - 4
        x = track.left() + SWITCH_HEIGHT / 2 + place * (SWITCH_WIDTH - SWITCH_HEIGHT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(current.color("on_accent" if on else "muted"))
        painter.drawEllipse(QRectF(x - radius, track.center().y() - radius, 2 * radius, 2 * radius))
        painter.end()


class Choice(QComboBox):
    """A list to choose from that the wheel does not turn by accident, and that may be narrower than its texts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setMinimumWidth(96)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMaxVisibleItems(24)
        self.setFixedHeight(HEIGHT)

    def add_heading(self, text: str) -> None:
        """A line between groups that cannot be chosen."""
        self.addItem(text)
        model = self.model()
        if isinstance(model, QStandardItemModel):
            item = model.item(self.count() - 1)
            item.setFlags(Qt.ItemFlag.NoItemFlags)

    def showPopup(self) -> None:
        """The list opens wide enough for its longest text."""
        view = self.view()
        view.setMinimumWidth(max(self.width(), view.sizeHintForColumn(0) + 24))
        super().showPopup()

    def hidePopup(self) -> None:
        """Qt tells of no leaving while the list was open: look where the mouse is, or the field stays lit."""
        super().hidePopup()
        self.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, self.rect().contains(self.mapFromGlobal(QCursor.pos())))
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only with the focus; otherwise the form scrolls."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ScrubLabel(PlainLabel):
    """The label of a number; dragging it sideways steps the number, as one undo step."""

    def __init__(self, text: str, edit: NumberEdit) -> None:
        super().__init__(text)
        self._edit = edit
        self._last: float | None = None
        self.setBuddy(edit)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show that it can be dragged."""
        if self._edit.isEnabled():
            self.setCursor(Qt.CursorShape.SizeHorCursor)
        else:
            self.unsetCursor()
        super().enterEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The drag begins."""
        if event.button() == Qt.MouseButton.LeftButton and self._edit.isEnabled():
            self._last = event.position().x()
            self._edit.setFocus(Qt.FocusReason.MouseFocusReason)
            event.accept()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """One step for every few pixels; Shift goes far, Ctrl fine."""
        if self._last is None:
            return
        notches = int((event.position().x() - self._last) / DRAG_PX)
        if notches:
            self._last += notches * DRAG_PX
            self._edit.step(notches, Stride.of(event.modifiers()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The drag is over: what follows is another undo step."""
        if self._last is not None:
            self._last = None
            self._edit.finish()


class Fold(QAbstractButton):
    """A line that opens and closes what lies under it."""

    def __init__(self, text: str, on_toggle: Callable[[bool], None], is_open: bool = False) -> None:
        super().__init__()
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(is_open)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.toggled.connect(on_toggle)

    def sizeHint(self) -> QSize:
        """The arrow and the text."""
        return QSize(FOLD_INDENT + self.fontMetrics().horizontalAdvance(self.text()) + 6, HEIGHT - 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """An arrow that starts where the labels above it start, then the text."""
        current = theme.current()
        token = "text" if self.underMouse() or self.hasFocus() else "muted"
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus():
            painter.setPen(QPen(current.color("accent"), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        sign = icons.pixmap("chevron-down" if self.isChecked() else "chevron-right", 16, token)
        painter.drawPixmap(-4 if not self.isChecked() else -3, (self.height() - 16) // 2, sign)
        painter.setPen(current.color(token))
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect().adjusted(FOLD_INDENT, 0, 0, 0), middle, self.text())
        painter.end()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Stand out under the pointer."""
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Step back again."""
        super().leaveEvent(event)
        self.update()


class Hairline(QFrame):
    """A thin line between sections."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:
        """One line in the colour of hairlines."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().color("hairline"))
        painter.end()


def chain_focus(widgets: Sequence[QWidget]) -> None:
    """Make Tab go through these in their order."""
    for before, after in pairwise(widgets):
        QWidget.setTabOrder(before, after)
