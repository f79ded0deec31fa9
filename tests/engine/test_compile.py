"""Networks built from documents, against the same networks written by hand in torch."""

import ast
import contextlib
import copy
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nnlab.core.blocks.ports import EMPTY
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, Layer, Shape
from nnlab.core.objective import find_output, resolve
from nnlab.core.param import Param
from nnlab.core.ready import READY
from nnlab.engine.compile import attribute_names, build, loss_function, source
from nnlab.errors import BuildError, LinkError

F = nn.functional


def layer(id_: str, **settings: object) -> Layer:
    return LAYERS[id_](**settings)


def chain(*layers: Layer, dataset: str = "spiral") -> Document:
    graph, before = Graph(), ""
    for each in layers:
        node_id = graph.new_id(each)
        graph = graph.with_node(Node(node_id, each))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return Document(graph, Data(DATASETS[dataset]()))


# ------------------------------------------------------- the same, by hand

Made = Callable[..., Tensor]


def by_hand(kind: str, p: Any, shape: Shape) -> Made:
    """One layer as a PyTorch user writes it, without a look at our own torch code."""
    made: dict[str, Callable[[], Made]] = {
        "Input": lambda: lambda x: x,
        "Output": lambda: lambda x: x,
        "Linear": lambda: nn.Linear(shape[-1], p.out_features, p.bias),
        "Flatten": lambda: nn.Flatten(p.start_dim, p.end_dim),
        "ReLU": nn.ReLU,
        "Sigmoid": nn.Sigmoid,
        "Tanh": nn.Tanh,
        "Softmax": lambda: nn.Softmax(p.dim),
        "Conv2d": lambda: nn.Conv2d(
            shape[0], p.out_channels, p.kernel_size, p.stride, p.padding, p.dilation, p.groups, p.bias, p.padding_mode
        ),
        "MaxPool2d": lambda: nn.MaxPool2d(p.kernel_size, p.stride, p.padding, p.dilation, ceil_mode=p.ceil_mode),
        "AvgPool2d": lambda: nn.AvgPool2d(p.kernel_size, p.stride, p.padding, p.ceil_mode, p.count_include_pad),
        "GlobalAvgPool2d": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten() if p.flatten else nn.Identity()),
        "BatchNorm1d": lambda: nn.BatchNorm1d(shape[0], p.eps, p.momentum, p.affine, p.track_running_stats),
        "BatchNorm2d": lambda: nn.BatchNorm2d(shape[0], p.eps, p.momentum, p.affine, p.track_running_stats),
        "Add": lambda: lambda *xs: sum(xs[1:], xs[0]),
        "Concat": lambda: lambda *xs: torch.cat(xs, p.dim),
        "Dropout": lambda: nn.Dropout(p.p),
    }
    return made[kind]()


class ByHand(nn.Module):
    """A graph walked the slow way: every node's output in a dictionary."""

    def __init__(self, document: Document, output: str, seed: int) -> None:
        super().__init__()
        graph = document.graph
        needed = graph.upstream(output) | {output}
        self.order = [n for n in graph.in_order if n in needed]
        self.sources = {n: [link.source for link in graph.incoming[n]] for n in self.order}
        self.output = output
        torch.manual_seed(seed)
        self.made = {
            n: by_hand(graph.node(n).type_id, graph.node(n).layer, document.shapes[n].inputs[0]) for n in self.order
        }
        self.parts = nn.ModuleDict({n: m for n, m in self.made.items() if isinstance(m, nn.Module)})

    def forward(self, x: Tensor) -> Tensor:
        found: dict[str, Tensor] = {}
        for n in self.order:
            found[n] = self.made[n](*([found[s] for s in self.sources[n]] or [x]))
        self.found = found
        return found[self.output]


# ------------------------------------------------------------ random graphs


