"""Every command by its name: type some letters of it, press Enter."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from nnlab.ui.actions import Action
from nnlab.ui.dialogs import shown_key
from nnlab.ui.look import icons, theme

WIDTH, ROW, ROWS = 520, 34, 10
COMMAND = Qt.ItemDataRole.UserRole


def score(wanted: str, text: str) -> float | None:
    """How well the letters fit the text, in their order: higher is better, None if they do not."""
    need, have = wanted.lower().replace(" ", ""), text.lower()
    if not need:
        return 0.0
    if wanted.lower().strip() in have:
        start = have.index(wanted.lower().strip())
        return 100.0 - start + (20 if start == 0 or have[start - 1] in " /" else 0)
    at, total, last = 0, 0.0, -2
    for letter in need:
        at = have.find(letter, at)
        if at < 0:
            return None
        total += 6 if at == 0 or have[at - 1] in " /" else 3 if at == last + 1 else 0
        last, at = at, at + 1
    return total - len(have) * 0.05


EXACT = 1_000  # added to what is called exactly as was asked


class CommandPalette(QDialog):
    """A field and the commands that fit; Up, Down and Enter choose without leaving the field."""

    def __init__(self, commands: Sequence[tuple[Action, QAction]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("commandPalette")
        self.finished.connect(self.deleteLater)
        self.setAccessibleName("Command palette")
        self._commands = [(a, q) for a, q in commands if a.id != "window.command_palette"]
        self.field = QLineEdit(placeholderText="Type a command")
        self.field.setAccessibleName("Command")
        self.list = QListWidget()
        self.list.setAccessibleName("Commands that fit")
        self.list.setItemDelegate(_Rows(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setProperty("raised", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.field.textChanged.connect(self._show_fitting)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda _: self.run())
        self._show_fitting("")

    def open_over(self, window: QWidget) -> None:
        """Show it in the upper middle of the window."""
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - WIDTH) // 2, corner.y() + 72)
        self.show()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def run(self) -> None:
        """Give the chosen command and go away."""
        item = self.list.currentItem()
        chosen: QAction | None = item.data(COMMAND)[1] if item is not None else None
        self.close()
        if chosen is not None and chosen.isEnabled():
            chosen.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys that choose, taken from the field."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        by = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS, Qt.Key.Key_PageUp: -ROWS}.get(
            Qt.Key(event.key())
        )
        if by is not None and self.list.count():
            row = self.list.currentRow() + by
            self.list.setCurrentRow(
                row % self.list.count() if abs(by) == 1 else min(max(row, 0), self.list.count() - 1)
            )
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.run()
            return True
        return False

    def _show_fitting(self, wanted: str) -> None:
        found = []
        for place, (described, made) in enumerate(self._commands):
            name = made.text().replace("&", "")
            fits = [score(wanted, name), score(wanted, f"{described.menu} {name}")]
            fit = max((f + 50 * (not k) for k, f in enumerate(fits) if f is not None), default=None)
            if fit is not None:
                fit += EXACT * (name.casefold() == wanted.strip().casefold())
                found.append((not made.isEnabled(), -fit, place, described, made))
        self.list.clear()
        for *_, described, made in sorted(found, key=lambda f: f[:3]):
            item = QListWidgetItem(made.text().replace("&", ""))
            item.setData(COMMAND, (described, made))
            item.setToolTip(made.toolTip())
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.setFixedSize(WIDTH, min(max(self.list.count(), 1), ROWS) * ROW + 62)


class _Rows(QStyledItemDelegate):
    """A command as one row: icon, name, menu, key."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Every row is equally high."""
        return QSize(WIDTH - 40, ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Name in the text colour, menu and key muted; a command that cannot be given now is pale."""
        now = theme.current()
        described, made = index.data(COMMAND)
        box: QRect = option.rect.adjusted(0, 1, 0, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("accent", 40))
            painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
        icons.icon(described.icon).paint(painter, QRect(box.left() + 8, box.center().y() - 8, 17, 17))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(now.color("text", 255 if made.isEnabled() else 130))
        name = box.adjusted(34, 0, -8, 0)
        used = painter.boundingRect(name, int(middle), index.data())
        painter.drawText(name, int(middle), index.data())
        painter.setPen(now.color("muted", 255 if made.isEnabled() else 150))
        painter.drawText(name.adjusted(used.width() + 10, 0, 0, 0), int(middle), described.menu.replace("/", " › "))
        key = shown_key(made.shortcut())
        painter.drawText(box.adjusted(0, 0, -12, 0), int(middle | Qt.AlignmentFlag.AlignRight), key)
        painter.restore()
