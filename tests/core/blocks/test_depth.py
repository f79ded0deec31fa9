"""A Drop path whose share grows with depth: each copy of a repeated block has its own, in code, training and apart."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.grouping import ungroup
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.chain import chain, layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.engine.captured.switching import capture_now
from nnlab.engine.compile import build, source
from nnlab.engine.loop import Loop
from nnlab.errors import ShapeError


def branch(p: float = 0.3, repeat: int = 3, schedule: str = "linear", share: bool = False) -> Block:
    inner = wired(
        {
            "x": BlockInput(), "dense": layer("Linear", out_features=8), "bent": layer("Tanh"),
            "path": layer("DropPath", p=p, schedule=schedule), "add": layer("Add"), "y": BlockOutput(),
        },
        "x > dense", "dense > bent", "bent > path", "path > add", "x > add", "add > y",
    )  # fmt: skip
    return Block(called="Branch", inner=inner, repeat=repeat, share=share)


def document(block: Block) -> Document:
    graph = chain(
        layer("Input"), layer("Linear", out_features=8), block, layer("Linear", out_features=2), layer("Output")
    )
    return Document(graph, Data(dataset=DATASETS["moons"]()), Training().with_(epochs=2, device="cpu"))


def shares(made: Document) -> list[float]:
    return [float(getattr(m, "p", 0)) for m in build(made, 0).modules() if type(m).__name__ == "DropPath"]


def test_the_share_grows_to_what_is_set() -> None:
    assert shares(document(branch())) == pytest.approx([0.1, 0.2, 0.3])
    assert shares(document(branch(schedule="same"))) == [0.3] * 3
    assert shares(document(branch(repeat=1))) == [0.3]
    assert shares(document(branch(share=True))) == [0.3]


def test_it_is_one_class_with_an_argument() -> None:
    text = source(document(branch()))
    assert text.count("class Branch(") == 1
    assert "class Branch2" not in text
    for share in ("0.1", "0.2", "0.3"):
        assert f"Branch({share})" in text
    assert source(document(branch(schedule="same"))).count("Branch() for _ in range(3)") == 1


def test_the_names_of_its_weights_are_those_that_are_promised() -> None:
    made = document(branch())
    promised = branch().parameter_shapes((8,))
    found = {
        n.removeprefix("block."): tuple(p.shape) for n, p in build(made).named_parameters() if n.startswith("block.")
    }
    assert found == promised


def test_both_engines_train_it_alike() -> None:
    torch.set_num_threads(1)
    found: list[dict[str, Any]] = []
    for captured in (False, True):
        loop = Loop(document(branch()), lambda event: None)
        loop.advance()
        if captured:
            capture_now(loop)
            assert loop.captured is not None, loop.engine_reason
        for _ in loop.steps():
            pass
        found.append(loop.learner.as_arrays())
    for name, values in found[0].items():
        assert np.array_equal(values, found[1][name]), name


def test_taken_apart_each_copy_keeps_its_share() -> None:
    made = document(branch())
    apart = replace(made, graph=ungroup(made.graph, "block")[0])
    assert shares(apart) == pytest.approx([0.1, 0.2, 0.3])


def test_too_many_copies_are_refused_with_a_sentence() -> None:
    with pytest.raises(ShapeError, match="more than 200 copies"):
        branch(repeat=201).output_shapes((8,))
    assert branch(repeat=201, schedule="same").output_shapes((8,)) == ((8,),)
