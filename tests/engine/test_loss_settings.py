"""Losses with settings: both engines and many seeds take the same steps, files and code keep them, formulas are right."""

from typing import Any

import numpy as np
import pytest
import torch
from small_networks import chain, layers, network
from two_runs import ENGINES, assert_same, loop_of, to_end

from nnlab.core.check import check
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.fixes import set_layer
from nnlab.core.loss import LOSSES, Loss
from nnlab.core.objective import counted, fitted, resolve
from nnlab.core.parts import divide
from nnlab.engine.export import python
from nnlab.engine.headless import run_to_end
from nnlab.engine.learner import Learner
from nnlab.engine.many.side_by_side import SideBySide
from nnlab.engine.metrics import classes_of, probabilities
from nnlab.errors import BuildError, SettingError
from nnlab.files.codec import document_from_dict, document_to_dict

SET: dict[str, tuple[str, Loss]] = {
    "smoothed": ("Linear 2", LOSSES["cross-entropy"](label_smoothing=0.1)),
    "weighed": ("Linear 2", LOSSES["cross-entropy"](class_weights="own", weights="1, 3")),
    "both": ("Linear 2", LOSSES["cross-entropy"](class_weights="own", weights="0.5, 3", label_smoothing=0.2)),
    "balanced": ("Linear 2", LOSSES["cross-entropy"](class_weights="balanced")),
    "focal": ("Linear 2", LOSSES["focal"](gamma=1.5, class_weights="own", weights="1, 3")),
    "yes counts more": ("Linear 1", LOSSES["bce"](pos_weight=3.0, label_smoothing=0.1)),
    "hinge": ("Linear 1", LOSSES["hinge"](margin=0.5)),
    "many margins": ("Linear 2", LOSSES["multi-margin"](margin=0.5, p=2)),
    "triplets": ("Linear 3", LOSSES["triplet"](margin=0.5)),
    "pairs": ("Linear 3", LOSSES["contrastive"](margin=2.0)),
}


def small(last: str, loss: str | Loss, **training: Any) -> Document:
    return network("Linear 4", "Tanh", last, loss=loss, batch_size=60, **training)


def uneven(loss: Loss) -> Document:
    """Three classes of wine, of which one is rarer."""
    return Document(graph=chain(*layers("Linear 3"))).with_data(dataset=DATASETS["wine"]()).with_training(loss=loss)


@pytest.mark.parametrize(("last", "loss"), SET.values(), ids=SET)
def test_the_captured_engine_takes_the_same_steps(last: str, loss: Loss) -> None:
    runs = [loop_of(small(last, loss, epochs=12), engine) for engine in ENGINES]
    for loop, _told in runs:
        to_end(loop)
    assert_same(*runs)


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
@pytest.mark.parametrize(("last", "loss"), SET.values(), ids=SET)
def test_many_seeds_side_by_side_are_each_what_they_are_alone(last: str, loss: Loss) -> None:
    document = small(last, loss, epochs=4)
    many = SideBySide(document, (3, 4))
    for _ in many.steps():
        pass
    arrays = many.arrays()
    for k, seed in enumerate((3, 4)):
        alone = run_to_end(document.with_training(seed=seed))
        for name, array in alone.weights.items():
            assert np.allclose(arrays[name][k], array, atol=1e-4), name


def test_balanced_weights_are_counted_in_the_training_part_alone() -> None:
    document = uneven(LOSSES["cross-entropy"](class_weights="balanced"))
    parts = divide(document.data)
    counts = np.bincount(parts.train.targets, minlength=3)
    loss = fitted(resolve(document), parts).loss
    assert np.allclose(getattr(loss, "factors"), counts.sum() / (3 * counts), rtol=1e-5)  # noqa: B009
    assert Learner(document).objective.loss == loss
    x, y = torch.randn(9, 3), torch.arange(9) % 3
    weight = torch.tensor(getattr(loss, "factors"))  # noqa: B009
    assert torch.equal(Learner(document).loss(x, y), torch.nn.CrossEntropyLoss(weight)(x, y))


def test_exported_code_has_the_counted_weights_in_numbers() -> None:
    document = uneven(LOSSES["cross-entropy"](class_weights="balanced", label_smoothing=0.1))
    text = python(document)
    factors = getattr(counted(document, resolve(document)).loss, "factors")  # noqa: B009
    assert f"weight=prediction.new_tensor({list(factors)!r}),\n        label_smoothing=0.1" in text
    assert "label_smoothing" not in python(uneven(LOSSES["cross-entropy"](class_weights="balanced")))


def test_a_loss_without_settings_is_written_as_it_always_was() -> None:
    document = small("Linear 2", LOSSES["cross-entropy"]())
    assert document.training.loss == "cross-entropy"
    assert document_to_dict(document)["training"]["loss"] == "cross-entropy"
    assert "    return F.cross_entropy(prediction, target)\n" in python(document)


