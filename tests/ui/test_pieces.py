"""The window is shown first and made afterwards, in pieces; whatever happens in between finds it whole."""

import math
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from nnlab.core.example import EXAMPLES
from nnlab.ui.shell.main_window import PARTS, MainWindow
from nnlab.ui.shell.pieces import Imports, Pieces

PATIENCE = 20_000


@pytest.fixture
def make(qtbot):
    def made() -> MainWindow:
        window = MainWindow()
        qtbot.addWidget(window, before_close_func=lambda w: w.leave_in_a_hurry())
        return window

    return made


def parts_of(window: MainWindow) -> set[str]:
    return set(PARTS) & set(vars(window))


def everything(window: MainWindow) -> dict[str, object]:
    """What can be found in a window, to compare it with another."""
    return {
        "widgets": sorted((type(w).__name__, w.objectName(), w.accessibleName()) for w in window.findChildren(QWidget)),
        "menus": {m.objectName(): [a.text() for a in m.actions()] for m in window.findChildren(QMenu)},
        "bar": [a.text() for a in window.menuBar().actions()],
        "commands": [(a.id, q.isEnabled(), q.isChecked(), q.toolTip()) for a, q in window.commands.described()],
        "keys": sorted(a.objectName() for a in window.actions()),
        "canvas keys": sorted(a.objectName() for a in window.editor.actions()),
        "docks": {i: (d.isHidden(), d.isFloating(), d.is_covered()) for i, d in window.workspace.docks.items()},
        "title": (window.windowTitle(), window.isWindowModified(), window.in_lab),
        "state": bytes(window.workspace.saveState().data()),
    }


# -------------------------------------------------------------------- the window


def test_the_first_page_needs_none_of_what_stands_behind_it(make):
    window = make()
    assert parts_of(window) == set()
    assert not window.in_lab
    assert window.windowTitle() == "NNLab"
    assert all(window.findChild(QWidget, f"example.{id_}") is not None for id_ in EXAMPLES)


def test_made_in_pieces_it_is_the_same_as_made_at_once(make, qtbot):
    at_once, in_pieces = make(), make()
    at_once.complete()
    for window in (at_once, in_pieces):
        window.show()
    assert at_once.is_complete
    qtbot.waitUntil(lambda: in_pieces.is_complete, timeout=PATIENCE)
    for window in (at_once, in_pieces):
        window.files.example("spiral")
        qtbot.waitUntil(lambda w=window: not w.status_line.problems, timeout=PATIENCE)

    def same() -> None:  # what is checked in a menu follows a moment after what it stands for
        first, second = everything(at_once), everything(in_pieces)
        for what in first:
            assert first[what] == second[what], what

    qtbot.waitUntil(same, timeout=PATIENCE)


@pytest.mark.parametrize("pieces", [0, 1, 2, 4, 7, 12])
def test_an_example_can_be_clicked_while_the_window_is_being_made(make, qtbot, pieces):
    window = make()
    for _ in range(pieces):
        window._pieces.one()
    qtbot.mouseClick(window.findChild(QWidget, "example.xor"), Qt.MouseButton.LeftButton)
    assert window.in_lab
    assert parts_of(window) == set(PARTS)
    assert window.bench.document == EXAMPLES["xor"].document()
    window.show()
    qtbot.waitUntil(lambda: window.is_complete, timeout=PATIENCE)
    assert window.workspace.is_in_front("boundary")


@pytest.mark.parametrize("pieces", [0, 1, 2, 4, 7, 12, 20])
@pytest.mark.parametrize("how", ["close", "leave_in_a_hurry"])
def test_it_closes_cleanly_while_it_is_being_made(make, pieces, how):
    window = make()
    window.show()
    for _ in range(pieces):
        window._pieces.one()
    getattr(window, how)()
    QApplication.processEvents()
    assert window._pieces.done
    assert not [t for t in threading.enumerate() if t.name.startswith("nnlab")]
    assert parts_of(window) == set(PARTS) or not window.in_lab


