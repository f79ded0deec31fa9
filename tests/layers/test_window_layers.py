"""Convolutions and pools in one, two and three dimensions: torch's sizes to the number, and what is special of each."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lone_layers import Lone
from torch import nn

from nnlab.core.layer import LAYERS, Layer, Shape
from nnlab.errors import ShapeError

many = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
AXES = pytest.mark.parametrize("axes", [1, 2, 3])


def each_or_one(axes: int, low: int, high: int) -> st.SearchStrategy[Any]:
    """One number for all axes, or one for each."""
    number = st.integers(low, high)
    return number | st.tuples(*[number] * axes)


def promised(layer: Layer, shape: Shape) -> Shape | None:
    try:
        return layer.output_shape(shape)
    except ShapeError:
        return None


def torchs(layer: Layer, shape: Shape) -> Shape | None:
    """The shape that torch makes, without computing a number; None where it refuses."""
    try:
        with torch.device("meta"):
            return tuple(Lone(layer, shape)(torch.empty(2, *shape))[0].shape)[1:]
    except (RuntimeError, ValueError):
        return None


def samples(axes: int) -> st.SearchStrategy[Shape]:
    return st.tuples(st.sampled_from([1, 2, 4, 6]), *[st.integers(1, 20)] * axes)


@AXES
def test_a_convolution_has_torchs_sizes_for_any_settings(axes: int) -> None:
    @many
    @given(
        samples(axes), each_or_one(axes, 1, 6), each_or_one(axes, 1, 4),
        each_or_one(axes, 0, 5) | st.sampled_from(["same", "valid"]), each_or_one(axes, 1, 3), st.sampled_from([1, 2]),
        st.sampled_from(["zeros", "reflect", "replicate", "circular"]),
    )  # fmt: skip
    def check(shape: Shape, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int, mode: str) -> None:
        layer = LAYERS[f"Conv{axes}d"](
            out_channels=4, kernel_size=kernel, stride=stride, padding=padding, dilation=dilation, groups=groups,
            padding_mode=mode,
        )  # fmt: skip
        assert promised(layer, shape) == torchs(layer, shape)

    check()


@AXES
def test_a_transposed_convolution_has_torchs_sizes_for_any_settings(axes: int) -> None:
    @many
    @given(
        samples(axes), each_or_one(axes, 1, 6), each_or_one(axes, 1, 4), each_or_one(axes, 0, 4),
        each_or_one(axes, 0, 3), each_or_one(axes, 1, 3),
    )  # fmt: skip
    def check(shape: Shape, kernel: Any, stride: Any, padding: Any, more: Any, dilation: Any) -> None:
        layer = LAYERS[f"ConvTranspose{axes}d"](
            out_channels=4, kernel_size=kernel, stride=stride, padding=padding, output_padding=more, dilation=dilation
        )
        found = promised(layer, shape)
        assume(found is not None or torchs(layer, shape) is None)  # refusals are looked at in the test of every layer
        assert found == torchs(layer, shape)

    check()


@AXES
@pytest.mark.parametrize("kind", ["MaxPool", "AvgPool"])
def test_a_pool_has_torchs_sizes_for_any_settings(kind: str, axes: int) -> None:
    @many
    @given(
        samples(axes), each_or_one(axes, 1, 6), st.none() | each_or_one(axes, 1, 4), each_or_one(axes, 0, 3), st.booleans()
    )  # fmt: skip
    def check(shape: Shape, kernel: Any, stride: Any, padding: Any, ceil: bool) -> None:
        layer = LAYERS[f"{kind}{axes}d"](kernel_size=kernel, stride=stride, padding=padding, ceil_mode=ceil)
        assert promised(layer, shape) == torchs(layer, shape)

    check()


def test_a_causal_convolution_sees_nothing_that_comes_later() -> None:
    layer = LAYERS["Conv1d"](out_channels=5, kernel_size=3, dilation=2, padding="causal")
    module, before = Lone(layer, (2, 20)), torch.randn(3, 2, 20)
    after = before.clone()
    after[:, :, 11:] = torch.randn(3, 2, 9)
    (first,), (second,) = module(before), module(after)
    assert first.shape == (3, 5, 20)
    assert torch.equal(first[:, :, :11], second[:, :, :11])
    assert not torch.equal(first[:, :, 11:], second[:, :, 11:])


def test_a_causal_border_is_filled_with_zeros_alone() -> None:
    layer = LAYERS["Conv1d"](padding="causal", padding_mode="reflect")
    with pytest.raises(ShapeError, match="future"):
        layer.output_shape((2, 20))


FILTERS = {
    "identity": lambda x: x,
    "edges across": lambda x: 8 * np.ones_like(x),
    "edges down": lambda x: np.zeros_like(x),
    "edges": lambda x: np.zeros_like(x),
    "blur": lambda x: x,
    "gauss": lambda x: x,
    "wide gauss": lambda x: x,
    "sharpen": lambda x: x,
}
"""What each filter makes, away from the edges, of a ramp that rises by 1 from pixel to pixel."""


@pytest.mark.parametrize("name", FILTERS)
def test_a_fixed_filter_makes_the_numbers_it_is_known_for(name: str) -> None:
    ramp = np.tile(np.arange(9, dtype=np.float32), (9, 1))
    module = Lone(LAYERS["FixedFilter"](filter=name), (1, 9, 9))
    found = module(torch.from_numpy(ramp)[None, None])[0][0, 0].numpy()
    assert found.shape == (9, 9)
    np.testing.assert_allclose(found[2:-2, 2:-2], FILTERS[name](ramp)[2:-2, 2:-2], atol=1e-5)
    assert not list(module.parameters())
    assert not module.state_dict()


def test_a_typed_filter_is_used_as_it_is_written() -> None:
    layer = LAYERS["FixedFilter"](filter="typed", kernel="0, 0, 0; 0 0 2.5\n 0 0 −1", padding="valid")
    assert layer.output_shape((3, 5, 5)) == (3, 3, 3)
    x = torch.randn(1, 3, 5, 5)
    assert torch.allclose(Lone(layer, (3, 5, 5))(x)[0], 2.5 * x[:, :, 1:4, 2:5] - x[:, :, 2:5, 2:5], atol=1e-6)


@pytest.mark.parametrize("typed", ["", "1 2; 3 4", "1 2 3; 4 5 6", "a b c; d e f; g h i", "1 1 1; 1 inf 1; 1 1 1"])
def test_what_is_no_filter_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(ShapeError, match="0 1 0; 1 -4 1; 0 1 0"):
        LAYERS["FixedFilter"](filter="typed", kernel=typed).output_shape((1, 8, 8))


def test_a_depthwise_convolution_is_printed_as_torchs_own() -> None:
    code = LAYERS["DepthwiseConv2d"](multiplier=2).torch_code((3, 8, 8))
    assert code.module is not None
    assert code.module.source() == 'nn.Conv2d(3, 6, 3, padding="same", groups=3)'
    code = LAYERS["SeparableConv2d"]().torch_code((3, 8, 8))
    assert code.module is not None
    assert code.module.source() == 'nn.Sequential(nn.Conv2d(3, 3, 3, padding="same", groups=3), nn.Conv2d(3, 16, 1))'


def test_unfold_a_product_and_a_reshape_are_a_convolution() -> None:
    x, weight = torch.randn(2, 3, 8, 8), torch.randn(4, 3, 3, 3)
    columns = Lone(LAYERS["Unfold"](), (3, 8, 8))(x)[0]
    assert torch.allclose((weight.flatten(1) @ columns).reshape(2, 4, 6, 6), nn.functional.conv2d(x, weight), atol=1e-4)


def test_unpooling_puts_numbers_back_where_they_were_the_largest() -> None:
    x = torch.rand(2, 3, 7, 5) + 1
    pool, back = LAYERS["MaxPool2dWithIndices"](), LAYERS["MaxUnpool2d"]()
    small, places = Lone(pool, (3, 7, 5))(x)
    shapes = ((3, 3, 2), (3, 3, 2), (3, 7, 5))
    assert back.output_shape(*shapes) == (3, 7, 5)
    large = Lone(back, *shapes)(small, places, x)[0]
    kept = large != 0
    assert int(kept.sum()) == small.numel()
    assert torch.equal(large[kept], x[kept])


def test_a_fractional_pool_is_the_same_every_time_after_training() -> None:
    module = Lone(LAYERS["FractionalMaxPool2d"](), (3, 20, 20))
    x = torch.randn(2, 3, 20, 20)
    module.train()
    assert not torch.equal(*module(x), *module(x))
    module.eval()
    assert torch.equal(*module(x), *module(x))


def test_a_power_pool_learns_from_windows_of_zeros_without_breaking() -> None:
    x = torch.zeros(1, 2, 4, 4, requires_grad=True)
    Lone(LAYERS["LPPool2d"](), (2, 4, 4))(x)[0].sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_patches_stand_in_reading_order_behind_the_class_token() -> None:
    layer = LAYERS["PatchEmbedding"](patch=2, size=4, positions=False)
    alone = Lone(layer, (1, 4, 6))
    module: Any = alone.inside
    x = torch.randn(1, 1, 4, 6)
    (found,) = alone(x)
    assert found.shape == (1, 7, 4)
    assert torch.equal(found[0, 0], module.token[0, 0])
    patch = (module.patches.weight * x[0, :, 0:2, 2:4]).sum((1, 2, 3)) + module.patches.bias
    assert torch.allclose(found[0, 2], patch, atol=1e-6)


@pytest.mark.parametrize("id_", [k for k in LAYERS if k[-2:] in ("1d", "2d", "3d")])
def test_what_has_the_wrong_number_of_axes_is_refused_with_a_sentence(id_: str) -> None:
    axes = int(id_[-2])
    for shape in ((8,), (8, 8), (8, 8, 8), (8, 8, 8, 8), (8, 8, 8, 8, 8)):
        if len(shape) == axes + 1 or (id_ == "BatchNorm1d" and len(shape) < 3):
            continue
        layer = LAYERS[id_]()
        with pytest.raises(ShapeError) as problem:
            layer.output_shapes(*(shape,) * len(layer.inputs))
        assert len(str(problem.value)) > 40
