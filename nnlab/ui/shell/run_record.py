"""The curves of the present run, kept for the file and brought back from it."""

from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from nnlab.core.document import Training
from nnlab.engine.events import Event, Prepared
from nnlab.engine.headless import Curves
from nnlab.files.facts import RunFacts
from nnlab.files.store import HISTORY_LIMIT
from nnlab.ui.panel_picture import recorded
from nnlab.ui.workbench import Workbench

Arrays = dict[str, NDArray[Any]]
EPOCH_LIMIT = 20_000  # epochs in the record; beyond, it is thinned


class RunRecord(QObject):
    """Listens to the run; what it heard is saved with the project."""

    recalled = Signal(object)
    """list of Events: the curves of a file, as if they had just been drawn."""

    def __init__(self, bench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.trained_with: Training | None = None
        """The settings that made the curves and the weights."""
        self._bench = bench
        self._curves = _bounded()
        self._waiting: tuple[Arrays, Training | None, RunFacts | None] | None = None
        self._recalled: RunFacts | None = None
        bench.happened.connect(self._on_events)

    def expect(self, curves: Arrays | None, trained_with: Training | None, facts: RunFacts | None = None) -> None:
        """Show the curves of a file as soon as its network is built."""
        self._curves = _bounded()
        self._waiting = (curves, trained_with, facts) if curves else None

    @property
    def facts(self) -> RunFacts | None:
        """How the run was computed: this one, or that of the file as long as nothing was trained since."""
        status = self._bench.status
        if status.step == 0:
            return self._recalled
        told = (status.device, status.engine, status.precision, status.threads)
        return RunFacts(*told, status.step, status.epoch, status.seconds)

    def arrays(self) -> Arrays | None:
        """The curves up to the moment that is shown, which the weights are of; None if nothing was trained."""
        curves = self._curves
        if self._bench.looks_back:
            curves = curves.copied()
            curves.cut(self._bench.status.step)
        found = curves.arrays()
        return found if len(found["epoch"]) else None

    def _on_events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Prepared):
                self._begin(event)
            else:
                self._curves.add(event)

    def _begin(self, event: Prepared) -> None:
        self._curves = _bounded()
        self.trained_with = event.document.training
        self._recalled = None
        if self._waiting is None:
            return
        (curves, trained_with, self._recalled), self._waiting = self._waiting, None
        self.trained_with = trained_with or self.trained_with
        events = recorded(event.run, curves)
        for old in events:
            self._curves.add(old)
        self.recalled.emit(events)


def _bounded() -> Curves:
    return Curves(EPOCH_LIMIT, HISTORY_LIMIT)
