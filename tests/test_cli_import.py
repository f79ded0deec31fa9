"""nnlab import: a model of another program becomes a project file."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nnlab import Project
from nnlab.cli.main import main


@pytest.fixture
def model(tmp_path: Path) -> Path:
    weight = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(4, 3), "head.weight")
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "head.weight"], ["h"]), helper.make_node("Erf", ["h"], ["y"])],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
        [weight],
    )
    path = tmp_path / "small.onnx"
    onnx.save(helper.make_model(graph), path)
    return path


def test_a_model_becomes_a_project_and_what_is_unknown_is_told(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "small.nnlab"
    assert main(["import", str(model), "-o", str(out)]) == 0
    said = capsys.readouterr()
    assert said.out == "Wrote small.nnlab.\n"
    assert "Erf" in said.err
    document = Project.open(out).document
    assert sorted(n.type_id for n in document.graph.nodes.values()) == [
        "Erf (from outside)",
        "Input",
        "Linear",
        "Output",
    ]
    assert np.array_equal(document.starts["head"]["weight"], np.arange(12, dtype=np.float32).reshape(4, 3).T)


def test_a_file_that_is_there_is_not_replaced_unless_it_is_asked_for(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "small.nnlab"
    out.write_bytes(b"mine")
    assert main(["import", str(model), "-o", str(out)]) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_bytes() == b"mine"
    assert main(["import", str(model), "-o", str(out), "--force"]) == 0


@pytest.mark.parametrize("name", ["there-is-none.onnx", "picture.png"])
def test_what_is_no_model_is_refused_with_a_sentence(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.nnlab"
    assert main(["import", str(tmp_path / name), "-o", str(out)]) == 2
    assert name in capsys.readouterr().err
    assert not out.exists()
