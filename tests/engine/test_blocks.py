"""Blocks as PyTorch: classes of their own, held to networks written by hand."""

import ast
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from nnlab.core.blocks import grouping
from nnlab.core.blocks.block import Block
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.chain import chain, dense, layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import Graph, Node
from nnlab.core.ready import READY
from nnlab.core.writing import MODULE_WORDS
from nnlab.engine.compile import build, source
from nnlab.engine.headless import run_to_end
from nnlab.engine.learner import Learner
from nnlab.engine.looking_inside import tracer
from nnlab.engine.loop import Loop
from nnlab.engine.probes import answer
from nnlab.engine.scene import Scene
from nnlab.engine.wants import Activations, ActivationsWant


def document(graph: Graph, data: str = "spiral") -> Document:
    return Document(graph=graph, data=Data(dataset=DATASETS[data]()), training=Training(epochs=1))


def pictures(*layers: object) -> Document:
    """A network for the 8 × 8 digits with these layers between a first convolution and the answer."""
    head = [layer("Conv2d", out_channels=16), *layers, layer("GlobalAvgPool2d"), layer("Linear", out_features=10)]
    return document(chain(layer("Input"), *head, layer("Output")), "digits")  # type: ignore[arg-type]


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


# ------------------------------------------------------------------- by hand


class Basic(nn.Module):
    def __init__(self, before: int, filters: int, stride: int, project: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.down = (
            nn.Sequential(nn.Conv2d(before, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))
            if project
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.down is None else self.down(x)))


