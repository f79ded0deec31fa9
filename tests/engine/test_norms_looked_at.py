"""Layers with a norm of weights, looked at: phases of a batch, pictures of weights, the doctor's figures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_phases import check_steps

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.learning import Learning
from nnlab.engine.loop import Loop
from nnlab.engine.probes import answer
from nnlab.engine.stepping.phases import PHASES
from nnlab.engine.wants import Health, HealthWant, PhaseValues, PhaseWant, Weights, WeightsWant

both = pytest.mark.parametrize("norm", ["weight", "spectral"])


def loop_of(norm: str) -> Loop:
    graph = chain(
        layer("Input"),
        layer("Conv2d", out_channels=3),
        layer("ReLU"),
        layer("Flatten"),
        layer("Linear", out_features=10),
        layer("Output"),
    )
    for node_id in ("conv2d", "linear"):
        graph = graph.with_node(replace(graph.node(node_id), learning=Learning(norm=norm)))
    data = Data(dataset=DATASETS["digits"]())
    return Loop(Document(graph, data, Training().with_(batch_size=7, device="cpu")), lambda event: None)


@both
def test_a_batch_stepped_through_is_the_step_that_training_takes(norm: str) -> None:
    check_steps(loop_of(norm).document)


@both
def test_every_phase_has_a_sentence_for_every_layer(norm: str) -> None:
    loop = loop_of(norm)
    for phase in PHASES:
        loop.advance(by_phase=True)
        for node in ("conv2d", "linear", "output"):
            found = answer(PhaseWant(sample=1, node=node), loop)
            assert isinstance(found, PhaseValues), found
            assert found.focus is not None, phase
            assert found.focus.code.startswith({"output": "x"}.get(node, f"{norm}_norm(nn.")) or phase != "forward"


@both
def test_pictures_show_the_weights_that_are_used(norm: str) -> None:
    loop = loop_of(norm)
    for _ in range(3):
        loop.advance()
    found = answer(WeightsWant(), loop)
    assert isinstance(found, Weights), found
    module = loop.learner.network.eval().get_submodule("linear")
    used = torch.as_tensor(getattr(module, "weight")).detach().numpy()  # noqa: B009 - a module's attribute of any kind
    assert np.array_equal(found.nodes["linear"]["weight"], used)


@both
def test_looking_changes_nothing(norm: str) -> None:
    looked, alone = loop_of(norm), loop_of(norm)
    for _ in range(4):
        for want in (WeightsWant(), HealthWant()):
            assert not isinstance(answer(want, looked), str)
        looked.advance()
        alone.advance()
    mine, its = looked.learner.as_arrays(), alone.learner.as_arrays()
    assert all(np.array_equal(mine[name], its[name]) for name in mine)


def test_lengths_that_are_all_alike_are_no_units_that_are_alike() -> None:
    loop = loop_of("weight")
    graph = loop.document.graph
    graph = graph.with_node(replace(graph.node("linear"), learning=Learning(norm="weight", init="orthogonal")))
    found = answer(HealthWant(), Loop(loop.document.with_graph(graph), lambda event: None))
    assert isinstance(found, Health), found
    assert not found.weights["linear"].alike
