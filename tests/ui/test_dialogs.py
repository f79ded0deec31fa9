"""Questions, messages and pages: what was closed is gone, so that a long session stays as light as a short one."""

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog

from nnlab.ui import dialogs
from nnlab.ui.shell.main_window import MainWindow


@pytest.fixture
def window(qtbot):
    made = MainWindow()
    qtbot.addWidget(made, before_close_func=lambda w: w.leave_in_a_hurry())
    made.show()
    return made


@pytest.mark.qt_log_ignore("This plugin does not support")  # raising and grabbing, without a screen
@pytest.mark.parametrize("command", ["help.shortcuts", "help.about", "window.command_palette"])
def test_a_page_that_was_closed_is_gone(window, qtbot, command):
    window.commands[command].trigger()
    (page,) = window.findChildren(QDialog)
    page.close()
    qtbot.waitUntil(lambda: not window.findChildren(QDialog))


def test_a_question_that_was_answered_is_gone(window, qtbot):
    QTimer.singleShot(0, lambda: QApplication.activeModalWidget().close())
    assert dialogs.ask(window, "Go?", "Say so.", ("Yes", "No")) == "No"
    qtbot.waitUntil(lambda: not window.findChildren(QDialog))
