"""How runs end: divergence that names its layer, early stopping, bad data, too little memory."""

from typing import Any

import numpy as np
import pytest
from small_networks import network

from nnlab.core.dataset import DATASETS, Samples
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.engine.asking import evaluate, predict
from nnlab.engine.device import check_memory, choose, needed_memory, threads_for
from nnlab.engine.events import Epochs, Event
from nnlab.engine.headless import run_to_end
from nnlab.errors import BuildError, DataError

DEEP = ("Linear 8", "ReLU", "Linear 8", "ReLU", "Linear 2")


@pytest.mark.parametrize("loss", ["mse", "cross-entropy"])
@pytest.mark.parametrize("batch_size", [16, 4000])
def test_divergence_names_a_layer_says_what_to_do_and_rolls_back(loss: str, batch_size: int) -> None:
    document = network(
        *DEEP, epochs=50, loss=loss, learning_rate=1000.0, optimizer=OPTIMIZERS["sgd"](), batch_size=batch_size
    )
    result = run_to_end(document)
    assert result.reason == "diverged"
    assert result.node in document.graph.nodes
    assert f"Linear ({result.node})" in result.message or f"ReLU ({result.node})" in result.message
    assert "learning rate" in result.message
    assert "1\u202f000" in result.message
    assert all(np.isfinite(w).all() for w in result.weights.values())
    assert np.isfinite(result.history["loss"]).all()
    assert np.isfinite(list(result.metrics.values())).all()


def test_divergence_later_in_a_run_goes_back_to_the_last_good_epoch() -> None:
    document = network(*DEEP, epochs=30, loss="mse", learning_rate=0.01, optimizer=OPTIMIZERS["sgd"]())
    from nnlab.engine.loop import Loop

    events: list[Event] = []
    loop = Loop(document, events.append)
    while loop.step < 47:
        loop.advance()
    loop.configure(document.training.with_(learning_rate=900.0))
    good = None
    for _ in loop.steps():
        pass
    assert loop.finished is not None
    assert loop.finished.reason == "diverged"
    good = [e for e in events if isinstance(e, Epochs)][-1].last
    assert (loop.epoch, loop.step) == (good.epoch, good.step)
    assert loop.finished.step > 47
    assert loop.finished.metrics["validation_loss"] == good.validation_loss


def test_a_good_run_does_not_raise_the_alarm() -> None:
    result = run_to_end(network(*DEEP, epochs=30))
    assert result.reason == "done"
    assert result.node is None
    assert result.message == "Trained for 30 epochs."


def test_early_stopping_puts_the_best_weights_in_place() -> None:
    document = network(*DEEP, epochs=500, learning_rate=0.1, early_stopping=True, patience=5)
    result = run_to_end(document)
    assert result.reason == "early"
    history = result.history["validation_loss"]
    assert result.best_epoch == int(np.argmin(history)) + 1
    assert result.epochs == result.best_epoch + 5
    assert result.metrics["validation_loss"] == pytest.approx(history.min(), rel=1e-6)
    assert f"epoch {result.best_epoch}" in result.message


def test_without_validation_early_stopping_watches_the_training_loss_and_says_so() -> None:
    document = network(*DEEP, epochs=3, early_stopping=True).with_data(validation=0.0)
    result = run_to_end(document)
    assert any("training loss" in notice for notice in result.notices)
    assert np.isnan(result.history["validation_loss"]).all()
    assert set(result.metrics) == {"train_loss", "train_accuracy"}


def test_should_stop_ends_after_the_present_step() -> None:
    count = iter(range(100))
    result = run_to_end(network(*DEEP, epochs=20), should_stop=lambda: next(count) == 6)
    assert (result.reason, result.steps) == ("stopped", 7)
    assert len(result.history["loss"]) == 7


def test_batch_size_one_with_batch_normalisation_is_refused_with_a_sentence() -> None:
    with pytest.raises(BuildError, match="batch size of at least 2") as caught:
        run_to_end(network("Linear 4", "BatchNorm1d", "Linear 2", batch_size=1))
    assert caught.value.node is not None
    assert caught.value.node.startswith("batch")


