"""Attention and transformers against torch's own: masks are obeyed, weights add up to 1, nothing looks ahead."""

from typing import Any

import pytest
import torch
from lone_layers import Lone, examples, lone
from torch import Tensor, nn

from nnlab.core.layer import LAYERS, MISSING, Shape
from nnlab.errors import ShapeError

SAMPLES, STEPS, SEEN, WIDTH = 3, 5, 4, 8
Q, K = (STEPS, WIDTH), (SEEN, WIDTH)


def padding(steps: int) -> Tensor:
    """The ends of two of three sequences only fill up."""
    return torch.arange(steps) >= torch.tensor([steps, steps - 1, steps - 2]).unsqueeze(1)


def still(layer: Lone) -> Lone:
    """Outside training, with gradients left on: torch then computes as it does in training, without dropout."""
    layer.eval()
    return layer


# ---------------------------------------------------------------- multi-head attention


def by_hand(layer: nn.MultiheadAttention, q: Tensor, k: Tensor, v: Tensor, forbidden: Tensor) -> tuple[Tensor, Tensor]:
    """softmax(q kᵀ / √d) v in each head, from the module's weights; True in `forbidden` (N, steps, seen) is not seen."""
    assert layer.in_proj_bias is not None
    if layer.in_proj_weight is None:
        matrices = (layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight)
    else:
        matrices = layer.in_proj_weight.chunk(3)
    parts = [
        nn.functional.linear(x, w, b).unflatten(2, (layer.num_heads, -1)).transpose(1, 2)
        for x, w, b in zip((q, k, v), matrices, layer.in_proj_bias.chunk(3), strict=True)
    ]
    score = parts[0] @ parts[1].transpose(2, 3) / parts[0].shape[-1] ** 0.5
    weights = score.masked_fill(forbidden.unsqueeze(1), float("-inf")).softmax(-1)
    return layer.out_proj((weights @ parts[2]).transpose(1, 2).flatten(2)), weights


@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("widths", [(WIDTH, WIDTH), (6, WIDTH), (6, 3)])
@pytest.mark.parametrize("masked", [(), ("padding",), ("mask",), ("padding", "mask")])
def test_attention_is_the_formula(heads: int, widths: tuple[int, int], masked: tuple[str, ...]) -> None:
    keys, values = (SEEN, widths[0]), (SEEN, widths[1])
    shapes = (
        Q,
        keys,
        values,
        (SEEN,) if "padding" in masked else MISSING,
        (STEPS, SEEN) if "mask" in masked else MISSING,
    )
    layer = lone("MultiheadAttention", *shapes, num_heads=heads, average_attn_weights=False)
    q, k, v = (torch.randn(SAMPLES, *shape) for shape in (Q, keys, values))
    filling = padding(SEEN) if "padding" in masked else None
    pairs = (torch.rand(SAMPLES, STEPS, SEEN) < 0.3) if "mask" in masked else None
    if pairs is not None:
        pairs[..., 0] = False
    forbidden = torch.zeros(SAMPLES, STEPS, SEEN, dtype=torch.bool)
    for each in (None if filling is None else filling.unsqueeze(1), pairs):
        forbidden = forbidden if each is None else forbidden | each
    assert isinstance(layer.inside, nn.MultiheadAttention)
    out, weights = by_hand(layer.inside, q, k, v, forbidden)
    found, told = layer(q, k, v, filling, pairs)
    assert torch.allclose(found, out, atol=1e-5)
    assert torch.allclose(told, weights, atol=1e-6)
    assert torch.allclose(told.sum(-1), torch.ones(SAMPLES, heads, STEPS), atol=1e-5)
    assert told.masked_select(forbidden.unsqueeze(1)).eq(0).all(), (
        "a different mask for each sample, the same for heads"
    )


@pytest.mark.parametrize("mean", [True, False])
def test_rows_of_weights_add_up_to_one(mean: bool) -> None:
    layer = lone("MultiheadAttention", Q, K, K, (SEEN,), MISSING, num_heads=2, average_attn_weights=mean)
    _, weights = layer(
        torch.randn(SAMPLES, *Q), torch.randn(SAMPLES, *K), torch.randn(SAMPLES, *K), padding(SEEN), None
    )
    assert weights.shape == ((SAMPLES, STEPS, SEEN) if mean else (SAMPLES, 2, STEPS, SEEN))
    assert torch.allclose(weights.sum(-1), torch.ones(weights.shape[:-1]), atol=1e-5)


