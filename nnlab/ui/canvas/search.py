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

from nnlab.core.layer import LAYERS, Layer, Shape
from nnlab.core.typed import spelling
from nnlab.core.typed.meant import Description
from nnlab.errors import SettingError
from nnlab.ui.canvas import paint, shelf, typed_layers
from nnlab.ui.look import theme
from nnlab.ui.look.theme import CAPTION_PX, CARD_RADIUS, RADIUS, TEXT_PX

WIDTH, ROWS, ROW_HEIGHT = 460, 8, 44
SHORT = 62  # characters of help that one line holds
AROUND = 62  # the height of the search field with the margins
NAMED, FITS = 80, 45  # points of a title that begins like this, and of a word that is found by itself
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
    described: Description | None = None
    """Layers that were typed with their settings."""


Describe = Callable[[str], Choice | None]
"""What a typed text offers beside the lines that fit it."""


def layer_choices(ids: Sequence[str]) -> list[Choice]:
    """A line for each of these layers."""
    made = []
    for layer_id in ids:
        found = shelf.thing(layer_id)
        if found is not None:
            words = f"{found.id} {found.category} {found.group}"
            made.append(Choice(found.id, found.title, shortened(found.help), found.category, words))
    return made


def first_line(kind: type[Layer]) -> str:
    """The first sentence of a layer's help."""
    return kind.help_text().split("\n", 1)[0]


def short_help(kind: type[Layer]) -> str:
    """The layer's help in so few words that one line holds them."""
    return shortened(first_line(kind))


def shortened(sentence: str) -> str:
    """A sentence in so few words that one line holds them."""
    text = re.split(r"[:;.](?:\s|$)", sentence, maxsplit=1)[0]
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


def typed_choice(typed: str, shape: Shape | None) -> Choice | None:
    """A line for layers that are typed with their settings, where numbers of this shape come in."""
    described = typed_layers.understood(typed)
    if described is None:
        return None
    layers = typed_layers.chosen(described, shape)
    title, details = typed_layers.title(described, layers), typed_layers.details(described, layers)
    return Choice("", title, details, layers[0].category, described=described)


def size_param(layer_id: str) -> str:
    """The name of the layer's first whole-number setting, or nothing."""
    params = LAYERS[layer_id].params() if layer_id in LAYERS else ()
    return params[0].name if params and params[0].kind in ("int", "size") else ""


def configured(layer_id: str, number: int | None, shape: Shape | None = None) -> Layer | None:
    """The layer with its size set, or None if it does not take that number; a ready block fits a wire of this shape."""
    if number is None:
        return shelf.layer_of(layer_id, shape)
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
    """The choices that all words fit, best first, of equals what a beginner needs; far-fetched ones only if nothing else fits."""
    scored = []
    for place, choice in enumerate(choices):
        points = [score(choice, word) for word in words]
        if all(points):
            scored.append((-sum(points), _rareness(choice) if words else (0, False), place, choice))
    scored.sort(key=lambda s: s[:3])
    is_named = bool(scored) and -scored[0][0] >= NAMED * len(words)
    return [choice for points, _, _, choice in scored if not is_named or -points >= FITS * len(words)]


def _rareness(choice: Choice) -> tuple[int, bool]:
    """How seldom a layer is needed; of the same for signals, pictures and films, pictures are the usual case."""
    if choice.value not in LAYERS:
        return 0, False
    return LAYERS[choice.value].tier, spelling.dimension(choice.value) not in (0, 2)


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
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(rect.adjusted(16, 0, -16, 0), flags, str(index.data() or ""))
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
        title = QFontMetrics(painter.font()).elidedText(choice.title, Qt.TextElideMode.ElideRight, width)
        painter.drawText(top, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
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
        self._describe: Describe | None = None
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
        describe: Describe | None = None,
    ) -> None:
        """Show these choices with the search field near this point of the parent; `describe` offers what is typed out."""
        self._choices, self._picked, self._left, self._describe = list(choices), picked, left, describe
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
        for choice in self._lines(typed):
            item = QListWidgetItem(choice.title)
            item.setData(Qt.ItemDataRole.UserRole, choice)
            self.rows.addItem(item)
        if self.rows.count():
            self.rows.setCurrentRow(0)
        else:
            reason = typed_layers.why_not(typed) if self._describe is not None else ""
            item = QListWidgetItem(reason or _NOTHING)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.rows.addItem(item)
        self._shrink()

    def _lines(self, typed: str) -> list[Choice]:
        """What fits; before it what is typed out, unless that is a line already."""
        fitting = found(self._choices, typed)
        written = self._describe(typed) if self._describe is not None else None
        if written is None or (
            fitting and fitting[0].number is not None and written.described is not None and written.described.count == 1
        ):
            return fitting
        return [written, *fitting]

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
