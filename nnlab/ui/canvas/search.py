"""The list that opens where one works: type to filter, arrow keys, Enter. It adds layers and names wires' ends."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHideEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from nnlab.core.layer import LAYERS, Layer
from nnlab.errors import SettingError
from nnlab.ui.canvas import paint
from nnlab.ui.look import theme
from nnlab.ui.look.theme import CAPTION_PX, CARD_RADIUS, RADIUS, TEXT_PX

WIDTH, ROWS, ROW_HEIGHT = 460, 8, 44
SHORT = 62  # characters of help that one line holds
AROUND = 62  # the height of the search field with the margins
_NOTHING = "No layer is called that"


@dataclass(frozen=True)
class Choice:
    """One line of the list."""

    value: str
    title: str
    text: str
    category: str
    words: str = ""
    """Further words that find it."""
    number: int | None = None
    """A number typed behind a layer's name: its size."""


def layer_choices(ids: Sequence[str]) -> list[Choice]:
    """A line for each of these layers."""
    made = []
    for layer_id in ids:
        kind = LAYERS[layer_id]
        made.append(Choice(layer_id, kind.title, short_help(kind), kind.category, f"{layer_id} {kind.category}"))
    return made


def first_line(kind: type[Layer]) -> str:
    """The first sentence of a layer's help."""
    return kind.help_text().split("\n", 1)[0]


def short_help(kind: type[Layer]) -> str:
    """The layer's help in so few words that one line holds them."""
    text = re.split(r"[:;.](?:\s|$)", first_line(kind), maxsplit=1)[0]
    if len(text) <= SHORT:
        return text
    cuts = [text.rfind(mark, 0, SHORT) for mark in (", ", " so that ")]
    return text[: max(cuts)].rstrip(" ,") if max(cuts) > 0 else text


def found(choices: Sequence[Choice], typed: str) -> list[Choice]:
    """The lines that fit what was typed, best first; a number behind a name sets the layer's size."""
    words = typed.lower().split()
    exact = _ranked(choices, words)
    if exact or not words or not words[-1].isdigit() or len(words) == 1:
        return exact
    number = int(words[-1][:9])
    sized = [c for c in _ranked(choices, words[:-1]) if size_param(c.value)]
    return [
        Choice(c.value, f"{c.title} · {number}", c.text, c.category, c.words, number)
        for c in sized
        if configured(c.value, number) is not None
    ]


def size_param(layer_id: str) -> str:
    """The name of the layer's first whole-number setting, or nothing."""
    params = LAYERS[layer_id].params() if layer_id in LAYERS else ()
    return params[0].name if params and params[0].kind in ("int", "size") else ""


def configured(layer_id: str, number: int | None) -> Layer | None:
    """The layer with its size set, or None if it does not take that number."""
    if number is None:
        return LAYERS[layer_id]()
    try:
        return LAYERS[layer_id]().with_(**{size_param(layer_id): number})
    except SettingError:
        return None


def score(choice: Choice, word: str) -> int:
    """How well one typed word fits a line; 0 if it does not."""
    title = choice.title.lower()
    if title.startswith(word):
        return 100 - len(title) // 4
    if any(part.startswith(word) for part in re.split(r"[\s\-()]+", title)):
        return 80
    if word in title:
        return 60
    if word in choice.words.lower():
        return 45
    if word in choice.text.lower() and len(word) > 2:
        return 15
    return 25 if _is_within(word, title) else 0


def _is_within(word: str, title: str) -> bool:
    letters = iter(title)
    return all(letter in letters for letter in word)


def _ranked(choices: Sequence[Choice], words: Sequence[str]) -> list[Choice]:
    scored = []
    for place, choice in enumerate(choices):
        points = [score(choice, word) for word in words]
        if all(points):
            scored.append((-sum(points), place, choice))
    return [choice for _, _, choice in sorted(scored, key=lambda s: s[:2])]