def random_layer(rng: random.Random, shape: Shape) -> Layer:
    """A layer that may fit this shape."""
    flat = ["Linear", "Linear", "ReLU", "Sigmoid", "Tanh", "Softmax", "BatchNorm1d", "Dropout"]
    picture = [
        "Conv2d",
        "Conv2d",
        "MaxPool2d",
        "AvgPool2d",
        "GlobalAvgPool2d",
        "BatchNorm2d",
        "Flatten",
        "ReLU",
        "Tanh",
        "Dropout",
    ]
    kind = rng.choice(picture if len(shape) == 3 else flat)
    settings: dict[str, dict[str, Any]] = {
        "Linear": {"out_features": rng.randint(1, 9), "bias": rng.random() < 0.8},
        "Dropout": {"p": rng.choice([0.0, 0.2, 0.5])},
        "Conv2d": {
            "out_channels": rng.choice([2, 4, 6]),
            "kernel_size": rng.choice([1, 2, 3, (3, 2)]),
            "padding": rng.choice(["same", "valid", 1, (0, 1)]),
            "padding_mode": rng.choice(["zeros", "zeros", "reflect", "replicate", "circular"]),
            "stride": rng.choice([1, 1, 2]),
            "groups": rng.choice([1, 1, 2]),
            "dilation": rng.choice([1, 1, 2]),
        },
        "MaxPool2d": {
            "kernel_size": rng.choice([2, 3]),
            "stride": rng.choice([None, 1, 2]),
            "ceil_mode": rng.random() < 0.5,
        },
        "AvgPool2d": {
            "kernel_size": rng.choice([2, 3]),
            "padding": rng.choice([0, 1]),
            "count_include_pad": rng.random() < 0.5,
        },
        "GlobalAvgPool2d": {"flatten": rng.random() < 0.8},
        "BatchNorm1d": {"affine": rng.random() < 0.7},
        "BatchNorm2d": {"track_running_stats": rng.random() < 0.7},
    }
    return layer(kind, **settings.get(kind, {}))


def random_document(seed: int) -> Document:
    """A network with branches, merges and dead ends, grown one fitting node at a time."""
    rng = random.Random(seed)
    document = chain(layer("Input"), dataset=rng.choice(["digits", "spiral", "wine"]))
    for _ in range(rng.randint(3, 14)):
        document = _grown(document, rng)
    graph = document.graph
    last = rng.choice([n for n in graph.nodes if not graph.outgoing[n]])
    if len(document.shapes[last].outputs[0]) != 1:
        graph = graph.with_node(Node("to_row", layer("Flatten"))).connect(last, "to_row")
        last = "to_row"
    classes = document.spec.width if document.spec else 2
    graph = graph.with_node(Node("head", layer("Linear", out_features=classes))).connect(last, "head")
    graph = graph.with_node(Node("output", layer("Output"))).connect("head", "output")
    return document.with_graph(graph)


def _grown(document: Document, rng: random.Random) -> Document:
    graph, shapes = document.graph, {n: at.outputs[0] for n, at in document.shapes.items()}
    for _ in range(20):
        at = rng.choice(list(graph.nodes))
        others = [n for n in graph.nodes if n != at and shapes[n] == shapes[at]]
        if others and rng.random() < 0.5:
            new = layer(rng.choice(["Add", "Concat"]))
            sources = [at, *rng.sample(others, min(len(others), rng.randint(1, 2)))]
        else:
            new, sources = random_layer(rng, shapes[at]), [at]
        node_id = graph.new_id(new)
        tried = graph.with_node(Node(node_id, new))
        for source_id in sources:
            tried = tried.connect(source_id, node_id)
        grown = document.with_graph(tried)
        if grown.shapes[node_id].known:
            return grown
    return document


