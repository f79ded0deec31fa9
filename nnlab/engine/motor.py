"""A thread that does one piece of work at a time for the training thread, which goes on listening meanwhile."""

import threading
from collections.abc import Callable


class Motor:
    """Starts its thread with the first piece of work and ends it when it is closed."""

    def __init__(self, name: str, wake: threading.Event) -> None:
        self._name, self._wake = name, wake
        self._thread: threading.Thread | None = None
        self._work: Callable[[], None] | None = None
        self._begin = threading.Event()
        self._done = threading.Event()
        self._done.set()
        self._error: BaseException | None = None
        self._closing = False

    @property
    def busy(self) -> bool:
        """Whether a piece of work is under way."""
        return not self._done.is_set()

    def start(self, work: Callable[[], None]) -> None:
        """Begin this piece of work; when it is done, `wake` is set."""
        assert not self.busy
        self._work, self._error = work, None
        self._done.clear()
        self._begin.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def finish(self) -> None:
        """Wait for the end of the work, and raise what it raised."""
        self._done.wait()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def close(self) -> None:
        """End the thread after its present work, and wait for that."""
        self._closing = True
        self._begin.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._begin.wait()
            self._begin.clear()
            work, self._work = self._work, None
            if work is not None:
                try:
                    work()
                except BaseException as error:  # noqa: BLE001 - raised again where the work was asked for
                    self._error = error
                del work
                self._done.set()
                self._wake.set()
            if self._closing:
                return
