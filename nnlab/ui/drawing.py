"""Widgets that paint themselves, and the panel made of a row of controls above one."""

from collections.abc import Callable, Hashable
from typing import Any, Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QMoveEvent, QPainter, QPaintEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from nnlab.core.check import check
from nnlab.core.document import Document
from nnlab.engine.events import Event, Failed, Prepared
from nnlab.ui.look import plots, theme
from nnlab.ui.panel import Panel
from nnlab.ui.workbench import Workbench

NO_NETWORK = "No network yet: drag layers onto the canvas, or open an example."
PRESS_TRAIN = "Press Train to fill this."
BUILDING = "Building the network …"


class Drawing(QWidget):
    """A canvas that paints its picture, or one sentence where there is none. Subclasses fill in `draw`."""

    def __init__(self, name: str, description: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message = PRESS_TRAIN
        self.level: Literal["calm", "error"] = "calm"
        self.ground = "canvas"
        """The colour behind the picture."""
        self.hover: QPointF | None = None
        """Where the mouse is, or None."""
        self._stills: dict[str, tuple[Hashable, QPixmap]] = {}
        self.setAccessibleName(name)
        self.setAccessibleDescription(description)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def say(self, message: str, level: Literal["calm", "error"] = "calm") -> None:
        """Show this sentence instead of a picture; an empty one shows the picture."""
        if (message, level) != (self.message, self.level):
            self.message, self.level = message, level
            self.update()

    def draw(self, painter: QPainter) -> None:
        """Paint the picture; called only when there is no message."""

    def still(self, painter: QPainter, name: str, key: Hashable, draw: Callable[[QPainter], None]) -> None:
        """Paint a part that seldom changes, from a pixmap that is drawn anew when `key`, size or theme change."""
        ratio = self.devicePixelRatioF()
        full = (key, self.width(), self.height(), ratio, theme.current().name)
        kept = self._stills.get(name)
        if kept is None or kept[0] != full:
            pixmap = QPixmap(self.size() * ratio)
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            inner = QPainter(pixmap)
            inner.setRenderHint(QPainter.RenderHint.Antialiasing)
            try:
                draw(inner)
            finally:
                inner.end()
            kept = self._stills[name] = (full, pixmap)
        painter.drawPixmap(0, 0, kept[1])

    def pointed(self) -> None:
        """The mouse moved to `self.hover` (None: it left)."""
        self.update()

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """A comfortable size."""
        return QSize(360, 280)

    def minimumSizeHint(self) -> QSize:
        """Small enough for a narrow dock."""
        return QSize(160, 120)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the background, then the picture or the sentence."""
        painter = QPainter(self)
        try:  # a painter left open by an error brings the whole program down
            painter.fillRect(self.rect(), theme.current().color(self.ground))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self.message:
                plots.draw_message(painter, self._seen(), self.message, self.level)
            else:
                self.draw(painter)
        finally:
            painter.end()

    def _seen(self) -> QRectF:
        """What is seen of it: a part where it is higher than the place that it scrolls in."""
        around = self.parentWidget()
        area = around.parentWidget() if around is not None else None
        if around is None or not isinstance(area, QScrollArea):
            return QRectF(self.rect())
        return QRectF(around.rect().translated(-self.pos())).intersected(QRectF(self.rect()))

    def moveEvent(self, event: QMoveEvent) -> None:
        """A sentence stays in the middle of what is seen."""
        super().moveEvent(event)
        if self.message:
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        self.hover = event.position()
        self.pointed()

    def leaveEvent(self, event: QEvent) -> None:
        """Forget the mouse."""
        self.hover = None
        self.pointed()


class DrawnPanel(Panel):
    """A panel with a row of controls above a drawing, and words for every moment without a picture."""

    def __init__(
        self, bench: Workbench, drawing: Drawing, parent: QWidget | None = None, scrolls: bool = False
    ) -> None:
        super().__init__(bench, parent)
        self.drawing = drawing
        self.failure = ""
        """Why there is no run, while there is none."""
        self.has_picture = False
        self.bar = QWidget()
        """The row of controls; a panel that needs none hides it."""
        self.controls = QHBoxLayout(self.bar)
        self.controls.setContentsMargins(theme.GRID * 2, theme.GRID, theme.GRID * 2, theme.GRID)
        self.controls.setSpacing(theme.GRID * 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self._scrolled(drawing) if scrolls else drawing, 1)
        self.bench.status_changed.connect(self._on_status)
        self.refresh()

    def _scrolled(self, drawing: Drawing) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(drawing)
        return area

    def run_graph_document(self) -> Document:
        """The document whose network the pictures show: the run's, which may be older than the one on the canvas."""
        return self.bench.run_document or self.bench.document

    def refresh(self, problem: object = None) -> None:
        """Show the picture, or say why there is none; `problem` is a sentence that came in the picture's place."""
        if isinstance(problem, str) and problem:
            self.drawing.say(problem)
        elif self.failure:
            self.drawing.say(self.failure, "error")
        elif (
            not self.has_picture or not self.bench.document.graph.nodes
        ):  # a picture may still come of layers that are gone
            self.drawing.say(self._waiting_words())
        else:
            self.drawing.say("")
            self.drawing.update()

    def _waiting_words(self) -> str:
        if not self.bench.document.graph.nodes:
            return NO_NETWORK
        return BUILDING if self.bench.status.state == "preparing" else PRESS_TRAIN

    def _on_status(self, status: Any) -> None:
        if not self.has_picture and self.isVisible():
            self.refresh()

    def on_events(self, events: list[Event]) -> None:
        """Remember why a run could not begin."""
        before = self.failure
        for event in events:
            if isinstance(event, Prepared):
                self.failure = ""  # the old picture stays until the new one comes: no flicker
            elif isinstance(event, Failed):
                self.failure = _reason(event, self.bench.document)
        if self.failure != before and self.isVisible():
            self.refresh()

    def on_document(self, old: Document, new: Document) -> None:
        """Say so when the last layer is gone."""
        if not new.graph.nodes:
            self.has_picture = False
            self.failure = ""
        if self.isVisible():
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Show what happened while hidden."""
        self.refresh()

    def on_theme(self) -> None:
        """Draw in the new colours."""
        self.drawing.update()


def _reason(event: Failed, document: Document) -> str:
    """Why a run could not begin: in the words of the check, which say what to do, where it knows more than torch."""
    if event.node is not None:
        return event.message
    wrong = next((problem for problem in check(document) if problem.severity == "error"), None)
    return wrong.message if wrong is not None else event.message
