"""Every form in which a project leaves: written for every example or refused in a sentence, and run where that is cheap."""

import importlib.util
import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.example import EXAMPLES
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, MISSING
from nnlab.engine import state_dict
from nnlab.engine.compile import build
from nnlab.engine.exports import keras_script
from nnlab.engine.exports.format import FORMATS, TRIED, UNTRAINED, find, in_order
from nnlab.engine.exports.onnx_file import as_model
from nnlab.engine.exports.traced import lone, quiet
from nnlab.engine.exports.trained import Trained
from nnlab.errors import BuildError, FileError, SettingError
from nnlab.project import Project

NEAR = 1e-5
with_keras = pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="Keras is not installed")
CHOSEN = ("spiral", "digits-cnn", "house-price", "karate-club")
"""One chain, pictures, two inputs with two answers or kinds, and a graph."""


def example(id_: str) -> Document:
    return EXAMPLES[id_].document()


def chain(dataset: str, *layers: tuple[str, dict[str, Any]]) -> Document:
    graph, before = Graph(), ""
    for id_, settings in (("Input", {}), *layers, ("Output", {})):
        layer = LAYERS[id_](**settings)
        node_id = graph.new_id(layer)
        graph = graph.with_node(Node(node_id, layer))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return Document(graph, Data(DATASETS[dataset]()))


def weights(document: Document) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in build(document, 5).state_dict().items()}


def alone(text: str, *arguments: object, **environment: str) -> str:
    """What a clean interpreter that does not know NNLab prints for this program."""
    command = [sys.executable, "-I", "-c", f"import sys; sys.modules['nnlab'] = None\n{text}", *map(str, arguments)]
    env = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def far(mine: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    assert [a.shape for a in mine] == [b.shape for b in theirs]
    return max(float(np.abs(a - b).max() / max(1, np.abs(a).max())) for a, b in zip(mine, theirs, strict=True))


# -------------------------------------------------------------------- the registry


def test_forms_explain_themselves():
    for id_ in in_order():
        form = FORMATS[id_]
        assert form.about.endswith(".")
        assert form.ending.startswith(".")
        assert form.title == form.title[:1].upper() + form.title[1:]


def test_the_ending_finds_the_form():
    assert find(None, "a/net.ONNX") is FORMATS["onnx"]
    assert find(None, Path("net.py")) is FORMATS["python"]
    assert find("keras", "net.py") is FORMATS["keras"]
    with pytest.raises(SettingError, match=r"\.ipynb.*'\.pkl'"):
        find(None, "net.pkl")
    with pytest.raises(SettingError, match="or safetensors, not 'tf'"):
        find("tf", "net.py")


def test_without_learned_numbers_a_form_says_so_or_refuses():
    assert FORMATS["pt2"].write(example("xor")).notices == (UNTRAINED,)
    with pytest.raises(BuildError, match="train it first"):
        FORMATS["safetensors"].write(example("xor"))


@pytest.mark.parametrize("to", ["onnx", "pt2", "safetensors"])
def test_numbers_of_another_network_are_refused(to):
    with pytest.raises(BuildError, match="another network"):
        FORMATS[to].write(example("xor"), weights(example("spiral")))


def test_exporting_moves_nobodys_dice():
    before = torch.get_rng_state()
    FORMATS["pt2"].write(example("xor"))
    assert torch.equal(torch.get_rng_state(), before)


# -------------------------------------------------------------------- text


@pytest.mark.parametrize("id_", EXAMPLES)
def test_every_example_is_written_as_text_or_refused_in_a_sentence(id_):
    document = example(id_)
    compile(FORMATS["python"].write(document).data, "net.py", "exec")
    cells = json.loads(FORMATS["notebook"].write(document).data)["cells"]
    compile("\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code"), "net.ipynb", "exec")
    try:
        compile(FORMATS["keras"].write(document).data, "net.py", "exec")
    except BuildError as problem:
        refusal = problem
    else:
        return
    assert str(refusal).startswith("Keras has no equal for ")
    assert refusal.node in document.graph.nodes


def test_a_notebook_runs_from_top_to_bottom():
    book = json.loads(FORMATS["notebook"].write(example("xor").with_training(epochs=2)).data)
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    said = alone("\n\n".join("".join(c["source"]) for c in book["cells"] if c["cell_type"] == "code"))
    assert "validation: loss" in said


def test_a_title_cannot_put_anything_into_a_notebook_but_words():
    from dataclasses import replace

    document = replace(example("xor"), title="![x](http://a.b/c.png) <img src=x> `code`")
    first = "".join(json.loads(FORMATS["notebook"].write(document).data)["cells"][0]["source"])
    assert not set("![]<>") & set(first.splitlines()[0])
    assert "`code`" not in first


