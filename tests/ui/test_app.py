"""The program as it is started: with a file, without a console, and ended from outside."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnlab.core.example import EXAMPLES
from nnlab.files import store

START = """
import sys, threading
from PySide6.QtCore import QTimer
from nnlab.ui import app
from nnlab.ui.shell.main_window import MainWindow
show = MainWindow.show
def shown(window):
    show(window)
    look(window)
def look(window):
    if window.{when}:
        QTimer.singleShot({delay}, lambda: ({what}))
    else:
        QTimer.singleShot(1, lambda: look(window))
MainWindow.show = shown
code = app.run(sys.argv[1:])
left = [t.name for t in threading.enumerate() if t.name.startswith("nnlab")]
sys.exit(code if not left else 99)
"""


def program_that(what: str, when: str = "is_complete", delay: int = 300) -> str:
    """The program, doing `what` with its `window` as soon as that is what `when` names."""
    return START.format(what=what, when=when, delay=delay)


def start(tmp_path: Path, what: str, *arguments: str, **more: object) -> "subprocess.Popen[str]":
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "NNLAB_DATA_DIR": str(tmp_path / "data")}
    return subprocess.Popen([sys.executable, "-c", program_that(what), *arguments], env=env, text=True, **more)  # type: ignore[call-overload]


def test_a_file_named_on_the_command_line_is_open(tmp_path):
    file = tmp_path / "named.nnlab"
    store.save(file, EXAMPLES["xor"].make())
    what = "print(window.windowTitle(), flush=True), window.close()"
    with start(tmp_path, what, str(file), stdout=subprocess.PIPE) as program:
        out, _ = program.communicate(timeout=60)
    assert out.strip() == "named[*] – NNLab"
    assert program.returncode == 0


def test_it_starts_and_ends_with_its_console_closed(tmp_path):
    """As after a double-click: no input, no output, no place for errors."""
    command = f'exec "{sys.executable}" -c "$CODE" <&- >&- 2>&-'
    env = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "NNLAB_DATA_DIR": str(tmp_path / "data"),
        "CODE": program_that("print('x'), sys.stderr.write('y'), window.close()"),
    }
    assert subprocess.run(["sh", "-c", command], env=env, timeout=60, check=False).returncode == 0


@pytest.mark.skipif(not hasattr(signal, "SIGTERM") or os.name == "nt", reason="Windows ends programs without asking")
def test_ended_from_outside_it_keeps_unsaved_work_for_the_next_start(tmp_path):
    what = (
        'window.files.example("spiral"), window.bench.apply("Seed", window.bench.document.with_training(seed=7)), '
        'window.bench.train(), print("ready", flush=True)'
    )
    with start(tmp_path, what, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline().strip() == "ready"
        asked = time.monotonic()
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=30)
    assert program.returncode == 128 + signal.SIGTERM
    assert time.monotonic() - asked < 30
    copies = list((tmp_path / "data" / "state" / "recovery").glob("*.json"))
    assert len(copies) == 1
    assert '"seed":7' in copies[0].read_text()
