"""Opening a model of another program in the window."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nnlab.ui.shell.main_window import MainWindow


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


def test_a_model_opens_as_a_project_without_a_file(window: MainWindow, model: Path) -> None:
    assert window.files.open(model)
    assert window.bench.path is None
    assert window.files.name == "small"
    assert [n.type_id for n in window.bench.document.graph.nodes.values()] == ["Input", "Linear", "Output"]
    assert window.files.has_learned
    assert not window.bench.history.is_saved


def test_a_damaged_model_leaves_all_as_it_is(window: MainWindow, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("nnlab.ui.dialogs.tell", lambda parent, sentence, *rest, **more: said.append(sentence))
    before = window.bench.document
    model.write_bytes(b"nonsense")
    assert not window.files.open(model)
    assert said
    assert said[0].startswith("small.onnx")
    assert window.bench.document is before
