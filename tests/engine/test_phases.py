"""Four phases of one batch: autograd's gradients, one optimizer's step to the bit, on every layer of the catalogue."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
import torch
from rooms import fitting
from small_networks import network
from torch import Tensor

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document, Training
from nnlab.core.formula import Formula
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.core.loss import LOSSES
from nnlab.core.objective import Objective, resolve
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.engine.compile import build, loss_function
from nnlab.engine.loop import Loop
from nnlab.engine.probes import answer
from nnlab.engine.stepping.phase_formulas import SLOPES, TERMS
from nnlab.engine.stepping.phase_record import LIMIT
from nnlab.engine.stepping.phases import PHASES
from nnlab.engine.wants import MEAN, PhaseValues, PhaseWant

APART = {"Input", "Output", "BlockInput", "BlockOutput", "Constant", "Noise", "ArgMax"}
"""Layers that have no place of their own in a row: the ends, those of blocks, sources without data, whole numbers."""


# ---------------------------------------------------------------- small networks


def in_a_network(id_: str) -> Document:
    """A small network that this layer fits into, with small batches."""
    documents = fitting(LAYERS[id_]())
    assert documents, f"no small network here has a place for {id_}: add one to tests/rooms.py"
    return documents[0].with_training(batch_size=7, learning_rate=0.05)


KNOWN = sorted(set(LAYERS) - APART)
every_layer = pytest.mark.parametrize("id_", KNOWN)


def branches() -> Document:
    """Two ways that part and meet twice, one node read by three."""
    graph = Graph()
    for node_id, layer in (
        ("input", LAYERS["Input"]()),
        ("a", LAYERS["Linear"](out_features=5)),
        ("b", LAYERS["Tanh"]()),
        ("c", LAYERS["Linear"](out_features=5)),
        ("sum", LAYERS["Add"]()),
        ("drop", LAYERS["Dropout"](p=0.3)),
        ("joined", LAYERS["Concat"]()),
        ("last", LAYERS["Linear"](out_features=2)),
        ("output", LAYERS["Output"]()),
    ):
        graph = graph.with_node(Node(node_id, layer))
    wires = ["input a", "a b", "b c", "a sum", "b sum", "c sum", "sum drop", "drop joined", "input joined"]
    for wire in [*wires, "joined last", "last output"]:
        graph = graph.connect(*wire.split())
    return Document(graph=graph).with_training(batch_size=9, learning_rate=0.1)


def loop_of(document: Document) -> Loop:
    return Loop(document, lambda event: None)


def stepped(loop: Loop, phases: int, want: PhaseWant | None = None) -> PhaseValues:
    for _ in range(phases):
        loop.advance(by_phase=True)
    found = answer(want or PhaseWant(), loop)
    assert isinstance(found, PhaseValues), found
    return found


def weights(loop: Loop) -> dict[str, Any]:
    return loop.learner.as_arrays()


# ---------------------------------------------------------------- gradients and steps


@every_layer
def test_gradients_of_every_node_and_weight_are_autograd_s(id_: str) -> None:
    check_gradients(in_a_network(id_))


def test_gradients_are_autograd_s_where_ways_part_and_meet() -> None:
    check_gradients(branches())


def answers(traced: dict[str, Tensor], objective: Objective) -> Tensor:
    """What the loss takes: the answer, or several in one row."""
    if not objective.is_packed:
        return traced[objective.output]
    return torch.cat([traced[n].reshape(len(traced[n]), -1) for n in objective.outputs], 1)


def check_gradients(document: Document) -> None:
    """Against backward() on a network of the same start, with the same dice."""
    loop = loop_of(document)
    x, y = (part.clone() for part in loop.order.batch(0))
    dice = loop.learner.dice.state.clone()
    twin = build(document, document.training.seed).train()
    torch.set_rng_state(dice)
    x.requires_grad_()
    traced = twin.trace(x)
    for value in traced.values():
        if value.requires_grad:
            value.retain_grad()
    objective = resolve(document)
    rows = len(x)
    loss_function(objective)(answers(traced, objective), y).backward()
    shown = [stepped(loop, 3, PhaseWant(sample=0)), *(answer(PhaseWant(sample=k), loop) for k in range(1, rows))]
    for node_id, value in traced.items():
        assert np.array_equal(shown[0].nodes[node_id].output.values, value[0].detach().numpy()), node_id
        if value.grad is not None:
            mine = np.stack([values.nodes[node_id].gradient.values for values in shown])
            assert np.allclose(mine, value.grad.numpy(), rtol=1e-5, atol=1e-8), node_id
    assert (shown[0].nodes["input"].gradient is None) == (traced["input"].grad is None)
    known = {name: node_id for node_id, name in twin.attributes.items()}
    for key, parameter in twin.named_parameters():
        attribute, _, name = key.partition(".")
        found = shown[0].nodes[known[attribute]].parameters[name].gradient
        if parameter.grad is None:  # behind a layer that lets no gradient through
            continue
        assert found is not None
        assert np.allclose(found.values.ravel(), told(parameter.grad.numpy()), rtol=1e-5, atol=1e-8), key


def told(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """As many numbers of it as cross to the window."""
    return array.ravel()[:LIMIT]


REGULARISED: dict[str, dict[str, object]] = {
    "plain": {},
    "l1": {"l1": 0.01},
    "l2": {"l2": 0.02},
    "clip": {"clip_norm": 0.05},
    "all": {"l1": 0.003, "l2": 0.01, "clip_norm": 0.1},
}
RULES = {
    **{id_: OPTIMIZERS[id_]() for id_ in OPTIMIZERS},
    "sgd with momentum": OPTIMIZERS["sgd"](momentum=0.9),
    "sgd with Nesterov": OPTIMIZERS["sgd"](momentum=0.8, nesterov=True),
    "rmsprop with momentum": OPTIMIZERS["rmsprop"](momentum=0.5),
}


@every_layer
def test_after_the_update_the_weights_are_those_of_one_step_to_the_bit(id_: str) -> None:
    check_steps(in_a_network(id_))


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
@pytest.mark.parametrize("settings", REGULARISED.values(), ids=list(REGULARISED))
def test_every_update_rule_and_regulariser_steps_alike(rule: object, settings: dict[str, object]) -> None:
    check_steps(branches().with_training(optimizer=rule, **settings), batches=3)


def check_steps(document: Document, batches: int = 2) -> None:
    plain, phased = loop_of(document), loop_of(document)
    for _ in range(batches):
        before = weights(phased)
        plain.advance()
        found = stepped(phased, 4, PhaseWant(sample=1, node="output"))
        after = weights(phased)
        for name, value in weights(plain).items():
            assert np.array_equal(value, after[name]), name
        attributes = phased.learner.network.attributes
        for node_id, node in found.nodes.items():
            for name, parameter in node.parameters.items():
                key = f"{attributes[node_id]}.{name}"
                if parameter.after is not None:
                    assert parameter.step is not None
                    assert parameter.before.shape == before[key].shape
                    assert np.array_equal(parameter.before.values.ravel(), told(before[key]))
                    assert np.array_equal(parameter.after.values.ravel(), told(after[key]))
                    assert np.array_equal(parameter.step.values.ravel(), told(after[key] - before[key]))


@pytest.mark.parametrize("precision", [value for value, _ in Training.param("precision").choices])
def test_every_precision_steps_alike(precision: str) -> None:
    check_steps(branches().with_training(precision=precision))


def test_what_l1_and_clipping_did_to_the_gradients_is_told() -> None:
    loop = loop_of(branches().with_training(l1=0.01, clip_norm=0.05))
    found = stepped(loop, 4, PhaseWant(node="c", place=(2,)))
    raw, made = [], []
    for node in found.nodes.values():
        for parameter in node.parameters.values():
            assert parameter.gradient is not None
            assert parameter.used is not None
            raw.append(parameter.gradient.values + 0.01 * np.sign(parameter.before.values))
            made.append(parameter.used.values)
    length = np.sqrt(sum(float((g.astype(float) ** 2).sum()) for g in raw))
    assert found.clipped == pytest.approx(0.05 / length, rel=1e-4)
    for mine, theirs in zip(made, raw, strict=True):
        assert np.allclose(mine, theirs * found.clipped, rtol=1e-5, atol=1e-9)
    assert found.focus is not None
    notes = " ".join(note for formula in found.focus.formulas["update"] for note in formula.notes)
    assert "L1 adds" in notes
    assert "Clipping multiplies" in notes


# ---------------------------------------------------------------- formulas


def formulas(values: PhaseValues, phase: str) -> tuple[Formula, ...]:
    assert values.focus is not None
    return values.focus.formulas[phase]


def agrees(formula: Formula) -> bool:
    if formula.computed is None:
        return True
    return abs(formula.computed - formula.value) <= 2e-5 * max(abs(formula.value), 1e-2)


@every_layer
def test_every_formula_gives_the_number_that_the_network_has(id_: str) -> None:
    document = in_a_network(id_)
    rng = np.random.default_rng(0)
    loop = loop_of(document)
    for phase in (*PHASES, *PHASES):
        loop.advance(by_phase=True)
        assert loop.phases.name == phase
        for node_id in document.graph.nodes:
            shape = answer(PhaseWant(), loop).nodes[node_id].output.shape  # type: ignore[attr-defined]
            places = [tuple(int(rng.integers(n)) for n in shape) for _ in range(3)]
            for sample, place in zip((0, 3, MEAN), places, strict=True):
                found = answer(PhaseWant(sample, node_id, place), loop)
                assert isinstance(found, PhaseValues), found
                assert found.focus is not None
                assert found.focus.place == place
                assert list(found.focus.formulas) == list(PHASES[: PHASES.index(phase) + 1])
                for formula in formulas(found, phase):
                    assert agrees(formula), (node_id, formula)
                    assert formula.line
                    assert len(formula.terms) <= TERMS
                assert formulas(found, phase)


@pytest.mark.parametrize("id_", KNOWN)
def test_a_layer_of_the_catalogue_explains_itself_with_numbers_or_shows_its_torch_code(id_: str) -> None:
    loop = loop_of(in_a_network(id_))
    found = stepped(loop, 1, PhaseWant(node="tested"))
    assert found.focus is not None
    (said,) = formulas(found, "forward")
    assert said.computed is not None or found.focus.code in said.line
    assert found.focus.code


def test_a_layer_that_says_nothing_of_itself_gets_a_general_sentence_and_all_its_gradients() -> None:
    loop = loop_of(in_a_network("GRU"))
    found = stepped(loop, 4, PhaseWant(node="tested", place=(2, 3)))
    assert "nn.GRU(8, 8, batch_first=True)(x)[0]" in formulas(found, "forward")[0].line
    names = [formula.name for formula in formulas(found, "backward")]
    assert sum(name.startswith("∂L/∂weight_ih_l0[") for name in names) == 1
    assert sum(name.startswith("∂L/∂bias_hh_l0[") for name in names) == 1
    updated = formulas(found, "update")
    assert len(updated) == 4
    assert all(formula.computed is not None for formula in updated)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
@pytest.mark.parametrize("settings", REGULARISED.values(), ids=list(REGULARISED))
def test_every_update_rule_explains_its_step_with_its_memory(rule: Any, settings: dict[str, object]) -> None:
    loop = loop_of(branches().with_training(optimizer=rule, learning_rate=0.02, **settings))
    for _ in range(3):
        found = stepped(loop, 4, PhaseWant(node="c"))
        for formula in formulas(found, "update"):
            assert formula.rule != "w ← w + step", "the rule's own arithmetic did not agree with the network"
            assert agrees(formula)


@pytest.mark.parametrize("id_", ["GRU", "LSTM"])
def test_what_such_a_layer_depends_on_is_measured_and_changes_nothing(id_: str) -> None:
    loop, quiet = loop_of(in_a_network(id_)), loop_of(in_a_network(id_))
    found = stepped(loop, 1, PhaseWant(sample=2, node="tested", place=(4, 1)))
    (said,) = formulas(found, "forward")
    outputs = loop.learner.network.trace(loop.order.batch(0)[0])
    before = outputs["before"].detach().clone().requires_grad_()
    again = getattr(loop.learner.network, loop.learner.network.attributes["tested"])(before)[0]
    (slopes,) = torch.autograd.grad(again[2, 4, 1], before)
    mine = np.array([term.product for term in said.terms])
    expected = np.sort(np.abs(slopes[2].numpy()).ravel())[::-1][: len(mine)]
    assert np.allclose(np.abs(mine), expected, rtol=1e-4)
    assert len(mine) == SLOPES
    assert not slopes[:2].any(), "other samples have no part in it"
    stepped(loop, 3)
    stepped(quiet, 4)
    for name, value in weights(quiet).items():
        assert np.array_equal(value, weights(loop)[name])


SMOOTHED = LOSSES["cross-entropy"](label_smoothing=0.2)
YES = LOSSES["bce"](pos_weight=3.0, label_smoothing=0.1)
DOCUMENTS = {
    "cross-entropy": network("Linear 4", "Linear 2"),
    "probabilities": network("Linear 4", "Linear 2", "Softmax"),
    "one output": network("Linear 4", "Linear 1"),
    "one probability": network("Linear 4", "Linear 1", "Sigmoid"),
    "many yes or no": network("Linear 4", "Linear 2", loss="bce"),
    "smoothed": network("Linear 4", "Linear 2", loss=SMOOTHED),
    "smoothed yes or no": network("Linear 4", "Linear 1", loss=YES),
    "smoothed probability": network("Linear 4", "Linear 1", "Sigmoid", loss=YES),
    "squares of classes": network("Linear 4", "Linear 2", loss="mse"),
    "values": network("Linear 4", "Linear 1").with_data(dataset=DATASETS["curve"]()),
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_every_loss_explains_itself_and_its_gradient(document: Document) -> None:
    loop = loop_of(document)
    stepped(loop, 3)
    width = document.shapes["output"].outputs[0][0]
    for sample in range(4):
        for unit in range(width):
            found = answer(PhaseWant(sample, "output", (unit,)), loop)
            assert isinstance(found, PhaseValues)
            assert found.losses is not None
            assert float(found.losses.mean()) == pytest.approx(found.loss, rel=1e-4)
            own, whole = formulas(found, "loss")
            assert own.computed == pytest.approx(own.value, rel=1e-4, abs=1e-6)
            assert own.value == pytest.approx(float(found.losses[sample]))
            assert whole.value == found.loss
            slope = formulas(found, "backward")[0]
            assert slope.name.startswith("∂L/∂ŷ")
            assert slope.computed == pytest.approx(slope.value, rel=1e-4, abs=1e-7)
            assert found.nodes["output"].gradient is not None
            assert slope.value == pytest.approx(float(found.nodes["output"].gradient.values[unit]))


def test_weights_of_classes_are_told_with_the_formula_of_the_batch() -> None:
    weighed = LOSSES["cross-entropy"](class_weights="own", weights="1, 3", label_smoothing=0.1)
    loop = loop_of(network("Linear 4", "Linear 2", loss=weighed))
    stepped(loop, 3)
    found = answer(PhaseWant(0, "output", (0,)), loop)
    assert isinstance(found, PhaseValues)
    assert found.losses is None, "the mean over the samples is not the loss of the batch"
    (whole,) = formulas(found, "loss")
    assert "Σ w[right]" in whole.rule
    assert whole.value == found.loss
    assert not formulas(found, "backward")[0].name.startswith("∂L/∂ŷ")


def test_the_first_formula_of_a_unit_is_its_weighted_sum() -> None:
    loop = loop_of(network("Linear 3", "Linear 2"))
    found = stepped(loop, 1, PhaseWant(node="linear_2", place=(1,)))
    (said,) = formulas(found, "forward")
    inputs, row = found.outputs["linear"], loop.learner.as_arrays()["linear_2.weight"][1]
    assert sorted(term.product for term in said.terms) == pytest.approx(sorted((inputs * row).tolist()), rel=1e-5)
    assert said.bias == pytest.approx(float(loop.learner.as_arrays()["linear_2.bias"][1]))


# ---------------------------------------------------------------- bounds, samples, the rest of the run


def arrays_in(value: Any) -> Iterator[np.ndarray[Any, Any]]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from arrays_in(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from arrays_in(each)
    elif is_dataclass(value):
        for field in fields(value):
            yield from arrays_in(getattr(value, field.name))


def test_what_crosses_to_the_window_is_bounded_and_says_how_much_there_is() -> None:
    document = network("Linear 5000", "ReLU", "Linear 2")
    loop = loop_of(document)
    found = stepped(loop, 4, PhaseWant(node="linear"))
    output, weight = found.nodes["linear"].output, found.nodes["linear"].parameters["weight"].before
    assert (output.shape, weight.shape) == ((5000,), (5000, 2))
    assert not output.is_whole
    assert all(array.size <= LIMIT for array in arrays_in(found))
    assert all(not array.flags.writeable for array in arrays_in(found))
    x, _ = loop.order.batch(1)
    with torch.no_grad():
        whole = loop.learner.network.trace(x)["linear"]
    again = stepped(loop, 1).nodes["linear"].output
    assert (again.low, again.high) == pytest.approx((float(whole.min()), float(whole.max())))
    assert again.mean == pytest.approx(float(whole.mean()), abs=1e-6)
    assert again.size == pytest.approx(float(whole.pow(2).mean().sqrt()), rel=1e-5)


def test_any_sample_of_the_batch_can_be_looked_at_or_their_mean() -> None:
    loop = loop_of(network("Linear 3", "Tanh", "Linear 2", batch_size=5))
    stepped(loop, 3)
    every = [answer(PhaseWant(sample=k), loop) for k in range(5)]
    mean, beyond = answer(PhaseWant(sample=MEAN), loop), answer(PhaseWant(sample=99), loop)
    assert all(isinstance(v, PhaseValues) for v in (*every, mean, beyond))
    outputs = np.stack([v.outputs["tanh"] for v in every])  # type: ignore[union-attr]
    assert np.allclose(mean.outputs["tanh"], outputs.mean(0), atol=1e-6)  # type: ignore[union-attr]
    flows = np.stack([v.nodes["tanh"].gradient.values for v in every])  # type: ignore[union-attr]
    assert np.allclose(mean.nodes["tanh"].gradient.values, flows.sum(0), atol=1e-6)  # type: ignore[union-attr]
    assert beyond.sample == 4  # type: ignore[union-attr]
    assert beyond.rows == 5  # type: ignore[union-attr]


def test_nothing_is_told_while_no_batch_is_under_way() -> None:
    loop = loop_of(network("Linear 3", "Linear 2"))
    assert answer(PhaseWant(), loop) == PhaseValues("")
    stepped(loop, 2)
    loop.advance()  # the rest of the batch at once
    assert loop.phases.name == "update"
    loop.advance()
    assert answer(PhaseWant(), loop) == PhaseValues("")


def test_a_wish_for_a_node_or_place_that_is_not_there_is_no_error() -> None:
    loop = loop_of(network("Linear 3", "Linear 2"))
    stepped(loop, 1)
    gone = answer(PhaseWant(node="gone"), loop)
    far = answer(PhaseWant(node="linear", place=(99,)), loop)
    deep = answer(PhaseWant(node="linear", place=(0, 0, 0)), loop)
    assert gone.focus is None  # type: ignore[attr-defined]
    assert far.focus.place == deep.focus.place  # type: ignore[attr-defined]
    assert far.focus.place[0] < 3  # type: ignore[attr-defined]


def test_numbers_that_are_no_numbers_are_told_as_such() -> None:
    loop = loop_of(network("Linear 3", "Linear 2"))
    with torch.no_grad():
        loop.learner.parameters[0].fill_(float("nan"))
    found = stepped(loop, 3, PhaseWant(node="linear"))
    assert np.isnan(found.nodes["linear"].output.values).all()
    assert formulas(found, "forward")
