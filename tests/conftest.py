"""What every test is held to: no screen, no network, no thread left behind, Python's collector in the main thread only."""

import gc
import itertools
import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["QT_LOGGING_RULES"] = "qt.qpa.*=false"

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # begun behind another program, as `command &` in a script
    signal.signal(signal.SIGINT, signal.default_int_handler)

COLLECT_EVERY = 20  # tests; a full collection with torch loaded costs a tenth of a second
_tests_run = itertools.count(1)


@pytest.fixture(autouse=True, scope="session")
def _collector_in_the_main_thread_only() -> Iterator[None]:
    """A collection in the training thread would destroy Qt objects there: the product does the same (ui/app.py)."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """A test that leaves one of our threads alive fails; threads of libraries are theirs."""
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and t.name.startswith("nnlab")]
    for thread in left:
        thread.join(timeout=2)
    left = [t.name for t in left if t.is_alive()]
    if next(_tests_run) % COLLECT_EVERY == 0:
        gc.collect()
    assert not left, f"threads left running: {left}"


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Nothing is ever fetched: a connection to anywhere fails the test that tries."""
    real = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family == getattr(socket, "AF_UNIX", None):
            return real(self, address)
        raise AssertionError(f"something tried to reach {address!r}: NNLab uses no network")

    socket.socket.connect = refuse  # type: ignore[method-assign, assignment]
    yield
    socket.socket.connect = real  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, logs and recovery files of a test go to a folder of its own."""
    monkeypatch.setenv("NNLAB_DATA_DIR", str(tmp_path_factory.mktemp("data")))
