"""The doctor's button in the run bar, and the notes that it opens."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nnlab.core.words import plural
from nnlab.engine.doctor.doctor import Cure, Note
from nnlab.ui.forms.controls import HEIGHT
from nnlab.ui.forms.pointing import Pointing
from nnlab.ui.look import icons, theme
from nnlab.ui.look.labels import label, plain, tooltip
from nnlab.ui.shell.doctor import RunDoctor
from nnlab.ui.workbench import Workbench

WIDTH = 420
GAP, MARGIN = 8, 12
TALLEST = 520
SHOW = "Show the layer"


class NoteCard(QFrame):
    """One note: what is wrong, how it shows in numbers, and what can be done."""

    def __init__(self, note: Note, take: Callable[[Cure], None], to_layer: Callable[[], None] | None) -> None:
        """`to_layer` shows the layer the note is about; None where it is about none."""
        super().__init__()
        self.setObjectName("noteCard")
        self.note = note
        self._sign = label("")
        self._sign.setFixedSize(16, 16)
        self.heading = label(note.title)
        font = self.heading.font()
        font.setWeight(QFont.Weight.DemiBold)
        self.heading.setFont(font)
        self.dismiss = QToolButton()
        self.dismiss.setAutoRaise(True)
        self.dismiss.setAccessibleName(f"Do not show again in this run: {note.title}")
        self.dismiss.setToolTip("Do not show this again in this run")
        self.message = label(note.message)
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._take = take
        self.cures = [
            self._button(cure.label, partial(self._cure, number), _after(cure))
            for number, cure in enumerate(note.cures)
        ]
        if self.cures:
            self.cures[0].setProperty("accented", "true")
        self.show_layer = self._button(SHOW, to_layer, "Select it") if to_layer is not None else None
        self._lay_out()
        self._draw_signs()

    def show_note(self, note: Note) -> None:
        """The same note with other figures."""
        self.note = note
        self.message.setText(note.message)

    def _cure(self, number: int) -> None:
        self._take(self.note.cures[number])

    def _button(self, text: str, run: Callable[[], None], why: str) -> QPushButton:
        button = QPushButton(plain(text).replace("&", "&&"))
        button.setToolTip(tooltip(why))
        button.clicked.connect(lambda: run())
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GAP)
        head.addWidget(self._sign)
        head.addWidget(self.heading, 1)
        head.addWidget(self.dismiss)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, GAP, GAP, MARGIN)
        column.setSpacing(GAP)
        column.addLayout(head)
        column.addWidget(self.message)
        for button in (*self.cures, self.show_layer):
            if button is not None:
                column.addWidget(button)

    def _draw_signs(self) -> None:
        self._sign.setPixmap(icons.pixmap(self.note.severity, 16, self.note.severity))
        self.dismiss.setIcon(icons.icon("close", "muted"))

    def changeEvent(self, event: QEvent) -> None:
        """The signs follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_signs()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A card with a hairline."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(now.color("hairline"), 1))
        painter.setBrush(now.color("surface"))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)
        painter.end()