def batch(document: Document, rows: int = 5) -> Tensor:
    assert document.spec is not None
    return torch.randn(rows, *document.spec.input_shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("seed", range(60))
class TestRandomNetworks:
    def test_are_the_network_written_by_hand_to_the_last_bit(self, seed: int) -> None:
        document = random_document(seed)
        ours, theirs = build(document, seed), ByHand(document, "output", seed)
        state = ours.state_dict()
        hand = {key.removeprefix("parts."): value for key, value in theirs.state_dict().items()}
        assert set(state) == set(hand)
        assert all(node_id == name for node_id, name in ours.attributes.items())
        assert all(torch.equal(state[key], hand[key]) for key in state)
        x = batch(document)
        for training in (True, False):
            ours.train(training), theirs.train(training)
            torch.manual_seed(5)
            mine = ours(x)
            torch.manual_seed(5)
            other = theirs(x)
            assert torch.equal(mine, other)

    def test_have_the_gradients_of_the_network_written_by_hand(self, seed: int) -> None:
        document = random_document(seed)
        ours, theirs = build(document, seed), ByHand(document, "output", seed)
        for model in (ours, theirs):
            torch.manual_seed(6)
            model(batch(document)).square().sum().backward()
        hand = {key.removeprefix("parts."): p.grad for key, p in theirs.named_parameters()}
        for key, p in ours.named_parameters():
            assert p.grad is not None
            other = hand[key]
            assert other is not None
            assert torch.allclose(p.grad, other, rtol=1e-5, atol=1e-6)

    def test_trace_what_forward_computes(self, seed: int) -> None:
        document = random_document(seed)
        ours, theirs = build(document, seed).eval(), ByHand(document, "output", seed).eval()
        x = batch(document)
        traced = ours.trace(x)
        theirs(x)
        assert torch.equal(traced["output"], ours(x))
        assert set(traced) == set(theirs.found)
        assert all(torch.equal(traced[n], theirs.found[n]) for n in traced)
        assert all(tuple(v.shape[1:]) == document.shapes[n].outputs[0] for n, v in traced.items())

    def test_read_as_python(self, seed: int) -> None:
        text = source(random_document(seed))
        tree = ast.parse(text)
        assigned = [
            t.id for n in ast.walk(tree) if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)
        ]
        read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        assert set(assigned) <= read, "every named value is read"
        assert max(map(len, text.splitlines())) <= 120


def test_a_chain_reads_as_an_engineer_would_write_it() -> None:
    document = chain(
        layer("Input"),
        layer("Linear", out_features=8),
        layer("ReLU"),
        layer("Linear", out_features=2, bias=False),
        layer("Output"),
    )
    assert (
        source(document)
        == """class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 8)
        self.linear_2 = nn.Linear(8, 2, bias=False)

    def forward(self, x):  # (N, 2)
        x = self.linear(x)  # (N, 8)
        x = torch.relu(x)
        x = self.linear_2(x)  # (N, 2)
        return x
"""
    )


def test_a_skip_connection_gets_a_name_for_what_is_read_twice() -> None:
    document = chain(layer("Input"), layer("Linear", out_features=2), layer("Tanh"), layer("Linear", out_features=2))
    graph = document.graph.with_node(Node("add", layer("Add"))).connect("linear_2", "add").connect("tanh", "add")
    graph = graph.with_node(Node("output", layer("Output"))).connect("add", "output")
    text = source(document.with_graph(graph))
    assert (
        text.split("forward(self, x):  # (N, 2)\n")[1]
        == """        x = self.linear(x)
        tanh = torch.tanh(x)
        x = self.linear_2(tanh)
        x = x + tanh
        return x
"""
    )


@pytest.mark.parametrize("kind", ["Add", "Concat"])
def test_a_merge_of_many_long_names_is_folded(kind: str) -> None:
    document = chain(layer("Input"))
    graph = document.graph.with_node(Node("merge", layer(kind)))
    for k in range(16):
        named = Node(f"n{k}", layer("Linear", out_features=2), name=f"branch number {k} of the network")
        graph = graph.with_node(named).connect("input", f"n{k}").connect(f"n{k}", "merge")
    graph = graph.with_node(Node("output", layer("Output"))).connect("merge", "output")
    text = source(document.with_graph(graph))
    assert max(map(len, text.splitlines())) <= 112
    model = build(document.with_graph(graph), seed=0)
    assert model(torch.zeros(3, 2)).shape == (3, 2 if kind == "Add" else 32)


