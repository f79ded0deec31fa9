"""The window as a user meets it: pages, files, closing, faults."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QTextEdit, QWidget

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.files import store
from nnlab.ui import dialogs
from nnlab.ui.keeping.settings import Settings
from nnlab.ui.look import theme
from nnlab.ui.shell import exports, layouts
from nnlab.ui.shell.main_window import MainWindow

PARTS = ("palette", "graphEditor", "inspector", "runBar", "welcome")


@pytest.fixture
def window(qtbot):
    made = MainWindow()
    qtbot.addWidget(made, before_close_func=lambda w: w.leave_in_a_hurry())
    made.show()
    made.complete()
    return made


@pytest.fixture
def told(monkeypatch):
    """Every message shown, instead of waiting for somebody to read it."""
    sentences: list[str] = []
    monkeypatch.setattr(
        dialogs, "tell", lambda parent, sentence, advice="", details="", level="info": sentences.append(sentence)
    )
    return sentences


@pytest.fixture
def answers(monkeypatch):
    """Questions asked, and what to answer to the next ones."""

    class Answers(list):
        asked: list[str] = []

    given = Answers()
    given.asked = []

    def ask(parent, sentence, advice, buttons, level="info"):
        given.asked.append(sentence)
        wanted = given.pop(0)
        assert wanted in buttons
        return wanted

    monkeypatch.setattr(dialogs, "ask", ask)
    return given


def edit(window: MainWindow) -> None:
    window.bench.apply("Change the seed", window.bench.document.with_training(seed=7))


def test_the_first_page_offers_every_example_new_and_open(window):
    assert not window.in_lab
    assert {card.objectName() for card in window.welcome.grid.cards} == {f"example.{i}" for i in EXAMPLES}
    assert window.windowTitle() == "NNLab"


def test_a_click_on_a_card_opens_the_example_in_the_lab(window, qtbot):
    card = window.findChild(QWidget, "example.spiral")
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert window.in_lab
    assert window.bench.document == EXAMPLES["spiral"].document()
    assert window.workspace.is_open("boundary")
    assert not window.isWindowModified()


def test_pictures_open_with_the_panel_that_can_show_them(window, qtbot):
    window.files.example("digits-mlp")
    qtbot.waitUntil(lambda: not window.workspace.docks["activations"].is_covered())
    window.files.example("spiral")
    qtbot.waitUntil(lambda: not window.workspace.docks["boundary"].is_covered())


def test_every_part_is_found_by_its_name(window):
    for name in PARTS:
        assert window.findChild(QWidget, name) is not None, name
    for id_ in window.workspace.panels:
        assert window.findChild(QWidget, f"panel.{id_}") is not None
        assert window.findChild(QWidget, f"dock.{id_}") is not None
        assert f"panel.{id_}.toggle" in window.commands


def test_every_control_has_a_name_for_screen_readers(window):
    window.files.example("spiral")
    window.bench.select(["linear"])
    kinds = (QAbstractButton, QLineEdit, QComboBox, QTextEdit, QAbstractSpinBox)
    nameless = [
        f"{type(w).__name__} in {type(w.parentWidget()).__name__}"
        for kind in kinds
        for w in window.findChildren(kind)
        if not (w.accessibleName() or getattr(w, "text", str)() or _buddy(w)) and not w.objectName().startswith("qt_")
    ]
    assert not nameless


def _buddy(widget: QWidget) -> bool:
    """A part of a control that has a name itself, or a nameless arrow of Qt's own tab bars."""
    above = widget.parentWidget()
    for _ in range(3):
        if above is None:
            return False
        if above.accessibleName() or type(above).__name__ == "QTabBar":
            return True
        above = above.parentWidget()
    return False


def test_a_hidden_panel_asks_for_nothing(window, qtbot):
    window.files.example("spiral")
    window.workspace.open("boundary")
    qtbot.wait(1)
    covered = [id_ for id_ in window.workspace.panels if window.workspace.docks[id_].is_covered()]
    assert "boundary" not in covered
    assert len(covered) == len(window.workspace.panels) - 1


def test_the_layout_comes_back_at_the_next_start(window, qtbot):
    window.files.example("spiral")
    window.workspace.toggle("palette")
    assert not window.workspace.is_open("palette")
    window.close()
    again = MainWindow()
    qtbot.addWidget(again, before_close_func=lambda w: w.leave_in_a_hurry())
    again.show()
    again.complete()
    assert not again.workspace.is_open("palette")
    again.workspace.reset()
    assert again.workspace.is_open("palette")


