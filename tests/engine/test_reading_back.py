"""Exported code, read in a process that knows nothing of its drawing, gives the drawing back, and computes the same."""

import math
import os
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from random_graphs import KINDS, random_document, random_samples
from same_network import learned, told
from torch import Tensor, nn

import nnlab
from nnlab.core.blocks.grouping import taken_apart
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.example import EXAMPLES
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, UnknownLayer
from nnlab.core.learning import Learning
from nnlab.engine.compile import arguments, source

GRAPHS = int(os.environ.get("NNLAB_GRAPHS", "40"))
FIRST = int(os.environ.get("NNLAB_FIRST_GRAPH", "0"))
PER_TEST = 5


def seeds() -> list[int]:
    """Spread over all layers however few they are."""
    step = max(1, len(KINDS) // GRAPHS)
    return [FIRST + 3 + k * step for k in range(GRAPHS)]


def exported(document: Document) -> nn.Module:
    """The network of the exported code, in a place that knows nothing of NNLab."""
    names: dict[str, Any] = {"torch": torch, "nn": nn, "F": nn.functional, "math": math}
    exec(source(document), names)
    torch.manual_seed(1)
    network: nn.Module = names["Network"]()
    return network.eval()


def answers(network: nn.Module, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    torch.manual_seed(1)
    with torch.no_grad():
        found = network(*inputs)
    return list(found) if isinstance(found, tuple) else [found]


def unknown(document: Document) -> list[str]:
    whole = taken_apart(document.graph)
    return [node.type_id for node in whole.nodes.values() if isinstance(node.layer, UnknownLayer)]


def read_back(document: Document, seed: int = 0) -> Document:
    """The drawing that comes of a document's code, which must be that document and answer as it does."""
    network, samples = exported(document), random_samples(document, seed)
    inputs = tuple(torch.as_tensor(samples[k]) for k in arguments(document))
    project = nnlab.from_module(network, inputs if len(inputs) > 1 else inputs[0])
    found = project.document
    assert unknown(found) == []
    assert told(found) == told(document)
    again = project.model()
    assert learned(again) == learned(network)
    for mine, theirs in zip(answers(network, inputs), answers(again, inputs), strict=True):
        assert mine.shape == theirs.shape
        assert torch.allclose(mine, theirs, rtol=1e-5, atol=1e-6, equal_nan=True)
    return found


@pytest.mark.parametrize("first", range(0, GRAPHS, PER_TEST))
def test_the_code_of_a_random_network_comes_back_as_that_network(first: int) -> None:
    for seed in seeds()[first : first + PER_TEST]:
        try:
            read_back(random_document(seed), seed)
        except Exception as problem:
            raise AssertionError(f"the network of seed {seed} (wanted: {KINDS[seed % len(KINDS)]})") from problem


# ---------------------------------------------------------------- the comparison can fail


def chain(*layers: Any, data: str = "digits") -> Document:
    """Layers one after the other."""
    graph, last = Graph(), ""
    for layer in (LAYERS["Input"](), *layers, LAYERS["Output"]()):
        node_id = graph.new_id(layer)
        graph = graph.with_node(Node(node_id, layer))
        graph = graph.connect(last, node_id) if last else graph
        last = node_id
    return Document(graph, Data(DATASETS[data]()))


def made(id_: str, **settings: Any) -> Any:
    return LAYERS[id_]().with_(**settings)


PAIRS = {
    "a setting": (made("Conv2d", padding="valid", stride=2), made("Conv2d", padding="valid")),
    "a number": (made("LeakyReLU", negative_slope=0.1), made("LeakyReLU", negative_slope=0.2)),
    "a kind": (made("ReLU"), made("Tanh")),
    "a formula": (made("Expression", expression="exp(a) * 2"), made("Expression", expression="exp(a) * 3")),
    "a window": (made("MaxPool2d", kernel_size=2), made("AvgPool2d", kernel_size=2)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_two_networks_that_differ_are_told_apart(name: str) -> None:
    one, other = (chain(layer, made("Flatten"), made("Linear", out_features=10)) for layer in PAIRS[name])
    assert told(one) == told(one)
    assert told(one) != told(other)


def test_wires_that_differ_are_told_apart() -> None:
    document = chain(made("Flatten"), made("Linear", out_features=10), made("Tanh"), made("Sigmoid"))
    graph = document.graph
    skipped = document.with_graph(graph.without_node("tanh").connect("linear", "sigmoid"))
    assert told(skipped) != told(document)


def test_the_same_formula_in_one_layer_or_two_is_one_network() -> None:
    one = chain(made("Expression", expression="sin(a)"), made("Flatten"), made("Linear", out_features=10))
    two = chain(made("Sine"), made("Flatten"), made("Linear", out_features=10))
    assert told(one) == told(two)


# ---------------------------------------------------------------- kinds that share torch's modules


def kinds(document: Document) -> list[str]:
    return sorted(
        {n.type_id for n in taken_apart(document.graph).nodes.values()} - {"Input", "Output", "Flatten", "Linear"}
    )


def pictures(*layers: Any) -> Document:
    """On small pictures, of which four channels are made first."""
    return chain(made("Conv2d", out_channels=4), *layers, made("Flatten"), made("Linear", out_features=10))


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (made("DepthwiseConv2d"), "DepthwiseConv2d"),
        (made("DepthwiseConv2d", kernel_size=2, multiplier=3), "DepthwiseConv2d"),  # with a border on one side
        (made("SeparableConv2d", out_channels=6), "SeparableConv2d"),
        (made("SeparableConv2d", out_channels=6, kernel_size=(2, 3)), "SeparableConv2d"),
        (made("Conv2d", kernel_size=4), "Conv2d"),
        (made("PointwiseConv2d"), "Conv2d"),  # literally the same code
        (made("LPPool2d", norm_type=3), "LPPool2d"),
        (made("GradientReversal", strength=0.3), "GradientReversal"),
        (made("Step", lower="minus one", gradient="everywhere"), "Step"),
        (made("GlobalAvgPool2d", flatten=False), "GlobalAvgPool2d"),
        (made("Expression", expression="where(a > 0.5, log(abs(a) + 1), -a)"), "Expression"),
    ],
)
def test_a_layer_comes_back_as_the_kind_that_wrote_the_code(layer: Any, kind: str) -> None:
    found = read_back(pictures(layer))
    assert kind in kinds(found)
    assert set(kinds(found)) <= {kind, "Conv2d"}


@pytest.mark.parametrize("mode", ["mean", "max", "sum"])
def test_rows_of_a_graph_are_pooled_as_nodes_and_those_of_a_text_as_steps(mode: str) -> None:
    molecules = EXAMPLES["molecules"].document()
    changed = {
        n: replace(node, layer=node.layer.with_(mode=mode)) if node.type_id == "GraphPool" else node
        for n, node in molecules.graph.nodes.items()
    }
    found = read_back(molecules.with_graph(replace(molecules.graph, nodes=changed)))
    assert "GraphPool" in kinds(found)
    if mode != "sum":
        text = chain(
            made("Embedding", num_embeddings=26), made("SequencePool", mode=mode), made("Linear"), data="first-word"
        )
        assert "SequencePool" in kinds(read_back(text))


# ---------------------------------------------------------------- how layers are learned, and what they began with


def test_gates_that_began_open_say_so_in_their_numbers() -> None:
    for kind, name in (("LSTM", "forget_bias"), ("GRU", "update_bias")):
        layer = made(kind, hidden_size=5, num_layers=2, **{name: 1.5})
        document = chain(
            made("Embedding", num_embeddings=26), layer, made("Flatten"), made("Linear"), data="first-word"
        )
        graph = read_back(document).graph
        assert [getattr(n.layer, name) for n in graph.nodes.values() if n.type_id == kind] == [1.5]


def test_gates_that_have_learned_since_are_no_setting() -> None:
    layer = made("LSTM", hidden_size=5, forget_bias=1.5)
    document = chain(made("Embedding", num_embeddings=26), layer, made("Flatten"), made("Linear"), data="first-word")
    network = exported(document)
    with torch.no_grad():
        network.get_parameter("lstm.bias_ih_l0")[6] += 0.1
    words = torch.as_tensor(random_samples(document, 0)[0])
    found = nnlab.from_module(network, words).document
    assert [n.layer.forget_bias for n in found.graph.nodes.values() if isinstance(n.layer, LAYERS["LSTM"])] == [None]  # type: ignore[attr-defined]


def test_frozen_and_shared_layers_stay_so() -> None:
    layers = [
        made("Flatten"),
        made("Linear", out_features=12),
        made("Tanh"),
        made("Linear", out_features=12),
        made("Linear", out_features=12),
    ]
    document = chain(*layers)
    nodes = dict(document.graph.nodes)
    nodes["linear"] = replace(nodes["linear"], learning=Learning(frozen=True))
    nodes["linear_3"] = replace(nodes["linear_3"], learning=Learning(shares="linear_2"))
    found = read_back(document.with_graph(replace(document.graph, nodes=nodes))).graph
    assert [n.learning.frozen for n in found.nodes.values() if n.type_id == "Linear"].count(True) == 1
    assert [bool(n.learning.shares) for n in found.nodes.values() if n.type_id == "Linear"].count(True) == 1


def test_reading_leaves_the_model_as_it_is_also_where_a_table_is_cut_to_length() -> None:
    network = nn.Sequential(nn.Embedding(9, 4, max_norm=0.5), nn.Flatten(), nn.Linear(20, 2))
    before = {name: each.clone() for name, each in network.state_dict().items()}
    project = nnlab.from_module(network, torch.from_numpy(np.random.default_rng(0).integers(0, 9, (3, 5))))
    assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())
    assert learned(project.model()) == learned(network)


def test_convolutions_with_every_border_come_back() -> None:
    dice = random.Random(7)
    tried = 0
    for _ in range(40):
        kernel, dilation = dice.randint(1, 4), dice.randint(1, 2)
        padding = dice.choice(["same", "valid", "causal", 1])
        layer = made(
            "Conv1d", out_channels=6, kernel_size=kernel, dilation=dilation, padding=padding, bias=dice.random() < 0.5
        )
        document = chain(made("Reshape", shape="4, 16"), layer, made("Flatten"), made("Linear", out_features=10))
        if document.shapes["linear"].known:
            read_back(document)
            tried += 1
        if tried == 12:
            break
    assert tried == 12
