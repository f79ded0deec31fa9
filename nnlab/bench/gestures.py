"""A hand that uses the graph editor in the real window, and times every frame."""

import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from nnlab.bench.graphs import HIGH, WIDE, with_width
from nnlab.bench.lab import SIZE, application
from nnlab.core.document import Document
from nnlab.project import Project
from nnlab.ui.shell.main_window import MainWindow

MOVES = 30
REACH = 90.0  # pixels that a drag goes to either side
MANY = 20  # nodes dragged together
LEFT, MIDDLE, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.NoButton
PRESS, MOVE, RELEASE = QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease

Frames = list[float]
"""Milliseconds of the window's thread for each event and the painting after it."""


class Hand:
    """The window with a network in it, and every gesture as a call that gives its frames."""

    def __init__(self, document: Document) -> None:
        self._app: QApplication = application()
        self.window = MainWindow(project=Project())
        self.window.resize(SIZE)
        self.window.show()
        self.window.complete()  # else it would go on making its panels in the middle of a gesture
        self._app.processEvents()
        self.editor = self.window.editor
        self.bench = self.window.bench
        self.opening = self._frame(lambda: self._open(document)) / 1000
        """Seconds that opening the network took."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.window.leave_in_a_hurry()
        self.window.close()
        self.window.deleteLater()
        self._app.processEvents()

    def look(self, zoom: float) -> None:
        """Look at the middle of the network at this zoom."""
        self.editor.look_at(self.editor.picture.bounds().center(), zoom)
        self._app.processEvents()

    def gestures(self) -> dict[str, Callable[[], Frames]]:
        """Every gesture by what it does."""
        return {
            "drag a node": self.drag,
            "drag 20 nodes": lambda: self.drag(MANY),
            "select in a box": self.box,
            "pull a wire": self.wire,
            "point at things": self.point,
            "pan": self.pan,
            "zoom": self.zoom,
        }

    # ---------------------------------------------------------------- gestures

    def drag(self, count: int = 1) -> Frames:
        """Move nodes there and back."""
        chosen = self._in_sight()[:count]
        self.bench.select(chosen)
        start = self._on_screen(self.editor.picture.nodes[chosen[0]].card().center())
        frames = self._drag(start, LEFT)
        self.bench.undo()
        self._app.processEvents()
        return frames

    def box(self) -> Frames:
        """Select in a rectangle that begins between the rows."""
        corner = self.editor.picture.nodes[self._in_sight()[0]].pos()
        frames = self._drag(self._on_screen(corner + QPointF(WIDE / 2, 0.75 * HIGH)), LEFT, across=400)
        self.bench.select(())
        self._app.processEvents()
        return frames

    def wire(self) -> Frames:
        """Pull a wire out of a node, over others, and let go of it with Esc."""
        node = self.editor.picture.nodes[self._in_sight()[0]]
        start = self._on_screen(node.port_point("out", True))
        frames = [self._mouse(PRESS, start, LEFT, LEFT)]
        frames += [self._mouse(MOVE, at, NO_BUTTON, LEFT) for at in _there_and_back(start, 250)]
        frames.append(self._frame(self.editor.escape))
        self._mouse(RELEASE, start, LEFT, NO_BUTTON)
        return frames

    def point(self) -> Frames:
        """Move the pointer over nodes and wires."""
        start = self._on_screen(self.editor.seen().center())
        return [self._mouse(MOVE, at, NO_BUTTON, NO_BUTTON) for at in _there_and_back(start, 300)]

    def pan(self) -> Frames:
        """Move what is seen, there and back."""
        return self._drag(QPointF(self.editor.viewport().rect().center()), MIDDLE, across=300)

    def zoom(self) -> Frames:
        """Turn the wheel, in and out."""
        middle = QPointF(self.editor.viewport().rect().center())
        turns = ([120] * 5 + [-120] * 10 + [120] * 5) * (MOVES // 20 + 1)
        return [self._frame(lambda turn=turn: self._wheel(middle, turn)) for turn in turns]  # type: ignore[misc]

    def edits(self) -> Frames:
        """Change the width of the first layer, again and again."""
        graph = self.bench.document.graph
        widths = [9 + k % 2 for k in range(10)]
        return [
            self._frame(lambda units=units: self.bench.apply_graph("Units", with_width(graph, units)))  # type: ignore[misc]
            for units in widths
        ]

    # ---------------------------------------------------------------- inside

    def _open(self, document: Document) -> None:
        self.bench.open_document(document)
        self.window.show_lab(fresh=True)

    def _in_sight(self) -> Sequence[str]:
        seen = self.editor.seen()
        nodes = self.editor.picture.nodes
        return [node_id for node_id, item in nodes.items() if seen.contains(item.card())] or list(nodes)

    def _on_screen(self, place: QPointF) -> QPointF:
        return self.editor.viewportTransform().map(place)

    def _drag(self, start: QPointF, button: Qt.MouseButton, across: float = REACH) -> Frames:
        frames = [self._mouse(PRESS, start, button, button)]
        frames += [self._mouse(MOVE, at, NO_BUTTON, button) for at in _there_and_back(start, across)]
        frames.append(self._mouse(RELEASE, start + QPointF(across / 2, across / 2), button, NO_BUTTON))
        return frames

    def _mouse(self, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton, held: Qt.MouseButton) -> float:
        view = self.editor.viewport()
        everywhere = QPointF(view.mapToGlobal(at.toPoint()))
        event = QMouseEvent(kind, at, everywhere, button, held, Qt.KeyboardModifier.NoModifier)
        return self._frame(lambda: self._app.sendEvent(view, event))

    def _wheel(self, at: QPointF, turn: int) -> None:
        view = self.editor.viewport()
        everywhere = QPointF(view.mapToGlobal(at.toPoint()))
        event = QWheelEvent(
            at, everywhere, QPoint(), QPoint(0, turn), NO_BUTTON, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        self._app.sendEvent(view, event)

    def _frame(self, act: Callable[[], object]) -> float:
        began = time.thread_time()
        act()
        self._app.processEvents()
        return 1000 * (time.thread_time() - began)


def _there_and_back(start: QPointF, across: float) -> Iterator[QPointF]:
    """A way out to the lower right, and half of it back."""
    for k in range(1, MOVES + 1):
        share = k / MOVES * 1.5
        share = share if share <= 1 else 2 - share
        yield start + QPointF(across * share, across * share * 0.7)