# -------------------------------------------------------------------- files


def test_what_is_saved_opens_again_as_it_was(window, tmp_path, monkeypatch):
    window.files.example("spiral")
    edit(window)
    assert window.isWindowModified()
    file = tmp_path / "mine.nnlab"
    monkeypatch.setattr(dialogs, "file_to_save", lambda *_: file)
    assert window.files.save()
    assert not window.isWindowModified()
    assert window.windowTitle() == "mine[*] – NNLab"
    window.files.example("xor")
    assert window.files.open(file)
    assert window.bench.document.training.seed == 7
    assert window.settings.recent == [file]


@pytest.mark.parametrize(
    "content",
    [b"", b"not a project", b"PK\x03\x04 broken", b"\x89PNG\r\n\x1a\n"],
    ids=["empty", "foreign", "truncated", "picture"],
)
def test_a_bad_file_is_refused_with_a_sentence_and_the_open_project_stays(window, tmp_path, told, content):
    window.files.example("spiral")
    before = window.bench.document
    file = tmp_path / "bad.nnlab"
    file.write_bytes(content)
    assert not window.files.open(file)
    assert len(told) == 1
    assert "bad.nnlab" in told[0]
    assert window.bench.document is before
    assert window.in_lab


def test_a_truncated_project_is_refused(window, tmp_path, told):
    window.files.example("spiral")
    file = tmp_path / "half.nnlab"
    store.save(file, window.bench.document)
    file.write_bytes(file.read_bytes()[:-200])
    assert not window.files.open(file)
    assert told


def test_unsaved_work_is_kept_unless_the_user_discards_it(window, answers):
    window.files.example("spiral")
    edit(window)
    answers.append("Cancel")
    window.files.new()
    assert window.bench.document.training.seed == 7
    answers.append("Discard")
    window.files.new()
    assert window.bench.document.training.seed == 0
    assert len(answers.asked) == 2


def test_a_file_changed_by_another_program_is_not_overwritten_unasked(window, tmp_path, answers, monkeypatch):
    file = tmp_path / "shared.nnlab"
    monkeypatch.setattr(dialogs, "file_to_save", lambda *_: file)
    window.files.example("spiral")
    assert window.files.save()
    store.save(file, EXAMPLES["xor"].make(), thumbnail=None)
    edit(window)
    answers.append("Cancel")
    assert not window.files.save()
    assert store.open(file).document.data.dataset != window.bench.document.data.dataset
    answers.append("Overwrite")
    assert window.files.save()
    assert store.open(file).document.training.seed == 7


def test_a_second_window_opens_the_same_file_as_a_copy(window, tmp_path, answers, qtbot):
    file = tmp_path / "one.nnlab"
    store.save(file, EXAMPLES["spiral"].make())
    assert window.files.open(file)
    other = MainWindow()
    qtbot.addWidget(other, before_close_func=lambda w: w.leave_in_a_hurry())
    answers.append("Cancel")
    assert not other.files.open(file)
    answers.append("Open a copy")
    assert other.files.open(file)
    assert other.bench.path is None
    assert not other.bench.history.is_saved


def test_what_was_learned_since_saving_is_not_lost_unasked(window, tmp_path, answers, monkeypatch, qtbot):
    file = tmp_path / "learned.nnlab"
    monkeypatch.setattr(dialogs, "file_to_save", lambda *_: file)
    window.files.example("xor")
    assert window.files.save()
    window.bench.step("epoch")
    qtbot.waitUntil(lambda: window.bench.status.step > 0 and window.bench.status.state == "paused", timeout=20_000)
    answers.append("Cancel")
    assert not window.files.may_leave()
    assert window.files.save()
    saved = store.open(file)
    assert saved.weights
    assert saved.history is not None
    assert list(saved.history["epoch"]) == [1]
    assert window.files.may_leave()
    recalled = []
    window.files.record.recalled.connect(recalled.append)
    assert window.files.open(file)
    qtbot.waitUntil(lambda: bool(recalled), timeout=20_000)
    assert window.files.save()
    again = store.open(file)
    assert again.history is not None
    assert list(again.history["epoch"]) == [1]
    assert {k: v.tolist() for k, v in again.weights.items()} == {k: v.tolist() for k, v in saved.weights.items()}
    assert len(answers.asked) == 1


