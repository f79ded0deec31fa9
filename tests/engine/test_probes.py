"""Pictures: every number in them is the model's own, private, read-only, and asking changes nothing."""

from typing import Any

import numpy as np
import pytest
import torch
from small_networks import chain, layers, network

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.layer import LAYERS
from nnlab.engine.asking import predict
from nnlab.engine.headless import run_to_end
from nnlab.engine.loop import Loop
from nnlab.engine.probes import answer
from nnlab.engine.wants import (
    ActivationsWant,
    BoundaryWant,
    PhaseWant,
    PointsWant,
    SampleWant,
    Want,
    WeightsWant,
)

EVERY = (
    BoundaryWant(resolution=9),
    PointsWant(),
    PointsWant("validation"),
    ActivationsWant(resolution=7),
    WeightsWant(),
    SampleWant(3),
    PhaseWant(),
)


def loop_of(document: Document, steps: int = 5) -> Loop:
    loop = Loop(document, lambda e: None)
    for _ in range(steps):
        loop.advance()
    return loop


def arrays_in(value: Any) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        return [a for v in value.values() for a in arrays_in(v)]
    return [a for v in vars(value).values() for a in arrays_in(v)] if hasattr(value, "__dict__") else []


PICTURES = Document(
    graph=chain(
        LAYERS["Conv2d"](out_channels=4), LAYERS["ReLU"](), LAYERS["MaxPool2d"](), *layers("Flatten", "Linear 10")
    ),
    data=Data(dataset=DATASETS["digits"]()),
)
TABLE = network("Linear 5", "ReLU", "Linear 3").with_data(dataset=DATASETS["iris"]())
CURVE = network("Linear 5", "Tanh", "Linear 1").with_data(dataset=DATASETS["curve"](), standardise_targets=True)
SURFACE = network("Linear 5", "Tanh", "Linear 1").with_data(dataset=DATASETS["surface"]())
SPIRAL = network("Linear 5", "Tanh", "Dropout 0.5", "Linear 2")
DOCUMENTS = {"pictures": PICTURES, "table": TABLE, "curve": CURVE, "surface": SURFACE, "spiral": SPIRAL}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_every_want_has_an_answer_or_a_sentence_and_arrays_are_private_and_read_only(document: Document) -> None:
    loop = loop_of(document)
    found = {want: answer(want, loop) for want in EVERY}
    kept = {want: [a.copy() for a in arrays_in(value)] for want, value in found.items()}
    loop.advance()
    for want, value in found.items():
        if isinstance(value, str):
            assert value.endswith(".")
            assert "cannot be made" not in value, value
        for array, before in zip(arrays_in(value), kept[want], strict=True):
            assert not array.flags.writeable
            assert np.array_equal(array, before)


def test_asking_changes_neither_the_run_nor_anybody_s_dice() -> None:
    quiet, asked = loop_of(SPIRAL, 0), loop_of(SPIRAL, 0)
    torch.manual_seed(1)
    for _ in range(25):
        quiet.advance()
        asked.advance()
        for want in EVERY:
            answer(want, asked)
    assert torch.equal(torch.rand(2), torch.manual_seed(1) and torch.rand(2))
    for mine, theirs in zip(quiet.learner.storage, asked.learner.storage, strict=True):
        assert torch.equal(mine, theirs)
    assert asked.learner.network.training


def test_the_boundary_is_what_the_network_says_of_each_point_in_the_data_s_units() -> None:
    for document in (SPIRAL, SURFACE):
        loop = loop_of(document)
        boundary: Any = answer(BoundaryWant(resolution=5), loop)
        xs, ys = np.linspace(*boundary.x_range, 5), np.linspace(*boundary.y_range, 5)
        points = np.array([[x, y] for y in ys for x in xs])
        says = predict(document, loop.learner.as_arrays(), points)
        assert np.allclose(boundary.values.reshape(25, -1), says, atol=1e-6)
        inputs = np.concatenate([loop.learner.parts.raw(p).inputs for p in ("train", "validation", "test")])
        assert boundary.x_range[0] < inputs[:, 0].min()
        assert boundary.y_range[1] > inputs[:, 1].max()


