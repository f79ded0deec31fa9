"""Recurrent layers against torch's own, for every setting; the last step, the memory and the open gates."""

import itertools
from typing import Any

import pytest
import torch
from lone_layers import Lone, lone
from torch import Tensor, nn

from nnlab.core.layer import MISSING
from nnlab.errors import ShapeError

KINDS = ("RNN", "LSTM", "GRU")
FEATURES, STEPS, UNITS, SAMPLES = 3, 5, 4, 2


def settings_of(kind: str) -> list[dict[str, Any]]:
    """Layers, directions and biases in all combinations, and what only this kind has."""
    every = itertools.product((1, 2), (False, True), (True, False))
    found: list[dict[str, Any]] = [{"num_layers": n, "bidirectional": b, "bias": c} for n, b, c in every]
    if kind == "RNN":
        found += [{"nonlinearity": "relu", "num_layers": 2}]
    if kind == "LSTM":
        found += [{"proj_size": 2, "num_layers": 2, "bidirectional": True}, {"proj_size": 3}]
    return found


every_setting = pytest.mark.parametrize(("kind", "settings"), [(k, s) for k in KINDS for s in settings_of(k)])


def torchs(kind: str, settings: dict[str, Any]) -> nn.Module:
    made: nn.Module = getattr(nn, kind)(FEATURES, UNITS, batch_first=True, **settings)
    return made


def sizes(kind: str, settings: dict[str, Any], with_memory: bool) -> tuple[tuple[int, ...], ...]:
    """The shapes at each port."""
    rows = settings.get("num_layers", 1) * (2 if settings.get("bidirectional") else 1)
    memory = ((rows, settings.get("proj_size") or UNITS), (rows, UNITS))[: 2 if kind == "LSTM" else 1]
    return ((STEPS, FEATURES), *(memory if with_memory else (MISSING,) * len(memory)))


def compared(kind: str, settings: dict[str, Any], with_memory: bool) -> tuple[Lone, nn.Module, list[Tensor | None]]:
    """Our layer and torch's with the same weights, and something to put in."""
    shapes = sizes(kind, settings, with_memory)
    mine, theirs = lone(kind, *shapes, hidden_size=UNITS, **settings), torchs(kind, settings)
    assert mine.inside is not None
    mine.inside.load_state_dict(theirs.state_dict())
    inputs = [None if shape == MISSING else torch.randn(SAMPLES, *shape) for shape in shapes]
    return mine, theirs, inputs


@pytest.mark.filterwarnings("ignore:LSTM with projections")  # of torch's own, which ours avoids
@pytest.mark.parametrize("with_memory", [False, True])
@every_setting
def test_sequence_and_memory_are_torch_s(kind: str, settings: dict[str, Any], with_memory: bool) -> None:
    mine, theirs, (x, *memory) = compared(kind, settings, with_memory)
    turned = [each.transpose(0, 1).contiguous() for each in memory if each is not None]
    given = None if not turned else turned[0] if kind != "LSTM" else tuple(turned)
    out, left = theirs(x, given)
    found = mine(x, *memory)
    assert torch.equal(found[0], out)
    for state, its in zip(found[2:], left if kind == "LSTM" else (left,), strict=True):
        assert torch.equal(state, its.transpose(0, 1))


@every_setting
def test_last_is_what_each_direction_ends_with(kind: str, settings: dict[str, Any]) -> None:
    mine, _, (x, *memory) = compared(kind, settings, with_memory=False)
    out, last, *_ = mine(x, *memory)
    width = out.shape[2] // (2 if settings.get("bidirectional") else 1)
    assert torch.equal(last[:, :width], out[:, -1, :width])
    if settings.get("bidirectional"):
        assert torch.equal(last[:, width:], out[:, 0, width:]), "the second direction ends at the first step"


@pytest.mark.parametrize("kind", KINDS)
def test_reading_on_from_the_memory_is_reading_in_one_go(kind: str) -> None:
    whole, _, (x, *memory) = compared(kind, {"num_layers": 2}, with_memory=False)
    later = with_memory_wired(kind, whole)
    assert x is not None
    first, _, *state = whole(x[:, :3], *memory)
    second, *_ = later(x[:, 3:], *state)
    assert torch.allclose(torch.cat([first, second], dim=1), whole(x, *memory)[0], atol=1e-6)


