"""Rolls the dice in a thread of its own: started, stopped and polled by short calls that never wait. No torch."""

import threading
import time
import weakref
from types import TracebackType
from typing import Self

from nnlab.core.document import Document
from nnlab.engine.many.rolled import RollStatus

BREATH_SECONDS = 0.004  # other threads of this process are let in at least this often
BREATH_LENGTH = 0.0004


class _Job:
    """One roll: what was asked, and the one slot in which it says where it stands."""

    def __init__(self, roll: int, document: Document, seeds: tuple[int, ...], epochs: int | None) -> None:
        self.document, self.seeds, self.epochs = document, seeds, epochs
        self.stopped = threading.Event()
        self.wants_planes = True
        self.status = RollStatus(roll, "preparing", document, seeds, epochs=epochs or document.training.epochs)
        self._breath = 0.0

    def tell(self, status: RollStatus) -> None:
        """Where it stands now."""
        self.status = status

    def go_on(self) -> bool:
        """Between two steps: whether to take another."""
        now = time.perf_counter()
        if now >= self._breath:
            time.sleep(BREATH_LENGTH)  # the interpreter is let go: the window draws, and is not waited for
            self._breath = time.perf_counter() + BREATH_SECONDS
        return not self.stopped.is_set()


class Roller:
    """Rolls in the background. Every call returns at once, but for `close` and `wait`.

    Nothing here raises for a project that cannot be trained: the status has the sentence.
    """

    def __init__(self) -> None:
        self._job: _Job | None = None
        self._thread: threading.Thread | None = None
        self._rolls = 0
        self._closed = False
        self._finalizer = weakref.finalize(self, _stop, self.__dict__)

    def start(self, document: Document, seeds: tuple[int, ...], epochs: int | None = None) -> int:
        """Roll these seeds, in place of a roll that is under way; the number of the roll (0 after `close`)."""
        if self._closed:
            return 0
        self.stop()
        self._rolls += 1
        before = self._thread
        self._job = job = _Job(self._rolls, document, tuple(seeds), epochs)
        self._thread = threading.Thread(target=_work, args=(job, before), name="nnlab-dice", daemon=True)
        self._thread.start()
        return self._rolls

    def stop(self) -> None:
        """End the roll after the present step; what was learned stays."""
        if self._job is not None:
            self._job.stopped.set()

    def status(self) -> RollStatus:
        """Where the last roll stands."""
        return self._job.status if self._job is not None else RollStatus()

    def want_planes(self, wanted: bool) -> None:
        """Whether pictures of what the seeds answer are to be made while rolling; at the end they are made in any case."""
        if self._job is not None:
            self._job.wants_planes = wanted

    @property
    def is_busy(self) -> bool:
        """Whether a roll is under way."""
        return self.status().state in ("preparing", "rolling")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the roll; False if time ran out."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def close(self) -> None:
        """End the thread and wait for that; later calls do nothing."""
        self._closed = True
        self.stop()
        self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _stop(fields: dict[str, object]) -> None:
    job = fields.get("_job")
    if isinstance(job, _Job):
        job.stopped.set()


def _work(job: _Job, before: threading.Thread | None) -> None:
    """The thread: a roll that was replaced ends first; whatever is raised becomes a status."""
    if before is not None:
        before.join()
    roll_number = job.status.roll
    try:
        from nnlab.engine.device import preload

        preload()
        from nnlab.engine.many.rolling import Asked, roll

        roll(Asked(job.document, job.seeds, job.epochs, roll_number, job.tell, job.go_on, lambda: job.wants_planes))
    except BaseException as error:  # noqa: BLE001 - the last line of the thread: nobody above could be told
        job.tell(_failure(job, error))


def _failure(job: _Job, error: BaseException) -> RollStatus:
    """The last status of a roll that could not begin or go on."""
    import traceback

    from nnlab.errors import BuildError, NNLabError

    node = error.node if isinstance(error, BuildError) else None
    first = str(error).strip().splitlines()[:1] or [type(error).__name__]
    message = str(error) if isinstance(error, NNLabError) else f"Rolling could not go on: {first[0]}"
    details = traceback.format_exc()
    return RollStatus(job.status.roll, "failed", job.document, job.seeds, message=message, node=node, details=details)