def test_a_network_without_weights_is_refused() -> None:
    with pytest.raises(BuildError, match="nothing to learn"):
        run_to_end(network("Tanh"))


def test_a_device_that_is_not_there_gives_the_cpu_and_a_notice() -> None:
    import torch

    if not torch.backends.mps.is_available():
        place = choose("mps")
        assert place.label == "CPU"
        assert "Apple GPU" in place.notice
    assert choose("cpu").notice == ""
    assert choose("cuda:99; rm").label == "CPU"


def test_a_run_that_would_not_fit_into_memory_is_refused_and_names_the_layer() -> None:
    document = network("Linear 9000", "Linear 9000", "Linear 2")
    assert needed_memory(document, 16, 400) > 4 * 4 * 9000**2
    with pytest.raises(BuildError, match="GB of memory") as caught:
        check_memory(document, 16, 400, free=2 * 10**9)
    assert caught.value.node == "linear_2"
    check_memory(network(*DEEP), 16, 400, free=10**9)


def test_small_networks_get_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert threads_for(network(*DEEP), 16) == 1
    assert threads_for(network("Linear 2000", "Linear 2000", "Linear 2"), 64) == 7


def test_running_out_of_memory_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from nnlab.engine.learner import Learner

    def broken(self: Learner, *rest: object) -> Any:
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")

    monkeypatch.setattr(Learner, "step", broken)
    with pytest.raises(BuildError, match="Lower the batch size"):
        run_to_end(network(*DEEP))


def test_evaluate_and_predict_speak_the_data_s_own_units() -> None:
    document = network("Linear 8", "Tanh", "Linear 1", epochs=5)
    document = document.with_data(dataset=DATASETS["curve"](), standardise_targets=True, test=0.2)
    result = run_to_end(document)
    assert evaluate(document, result.weights) == result.metrics
    from nnlab.core.parts import divide

    parts = divide(document.data)
    answers = predict(document, result.weights, parts.raw_test.inputs)
    left = ((parts.raw_test.targets - answers) ** 2).sum()
    spread = ((parts.raw_test.targets - parts.raw_test.targets.mean()) ** 2).sum()
    assert 1 - left / spread == pytest.approx(result.metrics["test_r2"], abs=1e-4)
    figures = evaluate(document, result.weights, parts.raw_test)
    assert figures["r2"] == pytest.approx(result.metrics["test_r2"], abs=1e-5)


@pytest.mark.parametrize("last", [("Linear 2",), ("Linear 1",), ("Linear 2", "Softmax"), ("Linear 1", "Sigmoid")])
@pytest.mark.parametrize("loss", ["auto", "mse"])
def test_predictions_are_probabilities_however_the_network_ends(last: tuple[str, ...], loss: str) -> None:
    document = network("Linear 8", "Tanh", *last, loss=loss, epochs=2)
    result = run_to_end(document)
    says = predict(document, result.weights, np.random.default_rng(0).normal(size=(50, 2)))
    assert says.shape == (50, 2)
    assert says.min() >= 0
    assert np.allclose(says.sum(1), 1, atol=1e-6)


def test_inputs_of_another_form_are_refused_with_a_sentence() -> None:
    document = network(*DEEP)
    with pytest.raises(DataError, match="2 numbers"):
        predict(document, None, np.zeros((4, 3)))
    with pytest.raises(DataError, match="Row 2"):
        predict(document, None, np.array([[0, 0], [np.nan, 0]]))


def test_answers_and_weights_that_do_not_fit_are_refused_with_a_sentence() -> None:
    document = network(*DEEP, epochs=1)
    weights = run_to_end(document).weights
    inputs = np.zeros((3, 2), np.float32)
    for targets in ([0, 1, 2], [0, 1], [[0], [1], [0]], [-1, 0, 0]):
        with pytest.raises(DataError):
            evaluate(document, weights, Samples(inputs, np.array(targets)))
    with pytest.raises(DataError, match="no samples"):
        predict(document, weights, inputs[:0])
    with pytest.raises(BuildError, match="another network"):
        predict(network("Linear 9", "Linear 2"), weights, inputs)
