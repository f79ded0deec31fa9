"""Frozen layers, learning rates of their own, other starts and shared weights: what training then does."""

import contextlib
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import Graph, Node
from nnlab.core.learning import INITIALISERS, Learning
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.starts import Starts
from nnlab.engine.captured.switching import capture_now
from nnlab.engine.compile import build, run_text, source
from nnlab.engine.cut import cut_of
from nnlab.engine.export import python
from nnlab.engine.loop import Loop
from nnlab.errors import BuildError
from nnlab.files import codec


def document(**changes: Learning) -> Document:
    graph = chain(layer("Input"), *dense(8, 8, 2, activation="Tanh"), layer("Output"))
    for node_id, learning in changes.items():
        graph = graph.with_node(replace(graph.node(node_id), learning=learning))
    return Document(graph, Data(dataset=DATASETS["moons"]()), Training(epochs=3))


def trained(made: Document) -> tuple[dict[str, Any], dict[str, Any], Loop]:
    loop = Loop(made, lambda event: None)
    before = loop.learner.as_arrays()
    for _ in loop.steps():
        pass
    return before, loop.learner.as_arrays(), loop


def test_a_frozen_layer_keeps_every_bit_and_the_others_learn() -> None:
    before, after, _ = trained(document(linear=Learning(frozen=True)))
    for name, values in before.items():
        assert np.array_equal(values, after[name]) == name.startswith("linear."), name


def test_a_frozen_batch_norm_keeps_its_running_statistics() -> None:
    graph = chain(
        layer("Input"),
        layer("Linear", out_features=8),
        layer("BatchNorm1d"),
        layer("Linear", out_features=2),
        layer("Output"),
    )
    graph = graph.with_node(replace(graph.node("batchnorm1d"), learning=Learning(frozen=True)))
    before, after, _ = trained(replace(document(), graph=graph))
    for name in before:
        assert np.array_equal(before[name], after[name]) == name.startswith("batchnorm1d."), name


def test_a_rate_of_its_own_is_that_of_torchs_parameter_groups() -> None:
    made = document(linear=Learning(rate=0.1), linear_2=Learning(rate=0.0))
    before, after, _ = trained(made.with_training(epochs=1, optimizer=OPTIMIZERS["sgd"]()))
    _, usual, _ = trained(document().with_training(epochs=1, optimizer=OPTIMIZERS["sgd"]()))
    assert np.array_equal(before["linear_2.weight"], after["linear_2.weight"])
    moved = np.abs(after["linear.weight"] - before["linear.weight"]).max()
    assert 0 < moved < 0.3 * np.abs(usual["linear.weight"] - before["linear.weight"]).max()


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_the_exported_script_takes_the_same_steps(optimizer: str) -> None:
    made = document(linear=Learning(rate=0.1), linear_2=Learning(frozen=True, init="orthogonal"))
    made = made.with_training(optimizer=OPTIMIZERS[optimizer]()).with_data(validation=0.0)
    _, after, loop = trained(made)
    script = run_text(python(made).replace('if __name__ == "__main__":\n    main()\n', ""))
    torch.manual_seed(made.training.seed)
    model = script["Network"]()
    x, y = loop.learner.data["train"]
    with contextlib.redirect_stdout(io.StringIO()):
        script["train"](model, x, y)
    for name, values in model.state_dict().items():
        assert np.allclose(values.numpy(), after[name], atol=1e-6), name


@pytest.mark.parametrize("init", sorted(set(INITIALISERS) - {"default"}))
def test_weights_start_as_asked(init: str) -> None:
    made = document(linear_2=Learning(init=init))
    weight = build(made, 0).state_dict()["linear_2.weight"]
    assert f"nn.init.{INITIALISERS[init][1].split('.')[2].split('(')[0]}" in source(made)
    assert not torch.equal(weight, build(document(), 0).state_dict()["linear_2.weight"])
    if init == "orthogonal":
        assert torch.allclose(weight @ weight.T, torch.eye(8), atol=1e-5)


def siamese(shares: str = "linear") -> Document:
    graph = Graph().with_nodes(
        [
            Node("input", layer("Input")),
            Node("linear", layer("Linear", out_features=6)),
            Node("twice", layer("Linear", out_features=6), learning=Learning(shares=shares)),
            Node("flip", layer("Multiply")),
            Node("last", layer("Linear", out_features=2)),
            Node("output", layer("Output")),
        ]
    )
    for source_id, target in [
        ("input", "linear"), ("input", "twice"), ("linear", "flip"), ("twice", "flip"), ("flip", "last"), ("last", "output"),
    ]:  # fmt: skip
        graph = graph.connect(source_id, target)
    return replace(document(), graph=graph)


