"""Small texts that float over the canvas: what the picture is of, how to begin, why a wire is refused. All plain text."""

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import QLabel, QWidget

from nnlab.ui.look import theme
from nnlab.ui.look.theme import CAPTION_PX, RADIUS, TEXT_PX

LINGER_MS = 2_600


class Note(QLabel):
    """One floating line or two of plain text that the mouse passes through."""

    def __init__(self, parent: QWidget, text: str = "", tone: str = "muted", framed: bool = True) -> None:
        super().__init__(parent)
        self._host = parent
        self._tone, self._framed = tone, framed
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setText(text)
        self.restyle()
        self.hide()

    def restyle(self) -> None:
        """Take the colours of the present theme."""
        now = theme.current()
        edge = now.hairline if self._tone == "muted" else getattr(now, self._tone)
        frame = f"background: {now.raised}; border: 1px solid {edge}; border-radius: {RADIUS}px; padding: 4px 10px;"
        size = CAPTION_PX + 1 if self._framed else TEXT_PX
        color = getattr(now, self._tone)
        self.setStyleSheet(f"QLabel {{ color: {color}; font-size: {size}px; {frame if self._framed else ''} }}")
        self.adjustSize()


class Bubble(Note):
    """A sentence beside the pointer: why what one is about to do would be refused."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, tone="error")
        self.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self._timer = QTimer(self, singleShot=True, interval=LINGER_MS)
        self._timer.timeout.connect(self.hide)

    def say(self, sentence: str, at: QPoint, linger: bool = False) -> None:
        """Show the sentence near this point of the parent; nothing to say hides it. `linger` hides it after a while."""
        self._timer.stop()
        if not sentence:
            self.hide()
            return
        if sentence != self.text():
            self._fit(sentence)
        area = self._host.rect()
        x = min(at.x() + 18, area.width() - self.width() - 8)
        y = at.y() + 20 if at.y() + 28 + self.height() < area.height() else at.y() - self.height() - 12
        self.move(max(8, x), max(8, y))
        self.show()
        self.raise_()
        if linger:
            self._timer.start()

    def _fit(self, sentence: str) -> None:
        text = sentence[:1].upper() + sentence[1:]
        self.setWordWrap(False)
        self.setText(text)
        self.adjustSize()
        widest = max(160, min(340, self._host.width() - 32))
        if self.width() > widest:
            self.setWordWrap(True)
            self.setFixedWidth(widest)
            self.setFixedHeight(self.heightForWidth(widest))
        else:
            self.setMinimumSize(0, 0)
            self.setMaximumSize(16_777_215, 16_777_215)
            self.adjustSize()