class Notes(QFrame):
    """The notes under the button: stays while one reads, goes with a click beside it or Escape."""

    pointed = Signal(object)
    """The Cure whose button is pointed at; None when none is any more."""

    def __init__(self, doctor: RunDoctor, to_layer: Callable[[str], None], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("doctorNotes")
        self.setAttribute(Qt.WidgetAttribute.WA_NoMouseReplay)  # a click on the button closes them, and that is all
        self.setAccessibleName("Notes on this run")
        self._doctor = doctor
        self._to_layer = to_layer
        self.cards: list[NoteCard] = []
        body = QWidget()
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP)
        self._area = QScrollArea(widgetResizable=True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        outer.addWidget(self._area)
        self.setFixedWidth(WIDTH)
        doctor.changed.connect(self.refresh)

    def open_under(self, button: QWidget) -> None:
        """Show it below the button, as far to the right as its window goes."""
        self.refresh()
        window = button.window()
        left = window.mapToGlobal(QPoint(0, 0)).x() + GAP
        right = left + window.width() - WIDTH - 2 * GAP
        at = button.mapToGlobal(QPoint(0, button.height() + 4))
        self.move(max(left, min(at.x(), right)), at.y())
        self.show()
        first = next((b for card in self.cards for b in card.cures), None)
        (first or self).setFocus(Qt.FocusReason.PopupFocusReason)

    def refresh(self) -> None:
        """Show the present notes; a card stays where it is while its note does, so no button is lost under the pointer."""
        notes = self._doctor.notes
        if not notes:
            self.hide()
        if [_form(card.note) for card in self.cards] == [_form(note) for note in notes]:
            for card, note in zip(self.cards, notes, strict=True):
                card.show_note(note)
            return
        for card in self.cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [self._card(note) for note in notes]
        for card in self.cards:
            self._column.addWidget(card)
        self._fit()

    def _card(self, note: Note) -> NoteCard:
        node = note.node
        known = node is not None and node in self._doctor.bench.document.graph.nodes
        card = NoteCard(note, self._take, (lambda: self._show_layer(str(node))) if known else None)
        card.dismiss.clicked.connect(lambda: self._doctor.dismiss(card.note))
        for number, button in enumerate(card.cures):
            Pointing(button, lambda on, k=number: self.pointed.emit(card.note.cures[k] if on else None))  # type: ignore[misc]
        return card

    def _take(self, cure: Cure) -> None:
        self.hide()
        self._doctor.take(cure)

    def _show_layer(self, node_id: str) -> None:
        self.hide()
        self._to_layer(node_id)

    def _fit(self) -> None:
        """As tall as its cards, within reason."""
        inner = WIDTH - 2 * MARGIN
        tall = sum(card.heightForWidth(inner) for card in self.cards) + GAP * max(0, len(self.cards) - 1)
        self.setFixedHeight(min(TALLEST, tall + 2 * MARGIN + 2))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes it, Enter presses the button that has the focus as Space does."""
        at = self.focusWidget()
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(at, QAbstractButton):
            at.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A raised sheet with a hairline."""
        now = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), now.color("raised"))
        painter.setPen(QPen(now.color("hairline"), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


def _after(cure: Cure) -> str:
    """What a click on this cure does besides."""
    then = "training begins again from its start" if cure.fresh else "training goes on with it"
    return f"{cure.label}: one edit, which Undo takes back. Then {then}."


def _form(note: Note) -> tuple[str, str | None, tuple[str, ...]]:
    """What decides how a card looks, but for its figures."""
    return note.kind, note.node, tuple(cure.label for cure in note.cures)


class DoctorButton(QToolButton):
    """Not there while all is well; else it counts the notes and opens them."""

    shown_changed = Signal()
    """It came or went: what stands beside it moves."""
    layer_wanted = Signal(str)
    """Show this node."""

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("doctor")
        self.doctor = RunDoctor(bench, self._is_seen, self)
        self.notes = Notes(self.doctor, self.layer_wanted.emit, self)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(16, 16))
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(lambda: self.notes.open_under(self))
        self.doctor.changed.connect(self._refresh)
        self.hide()

    def _is_seen(self) -> bool:
        bar, window = self.parentWidget(), self.window()
        return bar is not None and bar.isVisible() and not window.isMinimized()

    def _refresh(self) -> None:
        found = self.doctor.notes
        worst = "error" if any(note.severity == "error" for note in found) else "warning"
        self.setIcon(icons.icon("doctor", worst))
        text = plural(len(found), "note")
        lines = "\n".join(note.title for note in found)
        if text != self.text() or not found:
            self.setText(text)
        self.setAccessibleName(f"The doctor has {text}")
        self.setToolTip(tooltip(f"What is wrong with this run, and what may help:\n{lines}"))
        if self.isHidden() == bool(found):
            self.setVisible(bool(found))
            self.shown_changed.emit()

    def changeEvent(self, event: QEvent) -> None:
        """The icon follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._refresh()
