"""Weight norm and spectral norm as a property of a layer: what is learned, how much of it, and who can have one."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

import nnlab
from nnlab.core.blocks.grouping import group
from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.layer import Layer, Shape
from nnlab.core.learning import Learning, norm_problem, parameter_shapes, takes_norm
from nnlab.engine.compile import build, source
from nnlab.errors import BuildError
from nnlab.files import codec

NORMED: list[tuple[Layer, Shape]] = [
    (layer("Linear", out_features=5), (3,)),
    (layer("Linear", out_features=5, bias=False), (4, 3)),
    (layer("Conv1d", out_channels=4, padding="causal"), (2, 9)),
    (layer("Conv2d", out_channels=4, groups=2), (2, 6, 6)),
    (layer("Conv3d", out_channels=2), (2, 4, 4, 4)),
    (layer("DepthwiseConv2d", multiplier=2), (3, 6, 6)),
    (layer("PointwiseConv2d", out_channels=3), (2, 5, 5)),
    (layer("ConvTranspose1d", out_channels=4), (2, 9)),
    (layer("ConvTranspose2d", out_channels=4), (2, 6, 6)),
    (layer("ConvTranspose3d", out_channels=2), (2, 3, 3, 3)),
]


def document(*layers: Layer, data: str = "digits", **learning: Learning) -> Document:
    graph = chain(layer("Input"), *layers, layer("Output"))
    for node_id, each in learning.items():
        graph = graph.with_node(replace(graph.node(node_id), learning=each))
    return Document(graph, Data(dataset=DATASETS[data]()))


@pytest.mark.parametrize("norm", ["weight", "spectral"])
@pytest.mark.parametrize(("kind", "shape"), NORMED, ids=lambda each: type(each).__name__)
def test_torch_has_the_tensors_that_are_promised(kind: Layer, shape: Shape, norm: str) -> None:
    call = kind.torch_code(shape).module
    assert call is not None
    made = getattr(nn.utils.parametrizations, f"{norm}_norm")(eval(call.source()))
    promised = parameter_shapes(kind, Learning(norm=norm), shape)
    assert promised == {name: tuple(p.shape) for name, p in made.named_parameters()}


@pytest.mark.parametrize("id_", ["ReLU", "BatchNorm2d", "SeparableConv2d", "PReLU", "MultiheadAttention"])
def test_other_layers_are_refused_with_a_sentence(id_: str) -> None:
    shape = (6, 4) if id_ == "MultiheadAttention" else (2, 5, 5)
    kind = layer(id_, num_heads=2) if id_ == "MultiheadAttention" else layer(id_)
    shapes = tuple((-1,) if port.optional else shape for port in kind.inputs)
    assert not takes_norm(kind, *shapes)
    assert not norm_problem(kind, Learning(), *shapes)
    assert "set its norm of weights to None" in norm_problem(kind, Learning(norm="weight"), *shapes)


def test_a_network_with_a_norm_elsewhere_is_not_built() -> None:
    made = document(layer("Flatten"), layer("ReLU"), layer("Linear", out_features=10), relu=Learning(norm="spectral"))
    with pytest.raises(BuildError, match="spectral norm") as problem:
        build(made)
    assert problem.value.node == "relu"


def test_the_count_has_the_lengths_that_weight_norm_learns() -> None:
    made = document(layer("Flatten"), layer("Linear", out_features=10), linear=Learning(norm="weight"))
    assert made.parameter_count("linear") == 64 * 10 + 10 + 10
    made = document(layer("Flatten"), layer("Linear", out_features=10), linear=Learning(norm="spectral"))
    assert made.parameter_count("linear") == 64 * 10 + 10


def test_the_norm_stands_in_the_code_and_in_the_file() -> None:
    made = document(layer("Conv2d", out_channels=4), layer("Flatten"), layer("Linear", out_features=10))
    graph = made.graph.with_node(replace(made.graph.node("conv2d"), learning=Learning(norm="spectral")))
    made = replace(made, graph=graph)
    assert 'self.conv2d = spectral_norm(nn.Conv2d(1, 4, 3, padding="same"))' in source(made)
    assert codec.document_from_dict(codec.document_to_dict(made)) == (made, ())


def test_inside_a_block_it_is_the_same() -> None:
    made = document(
        layer("Flatten"), layer("Linear", out_features=8), layer("Tanh"), layer("Linear", out_features=10),
        linear=Learning(norm="weight"),
    )  # fmt: skip
    graph, block = group(made.graph, ["linear", "tanh"])
    grouped = replace(made, graph=graph)
    assert grouped.parameter_count(block) == made.parameter_count("linear")
    assert "weight_norm(nn.Linear(" in source(grouped)
    assert [tuple(p.shape) for p in build(grouped, 0).parameters()] == [
        tuple(p.shape) for p in build(made, 0).parameters()
    ]


def test_from_python_it_is_one_word() -> None:
    project = nnlab.Project.example("moons")
    node = next(n.id for n in project.document.graph.nodes.values() if n.type_id == "Linear")
    before = project.graph.parameter_count(node)
    project.graph.learn(node, norm="spectral")
    assert project.graph.parameter_count(node) == before
    assert "spectral_norm(nn.Linear(" in project.code()
    project.graph.learn(node, norm="weight")
    assert (project.graph.parameter_count(node) or 0) > (before or 0)
    with pytest.raises(nnlab.NNLabError):
        project.graph.learn(node, norm="both")


def test_a_start_that_is_asked_for_is_that_of_the_weight_before_its_norm() -> None:
    made = document(layer("Flatten"), layer("Linear", out_features=10))
    for norm, name in (("weight", "original1"), ("spectral", "original")):
        graph = made.graph.with_node(
            replace(made.graph.node("linear"), learning=Learning(norm=norm, init="orthogonal"))
        )
        network: Any = build(replace(made, graph=graph), 0)
        weight = network.state_dict()[f"linear.parametrizations.weight.{name}"]
        assert torch.allclose(weight @ weight.T, torch.eye(10), atol=1e-5)
        assert torch.allclose(network.linear.weight, weight, atol=1e-2)
