"""How long a thread was ready to compute and got no processor core: on a busy machine that is other programs' doing."""

import threading
from pathlib import Path

TASKS = Path("/proc/self/task")
"""Where Linux tells; elsewhere nothing is known."""


class Thread:
    """Computing and waiting of one thread since this was made."""

    def __init__(self, thread: threading.Thread) -> None:
        self._file = TASKS / str(thread.native_id) / "schedstat"
        self._began = self._read()

    def computed(self) -> float:
        """Seconds on a core."""
        return self._read()[0] - self._began[0]

    def waited(self) -> float:
        """Seconds ready to compute, without a core; 0 where that is not known."""
        return self._read()[1] - self._began[1]

    def _read(self) -> tuple[float, float]:
        try:
            numbers = self._file.read_text().split()
        except OSError:
            return 0.0, 0.0
        return int(numbers[0]) / 1e9, int(numbers[1]) / 1e9


class Crew:
    """The product's own threads beside the main one."""

    def __init__(self) -> None:
        self._threads = [Thread(each) for each in threading.enumerate() if each.name.startswith("nnlab")]

    def waited(self) -> float:
        """How long the one that computed most waited for a core."""
        busiest = max(self._threads, key=lambda each: each.computed(), default=None)
        return busiest.waited() if busiest is not None else 0.0
