"""Opening a model of another program in the window."""

import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nnlab.ui.shell.main_window import MainWindow
from nnlab.ui.shell.model_reading import ModelReading


@pytest.fixture
def window(qtbot):
    made = MainWindow()
    qtbot.addWidget(made, before_close_func=lambda w: w.leave_in_a_hurry())
    made.show()
    made.complete()
    return made


@pytest.fixture
def model(tmp_path: Path) -> Path:
    weight = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(4, 3), "head.weight")
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "head.weight"], ["y"])],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
        [weight],
    )
    path = tmp_path / "small.onnx"
    onnx.save(helper.make_model(graph), path)
    return path


def read(window: MainWindow, qtbot) -> None:
    """Wait until nothing is being read any more."""
    qtbot.waitUntil(lambda: not any(each.runs for each in window.findChildren(ModelReading)), timeout=60_000)


def test_a_model_opens_as_a_project_without_a_file(window: MainWindow, model: Path, qtbot) -> None:
    before = window.bench.document
    assert window.files.open(model)
    assert window.bench.document is before  # the window goes on meanwhile
    assert [toast.sentence for toast in window.toasts.shown] == ["Reading small.onnx…"]
    read(window, qtbot)
    assert not window.toasts.shown or all("Reading" not in toast.sentence for toast in window.toasts.shown)
    assert window.bench.path is None
    assert window.files.name == "small"
    assert [n.type_id for n in window.bench.document.graph.nodes.values()] == ["Input", "Linear", "Output"]
    assert window.files.has_learned
    assert not window.bench.history.is_saved


def test_a_damaged_model_leaves_all_as_it_is(
    window: MainWindow, model: Path, monkeypatch: pytest.MonkeyPatch, qtbot
) -> None:
    said: list[str] = []
    monkeypatch.setattr("nnlab.ui.dialogs.tell", lambda parent, sentence, *rest, **more: said.append(sentence))
    before = window.bench.document
    model.write_bytes(b"nonsense")
    window.files.open(model)
    read(window, qtbot)
    assert said
    assert said[0].startswith("small.onnx")
    assert window.bench.document is before


def test_reading_can_be_cancelled_with_a_click(window: MainWindow, model: Path, qtbot) -> None:
    before = window.bench.document
    window.files.open(model)
    (toast,) = window.toasts.shown
    assert [button.text() for button in toast.offers] == ["Cancel"]
    toast.offers[0].click()
    assert "small.onnx is not opened" in [each.sentence for each in window.toasts.shown]
    for under_way in window.findChildren(ModelReading):
        assert not under_way.runs
        under_way.wait()
    qtbot.wait(1)
    assert window.bench.document is before


def test_another_project_opened_meanwhile_wins(window: MainWindow, model: Path, qtbot) -> None:
    window.files.open(model)
    window.files.example("spiral")
    read(window, qtbot)
    for under_way in window.findChildren(ModelReading):
        under_way.wait()
    qtbot.wait(1)
    assert window.files.name != "small"
    assert all("Reading" not in toast.sentence for toast in window.toasts.shown)


def test_the_window_closes_while_a_model_is_read(window: MainWindow, model: Path, qtbot) -> None:
    window.files.open(model)
    window.close()
    assert not window.isVisible()
    assert not any(thread.name == "nnlab-reading" for thread in threading.enumerate())


def test_a_fault_of_the_reader_is_reported_as_one(window: MainWindow, model: Path, qtbot, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("nnlab.ui.shell.model_reading.opened", broken)
    with qtbot.captureExceptions() as faults:
        window.files.open(model)
        read(window, qtbot)
    assert [fault[0] for fault in faults] == [ZeroDivisionError]
    assert not window.toasts.shown
