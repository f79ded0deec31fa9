"""The command line: what it prints, what it writes, its exit codes; never a traceback."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnlab
from nnlab.cli import main, output, sample_files, tables
from nnlab.core.dataset import DATASETS
from nnlab.errors import NNLabError
from nnlab.files import disk as files

NNLAB = [sys.executable, "-m", "nnlab"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("trained") / "spiral.nnlab"
    project = nnlab.Project.example("spiral")
    project.train(epochs=3, device="cpu")
    project.save(path)
    return str(path)


@pytest.fixture
def run(capsys):
    def call(*argv: str | os.PathLike) -> tuple[int, str, str]:
        code = main([os.fspath(a) for a in argv])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert all(line.startswith("nnlab: ") for line in err.splitlines()), err
        return code, out, err

    return call


def spawn(*argv: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([*NNLAB, *argv], capture_output=True, text=True, timeout=100, **options)


# -------------------------------------------------------------------- lists


@pytest.mark.parametrize("name", ["examples", "layers", "datasets", "lessons"])
def test_lists_are_for_people_and_for_programs(run, name):
    code, out, err = run(name)
    assert (code, err) == (0, "")
    code, text, err = run(name, "--json")
    assert (code, err) == (0, "")
    entries = json.loads(text)
    assert entries == getattr(nnlab, name)()
    for entry in entries:
        assert any(line.startswith(entry["id"]) for line in out.splitlines())


@pytest.mark.parametrize("name", ["examples", "layers", "datasets", "lessons", "--version", "--help"])
def test_lists_load_neither_torch_nor_qt(name):
    code = f"""
