"""What File > Export writes, and what it says: at once, or by a process of its own while the window goes on."""

from pathlib import Path

import numpy as np
import pytest

from nnlab.engine.exports.format import FORMATS, UNTRAINED
from nnlab.files.tensors import from_bytes
from nnlab.project import Project
from nnlab.ui import dialogs
from nnlab.ui.actions import ACTIONS
from nnlab.ui.shell.aside import Aside
from nnlab.ui.shell.main_window import MainWindow

SLOWEST_MS = 90_000


@pytest.fixture
def window(qtbot):
    made = MainWindow()
    qtbot.addWidget(made, before_close_func=lambda w: w.leave_in_a_hurry())
    made.show()
    made.complete()
    return made


@pytest.fixture
def told(monkeypatch):
    sentences: list[str] = []
    monkeypatch.setattr(
        dialogs, "tell", lambda parent, sentence, advice="", details="", level="info": sentences.append(sentence)
    )
    return sentences


@pytest.fixture
def into(monkeypatch, tmp_path):
    """The file that is chosen when a name is asked for."""

    def choose(name: str) -> Path:
        path = tmp_path / name
        monkeypatch.setattr(dialogs, "file_to_save", lambda parent, title, start, kinds: path)
        return path

    return choose


def says(window: MainWindow) -> list[str]:
    return [toast.sentence for toast in window.toasts.shown]


def test_every_form_has_a_command():
    named = {"safetensors": "weights"}
    assert {f"file.export_{named.get(id_, id_)}" for id_ in FORMATS} <= set(ACTIONS)


@pytest.mark.parametrize(("command", "name", "start"), [
    ("python", "net.py", b'"""Spiral'), ("notebook", "net.ipynb", b"{"), ("keras", "net.py", b'"""Spiral'),
])  # fmt: skip
def test_text_is_written_at_once(window, into, told, command, name, start):
    window.files.example("spiral")
    path = into(name)
    window.commands[f"file.export_{command}"].trigger()
    assert path.read_bytes().startswith(start)
    assert says(window) == [f"Written to {name}"]
    assert not told


def test_weights_of_a_network_that_learned_nothing_are_refused(window, into, told):
    window.files.example("spiral")
    path = into("net.safetensors")
    window.commands["file.export_weights"].trigger()
    assert not path.exists()
    assert told == ["This project has no learned weights yet: train it first."]


def test_what_was_learned_goes_along(qtbot, into, told, tmp_path):
    project = Project.example("xor")
    project.train(epochs=1)
    window = MainWindow(project)
    qtbot.addWidget(window, before_close_func=lambda w: w.leave_in_a_hurry())
    window.show()
    window.complete()
    path = into("net.safetensors")
    window.commands["file.export_weights"].trigger()
    assert not told
    found = from_bytes(path.read_bytes(), path.name)
    assert all(np.array_equal(found[name], value) for name, value in project.weights.items())
    assert found.keys() == project.weights.keys()


def test_onnx_is_written_by_another_process_and_says_when_it_is_there(window, into, told, qtbot):
    window.files.example("spiral")
    path = into("net.onnx")
    window.commands["file.export_onnx"].trigger()
    assert "Writing net.onnx…" in says(window)
    assert not path.exists()
    qtbot.waitUntil(lambda: not window.findChildren(Aside), timeout=SLOWEST_MS)
    assert not told
    assert path.read_bytes()[:1] == b"\x08"  # the field that an ONNX model begins with
    assert {"Written to net.onnx", UNTRAINED} <= set(says(window))
    assert "Writing net.onnx…" not in says(window)


def test_a_project_with_a_mistake_is_refused_in_its_words(window, into, told, qtbot):
    window.files.new()
    window.bench.apply_graph("Clear", window.bench.document.graph.without_nodes(window.bench.document.graph.nodes))
    path = into("net.pt2")
    window.commands["file.export_pt2"].trigger()
    qtbot.waitUntil(lambda: bool(told), timeout=SLOWEST_MS)
    assert "There is no Output" in told[0]
    assert not path.exists()


def test_a_folder_that_cannot_be_written_to_is_found_out_before_the_work(window, told, monkeypatch, tmp_path):
    window.files.example("spiral")
    monkeypatch.setattr(dialogs, "file_to_save", lambda *_: tmp_path / "nowhere" / "net.onnx")
    window.commands["file.export_onnx"].trigger()
    assert told
    assert "no such file or folder" in told[0]
    assert not window.findChildren(Aside)


def test_a_window_that_closes_ends_what_is_still_written(window, into, told):
    window.files.example("spiral")
    path = into("net.onnx")
    window.commands["file.export_onnx"].trigger()
    (under_way,) = window.findChildren(Aside)
    window.leave_in_a_hurry()
    assert not under_way.runs
    assert not path.exists()
    assert not told


def test_what_is_being_written_can_be_cancelled_with_a_click(window, into, told, qtbot):
    window.files.example("spiral")
    path = into("net.onnx")
    window.commands["file.export_onnx"].trigger()
    (toast,) = [each for each in window.toasts.shown if each.offers]
    assert [button.text() for button in toast.offers] == ["Cancel"]
    toast.offers[0].click()
    qtbot.waitUntil(lambda: not window.findChildren(Aside), timeout=SLOWEST_MS)
    assert says(window) == ["net.onnx is not written"]
    assert not path.exists()
    assert not told


def test_a_second_export_into_the_same_file_takes_the_place_of_the_first(window, into, told):
    window.files.example("spiral")
    path = into("net.onnx")
    for _ in range(2):
        window.commands["file.export_onnx"].trigger()
    assert [each.runs for each in window.findChildren(Aside)] == [False, True]
    (toast,) = [each for each in window.toasts.shown if each.offers]
    toast.offers[0].click()
    assert not any(each.runs for each in window.findChildren(Aside))
    window.leave_in_a_hurry()  # ends what is ended already once more
    assert not path.exists()
    assert not told


def test_two_exports_into_two_files_do_not_disturb_each_other(window, into, told):
    window.files.example("spiral")
    for name in ("one.onnx", "two.onnx"):
        into(name)
        window.commands["file.export_onnx"].trigger()
    toasts = {each.sentence: each for each in window.toasts.shown if each.offers}
    toasts["Writing one.onnx…"].offers[0].click()
    assert [(each.path.name, each.runs) for each in window.findChildren(Aside)] == [
        ("one.onnx", False),
        ("two.onnx", True),
    ]
    assert not told