def test_an_edit_made_between_two_pieces_is_known_to_all(make, qtbot):
    window = make()
    while "bench" not in vars(window):
        window._pieces.one()
    window.bench.apply("Seed", window.bench.document.with_training(seed=7))
    window.furnish()
    assert window.commands["edit.undo"].text() == "Undo seed"
    assert window.files.has_news


def test_a_menu_that_opens_early_has_its_commands(make):
    window = make()
    menus = [window.findChild(QMenu, f"menu.{action.text()}") for action in window.menuBar().actions()]
    assert all(menu is not None and menu.isEmpty() for menu in menus)
    menus[0].aboutToShow.emit()
    assert not any(menu.isEmpty() for menu in menus)


def test_a_key_that_comes_early_gives_its_command(make, qtbot):
    window = make()
    window.show()
    qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE)
    assert "files" not in parts_of(window)
    qtbot.keyClick(window.welcome.grid.cards[0], Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert window.in_lab


def test_what_is_no_part_of_it_is_missed_as_everywhere(make):
    window = make()
    with pytest.raises(AttributeError, match="no_such_part"):
        _ = window.no_such_part
    assert parts_of(window) == set()


# -------------------------------------------------------------------- pieces


def test_pieces_are_done_one_at_a_time_and_all_when_somebody_waits(qtbot):
    done: list[int] = []
    hurried: list[bool] = []

    def work():
        for number in range(5):
            done.append(number)
            hurried.append(pieces.hurried)
            yield

    pieces = Pieces(work())
    pieces.one()
    assert done == [0]
    pieces.until(lambda: len(done) == 3)
    assert not pieces.hurried
    pieces.start()
    qtbot.waitUntil(lambda: pieces.done, timeout=PATIENCE)
    assert done == [0, 1, 2, 3, 4]
    assert hurried == [False, True, True, False, False]
    pieces.all()
    assert len(done) == 5


def test_a_piece_that_fails_is_told_once_and_ends_the_work():
    def work():
        yield
        raise RuntimeError("planted")

    pieces = Pieces(work())
    pieces.one()
    with pytest.raises(RuntimeError, match="planted"):
        pieces.one()
    assert pieces.done
    assert not pieces.one()


# -------------------------------------------------------------------- imports


@pytest.fixture
def library(tmp_path: Path, monkeypatch):
    """A library of one package that imports four modules, and a module that fails."""
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "planted_library"
    package.mkdir()
    (package / "__init__.py").write_text("\n".join(f"from planted_library import part{k}" for k in range(4)))
    for k in range(4):
        (package / f"part{k}.py").write_text(f"number = {k}")
    (tmp_path / "planted_fault.py").write_text("raise OSError('planted')")
    yield "planted_library"
    for name in [name for name in sys.modules if name.startswith("planted_")]:
        del sys.modules[name]


def test_an_import_stops_between_modules_and_comes_to_its_end(library):
    finders = list(sys.meta_path)
    imports = Imports([library, "planted_library.part0"])
    strokes = 1
    while imports.stroke(0.0):
        strokes += 1
    assert strokes > 4
    assert sys.modules["planted_library"].part3.number == 3
    assert sys.meta_path == finders
    assert not [t for t in threading.enumerate() if t.name == "nnlab-imports"]


def test_what_an_import_raises_is_raised_in_the_window(library):
    imports = Imports([library, "planted_fault"])
    with pytest.raises(OSError, match="planted"):
        imports.stroke(math.inf)


def test_an_import_that_is_not_wanted_any_more_ends_without_the_rest(library):
    imports = Imports([library, "planted_fault"])
    assert imports.stroke(0.0)
    imports.abandon()
    assert "planted_library.part3" in sys.modules
    assert "planted_fault" not in sys.modules
    assert not imports.stroke(0.0)


def test_what_is_imported_already_takes_no_thread():
    imports = Imports(["sys", "threading"])
    assert not imports.stroke(0.0)
    imports.abandon()
