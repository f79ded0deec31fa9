"""What the inspector's pages are made of: a scrolling column, lines of facts, cards that tell a problem."""

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from nnlab.core.check import Fix, Problem
from nnlab.ui.forms.pointing import Pointing
from nnlab.ui.look import icons, theme
from nnlab.ui.look.labels import PlainLabel, label, plain, tooltip

MARGIN = 12
GAP = 8
NARROWEST_FIX = 120  # pixels of a fix's button


class Page(QScrollArea):
    """A column that scrolls up and down, never sideways."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget()
        body.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        body.setAutoFillBackground(True)
        self.column = QVBoxLayout(body)
        self.column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        self.column.setSpacing(GAP)
        self.setWidget(body)

    def sizeHint(self) -> QSize:
        """Wide enough for its fields; the height is what there is."""
        return QSize(300, 400)

    def minimumSizeHint(self) -> QSize:
        """Never wider than the narrowest inspector."""
        return QSize(200, 80)


class Facts(QWidget):
    """Lines of a name at the left and its value at the right."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._lines: list[tuple[PlainLabel, PlainLabel]] = []

    def set_facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Show these (name, value) lines, in place where there were as many before."""
        given = list(facts)
        while len(self._lines) < len(given):
            self._add_line()
        for k, (name, value) in enumerate(self._lines):
            shown = k < len(given)
            name.setVisible(shown)
            value.setVisible(shown)
            if shown:
                name.setText(given[k][0])
                value.setText(given[k][1])

    def texts(self) -> list[tuple[str, str]]:
        """What it shows."""
        return [(name.text(), value.text()) for name, value in self._lines if not name.isHidden()]

    def _add_line(self) -> None:
        name, value = label(""), label("")
        name.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        name.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        value.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        value.setWordWrap(True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._grid.addWidget(name, len(self._lines), 0)
        self._grid.addWidget(value, len(self._lines), 1)
        self._lines.append((name, value))


class FixButton(QPushButton):
    """A button whose text may be longer than the inspector is wide: it then ends in dots, and the tooltip has all of it."""

    pointed = Signal(bool)
    """It is pointed at by mouse or keyboard, or no longer."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._pointing = Pointing(self, self.pointed.emit)
        self._whole = plain(text).replace("&", "&&")
        self.setText(self._whole)
        self.setAccessibleName(plain(text))
        self.setToolTip(tooltip(text))
        self._room_beside = self.sizeHint().width() - self.fontMetrics().horizontalAdvance(self._whole)
        self._wanted = self.sizeHint()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """As wide as the whole text."""
        return getattr(self, "_wanted", super().sizeHint())

    def minimumSizeHint(self) -> QSize:
        """No wider than the narrowest inspector."""
        return QSize(min(self.sizeHint().width(), NARROWEST_FIX), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as much of the text as there is room for."""
        super().resizeEvent(event)
        room = self.width() - self._room_beside
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, max(0, room)))


class Card(QFrame):
    """A framed note with an icon: what is wrong, or what to know, and buttons that put it right."""

    def __init__(self, severity: str, message: str, fixes: Iterable[tuple[str, Callable[[], None]]] = ()) -> None:
        super().__init__()
        self.severity = severity
        self.message = label(message)
        self.message.setWordWrap(True)
        self.buttons: list[FixButton] = []
        self._sign = label("")
        self._sign.setFixedSize(16, 16)
        self._sign.setAccessibleName({"error": "Error", "info": "Good to know"}.get(severity, "Warning"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(MARGIN, GAP, GAP, GAP)
        outer.setSpacing(GAP)
        line = QHBoxLayout()
        line.setSpacing(GAP)
        line.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.message, 1)
        outer.addLayout(line)
        for text, run in fixes:
            outer.addWidget(self._button(text, run))
        self._draw_sign()

    def _button(self, text: str, run: Callable[[], None]) -> FixButton:
        button = FixButton(text)
        button.clicked.connect(lambda: run())
        self.buttons.append(button)
        return button

    def _draw_sign(self) -> None:
        token = self.severity if self.severity in ("error", "warning") else "muted"
        self._sign.setPixmap(icons.pixmap(self.severity, 16, token))

    def changeEvent(self, event: QEvent) -> None:
        """The sign follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_sign()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A raised card with a bar in the colour of its severity."""
        current = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(current.color("hairline"), 1))
        painter.setBrush(current.color("raised"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), theme.RADIUS, theme.RADIUS)
        token = self.severity if self.severity in ("error", "warning") else "muted"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(current.color(token))
        painter.drawRoundedRect(0, 0, 3, self.height(), 1.5, 1.5)
        painter.end()


class Cards(QWidget):
    """The problems of one thing, each with its fixes; nothing at all while there are none."""

    pointed = Signal(object)
    """The Fix whose button is pointed at; None when none is any more."""

    def __init__(self, on_fix: Callable[[Fix], None]) -> None:
        super().__init__()
        self._on_fix = on_fix
        self._shown: tuple[Problem, ...] = ()
        self.cards: list[Card] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP)
        self.hide()

    def set_problems(self, problems: tuple[Problem, ...]) -> None:
        """Show these; the widgets stay where nothing changed, so a button is not lost under the pointer."""
        same = [(p.severity, p.message, [f.label for f in p.fixes]) for p in problems]
        if same != [(p.severity, p.message, [f.label for f in p.fixes]) for p in self._shown]:
            for card in self.cards:
                self._column.removeWidget(card)
                card.hide()
                card.deleteLater()
            self.cards = [self._card(k, p) for k, p in enumerate(problems)]
            for card in self.cards:
                self._column.addWidget(card)
        self._shown = problems
        self.setVisible(bool(problems))

    def _card(self, place: int, problem: Problem) -> Card:
        def run(number: int) -> Callable[[], None]:
            return lambda: self._on_fix(self._shown[place].fixes[number])

        card = Card(problem.severity, problem.message, [(f.label, run(n)) for n, f in enumerate(problem.fixes)])
        for number, button in enumerate(card.buttons):
            button.pointed.connect(partial(self._on_pointed, place, number))
        return card

    def _on_pointed(self, place: int, number: int, on: bool) -> None:
        known = place < len(self._shown) and number < len(self._shown[place].fixes)
        self.pointed.emit(self._shown[place].fixes[number] if on and known else None)
