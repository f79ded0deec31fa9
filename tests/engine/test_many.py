"""Rolling the dice: every seed side by side is what it is alone."""

import numpy as np
import pytest
import torch
from small_networks import chain, layers, network

from nnlab.core.dataset import DATASETS
from nnlab.core.document import SEED_LIMIT, Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.schedule import SCHEDULES
from nnlab.engine.captured.tape import CannotCapture
from nnlab.engine.headless import run_to_end
from nnlab.engine.many.functions import divided
from nnlab.engine.many.one_by_one import OneByOne
from nnlab.engine.many.products import SideBySideLinear
from nnlab.engine.many.rolled import Rolled, RollStatus, best_of, next_seeds
from nnlab.engine.many.roller import Roller
from nnlab.engine.many.rolling import EARLY_STOPPING, Asked, roll
from nnlab.engine.many.room import fits_side_by_side
from nnlab.engine.many.side_by_side import SideBySide
from nnlab.errors import BuildError, DataError

CLOSE = 1e-5


def sgd(rate: float = 0.1, **settings: object) -> dict[str, object]:
    return {"optimizer": OPTIMIZERS["sgd"](**settings), "learning_rate": rate}


def digits() -> Document:
    front = [LAYERS["Conv2d"](out_channels=3), LAYERS["BatchNorm2d"](), LAYERS["ReLU"](), LAYERS["MaxPool2d"]()]
    graph = chain(*front, LAYERS["Flatten"](), LAYERS["Linear"](out_features=10))
    made = Document(graph=graph).with_data(dataset=DATASETS["digits"]())
    return made.with_training(batch_size=128, epochs=1, **sgd(0.05))


def merged() -> Document:
    """Two ways that are added."""
    graph = Graph()
    for node_id, kind, settings in (
        ("input", "Input", {}),
        ("left", "Linear", {"out_features": 6}),
        ("right", "Linear", {"out_features": 6}),
        ("bent", "Tanh", {}),
        ("sum", "Add", {}),
        ("last", "Linear", {"out_features": 2}),
        ("output", "Output", {}),
    ):
        graph = graph.with_node(Node(node_id, LAYERS[kind](**settings)))
    graph = graph.connect("input", "left").connect("input", "right").connect("left", "bent")
    graph = graph.connect("bent", "sum").connect("right", "sum")
    return Document(graph=graph.connect("sum", "last").connect("last", "output")).with_training(epochs=40)


EIGHT = ("Linear 8", "Tanh", "Linear 8", "Tanh", "Linear 8", "Tanh", "Linear 2")

