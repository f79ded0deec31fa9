"""Settings that change little: whole channels in Dropout, even noise, paths dropped more often the deeper they are."""

import math

import pytest
import torch
from torch import nn

import nnlab
from nnlab.core.chain import layer
from nnlab.core.layer import Layer, Shape
from nnlab.engine.compile import run_text


def module_of(kind: Layer, *shapes: Shape) -> nn.Module:
    code = kind.torch_code(*shapes)
    assert code.module is not None
    made: nn.Module = eval(code.module.source(), run_text("\n\n".join(each.text for each in code.support)))
    return made


@pytest.mark.parametrize(
    ("shape", "kind"), [((4,), "Dropout"), ((3, 8), "Dropout1d"), ((3, 4, 4), "Dropout2d"), ((3, 2, 4, 4), "Dropout3d")]
)
def test_dropout_drops_whole_channels_where_there_are_some(shape: Shape, kind: str) -> None:
    assert type(module_of(layer("Dropout", channels=True), shape)).__name__ == kind
    assert type(module_of(layer("Dropout"), shape)).__name__ == "Dropout"
    assert layer("Dropout", channels=True, p=0.25).summary() == "0.25 of channels"


def test_whole_channels_are_0_or_kept() -> None:
    torch.manual_seed(0)
    made = module_of(layer("Dropout", channels=True), (6, 5, 5)).train()(torch.ones(40, 6, 5, 5))
    each = made.flatten(2)
    assert torch.equal(each.amin(2), each.amax(2))
    assert set(each.unique().tolist()) == {0.0, 2.0}


def test_even_noise_has_its_spread_and_no_number_beyond_its_ends() -> None:
    torch.manual_seed(0)
    kind = layer("Noise", shape="50", std=2.0, distribution="uniform")
    made = module_of(kind)(400)
    assert made.shape == (400, 50)
    assert float(made.std()) == pytest.approx(2.0, rel=0.02)
    assert float(made.mean()) == pytest.approx(0.0, abs=0.05)
    assert float(made.abs().max()) <= 2 * math.sqrt(3)
    assert float(made.abs().max()) > 1.98 * math.sqrt(3)


def test_even_noise_comes_back_from_a_module() -> None:
    kind = layer("Noise", shape="5", std=0.5, distribution="uniform")
    code = kind.torch_code()
    assert code.module is not None
    text = "\n\n".join(each.text for each in code.support)
    text += f"""
class Theirs(nn.Module):
    def __init__(self):
        super().__init__()
        self.noise = {code.module.source()}
        self.last = nn.Linear(5, 2)

    def forward(self, x):
        return self.last(x + self.noise(x.shape[0]))
"""
    project = nnlab.from_module(run_text(text)["Theirs"](), torch.rand(2, 5))
    (found,) = [n.layer for n in project.document.graph.nodes.values() if n.type_id == "Noise"]
    assert found == kind