def test_the_other_inputs_of_a_table_are_held_at_their_mean_or_where_one_says() -> None:
    loop = loop_of(TABLE)
    mean = loop.learner.parts.raw_train.inputs.mean(0)
    plain: Any = answer(BoundaryWant(resolution=4, x_input=2, y_input=3), loop)
    held: Any = answer(BoundaryWant(resolution=4, x_input=2, y_input=3, held=tuple(map(float, mean))), loop)
    moved: Any = answer(BoundaryWant(resolution=4, x_input=2, y_input=3, held=(9.0, 9.0, 0.0, 0.0)), loop)
    assert np.allclose(plain.values, held.values, atol=1e-5)
    assert not np.allclose(plain.values, moved.values, atol=1e-3)
    assert np.allclose(plain.values.sum(2), 1, atol=1e-6)
    assert "only" in str(answer(BoundaryWant(x_input=7), loop))
    assert "held" in str(answer(BoundaryWant(held=(1.0,)), loop))


def test_pictures_get_a_sentence_for_the_plane() -> None:
    assert "pictures" in str(answer(BoundaryWant(), loop_of(PICTURES, 1)))


def test_a_single_input_gets_one_row_over_its_range() -> None:
    loop = loop_of(CURVE)
    line: Any = answer(BoundaryWant(resolution=20), loop)
    assert line.values.shape == (1, 20, 1)
    says = predict(CURVE, loop.learner.as_arrays(), np.linspace(*line.x_range, 20)[:, None])
    assert np.allclose(line.values[0], says, atol=1e-5)


def test_points_carry_the_samples_and_what_is_said_of_them() -> None:
    loop = loop_of(SPIRAL, 40)
    points: Any = answer(PointsWant("validation"), loop)
    raw = loop.learner.parts.raw_validation
    assert np.array_equal(points.x, raw.inputs[:, 0])
    says = predict(SPIRAL, loop.learner.as_arrays(), raw.inputs).argmax(1)
    assert np.array_equal(points.prediction, says)
    assert np.array_equal(points.wrong, says != raw.targets)
    few: Any = answer(PointsWant(limit=7), loop)
    assert len(few.x) == 7
    none: Any = answer(PointsWant("test"), loop)
    assert len(none.x) == 0
    curve: Any = answer(PointsWant(), loop_of(CURVE))
    assert np.array_equal(curve.y, curve.target)


def test_activations_are_the_outputs_of_every_node() -> None:
    loop = loop_of(SPIRAL)
    shown: Any = answer(ActivationsWant(resolution=6, units=3), loop)
    assert list(shown.nodes) == list(SPIRAL.graph.in_order)
    linear = shown.nodes["linear"]
    assert (linear.kind, linear.values.shape, linear.units_total) == ("plane", (3, 6, 6), 5)
    xs, ys = np.linspace(*shown.x_range, 6), np.linspace(*shown.y_range, 6)
    point = loop.learner.parts.standardise(np.array([[xs[4], ys[1]]]))
    weights = loop.learner.as_arrays()
    by_hand = weights["linear.weight"] @ point[0] + weights["linear.bias"]
    assert np.allclose(linear.values[:, 1, 4], by_hand[:3], atol=1e-5)
    assert linear.low <= linear.mean <= linear.high


def test_activations_of_pictures_are_maps_and_dead_units_are_counted() -> None:
    loop = loop_of(PICTURES, 2)
    with torch.no_grad():
        for name, parameter in loop.learner.network.named_parameters():
            if name.endswith("conv2d.bias"):
                parameter[1] = -1e6
    shown: Any = answer(ActivationsWant(sample=2), loop)
    assert shown.nodes["conv2d"].kind == "maps"
    assert shown.nodes["conv2d"].values.shape == (4, 8, 8)
    assert shown.nodes["relu"].dead == 0.25
    assert shown.nodes["linear"].kind == "vector"
    assert shown.nodes["linear"].units_total == 10