def test_the_text_holds_nothing_but_checked_numbers_and_names() -> None:
    hostile = 'x"; import os  #'
    document = chain(layer("Input"), layer("Linear", out_features=2), layer("Output"))
    graph = document.graph.with_node(Node("linear", layer("Linear", out_features=2), name=hostile, note=hostile))
    text = source(document.with_graph(graph))
    assert "self.x_import_os = nn.Linear(2, 2)" in text
    assert '"' not in text


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Hidden layer", ""], ["hidden_layer", "linear_2"]),
        (["Same", "same"], ["linear", "linear_2"]),
        (["forward", "train"], ["forward_layer", "train_layer"]),
        (["class", "lambda"], ["class_layer", "lambda_layer"]),
        (["x", "self"], ["x_layer", "self_layer"]),
        (["weights", "trace"], ["weights", "trace_layer"]),
        (["Höhe über Grund", "层"], ["hohe_uber_grund", "linear_2"]),
        (["linear_2", "linear"], ["linear", "linear_2"]),
        (["1st", "  ...  "], ["layer_1st", "linear_2"]),
        (["forward_layer", "forward"], ["forward_layer", "forward_layer_2"]),
        (["n" * 10_000, "__init__"], ["n" * 40, "init"]),
    ],
)
def test_names_in_code_follow_the_users_names_where_they_can(names: list[str], expected: list[str]) -> None:
    graph = chain(
        layer("Input"), layer("Linear", out_features=3), layer("Linear", out_features=2), layer("Output")
    ).graph
    for node_id, name in zip(("linear", "linear_2"), names, strict=True):
        graph = graph.with_node(Node(node_id, graph.node(node_id).layer, name=name))
    found = attribute_names(graph)
    assert [found["linear"], found["linear_2"]] == expected
    model = build(Document(graph), seed=0)
    assert [key.split(".")[0] for key in model.state_dict()] == [expected[0]] * 2 + [expected[1]] * 2
    assert model(torch.zeros(3, 2)).shape == (3, 2)


def test_a_built_network_is_an_ordinary_module() -> None:
    model = build(chain(layer("Input"), layer("Linear", out_features=2), layer("Output")), seed=3)
    again = copy.deepcopy(model)
    assert isinstance(model, nn.Module)
    assert repr(model).startswith("Network(\n  (linear): Linear(in_features=2, out_features=2")
    assert again.attributes == {"linear": "linear"}
    x = torch.randn(4, 2)
    assert torch.equal(model(x), again(x))
    again.load_state_dict(model.state_dict())


def test_what_does_not_lead_to_the_output_is_no_part_of_the_model() -> None:
    document = chain(layer("Input"), layer("Linear", out_features=2), layer("Output"))
    graph = document.graph.with_node(Node("aside", layer("Linear"))).connect("input", "aside")
    graph = graph.with_node(Node("alone", layer("Conv2d")))
    model = build(document.with_graph(graph), seed=0)
    assert set(model.attributes) == {"linear"}
    assert set(model.trace(torch.zeros(1, 2))) == {"input", "linear", "output"}


def test_the_same_seed_gives_the_same_start_and_another_one_another() -> None:
    document = chain(layer("Input"), layer("Linear", out_features=2), layer("Output"))
    first, second, third = (build(document, seed).linear.weight for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)


def test_two_inputs_are_the_same_samples() -> None:
    document = chain(layer("Input"), layer("Linear", out_features=2), layer("Add"), layer("Output"))
    graph = document.graph.with_node(Node("input_2", layer("Input"))).connect("input_2", "add")
    model = build(document.with_graph(graph), seed=0)
    x = torch.randn(3, 2)
    assert torch.equal(model(x), model.linear(x) + x)


@pytest.mark.parametrize("seed", range(12))
def test_a_failing_node_is_named(seed: int) -> None:
    document = random_document(seed)
    broken = Link("head", "pool")
    graph = document.graph.with_node(Node("pool", layer("MaxPool2d"))).with_link(broken).connect("pool", "output", "in")
    with pytest.raises(BuildError, match="needs a picture") as problem:
        build(document.with_graph(graph))
    assert problem.value.node == "pool"


@pytest.mark.parametrize(
    ("ending", "loss", "form"),
    [
        ([layer("Linear", out_features=2)], "auto", "index"),
        ([layer("Linear", out_features=2), layer("Softmax")], "auto", "index"),
        ([layer("Linear", out_features=1)], "auto", "column"),
        ([layer("Linear", out_features=1), layer("Sigmoid")], "auto", "column"),
        ([layer("Linear", out_features=2), layer("Sigmoid")], "auto", "one-hot"),
        ([layer("Linear", out_features=2)], "bce", "one-hot"),
        ([layer("Linear", out_features=2), layer("Softmax")], "mse", "one-hot"),
        ([layer("Linear", out_features=1)], "mse", "column"),
    ],
)
def test_the_loss_is_torchs_own(ending: list[Layer], loss: str, form: str) -> None:
    document = chain(layer("Input"), *ending, layer("Output")).with_training(loss=loss)
    objective = resolve(document)
    assert objective.target_form == form
    scores = torch.randn(6, ending[0].out_features)  # type: ignore[attr-defined]
    index = torch.tensor([0, 1, 1, 0, 1, 0])
    target = {"index": index, "column": index.float()[:, None], "one-hot": F.one_hot(index, 2).float()}[form]
    drawn = {"Softmax": torch.softmax(scores, 1), "Sigmoid": torch.sigmoid(scores)}.get(
        LAYERS.id_of(ending[-1]), scores
    )
    found = loss_function(objective)(drawn, target)
    expected = {
        "cross-entropy": lambda: F.cross_entropy(scores, target),
        "bce": lambda: F.binary_cross_entropy_with_logits(scores, target),
        "mse": lambda: F.mse_loss(drawn, target),
    }[objective.loss_id]()
    assert torch.allclose(found, expected), "a drawn Softmax or Sigmoid is not applied a second time"


