"""A movable part of the window, with a thin title that gives way where a tab already says the name."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QToolButton, QVBoxLayout, QWidget

from nnlab.ui.look import icons
from nnlab.ui.look.labels import label

TITLE_HEIGHT = 30
SMALLEST = QSize(168, 120)


class Dock(QDockWidget):
    """One part with its title. Moved by its title or its tab, closed by its cross or the Window menu."""

    moved = Signal()
    """It came to another place, was shown, hidden or put before another."""

    def __init__(self, id_: str, title: str, widget: QWidget, parent: QMainWindow) -> None:
        super().__init__(title, parent)
        self.setObjectName(f"dock.{id_}")
        self.setAccessibleName(title)
        body = QWidget()
        body.setObjectName("dockBody")
        body.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)  # another tab must not move the window
        body.setMinimumSize(SMALLEST)
        column.addWidget(widget)
        self.part = widget
        self.setWidget(body)
        self._covered = False
        self._title = _Title(title, self)
        self._none = QWidget()
        self._none.setFixedHeight(0)
        self.setTitleBarWidget(self._title)
        self.visibilityChanged.connect(self._on_visible)
        self.topLevelChanged.connect(lambda _: self.moved.emit())
        self.dockLocationChanged.connect(lambda _: self.moved.emit())

    def is_covered(self) -> bool:
        """Whether it stands behind another tab, so that nobody sees it."""
        return self._covered

    def show_title(self, on: bool) -> None:
        """Show the title, or nothing where a tab bears the name."""
        wanted = self._title if on else self._none
        if self.titleBarWidget() is not wanted:
            self.titleBarWidget().hide()
            self.setTitleBarWidget(wanted)
            wanted.show()

    def on_theme(self) -> None:
        """The colours changed."""
        self._title.on_theme()

    def _on_visible(self, on: bool) -> None:
        # Qt reports a dock behind another tab as not visible, though it is not hidden
        self._covered = not on
        self.moved.emit()


class _Title(QWidget):
    """The name, and a cross that shows itself when the pointer is near."""

    def __init__(self, title: str, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.setObjectName("dockTitle")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(TITLE_HEIGHT)
        name = label(title)
        font = name.font()
        font.setWeight(font.Weight.DemiBold)
        name.setFont(font)
        self._close = QToolButton()
        self._close.setFixedSize(22, 22)
        self._close.setToolTip(f"Hide (the Window menu brings {title} back)")
        self._close.setAccessibleName(f"Hide {title}")
        self._close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._close.clicked.connect(dock.close)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 6, 0)
        row.addWidget(name, 1)
        row.addWidget(self._close)
        self.on_theme()

    def sizeHint(self) -> QSize:
        """As high as it is: the dock would otherwise begin under it."""
        return QSize(super().sizeHint().width(), TITLE_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """As high as it is."""
        return QSize(super().minimumSizeHint().width(), TITLE_HEIGHT)

    def on_theme(self) -> None:
        """The cross in the colour of the present theme."""
        self._close.setIcon(icons.icon("close", "muted"))
