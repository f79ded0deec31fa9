"""Sentences that come and go over the canvas: nothing waits for them; errors stay until closed, mistakes until edited."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from nnlab.ui.look import icons, theme
from nnlab.ui.look.labels import label, plain

Offers = Sequence[tuple[str, Callable[[], object]]]
"""Buttons under a sentence: what stands on them, and what they do."""

SHOWN_AT_ONCE = 3
STAY_MS = {"info": 4_000, "warning": 8_000}
WIDEST = 560
MARGIN = 16
SIGNS = {
    "info": ("info", "accent"),
    "warning": ("warning", "warning"),
    "error": ("error", "error"),
    "mistake": ("error", "error"),
}


class Toast(QWidget):
    """One sentence with its sign, a cross, and perhaps buttons that do something about it."""

    def __init__(self, level: str, sentence: str, parent: QWidget, offers: Offers = ()) -> None:
        super().__init__(parent)
        self.level = level
        self.sentence = sentence
        self.setObjectName("toast")
        self.setAccessibleName(sentence)
        self.offers: list[QPushButton] = []
        self._sign = label("")
        self._close = QToolButton()
        self._close.setAccessibleName("Close this message")
        self._close.setToolTip("Close this message")
        self._close.clicked.connect(self.dismiss)
        words = label(sentence)
        words.setWordWrap(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.setMinimumWidth(min(words.fontMetrics().horizontalAdvance(words.text()) + 4, WIDEST - 100))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 6, 8)
        row.setSpacing(8)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(words, 1)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignVCenter)
        if offers:
            middle = QVBoxLayout()
            middle.setSpacing(8)
            row.removeWidget(words)
            middle.addWidget(words)
            middle.addLayout(self._buttons(offers))
            row.insertLayout(1, middle, 1)
        self.setMaximumWidth(WIDEST)
        self.on_theme()
        if level in STAY_MS:
            QTimer.singleShot(STAY_MS[level], self, self.dismiss)

    def _buttons(self, offers: Offers) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(8)
        self.offers = [QPushButton(plain(text).replace("&", "&&")) for text, _ in offers]
        for number, (button, (_, run)) in enumerate(zip(self.offers, offers, strict=True)):
            button.setProperty("accented", "true" if number == 0 and self.level != "working" else "false")
            button.clicked.connect(self.dismiss)
            button.clicked.connect(lambda _=False, run=run: run())
            line.addWidget(button)
        line.addStretch(1)
        return line

    def dismiss(self) -> None:
        """Away with it."""
        self.hide()
        self.setParent(None)
        self.deleteLater()

    def on_theme(self) -> None:
        """The signs in the colours of the present theme."""
        name, token = SIGNS.get(self.level, SIGNS["info"])
        self._sign.setPixmap(icons.pixmap(name, 16, token))
        self._close.setIcon(icons.icon("close", "muted"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """A raised card with a hairline."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(now.color("raised"))
        painter.setPen(QPen(now.color(SIGNS.get(self.level, SIGNS["info"])[1] if self.level != "info" else "hairline")))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)
        painter.end()


class Toasts(QWidget):
    """The pile of them at the lower edge of what they lie on."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("toasts")
        self._over = over
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        over.installEventFilter(self)
        self.hide()

    @property
    def shown(self) -> list[Toast]:
        """The toasts on the screen, oldest first."""
        return [toast for toast in self.children() if isinstance(toast, Toast)]

    def say(self, level: str, sentence: str, offers: Offers = ()) -> None:
        """Show a sentence, perhaps with buttons; the same one is not shown twice at a time."""
        if offers:
            self.withdraw(sentence)
        if not sentence or any(toast.sentence == sentence for toast in self.shown):
            return
        for old in self.shown[: max(0, len(self.shown) - SHOWN_AT_ONCE + 1)]:
            old.dismiss()
        toast = Toast(level, sentence, self, offers)
        toast.destroyed.connect(self._place)
        self._column.addWidget(toast, 0, Qt.AlignmentFlag.AlignHCenter)
        toast.show()  # at once: a layout gives no room to what is hidden
        self._place()

    def withdraw(self, sentence: str) -> None:
        """Away with this sentence: it no longer holds."""
        for toast in self.shown:
            if toast.sentence == sentence:
                toast.dismiss()
        self._place()

    def clear(self, level: str | None = None) -> None:
        """Away with all of them, or with those of one level."""
        for toast in self.shown:
            if level in (None, toast.level):
                toast.dismiss()
        self._place()

    def on_theme(self) -> None:
        """The colours changed."""
        for toast in self.shown:
            toast.on_theme()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in place when what lies below changes its size, or a toast goes."""
        if watched is self._over and event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        return False

    def _place(self) -> None:
        if not self.shown:
            self.hide()
            return
        for toast in self.shown:
            toast.setFixedWidth(min(WIDEST, max(120, self._over.width() - 2 * MARGIN), toast.sizeHint().width()))
        self._column.activate()
        self.resize(self._column.sizeHint())
        x = (self._over.width() - self.width()) // 2
        self.move(max(0, x), self._over.height() - self.height() - MARGIN)
        self.show()
        self.raise_()
