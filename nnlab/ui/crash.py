"""Whatever goes wrong unforeseen ends in the log and in one dialog, from the first line of the program on."""

import contextlib
import faulthandler
import logging
import os
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from nnlab.ui import dialogs
from nnlab.ui.keeping import places

LOG = logging.getLogger("nnlab")
LOG_BYTES = 1_000_000
DIALOG_LIMIT = 5  # in one session; more of them would only stand in the way of saving
SENTENCE = "Something in NNLab went wrong."
ADVICE = (
    "Your work is still here. Save it under a new name to be safe, then go on or start NNLab again. "
    "The details help whoever repairs this: copy them into a report."
)

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

_evidence: IO[Any] | None = None


def survive_without_console() -> None:
    """A double-clicked program may have no input and output: put the null device there, so that writing cannot fail."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115


def log_file() -> Path:
    """Where the log is."""
    return places.state() / "nnlab.log"


def keep_evidence() -> None:
    """From here on the log and the place of a hard crash are written to files, where there is a folder that takes them."""
    global _evidence
    if not places.usable(places.state()):
        return
    with contextlib.suppress(OSError):
        fault = places.state() / "fault.txt"
        if fault.exists() and fault.stat().st_size:
            fault.replace(places.state() / "fault-before.txt")
        _evidence = fault.open("a", encoding="utf-8")
        faulthandler.enable(_evidence)
        writer = RotatingFileHandler(log_file(), maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8", delay=True)
        writer.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(message)s"))
        LOG.addHandler(writer)
        LOG.setLevel(logging.INFO)
        logging.raiseExceptions = False  # a full disk must not fill the console


class CrashReports(QObject):
    """Catches what nobody caught, in any thread, and shows it: one dialog at a time, the same fault once."""

    caught = Signal(str)
    """The details of a fault, from whatever thread it happened in."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.window: Any = None
        self._seen: set[str] = set()
        self._open: dialogs.Message | None = None
        self._before: tuple[Any, ...] = ()
        self.caught.connect(self._show)

    def install(self) -> None:
        """Take over every hook there is."""
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._on_exception
        threading.excepthook = lambda args: self._on_exception(
            args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
        )
        sys.unraisablehook = lambda args: LOG.error("unraisable in %r: %s", args.object, args.exc_value)
        qInstallMessageHandler(self._on_qt)

    def remove(self) -> None:
        """Give every hook back."""
        if self._before:
            sys.excepthook, threading.excepthook, sys.unraisablehook = self._before
            qInstallMessageHandler(None)
            self._before = ()

    def report(self, error: BaseException) -> None:
        """Treat a caught exception as if nobody had caught it."""
        self._on_exception(type(error), error, error.__traceback__)

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        LOG.critical("%s", details)
        where = traceback.extract_tb(trace)[-1:] if trace else []
        key = f"{kind.__name__}{[(frame.filename, frame.lineno) for frame in where]}"
        if key not in self._seen:
            self._seen.add(key)
            self.caught.emit(details)

    def _on_qt(self, level: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
        LOG.log(_LEVELS.get(level, logging.WARNING), "Qt: %s", message)

    def _show(self, details: str) -> None:
        if QApplication.instance() is None:
            return
        if self._open is not None:
            self._open.set_details(f"{self._open.details}\n\n{details}")
        elif len(self._seen) <= DIALOG_LIMIT:
            parent = self.window if self.window is not None and self.window.isVisible() else None
            self._open = dialogs.Message(parent, SENTENCE, ADVICE, details, "error")
            self._open.finished.connect(self._closed)
            self._open.open()

    def _closed(self) -> None:
        self._open = None
