"""What every test is held to: no screen, no network, no thread left behind, Python's collector in the main thread only."""

import gc
import itertools
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["QT_LOGGING_RULES"] = "qt.qpa.*=false"

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # begun behind another program, as `command &` in a script
    signal.signal(signal.SIGINT, signal.default_int_handler)

COLLECT_EVERY = 20  # tests; of what is new since the last time alone, which costs next to nothing
COLLECT_ALL_EVERY = 500  # tests; with all libraries loaded this costs half a second
_tests_run = itertools.count(1)
_folders = itertools.count(1)


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
    count = next(_tests_run)
    if count % COLLECT_EVERY == 0:
        gc.collect(1 if count % COLLECT_ALL_EVERY else 2)
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


@pytest.fixture(scope="session")
def _data_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: pytest looks at every folder beside those that it makes."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def _own_data_folder(_data_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, logs and recovery files of a test go to a folder of its own."""
    folder = _data_folders / str(next(_folders))
    folder.mkdir()
    monkeypatch.setenv("NNLAB_DATA_DIR", str(folder))