# -------------------------------------------------------------------- closing


def test_closing_while_training_asks_once_and_leaves_no_thread(window, answers, qtbot):
    window.files.example("spiral")
    window.commands["train.start"].trigger()
    qtbot.waitUntil(lambda: window.bench.status.state == "running", timeout=20_000)
    answers.append("Keep training")
    assert not window.close()
    assert window.bench.status.state == "running"
    answers.append("Stop and close")
    assert window.close()
    assert len(answers.asked) == 2
    assert not [t for t in threading.enumerate() if t.name.startswith("nnlab")]


def test_a_fault_while_closing_leaves_the_window_open(window, monkeypatch):
    window.files.example("spiral")
    edit(window)

    def fail(*_: object, **__: object) -> str:
        raise RuntimeError("planted")

    monkeypatch.setattr(dialogs, "ask", fail)
    with pytest.raises(RuntimeError, match="planted"):
        window.close()
    assert window.isVisible()


def test_unsaved_work_of_a_session_that_ended_badly_is_offered_and_restored(window, qtbot):
    window.files.example("spiral")
    edit(window)
    window.leave_in_a_hurry()
    later = MainWindow()
    qtbot.addWidget(later, before_close_func=lambda w: w.leave_in_a_hurry())
    offers = later.recovery.found()
    assert [copy.document.training.seed for copy in offers] == [7]
    assert later.welcome.findChild(QWidget, "recoveryOffer") is not None
    assert later.files.restore(offers[0])
    assert later.bench.document.training.seed == 7
    assert not later.bench.history.is_saved
    assert later.recovery.found() == []


# -------------------------------------------------------------------- looks


def test_the_theme_can_be_changed_and_is_remembered(window):
    window.commands["view.theme_dark"].trigger()
    assert theme.current() is theme.DARK
    assert Settings().theme == "dark"
    window.commands["view.theme_light"].trigger()
    assert theme.current() is theme.LIGHT
    assert window.commands["view.theme_light"].isChecked()
    assert not window.commands["view.theme_dark"].isChecked()


def test_a_window_kept_off_screen_comes_back_into_reach(window, qtbot):
    window.setGeometry(90_000, 90_000, 800, 600)
    window.settings.keep_bytes("window", window.saveGeometry())
    later = MainWindow()
    qtbot.addWidget(later, before_close_func=lambda w: w.leave_in_a_hurry())
    assert later.screen().availableGeometry().intersects(later.geometry())


def test_a_given_project_is_shown_at_once(qtbot):
    import nnlab

    project = nnlab.Project.example("xor")
    window = nnlab.ui.MainWindow(project)
    qtbot.addWidget(window, before_close_func=lambda w: w.leave_in_a_hurry())
    assert window.in_lab
    assert window.bench.document is project.document


def test_an_unwritable_folder_for_recovery_is_said_and_does_no_harm(qtbot, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("NNLAB_DATA_DIR", str(blocked))
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda w: w.leave_in_a_hurry())
    assert not window.recovery.on
    assert not window.recovery.write()


def test_an_empty_document_says_what_is_missing(window):
    window.bench.open_document(Document())
    assert isinstance(window.status_line.problems, tuple)


def test_the_command_line_names_a_folder_for_all_own_files(tmp_path):
    from nnlab.ui import app

    options = app._parse(["--data-dir", str(tmp_path), "my.nnlab"])
    assert (Path(options.data_dir), options.file) == (tmp_path, "my.nnlab")


def test_two_messages_at_a_time_are_both_shown_whole(window, qtbot):
    window.files.example("spiral")
    window.toasts.say("error", "The first thing went wrong.")
    window.toasts.say("error", "Something else went wrong too.")
    first, second = window.toasts.shown
    assert first.height() >= first.sizeHint().height()
    assert second.height() >= second.sizeHint().height()
    assert first.geometry().bottom() < second.geometry().top()
    assert window.toasts.rect().contains(second.geometry())


def _without_a_wire(window: MainWindow) -> None:
    graph = window.bench.document.graph
    window.bench.apply_graph("Remove a wire", graph.without_links([min(graph.links)]))