@pytest.mark.parametrize(("last", "loss"), SET.values(), ids=SET)
def test_a_file_keeps_the_settings_of_a_loss(last: str, loss: Loss) -> None:
    document = small(last, loss)
    written = document_to_dict(document)
    assert written["training"]["loss"]["type"] == LOSSES.id_of(loss)
    assert document_from_dict(written) == (document, ())


def test_an_outputs_own_loss_may_have_settings_and_files_keep_them() -> None:
    document = small("Linear 2", "auto")
    output = next(n for n, node in document.graph.nodes.items() if node.type_id == "Output")
    smoothed = LOSSES["cross-entropy"](label_smoothing=0.25)
    own = document.with_graph(set_layer(document.graph, output, loss=smoothed))
    assert resolve(own).loss == smoothed
    assert document_from_dict(document_to_dict(own)) == (own, ())
    plain = own.with_graph(set_layer(own.graph, output, loss=LOSSES["cross-entropy"]()))
    assert getattr(plain.graph.node(output).layer, "loss") == "cross-entropy"  # noqa: B009


def test_a_loss_of_a_newer_version_and_its_settings_go_back_into_the_file() -> None:
    written = document_to_dict(small("Linear 2", "auto"))
    written["training"]["loss"] = {"type": "smarter", "wit": 3}
    document, notices = document_from_dict(written)
    assert document.training.loss == "auto"
    assert "'smarter' is not known here: Automatic stands in for it" in " ".join(notices)
    assert document_to_dict(document)["training"]["loss"] == {"type": "smarter", "wit": 3}
    assert document_to_dict(document.with_training(loss="mse"))["training"]["loss"] == "mse"
    written["training"]["loss"] = {"type": "cross-entropy", "wit": 3}
    document, notices = document_from_dict(written)
    assert document.training.loss == "cross-entropy"
    assert "wit" in " ".join(notices)
    assert document_to_dict(document)["training"]["loss"] == {"type": "cross-entropy", "wit": 3}


def test_a_wrong_setting_is_refused_in_words() -> None:
    with pytest.raises(SettingError, match=r"Label smoothing needs a number from 0 to 1, not 1\.5"):
        LOSSES["cross-entropy"](label_smoothing=1.5)
    with pytest.raises(SettingError, match="Loss needs the name of a loss"):
        network("Linear 2", loss=3)


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ("", "has 2 classes, and its loss has no weights: give one number for each class"),
        ("1, 2, 3", "has 2 classes, and its loss has 3 weights: give one number"),
        ("1, x", "'1, x', and these must be numbers above 0: write one for each class"),
        ("1, 0", "must be numbers above 0"),
    ],
)
def test_weights_that_do_not_fit_the_classes_are_told_at_the_output(weights: str, says: str) -> None:
    for id_ in ("cross-entropy", "focal"):
        with pytest.raises(BuildError) as problem:
            resolve(small("Linear 2", LOSSES[id_](class_weights="own", weights=weights)))
        assert says in str(problem.value)
        assert problem.value.node == "output"


def test_weights_that_do_not_fit_can_be_balanced_at_once() -> None:
    document = small("Linear 2", LOSSES["focal"](gamma=1.0, class_weights="own", weights="1"))
    (problem,) = check(document)
    balance = next(fix for fix in problem.fixes if fix.label == "Balance the weights of the classes")
    cured = balance.apply(document)
    assert not check(cured)
    assert cured.training.loss == LOSSES["focal"](gamma=1.0, class_weights="balanced", weights="1")


@pytest.mark.parametrize("id_", ["cross-entropy", "focal", "nll", "kl-div", "multi-margin"])
def test_a_picture_of_classes_shows_the_softmax_of_scores(id_: str) -> None:
    last = ("Linear 2", "LogSoftmax") if id_ == "nll" else ("Linear 2",)
    objective = resolve(network(*last, loss=id_))
    scores = torch.randn(6, 2) - 5
    assert torch.allclose(probabilities(scores, objective), scores.softmax(1))
    assert torch.equal(probabilities(scores, objective).argmax(1), classes_of(scores, objective))


@pytest.mark.parametrize(("id_", "middle"), [("bce", 0.0), ("hinge", 0.0), ("mse", 0.5), ("hinge-embedding", 0.5)])
def test_one_number_means_yes_above_its_loss_own_middle(id_: str, middle: float) -> None:
    objective = resolve(network("Linear 1", loss=id_))
    scores = torch.tensor([[middle - 0.1], [middle + 0.1]])
    assert classes_of(scores, objective).tolist() == [0, 1]
    assert probabilities(scores, objective).argmax(1).tolist() == [0, 1]
    assert f"prediction > {middle or 0}" in python(network("Linear 1", loss=id_)).replace("(", "")
    drawn = resolve(network("Linear 1", "Sigmoid", loss="bce"))
    assert drawn.main.middle == 0.5