# -------------------------------------------------------------------- Keras


@with_keras
def test_every_layer_that_keras_has_answers_as_pytorch_does():
    env = {**os.environ, "KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}
    path = Path(__file__).with_name("keras_equals.py")
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False, timeout=115, env=env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    wrong = {what: got for what, got in found.items() if not isinstance(got, str) and not got < NEAR}
    assert not wrong
    assert not {what: got for what, got in found.items() if str(got).startswith("raised")}
    assert sum(not isinstance(got, str) for got in found.values()) > 300


KERAS_CHILD = """
import json, numpy, pathlib, warnings
warnings.simplefilter("ignore")
folder = pathlib.Path(sys.argv.pop())
for path in sorted(folder.glob("*.py")):
    names = {"__name__": path.stem}
    exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), names)
    model = names["network"]()
    held = numpy.load(path.with_suffix(".npz"))
    names["take_over"](model, {k[2:]: held[k] for k in held if k.startswith("w:")})
    answers = model([held[f"x{n}"] for n in range(len(model.inputs))], training=False)
    answers = answers if isinstance(answers, (list, tuple)) else [answers]
    for n, answer in enumerate(answers):
        wanted = held[f"y{n}"]
        got = answer.detach().numpy()
        assert got.shape == wanted.shape, path
        far = abs(got - wanted).max() / max(1, abs(wanted).max())
        assert far < 1e-5, (path.name, far)
    if path.stem in ("iris", "first-word"):
        names["main"]()
    print("same", path.stem)
"""


@with_keras
def test_keras_code_answers_and_trains_in_a_clean_interpreter(tmp_path):
    chosen = ("iris", "digits-cnn", "house-price", "first-word", "two-number-digits")
    for id_ in chosen:
        document = example(id_).with_training(epochs=1)
        subject = Trained(document, weights(document))
        held = {f"w:{name}": value for name, value in weights(document).items()}
        held |= {f"x{n}": value.numpy() for n, value in enumerate(subject.samples)}
        held |= {f"y{n}": value for n, value in enumerate(subject.answer())}
        np.savez(tmp_path / f"{id_}.npz", **held)
        (tmp_path / f"{id_}.py").write_text(keras_script.text(document), encoding="utf-8")
    said = alone(KERAS_CHILD, tmp_path, KERAS_BACKEND="torch")
    assert all(f"same {id_}" in said for id_ in chosen)
    assert "loss:" in said


@pytest.mark.parametrize("id_", ["digits-cnn", "house-price"])
def test_keras_code_reads_well(id_):
    text = keras_script.text(example(id_))
    assert max(map(len, text.splitlines())) <= 120
    ruff = Path(sys.executable).with_name("ruff")
    command = [ruff, "check", "--isolated", "--select", "E,F,W,B", "--line-length", "120", "-"]
    found = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_keras_refusals_name_every_layer_at_once():
    document = chain(
        "hourly-load", ("LSTM", {"proj_size": 2}), ("Unsqueeze", {}), ("FractionalMaxPool2d", {}), ("Flatten", {}),
        ("Linear", {"out_features": 6}),
    )  # fmt: skip
    with pytest.raises(BuildError) as refusal:
        FORMATS["keras"].write(document)
    for title in ("Fractional max pool", "LSTM (its LSTM has no projection)"):
        assert title.lower() in str(refusal.value).lower()


def test_a_loss_that_keras_lacks_is_named():
    with pytest.raises(BuildError, match="Triplet"):
        FORMATS["keras"].write(example("iris").with_training(loss="triplet"))


# -------------------------------------------------------------------- ONNX and PT2


@pytest.mark.parametrize("id_", CHOSEN)
def test_onnx_answers_as_the_network_for_any_number_of_samples(id_):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    document = example(id_)
    learned = weights(document)
    made = FORMATS["onnx"].write(document, learned)
    assert len(made.notices) == 1
    assert made.notices[0].startswith(f"{TRIED}ONNX Runtime on 4 samples: its answers ")
    assert b"/site-packages/" not in made.data
    subject = Trained(document, learned)
    session = onnxruntime.InferenceSession(made.data, providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == [each.name for each in subject.fields]
    assert all(each.shape[0] == "batch" for each in session.get_inputs())
    given = [torch.cat([each, each, each])[:7] for each in subject.samples]
    with torch.no_grad():
        wanted = subject.network(*given)
    wanted = [each.numpy() for each in (wanted if isinstance(wanted, tuple) else (wanted,))]
    feeds = {each.name: value.numpy() for each, value in zip(subject.fields, given, strict=True)}
    assert far(wanted, session.run(None, feeds)) < NEAR


PT2_CHILD = """
import numpy, pathlib, torch
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.pt2")):
    held = numpy.load(path.with_suffix(".npz"))
    model = torch.export.load(str(path)).module()
    given = [torch.from_numpy(held[f"x{n}"]) for n in range(sum(name.startswith("x") for name in held))]
    said = model(*[torch.cat([each, each])[:5] for each in given])
    said = said if isinstance(said, (tuple, list)) else (said,)
    for n, answer in enumerate(said):
        wanted = held[f"y{n}"]
        far = abs(answer.detach().numpy()[:4] - wanted).max() / max(1, abs(wanted).max())
        assert far < 1e-5, (path.name, far)
    print("same", path.stem, len(said))
"""


def test_pt2_answers_in_a_clean_interpreter(tmp_path):
    for id_ in CHOSEN:
        document = example(id_)
        learned = weights(document)
        made = FORMATS["pt2"].write(document, learned)
        with zipfile.ZipFile(io.BytesIO(made.data)) as parts:
            assert not any(b"site-packages" in parts.read(name) for name in parts.namelist())
        (tmp_path / f"{id_}.pt2").write_bytes(made.data)
        subject = Trained(document, learned)
        held = {f"x{n}": value.numpy() for n, value in enumerate(subject.samples)}
        np.savez(tmp_path / f"{id_}.npz", **held, **{f"y{n}": value for n, value in enumerate(subject.answer())})
    said = alone(PT2_CHILD, tmp_path)
    assert said.split("\n")[:-1] == [f"same {id_} {len(example_outputs(id_))}" for id_ in sorted(CHOSEN)]


def example_outputs(id_: str) -> tuple[str, ...]:
    return Trained(example(id_), None).outputs


def test_a_layer_without_an_operation_in_onnx_is_named_with_what_it_lacks(monkeypatch):
    from nnlab.engine.exports import onnx_equals

    document = chain("digits", ("FractionalMaxPool2d", {}), ("Flatten", {}), ("Linear", {"out_features": 10}))
    assert len(FORMATS["onnx"].write(document, weights(document)).notices) == 1
    monkeypatch.delitem(onnx_equals.EQUALS, "fractional_max_pool2d")
    with pytest.raises(BuildError, match=r"fractional_max_pool2d has no equal there.*Python code") as refusal:
        FORMATS["onnx"].write(document)
    assert refusal.value.node == "fractionalmaxpool2d"


def test_without_onnx_runtime_the_reference_tries_the_file_or_nobody(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (said,) = FORMATS["onnx"].write(example("xor"), weights(example("xor"))).notices
    assert said.startswith(f"{TRIED}the reference of ONNX on 4 samples")


def test_what_nobody_can_try_is_said_to_be_untried(monkeypatch):
    from nnlab.engine.exports import onnx_trial
    from nnlab.engine.exports.onnx_file import UNTRIED

    def unknown(model):
        raise NotImplementedError

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr(onnx_trial, "_by_reference", unknown)
    assert FORMATS["onnx"].write(example("xor"), weights(example("xor"))).notices == (UNTRIED,)


@pytest.mark.parametrize(
    ("mine", "theirs", "apart"),
    [
        ([1.0, 2.0], [1.0, 2.5], 0.25),
        ([0.1, float("nan")], [0.3, float("nan")], 0.2),
        ([0.1, float("inf")], [0.1, 7.0], float("inf")),
        ([True, False], [True, True], 1.0),
        ([1.0], [1.0, 1.0], float("inf")),
    ],
)
def test_answers_are_compared_by_their_largest_number(mine, theirs, apart):
    from nnlab.engine.exports.onnx_trial import far

    assert far(np.array(mine), np.array(theirs)) == pytest.approx(apart)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_without_heads_is_written_as_onnx(causal):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    layer = LAYERS["ScaledDotProductAttention"](causal=causal)
    shapes = ((5, 4), (3 if not causal else 5, 4), (3 if not causal else 5, 6), MISSING)
    module = lone(layer.torch_code(*shapes), shapes)
    with quiet():
        made = as_model(module, tuple(torch.randn(3, *shape) for shape in shapes[:3]))
    given = [torch.randn(7, *shape) for shape in shapes[:3]]
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    found = session.run(None, {name: value.numpy() for name, value in zip(names, given, strict=True)})
    assert far([module(*given).numpy()], found) < NEAR


def test_an_onnx_file_that_answers_otherwise_is_not_handed_out(monkeypatch):
    from nnlab.engine.exports import onnx_file

    whole = onnx_file.as_model

    def wrong(model, inputs):
        made = whole(model, inputs)
        for tensor in made.graph.initializer:
            if tensor.raw_data:
                tensor.raw_data = bytes(len(tensor.raw_data))
        return made

    monkeypatch.setattr(onnx_file, "as_model", wrong)
    with pytest.raises(BuildError, match="would not answer as the network does"):
        FORMATS["onnx"].write(example("xor"), weights(example("xor")))


def test_a_network_that_answers_by_chance_is_written_and_says_that_it_was_not_tried():
    document = chain("xor", ("Linear", {"out_features": 2}))
    source = document.graph.with_node(Node("noise", LAYERS["Noise"](shape="2"))).with_node(Node("add", LAYERS["Add"]()))
    source = source.without_links(source.links)
    for a, b in (("input", "linear"), ("linear", "add"), ("noise", "add"), ("add", "output")):
        source = source.connect(a, b)
    made = FORMATS["onnx"].write(Document(source, document.data))
    assert any("by chance" in notice for notice in made.notices)


# -------------------------------------------------------------------- state dicts of others


def saved(value: object, **options: Any) -> bytes:
    held = io.BytesIO()
    torch.save(value, held, **options)
    return held.getvalue()


@pytest.fixture
def project(tmp_path):
    made = Project.example("spiral")
    made.read = lambda data: (  # type: ignore[attr-defined]
        (tmp_path / "w.pt").write_bytes(data), made.load_weights(tmp_path / "w.pt"), made.weights,
    )[2]  # fmt: skip
    return made


@pytest.mark.parametrize("how", ["plain", "old", "checkpoint", "parallel", "half", "safetensors"])
def test_state_dicts_are_read_however_they_were_kept(project, how):
    state = project.build(seed=7).state_dict()
    data = {
        "plain": lambda: saved(state),
        "old": lambda: saved(state, _use_new_zipfile_serialization=False),
        "checkpoint": lambda: saved({"epoch": 3, "state_dict": state, "note": "mine"}),
        "parallel": lambda: saved({f"module.{name}": value for name, value in state.items()}),
        "half": lambda: saved({name: value.half() for name, value in state.items()}),
        "safetensors": lambda: FORMATS["safetensors"].write(project.document, weights(project.document)).data,
    }[how]()
    found = project.read(data)
    assert found.keys() == state.keys()
    assert all(found[name].dtype == np.float32 for name in state)
    if how not in ("half", "safetensors"):
        assert all(np.array_equal(found[name], value.numpy()) for name, value in state.items())
    assert project.model() is not None


class Evil:
    """Would leave a mark if it were opened as a pickle."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.path),))


def test_nothing_in_a_hostile_file_is_run(project, tmp_path):
    evil = Evil(tmp_path / "mark")
    for data in (saved(evil), pickle.dumps(evil), saved({"linear.weight": evil}), saved(torch.nn.Linear(2, 2))):
        with pytest.raises(FileError, match="so it was not opened"):
            project.read(data)
    assert not (tmp_path / "mark").exists()
    assert project.weights is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04garbage", "not a PyTorch file"),
        (b"\x80garbage", "not a PyTorch file"),
        (b"", "not a safetensors file"),
        (saved([1, 2]), "no weights by name"),
        (saved({}), "no weights by name"),
        (saved({"a": torch.zeros(1).expand(2**30, 8)}), "larger than"),
        (saved({"a": torch.eye(3).to_sparse()}), "sparse"),
        (saved({"a": torch.tensor([1.0, float("nan")])}), "no numbers at all"),
    ],
)
def test_files_that_hold_something_else_get_their_sentence(project, data, words):
    with pytest.raises(FileError, match=words):
        project.read(data)


def test_a_file_that_unpacks_to_more_than_memory_is_refused_unread(monkeypatch):
    monkeypatch.setattr(state_dict, "UNPACKED_LIMIT", 2**20)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("archive/data/0", bytes(2**21))
    with pytest.raises(FileError, match="claims to hold more"):
        state_dict.read(held.getvalue(), "w.pt")


def test_names_and_shapes_that_do_not_fit_are_named(project):
    state = project.build().state_dict()
    with pytest.raises(BuildError, match=r"it has other\.linear\.weight.* and 4 more, which this network has not"):
        project.read(saved({f"other.{name}": value for name, value in state.items()}))
    with pytest.raises(BuildError, match=r"it has nothing for linear\.weight$"):
        project.read(saved({name: value for name, value in state.items() if name != "linear.weight"}))
    with pytest.raises(BuildError, match=r"linear\.bias is 3 × 3 in the file and 8 here"):
        project.read(saved({**state, "linear.bias": torch.zeros(3, 3)}))