def with_memory_wired(kind: str, like: Lone) -> Lone:
    """The same layer with its memory wired."""
    made = lone(kind, *sizes(kind, {"num_layers": 2}, True), hidden_size=UNITS, num_layers=2)
    assert made.inside is not None
    assert like.inside is not None
    made.inside.load_state_dict(like.inside.state_dict())
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_lies_between_layers_and_rests_outside_training(kind: str) -> None:
    shapes = sizes(kind, {"num_layers": 2}, False)
    layer = lone(kind, *shapes, hidden_size=UNITS, num_layers=2, dropout=0.5)
    inputs = [torch.randn(SAMPLES, STEPS, FEATURES), *[None] * (len(shapes) - 1)]
    assert not torch.equal(layer(*inputs)[0], layer(*inputs)[0])
    layer.eval()
    assert torch.equal(layer(*inputs)[0], layer(*inputs)[0])


@pytest.mark.parametrize(("kind", "name"), [("LSTM", "forget_bias"), ("GRU", "update_bias")])
def test_an_open_gate_keeps_what_is_remembered(kind: str, name: str) -> None:
    torch.manual_seed(0)
    settings = {"num_layers": 2, "bidirectional": True}
    shapes = sizes(kind, settings, False)
    layer = lone(kind, *shapes, hidden_size=UNITS, **settings, **{name: 5.0})
    assert layer.inside is not None
    biases = {n: p for n, p in layer.inside.named_parameters() if n.startswith("bias")}
    assert len(biases) == 8
    for key, values in biases.items():
        assert values[UNITS : 2 * UNITS].tolist() == [5.0 if "_ih_" in key else 0.0] * UNITS, key
        assert values[:UNITS].abs().min() > 0, "the other gates keep torch's start"
    torch.manual_seed(0)
    plain = lone(kind, *shapes, hidden_size=UNITS, **settings)
    assert plain.inside is not None
    for key, values in plain.inside.named_parameters():
        if not key.startswith("bias"):
            assert torch.equal(values, layer.inside.get_parameter(key)), key


def test_with_a_wide_open_forget_gate_the_first_step_counts_after_thirty() -> None:
    def slope(**settings: float) -> float:
        torch.manual_seed(3)
        layer = lone("LSTM", (30, FEATURES), MISSING, MISSING, hidden_size=UNITS, **settings)
        x = torch.randn(SAMPLES, 30, FEATURES, requires_grad=True)
        layer(x, None, None)[1].sum().backward()
        assert x.grad is not None
        return float(x.grad[:, 0].abs().max() / x.grad[:, -1].abs().max())

    assert slope(forget_bias=5.0) > 1e-2 > 1e-4 > slope()


CELLS = {"RNNCell": "RNN", "LSTMCell": "LSTM", "GRUCell": "GRU"}


@pytest.mark.parametrize(("cell", "layer"), CELLS.items())
def test_cells_in_a_row_with_one_s_weights_are_the_layer(cell: str, layer: str) -> None:
    states = 2 if cell == "LSTMCell" else 1
    whole = torchs(layer, {})
    step = lone(cell, (FEATURES,), *((UNITS,),) * states, hidden_size=UNITS)
    start = lone(cell, (FEATURES,), *(MISSING,) * states, hidden_size=UNITS)
    weights = {name.removesuffix("_l0"): value for name, value in whole.state_dict().items()}
    for each in (step, start):
        assert each.inside is not None
        each.inside.load_state_dict(weights)
    x = torch.randn(SAMPLES, STEPS, FEATURES)
    out, *state = start(x[:, 0], *[None] * states)
    assert torch.equal(out, state[0])
    for k in range(1, STEPS):
        out, *state = step(x[:, k], *state)
    assert torch.allclose(out, whole(x)[0][:, -1], atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "settings", "shapes", "said"),
    [
        ("LSTM", {}, ((5, 3), (1, 8), MISSING), "connect both"),
        ("LSTM", {"proj_size": 8}, ((5, 3), MISSING, MISSING), "fewer than the units"),
        ("LSTM", {"forget_bias": 1.0, "bias": False}, ((5, 3), MISSING, MISSING), "turn Bias on"),
        ("GRU", {}, ((5, 3), (2, 8)), "same units, layers and directions"),
        ("RNN", {}, ((5,), MISSING), "put an Embedding"),
        ("RNN", {}, ((1, 8, 8), MISSING), "put a Flatten or a Reshape"),
        ("GRUCell", {}, ((5, 3), MISSING), "use the layer for whole sequences"),
        ("LSTMCell", {}, ((3,), (8,), MISSING), "connect both"),
        ("RNNCell", {}, ((3,), (7,)), "as many units"),
    ],
)
def test_what_does_not_fit_gets_a_sentence_with_a_remedy(
    kind: str, settings: dict[str, Any], shapes: tuple[tuple[int, ...], ...], said: str
) -> None:
    with pytest.raises(ShapeError, match=said):
        lone(kind, *shapes, **settings)