def test_a_query_alone_looks_at_itself_and_keys_alone_are_the_values_too() -> None:
    alone = lone("MultiheadAttention", Q, MISSING, MISSING, MISSING, MISSING)
    every = lone("MultiheadAttention", Q, Q, Q, MISSING, MISSING)
    two = lone("MultiheadAttention", Q, Q, MISSING, MISSING, MISSING)
    assert alone.inside is not None
    for each in (every, two):
        assert each.inside is not None
        each.inside.load_state_dict(alone.inside.state_dict())
    x, other = torch.randn(SAMPLES, *Q), torch.randn(SAMPLES, *Q)
    assert torch.equal(alone(x, None, None, None, None)[0], every(x, x, x, None, None)[0])
    assert torch.equal(two(x, other, None, None, None)[0], every(x, other, other, None, None)[0])


def test_the_causal_setting_is_a_causal_mask() -> None:
    with_setting = lone("MultiheadAttention", Q, MISSING, MISSING, (STEPS,), MISSING, causal=True)
    with_wire = lone("MultiheadAttention", Q, MISSING, MISSING, (STEPS,), (STEPS, STEPS))
    both = lone("MultiheadAttention", Q, MISSING, MISSING, (STEPS,), (STEPS, STEPS), causal=True)
    assert with_setting.inside is not None
    x, filling = torch.randn(SAMPLES, *Q), padding(STEPS)
    (ahead,) = lone("CausalMask", Q)(x)
    answers = [with_setting(x, None, None, filling, None)]
    for each in (with_wire, both):
        assert each.inside is not None
        each.inside.load_state_dict(with_setting.inside.state_dict())
        answers.append(each(x, None, None, filling, ahead))
    for out, weights in answers[1:]:
        assert torch.equal(out, answers[0][0])
        assert torch.equal(weights, answers[0][1])


# ---------------------------------------------------------------- nothing looks ahead, padding never counts

CAUSAL: dict[str, tuple[tuple[Shape, ...], dict[str, Any], int]] = {
    "MultiheadAttention": ((Q, *(MISSING,) * 4), {"causal": True}, 0),
    "ScaledDotProductAttention": ((Q, Q, Q, MISSING), {"causal": True}, 0),
    "TransformerEncoderLayer": ((Q, MISSING, MISSING), {"causal": True}, 0),
    "TransformerEncoder": ((Q, MISSING, MISSING), {"causal": True}, 0),
    "TransformerDecoderLayer": ((Q, K, MISSING, MISSING), {}, 0),
    "TransformerDecoder": ((Q, K, MISSING, MISSING), {}, 0),
    "Transformer": ((K, Q, MISSING, MISSING), {}, 1),
}


@pytest.mark.parametrize("kind", CAUSAL)
@pytest.mark.parametrize("fast", [False, True])
def test_no_step_sees_a_later_one(kind: str, fast: bool) -> None:
    """Outside training torch takes a shorter way for some of them when no gradient is asked for."""
    shapes, settings, at = CAUSAL[kind]
    layer = still(lone(kind, *shapes, **settings))
    inputs = examples(LAYERS[kind](), shapes)
    if kind == "ScaledDotProductAttention":
        inputs = [inputs[0]] * 3 + [None]
    with torch.set_grad_enabled(not fast):
        before = layer(*inputs)[0]
        for t in range(1, STEPS):
            x = inputs[at]
            assert x is not None
            later = torch.cat([x[:, :t], torch.randn_like(x[:, t:])], dim=1)
            changed = [later if each is x else each for each in inputs]
            after = layer(*changed)[0]
            assert torch.allclose(after[:, :t], before[:, :t], atol=1e-5)
            assert not torch.allclose(after[:, t:], before[:, t:], atol=1e-3)


PADDED: dict[str, tuple[tuple[Shape, ...], int, int]] = {
    "MultiheadAttention": ((Q, K, K, (SEEN,), MISSING), 1, 3),
    "ScaledDotProductAttention": ((Q, K, K, (SEEN,)), 1, 3),
    "TransformerEncoderLayer": ((Q, (STEPS,), MISSING), 0, 1),
    "TransformerEncoder": ((Q, (STEPS,), MISSING), 0, 1),
    "TransformerDecoderLayer": ((Q, K, (STEPS,), (SEEN,)), 1, 3),
    "TransformerDecoder": ((Q, K, (STEPS,), (SEEN,)), 1, 3),
    "Transformer": ((K, Q, (SEEN,), (STEPS,)), 0, 2),
}
"""Shapes, the port where something is padded, and the port of its mask."""


