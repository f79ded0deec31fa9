"""The trainer: one run at a time in a thread of its own, steered by short calls and polled for what happened. No torch."""

import atexit
import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from nnlab.core.document import Document, Training
from nnlab.engine.channel import Channel, Command, CommandKind, Preparation, Reply
from nnlab.engine.events import Event, Failed, RunStatus, Snapshot
from nnlab.engine.live import needs_restart
from nnlab.engine.wants import Want

__all__ = ["Trainer", "needs_restart"]

POLL_SECONDS = 0.05  # how often a waiting caller hands events on


class Trainer:
    """Trains a project in the background. Every call returns at once, unless it says that it waits.

    Nothing here raises for a project that cannot be trained: a Failed event tells. `project` is a Document or
    anything with a `.document`. `on_event` is called for every event, in the thread that polls or waits.
    """

    def __init__(self, project: object = None, on_event: Callable[[Event], object] | None = None) -> None:
        self._project = project
        self._on_event = on_event
        self._channel = Channel()
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._run = 0
        weakref.finalize(self, self._channel.close)

    # ---------------------------------------------------------------- steering

    @property
    def run(self) -> int:
        """The number of the present run; each prepare and start begins another. 0 before the first."""
        return self._run

    def prepare(self, document: Document | None = None, weights: object = None) -> None:
        """Build the network, untrained or with `weights` (as `weights()` gives them), and hold at step 0."""
        self._begin(document, weights=weights)

    def start(self, document: Document | None = None, keep: bool = False, weights: object = None) -> None:
        """Build the network and train; with `keep`, unchanged layers bring their weights from the present run."""
        self._begin(document, keep=keep, weights=weights, go=True)

    def pause(self) -> None:
        """Hold after the present step."""
        self._send("pause")

    def resume(self) -> None:
        """Go on training; after the end, go on only if more epochs are set by now."""
        self._prepared()
        self._send("resume")

    def step(self, what: Literal["batch", "epoch", "phase"] | str = "batch") -> None:
        """Train for one "batch", to the end of the "epoch", or through the next "phase" of a batch; then hold."""
        if what not in ("batch", "epoch", "phase"):
            raise ValueError(f'a step is "batch", "epoch" or "phase", not {what!r}')
        self._prepared()
        self._send("step", what)

    def seek(self, step: int) -> None:
        """Go to the moment after `step` steps, back or forward, and hold there. On the CPU it is the same to the bit."""
        self._prepared()
        self._send("seek", max(0, int(step)))

    def stop(self) -> None:
        """End the run after the present step; its network stays for pictures."""
        if self._run:
            self._send("stop")

    def configure(self, training: Training) -> None:
        """Take over the live settings (learning rate, schedule, epochs, L1, L2, ...) at the next step."""
        if self._run:
            self._send("configure", training)

    def set_pace(self, epochs_per_second: float) -> None:
        """Train no faster than this, so that eyes can follow; 0 is full speed. The numbers are the same."""
        self._channel.pace = max(0.0, float(epochs_per_second))
        self._channel.wake.set()

    def limit_memory(self, cap: int) -> None:
        """How many bytes the moments to go back to may take, from now on; more of them are kept where there is more."""
        self._channel.moments_cap = max(0, int(cap))
        self._channel.wake.set()

    def close(self) -> None:
        """End the thread and wait for that; later calls do nothing."""
        self._channel.close()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    # ---------------------------------------------------------------- looking

    def want(self, wants: frozenset[Want]) -> None:
        """Ask for a picture of these; replaces what was asked before and is answered once."""
        if wants != self._channel.wants:
            self._channel.wants = wants
        self._channel.asked = True
        if (
            wants and self._channel.status.state != "running"
        ):  # a run looks by itself, and waking it holds the caller up
            self._channel.wake.set()

    def poll(self) -> list[Event]:
        """What happened since the last poll, in order."""
        found: list[Event] = []
        with contextlib.suppress(IndexError):
            while True:
                found.append(self._channel.events.popleft())
        if self._on_event is not None:
            for event in found:
                self._on_event(event)
        return found

    def picture(self) -> Snapshot | None:
        """The newest picture, once; None if there is none since the last call."""
        snapshot, self._channel.picture = self._channel.picture, None
        return snapshot

    def status(self) -> RunStatus:
        """Where the run stands."""
        status = self._channel.status
        return status if status.run == self._run else RunStatus(run=self._run, state="preparing")

    def weights(self, document: Document | None = None) -> dict[str, NDArray[Any]]:
        """The network's tensors by name, as private copies; waits for the end of the present step. {} without a network.

        The names are those of the run's document, or of `document` if one is given: the same nodes, perhaps renamed since.
        """
        reply = Reply(document.graph if document is not None else None)
        if self._thread is None or not self._send("weights", reply):
            return {}
        reply.ready.wait()
        found: Mapping[str, NDArray[Any]] = reply.value or {}
        return {name: np.array(value) for name, value in found.items()}

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is under way: finished, failed, or holding after a pause or step. False if time ran out."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            slice_ = POLL_SECONDS if self._on_event is not None else None
            pause = min((s for s in (left, slice_) if s is not None), default=None)
            settled = self._channel.settled.wait(pause)
            if self._on_event is not None:
                self.poll()
            if settled or left == 0.0:
                return settled

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---------------------------------------------------------------- inside

    def _begin(self, document: Document | None, weights: object = None, keep: bool = False, go: bool = False) -> None:
        chosen = document if document is not None else getattr(self._project, "document", self._project)
        if not isinstance(chosen, Document):
            raise TypeError("there is no project to train: give one to Trainer, prepare or start")
        self._project = self._project if document is None else document
        self._send("prepare", Preparation(chosen, weights, keep, go), new_run=True)

    def _prepared(self) -> None:
        if self._run == 0:
            self._begin(None)

    def _send(self, kind: CommandKind, value: object = None, new_run: bool = False) -> bool:
        with self._lock:
            if self._channel.closing:
                return False
            self._run += new_run
            self._channel.send(Command(kind, self._run, value))
            if self._thread is None:
                self._thread = threading.Thread(target=_work, args=(self._channel,), name="nnlab-trainer", daemon=True)
                _live[self._thread] = self._channel
                self._thread.start()
            return True


_live: dict[threading.Thread, Channel] = {}


@atexit.register
def _end_all() -> None:
    """A script may end without closing its trainers: arithmetic that goes on while the process is taken down aborts it."""
    for thread, channel in tuple(_live.items()):
        channel.close()
        thread.join()


def _work(channel: Channel) -> None:
    """The thread: everything that could be raised ends here as a Failed event."""
    try:
        from nnlab.engine.device import preload

        preload()
        from nnlab.engine.worker import Worker

        Worker(channel).work()
    except BaseException as error:  # noqa: BLE001 - the last line of the thread: nobody above could be told
        import traceback

        details = traceback.format_exc()
        run = max([c.run for c in tuple(channel.commands)], default=channel.status.run)
        channel.events.append(Failed(run, f"Training could not go on: {error}", None, details))
        channel.status = RunStatus(run=run, state="failed")
    finally:
        channel.end()
        _live.pop(threading.current_thread(), None)
