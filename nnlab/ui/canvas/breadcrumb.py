"""Where in the network one is: Network › Encoder › Attention, each a way back, at the top of the canvas."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from nnlab.ui.look import theme
from nnlab.ui.look.labels import label, plain, tooltip
from nnlab.ui.look.theme import RADIUS, TEXT_PX
from nnlab.ui.scope import Scope

MARGIN = 8
LONGEST = 28  # characters of a block's title


class Breadcrumb(QFrame):
    """The open blocks, from the outside in; hidden while none is open."""

    def __init__(self, scope: Scope, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("breadcrumb")
        self.setAccessibleName("Open blocks")
        self._scope, self._host = scope, parent
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(4, 2, 4, 2)
        self._row.setSpacing(0)
        self._titles: list[str] = []
        self.buttons: list[QToolButton] = []
        scope.path_changed.connect(self.refresh)
        scope.document_changed.connect(self.refresh)
        self.restyle()
        self.hide()

    def refresh(self, *_: object) -> None:
        """Show the blocks that are open now."""
        titles = self._scope.titles()
        if titles != self._titles:
            self._titles = titles
            self._fill()
        self.setVisible(bool(titles))
        self.place()

    def place(self) -> None:
        """Stand at the top left."""
        self.adjustSize()
        self.move(MARGIN, MARGIN)
        self.raise_()

    def restyle(self) -> None:
        """Take the colours of the present theme."""
        now = theme.current()
        self.setStyleSheet(
            f"#breadcrumb {{ background: {now.raised}; border: 1px solid {now.hairline}; border-radius: {RADIUS}px; }}"
            f"QToolButton {{ border: none; background: transparent; padding: 3px 6px; border-radius: {RADIUS - 2}px;"
            f" font-size: {TEXT_PX}px; color: {now.accent}; }}"
            f"QToolButton:hover {{ background: {now.hover}; }}"
            f"QToolButton:disabled {{ color: {now.text}; background: transparent; }}"
            f"QLabel {{ color: {now.muted}; font-size: {TEXT_PX}px; }}"
        )

    def _fill(self) -> None:
        while (item := self._row.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.buttons = []
        for depth, title in enumerate(["Network", *self._titles]):
            if depth:
                self._row.addWidget(label("›"))
            self._row.addWidget(self._button(title, depth))

    def _button(self, title: str, depth: int) -> QToolButton:
        button = QToolButton(self)
        short = title if len(title) <= LONGEST else title[: LONGEST - 1] + "…"
        button.setText(plain(short).replace("&", "&&"))
        button.setAccessibleName(f"Go to {title}")
        button.setToolTip("" if depth == len(self._titles) else tooltip(f"Go back to {title}"))
        button.setEnabled(depth < len(self._titles))
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(partial(self._go, depth))
        self.buttons.append(button)
        return button

    def _go(self, depth: int, *_: object) -> None:
        self._scope.go(self._scope.path[:depth], frozenset(self._scope.path[depth : depth + 1]))
        self._host.setFocus()
