"""nnlab export in every form, and nnlab train that begins with weights of others."""

import json
import subprocess
import sys

import pytest
import torch

from nnlab.cli import main
from nnlab.engine.exports.format import FORMATS, UNTRAINED, in_order
from nnlab.project import Project


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    project = Project.example("xor")
    project.train(epochs=1)
    path = tmp_path_factory.mktemp("trained") / "xor.nnlab"
    project.save(path)
    return path


def test_the_command_knows_every_form():
    assert list(sys.modules["nnlab.cli.main"].FORMS) == in_order()


@pytest.mark.parametrize("to", sorted(FORMATS))
def test_every_form_is_written(run, trained, tmp_path, to):
    path = tmp_path / f"net{FORMATS[to].ending}"
    code, out, err = run("export", trained, "--to", to, "-o", path)
    assert code == 0, err
    assert out == f"Wrote {path.name}.\n"
    assert path.stat().st_size > 100
    assert not err or err.startswith("nnlab: note: Tried with ")


@pytest.mark.parametrize(
    ("name", "start"), [("n.py", b'"""'), ("n.ipynb", b"{"), ("n.pt2", b"PK"), ("N.SAFETENSORS", b"")]
)
def test_the_ending_says_the_form(run, trained, tmp_path, name, start):
    assert run("export", trained, "-o", tmp_path / name)[0] == 0
    assert (tmp_path / name).read_bytes().startswith(start)


def test_an_ending_that_says_nothing_is_refused_with_those_there_are(run, trained, tmp_path):
    code, _, err = run("export", trained, "-o", tmp_path / "net.h5")
    assert code == 2
    assert ".onnx" in err
    assert "'.h5'" in err
    assert not (tmp_path / "net.h5").exists()


def test_a_network_that_is_not_trained_is_exported_with_a_note(run, tmp_path):
    code, _, err = run("export", "example:xor", "-o", tmp_path / "net.pt2")
    assert code == 0
    assert UNTRAINED in err


def test_training_goes_on_from_the_weights_of_a_file(run, trained, tmp_path):
    run("export", trained, "-o", tmp_path / "w.safetensors")
    code, out, err = run("train", trained, "--weights", tmp_path / "w.safetensors", "--epochs", 1, "--jsonl")
    assert code == 0, err
    torch.save({k: torch.tensor(v) for k, v in Project.open(trained).weights.items()}, tmp_path / "w.pt")
    _, again, _ = run("train", trained, "--weights", tmp_path / "w.pt", "--epochs", 1, "--jsonl")
    fresh = run("train", trained, "--epochs", 1, "--jsonl")[1]
    assert losses(out) == losses(again) != losses(fresh)


def losses(lines: str) -> list[float]:
    events = [json.loads(line) for line in lines.splitlines()]
    return [event["train_loss"] for event in events if event["event"] == "epoch"]


def test_weights_of_another_network_are_named_and_nothing_is_trained(run, trained, tmp_path):
    torch.save(torch.nn.Linear(3, 4).state_dict(), tmp_path / "other.pth")
    code, out, err = run("train", trained, "--weights", tmp_path / "other.pth")
    assert code == 1
    assert "other.pth is not of this network" in err
    assert not out


def test_asking_for_help_loads_no_torch():
    code = "import sys; from nnlab.cli import main; main(['export', '--help']); print('torch' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False"
