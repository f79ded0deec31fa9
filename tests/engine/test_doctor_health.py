"""What the doctor measures is true, disturbs nothing and stays small; curves are kept thinned; notes do not flicker."""

from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES
from nnlab.engine.doctor.course import ROWS, Course
from nnlab.engine.doctor.doctor import Doctor
from nnlab.engine.events import Branched, EpochDone, Epochs, Finished, Losses
from nnlab.engine.health import measure
from nnlab.engine.learner import Learner
from nnlab.engine.wants import Health, HealthWant


def example(id_: str, **training: object) -> Document:
    return EXAMPLES[id_].make().with_training(device="cpu", **training)


def look(learner: Learner, want: HealthWant | None = None, step: int = 30, epoch: int = 2) -> Health:
    with learner.looking():
        return measure(want or HealthWant(), SimpleNamespace(learner=learner, step=step, epoch=epoch))


def with_dice(data: str = "wine") -> Document:
    graph = chain(
        layer("Input"), layer("Linear", out_features=12), layer("BatchNorm1d"), layer("ReLU"), layer("Dropout", p=0.4),
        layer("Linear", out_features=3), layer("Output"),
    )  # fmt: skip
    return Document(graph, Data(dataset=DATASETS[data]()), Training(device="cpu", epochs=3))


def trained(document: Document, steps: int = 10, looks: bool = False) -> Learner:
    learner = Learner(document)
    x, y = learner.data["train"]
    for k in range(steps):
        if looks:
            look(learner)
        learner.update.rate = 0.01
        rows = slice(16 * k % 96, 16 * k % 96 + 16)
        learner.step(x[rows], y[rows], document.training)
    return learner


# ------------------------------------------------------------------- measuring


def test_looking_changes_nothing_to_the_bit_not_even_batch_norm_and_dropout() -> None:
    plain, looked = trained(with_dice()), trained(with_dice(), looks=True)
    for mine, theirs in zip(plain.network.state_dict().values(), looked.network.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)
    assert looked.network.training
    assert all(p.grad is None for p in looked.network.parameters())


@pytest.mark.parametrize("id_", ["spiral", "wine", "diabetes", "binary-classifier", "digits-cnn"])
def test_loss_metric_and_gradients_are_those_of_the_samples_judged_by(id_: str) -> None:
    learner = Learner(example(id_))
    found = look(learner, HealthWant(rows=10_000))
    x, y = learner.data["train"]
    assert found.rows == len(x) or id_ == "digits-cnn"
    if found.rows < len(x):
        return
    learner.network.eval()
    answer = learner.network(x)
    loss = learner.loss(answer, y)
    loss.backward()
    assert found.loss == pytest.approx(float(loss.detach()), rel=1e-4)
    assert found.metric == pytest.approx(float(learner.metric(answer.detach(), y)), rel=1e-4)
    for node_id, weights in found.weights.items():
        tensor = dict(learner.network.named_parameters())[f"{learner.network.attributes[node_id]}.weight"]
        assert tensor.grad is not None
        assert weights.gradient == pytest.approx(float(tensor.grad.square().mean().sqrt()), rel=1e-3)
        assert weights.weight == pytest.approx(float(tensor.detach().square().mean().sqrt()), rel=1e-4)
        assert weights.weight == pytest.approx(weights.fresh, rel=0.35)


def test_dead_units_are_counted_where_an_activation_says_nothing() -> None:
    learner = Learner(example("moons"))
    with torch.no_grad():
        learner.network.get_parameter(f"{learner.network.attributes['linear']}.bias")[:5] = -100.0
    found = look(learner)
    assert found.nodes["relu"].dead == 5
    assert found.nodes["relu"].units == 8
    assert found.nodes["linear"].dead == 0


def test_a_map_is_one_unit_however_many_places_it_has() -> None:
    learner = Learner(example("digits-cnn"))
    with torch.no_grad():
        learner.network.get_parameter(f"{learner.network.attributes['conv2d']}.bias")[:3] = -100.0
    found = look(learner)
    assert (found.nodes["relu"].units, found.nodes["relu"].dead) == (16, 3)


def test_saturated_answers_are_a_share_of_squashing_layers_alone() -> None:
    learner = Learner(example("xor"))
    fresh = look(learner)
    with torch.no_grad():
        for p in learner.network.parameters():
            p *= 1_000
    wild = look(learner)
    assert fresh.nodes["tanh"].saturated < 0.01
    assert wild.nodes["tanh"].saturated > 0.9
    assert wild.nodes["linear"].saturated == 0


def test_rows_that_are_the_same_are_alike_and_a_single_unit_is_not() -> None:
    learner = Learner(example("binary-classifier"))
    assert not any(w.alike for w in look(learner).weights.values())
    with torch.no_grad():
        learner.network.get_parameter(f"{learner.network.attributes['linear']}.weight")[:] = 0.25
    found = look(learner)
    assert found.weights["linear"].alike
    assert not found.weights["linear_3"].alike


