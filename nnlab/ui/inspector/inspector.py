"""The inspector: the selected layer, or with nothing selected the settings of the whole run."""

from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from nnlab.core.check import Fix, Problem, check
from nnlab.core.document import Document
from nnlab.engine.events import Event
from nnlab.ui.forms.controls import Hairline
from nnlab.ui.inspector.node_page import NodePage, SeveralPage
from nnlab.ui.inspector.page import GAP, MARGIN, Cards
from nnlab.ui.inspector.run_page import RunPage
from nnlab.ui.look.labels import label
from nnlab.ui.scope import Scope, scope_of
from nnlab.ui.workbench import Workbench

HINT = "Point at a setting to read what it does."
HINT_LINES = 2
LOW = 400  # pixels of height below which the foot gives its place to the settings
STALE = "Some changes take effect when training restarts."


class Inspector(QWidget):
    """What can be set, and what is known, of the thing that is selected."""

    def __init__(self, bench: Workbench | Scope, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        bench = scope_of(bench)
        self.setObjectName("inspector")
        self.setAccessibleName("Inspector")
        self.bench = bench
        self._hint = label(HINT, "caption")
        self._hint.setWordWrap(True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._hint.setFixedHeight(HINT_LINES * self._hint.fontMetrics().lineSpacing() + 2)
        self._stale = label(STALE, "caption")
        self._stale.setWordWrap(True)
        self.run_page = RunPage(bench, self.explain)
        self.node_page = NodePage(bench, self.explain)
        self.several_page = SeveralPage(bench, self.explain)
        self.pages = QStackedWidget()
        for page in (self.run_page, self.node_page, self.several_page):
            self.pages.addWidget(page)
        for cards in self.pages.findChildren(Cards):
            cards.pointed.connect(self._preview)
        self._build()
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.refresh)
        bench.document_changed.connect(self._on_document)
        bench.selection_changed.connect(self._on_selection)
        bench.happened.connect(self._on_events)
        bench.stale_changed.connect(self._show_foot)
        self._show_foot()
        self.refresh()

    def refresh(self) -> None:
        """Show the document and the selection as they are now."""
        self._soon.stop()
        document = self.bench.document
        chosen = tuple(n for n in document.graph.nodes if n in self.bench.selection)
        if not chosen:
            self.run_page.show_document(document, self._problems())
        elif len(chosen) == 1:
            self.node_page.show_node(chosen[0], document, self._problems())
        else:
            self.several_page.show_nodes(chosen, document)
        page = (self.run_page, self.node_page, self.several_page)[min(len(chosen), 2)]
        before = self.pages.currentWidget()
        if before is not page:
            if before is not None and before.isAncestorOf(self.focusWidget() or self):
                self.pages.setFocus()  # Qt would give it to the next field, and the next key would rename a layer
            self.pages.setCurrentWidget(page)
            self.explain("")

    def explain(self, sentence: str) -> None:
        """Show at the foot what a setting does."""
        self._hint.setText(sentence or HINT)

    def edit(self, node_id: str) -> None:
        """Bring the focus to the first setting of this layer, or to its name if it has none."""
        self.bench.select([node_id])
        self.refresh()
        form = self.node_page.form
        first = form.controls()[0] if form is not None else self.node_page.name
        first.setFocus(Qt.FocusReason.TabFocusReason)

    def show_training(self) -> None:
        """Bring the training settings to the front."""
        self.bench.select(())
        self.run_page.tabs.setCurrentWidget(self.run_page.training)

    def show_data(self) -> None:
        """Bring the data settings to the front."""
        self.bench.select(())
        self.run_page.tabs.setCurrentWidget(self.run_page.data)

    # ---------------------------------------------------------------- inside

    def _build(self) -> None:
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.pages, 1)
        self._foot = QWidget()
        foot = QVBoxLayout(self._foot)
        foot.setContentsMargins(MARGIN, GAP, MARGIN, GAP)
        foot.setSpacing(4)
        foot.addWidget(self._stale)
        foot.addWidget(self._hint)
        column.addWidget(Hairline())
        column.addWidget(self._foot)

    def _preview(self, fix: Fix | None) -> None:
        self.bench.preview(None if fix is None else fix.apply)

    def _problems(self) -> tuple[Problem, ...]:
        return check(self.bench.document)

    def _on_document(self, old: Document, new: Document) -> None:
        # a slider or a drag makes many edits in one turn of the event loop: look once
        if self.isVisible():
            self._soon.start()

    def _on_selection(self, chosen: frozenset[str]) -> None:
        if self.isVisible():
            self._soon.start()

    def _on_events(self, events: list[Event]) -> None:
        self.run_page.on_events(events)

    def _show_foot(self, *_: object) -> None:
        tall = self.height() >= LOW
        self._stale.setVisible(self.bench.stale)
        self._hint.setVisible(tall)
        self._foot.setVisible(tall or self.bench.stale)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little height, settings come before hints."""
        super().resizeEvent(event)
        self._show_foot()

    def sizeHint(self) -> QSize:
        """As wide as its fields need."""
        return QSize(304, 480)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened while it was hidden."""
        super().showEvent(event)
        self.refresh()

    def changeEvent(self, event: QEvent) -> None:
        """The icons follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "run_page"):
            self.run_page.on_theme()
