"""The cards of the welcome page, and the grid that lays them out in as many columns as there is room for."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QWidget

from nnlab.ui.look import theme
from nnlab.ui.look.labels import plain, tooltip

CARD_WIDTH, CARD_HEIGHT = 236, 214
PICTURE_HEIGHT = 128
GAP = 16


class Card(QAbstractButton):
    """A picture, a title and a sentence: one click opens it."""

    def __init__(self, title: str, blurb: str, draw: Callable[[QSize, float], QPixmap]) -> None:
        super().__init__()
        self.setText(plain(title))
        self.setAccessibleName(title)
        self.setAccessibleDescription(blurb)
        self.setToolTip(tooltip(blurb))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._blurb = plain(blurb)
        self._draw = draw
        self._picture: QPixmap | None = None

    def on_theme(self) -> None:
        """Draw the picture anew in the present colours."""
        self._picture = None
        self.update()

    def sizeHint(self) -> QSize:
        """The smallest size it has; the grid makes it wider."""
        return QSize(CARD_WIDTH, CARD_HEIGHT)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Shown brighter under the pointer."""
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """As before."""
        super().leaveEvent(event)
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The focus is seen."""
        super().focusInEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens it as Space does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The picture fits the width."""
        if event.oldSize().width() != event.size().width():
            self._picture = None
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A raised card: picture above, words below."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        outline = QPainterPath()
        outline.addRoundedRect(box, theme.CARD_RADIUS, theme.CARD_RADIUS)
        painter.fillPath(outline, now.color("hover" if self.isDown() else "raised"))
        painter.setClipPath(outline)
        painter.drawPixmap(QRect(1, 1, self.width() - 2, PICTURE_HEIGHT), self._drawn())
        painter.setPen(QPen(now.color("hairline"), 1))
        painter.drawLine(0, PICTURE_HEIGHT + 1, self.width(), PICTURE_HEIGHT + 1)
        painter.setClipping(False)
        self._paint_words(painter)
        bright = self.hasFocus() or self.underMouse()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(now.color("accent" if bright else "hairline"), 2 if self.hasFocus() else 1))
        painter.drawPath(outline)
        painter.end()

    def _paint_words(self, painter: QPainter) -> None:
        now = theme.current()
        words = self.rect().adjusted(14, PICTURE_HEIGHT + 11, -14, -10)
        font = self.font()
        font.setPixelSize(theme.TEXT_PX + 1)
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(now.color("text"))
        painter.drawText(words, int(Qt.AlignmentFlag.AlignTop), self.text())
        font.setPixelSize(theme.CAPTION_PX + 1)
        font.setWeight(font.Weight.Normal)
        painter.setFont(font)
        painter.setPen(now.color("muted"))
        painter.drawText(words.adjusted(0, 22, 0, 0), int(Qt.TextFlag.TextWordWrap), self._blurb)

    def _drawn(self) -> QPixmap:
        if self._picture is None:
            self._picture = self._draw(QSize(self.width() - 2, PICTURE_HEIGHT), self.devicePixelRatioF())
        return self._picture


class CardGrid(QWidget):
    """Cards side by side, all equally wide, filling the width."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[Card] = []

    def add(self, card: Card) -> None:
        """One more card."""
        card.setParent(self)
        card.show()
        self.cards.append(card)
        self._place()

    def columns(self, width: int) -> int:
        """How many cards stand side by side in this width."""
        return max(1, min((width + GAP) // (CARD_WIDTH + GAP), 6))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the cards out anew."""
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        columns = self.columns(self.width())
        wide = (self.width() - GAP * (columns - 1)) / columns
        for number, card in enumerate(self.cards):
            row, column = divmod(number, columns)
            left, right = round(column * (wide + GAP)), round(column * (wide + GAP) + wide)
            card.setGeometry(left, row * (CARD_HEIGHT + GAP), right - left, CARD_HEIGHT)
        rows = -(-len(self.cards) // columns)
        self.setFixedHeight(max(1, rows * (CARD_HEIGHT + GAP) - GAP))