class ChoiceRow(QStyledItemDelegate):
    """Icon, title and a line of help."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One line."""
        choice = index.data(Qt.ItemDataRole.UserRole)
        rect: QRect = option.rect
        now = theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("hover"))
            painter.drawRoundedRect(QRectF(rect).adjusted(4, 1, -4, -1), RADIUS, RADIUS)
        if isinstance(choice, Choice):
            self._row(painter, rect, choice)
        else:
            painter.setPen(now.color("muted"))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(index.data() or ""))
        painter.restore()

    def _row(self, painter: QPainter, rect: QRect, choice: Choice) -> None:
        now = theme.current()
        tile = QRectF(rect.left() + 12, rect.center().y() - 13, 28, 28)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(paint.family(now, choice.category, 36))
        painter.drawRoundedRect(tile, RADIUS, RADIUS)
        paint.category_icon(painter, choice.category, tile.adjusted(5, 5, -5, -5), paint.family(now, choice.category))
        left, width = rect.left() + 50, rect.width() - 62
        painter.setFont(paint.font(TEXT_PX, True))
        painter.setPen(now.color("text"))
        top = QRect(left, rect.top() + 4, width, 20)
        painter.drawText(top, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, choice.title)
        help_font = paint.font(CAPTION_PX)
        painter.setFont(help_font)
        painter.setPen(now.color("muted"))
        text = QFontMetrics(help_font).elidedText(choice.text, Qt.TextElideMode.ElideRight, width)
        below = QRect(left, rect.top() + 22, width, 18)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All lines are of one height."""
        return QSize(WIDTH - 24, ROW_HEIGHT)


class ChoiceList(QFrame):
    """A popup with a search field and the choices that fit. It calls `picked` or `left`, once."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)  # no window of its own: a popup grabs the keyboard, which not every desktop allows
        self._host = parent
        self.setObjectName("layerSearch")
        self.field = QLineEdit(self)
        self.field.setObjectName("layerSearchField")
        self.field.setAccessibleName("Search")
        self.field.setClearButtonEnabled(True)
        self.rows = QListWidget(self)
        self.rows.setObjectName("layerSearchList")
        self.rows.setItemDelegate(ChoiceRow(self.rows))
        self.rows.setAccessibleName("What fits")
        self.rows.setFrameShape(QFrame.Shape.NoFrame)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows.setMouseTracking(True)
        self.rows.setUniformItemSizes(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.field)
        layout.addWidget(self.rows)
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.rows.itemClicked.connect(self._click)
        self.rows.itemEntered.connect(self.rows.setCurrentItem)
        self._choices: list[Choice] = []
        self._picked: Callable[[Choice], None] | None = None
        self._left: Callable[[], None] | None = None
        self.hide()

    def open_at(
        self,
        place: QPoint,
        choices: Sequence[Choice],
        prompt: str,
        picked: Callable[[Choice], None],
        left: Callable[[], None] | None = None,
    ) -> None:
        """Show these choices with the search field near this point of the parent."""
        self._choices, self._picked, self._left = list(choices), picked, left
        self._style()
        self.field.setPlaceholderText(prompt)
        self.field.setAccessibleName(prompt)
        self.field.clear()
        self._filter("")
        rows = max(1, min(ROWS, len(choices)))
        room = self._host.size()
        tall = min(rows * ROW_HEIGHT + AROUND, room.height() - 16)
        self.setFixedSize(min(WIDTH, room.width() - 16), tall)
        self.move(self._inside(place))
        self._shrink()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def _inside(self, place: QPoint) -> QPoint:
        room = self._host.size()
        x = min(place.x() - 24, room.width() - self.width() - 8)
        y = min(place.y() - 24, room.height() - self.height() - 8)
        return QPoint(max(x, 8), max(y, 8))

    def _filter(self, typed: str) -> None:
        self.rows.clear()
        for choice in found(self._choices, typed):
            item = QListWidgetItem(choice.title)
            item.setData(Qt.ItemDataRole.UserRole, choice)
            self.rows.addItem(item)
        if self.rows.count():
            self.rows.setCurrentRow(0)
        else:
            item = QListWidgetItem(_NOTHING)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.rows.addItem(item)
        self._shrink()

    def _shrink(self) -> None:
        tall = min(self.rows.count(), ROWS) * ROW_HEIGHT + AROUND
        self.setFixedHeight(min(tall, max(self._host.height() - self.y() - 8, ROW_HEIGHT + AROUND)))

    def _click(self, item: QListWidgetItem) -> None:
        choice = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(choice, Choice):
            self._finish(choice)

    def _finish(self, choice: Choice | None) -> None:
        picked, left = self._picked, self._left
        if picked is None:
            return
        self._picked = self._left = None
        self.hide()
        self._host.setFocus(Qt.FocusReason.OtherFocusReason)
        if choice is not None:
            picked(choice)
        elif left is not None:
            left()

    def _style(self) -> None:
        now = theme.current()
        self.setStyleSheet(
            f"#layerSearch {{ background: {now.raised}; border: 1px solid {now.hairline};"
            f" border-radius: {CARD_RADIUS}px; }}"
            f"QListWidget {{ background: {now.raised}; border: none; outline: none; }}"
            f"QLineEdit {{ background: {now.sunken}; color: {now.text}; border: 1px solid {now.hairline};"
            f" border-radius: {RADIUS}px; padding: 6px 8px; font-size: {TEXT_PX}px; }}"
            f"QLineEdit:focus {{ border: 1px solid {now.accent}; }}"
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys, Enter and Esc work while one types; a click elsewhere leaves without a choice."""
        if watched is self.field and event.type() == QEvent.Type.FocusOut and self.isVisible():
            self._finish(None)
        if watched is self.field and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # while one types here, no key is a shortcut
            return True
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event.key())
        return super().eventFilter(watched, event)

    def _key(self, key: int) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS, Qt.Key.Key_PageUp: -ROWS}
        if key in steps:
            row = self.rows.currentRow() + steps[Qt.Key(key)]
            self.rows.setCurrentRow(max(0, min(self.rows.count() - 1, row)))
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            item = self.rows.currentItem()
            if item is not None:
                self._click(item)
            return True
        if key == Qt.Key.Key_Escape:
            self._finish(None)
            return True
        return False

    def hideEvent(self, event: QHideEvent) -> None:
        """Hidden with its canvas, it leaves without a choice."""
        super().hideEvent(event)
        self._finish(None)
