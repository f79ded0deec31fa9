"""Templates on the welcome page and in the File menu."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nnlab.core.template import TEMPLATES
from nnlab.ui.shell.main_window import MainWindow


@pytest.fixture
def window(qtbot):
    made = MainWindow()
    qtbot.addWidget(made, before_close_func=lambda w: w.leave_in_a_hurry())
    made.resize(1280, 720)
    made.show()
    return made


def test_the_second_shelf_is_closed_until_somebody_opens_it(window, qtbot):
    page = window.welcome
    assert not page.templates.cards
    assert not page.templates.isVisible()
    qtbot.mouseClick(page.shelf, Qt.MouseButton.LeftButton)
    assert {card.objectName() for card in page.templates.cards} == {f"template.{id_}" for id_ in TEMPLATES}
    card = window.findChild(QWidget, "template.perceptron")
    qtbot.waitUntil(lambda: not card.visibleRegion().isEmpty())
    qtbot.mouseClick(page.shelf, Qt.MouseButton.LeftButton)
    assert not page.templates.isVisible()
    qtbot.mouseClick(page.shelf, Qt.MouseButton.LeftButton)
    assert len(page.templates.cards) == len(TEMPLATES)


def test_a_click_on_a_card_of_it_opens_the_template(window, qtbot):
    window.welcome.shelf.click()
    qtbot.mouseClick(window.findChild(QWidget, "template.siamese"), Qt.MouseButton.LeftButton)
    assert window.in_lab
    assert window.bench.document == TEMPLATES["siamese"].document()
    assert not window.isWindowModified()


def test_nodes_of_templates_say_what_they_are(window):
    window.files.template("vae")
    pictured = window.workspace.editor.picture.nodes
    assert pictured["penalty"].look.summary == "part of the loss"
    assert pictured["output"].look.summary == "64 values"
    window.files.template("siamese")
    assert window.workspace.editor.picture.nodes["other_twin"].look.summary == "weights of Twin"


def test_the_file_menu_has_every_template_behind_new(window, qtbot):
    window.furnish()
    file, templates = window.commands.menu("File"), window.commands.menu("File/New from template")
    entries = [action.text() for action in file.actions()]
    assert entries[:2] == ["New", "New from template"]
    titles = [t.title for t in sorted(TEMPLATES.values(), key=lambda t: t.order)]
    assert [action.text() for action in templates.actions()] == titles
    window.commands["template.perceptron"].trigger()
    assert window.bench.document.title == "Perceptron"
