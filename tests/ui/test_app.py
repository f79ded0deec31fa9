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


PAINTED = """
import os, sys
from nnlab.ui import app
from nnlab.ui.shell.main_window import MainWindow
def painted(window, event):
    print(*sorted(sys.modules), flush=True)
    os._exit(0)
MainWindow.paintEvent = painted
app.run([])
"""


def test_the_first_painting_waits_for_nothing_but_the_welcome_page(tmp_path):
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "NNLAB_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-c", PAINTED], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())
    assert "nnlab.ui.shell.welcome" in loaded
    assert not loaded & {
        "numpy",
        "torch",
        "sklearn",
        "scipy",
        "pyqtgraph",
        "safetensors",
        "psutil",
        "nnlab.files.store",
    }
    rooms = ("nnlab.engine", "nnlab.layers", "nnlab.datasets", "nnlab.project", "nnlab.ui.canvas", "nnlab.ui.inspector")
    assert not {name for name in loaded if name.startswith((*rooms, "nnlab.ui.panels", "nnlab.ui.commands"))}


@pytest.mark.parametrize("delay", [0, 60, 250])
def test_closed_while_the_rest_of_it_is_imported_it_ends_cleanly(tmp_path, delay):
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "NNLAB_DATA_DIR": str(tmp_path / "data")}
    program = program_that("window.close()", "is_painted", delay)
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_click_right_after_the_first_painting_opens_the_example(tmp_path):
    click = "window.findChild(QWidget, 'example.xor').click(), print(window.windowTitle(), flush=True), leave(window)"
    leave = """
from PySide6.QtWidgets import QWidget
def leave(window):
    if window.is_complete and window.workspace.is_in_front("boundary"):
        window.close()
    else:
        QTimer.singleShot(1, lambda: leave(window))
"""
    program = leave + program_that(click, "is_painted", 0)
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "NNLAB_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "XOR[*] – NNLab", "")
