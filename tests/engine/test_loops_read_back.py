"""Code of blocks over the steps of a sequence, read back: the same block, with its numbers."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.learning import Learning
from nnlab.core.ready import READY
from nnlab.engine.compile import build, run_text, source
from nnlab.engine.imports.fx_graph import from_module

SERIES = "hourly-load"
WIDE = DATASETS[SERIES]().spec().width


def two_states() -> Block:
    """An answer of its own, and two states."""
    inner = wired(
        {
            "x": BlockInput(name="x"), "h": BlockInput(name="h", order=1), "c": BlockInput(name="c", order=2),
            "both": layer("Concat"), "new": layer("Linear", out_features=5), "tanh": layer("Tanh"), "sum": layer("Add"),
            "y": layer("Linear", out_features=3), "out": BlockOutput(name="y"), "h_out": BlockOutput(name="h", order=1),
            "c_out": BlockOutput(name="c", order=2),
        },
        "x > both", "h > both", "both > new", "new > tanh", "tanh > sum", "c > sum", "sum > y", "y > out",
        "tanh > h_out", "sum > c_out",
    )  # fmt: skip
    return Block(called="Two states", inner=inner, repeat_as="time")


def document(block: Block, learning: Learning | None = None) -> Document:
    graph = wired(
        {
            "input": layer("Input"), "loop": block, "last": layer("LastStep"),
            "dense": layer("Linear", out_features=WIDE), "output": layer("Output"),
        },
        "input > loop", "loop > last", "last > dense", "dense > output",
    )  # fmt: skip
    graph = graph.with_node(replace(graph.node("dense"), learning=learning or Learning()))
    return Document(graph, Data(dataset=DATASETS[SERIES]()))


def theirs(made: Document) -> Any:
    torch.manual_seed(7)
    return run_text(source(made))["Network"]().eval()


@pytest.mark.parametrize("block", [READY["own-cell"].block(), two_states()], ids=["own cell", "two states"])
@pytest.mark.parametrize("norm", ["none", "spectral"])
def test_exported_code_comes_back_as_the_block_that_it_was(block: Block, norm: str) -> None:
    model, x = theirs(document(block, Learning(norm=norm))), torch.randn(2, *DATASETS[SERIES]().spec().packed_shape)
    found = from_module(model, x)
    (again,) = [n.layer for n in found.document.graph.nodes.values() if isinstance(n.layer, Block)]
    assert again.is_over_time
    assert again.called == block.called or not block.called
    assert [p.name for p in again.inputs] == [p.name for p in block.inputs]
    assert torch.equal(build(found.document, 0).eval()(x), model(x))
    assert not found.unknown


def test_a_loop_that_does_something_else_is_not_taken_for_one() -> None:
    class Cell(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.of_both = nn.Linear(3 + 4, 4)

        def forward(self, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
            return torch.tanh(self.of_both(torch.cat([x, h], 1)))

    class CellOverTime(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.step = Cell()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h, steps = x.new_zeros(x.shape[0], 4), []
            for step in reversed(x.unbind(1)):
                h = self.step(step, h)
                steps.append(h)
            return torch.stack(steps, 1)

    found = from_module(nn.Sequential(CellOverTime(), nn.Linear(4, 2)).eval(), torch.randn(2, 6, 3))
    assert found.unknown
