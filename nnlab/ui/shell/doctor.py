"""The doctor in the window: asks how the network does while it trains, and puts a cure into practice."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from nnlab.core.document import Document
from nnlab.engine.doctor.doctor import Cure, Doctor, Note
from nnlab.engine.doctor.first_look import TITLES, first_look
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.events import Event, Finished, Prepared, Snapshot, StateChanged
from nnlab.engine.live import needs_restart, with_live_settings
from nnlab.engine.wants import Health, HealthWant, Want
from nnlab.ui.workbench import Workbench

EVERY_SECONDS = 0.5  # between two looks at a network that trains, at least
SHARE = 0.01  # of the time that looks may take
NOTHING: frozenset[Want] = frozenset()
WANTED: frozenset[Want] = frozenset({HealthWant()})


class RunDoctor(QObject):
    """Notes on the present run. A note that was dismissed stays away until the next run."""

    changed = Signal()
    """Other notes than before, or the same with other figures."""
    offered = Signal(object)
    """A Note that cannot wait to be looked for: training blew up."""
    withdrawn = Signal(object)
    """That Note no longer holds."""

    def __init__(self, bench: Workbench, is_seen: Callable[[], bool], parent: QObject | None = None) -> None:
        """`is_seen` says whether anybody can see the notes: else nothing is asked."""
        super().__init__(parent)
        self.bench = bench
        self._is_seen = is_seen
        self._doctor: Doctor | None = None
        self._dismissed: set[str] = set()
        self._found: tuple[Note, ...] = ()
        self._next = 0.0
        self._end_seen = self._start_seen = True
        bench.add_asker(self._wants)
        bench.happened.connect(self._on_events)
        bench.pictured.connect(self._on_snapshot)
        bench.document_changed.connect(self._on_document)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong with the run, but for what was dismissed."""
        return tuple(note for note in self._found if note.kind not in self._dismissed)

    @property
    def badges(self) -> Mapping[str, tuple[str, str]]:
        """Node id -> (severity, sentence) for the nodes that notes are about, those that are as they were trained."""
        now, then = self.bench.document.graph.nodes, self._doctor.document.graph.nodes if self._doctor else {}
        found = {n: note for note in reversed(self.notes) if (n := note.node) is not None}
        return {
            n: (note.severity, str(note)) for n, note in found.items() if n in now and now[n].layer == then[n].layer
        }

    def dismiss(self, note: Note) -> None:
        """Do not show it again in this run."""
        self._dismissed.add(note.kind)
        self.withdrawn.emit(note)
        self.changed.emit()

    def take(self, cure: Cure) -> None:
        """One undoable edit; then the run begins again or goes on, whichever the cure needs."""
        bench = self.bench
        of_start = any(cure in note.cures for note in self._found if note.kind in TITLES)
        bench.apply(cure.label, cure.apply(bench.document))
        if of_start and bench.status.state != "running":
            return  # nothing was trained yet: it is for the user to begin
        outdated = bench.run_document is None or needs_restart(bench.run_document, bench.document)
        state = bench.status.state
        if cure.fresh or (state == "finished" and not self._has_more()):
            bench.begin_again()
        elif outdated:
            bench.restart()
        elif state != "running":
            bench.train_on()

    # ---------------------------------------------------------------- following the run

    def _has_more(self) -> bool:
        """Whether epochs are left to be trained from where the run stands."""
        return self.bench.status.epoch < self.bench.document.training.epochs

    def _wants(self) -> frozenset[Want]:
        state = self.bench.status.state
        if self._doctor is None or not self._is_seen():
            return NOTHING
        if state == "finished":
            return NOTHING if self._end_seen else WANTED
        if state == "paused" and self.bench.status.step == 0:
            return NOTHING if self._start_seen else WANTED
        return WANTED if state == "running" and time.monotonic() >= self._next else NOTHING

    def _on_events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Prepared):
                self._begin(event.document)
            elif self._doctor is not None:
                self._doctor.hear(event)
                self._follow(self._doctor, event)

    def _begin(self, document: Document) -> None:
        self._withdraw()
        self._doctor = Doctor(document)
        self._take_settings(self.bench.document)
        self._dismissed.clear()
        self._next, self._end_seen, self._start_seen = 0.0, True, False
        self._show(())

    def _follow(self, doctor: Doctor, event: Event) -> None:
        if isinstance(event, Finished):
            self._end_seen = event.step == 0
            self._show(doctor.see(None))
        elif isinstance(event, StateChanged) and event.state == "running" and doctor.finished is not None:
            self._withdraw()
            doctor.go_on()
            self._show(())

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        health = next((snapshot.answers[want] for want in WANTED if want in snapshot.answers), None)
        if health is None or self._doctor is None:
            return
        cost = health.seconds if isinstance(health, Health) else 0.0
        self._next = time.monotonic() + max(EVERY_SECONDS, cost / SHARE)
        self._end_seen = self._end_seen or self._doctor.finished is not None
        if isinstance(health, Health) and health.step > 0:
            self._show(self._doctor.see(health))
        elif isinstance(health, Health) and not self._start_seen:
            self._start_seen = True
            if self._doctor.finished is None and self.bench.status.state == "paused":
                self._show(first_look(Signs(self._doctor.document, self._doctor.course, (health,))))

    def _on_document(self, old: Document, new: Document) -> None:
        if old.training is not new.training:
            self._take_settings(new)
        if old.graph is not new.graph and self._found:
            self.changed.emit()

    def _take_settings(self, document: Document) -> None:
        doctor = self._doctor
        if doctor is not None:
            training = with_live_settings(doctor.document.training, document.training)
            doctor.document = replace(doctor.document, training=training)

    # ---------------------------------------------------------------- telling

    def _show(self, notes: tuple[Note, ...]) -> None:
        before, self._found = self._found, notes
        if [str(note) for note in before] != [str(note) for note in notes]:
            self.changed.emit()
        known = {note.kind for note in before}
        for note in self.notes:
            if note.severity == "error" and note.kind not in known:
                self.offered.emit(note)

    def _withdraw(self) -> None:
        for note in self._found:
            self.withdrawn.emit(note)
