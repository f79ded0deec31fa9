"""The doctor says exactly what is wrong with a run, nothing of a good one, and its cures cure."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from nnlab.core.chain import chain, dense, layer
from nnlab.core.check import check
from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.engine.doctor.course import Course
from nnlab.engine.doctor.doctor import RULES, Cure, Note
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.events import Finished
from nnlab.engine.headless import RunResult, run_to_end
from nnlab.engine.learner import Learner
from nnlab.engine.loop import Loop
from nnlab.engine.rounds import Rounds

Weights = Mapping[str, Any]


def example(id_: str, **training: object) -> Document:
    return EXAMPLES[id_].make().with_training(device="cpu", **training)


def network(data: str, *units: int, activation: str = "ReLU", **training: Any) -> Document:
    graph = chain(layer("Input"), *dense(*units, activation=activation), layer("Output"))
    return Document(graph, Data(dataset=DATASETS[data]()), Training(device="cpu", **training))


def times(document: Document, factor: float) -> Weights:
    """The weights it would begin with, so many times as large."""
    return {name: factor * values for name, values in Learner(document).as_arrays().items()}


def with_bias(document: Document, node: str, bias: float) -> Weights:
    weights = Learner(document).as_arrays()
    weights[f"{node}.bias"][:] = bias
    return weights


@dataclasses.dataclass(frozen=True)
class Rare(Dataset):
    """One sample in twelve is of the other class, and nothing tells which."""

    title = "Rare"

    def spec(self) -> DataSpec:
        return DataSpec((2,), "classes", ("a", "b"), ("Common", "Rare"), rows=360)

    def make(self) -> Samples:
        points = np.random.default_rng(0).normal(size=(360, 2)).astype(np.float32)
        return Samples(points, (np.arange(360) % 12 == 0).astype(np.int64))


def rare() -> Document:
    return dataclasses.replace(network("moons", 4, 2, activation="Tanh", epochs=40), data=Data(dataset=Rare()))


def noisy() -> Document:
    document = network("moons", 48, 48, 2, epochs=200)
    return document.with_data(dataset=DATASETS["moons"](noise=0.8, samples=120))


SGD, ADAMW = OPTIMIZERS["sgd"](), OPTIMIZERS["adamw"]()
SIGMOIDS = (8,) * 8
DEEP = network("spiral", *(32,) * 8, 2, epochs=3, learning_rate=0.0005)
WIDE = network("moons", 64, 64, 2, epochs=20)
SQUASHED = network("moons", 16, 16, 2, activation="Tanh", epochs=20, learning_rate=0.003)

BAD: dict[str, tuple[str, Document, Callable[[Document], Weights] | None]] = {
    "rate 10 on classes": ("rate", example("spiral", learning_rate=10, epochs=30), None),
    "rate 10 kills every unit": ("rate", example("moons", learning_rate=10, optimizer=SGD, epochs=30), None),
    "rate 10 on pictures": ("rate", example("digits-mlp", learning_rate=10, optimizer=SGD, epochs=5), None),
    "rate 10 on XOR": ("rate", example("xor", learning_rate=10, epochs=30), None),
    "rate 10 on values": ("diverged", example("curve", learning_rate=10, epochs=30), None),
    "rate 10 with gradient descent": ("diverged", example("surface", learning_rate=10, optimizer=SGD, epochs=5), None),
    "zero weights before Tanh": ("alike", example("spiral", epochs=20), lambda d: times(d, 0)),
    "zero weights before ReLU": ("alike", example("moons", epochs=20), lambda d: times(d, 0)),
    "zero weights of filters": ("alike", example("digits-cnn", epochs=2), lambda d: times(d, 0)),
    "zero weights, values": ("alike", example("curve", epochs=20), lambda d: times(d, 0)),
    "eight sigmoid layers": ("vanishing", network("circles", *SIGMOIDS, 2, activation="Sigmoid", epochs=40), None),
    "eight sigmoid layers, gradient descent": (
        "vanishing",
        network("spiral", *SIGMOIDS, 2, activation="Sigmoid", epochs=30, optimizer=SGD, learning_rate=0.1),
        None,
    ),
    "λ 10": ("decay", example("spiral", l2=10, epochs=20), None),
    "λ 10 on flowers": ("decay", example("iris", l2=10, epochs=30), None),
    "λ 10 on pictures": ("decay", example("digits-mlp", l2=10, epochs=6), None),
    "λ 10 on values": ("decay", example("diabetes", l2=10, epochs=40), None),
    "λ 10, AdamW": ("decay", example("spiral", l2=10, epochs=20, optimizer=ADAMW), None),
    "L1 of 1": ("decay", example("moons", l1=1, epochs=20), None),
    "wine as it is": ("inputs", example("wine").with_data(standardise=False), None),
    "tumours as they are": ("inputs", example("breast-cancer", epochs=30).with_data(standardise=False), None),
    "values as they are": ("targets", example("diabetes").with_data(standardise_targets=False), None),
    "dead units": ("dead", WIDE, lambda d: with_bias(d, "linear_2", -30.0)),
    "saturated units": ("saturated", SQUASHED, lambda d: times(d, 60)),
    "weights six times too large": ("exploding", DEEP, lambda d: times(d, 6)),
    "rate of a millionth": ("slow", example("moons", learning_rate=1e-6, epochs=40), None),
    "a line for rings": ("plateau", network("circles", 2, epochs=100), None),
    "a line for XOR": ("plateau", network("xor", 2, epochs=100), None),
    "few samples by heart": ("overfitting", noisy(), None),
    "one class for all": ("collapse", rare(), None),
}


@pytest.fixture(scope="module")
def runs() -> dict[str, RunResult]:
    return {}


def run_of(name: str, runs: dict[str, RunResult]) -> RunResult:
    _, document, begin = BAD[name]
    if name not in runs:
        runs[name] = run_to_end(document, weights=begin(document) if begin else None)
    return runs[name]


@pytest.mark.parametrize("name", BAD)
class TestBadSettings:
    def test_raise_exactly_their_note(self, name: str, runs: dict[str, RunResult]) -> None:
        assert [note.kind for note in run_of(name, runs).notes] == [BAD[name][0]]

    def test_are_told_with_evidence_in_numbers_and_without_jargon(self, name: str, runs: dict[str, RunResult]) -> None:
        (note,) = run_of(name, runs).notes
        assert any(c.isdigit() for c in note.message)
        assert note.title[0].isupper()
        assert note.message.endswith(".")
        assert not any(word in note.message for word in ("linear_2'", "None", "nan", "BatchNorm1d", "_share"))
        assert note.node is None or note.node in BAD[name][1].graph.nodes

    def test_have_cures_that_are_edits_of_a_network_that_still_trains(
        self, name: str, runs: dict[str, RunResult]
    ) -> None:
        document = BAD[name][1]
        (note,) = run_of(name, runs).notes
        for cure in note.cures:
            cured = cure.apply(document)
            assert cured != document, cure.label
            assert not [p for p in check(cured) if p.severity == "error"], cure.label


CURED = {
    "rate 10 on classes": 40, "rate 10 kills every unit": 20, "rate 10 on values": 40, "zero weights before Tanh": 20,
    "eight sigmoid layers": 60, "λ 10": 40, "wine as it is": 30, "values as they are": 40, "dead units": 20,
    "saturated units": 20, "rate of a millionth": 40, "a line for rings": 60, "few samples by heart": 100,
}  # fmt: skip


@pytest.mark.parametrize("name", CURED)
def test_the_first_cure_cures(name: str, runs: dict[str, RunResult]) -> None:
    (note,) = run_of(name, runs).notes
    cured = run_to_end(note.cures[0].apply(BAD[name][1]), epochs=CURED[name])
    assert note.kind not in [other.kind for other in cured.notes]
    before = run_of(name, runs).metrics
    watched = "validation_loss" if note.kind == "overfitting" else "train_loss"
    if note.kind != "targets":  # they are measured in other units then
        assert cured.metrics[watched] < before[watched]


# ------------------------------------------------------------------- good settings


def notes_on_the_way(document: Document, weights: Weights | None = None) -> set[str]:
    """Every note that any look at this run shows, with what it says."""
    loop: list[Loop] = []
    rounds = Rounds(document, apart=1.4)
    loop.append(Loop(document, rounds.hear, weights=weights))
    found: set[str] = set()
    for _ in loop[0].steps():
        rounds.look(loop[0])
        found |= {str(note) for note in rounds.notes}
    return found | {str(note) for note in rounds.end(loop[0])}


EPOCHS = {"digits-cnn": 4, "spiral": 120, "wave": 60}  # enough to see them begin; whole runs are measured by hand
SEEDS = {"digits-cnn": 1, "spiral": 1, "wave": 1}
HEAVY = {id_ for id_, each in EXAMPLES.items() if each.order >= 200}  # pictures, words, series and graphs
EPOCHS |= dict.fromkeys(HEAVY, 1)
SEEDS |= dict.fromkeys(HEAVY, 1)


@pytest.mark.parametrize(
    ("id_", "seed"), [(id_, seed) for id_ in EXAMPLES for seed in range(SEEDS.get(id_, 2))], ids=str
)
def test_no_example_raises_a_note_at_any_moment(id_: str, seed: int) -> None:
    document = example(id_, seed=seed)
    epochs = min(document.training.epochs, EPOCHS.get(id_, 100))
    assert notes_on_the_way(document.with_training(epochs=epochs)) == set()


GOOD = {
    "six ReLU layers": network("spiral", *(16,) * 6, 2, epochs=40, learning_rate=0.003),
    "six Tanh layers": network("moons", *(16,) * 6, 2, activation="Tanh", epochs=20, learning_rate=0.003),
    "momentum": network("xor", 16, 16, 2, epochs=40, learning_rate=0.05, optimizer=OPTIMIZERS["sgd"](momentum=0.9)),
    "logistic regression": network("breast-cancer", 2, epochs=40),
    "batch norm and dropout": Document(
        chain(
            layer("Input"), layer("Linear", out_features=16), layer("BatchNorm1d"), layer("ReLU"), layer("Dropout"),
            layer("Linear", out_features=3), layer("Output"),
        ),
        Data(dataset=DATASETS["wine"]()),
        Training(device="cpu", epochs=40),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_no_good_network_raises_a_note_at_any_moment(name: str) -> None:
    assert notes_on_the_way(GOOD[name]) == set()


def test_a_plateau_is_not_noted_when_the_task_is_solved() -> None:
    solved = network("blobs", 8, 3, epochs=150)
    assert notes_on_the_way(solved) == set()


# ------------------------------------------------------------------- rules and cures


def test_every_rule_has_a_title_and_explains_only_rules_that_are_there() -> None:
    for id_ in RULES:
        rule = RULES[id_]
        assert rule.title
        assert set(rule.explains) <= set(RULES) - {id_}, id_


def test_no_two_rules_explain_each_other_away() -> None:
    for id_ in RULES:
        for other in RULES[id_].explains:
            assert id_ not in RULES[other].explains, (id_, other)


def test_every_rule_is_raised_by_a_bad_setting() -> None:
    assert {kind for kind, _, _ in BAD.values()} == set(RULES)


def test_a_cure_leaves_a_document_alone_that_it_no_longer_fits(runs: dict[str, RunResult]) -> None:
    (note,) = run_of("dead units", runs).notes
    empty = Document()
    for cure in note.cures:
        assert cure.apply(empty).graph == empty.graph


def test_a_rate_far_above_the_usual_one_is_brought_back_to_it_and_another_one_to_a_third() -> None:
    from nnlab.engine.doctor.cures import lower_rate

    def rate(document: Document) -> float:
        return lower_rate(document, fresh=True).apply(document).training.learning_rate

    assert rate(example("spiral", learning_rate=10)) == 0.01
    assert rate(example("spiral", learning_rate=0.01)) == 0.003
    assert rate(example("spiral", learning_rate=10, optimizer=SGD)) == 0.1


def test_the_cure_of_a_run_that_blew_up_goes_on_from_the_restored_weights(runs: dict[str, RunResult]) -> None:
    (note,) = run_of("rate 10 on values", runs).notes
    assert note.severity == "error"
    assert note.node is not None
    assert [cure.fresh for cure in note.cures] == [False]
    document = BAD["rate 10 on values"][1]
    loop = Loop(document, lambda event: None)
    for _ in loop.steps():
        pass
    assert loop.finished is not None
    assert loop.finished.reason == "diverged"
    began = loop.epoch
    loop.configure(note.cures[0].apply(document).training)
    loop.reopen()
    for _ in loop.steps():
        pass
    assert loop.finished is not None
    assert loop.finished.reason == "done"
    assert loop.epoch == document.training.epochs > began
    assert loop.finished.metrics["train_r2"] > 0.8


def test_clipping_is_offered_only_where_it_would_help() -> None:
    def labels(**training: object) -> list[str]:
        document = example("curve", **training)
        end = Finished(1, "diverged", "Training blew up.", 0, 1, {})
        found = RULES["diverged"].find(Signs(document, Course(), (), end))
        assert found is not None
        return [cure.label for cure in found.cures]

    assert len(labels(learning_rate=10, optimizer=SGD)) == 1
    assert labels(learning_rate=0.2, optimizer=SGD)[1] == "Clip the gradients at 1 and go on"
    assert len(labels(learning_rate=0.2, optimizer=SGD, clip_norm=1)) == 1
    assert len(labels(learning_rate=0.02)) == 1


def test_notes_are_values_that_can_be_compared() -> None:
    one = Note("Said.", None, (), "dead", "Dead units")
    assert one == dataclasses.replace(one)
    assert str(one) == "Dead units: Said."
    assert Cure("Do it", lambda d: d).fresh is False
