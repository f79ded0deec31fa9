"""The first page: examples as large cards, templates below them, a new project, a saved one, and the files opened lately."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from nnlab.core.example import EXAMPLES
from nnlab.core.template import TEMPLATES
from nnlab.files import disk as files
from nnlab.ui.forms.controls import Fold
from nnlab.ui.look import icons, theme
from nnlab.ui.look.labels import label, tooltip
from nnlab.ui.shell import thumbnails
from nnlab.ui.shell.cards import Card, CardGrid

if TYPE_CHECKING:
    from nnlab.ui.keeping.recovery import Found

SIDE_WIDTH = 248
RECENT_SHOWN = 8
SHELF_ABOVE = 24  # room above the heading of the second shelf when it opens


class Welcome(QWidget):
    """What one sees first. It opens nothing itself: it says what was asked for."""

    example_wanted = Signal(str)
    template_wanted = Signal(str)
    file_wanted = Signal(object)
    """Path."""
    new_wanted = Signal()
    open_wanted = Signal()
    restore_wanted = Signal(object)
    """Found."""
    discard_wanted = Signal(object)
    """Found."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("welcome")
        self.setAccessibleName("Welcome page")
        self._sign = label("")
        self._new = QPushButton("New network")
        self._open = QPushButton("Open…")
        self._recent_title = label("Opened lately", "caption")
        self._recent = QVBoxLayout()
        self._copies = QVBoxLayout()
        self.grid = CardGrid()
        self.templates = CardGrid()
        self._area = QScrollArea()
        self.shelf = Fold("Or with a well-known architecture", self._show_templates)
        for number, (id_, example) in enumerate(sorted(EXAMPLES.items(), key=lambda pair: pair[1].order)):
            self._add_card(id_, example.title, example.blurb)
            if number == 0:
                self.setFocusProxy(self.grid.cards[0])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._build_side())
        row.addWidget(self._build_examples(), 1)
        self.on_theme()

    def show_recent(self, paths: Sequence[Path]) -> None:
        """The files opened lately; those that are gone stand there greyed."""
        _empty(self._recent)
        self._recent_title.setVisible(bool(paths))
        for path in paths[:RECENT_SHOWN]:
            there = path.is_file()
            entry = QPushButton(_elided(Path(files.name_of(path)).stem))
            entry.setFlat(True)
            entry.setProperty("entry", True)
            entry.setEnabled(there)
            entry.setToolTip(tooltip(str(path) if there else f"{path}\nThis file is no longer there."))
            entry.setAccessibleName(f"Open {files.name_of(path)}")
            entry.clicked.connect(partial(self.file_wanted.emit, path))
            self._recent.addWidget(entry)

    def show_copies(self, copies: "Sequence[Found]") -> None:
        """Work that earlier sessions left behind, each with a way to get it back."""
        _empty(self._copies)
        for copy in copies:
            self._copies.addWidget(_Offer(copy, self))

    def on_theme(self) -> None:
        """The colours changed."""
        self._sign.setPixmap(icons.pixmap("app", 40, "accent"))
        self._new.setIcon(icons.icon("plus"))
        self._open.setIcon(icons.icon("open"))
        for card in (*self.grid.cards, *self.templates.cards):
            card.on_theme()

    # ---------------------------------------------------------------- inside

    def _add_card(self, id_: str, title: str, blurb: str) -> None:
        card = Card(title, blurb, partial(_picture, id_))
        card.setObjectName(f"example.{id_}")
        card.clicked.connect(lambda: self.example_wanted.emit(id_))
        self.grid.add(card)

    def _show_templates(self, wanted: bool) -> None:
        """Open or close the second shelf; its cards are made when it is first opened, so that nobody waits for them."""
        if not self.templates.cards:
            for id_, template in sorted(TEMPLATES.items(), key=lambda pair: pair[1].order):
                card = Card(template.title, template.blurb, partial(thumbnails.of_template, template.make))
                card.setObjectName(f"template.{id_}")
                card.clicked.connect(partial(self.template_wanted.emit, id_))
                self.templates.add(card)
        self.templates.setVisible(wanted)
        if wanted:  # it opens below what is on the screen; its height is known once the page is laid out anew
            QTimer.singleShot(0, self.shelf, self._show_shelf)

    def _show_shelf(self) -> None:
        bar = self._area.verticalScrollBar()
        bar.setValue(self.shelf.y() - SHELF_ABOVE)

    def _build_side(self) -> QWidget:
        side = _Side()
        side.setFixedWidth(SIDE_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(24, 32, 24, 24)
        column.setSpacing(8)
        name = label("NNLab", "title")
        font = name.font()
        font.setPixelSize(24)
        name.setFont(font)
        tagline = label("Assemble a network, train it, watch it learn.")
        tagline.setWordWrap(True)
        tagline.setForegroundRole(tagline.palette().ColorRole.PlaceholderText)
        column.addWidget(self._sign)
        column.addWidget(name)
        column.addWidget(tagline)
        column.addSpacing(16)
        for button, signal in ((self._new, self.new_wanted), (self._open, self.open_wanted)):
            button.setMinimumHeight(34)
            button.clicked.connect(signal.emit)
            column.addWidget(button)
        column.addSpacing(16)
        column.addWidget(self._recent_title)
        self._recent.setSpacing(0)
        column.addLayout(self._recent)
        column.addStretch(1)
        return side

    def _build_examples(self) -> QWidget:
        page = QWidget()
        page.setObjectName("welcomePage")
        column = QVBoxLayout(page)
        column.setContentsMargins(32, 32, 32, 32)
        column.setSpacing(16)
        self._copies.setSpacing(8)
        column.addLayout(self._copies)
        heading = label("Start with an example", "title")
        column.addWidget(heading)
        column.addWidget(self.grid)
        column.addSpacing(8)
        self.shelf.setFont(heading.font())
        self.shelf.setAccessibleName("Well-known architectures")
        column.addWidget(self.shelf)
        self.templates.hide()
        column.addWidget(self.templates)
        column.addStretch(1)
        area = self._area
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName("Examples")
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(page)
        return area


class _Side(QWidget):
    """The calm column at the left."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """The surface colour and a hairline at the right."""
        now = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), now.color("surface"))
        painter.setPen(now.color("hairline"))
        painter.drawLine(self.width() - 1, 0, self.width() - 1, self.height())
        painter.end()


class _Offer(QWidget):
    """One piece of work that can be restored."""

    def __init__(self, copy: "Found", page: Welcome) -> None:
        super().__init__()
        self.setObjectName("recoveryOffer")
        words = label(
            f"NNLab did not end properly. Unsaved work on {copy.name} from {copy.written:%d.%m. %H:%M} is here."
        )
        words.setWordWrap(True)
        restore, discard = QPushButton("Restore"), QPushButton("Discard")
        restore.setProperty("accented", True)
        restore.clicked.connect(lambda: page.restore_wanted.emit(copy))
        discard.clicked.connect(lambda: page.discard_wanted.emit(copy))
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 12, 10)
        row.setSpacing(8)
        row.addWidget(words, 1)
        row.addWidget(restore)
        row.addWidget(discard)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A raised strip."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(now.color("hairline"))
        painter.setBrush(now.color("raised"))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)
        painter.end()


def _picture(id_: str, size: QSize, ratio: float) -> QPixmap:
    return thumbnails.of_example(id_, EXAMPLES[id_].make, size, ratio)


def _empty(column: QVBoxLayout) -> None:
    while (item := column.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def _elided(name: str) -> str:
    return name if len(name) <= 26 else name[:25] + "…"
