"""The one object that owns the document's history and the trainer, and tells Qt what happened."""

import contextlib
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from nnlab.core.document import SEED_LIMIT, Document
from nnlab.core.graph import Graph
from nnlab.core.history import History
from nnlab.engine.events import Event, Failed, Finished, Interrupted, Prepared, RunStatus
from nnlab.engine.trainer import Trainer, needs_restart
from nnlab.engine.wants import Want
from nnlab.ui.time_travel import TimeTravel

FRAME_MS = 33
FIGURES_SECONDS = 0.08
TURN_SECONDS = 0.007  # between two drawings while a run goes on: half a screen's picture
PREPARE_DELAY_MS = 150  # after the last edit, before the untrained network is built for the pictures


class Workbench(QObject):
    """What the window's parts share: document, selection, run. It holds no widget and draws nothing."""

    document_changed = Signal(object, object)
    """(old, new) Document: an edit, undo, redo or another file."""
    selection_changed = Signal(object)
    """frozenset of node ids."""
    happened = Signal(object)
    """list of Events of the present run, at most once a frame."""
    pictured = Signal(object)
    """Snapshot: a new picture."""
    status_changed = Signal(object)
    """RunStatus, whenever it differs from the last frame's."""
    stale_changed = Signal(bool)
    """Whether the run is of an older document than the one on the canvas."""
    pace_changed = Signal()
    """Training goes at another pace."""
    said = Signal(str, str)
    """(level, sentence) for the user; level is "info", "warning" or "error"."""
    file_changed = Signal()
    """The path or the saved mark changed."""
    closing = Signal()
    """The window closes: whoever has a thread of its own ends it now."""

    def __init__(self, document: Document | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history: History[Document] = History(document or Document())
        self.history.changed = self._on_history
        self.trainer = Trainer()
        self.time = TimeTravel(self.trainer, self)
        self.path: Path | None = None
        self.selection: frozenset[str] = frozenset()
        self.status = RunStatus()
        self.run_document: Document | None = None
        self.pace = 0.0
        """Epochs a second at most; 0 for full speed."""
        self.stale = False
        self._asked = False  # whether the user asked for this run: only then are failures said aloud
        self._begun = (
            False  # whether training has begun, or learned weights came along: an edit then makes the run older
        )
        self._askers: list[Callable[[], frozenset[Want]]] = []
        self._next_figures = self._last_turn = 0.0
        self._frame_timer = QTimer(self, interval=FRAME_MS)
        self._frame_timer.timeout.connect(self.frame)
        self._prepare_timer = QTimer(self, interval=PREPARE_DELAY_MS, singleShot=True)
        self._prepare_timer.timeout.connect(self.prepare)

    # ---------------------------------------------------------------- document

    @property
    def document(self) -> Document:
        """The present document."""
        return self.history.value

    def apply(self, label: str, document: Document, merge_key: str | None = None) -> None:
        """One edit, one undo step; edits in a row with the same `merge_key` undo as one."""
        self.history.apply(label, document, merge_key)

    def apply_graph(self, label: str, graph: Graph, merge_key: str | None = None) -> None:
        """One edit of the graph."""
        self.apply(label, self.document.with_graph(graph), merge_key)

    def undo(self) -> None:
        """Take the last edit back."""
        self.history.undo()

    def redo(self) -> None:
        """Do the next edit again."""
        self.history.redo()

    def open_document(self, document: Document, path: Path | None = None, weights: object = None) -> None:
        """Put another document in place of this one, with its learned weights if it has any. Asks nothing."""
        self.time.forget()
        self.trainer.stop()
        old = self.document
        self.history = History(document)
        self.history.changed = self._on_history
        self.path = path
        self.select(())
        self.document_changed.emit(old, document)
        self.file_changed.emit()
        self.prepare(weights)

    def select(self, node_ids: Iterable[str]) -> None:
        """Make these nodes the selection."""
        chosen = frozenset(node_ids) & frozenset(self.document.graph.nodes)
        if chosen != self.selection:
            self.selection = chosen
            self.selection_changed.emit(chosen)

    def say(self, level: str, sentence: str) -> None:
        """Tell the user something, as plain text."""
        self.said.emit(level, sentence)

    # ---------------------------------------------------------------- run

    def prepare(self, weights: object = None) -> None:
        """Build the present network untrained (or with `weights`), so that pictures show it; needs no answer."""
        self._asked = False
        self._begun = weights is not None
        self._prepare_timer.stop()
        self.time.forget()
        self.trainer.prepare(self.document, weights=weights)
        self._start_frames()

    def train(self) -> None:
        """Start training, go on after a pause, or begin again after the end."""
        self._asked = self._begun = True
        if self._holds and not self._is_outdated():
            self.time.when_there(self.trainer.resume)
        else:
            self.time.forget()
            self.trainer.start(self.document)
        self._start_frames()

    def restart(self) -> None:
        """Train the network as it is drawn now; layers that did not change keep their weights."""
        self._asked = self._begun = True
        self.time.forget()
        self.trainer.start(self.document, keep=True)
        self._start_frames()

    def begin_again(self) -> None:
        """Train from the very start, with the seed's first weights, whatever the run did so far."""
        self._asked = self._begun = True
        self.time.forget()
        self.trainer.start(self.document)
        self._start_frames()

    def train_on(self) -> None:
        """Train on from where the run stands, also after its end."""
        self._asked = self._begun = True
        self.time.when_there(self.trainer.resume)
        self._start_frames()

    def pause(self) -> None:
        """Hold after the present step, also on the way to another moment."""
        self.time.forget()
        self.trainer.pause()

    def step(self, what: str = "batch") -> None:
        """One "phase", "batch" or "epoch", then hold."""
        self._asked = self._begun = True
        if self.status.state == "idle" or self._is_outdated():
            self.time.forget()
            self.trainer.prepare(self.document)
        self.time.when_there(lambda: self.trainer.step(what))
        self._start_frames()

    def set_pace(self, epochs_per_second: float) -> None:
        """Train no faster than this many epochs a second; 0 is full speed."""
        if epochs_per_second != self.pace:
            self.pace = epochs_per_second
            self.trainer.set_pace(epochs_per_second)
            self.pace_changed.emit()

    def stop(self) -> None:
        """End the run; its network stays for the pictures."""
        self.time.forget()
        self.trainer.stop()

    def reset(self) -> None:
        """Back to the same start: the same seed gives the same first weights."""
        self.prepare()

    def new_dice(self) -> None:
        """Another start: the next seed, as one undoable edit."""
        seed = (self.document.training.seed + 1) % (SEED_LIMIT + 1)
        self.apply("New dice", self.document.with_training(seed=seed))
        self.prepare()

    # ---------------------------------------------------------------- time travel

    @property
    def looks_back(self) -> bool:
        """Whether an earlier moment than the newest is shown, or on its way."""
        return self._holds and self.shown_step < self.time.furthest

    @property
    def shown_step(self) -> int:
        """The step after which the run is shown, or will be in a moment."""
        return self.status.step if self.time.target is None else self.time.target

    def seek(self, step: int) -> None:
        """Look at the moment after this many steps, and hold there; training that goes on is paused."""
        if self.status.run == self.trainer.run and self.status.state in ("paused", "running", "finished"):
            self.time.seek(step)
            self._start_frames()

    def seek_epoch(self, epoch: int) -> None:
        """Look at the end of this epoch; 0 is the start of the run."""
        self.seek(epoch * self.status.steps_per_epoch)

    def go_on(self) -> None:
        """Train on from the moment that is looked at; with other settings than before the run takes another way."""
        if self._holds and not self._is_outdated():
            self.train()

    # ---------------------------------------------------------------- pictures

    def add_asker(self, asker: Callable[[], frozenset[Want]]) -> Callable[[], None]:
        """Ask this at each frame what it wants drawn (an empty set while hidden); returns the way to leave."""
        self._askers.append(asker)

        def leave() -> None:
            with contextlib.suppress(ValueError):
                self._askers.remove(asker)

        return leave

    def take_turn(self) -> int:
        """0 if something may be drawn now; else the milliseconds until then, so that no two drawings come at once."""
        now = time.perf_counter()
        left = self._last_turn + TURN_SECONDS - now
        if left > 0:
            return math.ceil(1000 * left)
        self._last_turn = now
        return 0

    def frame(self) -> None:
        """One look at the trainer: what happened, where it stands, the newest picture."""
        settled = self.trainer.wait(0)  # asked first: what is read afterwards is then the last word
        events = [event for event in self.trainer.poll() if event.run == self.trainer.run]
        for event in events:
            self.time.hear(event)
            self._note(event)
        status = self.time.see(settled, self.trainer.status())
        if self._is_news(status):
            self.status = status
            self.status_changed.emit(status)
        if events:
            self.happened.emit(events)
        snapshot = self.trainer.picture()
        if snapshot is not None and snapshot.run == self.trainer.run:
            self.pictured.emit(snapshot)
        self.trainer.want(frozenset().union(*(asker() for asker in self._askers)))

    def _is_news(self, status: RunStatus) -> bool:
        """Whether to show this: figures of a run that goes on are read by people, some twelve times a second at most."""
        if status == self.status:
            return False
        now = time.perf_counter()
        if (
            status.state == self.status.state == "running"
            and status.run == self.status.run
            and now < self._next_figures
        ):
            return False
        self._next_figures = now + FIGURES_SECONDS
        return True

    def close(self) -> None:
        """Stop timers and the training thread; nothing of it is alive afterwards."""
        self.closing.emit()
        self._frame_timer.stop()
        self._prepare_timer.stop()
        self.trainer.close()

    def _start_frames(self) -> None:
        if not self._frame_timer.isActive():
            self._frame_timer.start()

    def _note(self, event: Event) -> None:
        match event:
            case Prepared():
                self.run_document = event.document
                self._check_stale()
                for notice in event.notices:
                    self.say("warning", notice)
            case Finished(reason="diverged"):
                self.say("error", event.message)
            case Interrupted():
                self.say("error", event.message)
            case Failed():
                self.run_document, self._begun = None, False
                self._check_stale()
                if self._asked:
                    self.say("error", event.message)
            case _:
                pass

    @property
    def _holds(self) -> bool:
        """Whether training can go on from the moment that is shown, or will be in a moment."""
        return self.status.state == "paused" or self.time.target is not None

    def _is_outdated(self) -> bool:
        return self.run_document is None or needs_restart(self.run_document, self.document)

    def _check_stale(self) -> None:
        # before training begins the network is built anew after every edit, so there is nothing to restart
        stale = self.run_document is not None and self._begun and self._is_outdated()
        if stale != self.stale:
            self.stale = stale
            self.stale_changed.emit(stale)

    def _on_history(self, old: Document, new: Document) -> None:
        if not self.selection <= frozenset(new.graph.nodes):
            self.select(self.selection)
        self.document_changed.emit(old, new)
        self.file_changed.emit()
        if old.training != new.training:
            self.trainer.configure(new.training)
        self._check_stale()
        if not self._begun and needs_restart(replace(old, training=old.training), new):
            self._prepare_timer.start()