def test_one_sample_is_followed_through_every_node() -> None:
    loop = loop_of(TABLE)
    one: Any = answer(SampleWant(5, "validation"), loop)
    parts = loop.learner.parts
    assert np.array_equal(one.raw, parts.raw_validation.inputs[5])
    assert np.allclose(one.nodes["input"], parts.validation.inputs[5])
    assert one.target == parts.validation.targets[5]
    assert np.allclose(one.prediction, predict(TABLE, loop.learner.as_arrays(), one.raw[None])[0], atol=1e-6)
    assert one.rows == len(parts.validation)
    assert "empty" in str(answer(SampleWant(0, "test"), loop))
    last: Any = answer(SampleWant(10**9), loop)
    assert np.array_equal(last.raw, parts.raw_train.inputs[-1])


def test_an_unknown_want_and_a_broken_one_are_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = loop_of(SPIRAL, 1)
    assert isinstance(answer(Want(), loop), str)
    monkeypatch.setattr(loop.learner.network, "trace", lambda x: 1 / 0)
    assert "cannot be made" in str(answer(SampleWant(), loop))


@pytest.mark.parametrize("document", [SPIRAL, TABLE, PICTURES], ids=["spiral", "table", "pictures"])
def test_phases_compute_what_one_step_computes_and_gradients_are_autograd_s(document: Document) -> None:
    plain, phased = loop_of(document, 3), loop_of(document, 3)
    before = phased.learner.as_arrays()
    plain.advance()
    found: list[Any] = []
    for _ in range(4):
        phased.advance(by_phase=True)
        found.append(answer(PhaseWant(), phased))
    assert [values.phase for values in found] == ["forward", "loss", "backward", "update"]
    after = phased.learner.as_arrays()
    for name, value in plain.learner.as_arrays().items():
        assert np.array_equal(value, after[name])
    assert found[0].loss is None
    assert found[0].gradients == {}
    assert list(found[0].outputs) == list(document.graph.in_order)
    attribute = phased.learner.network.attributes
    for node_id, updates in found[3].updates.items():
        for name, update in updates.items():
            key = f"{attribute[node_id]}.{name}"
            assert np.array_equal(update, after[key] - before[key])
    assert found[2].updates == {}
    parameters = {k for k, _ in phased.learner.network.named_parameters()}
    assert parameters == {f"{attribute[n]}.{name}" for n, g in found[2].gradients.items() for name in g}


def test_gradients_of_the_backward_phase_equal_those_of_a_hand_written_batch() -> None:
    document = network("Linear 4", "Tanh", "Linear 2", batch_size=10_000)
    loop = loop_of(document, 0)
    for _ in range(3):
        loop.advance(by_phase=True)
    values: Any = answer(PhaseWant(), loop)
    train = loop.learner.parts.train
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    loss = torch.nn.functional.cross_entropy(model(torch.tensor(train.inputs)), torch.tensor(train.targets))
    loss.backward()
    assert values.loss == pytest.approx(loss.item(), rel=1e-6)
    assert np.allclose(values.gradients["linear"]["weight"], model[0].weight.grad, atol=1e-7)
    assert np.allclose(values.gradients["linear_2"]["bias"], model[2].bias.grad, atol=1e-7)


def test_a_batch_half_way_through_its_phases_is_finished_by_the_next_step() -> None:
    document = network("Linear 4", "Dropout 0.5", "Linear 2", epochs=2)
    loop = loop_of(document, 3)
    loop.advance(by_phase=True)
    loop.advance(by_phase=True)
    for _ in loop.steps():
        pass
    whole = run_to_end(document).weights
    for name, value in loop.learner.as_arrays().items():
        assert np.array_equal(value, whole[name])
