"""One list of commands: menus, keys, command palette and shortcut sheet are made from it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from nnlab.ui.actions import ACTIONS, MENUS, in_order
from nnlab.ui.look import icons
from nnlab.ui.shell import command_palette
from nnlab.ui.shell.command_palette import CommandPalette
from nnlab.ui.shell.main_window import MainWindow
from nnlab.ui.shell.sheets import About, Shortcuts

PROMISED = """
file.new file.open file.save file.save_as file.export_python file.export_picture file.export_weights file.close
file.quit edit.undo edit.redo edit.cut edit.copy edit.paste edit.duplicate edit.delete edit.delete_reconnect
edit.select_all edit.rename edit.add_layer view.fit view.fit_selection view.zoom_in view.zoom_out view.zoom_reset
view.tidy view.theme_system view.theme_light view.theme_dark view.reset_layout view.full_screen train.start
train.pause train.step train.step_epoch train.step_phase train.stop train.reset train.new_dice train.restart
help.welcome help.shortcuts help.about window.command_palette
"""


@pytest.fixture
def window(qtbot):
    made = MainWindow()
    qtbot.addWidget(made, before_close_func=lambda w: w.leave_in_a_hurry())
    made.show()
    made.complete()
    return made


def test_every_promised_command_is_there():
    assert not set(PROMISED.split()) - set(ACTIONS)


@pytest.mark.parametrize("described", in_order(), ids=lambda a: a.id)
def test_every_command_explains_itself(described):
    assert described.text == described.text[:1].upper() + described.text[1:]
    assert described.menu.split("/")[0] in MENUS
    assert described.why.endswith(".")
    assert described.why.rstrip(".").lower() != described.text.lower()
    assert not described.icon or described.icon in icons.names()
    for key in described.keys:
        assert not QKeySequence(key).isEmpty(), key


def test_no_two_commands_have_the_same_key():
    keys = [(QKeySequence(key).toString(), described.id) for described in in_order() for key in described.keys]
    taken = [key for key, _ in keys]
    assert len(taken) == len(set(taken)), sorted(keys)


def test_keys_are_those_of_other_editors():
    first = {described.id: described.keys[:1] for described in in_order()}
    assert first["train.start"] == ("F5",)
    assert first["train.step"] == ("F7",)
    assert first["train.pause"] == ("F8",)
    assert first["train.stop"] == ("Shift+F5",)
    assert first["window.command_palette"] == ("Ctrl+Shift+P",)


def test_every_command_is_found_in_the_window_by_its_id(window):
    for id_ in ACTIONS:
        assert window.findChild(QAction, id_) is not None, id_


def test_menus_hold_every_command_that_names_one(window):
    shown = {made.objectName() for path in window.commands.menus() for made in window.commands.menu(path).actions()}
    assert set(ACTIONS) <= shown


def test_commands_are_given_only_when_they_make_sense(window, qtbot):
    assert not window.commands["file.save"].isEnabled()
    window.files.example("spiral")
    assert window.commands["file.save"].isEnabled()
    assert not window.commands["edit.undo"].isEnabled()
    assert not window.commands["edit.delete"].isEnabled()
    window.bench.select(["linear"])
    qtbot.waitUntil(lambda: window.commands["edit.delete"].isEnabled())
    window.commands["edit.delete"].trigger()
    qtbot.waitUntil(lambda: window.commands["edit.undo"].isEnabled())
    assert window.commands["edit.undo"].text().startswith("Undo ")
    window.commands["edit.undo"].trigger()
    assert "linear" in window.bench.document.graph.nodes


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_command_palette_finds_and_runs_a_command(window, qtbot):
    window.files.example("spiral")
    palette = CommandPalette(window.commands.described(), window)
    palette.open_over(window)
    qtbot.keyClicks(palette.field, "dark")
    assert palette.list.currentItem().text() == "Dark"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.settings.theme == "dark"
    assert not palette.isVisible()


def test_letters_of_a_command_find_it_in_their_order():
    assert command_palette.score("thdk", "View/Theme Dark") is not None
    assert command_palette.score("kdht", "View/Theme Dark") is None
    assert command_palette.score("save", "File Save") > command_palette.score("save", "Some aged vases")


def test_the_list_of_keys_and_the_about_page_can_be_read(window):
    shortcuts = Shortcuts(window.commands.described(), window)
    texts = {w.text() for w in shortcuts.findChildren(QWidget) if hasattr(w, "text")}
    assert {"F5", "Ctrl+Shift+P", "Train", "Tidy the layout"} <= texts
    about = About("CPU", window)
    assert "torch" in about.diagnostics()
    assert "Device: CPU" in about.diagnostics()


def test_the_command_palette_is_as_high_as_what_it_found(window):
    shown = CommandPalette(window.commands.described(), window)
    whole = shown.height()
    shown.field.setText("follow the system")
    assert shown.list.count() < 5
    assert shown.height() < whole / 2
