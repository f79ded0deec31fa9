"""Answers that are places or that come with a doubt: what is measured, drawn and told of them."""

import numpy as np
import pytest
import torch
from small_networks import chain, layers
from two_runs import ENGINES, assert_same, loop_of, to_end

from nnlab.core.check import Problem, check
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.fixes import set_layer
from nnlab.core.layer import LAYERS
from nnlab.core.loss import LOSSES
from nnlab.core.objective import resolve
from nnlab.core.schedule import SCHEDULES
from nnlab.engine.asking import evaluate, predict
from nnlab.engine.export import python
from nnlab.engine.headless import run_to_end
from nnlab.engine.learner import Learner
from nnlab.engine.loop import Loop
from nnlab.engine.many.side_by_side import SideBySide
from nnlab.engine.metrics import measured_loss, neighbours, rows_right
from nnlab.engine.probes import answer
from nnlab.engine.wants import BoundaryWant, Health, HealthWant, PointsWant, SampleValues, SampleWant
from nnlab.errors import SettingError
from nnlab.project import Project

PLACES = ("triplet", "contrastive")


def iris(loss: object, units: int = 2, **training: object) -> Document:
    graph = chain(*layers("Linear 8", "Tanh", f"Linear {units}"))
    made = Document(graph=graph).with_data(dataset=DATASETS["iris"](), validation=0.3)
    return made.with_training(**{"epochs": 30, "batch_size": 32, "loss": loss, **training})


def doubtful(width: int = 2, **training: object) -> Document:
    graph = chain(*layers("Linear 8", "Tanh", f"Linear {width}"))
    made = Document(graph=graph).with_data(dataset=DATASETS["curve"]())
    return made.with_training(**{"epochs": 30, "loss": "gaussian-nll", **training})


@pytest.mark.parametrize("loss", PLACES)
def test_places_are_learned_and_judged_by_their_neighbours(loss: str) -> None:
    result = run_to_end(iris(loss))
    assert result.metrics["validation_neighbours"] > 0.9
    assert "validation_accuracy" not in result.metrics
    assert evaluate(iris(loss), result.weights) == pytest.approx(dict(result.metrics), rel=1e-5)
    assert predict(iris(loss), result.weights, np.zeros((5, 4), np.float32)).shape == (5, 2)


def test_the_nearest_neighbour_is_another_sample_and_never_the_sample_itself() -> None:
    places = torch.tensor([[0.0], [1.0], [1.1], [5.0]])
    assert float(neighbours(places, torch.tensor([0, 0, 0, 1]))) == pytest.approx(0.75)
    assert float(neighbours(places, torch.tensor([0, 1, 1, 0]))) == pytest.approx(0.5)
    many = torch.randn(3000, 2)
    assert float(neighbours(many, (many[:, 0] > 0).long())) > 0.9


def test_of_more_samples_than_a_batch_the_loss_is_the_mean_over_batches_of_every_kth_sample() -> None:
    objective = resolve(iris("triplet"))
    x, y = torch.randn(10, 2), torch.arange(10) // 5
    whole, parts = measured_loss(objective, 10), measured_loss(objective, 4)
    by_hand = sum(float(whole(x[k::3], y[k::3])) * len(y[k::3]) for k in range(3)) / 10
    assert float(parts(x, y)) == pytest.approx(by_hand, rel=1e-6)
    assert float(measured_loss(objective, 16)(x, y)) == float(whole(x, y))


def test_pictures_of_classes_say_that_there_are_none_and_samples_are_shown_all_the_same() -> None:
    loop = Loop(iris("triplet"), lambda event: None)
    loop.advance()
    for want in (BoundaryWant(), PointsWant()):
        said = answer(want, loop)
        assert isinstance(said, str)
        assert "a place for each sample" in said
    shown = answer(SampleWant(), loop)
    assert isinstance(shown, SampleValues)
    assert shown.prediction.size == 0
    assert not isinstance(answer(HealthWant(), loop), str)


def test_many_seeds_learn_places_without_a_picture_of_classes() -> None:
    many = SideBySide(iris("contrastive", epochs=2), (1, 2))
    for _ in many.steps():
        pass
    assert not many.lost.any()


def test_a_value_with_a_doubt_is_judged_and_drawn_by_its_value() -> None:
    document = doubtful(epochs=60)
    result = run_to_end(document)
    assert result.metrics["validation_r2"] > 0.5
    learner = Learner(document, result.weights)
    x, _ = learner.data["validation"]
    with learner.looking():
        both = learner.answers(x)
    said = predict(document, result.weights, learner.parts.raw_validation.inputs)
    assert said.shape == (len(x), 1)
    assert np.allclose(said[:, 0], learner.parts.original_targets(both[:, :1].numpy())[:, 0])
    loop = Loop(document, lambda event: None)
    loop.advance()
    drawn = answer(BoundaryWant(), loop)
    assert not isinstance(drawn, str)
    assert drawn.values.shape[-1] == 1  # type: ignore[attr-defined]
    assert not isinstance(answer(HealthWant(), loop), str)


def test_too_few_numbers_for_a_doubt_are_told_with_a_cure() -> None:
    document = doubtful(width=1)
    (problem,) = check(document)
    assert "the data need 2 numbers a sample" in problem.message
    cured = problem.fixes[0].apply(document)
    assert not check(cured)
    assert resolve(cured).loss == LOSSES["gaussian-nll"]()


