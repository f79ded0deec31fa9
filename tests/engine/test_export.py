"""What leaves the lab: the script runs with nothing but PyTorch, and takes the steps that training here takes."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load
from torch import Tensor

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.loss import LOSSES
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.param import Settings
from nnlab.core.parts import divide
from nnlab.core.schedule import SCHEDULES
from nnlab.engine.compile import build, source
from nnlab.engine.export import python, safetensors
from nnlab.engine.headless import run_to_end
from nnlab.errors import BuildError


def layer(id_: str, **settings: object) -> Layer:
    return LAYERS[id_](**settings)


def chain(dataset: str, *layers: Layer, **training: object) -> Document:
    graph, before = Graph(), ""
    for each in (layer("Input"), *layers, layer("Output")):
        node_id = graph.new_id(each)
        graph = graph.with_node(Node(node_id, each))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return Document(graph, Data(DATASETS[dataset]())).with_training(**{"epochs": 3, "device": "cpu", **training})


def mlp(dataset: str, *widths: int, **training: object) -> Document:
    layers = [each for w in widths[:-1] for each in (layer("Linear", out_features=w), layer("Tanh"))]
    return chain(dataset, *layers, layer("Linear", out_features=widths[-1]), **training)


def script(document: Document) -> Any:
    """The names of the exported script, as importing it gives them."""
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(python(document), "exported.py", "exec"), names)
    return SimpleNamespace(**names)


def tensors(document: Document, part: str, exported: Any) -> tuple[Tensor, Tensor]:
    samples = divide(document.data).part(part)
    y = torch.tensor(samples.targets)
    return torch.tensor(samples.inputs), exported.as_targets(y) if hasattr(exported, "as_targets") else y


def losses_here(document: Document) -> np.ndarray[Any, Any]:
    found: list[float] = []
    run_to_end(document, on_event=lambda event: found.extend(getattr(event, "values", [])))
    return np.array(found, np.float32)


CNN = (
    layer("Conv2d", out_channels=4), layer("BatchNorm2d"), layer("ReLU"), layer("MaxPool2d"),
    layer("Flatten"), layer("Dropout", p=0.2), layer("Linear", out_features=10),
)  # fmt: skip

DOCUMENTS = {
    "plain": mlp("spiral", 8, 2),
    "one column": mlp("circles", 8, 1),
    "values": mlp("diabetes", 8, 1),
    "values standardised": mlp("diabetes", 8, 1).with_data(standardise_targets=True),
    "momentum": mlp("spiral", 8, 2, optimizer=OPTIMIZERS["sgd"](momentum=0.9, nesterov=True), learning_rate=0.1),
    "adamw": mlp("spiral", 8, 2, optimizer=OPTIMIZERS["adamw"](beta1=0.8)),
    "rmsprop": mlp("spiral", 8, 2, optimizer=OPTIMIZERS["rmsprop"](momentum=0.5)),
    "decay": mlp("wine", 8, 3, optimizer=OPTIMIZERS["adamw"](), l2=0.1),
    "l1 and clip": mlp("wine", 8, 3, l1=0.01, clip_norm=0.5, l2=0.001),
    "cosine": mlp("spiral", 8, 2, schedule=SCHEDULES["cosine"](final=0.1)),
    "one cycle": mlp("spiral", 8, 2, schedule=SCHEDULES["one-cycle"]()),
    "steps": mlp("spiral", 8, 2, schedule=SCHEDULES["step"](step_size=2)),
    "exponential": mlp("spiral", 8, 2, schedule=SCHEDULES["exponential"]()),
    "softmax drawn": chain("iris", layer("Linear", out_features=3), layer("Softmax")),
    "sigmoid drawn": chain("circles", layer("Linear", out_features=1), layer("Sigmoid")),
    "squares on classes": mlp("iris", 8, 3, loss="mse"),
    "smoothed": mlp("spiral", 8, 2, loss=LOSSES["cross-entropy"](label_smoothing=0.1)),
    "balanced and smoothed": mlp(
        "wine", 8, 3, loss=LOSSES["cross-entropy"](class_weights="balanced", label_smoothing=0.1)
    ),
    "many weights": chain(
        "digits",
        layer("Flatten"),
        layer("Linear", out_features=10),
        epochs=2,
        loss=LOSSES["focal"](class_weights="balanced"),
    ),
    "yes counts more": mlp("circles", 8, 1, loss=LOSSES["bce"](pos_weight=2.0, label_smoothing=0.1)),
    "triplets": mlp("wine", 8, 2, loss=LOSSES["triplet"](margin=0.5)),
    "pairs": mlp("wine", 8, 4, loss="contrastive"),
    "with a doubt": mlp("diabetes", 8, 2, loss=LOSSES["gaussian-nll"](full=True)),
    "early": mlp("spiral", 8, 2, early_stopping=True, patience=2, epochs=12, learning_rate=0.3),
    "early without validation": mlp("spiral", 8, 2, early_stopping=True, patience=2, epochs=12).with_data(
        validation=0.0
    ),
    "three parts": mlp("iris", 8, 3).with_data(test=0.2),
    "bfloat16": mlp("spiral", 8, 2, precision="bf16", l1=0.001),
    "float16": mlp("spiral", 8, 2, precision="fp16", clip_norm=0.5),
    "pictures": chain("digits", *CNN, epochs=1, batch_size=64),
    "single last sample": chain("iris", layer("BatchNorm1d"), layer("Linear", out_features=3), batch_size=7).with_data(
        validation=0.2
    ),
}
every_document = pytest.mark.parametrize("name", DOCUMENTS)


@every_document
class TestEveryScript:
    def test_takes_the_steps_that_training_here_takes(self, name: str) -> None:
        document = DOCUMENTS[name]
        exported = script(document)
        torch.manual_seed(exported.SEED)
        model = exported.Network()
        x, y = tensors(document, "train", exported)
        validation = tensors(document, "validation", exported) if document.data.validation else None
        losses = exported.train(model, x, y, validation)
        here = losses_here(document)
        assert len(losses) == len(here)
        assert np.array_equal(np.array(losses, np.float32), here), "to the last bit"

    def test_reads_well(self, name: str) -> None:
        text = python(DOCUMENTS[name])
        assert source(DOCUMENTS[name]) in text
        assert max(map(len, text.splitlines())) <= 120
        assert "\t" not in text
        ruff = Path(sys.executable).with_name("ruff")
        command = [ruff, "check", "--isolated", "--select", "E,F,W,I,B", "--line-length", "120", "-"]
        found = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout

    def test_says_only_what_is_used(self, name: str) -> None:
        training, text = DOCUMENTS[name].training, python(DOCUMENTS[name])
        assert ("L1 = " in text) == bool(training.l1)
        assert ("clip_grad_norm_" in text) == bool(training.clip_norm)
        assert ("PATIENCE" in text) == training.early_stopping
        assert ("scheduler" in text) == (SCHEDULES.id_of(training.schedule) != "constant")


@pytest.mark.parametrize(
    ("name", "with_data"),
    [("one column", False), ("pictures", True), ("values standardised", True), ("three parts", True)],
)
def test_runs_in_a_clean_interpreter_that_does_not_know_nnlab(name: str, with_data: bool, tmp_path: Path) -> None:
    document = DOCUMENTS[name]
    path, data = tmp_path / "exported.py", tmp_path / "data.npz"
    path.write_text(python(document), encoding="utf-8")
    made = document.data.dataset.make()
    np.savez(data, x=made.inputs, y=made.targets)
    block = f"import runpy, sys; sys.modules['nnlab'] = None; runpy.run_path({str(path)!r}, run_name='__main__')"
    command = [sys.executable, "-I", "-W", "error", "-c", block, *([str(data)] if with_data else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "epoch 1: loss" in done.stdout
    assert ("No data given" in done.stdout) != with_data
    assert ("test: loss" in done.stdout) == bool(document.data.test)


def test_the_classifier_of_the_contract_is_a_module_of_three_linear_layers() -> None:
    document = chain(
        "ten-features" if "ten-features" in DATASETS else "spiral",
        layer("Linear", out_features=32), layer("ReLU"), layer("Linear", out_features=16), layer("ReLU"),
        layer("Linear", out_features=1), loss="bce",
    )  # fmt: skip
    exported = script(document)
    model = exported.Network()
    assert [type(m).__name__ for m in model.children()] == ["Linear"] * 3
    width = document.spec.input_shape[0] if document.spec else 0
    assert [tuple(m.weight.shape) for m in model.children()] == [(32, width), (16, 32), (1, 16)]
    text = python(document)
    assert "binary_cross_entropy_with_logits" in text
    assert "torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)" in text


def test_the_script_computes_what_the_network_here_computes() -> None:
    document = DOCUMENTS["pictures"]
    here, exported = build(document, seed=4), script(document).Network()
    exported.load_state_dict(here.state_dict())
    x = torch.randn(3, 1, 8, 8)
    assert torch.equal(here.eval()(x), exported.eval()(x))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_line_is_too_long_to_read_whatever_is_set(optimizer: str, schedule: str) -> None:
    document = mlp(
        "spiral", 4, 2,
        optimizer=with_odd_settings(OPTIMIZERS[optimizer]), schedule=with_odd_settings(SCHEDULES[schedule]), l2=0.01,
    )  # fmt: skip
    text = python(document)
    compile(text, "exported.py", "exec")
    assert max(map(len, text.splitlines())) <= 120


def with_odd_settings(kind: type[Settings]) -> Settings:
    """All its numbers with many digits, all its switches turned."""
    odd = {"int": lambda p: int(p.low) + 1234, "float": lambda p: 0.4321987654 * p.high, "bool": lambda p: True}
    return kind(**{p.name: odd[p.kind](p) for p in kind.params()})


@pytest.mark.parametrize("title", ['"""\nimport os', "\\", "‮evil", "x" * 5000, "", "Zwölf Ähren", "\x00\x1b[0m"])
def test_a_hostile_title_stays_a_title(title: str) -> None:
    document = mlp("spiral", 4, 2)
    text = python(Document(document.graph, document.data, document.training, title=title))
    compile(text, "exported.py", "exec")
    assert "import os\n" not in text
    assert all(c.isprintable() or c == "\n" for c in text)


def test_a_document_that_cannot_be_built_is_refused_with_its_node() -> None:
    document = mlp("spiral", 4, 3)
    with pytest.raises(BuildError, match="2") as problem:
        python(document)
    assert problem.value.node == "output"


def test_a_network_without_weights_is_refused() -> None:
    with pytest.raises(BuildError, match="nothing to learn"):
        python(chain("spiral", layer("Tanh")))


def test_learned_numbers_leave_as_safetensors() -> None:
    model = build(DOCUMENTS["pictures"], seed=1)
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    for given in (model, arrays):
        back = load(safetensors(given))
        assert set(back) == set(model.state_dict())
        assert all(torch.equal(back[name], value) for name, value in model.state_dict().items())