class Stage(nn.Module):
    """The first two stages of a small ResNet."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, padding=1)
        self.stage1 = nn.Sequential(*(Basic(16, 16, 1, False) for _ in range(3)))
        self.down = Basic(16, 32, 2, True)
        self.stage2 = nn.Sequential(*(Basic(32, 32, 1, False) for _ in range(2)))
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stage2(self.down(self.stage1(self.stem(x))))
        return self.head(x.mean((2, 3)))


def resnet() -> Document:
    residual = READY["residual"]
    return pictures(
        residual.block((16, 8, 8)).with_(repeat=3),
        READY["residual-down"].block((16, 8, 8)),
        residual.block((32, 4, 4)).with_(repeat=2),
    )


def test_a_resnet_stage_is_that_of_pytorch_by_hand() -> None:
    ours, theirs = build(resnet(), seed=3).eval(), Stage().eval()
    assert count(ours) == count(theirs)
    for name, value in ours.state_dict().items():
        if "running_var" in name:
            value.uniform_(0.5, 2)
    loaded_by_shape(ours, theirs)
    x = torch.randn(5, 1, 8, 8)
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)


def loaded_by_shape(ours: nn.Module, theirs: nn.Module) -> None:
    """By the order in which layers are applied: ours are made in that of the drawing, with the projection beside."""
    keys = ours.state_dict()
    mine = list(keys)
    yours = list(theirs.state_dict())
    assert len(mine) == len(yours)
    left = list(yours)
    found: dict[str, Tensor] = {}
    for key in mine:
        target = next(k for k in left if _role(k) == _role(key))
        left.remove(target)
        found[target] = keys[key]
    theirs.load_state_dict(found)


def _role(key: str) -> tuple[str, str]:
    """Which stage, which part of its block, and which tensor of that."""
    stages = {"conv2d": "stem", "stem": "stem", "block": "1", "stage1": "1", "block_2": "2", "down": "2", "block_3": "3",
              "stage2": "3", "linear": "head", "head": "head"}  # fmt: skip
    parts = {"conv_1": "a", "conv1": "a", "norm_1": "b", "bn1": "b", "conv_2": "c", "conv2": "c", "norm_2": "d", "bn2": "d",
             "projection": "e", "projection_norm": "f"}  # fmt: skip
    first, *rest = key.split(".")
    if first == "down" and rest[0] == "down":
        return stages[first], ("e." if rest[1] == "0" else "f.") + rest[-1]
    numbers = [p for p in rest if p.isdigit()]
    inside = next((parts[p] for p in rest if p in parts), "")
    return stages[first], ".".join([*numbers, inside, rest[-1]])


def test_an_encoder_three_times_is_that_of_pytorch() -> None:
    width, heads = 8, 2
    made = READY["encoder-post-norm"].block((8, 8)).with_(repeat=3, heads=heads, hidden=32)
    graph = chain(layer("Input"), layer("Reshape", shape="8, 8"), made, layer("Flatten"), layer("Linear", out_features=10),
                  layer("Output"))  # fmt: skip
    ours = build(document(graph, "digits"), seed=0).eval()
    one = nn.TransformerEncoderLayer(width, heads, 32, 0.1, batch_first=True)
    theirs = nn.TransformerEncoder(one, 3, enable_nested_tensor=False).eval()
    block = ours.get_submodule(ours.attributes["block"])
    assert count(block) == count(theirs)
    names = {
        "attention.": "self_attn.",
        "wide.": "linear1.",
        "narrow.": "linear2.",
        "norm_1.": "norm1.",
        "norm_2.": "norm2.",
    }
    state = {}
    for key, value in block.state_dict().items():
        number, rest = key.split(".", 1)
        part = next(p for p in names if rest.startswith(p))
        state[f"layers.{number}.{names[part]}{rest[len(part) :]}"] = value
    theirs.load_state_dict(state)
    x = torch.randn(4, 8, 8)
    assert torch.allclose(block(x), theirs(x), atol=1e-5)


def test_twelve_encoder_layers_are_one_node_and_one_class() -> None:
    made = READY["encoder-pre-norm"].block((8, 8)).with_(repeat=12)
    graph = chain(layer("Input"), layer("Reshape", shape="8, 8"), made, layer("Flatten"), layer("Linear", out_features=10),
                  layer("Output"))  # fmt: skip
    text = source(document(graph, "digits"))
    assert text.count("class ") == 2
    assert "nn.Sequential(*(EncoderNormFirst() for _ in range(12)))" in text
    assert len(graph.nodes) == 6


# ------------------------------------------------------------------- code


def test_grouping_changes_no_first_weight_and_no_answer() -> None:
    graph = chain(layer("Input"), *dense(6, 6, 3, activation="Tanh"), layer("Output"))
    grouped, _ = grouping.group(graph, ["tanh", "linear_2", "tanh_2"])
    plain, blocked = build(document(graph), seed=5), build(document(grouped), seed=5)
    x = torch.randn(7, 2)
    assert torch.equal(plain(x), blocked(x))
    assert [tuple(p.shape) for p in plain.parameters()] == [tuple(p.shape) for p in blocked.parameters()]


def test_shared_repeats_apply_the_same_weights_again() -> None:
    once = wired({"x": BlockInput(), "linear": layer("Linear", out_features=2), "tanh": layer("Tanh"), "y": BlockOutput()},
                 "x > linear", "linear > tanh", "tanh > y")  # fmt: skip
    made = Block(called="Step", inner=once, repeat=4, share=True)
    model = build(document(chain(layer("Input"), made, layer("Linear", out_features=3), layer("Output"))), seed=1)
    linear = model.get_submodule("block.block.linear")
    x = torch.randn(3, 2)
    y = x
    for _ in range(4):
        y = torch.tanh(linear(y))
    assert torch.allclose(model.trace(x)["block"], y)
    assert "for _ in range(4):" in model.source


def test_a_second_input_goes_to_every_repeat() -> None:
    inner = wired({"x": BlockInput(), "more": BlockInput(name="more"), "linear": layer("Linear", out_features=2),
                   "add": layer("Add"), "y": BlockOutput()}, "x > linear", "linear > add", "more > add", "add > y")  # fmt: skip
    graph = Graph().with_nodes([Node("input", layer("Input")), Node("block", Block(inner=inner, repeat=3)),
                                Node("linear", layer("Linear", out_features=3)), Node("output", layer("Output"))])  # fmt: skip
    graph = (
        graph.connect("input", "block")
        .connect("input", "block", "more")
        .connect("block", "linear")
        .connect("linear", "output")
    )
    model = build(document(graph), seed=1)
    x = torch.randn(3, 2)
    y = x
    for n in range(3):
        y = model.get_submodule(f"block.blocks.{n}.linear")(y) + x
    assert torch.allclose(model.trace(x)["block"], y)


def test_blocks_of_one_name_that_differ_in_sizes_are_one_class() -> None:
    narrow, wide = (READY["residual"].block((n, 8, 8)) for n in (16, 8))
    text = source(pictures(narrow, layer("Conv2d", out_channels=8), wide, narrow.with_(filters=8)))
    assert text.count("class ResidualBlock(") == 1
    assert "ResidualBlock(16)" in text
    assert "ResidualBlock(8)" in text
    assert "class ResidualBlock2(" not in text
    ast.parse(text)


def test_names_of_blocks_cannot_break_the_code() -> None:
    inner = Block().inner
    for title in ("Network", "nn", "torch", "class", "12 layers", "Straße\n", "", "x" * 300, "Module"):
        model = build(
            document(
                chain(
                    layer("Input"), Block(called=title, inner=inner), layer("Linear", out_features=3), layer("Output")
                )
            )
        )
        assert model(torch.zeros(2, 2)).shape == (2, 3)


def test_several_outputs_leave_a_block() -> None:
    graph = Graph().with_nodes([Node("input", layer("Input")), Node("down", READY["unet-down"].block((1, 8, 8))),
                                Node("up", READY["unet-up"].block((2, 4, 4))), Node("flatten", layer("Flatten")),
                                Node("linear", layer("Linear", out_features=10)), Node("output", layer("Output"))])  # fmt: skip
    graph = graph.connect("input", "down").connect("down", "up").connect("down", "up", "skip", "skip")
    graph = graph.connect("up", "flatten").connect("flatten", "linear").connect("linear", "output")
    model = build(document(graph, "digits"))
    assert model(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    assert model.trace(torch.zeros(2, 1, 8, 8))["down.skip"].shape == (2, 2, 8, 8)


def test_the_words_that_modules_have_are_all_reserved() -> None:
    assert {n for n in dir(nn.Module()) if not n.startswith("_") and n.islower()} <= MODULE_WORDS


@pytest.mark.parametrize("share", [False, True])
def test_a_network_of_blocks_trains(share: bool) -> None:
    hidden = wired({"x": BlockInput(), "linear": layer("Linear", out_features=8), "tanh": layer("Tanh"), "y": BlockOutput()},
                   "x > linear", "linear > tanh", "tanh > y")  # fmt: skip
    made = Block(called="Hidden", inner=hidden, repeat=2, share=share)
    graph = chain(layer("Input"), layer("Linear", out_features=8), layer("Tanh"), made, layer("Linear", out_features=2),
                  layer("Output"))  # fmt: skip
    spec = document(graph).with_training(epochs=20, learning_rate=0.02)
    result = run_to_end(spec)
    first, last = result.history["loss"][0], result.history["loss"][-1]
    assert last < 0.8 * first


def test_weights_go_into_a_block_and_out_of_it_again() -> None:
    graph = chain(layer("Input"), *dense(6, 6, 2, activation="Tanh"), layer("Output"))
    grouped, block_id = grouping.group(graph, ["linear_2", "tanh_2"])
    before = Learner(document(graph))
    inside = Learner(document(grouped).with_training(seed=9), kept_from=before)
    after = Learner(document(graph).with_training(seed=10), kept_from=inside)
    x = torch.randn(5, 2)
    assert torch.equal(inside.network(x), before.network(x))
    assert torch.equal(after.network(x), before.network(x))
    assert set(inside.kept) == {"linear", block_id, "linear_3"}


def test_a_layer_that_changed_inside_starts_anew() -> None:
    graph = chain(layer("Input"), *dense(6, 6, 2, activation="Tanh"), layer("Output"))
    grouped, block_id = grouping.group(graph, ["linear", "tanh", "linear_2", "tanh_2"])
    inner = grouping.inner_graph(grouped, [block_id])
    changed = grouping.with_inner(
        grouped, [block_id], inner.with_node(Node("linear_2", layer("Linear", out_features=5)))
    )
    before = Learner(document(grouped))
    after = Learner(document(changed).with_training(seed=9), kept_from=before)
    mine, theirs = after.network.state_dict(), before.network.state_dict()
    assert torch.equal(mine["block.linear.weight"], theirs["block.linear.weight"])
    assert mine["block.linear_2.weight"].shape == (5, 6)
    assert block_id not in after.kept


def test_layers_inside_may_be_frozen_and_share_their_weights() -> None:
    graph = chain(layer("Input"), *dense(4, 4, 4, 2, activation="Tanh"), layer("Output"))
    node = graph.node("linear_3")
    graph = graph.with_node(replace(node, learning=node.learning.with_(shares="linear_2", frozen=True)))
    node = graph.node("linear_2")
    graph = graph.with_node(replace(node, learning=node.learning.with_(frozen=True)))
    grouped, block_id = grouping.group(graph, ["linear_2", "tanh_2", "linear_3"])
    spec = document(grouped)
    model, plain = build(spec, seed=4), build(document(graph), seed=4)
    x = torch.randn(3, 2)
    assert torch.equal(model(x), plain(x))
    inside = model.get_submodule("block")
    assert not any(p.requires_grad for p in inside.parameters())
    assert count(inside) == spec.parameter_count(block_id) == 20
    assert {n: tuple(p.shape) for n, p in inside.named_parameters()} == spec.graph.node(
        block_id
    ).layer.parameter_shapes((4,))


# ------------------------------------------------------------------- looking inside


def test_what_leaves_the_layers_inside_is_what_a_hand_takes_out() -> None:
    spec = resnet()
    model = build(spec, seed=2).eval()
    x = torch.randn(3, 1, 8, 8)
    inside = tracer(model, spec, ("block",))(x)
    first = model.get_submodule("block.0")
    before = model.conv2d(x)
    assert torch.allclose(inside["conv_1"], first.conv_1(before))
    assert torch.allclose(inside["y"], first(before))
    once = tracer(model, spec, ("block_2",))(x)
    assert torch.allclose(once["y"], model.trace(x)["block_2"])


def test_nested_blocks_and_shared_repeats_can_be_looked_into() -> None:
    inner = wired({"x": BlockInput(), "linear": layer("Linear", out_features=2), "tanh": layer("Tanh"), "y": BlockOutput()},
                  "x > linear", "linear > tanh", "tanh > y")  # fmt: skip
    step = Block(called="Step", inner=inner, repeat=3, share=True)
    outer = Block(inner=wired({"x": BlockInput(), "step": step, "relu": layer("ReLU"), "y": BlockOutput()},
                              "x > step", "step > relu", "relu > y"))  # fmt: skip
    spec = document(chain(layer("Input"), outer, layer("Linear", out_features=2), layer("Output")))
    model = build(spec, seed=2)
    x = torch.randn(4, 2)
    inside = tracer(model, spec, ("block", "step"))(x)
    assert torch.allclose(inside["tanh"], torch.tanh(model.get_submodule("block.step.block.linear")(x)))
    assert tracer(model, spec, ("block", "nowhere"))(x) == {}
    assert set(tracer(model, spec, ())(x)) == {"input", "block", "linear", "output"}


def test_pictures_of_the_layers_inside_are_answered_under_their_ids() -> None:
    spec = resnet()
    loop = Loop(spec, lambda event: None)
    found = answer(ActivationsWant(path=("block",)), Scene.of(loop))
    assert isinstance(found, Activations)
    assert {"conv_1", "relu", "add"} <= set(found.nodes)
    assert "conv2d" not in found.nodes
