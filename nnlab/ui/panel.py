"""The Panel contract: a dock that says what it wants and draws what it gets, and costs nothing while hidden."""

from typing import ClassVar

from PySide6.QtWidgets import QWidget

from nnlab.core.document import Document
from nnlab.engine.events import Event, Snapshot
from nnlab.engine.wants import Want
from nnlab.registry import Registry
from nnlab.ui.workbench import Workbench


class Panel(QWidget):
    """One view of a run. Its dock is named `panel.<id>`; the class docstring is the help text users read.

    A panel reads from the workbench and may call its verbs; it imports no other panel and never holds the trainer.
    """

    title: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    """Name of an SVG in resources/icons."""
    apart: ClassVar[float] = 0.05
    """Seconds between two turns at hearing what happens while a run goes on, at least."""
    order: ClassVar[int] = 100
    """Where its tab stands; the first three are open at first."""
    wide: ClassVar[bool] = False
    """It lies across the window below all others, and is closed at first."""

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bench = bench

    def wants(self) -> frozenset[Want]:
        """What it needs of the next picture; asked at each frame while the panel is visible, so keep it cheap."""
        return frozenset()

    def fits(self) -> bool:
        """Whether it has anything to say of such data; one that has not gives way to one that has."""
        return True

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """A new picture; `snapshot.answers.get(want)` is the result, a sentence why there is none, or None."""

    def on_events(self, events: list[Event]) -> None:
        """What happened since the last frame. Called while hidden too, so only store; draw when visible."""

    def on_document(self, old: Document, new: Document) -> None:
        """The document changed."""

    def on_theme(self) -> None:
        """The colours changed: `theme.current()` is the new one."""


PANELS: Registry[type[Panel]] = Registry("nnlab.ui.panels", "panel")