def zed(units: int, **training: object) -> Document:
    """Words of Zed are read off the steps of the words before them, as far as that goes."""
    graph = chain(LAYERS["Embedding"](embedding_dim=8), *layers(f"Linear {units}"))
    entry = next(n for n, node in graph.nodes.items() if node.type_id == "Input")
    graph = set_layer(graph, entry, source="zed so far")
    made = Document(graph=graph).with_data(dataset=DATASETS["zed"]())
    return made.with_training(**{"epochs": 1, "batch_size": 256, "loss": "ctc", **training})


def errors(document: Document) -> list[Problem]:
    return [problem for problem in check(document) if problem.severity == "error"]


def read(scores: torch.Tensor) -> list[int]:
    """The row that these steps say, one after the other."""
    found, before = [], 0
    for said in scores.argmax(1).tolist():
        if said and said != before:
            found.append(said - 1)
        before = said
    return found


def test_rows_are_right_if_the_likeliest_of_each_step_reads_as_they_do() -> None:
    torch.manual_seed(0)
    scores, lengths = torch.randn(300, 5, 3), torch.randint(0, 4, (300, 1))
    rows = torch.where(torch.arange(3) < lengths, torch.randint(2, (300, 3)), -1)
    right = [read(s) == [k for k in row.tolist() if k >= 0] for s, row in zip(scores, rows, strict=True)]
    assert 0 < sum(right) < 300
    assert float(rows_right(scores, rows)) == pytest.approx(sum(right) / 300)
    text = python(zed(15))
    names: dict[str, object] = {"torch": torch}
    exec(text[text.index("def exactness") : text.index("def evaluate")], names)
    assert float(names["exactness"](scores, rows)) == pytest.approx(sum(right) / 300)  # type: ignore[operator]


def test_a_row_is_learned_without_saying_which_step_says_what() -> None:
    document = zed(15)
    assert not errors(document)
    assert resolve(document).metric == "exact"
    runs = [loop_of(document, engine) for engine in ENGINES]
    for loop, _told in runs:
        to_end(loop)
    assert_same(*runs)
    loop = runs[0][0]
    assert loop.finished is not None
    assert loop.finished.metrics["validation_loss"] < 5
    shown = answer(SampleWant(), loop)
    assert isinstance(shown, SampleValues), shown
    found = answer(HealthWant(), loop)
    assert isinstance(found, Health), found
    assert np.isfinite(found.guess_loss)
    said = predict(document, loop.learner.as_arrays(), *samples_of(loop))
    assert said.shape == (3, 10, 15)
    assert np.allclose(said.sum(2), 1, atol=1e-5)


def samples_of(loop: Loop) -> tuple[object, tuple[object, ...]]:
    first, *more = loop.learner.parts.spec.unpack(loop.learner.parts.raw_validation.inputs[:3])
    return first, tuple(more)


def test_too_few_scores_for_a_row_are_told_with_a_cure() -> None:
    (problem,) = errors(zed(14))
    assert "CTC needs N × 10 × 15 or more steps" in problem.message
    assert not errors(problem.fixes[0].apply(zed(14)))


def test_settings_of_a_loss_go_along_by_their_own_names() -> None:
    project = Project(iris("auto"))
    project.set_training(loss="cross-entropy", label_smoothing=0.1)
    assert project.document.training.loss == LOSSES["cross-entropy"](label_smoothing=0.1)
    project.set_training(label_smoothing=0.0)
    assert project.document.training.loss == "cross-entropy"
    project.set_training(schedule="exponential")
    project.set_training(loss="focal", gamma=0.5)
    assert project.document.training.loss == LOSSES["focal"](gamma=0.5)
    assert project.document.training.schedule == SCHEDULES["exponential"]()
    project.set_training(gamma=0.8)
    assert project.document.training.schedule == SCHEDULES["exponential"](gamma=0.8)
    with pytest.raises(SettingError, match="training has no setting 'delta'"):
        project.set_training(delta=2.0)
    with pytest.raises(SettingError, match="Loss needs one of"):
        project.set_training(loss="guess")


GUESSED = {
    "smoothed": iris(LOSSES["cross-entropy"](label_smoothing=0.1), units=3),
    "weighed": iris(LOSSES["cross-entropy"](class_weights="balanced"), units=3),
    "triplet": iris("triplet"),
    "contrastive": iris("contrastive"),
    "focal": iris("focal", units=3),
    "doubt": doubtful(),
    "huber": doubtful(width=1, loss=LOSSES["huber"](delta=0.5)),
}


@pytest.mark.parametrize("name", GUESSED)
def test_the_doctor_knows_what_a_guess_would_lose(name: str) -> None:
    loop = Loop(GUESSED[name], lambda event: None)
    loop.advance()
    found = answer(HealthWant(), loop)
    assert isinstance(found, Health), found
    assert 0 < found.guess_loss < 3


def test_learning_places_or_a_doubt_is_no_reason_to_complain() -> None:
    for document in (iris("triplet", epochs=60), iris("contrastive", epochs=60), doubtful(epochs=60)):
        assert not [note for note in run_to_end(document).notes if "no longer falls" in note.title]