NETWORKS: dict[str, Document] = {
    "8-8-8 with SGD": network(*EIGHT, epochs=100, batch_size=10, **sgd(0.1)),
    "8-8-8 with Adam": network(*EIGHT, epochs=60, batch_size=10),
    "8-8-8-1": network(*EIGHT[:-1], "Linear 1", epochs=60, batch_size=10),
    "ReLU": network("Linear 8", "ReLU", "Linear 8", "ReLU", "Linear 2", epochs=60),
    "momentum, L1, L2 and clipping": network(
        "Linear 6", "Tanh", "Linear 2", epochs=30, l1=1e-4, l2=1e-3, clip_norm=0.5, **sgd(0.05, momentum=0.9)
    ),
    "RMSprop on a cosine": network(
        "Linear 6", "Tanh", "Linear 2", epochs=30, optimizer=OPTIMIZERS["rmsprop"](), schedule=SCHEDULES["cosine"]()
    ),
    "one cycle": network("Linear 6", "Tanh", "Linear 2", epochs=20, schedule=SCHEDULES["one-cycle"]()),
    "Dropout": network("Linear 8", "Tanh", "Dropout 0.3", "Linear 8", "Tanh", "Dropout 0.5", "Linear 2", epochs=40),
    "batch norm": network("Linear 7", "BatchNorm1d", "Tanh", "Linear 2", epochs=40, batch_size=11),
    "sigmoid": network("Linear 7", "Sigmoid", "Linear 8", "Sigmoid", "Linear 2", epochs=40, batch_size=10),
    "ends in a sigmoid": network("Linear 7", "Tanh", "Linear 1", "Sigmoid", epochs=40, batch_size=13, **sgd(0.5)),
    "ends in a softmax": network("Linear 7", "Tanh", "Linear 2", "Softmax", epochs=20, batch_size=16),
    "clipped Adam": network(*EIGHT, epochs=15, batch_size=10, clip_norm=0.3),
    "two ways": merged(),
    "values": Document(graph=chain(*layers("Linear 8", "Tanh", "Linear 1")))
    .with_data(dataset=DATASETS["surface"](), standardise_targets=True)
    .with_training(epochs=20),
    "pictures": digits(),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_seed_side_by_side_is_what_it_is_alone(name: str) -> None:
    document = NETWORKS[name]
    seeds = next_seeds(11, 3 if name == "pictures" else 9)
    rolled = roll(Asked(document, seeds))
    assert rolled.engine == "side by side"
    for place in (0, 6 if len(seeds) > 6 else 2):
        alone = run_to_end(document, seed=seeds[place])
        for curve, table in rolled.curves.items():
            np.testing.assert_allclose(table[:, place], alone.history[curve], atol=CLOSE, rtol=0, err_msg=curve)
        assert set(rolled.metrics) == set(alone.metrics)
        for metric, value in alone.metrics.items():
            assert abs(rolled.metrics[metric][place] - value) <= CLOSE, metric
        weights = rolled.weights(place)
        assert weights is not None
        assert set(weights) == set(alone.weights)
        for key, values in alone.weights.items():
            np.testing.assert_allclose(weights[key], values, atol=CLOSE, err_msg=key)


def test_the_numbers_do_not_depend_on_who_else_is_rolled() -> None:
    document = NETWORKS["8-8-8 with Adam"].with_training(epochs=10)
    many, few = roll(Asked(document, next_seeds(0, 12))), roll(Asked(document, (5, 3)))
    for name, table in few.curves.items():
        np.testing.assert_allclose(table[:, 0], many.curves[name][:, 5], atol=1e-6)


def test_a_seed_that_blows_up_is_lost_and_hurts_no_other() -> None:
    graph = chain(*layers("Linear 8", "Linear 8", "Linear 1"))
    document = Document(graph=graph).with_data(dataset=DATASETS["surface"]()).with_training(epochs=8, **sgd(0.6))
    seeds = next_seeds(0, 12)
    rolled = roll(Asked(document, seeds))
    fates = [run_to_end(document, seed=seed).reason for seed in seeds]
    assert rolled.lost.tolist() == [fate == "diverged" for fate in fates]
    assert 0 < rolled.lost.sum() < len(seeds), "this test needs some of both"
    for place, lost in enumerate(rolled.lost):
        assert np.isnan(rolled.scores[place]) == lost
        assert (rolled.weights(place) is None) == lost
        assert np.isnan(rolled.curves["train_loss"][-1, place]) == lost
    assert not rolled.lost[rolled.best or 0]


def test_the_roll_ends_when_every_seed_has_blown_up() -> None:
    rolled = roll(Asked(network("Linear 8", "Linear 8", "Linear 2", epochs=500, **sgd(900.0)), next_seeds(0, 4)))
    assert rolled.reason == "lost"
    assert rolled.epochs < 500
    assert rolled.best is None
    assert not rolled.solved().any()
    assert "Lower the learning rate" in rolled.message


def test_it_can_be_stopped_after_any_step() -> None:
    moments = iter(range(3))
    rolled = roll(Asked(network(*EIGHT, epochs=900), next_seeds(0, 5), go_on=lambda: next(moments, None) is not None))
    assert rolled.reason == "stopped"
    assert rolled.epochs < 4
    assert np.isfinite(rolled.scores).all()


def test_it_tells_where_it_stands_and_what_was_told_stays_as_it_was() -> None:
    told: list[RollStatus] = []
    rolled = roll(Asked(network(*EIGHT, epochs=30), next_seeds(0, 6), tell=told.append, wants_planes=lambda: True))
    assert told[0].epoch == 0
    assert told[-1].result is rolled
    assert told[-1].state == "finished"
    assert told[-1].done == 1.0
    assert [status.done for status in told] == sorted(status.done for status in told)
    for status in told:
        assert not status.curves["train_loss"].flags.writeable
        np.testing.assert_array_equal(status.curves["train_loss"], rolled.curves["train_loss"][: status.epoch])


def test_the_pictures_are_of_the_networks() -> None:
    rolled = roll(Asked(network(*EIGHT, epochs=2), (3, 4)))
    assert rolled.planes is not None
    assert rolled.planes.values.shape == (2, 36, 36, 2)
    np.testing.assert_allclose(rolled.planes.values.sum(-1), 1.0, atol=1e-5)
    assert roll(Asked(digits(), (0,))).planes is None


def test_early_stopping_is_off_and_that_is_said() -> None:
    document = network("Linear 4", "Tanh", "Linear 2", epochs=25, early_stopping=True, patience=1)
    rolled = roll(Asked(document, (0, 1)))
    assert rolled.epochs == 25
    assert rolled.notices == (EARLY_STOPPING,)


def test_without_validation_training_judges() -> None:
    rolled = roll(Asked(network(*EIGHT, epochs=5).with_data(validation=0.0), (0, 1)))
    assert set(rolled.curves) == {"train_loss", "train_metric"}
    assert rolled.part == "train"


def test_what_cannot_be_rolled_is_a_sentence() -> None:
    document = network(*EIGHT)
    with pytest.raises(DataError, match="no seed to roll"):
        roll(Asked(document, ()))
    with pytest.raises(DataError, match="too many"):
        roll(Asked(document, next_seeds(0, 5_000)))
    with pytest.raises(DataError, match="whole number from 0"):
        roll(Asked(document, (1, -1)))
    with pytest.raises(BuildError):
        roll(Asked(Document(), (0, 1)))
    with pytest.raises(BuildError, match="nothing to learn"):
        roll(Asked(network("Tanh"), (0, 1)))


def test_memory_is_told_before_anything_is_built() -> None:
    document = network(*EIGHT)
    assert fits_side_by_side(document, 64, 200, 16, 320, free=10**9)
    assert not fits_side_by_side(document, 64, 200, 16, 320, free=10**7)
    with pytest.raises(BuildError, match="roll fewer seeds"):
        fits_side_by_side(document, 64, 1_000_000, 16, 320, free=10**9)


def test_after_the_largest_seed_comes_nought() -> None:
    assert next_seeds(SEED_LIMIT - 1, 4) == (SEED_LIMIT - 1, SEED_LIMIT, 0, 1)
    assert roll(Asked(network("Linear 3", "Tanh", "Linear 2", epochs=1), (SEED_LIMIT, 0))).epochs == 1


def test_the_best_has_the_best_score_and_then_the_lowest_loss() -> None:
    nan = float("nan")
    assert best_of(np.array([0.5, 0.9, nan, 0.9]), np.array([0.1, 0.4, nan, 0.3])) == 3
    assert best_of(np.array([nan, nan]), np.array([nan, nan])) is None


@pytest.fixture
def one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little memory to go side by side."""
    monkeypatch.setattr("nnlab.engine.many.rolling.fits_side_by_side", lambda *facts: False)


@pytest.mark.usefixtures("one_after_another")
class TestOneAfterAnother:
    def test_gives_the_same_and_says_why(self, monkeypatch: pytest.MonkeyPatch) -> None:
        document = network(*EIGHT, epochs=6)
        rolled = roll(Asked(document, (4, 5, 6)))
        assert rolled.engine == "one after another"
        assert "one after another" in rolled.notices[0]
        monkeypatch.undo()
        _same(rolled, roll(Asked(document, (4, 5, 6))))

    def test_can_be_stopped_in_the_middle_of_a_seed(self) -> None:
        asked = Asked(network(*EIGHT, epochs=6), (4, 5, 6))
        steps = iter(range(20 * 6 + 30))
        rolled = roll(Asked(asked.document, asked.seeds, go_on=lambda: next(steps, None) is not None))
        assert rolled.reason == "stopped"
        assert rolled.lost.tolist() == [False, False, True]
        assert np.isnan(rolled.scores[2])
        assert rolled.weights(2) is None

    def test_a_seed_that_blows_up_is_lost(self) -> None:
        document = network("Linear 8", "Linear 8", "Linear 2", epochs=9, **sgd(900.0))
        assert roll(Asked(document, (0, 1))).lost.all()


def _same(one: Rolled, other: Rolled) -> None:
    for name, table in one.curves.items():
        np.testing.assert_allclose(table, other.curves[name], atol=1e-6)
    assert one.planes is not None
    assert other.planes is not None
    np.testing.assert_allclose(one.planes.values, other.planes.values, atol=1e-5)


def test_both_ways_have_the_same_face() -> None:
    for kind in (SideBySide, OneByOne):
        made = kind(network("Linear 3", "Tanh", "Linear 2"), (0, 1))
        for _ in made.steps():
            pass
        assert made.done == 1.0
        assert set(made.measure()) == {"train_loss", "train_accuracy", "validation_loss", "validation_accuracy"}


def test_a_rule_that_looks_at_all_numbers_together_is_rolled_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnlab.engine.many.stack.ELEMENTWISE", frozenset())
    rolled = roll(Asked(network("Linear 3", "Tanh", "Linear 2", epochs=2), (0, 1)))
    assert rolled.engine == "one after another"
    assert "looks at all numbers of a network together" in rolled.notices[0]


def test_without_a_program_the_numbers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    document = network(*EIGHT, epochs=3, batch_size=13)
    fast = roll(Asked(document, (0, 1, 2)))

    def no_program(*given: object) -> None:
        raise CannotCapture("of this test")

    monkeypatch.setattr("nnlab.engine.many.stack.capture", no_program)
    monkeypatch.setattr("nnlab.engine.many.stack.capture_look", no_program)
    slow = roll(Asked(document, (0, 1, 2)))
    for name, table in fast.curves.items():
        np.testing.assert_allclose(table, slow.curves[name], atol=1e-6)
    for name, stacked in fast.tensors.items():
        np.testing.assert_array_equal(stacked, slow.tensors[name])


class TestRoller:
    def test_rolls_in_a_thread_of_its_own(self) -> None:
        document = network(*EIGHT, epochs=3)
        with Roller() as roller:
            assert roller.status().state == "idle"
            number = roller.start(document, (0, 1, 2))
            assert roller.wait(60)
            status = roller.status()
        assert (status.roll, status.state, status.done) == (number, "finished", 1.0)
        assert status.result is not None
        same = roll(Asked(document, (0, 1, 2)))
        np.testing.assert_array_equal(status.result.curves["train_loss"], same.curves["train_loss"])

    def test_what_goes_wrong_is_a_sentence(self) -> None:
        with Roller() as roller:
            roller.start(Document(), (0, 1))
            assert roller.wait(60)
            assert roller.status().state == "failed"
            assert "Output" in roller.status().message

    def test_a_new_roll_takes_the_place_of_the_old_one(self) -> None:
        with Roller() as roller:
            roller.start(network(*EIGHT, epochs=100_000), (0, 1))
            number = roller.start(network(*EIGHT, epochs=1), (5,))
            assert roller.wait(60)
            assert roller.status().roll == number
            assert roller.status().seeds == (5,)

    def test_close_ends_it_in_the_middle_and_for_ever(self) -> None:
        roller = Roller()
        roller.start(network(*EIGHT, epochs=100_000), (0, 1))
        roller.close()
        assert not roller.is_busy
        assert roller.start(network(*EIGHT), (0,)) == 0
        roller.close()


@pytest.mark.parametrize("rows", [2, 6, 10, 16, 33])
@pytest.mark.parametrize("sizes", [(2, 8), (8, 8), (8, 2), (8, 1), (1, 16), (64, 10)])
def test_products_of_all_seeds_are_those_of_each_to_the_bit(rows: int, sizes: tuple[int, int]) -> None:
    inputs, outputs = sizes
    x, weight = torch.randn(5, rows, inputs), torch.randn(5, outputs, inputs, requires_grad=True)
    slope = torch.randn(5, rows, outputs)
    x.requires_grad_()
    made = torch.func.vmap(SideBySideLinear.products)(x, weight)
    found = torch.autograd.grad(made, (x, weight), slope)
    for k in range(5):
        own = torch.nn.functional.linear(x[k], weight[k])
        assert torch.equal(made[k], own)
        for mine, its in zip(found, torch.autograd.grad(own, (x, weight), slope[k]), strict=True):
            assert torch.equal(mine[k], its[k])


@pytest.mark.parametrize("count", [1, 5, 16, 31, 32, 33, 80, 128, 200])
def test_functions_of_all_seeds_are_those_of_each_to_the_bit(count: int) -> None:
    x = 3 * torch.randn(7, count)
    made = divided(torch.sigmoid, x)
    for k in range(7):
        assert torch.equal(made[k], torch.sigmoid(x[k]))