@pytest.mark.parametrize(("id_", "loss"), [("spiral", np.log(2)), ("iris", np.log(3)), ("diabetes", 1.0)])
def test_a_guess_is_the_best_answer_that_is_the_same_for_all(id_: str, loss: float) -> None:
    found = look(Learner(example(id_)), HealthWant(rows=10_000))
    assert found.guess_loss == pytest.approx(loss, rel=0.02)


@pytest.mark.parametrize(("loss", "units"), [("bce", 1), ("bce", 2), ("mse", 1), ("mse", 2), ("cross-entropy", 2)])
def test_there_is_a_guess_for_every_loss(loss: str, units: int) -> None:
    graph = chain(layer("Input"), *dense(4, units, activation="Tanh"), layer("Output"))
    document = Document(graph, Data(dataset=DATASETS["moons"]()), Training(device="cpu", loss=loss))
    found = look(Learner(document), HealthWant(rows=10_000))
    expected = {"bce": np.log(2), "cross-entropy": np.log(2), "mse": 0.25}[loss]
    assert found.guess_loss == pytest.approx(expected, rel=1e-3)
    assert sum(found.predicted) == pytest.approx(1.0)
    assert found.target == pytest.approx((0.5, 0.5), abs=0.02)


def test_few_samples_are_judged_by_and_always_the_same() -> None:
    learner = Learner(example("digits-mlp"))
    one, two = look(learner), look(learner)
    assert one == two
    assert one.rows == 256


def test_inputs_are_told_as_the_network_gets_them() -> None:
    raw = look(Learner(example("wine").with_data(standardise=False)))
    scaled = look(Learner(example("wine")))
    assert max(raw.input_mean) > 500
    assert np.allclose(scaled.input_mean, 0, atol=1e-4)
    assert np.allclose(scaled.input_spread, 1, atol=1e-4)
    pictures = look(Learner(example("digits-cnn")))
    assert len(pictures.input_mean) == 1


# ------------------------------------------------------------------- curves


def epochs(first: int, last: int, **figures: float) -> Epochs:
    usual = {"train_loss": 0.5, "train_metric": 0.8, "validation_loss": 0.6, "validation_metric": 0.7}
    known: dict[str, Any] = {**usual, **figures}
    done = [
        EpochDone(epoch=e, step=10 * e, learning_rate=0.01, seconds=0.1, is_best=False, **known)
        for e in range(first, last + 1)
    ]
    return Epochs.of(1, done)


def test_a_million_epochs_take_no_more_room_than_some_thousands() -> None:
    course, table = Course(), epochs(1, 1).table
    for block in range(50):
        many = np.repeat(table, 20_000, axis=0)
        many[:, 0] = np.arange(1, 20_001) + 20_000 * block
        course.add(Epochs(1, many))
    assert course.epochs == 1_000_000
    kept = course.column("epoch")
    assert len(kept) <= 2 * ROWS
    assert (np.diff(kept) > 0).all()
    assert kept[0] < 1_000


def test_a_run_that_went_back_is_told_anew() -> None:
    course = Course()
    course.add(epochs(1, 20))
    course.add(epochs(11, 15, train_loss=9.0))
    assert course.epochs == 15
    assert course.column("train_loss")[[9, 10]].tolist() == [0.5, 9.0]
    course.add(Branched(1, 50))
    assert course.epochs == 5


def test_the_loss_of_the_very_first_batch_is_remembered() -> None:
    course = Course()
    course.add(Losses(1, 0, np.array([0.7, 0.6], np.float32)))
    course.add(Losses(1, 2, np.array([0.1], np.float32)))
    assert course.first_loss == pytest.approx(0.7)


# ------------------------------------------------------------------- coming and going


def kinds(doctor: Doctor, looks: Iterable[Health]) -> list[list[str]]:
    return [[note.kind for note in doctor.see(health)] for health in looks]


def test_notes_come_with_the_second_look_and_go_with_the_third() -> None:
    document = example("moons", learning_rate=0.01)
    learner = Learner(document)
    sick = look(learner)
    sick = replace(sick, metric=0.5, nodes={**sick.nodes, "relu": replace(sick.nodes["relu"], dead=7)})
    well = look(learner)
    well = replace(well, metric=0.5)
    doctor = Doctor(document)
    doctor.hear(epochs(1, 20))
    pattern = [sick, sick, well, sick, well, well, well, sick]
    looks = [replace(health, step=20 + k, epoch=20) for k, health in enumerate(pattern)]
    dead = ["dead"]
    assert kinds(doctor, looks) == [[], dead, dead, dead, dead, dead, [], []]


def test_the_end_of_a_run_needs_no_second_look() -> None:
    document = example("moons", learning_rate=0.01)
    sick = look(Learner(document))
    sick = replace(sick, step=200, epoch=20, metric=0.5, nodes={"relu": replace(sick.nodes["relu"], dead=7)})
    doctor = Doctor(document)
    doctor.hear(epochs(1, 20))
    doctor.hear(Finished(1, "done", "Trained.", 20, 200, {}))
    assert [note.kind for note in doctor.see(sick)] == ["dead"]


def test_a_run_without_any_look_is_judged_by_its_curves_alone() -> None:
    doctor = Doctor(example("moons"))
    assert doctor.see(None) == ()
    doctor.hear(epochs(1, 100))
    assert doctor.see(None) == ()
