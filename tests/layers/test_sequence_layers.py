"""Embeddings, pooling over time and positions: looked up rightly, and padding never counts."""

from typing import Any

import pytest
import torch
from lone_layers import lone
from torch import Tensor

from nnlab.core.layer import LAYERS, MISSING
from nnlab.errors import ShapeError

LENGTHS = (4, 1, 3, 0)
STEPS, FEATURES = 4, 3


def padded() -> tuple[Tensor, Tensor]:
    """Sequences of several lengths, one of them empty, and the mask of what only fills them up."""
    mask = torch.arange(STEPS) >= torch.tensor(LENGTHS).unsqueeze(1)
    return torch.randn(len(LENGTHS), STEPS, FEATURES), mask


def by_hand(mode: str, steps: Tensor) -> Tensor:
    """One row of those steps that count."""
    if len(steps) == 0:
        return torch.zeros(FEATURES)
    made: dict[str, Tensor] = {
        "mean": steps.mean(0),
        "sum": steps.sum(0),
        "max": steps.amax(0),
        "first": steps[0],
        "last": steps[-1],
    }
    return made[mode]


POOLS = [("SequencePool", {"mode": mode}, mode) for mode in ("mean", "max", "first", "last")]
POOLS += [("GraphPool", {"mode": mode}, mode) for mode in ("sum", "mean", "max")] + [("LastStep", {}, "last")]
every_pool = pytest.mark.parametrize(("kind", "settings", "mode"), POOLS)


@every_pool
def test_pooling_is_that_of_each_sequence_by_itself(kind: str, settings: dict[str, Any], mode: str) -> None:
    x, mask = padded()
    (found,) = lone(kind, (STEPS, FEATURES), (STEPS,), **settings)(x, mask)
    for k, length in enumerate(LENGTHS):
        if length or mode not in ("first", "last"):
            assert torch.allclose(found[k], by_hand(mode, x[k, :length]), atol=1e-6), length
    (plain,) = lone(kind, (STEPS, FEATURES), MISSING, **settings)(x, None)
    assert torch.allclose(plain, torch.stack([by_hand(mode, row) for row in x]), atol=1e-6)


@every_pool
def test_padding_never_changes_the_answer_and_gets_no_gradient(kind: str, settings: dict[str, Any], mode: str) -> None:
    x, mask = padded()
    layer = lone(kind, (STEPS, FEATURES), (STEPS,), **settings)
    other = torch.where(mask.unsqueeze(-1), torch.randn_like(x) * 100, x).requires_grad_()
    (found,) = layer(other, mask)
    assert torch.equal(found[:3], layer(x, mask)[0][:3])
    found[:3].sum().backward()
    assert other.grad is not None
    assert other.grad[:3][mask[:3]].eq(0).all()


def test_reverse_turns_what_counts_round_and_leaves_padding_where_it_is() -> None:
    x, mask = padded()
    layer = lone("Reverse", (STEPS, FEATURES), (STEPS,))
    (found,) = layer(x, mask)
    for k, length in enumerate(LENGTHS):
        assert torch.equal(found[k, :length], x[k, :length].flip(0))
        assert torch.equal(found[k, length:], x[k, length:])
    assert torch.equal(layer(found, mask)[0], x), "twice is not at all"
    at_the_start = mask.flip(1)
    (front,) = layer(x, at_the_start)
    assert torch.equal(front[2, 1:], x[2, 1:].flip(0))
    assert torch.equal(front[2, :1], x[2, :1])
    (plain,) = lone("Reverse", (STEPS, FEATURES), MISSING)(x, None)
    assert torch.equal(plain, x.flip(1))


def test_an_embedding_looks_rows_up_and_padding_stays_zero() -> None:
    layer = lone("Embedding", (STEPS,), num_embeddings=5, embedding_dim=3, padding_idx=0)
    assert layer.inside is not None
    (found,) = layer(torch.tensor([[3, 1, 0, 0]]))
    table = layer.inside.get_parameter("weight")
    assert torch.equal(found[0], table[[3, 1, 0, 0]])
    assert found[0, 2:].eq(0).all()
    found.sum().backward()
    assert table.grad is not None
    assert table.grad[0].eq(0).all()


@pytest.mark.parametrize("mode", ["mean", "sum", "max"])
def test_an_embedding_bag_is_an_embedding_pooled_whatever_the_order(mode: str) -> None:
    layer = lone("EmbeddingBag", (STEPS,), num_embeddings=6, embedding_dim=FEATURES, mode=mode, padding_idx=0)
    assert layer.inside is not None
    words = torch.tensor([[3, 1, 5, 0], [5, 0, 1, 3], [2, 2, 0, 0]])
    (found,) = layer(words)
    table = layer.inside.get_parameter("weight")
    for row, numbers in zip(found, words, strict=True):
        assert torch.allclose(row, by_hand(mode, table[numbers[numbers > 0]]), atol=1e-6)
    assert torch.allclose(found[0], found[1])


