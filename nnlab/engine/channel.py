"""What lies between a training thread and its callers: commands one way, events and pictures the other. No torch."""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from nnlab.core.document import Document
from nnlab.core.graph import Graph
from nnlab.engine.events import Event, RunStatus, Snapshot
from nnlab.engine.wants import Want

CommandKind = Literal["prepare", "resume", "pause", "step", "seek", "stop", "configure", "weights"]


@dataclass(frozen=True)
class Command:
    """One thing asked of the training thread, for one run."""

    kind: CommandKind
    run: int
    value: Any = None


@dataclass(frozen=True)
class Preparation:
    """What a run begins with."""

    document: Document
    weights: Any = None
    keep: bool = False
    """Unchanged nodes bring their weights from the run before."""
    go: bool = False
    """Train at once, instead of holding at step 0."""


@dataclass
class Reply:
    """The empty place for an answer that a caller waits for."""

    named_by: Graph | None = None
    value: Any = None
    ready: threading.Event = field(default_factory=threading.Event)


class Channel:
    """The one object both sides hold. Deques and plain attributes are safe to share; the lock is for `settled`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.commands: deque[Command] = deque()
        self.wake = threading.Event()
        """Set when there is something new for a thread that sleeps."""
        self.settled = threading.Event()
        """Set while nothing is under way: no command waits and nothing trains."""
        self.settled.set()
        self.events: deque[Event] = deque()
        self.picture: Snapshot | None = None
        self.wants: frozenset[Want] = frozenset()
        self.asked = False
        """The wants have not been answered yet."""
        self.pace = 0.0
        """Epochs a second at most; 0 for as many as it can."""
        self.moments_cap: int | None = None
        """Bytes that the moments to go back to may take; None for the usual."""
        self.status = RunStatus()
        self.closing = False

    def send(self, command: Command) -> None:
        """Put a command in the queue and wake the thread; once it is ending, nothing is done any more."""
        with self.lock:
            if not self.closing:
                self.commands.append(command)
                self.settled.clear()
            elif isinstance(command.value, Reply):
                command.value.ready.set()
        self.wake.set()

    def rest(self) -> None:
        """The thread has nothing to do; callers that wait for that go on, unless a command came meanwhile."""
        with self.lock:
            if not self.commands:
                self.settled.set()

    def close(self) -> None:
        """Ask the thread to end after its present step."""
        self.closing = True
        self.wake.set()

    def end(self) -> None:
        """The thread ends: nobody waits for it any longer."""
        self.closing = True
        with self.lock:
            left = list(self.commands)
            self.commands.clear()
            self.settled.set()
        for command in left:
            if isinstance(command.value, Reply):
                command.value.ready.set()
