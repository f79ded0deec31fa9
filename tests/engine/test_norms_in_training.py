"""Weight norm and spectral norm in training: the loop a person would write, to the last bit, by both engines."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_loop_equals_hand_written import assert_same
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

import nnlab
from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.learning import Learning
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.starts import Starts
from nnlab.engine.captured.switching import capture_now
from nnlab.engine.compile import build, run_text, unfit_starts
from nnlab.engine.export import python
from nnlab.engine.loop import Loop
from nnlab.engine.many.side_by_side import SideBySide
from nnlab.engine.many.stack import Unstackable

CALLS: dict[str, Any] = {"weight": weight_norm, "spectral": spectral_norm}
both = pytest.mark.parametrize("norm", list(CALLS))


@pytest.fixture(autouse=True)
def _same_arithmetic() -> Iterator[None]:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    yield
    torch.set_flush_denormal(False)


def document(norm: str, data: str = "moons", **training: object) -> Document:
    graph = chain(
        layer("Input"), layer("Linear", out_features=8), layer("Tanh"), layer("Linear", out_features=2), layer("Output")
    )
    graph = graph.with_node(replace(graph.node("linear"), learning=Learning(norm=norm)))
    return Document(graph, Data(dataset=DATASETS[data]()), Training().with_(epochs=4, device="cpu", **training))


def pictures(norm: str, frozen: bool = False) -> Document:
    graph = chain(
        layer("Input"),
        layer("Conv2d", out_channels=4),
        layer("ReLU"),
        layer("ConvTranspose2d", out_channels=3),
        layer("Flatten"),
        layer("Linear", out_features=10),
        layer("Output"),
    )
    for node_id in ("conv2d", "convtranspose2d", "linear"):
        how = Learning(norm=norm, frozen=frozen and node_id == "conv2d")
        graph = graph.with_node(replace(graph.node(node_id), learning=how))
    return Document(graph, Data(dataset=DATASETS["digits"]()), Training().with_(epochs=1, device="cpu"))


@both
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_run_is_the_hand_written_loop(norm: str, optimizer: str) -> None:
    made = document(norm, optimizer=OPTIMIZERS[optimizer](), l2=0.01)
    assert_same(made, lambda: nn.Sequential(CALLS[norm](nn.Linear(2, 8)), nn.Tanh(), nn.Linear(8, 2)))


@both
@pytest.mark.parametrize("make", [document, pictures])
def test_both_engines_take_the_same_steps(norm: str, make: Any) -> None:
    found = []
    for captured in (False, True):
        loop = Loop(make(norm), lambda event: None)
        loop.advance()
        if captured:
            capture_now(loop)
            assert loop.captured is not None, loop.engine_reason
        for _ in loop.steps():
            pass
        found.append(loop.learner.as_arrays())
    for name, values in found[0].items():
        assert np.array_equal(values, found[1][name]), name


def test_a_frozen_layer_with_spectral_norm_keeps_every_bit() -> None:
    loop = Loop(pictures("spectral", frozen=True), lambda event: None)
    before = loop.learner.as_arrays()
    for _ in range(5):
        loop.advance()
    after = loop.learner.as_arrays()
    for name, values in before.items():
        assert np.array_equal(values, after[name]) == name.startswith("conv2d."), name


@both
def test_the_exported_script_imports_it_and_has_the_same_names(norm: str) -> None:
    text = python(document(norm))
    assert f"from torch.nn.utils.parametrizations import {norm}_norm\n" in text
    script = run_text(text.replace('if __name__ == "__main__":\n    main()\n', ""))
    assert list(script["Network"]().state_dict()) == list(build(document(norm)).state_dict())
    assert "parametrizations" not in python(document("none"))


@both
def test_numbers_of_a_layer_without_a_norm_can_be_its_start(norm: str) -> None:
    plain = build(document("none"), 5).state_dict()
    starts = Starts({"linear": {name: plain[f"linear.{name}"].numpy() for name in ("weight", "bias")}})
    network = build(replace(document(norm), starts=starts), 0)
    by_torch = CALLS[norm](nn.Linear(2, 8))
    with torch.no_grad():
        by_torch.weight = plain["linear.weight"]
    names = [name for name, _ in by_torch.named_parameters() if name != "bias"]
    for name in names:
        assert torch.equal(network.get_submodule("linear").get_parameter(name), by_torch.get_parameter(name)), name
    assert unfit_starts(network) == ()


@both
def test_numbers_go_out_and_come_in_by_torchs_names(norm: str, tmp_path: Path) -> None:
    project = nnlab.Project.example("moons")
    node = next(n.id for n in project.document.graph.nodes.values() if n.type_id == "Linear")
    project.graph.learn(node, norm=norm)
    project.train(epochs=2)
    project.save(tmp_path / "normed.nnlab")
    again = nnlab.Project.open(tmp_path / "normed.nnlab")
    mine, its = project.model().state_dict(), again.model().state_dict()
    assert all(torch.equal(mine[name], its[name]) for name in mine)
    torch.save(project.model().state_dict(), tmp_path / "state.pt")
    again.load_weights(tmp_path / "state.pt")
    assert all(torch.equal(mine[name], value) for name, value in again.model().state_dict().items())
    other = nnlab.Project.example("moons")
    (taken, *_) = other.take(tmp_path / "normed.nnlab", [node])
    assert other.document.graph.node(taken).learning.norm == norm
    assert all(torch.equal(mine[f"{node}.{k}"], torch.as_tensor(v)) for k, v in other.document.starts[taken].items())


@both
def test_a_network_of_others_comes_in_with_its_norm(norm: str) -> None:
    class Theirs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = CALLS[norm](nn.Conv2d(1, 4, 3, padding=1))
            self.last = CALLS[norm](nn.Linear(4 * 64, 10))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            made: torch.Tensor = self.last(torch.relu(self.first(x)).flatten(1))
            return made

    model = Theirs().eval()
    project = nnlab.from_module(model, torch.rand(2, 1, 8, 8))
    assert [n.learning.norm for n in project.document.graph.nodes.values() if n.type_id in ("Conv2d", "Linear")] == [
        norm,
        norm,
    ]
    x = torch.rand(3, 1, 8, 8)
    assert torch.equal(project.model().eval()(x), model(x))


def test_a_norm_of_another_kind_is_not_taken_for_one_of_these() -> None:
    model = nn.Sequential(nn.Linear(4, 4), spectral_norm(nn.Linear(4, 4), n_power_iterations=3))
    project = nnlab.from_module(model, torch.rand(2, 4))
    assert [n.learning.norm for n in project.document.graph.nodes.values() if n.type_id == "Linear"] == ["none"]


def test_numbers_of_older_pytorch_and_of_layers_without_the_norm_are_taken(tmp_path: Path) -> None:
    torch.manual_seed(4)
    project = nnlab.Project.example("moons")
    first, *_ = [n.id for n in project.document.graph.nodes.values() if n.type_id == "Linear"]
    project.train(epochs=1)
    state = project.model().state_dict()
    project.graph.learn(first, norm="weight")
    torch.save(state, tmp_path / "plain.pt")
    project.load_weights(tmp_path / "plain.pt")
    module: Any = project.model().get_submodule(first)
    assert torch.allclose(module.weight, state[f"{first}.weight"], atol=1e-6)
    for norm, call in (("weight", nn.utils.weight_norm), ("spectral", nn.utils.spectral_norm)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there is a newer way
            old = call(nn.Linear(2, len(state[f"{first}.bias"])))
        theirs = {name: each for name, each in state.items() if not name.startswith(f"{first}.")}
        theirs |= {f"{first}.{name}": each for name, each in old.state_dict().items()}
        torch.save(theirs, tmp_path / "old.pt")
        project.graph.learn(first, norm=norm)
        project.load_weights(tmp_path / "old.pt")
        x, module = torch.rand(3, 2), project.model().eval().get_submodule(first)
        assert torch.allclose(module(x), old.eval()(x), atol=1e-6)


@both
def test_many_seeds_are_rolled_one_by_one(norm: str) -> None:
    with pytest.raises(Unstackable, match="norm of weights"):
        SideBySide(document(norm), (1, 2))
    SideBySide(document("none"), (1, 2))