def test_a_padding_number_outside_the_table_is_refused() -> None:
    for kind in ("Embedding", "EmbeddingBag"):
        with pytest.raises(ShapeError, match="padding number smaller"):
            lone(kind, (STEPS,), num_embeddings=5, padding_idx=5)


def test_masks_mark_padding_empty_rows_and_what_lies_ahead() -> None:
    words = torch.tensor([[3, 1, 0, 0], [2, 0, 5, 1]])
    (padding,) = lone("PaddingMask", (STEPS,))(words)
    assert torch.equal(padding, words == 0)
    (twos,) = lone("PaddingMask", (STEPS,), number=2)(words)
    assert torch.equal(twos, words == 2)
    nodes = torch.tensor([[[0.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [-1.0, 1.0]]])
    (empty,) = lone("NodeMask", (2, 2))(nodes)
    assert empty.tolist() == [[False, True], [True, False]]
    for given in (words, words.float().unsqueeze(-1)):
        (ahead,) = lone("CausalMask", tuple(given.shape[1:]))(given)
        assert ahead.shape == (2, STEPS, STEPS)
        for t in range(STEPS):
            assert ahead[0, t].tolist() == [s > t for s in range(STEPS)]
    assert ahead.stride()[0] == 0, "one table for all samples"


@pytest.mark.parametrize("width", [1, 2, 5, 8])
def test_sine_positions_follow_the_formula_of_their_paper(width: int) -> None:
    layer = lone("PositionalEncoding", (9, width))
    (found,) = layer(torch.zeros(1, 9, width))
    for t in range(9):
        for k in range(width):
            angle = torch.tensor(t / 10000 ** ((k - k % 2) / width))
            wanted = angle.cos() if k % 2 else angle.sin()
            assert found[0, t, k] == pytest.approx(float(wanted), abs=1e-5)


def test_positions_are_added_and_a_longer_table_serves_shorter_sequences() -> None:
    x = torch.randn(2, 4, 6)
    for kind in ("sine", "learned"):
        layer = lone("PositionalEncoding", (4, 6), kind=kind, max_length=10)
        assert layer.inside is not None
        assert torch.equal(layer(x)[0], x + layer.inside.table[:4])
        assert len(list(layer.inside.parameters())) == (kind == "learned")
        assert dict(layer.inside.state_dict()).keys() == ({"table"} if kind == "learned" else set())


def test_rotary_positions_keep_lengths_and_make_products_depend_on_the_distance() -> None:
    layer = lone("PositionalEncoding", (12, 6), kind="rotary")
    q, k = torch.randn(6), torch.randn(6)
    (turned_q,) = layer(q.expand(1, 12, 6))
    (turned_k,) = layer(k.expand(1, 12, 6))
    assert torch.allclose(turned_q.norm(dim=-1), q.norm().expand(1, 12), atol=1e-5)
    assert torch.allclose(turned_q[0, 0], q)
    products = turned_q[0] @ turned_k[0].T
    for distance in range(-5, 6):
        along = torch.diagonal(products, distance)
        assert torch.allclose(along, along[:1].expand_as(along), atol=1e-4)


def test_every_kind_of_position_tells_two_orders_of_the_same_steps_apart() -> None:
    for kind, _ in LAYERS["PositionalEncoding"].param("kind").choices:
        layer = lone("PositionalEncoding", (STEPS, 6), kind=kind)
        x = torch.randn(1, STEPS, 6)
        assert not torch.allclose(layer(x)[0], layer(x.flip(1))[0].flip(1), atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "settings", "shapes", "said"),
    [
        ("PositionalEncoding", {"max_length": 3}, ((4, 6),), "make the longest sequence longer"),
        ("PositionalEncoding", {"kind": "rotary"}, ((4, 5),), "make the width even"),
        ("SequencePool", {}, ((4, 6), (5,)), "made from the same input"),
        ("GraphPool", {}, ((4, 6), (3,)), "has 4 nodes"),
        ("CausalMask", {}, ((1, 8, 8),), "put a Flatten"),
        ("EmbeddingBag", {}, ((3, 4),), "use an Embedding"),
    ],
)
def test_what_does_not_fit_gets_a_sentence_with_a_remedy(
    kind: str, settings: dict[str, Any], shapes: tuple[tuple[int, ...], ...], said: str
) -> None:
    with pytest.raises(ShapeError, match=said):
        lone(kind, *shapes, **settings)
