"""What nobody caught ends in the log and in one dialog, whatever thread it came from."""

import gc
import logging
import sys
import threading

import pytest
from PySide6.QtCore import QObject, QTimer, Signal, qWarning
from PySide6.QtWidgets import QApplication

from nnlab.ui import crash, dialogs
from nnlab.ui.collector import Collector


@pytest.fixture
def reports(qtbot, monkeypatch):
    made = crash.CrashReports()
    made.install()
    yield made
    made.remove()
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, dialogs.Message):
            widget.close()


def shown() -> list[dialogs.Message]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, dialogs.Message) and w.isVisible()]


class Sender(QObject):
    pressed = Signal()


def planted(text: str = "planted") -> None:
    raise RuntimeError(text)


def test_a_fault_in_a_slot_ends_in_one_dialog_and_in_the_log(reports, caplog):
    sender = Sender()
    sender.pressed.connect(planted)
    with caplog.at_level(logging.CRITICAL, "nnlab"):
        for _ in range(50):
            sender.pressed.emit()
    (message,) = shown()
    assert message.sentence == crash.SENTENCE
    assert "planted" in message.details
    assert "RuntimeError" not in message.sentence + message.advice
    assert "planted" in caplog.text


def test_other_faults_join_the_dialog_that_is_open(reports):
    sender = Sender()
    sender.pressed.connect(planted)
    sender.pressed.connect(lambda: 1 / 0)
    sender.pressed.emit()
    (message,) = shown()
    assert "planted" in message.details
    assert "ZeroDivisionError" in message.details


def test_a_fault_in_a_thread_is_shown_too(reports, qtbot):
    thread = threading.Thread(target=planted, args=("in a thread",))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(shown()))
    assert "in a thread" in shown()[0].details


def test_a_storm_of_different_faults_shows_few_dialogs(reports):
    for number in range(crash.DIALOG_LIMIT * 3):
        scope: dict[str, object] = {}
        code = compile(f"def fail():\n{chr(10) * number}    raise ValueError({number})", f"file{number}", "exec")
        exec(code, scope)
        try:
            scope["fail"]()  # type: ignore[operator]
        except ValueError as error:
            reports.report(error)
        for message in shown():
            message.close()
    assert len(reports._seen) == crash.DIALOG_LIMIT * 3
    assert not shown()


def test_messages_of_qt_go_to_the_log(reports, caplog):
    with caplog.at_level(logging.WARNING, "nnlab"):
        qWarning("a word of warning")
    assert "Qt: a word of warning" in caplog.text


def test_the_hooks_are_given_back():
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    reports = crash.CrashReports()
    reports.install()
    assert sys.excepthook is not before[0]
    reports.remove()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before


def test_the_log_and_the_place_of_a_hard_crash_are_files(tmp_path, monkeypatch):
    import faulthandler

    was_on = faulthandler.is_enabled()
    handlers = list(crash.LOG.handlers)
    crash.keep_evidence()
    try:
        crash.LOG.error("written")
        assert "written" in crash.log_file().read_text()
        assert (crash.log_file().parent / "fault.txt").exists()
    finally:
        for handler in set(crash.LOG.handlers) - set(handlers):
            crash.LOG.removeHandler(handler)
            handler.close()
        faulthandler.disable()
        if was_on:
            faulthandler.enable(sys.__stderr__)
        if crash._evidence is not None:
            crash._evidence.close()


def test_a_message_shows_text_as_it_is(qtbot):
    message = dialogs.Message(None, "<b>bold</b>", "<img src='file:///etc/passwd'>", "details")
    qtbot.addWidget(message)
    assert message.sentence == "<b>bold</b>"
    assert message.advice == "<img src='file:///etc/passwd'>"


def test_the_collector_runs_in_the_window_thread_alone(qtbot):
    collector = Collector()
    assert not gc.isenabled()

    class Loop:
        pass

    for _ in range(3_000):
        one = Loop()
        one.self = [one]  # type: ignore[attr-defined]
    assert collector.collect() is not None
    assert collector.collect() is None
    collector.stop()
    assert not collector.findChildren(QTimer)[0].isActive()
    gc.unfreeze()
