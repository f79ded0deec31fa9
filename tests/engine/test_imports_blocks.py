"""Modules of a model's own come as blocks: named, nested, in rows, shared; and what NNLab printed comes back with its blocks."""

from typing import Any

import pytest
import torch
from hand_written import MODELS, Branch, trained
from torch import Tensor, nn

import nnlab
from nnlab.core.blocks.block import Block
from nnlab.core.chain import chain, layer
from nnlab.core.check import check
from nnlab.core.document import Data, Document
from nnlab.core.graph import Graph
from nnlab.core.ready import READY
from nnlab.core.template import TEMPLATES
from nnlab.core.writing import class_name
from nnlab.datasets.blank import Blank, described
from nnlab.engine.compile import arguments, build, source
from nnlab.engine.imports.blocks.names import in_words
from nnlab.engine.imports.fx_graph import from_module


def answers(network: nn.Module, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    with torch.no_grad():
        found = network(*inputs)
    return list(found) if isinstance(found, tuple) else [found]


def far(document: Document, model: nn.Module, inputs: tuple[Tensor, ...]) -> float:
    network = build(document, 0, packed=False).eval()
    mine = answers(network, tuple(inputs[k] for k in arguments(document)))
    return max(float((a - b).abs().max()) for a, b in zip(mine, answers(model, inputs), strict=True))


def block(graph: Graph, node_id: str) -> Block:
    found = graph.nodes[node_id].layer
    assert isinstance(found, Block)
    return found


def drawn(name: str, **options: Any) -> Graph:
    return from_module(*trained(name), **options).document.graph


class Square(nn.Module):
    """As many numbers go out as go in, so that it can stand in a row."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 6), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.tanh(self.first(x)))


class TestBlocks:
    @pytest.mark.parametrize("name", MODELS)
    def test_the_network_answers_as_the_model_does_and_has_no_mistakes(self, name: str) -> None:
        model, inputs = trained(name)
        document = from_module(model, inputs).document
        assert [p.message for p in check(document) if p.severity == "error"] == []
        assert far(document, model, inputs) < 1e-6

    def test_rows_of_equal_modules_are_one_block_with_repeats_and_weights_of_its_own(self) -> None:
        row = block(drawn("resnet"), "layer1")
        assert (row.repeat, row.share, row.called) == (2, False, "Basic block")
        assert [n.type_id for n in row.inner.nodes.values()].count("Conv2d") == 2

    def test_containers_are_called_as_the_model_calls_them_and_classes_as_they_are(self) -> None:
        graph = drawn("resnet")
        assert graph.nodes["layer2"].title == "layer2"
        inner = block(graph, "layer2").inner
        assert [n.title for n in inner.nodes.values() if isinstance(n.layer, Block)] == ["Basic block", "Basic block"]
        assert [n.title for n in drawn("vgg").nodes.values()] == ["Input", "features", "classifier", "Output"]

    def test_layers_inside_are_called_as_from_there(self) -> None:
        inner = block(block(drawn("resnet"), "layer2").inner, "basic_block").inner
        assert {"conv1", "bn1", "conv2", "bn2", "downsample", "add"} < inner.nodes.keys()

    def test_ports_are_called_as_the_arguments_of_forward(self) -> None:
        row = next(n.layer for n in drawn("reader").nodes.values() if isinstance(n.layer, Block))
        assert [p.name for p in row.ports_in] == ["x", "unseen"]
        assert (row.repeat, row.share) == (3, False)

    def test_a_module_that_is_called_twice_shares_its_weights(self) -> None:
        graph = drawn("twins")
        first, second = (n for n in graph.nodes.values() if isinstance(n.layer, Block))
        assert second.learning.shares == first.id
        assert first.layer == second.layer

    def test_a_module_that_is_called_in_a_loop_is_a_block_with_repeats_of_shared_weights(self) -> None:
        row = block(drawn("again"), "step")
        assert (row.repeat, row.share) == (3, True)

    def test_a_model_that_is_only_run_has_its_blocks_as_well(self) -> None:
        class ByLength(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.twin = MODELS["twins"]()[0].get_submodule("twin")

            def forward(self, x: Tensor) -> Tensor:
                return self.twin(x) if x.sum() != 12345 else x  # torch.fx cannot read this

        model, x = ByLength().eval(), torch.randn(2, 4)
        document = from_module(model, x).document
        assert block(document.graph, "twin").called == "Branch"
        assert far(document, model, (x,)) < 1e-6

    def test_one_layer_is_no_block(self) -> None:
        class Wrapped(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner = nn.Linear(4, 4)

            def forward(self, x: Tensor) -> Tensor:
                return self.inner(x)

        graph = from_module(nn.Sequential(Wrapped(), nn.Tanh(), Wrapped()), torch.randn(2, 4)).document.graph
        assert not [n for n in graph.nodes.values() if isinstance(n.layer, Block)]

    def test_a_container_of_the_whole_model_is_no_block(self) -> None:
        class Whole(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))

            def forward(self, x: Tensor) -> Tensor:
                return self.net(x)

        graph = from_module(Whole(), torch.randn(2, 4)).document.graph
        assert [n.type_id for n in graph.nodes.values()] == ["Input", "Linear", "ReLU", "Linear", "Output"]

    def test_without_blocks_all_layers_lie_open(self) -> None:
        assert not [n for n in drawn("resnet", blocks=False).nodes.values() if isinstance(n.layer, Block)]
        project = nnlab.from_module(*trained("vgg"), blocks=False)
        assert not [n for n in project.document.graph.nodes.values() if isinstance(n.layer, Block)]

    def test_modules_with_other_settings_are_blocks_of_their_own(self) -> None:
        model = nn.Sequential(*(MODELS["twins"]()[0].get_submodule("twin") for _ in range(1)), nn.Linear(3, 4))
        model.append(MODELS["twins"]()[0].get_submodule("twin"))
        model[2].get_submodule("wide").requires_grad_(False)
        graph = from_module(model, torch.randn(2, 4)).document.graph
        blocks = [n.layer for n in graph.nodes.values() if isinstance(n.layer, Block)]
        assert [b.repeat for b in blocks] == [1, 1]
        assert [n.learning.frozen for b in blocks for n in b.inner.nodes.values()].count(True) == 1

    def test_rows_of_rows_stay_rows_beside_each_other(self) -> None:
        model = nn.Sequential(
            *(nn.Sequential(*(Branch(), nn.Linear(3, 4)), *(Branch(), nn.Linear(3, 4))) for _ in range(2))
        )
        deep = nn.Sequential(
            *(nn.Sequential(*(nn.Sequential(model[0][0], nn.Linear(3, 4)) for _ in range(3))) for _ in range(2))
        )
        for each in (model, deep, nn.Sequential(*(nn.Sequential(*(Square() for _ in range(3))) for _ in range(2)))):
            each, x = each.eval(), torch.randn(2, 4)
            found = from_module(each, x)
            assert len(found.notices) == 1
            assert far(found.document, each, (x,)) < 1e-6

    def test_what_no_layer_does_stays_in_its_block_and_is_named(self, tmp_path: Any) -> None:
        class Odd(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.first, self.last = nn.Linear(8, 8), nn.Linear(8, 8)

            def forward(self, x: Tensor) -> Tensor:
                return self.last(torch.cumsum(self.first(x), 1))

        project = nnlab.from_module(nn.Sequential(Odd(), nn.Linear(8, 3)), torch.randn(2, 8))
        assert "cumsum" in project.notices[0]
        project.save(tmp_path / "odd.nnlab")
        assert nnlab.Project.open(tmp_path / "odd.nnlab").document.graph == project.document.graph

    def test_a_project_of_blocks_is_saved_opened_and_trained(self, tmp_path: Any) -> None:
        model, inputs = trained("twins")
        project = nnlab.from_module(model, inputs)
        project.save(tmp_path / "twins.nnlab")
        again = nnlab.Project.open(tmp_path / "twins.nnlab")
        assert again.document == project.document
        pairs = zip(answers(again.model(), inputs), answers(model, inputs), strict=True)
        assert all(torch.allclose(mine, theirs, atol=1e-6) for mine, theirs in pairs)
        assert project.train(epochs=1).history


@pytest.mark.parametrize(
    ("name", "title"),
    [("ResidualBlock", "Residual block"), ("GPTBlock", "GPT block"), ("UNet", "UNet"), ("MyNet2", "MyNet2"), ("MLP", "MLP")],
)  # fmt: skip
def test_a_class_is_called_in_words_where_they_lead_back(name: str, title: str) -> None:
    assert in_words(name) == title
    assert class_name(title) == name


# ---------------------------------------------------------------- what NNLab printed

HEAD = """\
import math
from typing import List

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
"""


def run(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "clean"}
    exec(compile(f"{HEAD}\n\n{text}", "exported", "exec"), names)
    return names


def kin(graph: Graph) -> tuple[int, ...]:
    """A number for each node that is the same in graphs that differ by layout, names and ids alone."""
    found: dict[str, int] = {}
    for n in graph.in_order:
        node, kind = graph.nodes[n], graph.nodes[n].layer
        what: Any = plain(kind)
        if isinstance(kind, Block):
            what = ("Block", class_name(kind.called).rstrip("0123456789"), kind.repeat, kind.share, kin(kind.inner))
        ports = [p.name for p in graph.input_ports(n)]
        wires = [(at_port(node.type_id, ports, k), output(graph, k), found[k.source]) for k in own_wires(graph, n)]
        found[n] = hash((what, node.learning.frozen, bool(node.learning.shares), tuple(sorted(wires))))
    return tuple(sorted(found.values()))


def own_wires(graph: Graph, node_id: str) -> list[Any]:
    """Without those that say to attention that it looks at itself, which it does anyway."""
    wires = list(graph.incoming[node_id])
    query = [(k.source, k.source_port) for k in wires if k.target_port == "q"]
    if graph.nodes[node_id].type_id != "MultiheadAttention":
        return wires
    itself = all((k.source, k.source_port) in query for k in wires if k.target_port in "kv")
    return [k for k in wires if not (itself and k.target_port in ("k", "v"))]


def at_port(kind: str, ports: list[str], link: Any) -> int:
    return 0 if kind in ("Add", "Multiply") else ports.index(link.target_port)


def output(graph: Graph, link: Any) -> int:
    return [p.name for p in graph.output_ports(link.source)].index(link.source_port)


def plain(kind: Any) -> tuple[Any, ...]:
    """A layer's settings; code does not tell what ports are called, and a setting that is left empty from its usual value."""
    name = type(kind).__name__
    if name in ("Input", "Output", "BlockInput", "BlockOutput"):
        return (name,)
    settings = {
        k: "valid" if k == "padding" and v == 0 else v for k, v in kind.as_dict().items() if k != "dim_feedforward"
    }
    return (name, repr(sorted(settings.items())))


def comes_back(document: Document) -> None:
    network = run(source(document))["Network"]()
    inputs = tuple(sample(document.spec.fields[k]) for k in arguments(document))  # type: ignore[union-attr]
    found = from_module(network, inputs)
    assert found.unknown == ()
    assert kin(found.document.graph) == kin(document.graph)


def sample(field: Any) -> Tensor:
    sizes = (2, *field.shape)
    if field.kind == "m":
        return torch.rand(sizes) > 0.5
    return torch.randint(0, 2, sizes) if field.kind in ("i", "e") else torch.randn(sizes)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_code_of_a_template_comes_back_with_the_same_blocks(name: str) -> None:
    comes_back(TEMPLATES[name].make())


ALONE = [n for n in READY if len(READY[n].block().ports_in) == len(READY[n].block().ports_out) == 1]


@pytest.mark.parametrize("name", ALONE)
def test_the_code_of_a_ready_block_comes_back_as_that_block(name: str) -> None:
    shape = READY[name].fits[0]
    graph = chain(
        layer("Input"), READY[name].block(shape), layer("Flatten"), layer("Linear", out_features=2), layer("Output")
    )
    data = Data(Blank(inputs=described("x", shape), targets=described("y", (2,))), standardise=False)
    comes_back(Document(graph=graph, data=data))
