"""Activations, noise and gradients: curves and slopes as torch's, randomness only while training, tricks that hold."""

import math

import pytest
import torch
from lone_layers import Lone
from torch import Tensor

from nnlab.core.curve import Curve
from nnlab.core.layer import LAYERS, Layer

CURVES = sorted(id_ for id_ in LAYERS if issubclass(LAYERS[id_], Curve))
POINTS = [-7.3, -3.2, -2.9, -1.4, -0.7, -0.3, -0.05, 0.04, 0.4, 0.8, 1.7, 2.9, 3.3, 6.4, 25.0]


def applied(layer: Layer, x: Tensor, training: bool = False) -> Tensor:
    """The layer's expression on these numbers."""
    return Lone(layer, tuple(x.shape[1:])).train(training)(x)[0]


@pytest.mark.parametrize("id_", CURVES)
def test_a_curve_explains_the_numbers_and_slopes_that_torch_computes(id_: str) -> None:
    layer = LAYERS[id_]()
    assert isinstance(layer, Curve)
    x = torch.tensor([POINTS], dtype=torch.float64, requires_grad=True)
    y = applied(layer, x)
    y.sum().backward()
    assert x.grad is not None
    assert [layer.curve(p) for p in POINTS] == pytest.approx(y[0].tolist(), abs=1e-6)
    assert [layer.slope(p) for p in POINTS] == pytest.approx(x.grad[0].tolist(), abs=1e-6)


def test_the_other_gelu_explains_itself_too() -> None:
    layer = LAYERS["GELU"](approximate="tanh")
    assert isinstance(layer, Curve)
    x = torch.tensor([POINTS], dtype=torch.float64, requires_grad=True)
    y = applied(layer, x)
    y.sum().backward()
    assert x.grad is not None
    assert [layer.curve(p) for p in POINTS] == pytest.approx(y[0].tolist(), abs=1e-6)
    assert [layer.slope(p) for p in POINTS] == pytest.approx(x.grad[0].tolist(), abs=1e-6)


@pytest.mark.parametrize(("lower", "low"), [("zero", 0.0), ("minus one", -1.0)])
def test_a_step_puts_out_two_numbers_exactly_and_lets_the_gradient_straight_through(lower: str, low: float) -> None:
    x = torch.tensor([[-1e6, -3.7, -0.4, 0.0, 1e-9, 0.3, 8.1, 1e7]], requires_grad=True)
    y = applied(LAYERS["Step"](lower=lower), x)
    assert y.tolist() == [[low, low, low, low, 1.0, 1.0, 1.0, 1.0]]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]]
    x.grad = None
    applied(LAYERS["Step"](lower=lower, gradient="everywhere"), x).sum().backward()
    assert x.grad is not None
    assert (x.grad == 1).all()


RANDOM = {"GaussianNoise", "DropPath", "RReLU", "AlphaDropout", "FeatureAlphaDropout", "Dropout2d"}


@pytest.mark.parametrize("id_", sorted(RANDOM))
def test_what_is_random_draws_from_torchs_dice_while_training_and_rests_afterwards(id_: str) -> None:
    x, layer = torch.randn(6, 5, 4, 4), LAYERS[id_](**({"p": 0.5} if "Drop" in id_ else {}))
    torch.manual_seed(3)
    first, second = applied(layer, x, training=True), applied(layer, x, training=True)
    torch.manual_seed(3)
    again = applied(layer, x, training=True)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    resting = applied(layer, x)
    assert torch.equal(resting, applied(layer, x))
    if id_ != "RReLU":
        assert torch.equal(resting, x)


def test_drop_path_leaves_whole_samples_out_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    made_of_ones = applied(LAYERS["DropPath"](p=0.25), torch.ones(4000, 3, 2), training=True)
    each = made_of_ones.flatten(1)
    assert ((each == each[:, :1]).all(1)).all()
    assert each.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert float(each.mean()) == pytest.approx(1.0, abs=0.05)


def test_noise_has_the_strength_that_is_asked_for() -> None:
    torch.manual_seed(0)
    added = applied(LAYERS["GaussianNoise"](sigma=0.3), torch.zeros(100, 100), training=True)
    assert float(added.std()) == pytest.approx(0.3, rel=0.05)
    assert float(added.mean()) == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0, 7.5])
def test_gradient_reversal_changes_no_number_and_turns_the_gradient_round(strength: float) -> None:
    x = torch.randn(3, 4, requires_grad=True)
    y = applied(LAYERS["GradientReversal"](strength=strength), x)
    assert torch.equal(y, x)
    (2 * y).sum().backward()
    assert x.grad is not None
    assert torch.allclose(x.grad, torch.full((3, 4), -2 * strength), atol=1e-6)


@pytest.mark.parametrize(("kind", "charge"), [("l1", 10.0), ("l2", 30.0)])
def test_an_activity_penalty_charges_each_sample_for_its_numbers(kind: str, charge: float) -> None:
    alone = Lone(LAYERS["ActivityPenalty"](kind=kind, strength=0.5), (4,))
    x = torch.tensor([[1.0, -2.0, 3.0, -4.0], [0.0, 0.0, 0.0, 0.0]])
    passed, penalty = alone(x)
    assert torch.equal(passed, x)
    assert penalty.tolist() == [charge / 2, 0.0]


def test_scaling_to_length_one_leaves_the_direction() -> None:
    y = applied(LAYERS["Normalize"](), torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    assert torch.allclose(y, torch.tensor([[0.6, 0.8], [0.0, 0.0]]))
    assert math.isfinite(float(y.sum()))
