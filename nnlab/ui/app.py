"""Start the window: crash hooks first, then Qt, then what is on the screen; plots and torch after the first paint."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from nnlab.ui import crash
from nnlab.ui.keeping import places

SWITCH_SECONDS = 0.002  # how long the training thread may hold Python while the window waits for it


def run(argv: Sequence[str] | None = None) -> int:
    """Open the window, with a project file if one is named; returns the exit code when it is closed."""
    crash.survive_without_console()
    options = _parse(sys.argv[1:] if argv is None else argv)
    if options.data_dir:
        os.environ[places.VARIABLE] = str(Path(options.data_dir).expanduser().absolute())
    crash.keep_evidence()

    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from nnlab.ui.keeping.settings import Settings

    settings = Settings()
    if settings.text_scale != 1.0:
        os.environ.setdefault("QT_SCALE_FACTOR", str(settings.text_scale))
    app = QApplication.instance() or QApplication(["nnlab"])
    assert isinstance(app, QApplication)
    app.setApplicationName("NNLab")
    app.setApplicationDisplayName("NNLab")
    app.setDesktopFileName("nnlab")
    sys.setswitchinterval(SWITCH_SECONDS)
    reports = crash.CrashReports(app)
    reports.install()

    from nnlab.ui.collector import Collector
    from nnlab.ui.shell.main_window import MainWindow

    window = MainWindow(settings=settings)
    reports.window = window
    collector = Collector(window)
    _obey_signals(window)
    app.commitDataRequest.connect(lambda _: window.recovery.write())
    window.show()
    if options.file:
        QTimer.singleShot(0, window, lambda: window.files.open(Path(options.file)))
    code = app.exec()
    window.leave_in_a_hurry()  # does nothing after an orderly close
    collector.stop()
    reports.remove()
    return code


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nnlab", description="Open NNLab's window.")
    parser.add_argument("file", nargs="?", metavar="FILE", help="a project to open")
    parser.add_argument("--data-dir", metavar="FOLDER", help="keep settings, log and recovery copies here")
    return parser.parse_args(list(argv))


def _obey_signals(window: object) -> None:
    """End at once when the system asks, with unsaved work kept. Python hears signals between the window's timers."""
    from PySide6.QtWidgets import QApplication

    from nnlab.ui.shell.main_window import MainWindow

    assert isinstance(window, MainWindow)
    shown = window

    def end(number: int, frame: object) -> None:
        shown.leave_in_a_hurry()
        QApplication.exit(128 + number)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