def test_shared_weights_are_one_tensor_that_gets_both_gradients() -> None:
    _, after, loop = trained(siamese())
    assert not any(name.startswith("twice.") for name in after)
    assert source(siamese()).count("nn.Linear(2, 6)") == 1
    x = loop.learner.data["train"][0][:5]
    values = loop.learner.network.trace(x)
    assert torch.equal(values["linear"], values["twice"])


@pytest.mark.parametrize("shares", ["nobody", "last", "input"])
def test_sharing_with_what_is_not_alike_is_refused_with_the_node(shares: str) -> None:
    with pytest.raises(BuildError) as problem:
        build(siamese(shares))
    assert problem.value.node == "twice"
    assert len(str(problem.value)) > 30


def test_two_that_share_with_each_other_are_one_of_them() -> None:
    graph = siamese().graph
    graph = graph.with_node(replace(graph.node("linear"), learning=Learning(shares="twice")))
    names = [name for name, _ in build(replace(siamese(), graph=graph)).named_parameters()]
    assert sum(name.endswith("weight") for name in names) == 2


def test_how_a_layer_learns_is_part_of_the_file() -> None:
    made = document(linear=Learning(True, 0.5, "zeros", "linear_2"))
    assert codec.document_from_dict(codec.document_to_dict(made)) == (made, ())


def branched(frozen: bool = True) -> Document:
    """A frozen beginning that two ways leave, with dropout and batch norm after it."""
    still = Learning(frozen=frozen)
    graph = Graph().with_nodes(
        [
            Node("input", layer("Input")),
            Node("conv", layer("Conv2d", out_channels=4), learning=still),
            Node("norm", layer("BatchNorm2d"), learning=still),
            Node("relu", layer("ReLU")),
            Node("pool", layer("GlobalAvgPool2d")),
            Node("flat", layer("Flatten")),
            Node("drop", layer("Dropout", p=0.2)),
            Node("wide", layer("Linear", out_features=6)),
            Node("both", layer("Concat")),
            Node("head", layer("Linear", out_features=10)),
            Node("output", layer("Output")),
        ]
    )
    ways = "input conv, conv norm, norm relu, relu pool, relu flat, flat drop, drop wide, pool both, wide both"
    for wire in f"{ways}, both head, head output".split(", "):
        graph = graph.connect(*wire.split())
    return Document(graph, Data(dataset=DATASETS["digits"]()), Training(epochs=2, batch_size=64))


@pytest.mark.parametrize("captured", [False, True])
def test_kept_features_give_the_losses_of_the_whole_network(captured: bool) -> None:
    losses, arrays = [], []
    for keep in (True, False):
        loop = Loop(branched().with_training(cache_features=keep), lambda event: None)
        assert (loop.learner.cut is not None) == keep
        loop.advance()
        if captured:
            capture_now(loop)
            assert loop.captured is not None, loop.engine_reason
        for _ in loop.steps():
            pass
        assert loop.finished is not None
        losses.append(loop.finished.metrics)
        arrays.append(loop.learner.as_arrays())
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    for name, values in arrays[0].items():
        assert np.allclose(values, arrays[1][name], atol=1e-5), name


def test_only_what_never_changes_is_kept() -> None:
    assert cut_of(branched(frozen=False)) is None
    assert cut_of(document()) is None
    found = cut_of(branched())
    assert found is not None
    assert {node_id for node_id, _ in found.cutting.values} == {"pool", "flat"}  # nothing behind the dropout


def test_pictures_of_a_run_with_kept_features_show_the_whole_network() -> None:
    loop = Loop(branched(), lambda event: None)
    loop.advance()
    x, _ = loop.order.batch(0)
    assert set(loop.learner.trace(x)) >= {"conv", "relu", "output"}
    with loop.learner.looking():
        raw = loop.learner.raw(x)
        assert torch.allclose(loop.learner.answers(x), loop.learner.answers(raw), atol=1e-6)
    loop.advance(by_phase=True)
    assert loop.phases.name


def test_learned_numbers_that_fit_no_more_are_said_to_be_left_aside() -> None:
    made = document(linear=Learning(frozen=True))
    kept = {"weight": np.ones((8, 2), np.float32), "bias": np.zeros(8, np.float32)}
    fitting = replace(made, starts=Starts({"linear": kept}))
    loop = Loop(fitting, lambda event: None)
    assert loop.learner.notices == []
    assert np.array_equal(loop.learner.as_arrays()["linear.weight"], kept["weight"])
    wider = made.graph.node("linear").layer.with_(out_features=9)
    changed = fitting.with_graph(made.graph.with_node(replace(made.graph.node("linear"), layer=wider)))
    (notice,) = Loop(changed, lambda event: None).learner.notices
    assert "does not fit its sizes any more" in notice
