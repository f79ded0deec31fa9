"""Torch confirms the shapes without computing a number, and what it sees otherwise is told of the node."""

import logging

import pytest
import torch

from nnlab.core.chain import chain, layer
from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.core.layer import Shape
from nnlab.engine.confirming import confirm
from nnlab.layers.linear import Linear

SMALL = Document(
    chain(layer("Input"), layer("Linear", out_features=5), layer("Tanh"), layer("Linear"), layer("Output"))
)


def test_a_disagreement_names_the_node_and_both_shapes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Linear, "output_shape", lambda self, *shapes: (self.out_features + (self.out_features == 8),))
    document = SMALL.with_data(validation=0.25)
    with caplog.at_level(logging.WARNING):
        found = confirm(document)
    assert [(d.node, d.expected, d.found) for d in found] == [
        ("linear_2", "N × 9", "N × 8"),
        ("output", "N × 9", "N × 8"),
    ]
    told = found[0].problem(document)
    assert (told.severity, told.node) == ("warning", "linear_2")
    assert told.message.startswith("Linear should give N × 9, and PyTorch gives N × 8")
    assert len(caplog.records) == 2


def test_what_torch_refuses_is_told_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: Linear, *shapes: Shape) -> Shape:
        return (self.out_features + 1,)

    monkeypatch.setattr(Linear, "output_shape", wrong)
    (found,) = confirm(SMALL.with_data(validation=0.25))
    assert found.node is None
    assert "[3, 5] X [6, 8]" in found.found
    assert found.problem(SMALL).message.startswith("The network should give an answer")


def test_what_is_not_sound_is_not_asked_about() -> None:
    assert confirm(Document()) == ()
    assert confirm(Document(chain(layer("Input"), layer("Conv2d"), layer("Output")))) == ()


@pytest.mark.parametrize(
    "example", ["spiral", "digits-cnn", "mood", "zed", "molecules", "house-price", "outlines", "skips"]
)
def test_examples_are_confirmed_and_no_dice_are_thrown(example: str) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    assert confirm(EXAMPLES[example].make()) == ()
    assert torch.equal(torch.get_rng_state(), before)
