"""How fast training goes is seen in the run bar, chosen there, and remembered."""

from pytestqt.qtbot import QtBot

from nnlab.ui.keeping.settings import PACES, Settings
from nnlab.ui.shell.main_window import MainWindow


def test_examples_go_at_a_pace_that_eyes_can_follow_until_a_speed_is_chosen(qtbot: QtBot) -> None:
    window = MainWindow()
    qtbot.addWidget(window)
    window.files.example("spiral")
    button = window.workspace.run_bar.pace
    assert window.bench.pace == 30.0
    assert button.text() == "30 epochs/s"
    window.commands["train.pace_0"].trigger()
    assert window.bench.pace == 0.0
    assert button.text() == "Full speed"
    assert [a.text() for a in button.menu().actions() if a.isChecked()] == ["Full speed"]
    window.files.example("xor")
    assert window.bench.pace == 0.0
    assert window.settings.pace == 0.0


def test_every_pace_is_a_command_and_is_remembered(qtbot: QtBot, tmp_path) -> None:
    settings = Settings(tmp_path)
    assert settings.pace is None
    for pace in PACES:
        settings.pace = pace
        assert Settings(tmp_path).pace == pace


def test_a_new_project_goes_at_full_speed(qtbot: QtBot) -> None:
    window = MainWindow()
    qtbot.addWidget(window)
    window.files.new()
    assert window.bench.pace == 0.0