@pytest.mark.parametrize("kind", PADDED)
@pytest.mark.parametrize("fast", [False, True])
def test_padding_never_changes_the_answer(kind: str, fast: bool) -> None:
    shapes, at, masked = PADDED[kind]
    layer = still(lone(kind, *shapes))
    inputs = examples(LAYERS[kind](), shapes)
    filling = padding(shapes[masked][0])
    inputs[masked] = filling
    own = shapes[at] == Q and kind.startswith("TransformerEncoder")  # what is said at padding itself counts nowhere
    counts = ~filling if own else torch.ones(SAMPLES, STEPS, dtype=torch.bool)
    with torch.set_grad_enabled(not fast):
        before = layer(*inputs)[0]
        x = inputs[at]
        assert x is not None
        inputs[at] = torch.where(filling.unsqueeze(-1), torch.randn_like(x) * 30, x)
        after = layer(*inputs)[0]
        assert torch.allclose(after[counts], before[counts], atol=1e-5)
        inputs[masked] = torch.zeros_like(filling)
        assert not torch.allclose(layer(*inputs)[0], before, atol=1e-3)


# ---------------------------------------------------------------- the others against torch

SETTINGS: list[dict[str, Any]] = [
    {},
    {"nhead": 1, "dim_feedforward": 10},
    {"nhead": 4, "activation": "gelu", "norm_first": True},
    {"bias": False},
    {"dim_feedforward": 2048, "dropout": 0.0},
]


def torchs(settings: dict[str, Any]) -> dict[str, Any]:
    return {"dim_feedforward": 4 * WIDTH, "nhead": 2, "batch_first": True, **settings}


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("stacked", [False, True])
def test_encoder_layers_and_stacks_are_torch_s(settings: dict[str, Any], stacked: bool) -> None:
    one = nn.TransformerEncoderLayer(WIDTH, **torchs(settings))
    norm = nn.LayerNorm(WIDTH, bias=settings.get("bias", True))
    theirs: nn.Module = nn.TransformerEncoder(one, 3, norm, enable_nested_tensor=False) if stacked else one
    kind, more = ("TransformerEncoder", {"num_layers": 3, "norm": True}) if stacked else ("TransformerEncoderLayer", {})
    mine = lone(kind, Q, (STEPS,), (STEPS, STEPS), **settings, **more)
    assert mine.inside is not None
    mine.inside.load_state_dict(theirs.state_dict())
    x, filling = torch.randn(SAMPLES, *Q), padding(STEPS)
    pairs = torch.rand(SAMPLES, STEPS, STEPS) < 0.3
    pairs[..., 0] = False
    every_head = pairs.repeat_interleave(torchs(settings)["nhead"], dim=0)
    mine.eval()
    theirs.eval()
    given = {"mask" if stacked else "src_mask": every_head, "src_key_padding_mask": filling}
    assert torch.equal(mine(x, filling, pairs)[0], theirs(x, **given))