def test_restart_with_a_mistake_names_it_and_keeps_what_was_learned(window, qtbot):
    window.files.example("xor")
    window.bench.step("epoch")
    qtbot.waitUntil(lambda: window.bench.status.step > 0 and window.bench.status.state == "paused")
    run, learned = window.bench.trainer.run, window.bench.trainer.weights()
    _without_a_wire(window)
    qtbot.waitUntil(lambda: window.commands["train.restart"].isEnabled())
    for id_ in ("train.restart", "train.start", "train.step"):
        window.commands[id_].trigger()
        assert [toast.level for toast in window.toasts.shown] == ["mistake"]
    assert window.bench.selection
    assert window.bench.trainer.run == run
    assert window.bench.trainer.weights().keys() == learned.keys()


def test_a_message_about_a_mistake_goes_when_the_network_is_edited(window, qtbot):
    window.files.example("xor")
    _without_a_wire(window)
    window.commands["train.start"].trigger()
    assert window.toasts.shown
    window.bench.undo()
    assert not window.toasts.shown


def test_every_layer_name_is_whole_in_the_smallest_common_window(window, qtbot):
    window.files.example("spiral")
    window.resize(1280, 720)
    window.workspace.reset()
    palette = window.workspace.palette_list
    qtbot.waitUntil(lambda: palette.width() >= palette.whole_width())
    assert window.editor.width() > 1280 / 2


def test_layouts_show_what_they_promise_and_build_brings_everything_back(window, qtbot):
    window.files.example("spiral")
    window.resize(1440, 900)
    workspace = window.workspace

    def seen() -> set[str]:
        return {id_ for id_, dock in workspace.docks.items() if dock.isVisible() and not dock.is_covered()}

    window.commands["view.layout_watch"].trigger()
    qtbot.waitUntil(lambda: seen() == set(workspace.panels))
    assert workspace.editor.isVisible()
    window.commands["view.layout_explain"].trigger()
    qtbot.waitUntil(lambda: seen() == {"network", "inspector"})
    window.commands["view.layout_present"].trigger()
    qtbot.waitUntil(lambda: seen() == {"network"})
    assert not workspace.editor.isVisible()
    window.commands["view.layout_build"].trigger()
    qtbot.waitUntil(lambda: {"palette", "inspector", "boundary"} <= seen())
    assert workspace.editor.isVisible()
    wide = {id_ for id_, panel in workspace.panels.items() if panel.wide}
    assert all(workspace.is_open(id_) != (id_ in wide) for id_ in workspace.docks)


def test_a_project_given_at_the_start_is_seen_whole_beside_docks_that_came_back(qtbot):
    from nnlab import Project

    first = MainWindow(Project.example("spiral"))
    qtbot.addWidget(first, before_close_func=lambda w: w.leave_in_a_hurry())
    first.resize(1440, 900)
    first.show()
    first.complete()
    layouts.watch(first.workspace)
    first.finish()
    again = MainWindow(Project.example("spiral"))
    qtbot.addWidget(again, before_close_func=lambda w: w.leave_in_a_hurry())
    again.show()
    again.complete()
    view = again.editor
    qtbot.waitUntil(lambda: view.seen().contains(view.picture.bounds()))
    assert again.editor.width() < again.width() / 2


def test_a_suggested_file_name_reads_like_the_project():
    assert exports.file_name("Digits, convolution") == "Digits convolution"
    assert exports.file_name("a/b: c") == "a-b- c"


def test_the_data_menu_offers_every_data_set_and_ticks_the_present_one(window, qtbot):
    window.files.example("spiral")
    assert window.commands["data.spiral"].isChecked()
    for id_, kind in DATASETS.items():
        assert window.commands[f"data.{id_}"].text() == kind.title
    before = window.bench.document
    window.commands["data.moons"].trigger()
    assert window.bench.document.data.dataset == DATASETS["moons"]()
    assert window.bench.document.graph == before.graph
    qtbot.waitUntil(lambda: window.commands["data.moons"].isChecked())
    window.commands["data.moons"].trigger()  # a tick that is there stays there
    qtbot.waitUntil(lambda: window.commands["data.moons"].isChecked())
    window.bench.undo()
    assert window.bench.document == before


def test_a_name_in_the_title_bar_is_shown_as_it_is_and_turns_nothing_round(window):
    window.files.example("spiral")
    document = window.bench.document
    window.bench.apply("Title", replace(document, title="a\u202eb\nc [*] d"))
    assert "\u202e" not in window.windowTitle()
    assert "\n" not in window.windowTitle()
    assert "[*][*]" in window.windowTitle()