import sys
from nnlab.cli import main
main([{name!r}])
print([m for m in ("torch", "PySide6", "pyqtgraph", "sklearn") if m in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_help_and_version(run):
    code, out, _ = run("--help")
    assert code == 0
    for command in ("check", "train", "eval", "predict", "export", "picture", "new"):
        assert command in out
    assert run("train", "--help")[0] == 0
    assert run("--version")[1] == f"nnlab {nnlab.__version__}\n"


# -------------------------------------------------------------------- wrong usage


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["chek", "x.nnlab"], "did you mean nnlab check?"),
        (["nonsense"], "no command or file"),
        (["--nonsense"], "--nonsense"),
        (["a.nnlab", "b.nnlab"], "b.nnlab"),
        (["train"], "FILE"),
        (["train", "spiral", "--epochs", "x"], "whole number"),
        (["train", "spiral", "--epochs", "0"], "Epochs needs"),
        (["train", "spiral", "--epochs", "-5"], "Epochs needs"),
        (["train", "spiral", "--epochs", "9" * 18], "Epochs needs"),
        (["train", "spiral", "--device", "cuda:99"], "Device needs"),
        (["train", "spiral", "--seed", "-1"], "Seed needs"),
        (["export", "spiral", "--to", "pickle", "-o", "x"], "pickle"),
        (["picture", "spiral", "-o", "x.bmp"], ".svg"),
        (["picture", "spiral", "-o", "x.svg", "--size", "big"], "800x600"),
        (["picture", "spiral", "-o", "x.svg", "--size", "1x1"], "16"),
        (["new", "spirals", "-o", "x.nnlab"], "did you mean spiral?"),
        (["check", "/nowhere/x.nnlab"], "no such file"),
        (["check", "/dev/zero"], "device"),
        (["check", "/"], "folder"),
        (["check", "a\0b"], "name"),
        (["check", ""], ""),
        (["train", "/etc/hostname"], "not an NNLab project"),
        (["train", "spiral", "-o", "/nowhere/x.nnlab"], "no such file or folder"),
    ],
)
def test_bad_usage_and_refused_files_are_one_line_and_exit_code_2(run, argv, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert words in err
    assert 1 <= len(err.splitlines()) <= 2
    assert not list(tmp_path.iterdir())


# -------------------------------------------------------------------- new and check


def test_new_writes_an_example_and_never_over_a_file_unasked(run, tmp_path):
    path = tmp_path / "a.nnlab"
    assert run("new", "iris", "-o", path)[0] == 0
    assert nnlab.Project.open(path).document.graph == nnlab.Project.example("iris").document.graph
    before = path.read_bytes()
    code, _, err = run("new", "spiral", "-o", path)
    assert (code, path.read_bytes()) == (2, before)
    assert "--force" in err
    assert run("new", "spiral", "-o", path, "--force")[0] == 0
    assert path.read_bytes() != before


def test_check_tells_shapes_parameters_and_flops(run, trained):
    code, out, err = run("check", trained)
    assert (code, err) == (0, "")
    linear = next(line for line in out.splitlines() if line.startswith("linear "))
    assert linear.split() == ["linear", "Linear", "N", "×", "8", "24", "32"]
    assert "No mistakes found." in out
    code, out, _ = run("check", trained, "--json")
    facts = json.loads(out)
    assert facts["parameters"] == sum(node["parameters"] for node in facts["nodes"])
    assert facts["nodes"][1] == {
        "id": "linear", "type": "Linear", "name": "", "shape": [8], "parameters": 24, "flops": 32,
    }  # fmt: skip


def test_check_names_mistakes_with_their_fixes_and_exits_with_1(run, tmp_path):
    project = nnlab.Project.new()
    project.graph.add("Linear", name="my\nlayer\x1b[31m")
    project.save(tmp_path / "x.nnlab")
    code, out, _ = run("check", tmp_path / "x.nnlab")
    assert code == 1
    assert "error: " in out
    assert "fix: " in out
    assert "\x1b" not in out
    code, out, _ = run("check", tmp_path / "x.nnlab", "--json")
    assert code == 1
    assert json.loads(out)["problems"][0]["fixes"]


def test_a_name_of_an_example_stands_in_for_a_file_and_says_so(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("spiral", "example:spiral"):
        code, out, err = run("check", name)
        assert code == 0
        assert "tanh" in out
        assert "example of that name" in err


# -------------------------------------------------------------------- train


def test_train_prints_a_table_and_saves_what_it_learned(run, trained, tmp_path):
    code, out, err = run("train", trained, "--epochs", "3", "--device", "cpu", "-o", tmp_path / "out.nnlab")
    assert (code, err) == (0, "")
    assert "validation accuracy" in out
    assert "Saved to out.nnlab." in out
    project = nnlab.Project.open(tmp_path / "out.nnlab")
    again = nnlab.Project.open(trained)
    again.train(epochs=3, device="cpu")
    for name, array in again.weights.items():
        np.testing.assert_array_equal(project.weights[name], array)
    assert len(project.curves["epoch"]) == 3


def test_train_without_a_name_saves_nothing_and_says_so(run, trained):
    before = Path(trained).read_bytes()
    _, out, _ = run("train", trained, "--epochs", "1")
    assert "Not saved" in out
    assert Path(trained).read_bytes() == before


def test_train_speaks_json_line_by_line(run, trained, tmp_path):
    code, out, _ = run("train", trained, "--epochs", "2", "--seed", "3", "--jsonl", "-o", tmp_path / "o.nnlab")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [e["event"] for e in events] == ["prepared", "epoch", "epoch", "finished", "computed", "saved"]
    assert events[0]["seed"] == 3
    assert events[2]["epoch"] == 2
    assert events[3]["metrics"]["train_loss"] > 0
    assert events[0]["precision"] == "float32"
    assert events[0]["needed_bytes"] > 0
    assert events[0]["epoch_seconds"] > 0
    computed = events[4]
    assert (computed["device"], computed["engine"], computed["epochs"]) == (events[0]["device"], "eager", 2)
    assert computed["steps"] == events[2]["step"]


def test_a_project_with_mistakes_is_not_trained(run, tmp_path):
    project = nnlab.Project.new()
    project.graph.add("Input")
    project.graph.add("Output")
    project.save(tmp_path / "x.nnlab")
    for command in (["train"], ["eval"], ["predict", "--data", "x.csv"], ["export", "--to", "python", "-o", "x.py"]):
        code, out, err = run(command[0], tmp_path / "x.nnlab", *command[1:])
        assert (code, out) == (1, "")
        assert "connected" in err or "nothing" in err


def test_an_example_that_misses_its_goal_exits_with_1(run, tmp_path):
    project = nnlab.Project.example("spiral")
    project.set_training(epochs=1)
    project.save(tmp_path / "x.nnlab")
    code, _, err = run("train", tmp_path / "x.nnlab", "-o", tmp_path / "y.nnlab")
    assert code == 1
    assert "the goal was not met" in err
    assert (tmp_path / "y.nnlab").exists()
    project = nnlab.Project.example("blobs")
    project.save(tmp_path / "x.nnlab")
    assert run("train", tmp_path / "x.nnlab")[0] == 0


def test_the_bar_is_one_line_on_a_terminal(run, trained, monkeypatch):
    from nnlab.cli import training

    monkeypatch.setattr(training, "_is_terminal", lambda: True)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    main(["train", trained, "--epochs", "2"])
    text = sys.stderr.getvalue()
    assert text.count("\r") == 2
    assert text.count("\n") == 1
    assert "2/2" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_the_step_and_what_is_learned_is_saved(run, trained, tmp_path, monkeypatch, number):
    from nnlab.cli import training
    from nnlab.engine.events import Epochs

    def signalled(self, event):
        if isinstance(event, Epochs) and event.last.epoch == 2:
            signal.raise_signal(number)

    monkeypatch.setattr(training._Lines, "__call__", signalled)
    before = signal.getsignal(number)
    code, _, err = run("train", trained, "--epochs", "100000", "--jsonl", "-o", tmp_path / "out.nnlab")
    assert (code, err) == (0, "")
    assert signal.getsignal(number) == before
    assert len(nnlab.Project.open(tmp_path / "out.nnlab").curves["epoch"]) in (2, 3)


@pytest.mark.skipif(os.name == "nt", reason="signals are different there")
def test_ctrl_c_ends_the_program_in_order(trained, tmp_path):
    out = tmp_path / "out.nnlab"
    command = [*NNLAB, "train", trained, "--epochs", "100000", "--jsonl", "-o", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "epoch":
            break
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    events = [json.loads(line) for line in rest.splitlines()]
    assert [e["event"] for e in events[-3:]] == ["finished", "computed", "saved"]
    assert events[-3]["reason"] == "stopped"
    assert nnlab.Project.open(out).weights


def test_a_second_ctrl_c_does_not_keep_what_is_learned_from_being_saved(run, trained, tmp_path, monkeypatch):
    save = nnlab.Project.save

    def interrupted(project, path):
        signal.raise_signal(signal.SIGINT)
        save(project, path)

    monkeypatch.setattr(nnlab.Project, "save", interrupted)
    before = signal.getsignal(signal.SIGINT)
    assert run("train", trained, "--epochs", "1", "-o", tmp_path / "out.nnlab")[0] == 0
    assert signal.getsignal(signal.SIGINT) == before
    assert nnlab.Project.open(tmp_path / "out.nnlab").weights


def test_ctrl_c_after_all_is_done_is_no_error():
    press = "import signal; signal.raise_signal(signal.SIGINT)"
    code = f"import atexit, sys; atexit.register(lambda: exec({press!r})); sys.argv = ['nnlab', 'datasets']"
    code += "; from nnlab.__main__ import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")


# -------------------------------------------------------------------- eval and predict


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_eval_gives_the_figures_of_the_run(run, trained):
    code, out, _ = run("eval", trained, "--json")
    assert code == 0
    metrics = json.loads(out)
    assert metrics.keys() == nnlab.Project.open(trained).evaluate().keys()
    assert "validation accuracy" in run("eval", trained)[1]


@pytest.mark.parametrize(
    "text",
    ["x₁,x₂,class\n0.5,1,Arm 1\n-1,2,Arm 2\n", "x1;x2;y\n0,5;1;0\n-1,0;2e0;1\n", "\ufeffclass\tX2\tx1\nArm 1\t1\t0.5\n1\t2\t-1\n",
     'a,b,c\n0.5,1,"arm 1"\n\n-1,2,1\n'],
)  # fmt: skip
def test_eval_reads_csv_files_as_people_write_them(run, trained, tmp_path, text):
    data = write(tmp_path / "d.csv", text)
    code, out, _ = run("eval", trained, "--data", data, "--json")
    assert code == 0
    project = nnlab.Project.open(trained)
    wanted = project.evaluate(np.array([[0.5, 1], [-1, 2]], np.float32), np.array([0, 1]))
    assert json.loads(out) == pytest.approx(wanted)


def test_predict_writes_class_and_probabilities(run, trained, tmp_path):
    data = write(tmp_path / "d.csv", "x1,x2\n0.5,1\n-1,2\n0,0\n")
    code, out, _ = run("predict", trained, "--data", data, "-o", tmp_path / "out.csv")
    assert (code, out) == (0, "Wrote 3 answers to out.csv.\n")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"))))
    wanted = nnlab.Project.open(trained).predict(np.array([[0.5, 1], [-1, 2], [0, 0]], np.float32))
    for row, answer in zip(rows, wanted, strict=True):
        assert row["prediction"] == f"Arm {answer.argmax() + 1}"
        assert float(row["probability of Arm 1"]) == pytest.approx(answer[0], rel=1e-5)
    assert run("predict", trained, "--data", data)[1] == (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_predict_takes_and_gives_npy(run, trained, tmp_path):
    inputs = np.random.default_rng(0).normal(size=(4, 2))
    np.save(tmp_path / "d.npy", inputs)
    assert run("predict", trained, "--data", tmp_path / "d.npy", "-o", tmp_path / "out.npy")[0] == 0
    answers = np.load(tmp_path / "out.npy", allow_pickle=False)
    np.testing.assert_array_equal(answers, nnlab.Project.open(trained).predict(inputs.astype(np.float32)))


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", 2, "empty"),
        ("x1,x2\n", 2, "no rows"),
        ("1,2\n3,4\n", 2, "names of its columns"),
        ("1.5,2.5,Arm 1\n3.5,4.5,Arm 2\n", 2, "names of its columns"),
        ("1.5,nan\n3.5,4.5\n", 2, "names of its columns"),
        ("1,5;2;0\n3,5;4;1\n", 2, "names of its columns"),
        ("x1,x2\n1,abc\n", 2, "line 2, column 'x2': 'abc' is not a number"),
        ("x1,x2\n1,2\n1,\n", 2, "line 3, column 'x2': the cell is empty"),
        ("x1,x2\n1,nan\n", 2, "not a number"),
        ("x1,x2\n1,1_000\n", 2, "not a number"),
        ("x1,x2\n1,٣\n", 2, "not a number"),
        ("x1,x2\n1,1e40\n", 2, "too large"),
        ("x1,x2\n1,2,3\n", 2, "line 2: 3 cells"),
        ("x1\n1\n", 2, "lacks a column for x₂"),
        ("a\n1\n", 2, "takes 2 inputs"),
        ("a,b,c,d,e,f\n1,2,3,4,5,6\n", 2, "none is named like"),
        ('x1,x2\n"1,2\n', 2, "line 2|cell"),
        ("x1,x2\n1,2\0\n", 2, "not a CSV file"),
        ("\x80\x04cos\nsystem\n", 2, ""),
    ],
)
def test_tables_that_do_not_fit_are_refused_with_the_place(run, trained, tmp_path, text, code, words):
    data = write(tmp_path / "d.csv", text)
    got, out, err = run("predict", trained, "--data", data)
    assert (got, out) == (code, "")
    assert any(w in err for w in words.split("|"))


def test_answers_that_are_no_class_are_named(run, trained, tmp_path):
    data = write(tmp_path / "d.csv", "x1,x2,y\n1,2,Arm 9\n")
    code, _, err = run("eval", trained, "--data", data)
    assert code == 2
    assert "line 2: 'Arm 9' is none of the classes (Arm 1, Arm 2)" in err
    assert "1 more column" not in err
    data = write(tmp_path / "d.csv", "x1,x2\n1,2\n")
    assert "besides" in run("eval", trained, "--data", data)[2]


def test_arrays_that_do_not_fit_are_refused(run, trained, tmp_path):
    path = tmp_path / "d.npy"
    for array in (np.zeros((3, 5)), np.zeros(0), np.zeros(()), np.zeros((2, 2), complex), np.array(["a"])):
        np.save(path, array)
        assert run("predict", trained, "--data", path)[0] == 2
    for data in (b"", b"\x93NUMPY", b"\x80\x04cos\nsystem\n(S'touch evil'\ntR."):
        path.write_bytes(data)
        assert run("predict", trained, "--data", path)[0] == 2
    np.save(path, np.array([object()]), allow_pickle=True)  # what must not be opened
    assert run("predict", trained, "--data", path)[0] == 2
    assert "not a NumPy file of plain numbers" in run("predict", trained, "--data", path)[2]


def test_hostile_tables_are_read_in_no_time(tmp_path):
    spec = DATASETS["spiral"]().spec()
    for text in (
        "a" + "," * 99_999 + "\n",
        '"' * 200_000,
        "x1,x2\n" + "1,2\n" * 100_000,
        "\n" * 300_000,
        "x1,x2\n" + "9" * 100_000 + ",1\n",
    ):
        path = write(tmp_path / "d.csv", text)
        try:
            assert len(sample_files.read_inputs(str(path), spec)[0]) == 100_000
        except NNLabError:
            continue


def test_text_for_spreadsheets_is_never_a_formula():
    text = tables.to_csv(["=cmd|x", "b"], [["+1", -1.5], ["@SUM", "-x"], ["plain", "\tx"]])
    assert text.splitlines() == ["'=cmd|x,b", "'+1,-1.5", "'@SUM,'-x", "plain,'\tx"]


# -------------------------------------------------------------------- export and picture


def test_export_takes_the_model_away(run, trained, tmp_path):
    assert run("export", trained, "--to", "python", "-o", tmp_path / "n.py")[0] == 0
    assert "class Network" in (tmp_path / "n.py").read_text(encoding="utf-8")
    assert run("export", trained, "--to", "safetensors", "-o", tmp_path / "n.safetensors")[0] == 0
    assert files.read(tmp_path / "n.safetensors", 10**6)[0]
    code, _, err = run("export", "spiral", "--to", "safetensors", "-o", tmp_path / "m.safetensors")
    assert code == 1
    assert "train it first" in err


@pytest.mark.parametrize(
    ("argv", "start"),
    [
        (["-o", "net.svg"], b"<?xml"),
        (["-o", "net.png", "--size", "400x200", "--theme", "dark"], b"\x89PNG"),
        (["-o", "net.pdf"], b"%PDF"),
        (["-o", "b.png", "--panel", "boundary", "--size", "320x300"], b"\x89PNG"),
    ],
)
def test_pictures_need_no_screen(trained, tmp_path, argv, start):
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    done = spawn("picture", trained, *argv, cwd=tmp_path, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / argv[1]).read_bytes().startswith(start)


def test_a_panel_that_is_not_there_is_refused(trained, tmp_path):
    done = spawn("picture", trained, "--panel", "bundary", "-o", str(tmp_path / "x.png"))
    assert done.returncode == 2
    assert "did you mean boundary?" in done.stderr


# -------------------------------------------------------------------- poor surroundings


def test_a_terminal_without_unicode_is_no_reason_to_fail(trained):
    for env in (
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
    ):
        done = spawn("check", trained, env={**os.environ, **env})
        assert done.returncode == 0
        assert "N x 8" in done.stdout or "N × 8" in done.stdout
        json.loads(spawn("layers", "--json", env={**os.environ, **env}).stdout)


@pytest.mark.skipif(os.name == "nt", reason="it needs a shell")
def test_closed_and_full_outputs_are_no_defects(trained):
    command = f"{sys.executable} -m nnlab"
    for line, code in (
        ("{} layers | head -1", 0),
        ("{} layers --json >&-", 0),
        ("{} chek >&- 2>&-", 2),
        ("{} layers > /dev/full", 2),
        ("{} check " + trained + " | true", 0),
    ):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line.format(command)], capture_output=True, text=True, timeout=60
        )
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
        assert done.returncode == code, (line, done.stderr)


class Gone(io.StringIO):
    """A stream whose reader goes away after a while."""

    def write(self, text: str) -> int:
        if len(self.getvalue()) > 150:
            raise BrokenPipeError
        return super().write(text)


def test_a_reader_that_goes_away_does_not_cost_the_training(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Gone())
    assert main(["train", trained, "--epochs", "9", "-o", str(tmp_path / "out.nnlab")]) == 0
    assert len(nnlab.Project.open(tmp_path / "out.nnlab").curves["epoch"]) == 9


def test_what_a_file_says_cannot_steer_the_terminal(run, tmp_path):
    project = nnlab.Project.example("spiral")
    project.graph.set("linear", name="\x1b]0;owned\x07 \x9b31m \u202e evil")
    project.save(tmp_path / "x.nnlab")
    _, out, _ = run("check", tmp_path / "x.nnlab")
    assert not set("\x1b\x07\x9b\u202e") & set(out)


def test_tables_stand_under_each_other():
    lines = output.table([("a", "1"), ("日本", "22")], ("NAME", "N"), right=[1])
    assert lines == ["NAME   N", "a      1", "日本  22"]
    assert {output.width(line) for line in lines} == {8}