@pytest.mark.parametrize("settings", SETTINGS)
def test_decoder_layers_are_torch_s(settings: dict[str, Any]) -> None:
    theirs = nn.TransformerDecoderLayer(WIDTH, **torchs(settings)).eval()
    mine = lone("TransformerDecoderLayer", Q, K, (STEPS,), (SEEN,), **settings)
    assert mine.inside is not None
    mine.inside.load_state_dict(theirs.state_dict())
    mine.eval()
    x, memory = torch.randn(SAMPLES, *Q), torch.randn(SAMPLES, *K)
    ahead = torch.ones(STEPS, STEPS, dtype=torch.bool).triu(1)
    out = theirs(x, memory, ahead, None, padding(STEPS), padding(SEEN))
    assert torch.allclose(mine(x, memory, padding(STEPS), padding(SEEN))[0], out, atol=1e-6)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_whole_transformer_is_torch_s(settings: dict[str, Any]) -> None:
    layers = {"num_encoder_layers": 1, "num_decoder_layers": 2}
    chosen = {**torchs(settings), **layers}
    with torch.no_grad(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("torch.nn.modules.transformer.warnings.warn", lambda *_, **__: None)  # of nested tensors
        theirs = nn.Transformer(WIDTH, **chosen).eval()
    mine = lone("Transformer", K, Q, (SEEN,), (STEPS,), **settings, **layers)
    assert mine.inside is not None
    mine.inside.load_state_dict(theirs.state_dict())
    mine.eval()
    source, target = torch.randn(SAMPLES, *K), torch.randn(SAMPLES, *Q)
    ahead = torch.ones(STEPS, STEPS, dtype=torch.bool).triu(1)
    masks = {"src_key_padding_mask": padding(SEEN), "memory_key_padding_mask": padding(SEEN)}
    out = theirs(source, target, tgt_mask=ahead, tgt_key_padding_mask=padding(STEPS), **masks)
    assert torch.allclose(mine(source, target, padding(SEEN), padding(STEPS))[0], out, atol=1e-5)


@pytest.mark.parametrize("heads", [(), (2,)])
@pytest.mark.parametrize("mask", ["none", "keys", "pairs"])
@pytest.mark.parametrize("scale", [None, 0.5])
def test_scaled_dot_product_is_the_formula(heads: tuple[int, ...], mask: str, scale: float | None) -> None:
    shapes = ((*heads, *Q), (*heads, *K), (*heads, SEEN, 3))
    masks = {"none": MISSING, "keys": (SEEN,), "pairs": (STEPS, SEEN)}
    layer = lone("ScaledDotProductAttention", *shapes, masks[mask], scale=scale)
    q, k, v = (torch.randn(SAMPLES, *shape) for shape in shapes)
    given = None if mask == "none" else torch.rand(SAMPLES, *masks[mask]) < 0.4
    score = q @ k.transpose(-1, -2) * (WIDTH**-0.5 if scale is None else scale)
    if given is not None:
        given[..., 0] = False
        wide = given.unsqueeze(1) if mask == "keys" else given
        score = score.masked_fill(wide.unsqueeze(1) if heads else wide, float("-inf"))
    assert torch.allclose(layer(q, k, v, given)[0], score.softmax(-1) @ v, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("ScaledDotProductAttention", {"dropout": 0.5}),
        ("MultiheadAttention", {"dropout": 0.5}),
        ("PositionalEncoding", {"dropout": 0.5}),
        ("TransformerDecoderLayer", {}),
        ("GATConv", {"dropout": 0.5}),
    ],
)
def test_dropout_follows_the_seed_and_rests_outside_training(kind: str, settings: dict[str, Any]) -> None:
    shapes = LAYERS[kind].fits[0]
    layer = lone(kind, *shapes, **settings)
    inputs = examples(LAYERS[kind](), shapes)
    answers = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        answers.append(layer(*inputs)[0])
    assert torch.equal(answers[0], answers[1])
    assert not torch.equal(answers[0], answers[2])
    layer.eval()
    state = torch.get_rng_state()
    assert torch.equal(layer(*inputs)[0], layer(*inputs)[0])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("kind", "settings", "shapes", "said"),
    [
        ("MultiheadAttention", {"num_heads": 3}, (Q, *(MISSING,) * 4), "use 2 heads"),
        ("MultiheadAttention", {}, (Q, K, Q, MISSING, MISSING), "to the same sequence"),
        ("MultiheadAttention", {"causal": True}, (Q, K, K, MISSING, MISSING), "turn causal off"),
        ("MultiheadAttention", {}, (Q, K, K, (STEPS,), MISSING), "has 4 keys"),
        ("MultiheadAttention", {}, (Q, K, K, MISSING, (SEEN, STEPS)), "one yes or no for each pair"),
        ("ScaledDotProductAttention", {}, (Q, (SEEN, 3), (SEEN, 3), MISSING), "equally wide"),
        ("ScaledDotProductAttention", {}, ((8,), (8,), (8,), MISSING), "put a Reshape"),
        ("ScaledDotProductAttention", {"causal": True}, (Q, Q, Q, (STEPS, STEPS)), "or turn causal off"),
        ("TransformerEncoder", {}, ((8,), MISSING, MISSING), "put an Embedding"),
        ("TransformerDecoder", {}, (Q, (SEEN, 6), MISSING, MISSING), "equally wide"),
        ("Transformer", {}, (K, Q, (STEPS,), MISSING), "made from the same input"),
    ],
)
def test_what_does_not_fit_gets_a_sentence_with_a_remedy(
    kind: str, settings: dict[str, Any], shapes: tuple[Shape, ...], said: str
) -> None:
    with pytest.raises(ShapeError, match=said):
        lone(kind, *shapes, **settings)
