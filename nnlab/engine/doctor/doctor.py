"""The doctor: notes on a run, each with its evidence in numbers and with cures that are one edit. No torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from nnlab.core.document import Document
from nnlab.core.fixes import Fix
from nnlab.engine.doctor.course import Course
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.doctor.thresholds import FOUND_TIMES, LOST_AT_END, LOST_TIMES
from nnlab.engine.events import Event, Finished
from nnlab.engine.wants import Health
from nnlab.registry import Registry

KEPT = 12  # looks that the rules can compare


@dataclass(frozen=True)
class Cure(Fix):
    """One way to put it right, as one edit."""

    fresh: bool = False
    """The weights are spoilt or fit no more: the run must begin again from its start."""


@dataclass(frozen=True)
class Finding:
    """What a rule found."""

    message: str
    """A sentence or two with the evidence in numbers."""
    node: str | None = None
    """The layer it is about; None if it is the data, the training or the network as a whole."""
    cures: tuple[Cure, ...] = ()


@dataclass(frozen=True)
class Note(Finding):
    """One thing that is wrong with a run."""

    kind: str = ""
    """Id of its rule, as "dead"."""
    title: str = ""
    severity: Literal["error", "warning"] = "warning"
    """An error ended the run; with a warning it goes on."""

    def __str__(self) -> str:
        """As a line of text: "Dead units: ..."."""
        return f"{self.title}: {self.message}"


@dataclass(frozen=True)
class Rule:
    """One kind of note: when it is due and what it says."""

    title: str
    find: Callable[[Signs], Finding | None]
    explains: tuple[str, ...] = ()
    """Kinds of notes that would only name consequences of this one."""
    severity: Literal["error", "warning"] = "warning"
    at_once: bool = False
    """Certain as soon as it is found: it is not waited for a second look."""


RULES: Registry[Rule] = Registry("nnlab.engine.doctor.notes", "note")


def examine(signs: Signs) -> tuple[Note, ...]:
    """What is wrong with this run, as one look shows it; consequences of another note are left out."""
    return _without_consequences({id_: note for id_ in RULES if (note := _look(id_, signs)) is not None})


def _look(id_: str, signs: Signs) -> Note | None:
    rule = RULES[id_]
    found = rule.find(signs)
    if found is None:
        return None
    return Note(found.message, found.node, found.cures, id_, rule.title, rule.severity)


def _without_consequences(found: Mapping[str, Note]) -> tuple[Note, ...]:
    explained = {kind for id_ in found for kind in RULES[id_].explains}
    left = [note for id_, note in found.items() if id_ not in explained]
    return tuple(sorted(left, key=lambda note: (note.severity != "error", note.kind)))


class Doctor:
    """Follows one run from event to event and from look to look; its notes come and go without flickering."""

    def __init__(self, document: Document) -> None:
        self.document = document
        """As the run trains it now; a change of live settings is put here."""
        self.course = Course()
        self.finished: Finished | None = None
        self._healths: list[Health] = []
        self._found: dict[str, int] = {}
        self._missed: dict[str, int] = {}
        self._shown: dict[str, Note] = {}

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is wrong with the run."""
        return _without_consequences(self._shown)

    def hear(self, event: Event) -> None:
        """Take in what happened."""
        self.course.add(event)
        if isinstance(event, Finished):
            self.finished = event

    def go_on(self) -> None:
        """The run that had ended goes on."""
        self.finished = None
        self._healths.clear()
        for kept in (self._found, self._missed, self._shown):
            kept.clear()

    def see(self, health: Health | None) -> tuple[Note, ...]:
        """Take in how the network is now (None if that is not known), and say what is wrong."""
        if health is not None:
            earlier = [h for h in self._healths if h.step < health.step]
            self._healths = [*earlier[1 - KEPT :], health]
        signs = Signs(self.document, self.course, tuple(self._healths), self.finished)
        found = {id_: note for id_ in RULES if (note := _look(id_, signs)) is not None}
        for id_ in RULES:
            self._count(id_, found.get(id_))
        return self.notes

    def _count(self, id_: str, note: Note | None) -> None:
        if note is None:
            self._found[id_] = 0
            self._missed[id_] = self._missed.get(id_, 0) + 1
            if self._missed[id_] >= (LOST_TIMES if self.finished is None else LOST_AT_END):
                self._shown.pop(id_, None)
            return
        self._missed[id_] = 0
        self._found[id_] = self._found.get(id_, 0) + 1
        if id_ in self._shown or RULES[id_].at_once or self.finished is not None or self._found[id_] >= FOUND_TIMES:
            self._shown[id_] = note