def any_value(p: Param, rng: random.Random) -> object:
    """A value from anywhere in a setting's range, its ends more often than not."""
    low, high = p.low or 0, p.high if p.high is not None else 10
    number = rng.choice([low, high, rng.uniform(low, high), rng.uniform(low, min(high, low + 5))])
    whole = round(number)
    several = (whole, max(int(low), 1), whole)[: p.axes or 2] if p.axes != 1 else whole
    return {
        "int": whole, "float": number, "bool": rng.random() < 0.5, "text": "",
        "choice": rng.choice([value for value, _ in p.choices] or [""]), "graph": EMPTY, "places": (),
        "size": rng.choice([whole, several, *(value for value, _ in p.choices)]),
    }[p.kind]  # fmt: skip


def any_document(seed: int) -> Document:
    """Anything the graph's rule allows: wires at random, settings from their whole range."""
    rng = random.Random(seed)
    graph = Graph()
    for kind in ["Input", "Output", *rng.choices(list(LAYERS), k=rng.randint(1, 8))]:
        chosen = {p.name: any_value(p, rng) for p in LAYERS[kind].params() if rng.random() < 0.4}
        new = layer(kind, **chosen)
        graph = graph.with_node(Node(graph.new_id(new), new))
    for _ in range(3 * len(graph.nodes)):
        with contextlib.suppress(LinkError):
            graph = graph.connect(rng.choice(list(graph.nodes)), rng.choice(list(graph.nodes)))
    return Document(graph, Data(DATASETS[rng.choice(["digits", "spiral", "wine", "diabetes"])]()))


@pytest.mark.parametrize("seeds", [range(start, start + 100) for start in range(0, 600, 100)])
def test_anything_that_can_be_drawn_is_built_as_promised_or_refused_with_a_sentence(seeds: range) -> None:
    built = 0
    for seed in seeds:
        document, refusal, output, text = any_document(seed), None, "", ""
        try:
            output, text = find_output(document), source(document)
        except BuildError as problem:
            refusal = problem
        if refusal is not None:
            assert len(str(refusal)) > 20
            assert refusal.node is None or refusal.node in document.graph.nodes
            continue
        compile(text, "network.py", "exec")
        numbers = sum(math.prod(at.outputs[0]) for at in document.shapes.values() if at.known)
        weights = sum(document.parameter_count(n) or 0 for n in document.graph.nodes)
        if numbers + weights < 300_000:
            answer = build(document, seed).eval()(batch(document, 2))
            assert tuple(answer.shape[1:]) == document.shapes[output].outputs[0]
            built += 1
    assert built >= 10, "the test must not pass by meeting refusals alone"


def test_forward_reads_one_branch_after_the_other() -> None:
    ready = READY["residual"].block((16, 8, 8))
    head = (layer("Flatten"), layer("Linear", out_features=10), layer("Output"))
    document = chain(layer("Input"), layer("Conv2d", out_channels=16), ready, *head, dataset="digits")
    body = source(document).split("def forward(self, x):")[1].split("return x")[0]
    assert [line.strip() for line in body.splitlines()[1:-1]] == [
        "y = self.conv_1(x)",
        "y = self.norm_1(y)",
        "y = torch.relu(y)",
        "y = self.conv_2(y)",
        "y = self.norm_2(y)",
        "x = y + x",
        "x = torch.relu(x)",
    ]
