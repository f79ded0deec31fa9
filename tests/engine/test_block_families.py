"""Blocks that differ in numbers alone share one class with arguments; what is computed stays the same."""

import torch

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.families import ARGUMENTS_LIMIT, in_families
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.layer import Layer, Support
from nnlab.core.ready import READY
from nnlab.engine.compile import build, source


def digits(*layers: Layer) -> Document:
    head = [*layers, layer("Flatten"), layer("Linear", out_features=10)]
    return Document(graph=chain(layer("Input"), *head, layer("Output")), data=Data(DATASETS["digits"]()))


def boxed(called: str, *layers: Layer, **settings: object) -> Block:
    return Block(called=called, inner=chain(BlockInput(), *layers, BlockOutput()), **settings)  # type: ignore[arg-type]


def conv(filters: int, size: int = 3) -> Layer:
    return layer("Conv2d", out_channels=filters, kernel_size=size, padding="same")


def test_numbers_that_differ_are_arguments_named_as_torch_names_them() -> None:
    text = source(
        digits(boxed("Stage", conv(8), layer("ReLU"), conv(8)), boxed("Stage", conv(4), layer("ReLU"), conv(4)))
    )
    assert text.count("class Stage") == 1
    assert "def __init__(self, in_channels, out_channels):" in text
    assert "Stage(1, 8)" in text
    assert "Stage(8, 4)" in text
    assert "nn.Conv2d(out_channels, out_channels, 3" in text
    assert "(N, in_channels, 8, 8)" in text


def test_numbers_that_are_equal_everywhere_stay_numbers() -> None:
    text = source(digits(conv(8), boxed("Same", conv(8, 5)), conv(4), boxed("Same", conv(4, 5))))
    assert "def __init__(self, channels):" in text
    assert "nn.Conv2d(channels, channels, 5" in text


def test_blocks_of_another_make_keep_classes_of_their_own() -> None:
    text = source(
        digits(boxed("Stage", conv(8)), boxed("Stage", conv(4), layer("ReLU")), boxed("Stage", layer("Tanh")))
    )
    assert [text.count(f"class Stage{n}(") for n in ("", "2", "3")] == [1, 1, 1]


def test_a_number_that_forward_reads_keeps_the_classes_apart() -> None:
    first, second = (boxed("Cut", layer("Slice", dim=1, start=0, end=n), conv(4)) for n in (3, 2))
    assert source(digits(conv(8), first, second)).count("class Cut") == 2


def test_what_holds_blocks_that_became_one_becomes_one_too() -> None:
    outer = [boxed("Outer", boxed("Inner", conv(n)), boxed("Inner", conv(n)), repeat=2, share=True) for n in (8, 4)]
    document = digits(conv(8), outer[0], conv(4), outer[1])
    text = source(document)
    assert [text.count(f"class {name}") for name in ("Inner(", "Outer(", "OuterStack(")] == [1, 1, 1]
    assert "Inner(channels)" in text
    assert build(document, seed=0)(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_a_class_with_too_many_arguments_is_not_made() -> None:
    sizes = range(2, 2 + 2 * ARGUMENTS_LIMIT)
    first, second = (boxed("Long", *(conv(n + more) for n in sizes)) for more in (0, 20))
    assert source(digits(first, second)).count("class Long") == 2


def test_shared_classes_compute_what_classes_of_their_own_compute() -> None:
    ready = READY["residual"].block((16, 8, 8))
    alone = build(digits(conv(16), ready), seed=3)
    beside = build(digits(conv(16), ready, conv(8), ready.with_(filters=8)), seed=3)
    x = torch.randn(2, 1, 8, 8)
    for mine, theirs in zip(alone.state_dict().items(), beside.state_dict().items(), strict=False):
        if mine[0].startswith(("conv2d.", "block.")):
            assert mine[0] == theirs[0]
            assert torch.equal(mine[1], theirs[1])
    assert torch.equal(alone.eval().trace(x)["block"], beside.eval().trace(x)["block"])


def test_definitions_that_are_no_blocks_are_left_alone() -> None:
    supports = (Support("A", "class A:\n    pass\n"), Support("A2", "class A2:\n    pass\n"))
    assert in_families(supports, {}) == (supports, {})


def test_comments_tell_sizes_by_those_that_come_in() -> None:
    blocks = [boxed("Half", conv(n), layer("MaxPool2d")) for n in (4, 6)]
    assert "# (N, out_channels, height // 2, width // 2)" in source(digits(*blocks))
    blocks = [boxed("Twice", conv(n), layer("Upsample")) for n in (4, 6)]
    assert "# (N, out_channels, 2 * height, 2 * width)" in source(digits(*blocks))


def test_a_block_called_as_a_layer_of_torch_takes_nothing_away_from_that_layer() -> None:
    row = [layer("Linear", out_features=12), layer("ReLU")]
    blocks = [boxed("Linear", layer("Flatten"), *row), boxed("Linear", *row), boxed("Linear", layer("Tanh"), *row)]
    text = source(digits(*blocks))
    assert "class Linear2(" in text
    assert "nn.Linear2" not in text
    assert build(digits(*blocks), 0)(torch.randn(3, 1, 8, 8)).shape == (3, 10)


def test_blocks_called_as_a_layer_of_torch_become_one_class_and_leave_that_layer_alone() -> None:
    first, second = (boxed("ReLU", conv(filters), layer("PReLU"), layer("Dropout")) for filters in (8, 4))
    document = digits(first, boxed("Outer", layer("ReLU6"), conv(3)), second)
    text = source(document)
    assert "def __init__(self, in_channels, out_channels):" in text
    assert build(document, 0)(torch.randn(3, 1, 8, 8)).shape == (3, 10)
