"""Models from elsewhere: modules, ONNX files and PT2 files become networks that answer as they do."""

import io
import json
import math
import re
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from onnx import TensorProto, helper, numpy_helper
from random_graphs import random_document, random_samples
from torch import Tensor, nn

import nnlab
from nnlab.core.check import check
from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.core.parts import samples
from nnlab.engine.compile import arguments, build, source
from nnlab.engine.imports.fx_graph import from_module
from nnlab.engine.imports.onnx import file as onnx_file
from nnlab.engine.imports.pt2 import file as pt2_file
from nnlab.errors import BuildError, FileError, NNLabError

# ---------------------------------------------------------------- reference architectures, as their authors write them


class Residual(nn.Module):
    def __init__(self, given: int, made: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(given, made, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(made)
        self.conv2 = nn.Conv2d(made, made, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(made)
        short = nn.Sequential(nn.Conv2d(given, made, 1, stride, bias=False), nn.BatchNorm2d(made))
        self.down = short if stride != 1 or given != made else None

    def forward(self, x: Tensor) -> Tensor:
        beside = x if self.down is None else self.down(x)
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + beside)


class SmallResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.stages = nn.Sequential(Residual(8, 8), Residual(8, 16, 2))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.stages(self.stem(x)))
        return self.fc(x.view(x.size(0), -1))


class SmallUNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.up = nn.ConvTranspose2d(16, 8, 2, 2)
        self.c, self.out = nn.Conv2d(16, 8, 3, padding=1), nn.Conv2d(8, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = torch.relu(self.a(x))
        u = self.up(F.relu(self.b(F.max_pool2d(a, 2))))
        u = F.interpolate(u, size=a.shape[-2:])
        return self.out(self.c(torch.cat([a, u], dim=1)).relu())


class Reader(nn.Module):
    def __init__(self, both: bool) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 12, 2, batch_first=True, bidirectional=both, dropout=0.2)
        self.head = nn.Linear(24 if both else 12, 3)
        self.both = both

    def forward(self, words: Tensor) -> Tensor:
        _, (h, _) = self.lstm(self.embed(words))
        return self.head(torch.cat([h[-2], h[-1]], 1) if self.both else h[-1])


class Translator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 16)
        self.places = nn.Parameter(torch.randn(1, 7, 16))
        self.transformer = nn.Transformer(16, 2, 1, 2, 32, batch_first=True)
        self.head = nn.Linear(16, 20)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        later = nn.Transformer.generate_square_subsequent_mask(target.size(1))
        read = self.words(source) + self.places
        written = self.words(target) + self.places[:, : target.size(1)]
        return self.head(self.transformer(read, written, tgt_mask=later))


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Linear(20, 8)
        self.mean, self.spread = nn.Linear(8, 2), nn.Linear(8, 2)
        self.decode = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 20))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = torch.tanh(self.encode(x))
        mean, spread = self.mean(h), self.spread(h)
        code = mean + torch.randn_like(mean) * torch.exp(0.5 * spread) if self.training else mean
        return self.decode(code), mean, spread


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.row, self.conv, self.head = nn.Linear(4, 8), nn.Conv2d(1, 4, 3), nn.Linear(12, 2)

    def forward(self, table: Tensor, picture: Tensor) -> Tensor:
        seen = self.conv(picture).mean((2, 3))
        return self.head(torch.cat((self.row(table), seen), 1) * 0.5 + 1)


class Twice(nn.Module):
    """One layer used twice, one that does not learn, and a step that depends on a size."""

    def __init__(self) -> None:
        super().__init__()
        self.shared, self.still = nn.Linear(6, 6), nn.Linear(6, 2)
        self.still.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(2 if x.shape[1] > 3 else 1):
            x = F.gelu(self.shared(x))
        return self.still(x)


class Odd(nn.Module):
    """With parts that no layer does."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(torch.cumsum(self.first(x), 1)))


Made = Callable[[], tuple[nn.Module, tuple[Tensor, ...]]]
ARCHITECTURES: dict[str, Made] = {
    "residual": lambda: (SmallResNet(), (torch.randn(2, 3, 16, 16),)),
    "u-net": lambda: (SmallUNet(), (torch.randn(2, 1, 16, 16),)),
    "lstm": lambda: (Reader(both=False), (torch.randint(0, 50, (2, 9)),)),
    "lstm-both-ways": lambda: (Reader(both=True), (torch.randint(0, 50, (2, 9)),)),
    "transformer": lambda: (Translator(), (torch.randint(0, 20, (2, 7)), torch.randint(0, 20, (2, 5)))),
    "vae": lambda: (Autoencoder(), (torch.randn(2, 20),)),
    "two-inputs": lambda: (TwoInputs(), (torch.randn(2, 4), torch.randn(2, 1, 8, 8))),
    "twice": lambda: (Twice(), (torch.randn(2, 6),)),
}


def made(name: str) -> tuple[nn.Module, tuple[Tensor, ...]]:
    torch.manual_seed(0)
    model, inputs = ARCHITECTURES[name]()
    for each in model.modules():
        if isinstance(each, nn.BatchNorm2d):  # as if it had been trained
            assert each.running_mean is not None
            assert each.running_var is not None
            each.running_mean.normal_()
            each.running_var.uniform_(0.5, 2)
    return model.eval(), inputs


def answers(network: nn.Module, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    with torch.no_grad():
        found = network(*inputs)
    return list(found) if isinstance(found, tuple) else [found]


def distance(one: nn.Module, other: nn.Module, inputs: tuple[Tensor, ...]) -> float:
    pairs = zip(answers(one, inputs), answers(other, inputs), strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs)


def network_of(document: Document) -> nn.Module:
    return build(document, 0, packed=False).eval()


def kinds(document: Document) -> list[str]:
    return sorted(node.type_id for node in document.graph.nodes.values())


@pytest.mark.parametrize("name", ARCHITECTURES)
class TestArchitecture:
    def test_becomes_a_network_that_answers_as_it_does(self, name: str) -> None:
        model, inputs = made(name)
        found = from_module(model, inputs)
        assert found.unknown == ()
        assert len(found.notices) == 1  # that data must be chosen
        assert distance(model, network_of(found.document), inputs) < 1e-6

    def test_is_without_mistakes_and_laid_out(self, name: str) -> None:
        model, inputs = made(name)
        document = from_module(model, inputs).document
        assert [p.message for p in check(document) if p.severity == "error"] == []
        places = [(node.x, node.y) for node in document.graph.nodes.values()]
        assert len(set(places)) == len(places)

    def test_learns_all_numbers_that_the_model_learns(self, name: str) -> None:
        model, inputs = made(name)
        network = network_of(from_module(model, inputs).document)
        wanted = sum(p.numel() for p in model.parameters())
        if name == "transformer":
            wanted += model.get_parameter("places")[:, :5].numel()  # the places of the target are a copy
        assert sum(p.numel() for p in network.parameters()) == wanted


class TestModule:
    def test_layers_are_called_as_in_the_model(self) -> None:
        document = from_module(*made("residual"), blocks=False).document
        assert document.graph.nodes["stages_0_conv1"].name == "stages.0.conv1"
        assert document.graph.nodes["fc"].type_id == "Linear"

    def test_a_layer_used_twice_shares_its_weights_and_one_that_does_not_learn_is_frozen(self) -> None:
        graph = from_module(*made("twice")).document.graph
        assert [n.learning.shares for n in graph.nodes.values()].count("shared") == 1
        assert [n.id for n in graph.nodes.values() if n.learning.frozen] == ["still"]

    def test_the_model_stays_as_it_is(self) -> None:
        model, inputs = made("residual")
        model.train()
        before = {name: each.clone() for name, each in model.state_dict().items()}
        from_module(model, inputs)
        assert model.training
        assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())

    def test_what_no_layer_does_is_a_node_that_says_so(self) -> None:
        torch.manual_seed(0)
        found = from_module(Odd(), torch.randn(2, 8))
        assert found.unknown == ("cumsum",)
        assert "cumsum" in found.notices[0]
        graph = found.document.graph
        node = graph.nodes["cumsum"]
        assert [k.source for k in graph.incoming["cumsum"]] == ["first"]
        assert [k.target for k in graph.outgoing["cumsum"]] == ["relu"]
        errors = [p for p in check(found.document) if p.severity == "error"]
        assert [p.node for p in errors] == [node.id]
        with pytest.raises(NNLabError, match="cumsum"):
            build(found.document)

    def test_the_rest_of_it_works_once_that_node_is_replaced(self) -> None:
        torch.manual_seed(0)
        document = from_module(Odd(), torch.randn(2, 8)).document
        start = document.starts["last"]["weight"]
        graph = document.graph.without_node("cumsum").connect("first", "relu")
        network = build(document.with_graph(graph), 0)
        assert np.array_equal(network.get_parameter("last.weight").detach().numpy(), start)

    def test_a_project_of_it_is_trained_saved_and_opened(self, tmp_path: Any) -> None:
        model, inputs = made("two-inputs")
        project = nnlab.from_module(model, inputs)
        assert project.weights is not None
        assert distance(model, project.model(), inputs) < 1e-6
        project.save(tmp_path / "model.nnlab")
        again = nnlab.Project.open(tmp_path / "model.nnlab")
        assert again.document == project.document
        assert distance(model, again.model(), inputs) < 1e-6
        assert project.train(epochs=1).history

    def test_an_unknown_part_is_kept_by_the_file(self, tmp_path: Any) -> None:
        torch.manual_seed(0)
        project = nnlab.from_module(Odd(), torch.randn(2, 8))
        project.save(tmp_path / "odd.nnlab")
        assert nnlab.Project.open(tmp_path / "odd.nnlab").document.graph == project.document.graph

    @pytest.mark.parametrize("example", [torch.randn(8), (), torch.randn(0, 8), (torch.randn(2, 8), torch.randn(3, 8))])
    def test_an_example_of_another_form_is_refused_with_a_sentence(self, example: Any) -> None:
        with pytest.raises(BuildError, match=r"[Ee]xample input"):
            from_module(Odd(), example)

    def test_an_example_that_the_model_does_not_take_is_refused_with_a_sentence(self) -> None:
        with pytest.raises(BuildError, match="does not take this example"):
            from_module(Odd(), torch.randn(2, 5))

    def test_the_batch_may_not_come_second(self) -> None:
        found = from_module(nn.Sequential(nn.LSTM(4, 3)), torch.randn(2, 5, 4))
        assert found.unknown == ("LSTM",)


# ---------------------------------------------------------------- there and back again

SAME_CODE = ("Tap", "Identity")
"""Kinds that print nothing."""
START_ALONE = re.compile(r"with_open_gates\((.*), [-0-9.e]+\)$")
"""What only says how weights begin is not seen in a network that is there."""
WITH_BLOCKS = [
    id_ for id_ in EXAMPLES if any(n.type_id == "Block" for n in EXAMPLES[id_].document().graph.nodes.values())
]


def exported(document: Document) -> nn.Module:
    """The network of the exported code, in a place that knows nothing of NNLab."""
    names: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "math": math}
    exec(source(document), names)
    torch.manual_seed(1)
    network: nn.Module = names["Network"]()
    return network.eval()


def given(document: Document, rows: int = 4) -> tuple[Tensor, ...]:
    assert document.spec is not None
    arrays = document.spec.unpack(samples(document.data.dataset).inputs[:rows])
    return tuple(torch.from_numpy(np.ascontiguousarray(arrays[k])) for k in arguments(document))


def shape_of(document: Document) -> Any:
    """A network without names and places: what each node is as code, and what goes into it.

    The last step of a recurrent layer is the same code whether a port gives it or a layer of its own.
    """
    graph = document.graph
    told: dict[tuple[str, str], Any] = {}
    for node_id in graph.in_order:
        node = graph.nodes[node_id]
        inputs = tuple((told[k.source, k.source_port], k.target_port) for k in graph.incoming[node_id])
        ends = node.layer.is_entry or node.type_id == "Output"
        code = node.layer.torch_code(*document.shapes[node_id].inputs)
        made = START_ALONE.sub(r"\1", code.module.source()) if code.module else ""
        mine = hash((node.layer.is_entry, ends, made, code.forward, inputs))
        for port in [p.name for p in graph.output_ports(node_id)] or [""]:
            told[node_id, port] = hash((mine, port))
        same = node.type_id == "Cast" and document.shapes[graph.incoming[node_id][0].source].kinds[:1] == (
            node.layer.to,
        )
        if node.type_id in SAME_CODE or same:
            told[node_id, "out"] = inputs[0][0]
        elif node.type_id == "LastStep" and graph.incoming[node_id][0].source_port == "out" and len(inputs) == 1:
            told[node_id, "out"] = told.get((graph.incoming[node_id][0].source, "last"), told[node_id, "out"])
    return sorted(told[n, ""] for n in graph.nodes if graph.nodes[n].type_id == "Output")


@pytest.mark.parametrize("name", [id_ for id_ in EXAMPLES if id_ not in WITH_BLOCKS])
def test_the_code_of_an_example_comes_back_as_the_same_network(name: str) -> None:
    document = EXAMPLES[name].document()
    network, inputs = exported(document), given(document)
    found = from_module(network, inputs)
    assert found.unknown == ()
    assert shape_of(found.document) == shape_of(document)
    assert distance(network, network_of(found.document), inputs) < 1e-6


@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_the_code_of_an_example_with_blocks_comes_back_with_the_layers_that_are_in_them(name: str) -> None:
    document = EXAMPLES[name].document()
    network, inputs = exported(document), given(document)
    found = from_module(network, inputs)
    assert found.unknown == ()
    assert distance(network, network_of(found.document), inputs) < 1e-5


BY_CHANCE = {"Noise"}


@pytest.mark.parametrize("seed", range(16))
def test_the_code_of_a_random_network_comes_back_and_answers_the_same(seed: int) -> None:
    document = random_document(seed)
    network, inputs = exported(document), given(document)
    there = {node.type_id for node in document.graph.nodes.values()}
    found = from_module(network, inputs)
    assert found.unknown == ()
    if not there & BY_CHANCE:
        pairs = zip(answers(network, inputs), answers(network_of(found.document), inputs), strict=True)
        for mine, theirs in pairs:
            assert torch.allclose(mine, theirs, rtol=1e-5, atol=1e-6, equal_nan=True)


# ---------------------------------------------------------------- ONNX


def onnx_bytes(model: nn.Module, inputs: tuple[Tensor, ...]) -> bytes:
    from nnlab.engine.exports.onnx_file import as_model
    from nnlab.engine.exports.traced import quiet

    with quiet():
        data: bytes = as_model(model, inputs).SerializeToString()
    return data


def small_onnx(*nodes: Any, initializers: Any = (), shape: Any = ("N", 4)) -> Any:
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    return helper.make_model(helper.make_graph(list(nodes), "small", [entry], [answer], list(initializers)))


def tensor(name: str, *sizes: int) -> Any:
    return numpy_helper.from_array(np.arange(math.prod(sizes), dtype=np.float32).reshape(sizes) / 10, name)


@pytest.mark.parametrize("name", ["residual", "u-net", "lstm", "lstm-both-ways", "two-inputs"])
def test_an_onnx_file_answers_as_the_model_it_was_made_of(name: str) -> None:
    model, inputs = made(name)
    found = onnx_file.read(onnx_bytes(model, inputs), "model.onnx")
    assert found.unknown == ()
    assert distance(model, network_of(found.document), inputs) < 1e-5


@pytest.mark.parametrize("name", ["iris", "digits-cnn", "first-word", "two-number-digits"])
def test_what_was_exported_as_onnx_comes_back(name: str, tmp_path: Any) -> None:
    project = nnlab.Project.example(name)
    project.weights = {key: each.numpy() for key, each in project.build(seed=3).state_dict().items()}
    project.export(tmp_path / "out.onnx")
    again = nnlab.Project.open(tmp_path / "out.onnx")
    assert again.path is None
    assert distance(project.model(), again.model(), given(project.document)) < 1e-5


class TestOnnx:
    def test_matmul_and_add_are_a_linear_layer(self) -> None:
        steps = (helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Add", ["h", "b"], ["y"]))
        found = onnx_file.read(
            small_onnx(*steps, initializers=(tensor("w", 4, 3), tensor("b", 3))).SerializeToString(), "m"
        )
        assert kinds(found.document) == ["Input", "Linear", "Output"]
        x = torch.ones(1, 4)
        wanted = x @ (torch.arange(12.0).reshape(4, 3) / 10) + torch.arange(3.0) / 10
        assert torch.allclose(answers(network_of(found.document), (x,))[0], wanted)

    def test_an_operation_without_a_layer_is_named_and_the_rest_is_kept(self) -> None:
        steps = (
            helper.make_node("Gemm", ["x", "w"], ["h"]),
            helper.make_node("Erf", ["h"], ["e"]),
            helper.make_node("Relu", ["e"], ["y"]),
        )
        found = onnx_file.read(small_onnx(*steps, initializers=(tensor("w", 4, 3),)).SerializeToString(), "m")
        assert found.unknown == ("Erf",)
        assert "Erf" in found.notices[0]
        assert kinds(found.document) == ["Erf (from outside)", "Input", "Linear", "Output", "ReLU"]

    def test_weights_in_another_file_are_refused_and_that_file_is_not_read(self, tmp_path: Any) -> None:
        weight = tensor("w", 4, 3)
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value="../../etc/passwd")
        model = small_onnx(helper.make_node("Gemm", ["x", "w"], ["y"]), initializers=(weight,))
        (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(FileError, match="weights in another file"):
            nnlab.Project.open(tmp_path / "m.onnx")

    def test_more_numbers_than_there_can_be_are_refused(self) -> None:
        weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2**20, 2**20])
        model = small_onnx(helper.make_node("Gemm", ["x", "w"], ["y"]), initializers=(weight,))
        with pytest.raises(FileError, match="more numbers"):
            onnx_file.read(model.SerializeToString(), "m.onnx")

    def test_sizes_made_of_nothing_stay_within_bounds(self) -> None:
        sizes = numpy_helper.from_array(np.array([2**20, 2**20], np.int64), "sizes")
        steps = (helper.make_node("ConstantOfShape", ["sizes"], ["z"]), helper.make_node("Add", ["x", "z"], ["y"]))
        with pytest.raises(FileError, match="ConstantOfShape"):
            onnx_file.read(small_onnx(*steps, initializers=(sizes,)).SerializeToString(), "m.onnx")

    def test_rows_looked_up_again_and_again_stay_within_bounds(self) -> None:
        rows = numpy_helper.from_array(np.zeros(2**16, np.int64), "rows")
        steps = [helper.make_node("Gather", ["table", "rows"], ["t1"])]
        steps += [helper.make_node("Gather", [f"t{k}", "rows"], [f"t{k + 1}"], axis=k) for k in range(1, 4)]
        steps.append(helper.make_node("Add", ["x", "t4"], ["y"]))
        with pytest.raises(FileError, match="Gather"):
            onnx_file.read(
                small_onnx(*steps, initializers=(rows, tensor("table", 4, 4, 4, 4))).SerializeToString(), "m"
            )

    def test_a_size_that_is_left_open_is_told(self) -> None:
        model = small_onnx(helper.make_node("Relu", ["x"], ["y"]), shape=("N", 3, "T"))
        found = onnx_file.read(model.SerializeToString(), "m.onnx")
        assert "sizes open" in found.notices[-1]

    @pytest.mark.parametrize("data", [b"", b"nonsense" * 50, b"\x08\x07", b"\xff" * 1000])
    def test_what_is_no_onnx_file_is_refused_with_a_sentence(self, data: bytes) -> None:
        with pytest.raises(FileError, match=r"^m\.onnx"):
            onnx_file.read(data, "m.onnx")

    def test_a_damaged_file_never_gives_more_than_a_sentence(self) -> None:
        whole = onnx_bytes(*made("two-inputs"))
        rng = np.random.default_rng(0)
        for _ in range(60):
            data = bytearray(whole)
            for at in rng.integers(0, len(data), 20):
                data[at] = rng.integers(0, 256)
            try:
                onnx_file.read(bytes(data), "m.onnx")
            except NNLabError as problem:
                said = str(problem)
            else:
                said = "read"
            assert said


# ---------------------------------------------------------------- PT2


def pt2_bytes(model: nn.Module, inputs: tuple[Tensor, ...]) -> bytes:
    from nnlab.engine.exports.pt2_file import as_bytes
    from nnlab.engine.exports.traced import quiet

    with quiet():
        return as_bytes(model, inputs)


def changed(data: bytes, ending: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            part = old.read(info)
            new.writestr(info.filename, change(part) if info.filename.endswith(ending) else part)
    return out.getvalue()


@pytest.fixture(scope="module")
def two_inputs_pt2() -> bytes:
    return pt2_bytes(*made("two-inputs"))


@pytest.mark.parametrize("name", ["residual", "u-net", "lstm", "lstm-both-ways"])
def test_a_pt2_file_answers_as_the_model_it_was_made_of(name: str) -> None:
    model, inputs = made(name)
    found = pt2_file.read(pt2_bytes(model, inputs), "model.pt2")
    assert found.unknown == ()
    assert distance(model, network_of(found.document), inputs) < 1e-6


class TestPt2:
    def test_two_inputs_come_in_their_order(self, two_inputs_pt2: bytes) -> None:
        model, inputs = made("two-inputs")
        found = pt2_file.read(two_inputs_pt2, "model.pt2")
        assert distance(model, network_of(found.document), inputs) < 1e-6

    def test_pickles_in_it_are_never_read(self, two_inputs_pt2: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("something was unpickled")

        monkeypatch.setattr("pickle.loads", refuse)
        monkeypatch.setattr("pickle.load", refuse)
        monkeypatch.setattr(torch, "load", refuse)
        bomb = b"cos\nsystem\n(S'touch /tmp/bomb'\ntR."
        found = pt2_file.read(changed(two_inputs_pt2, "model.pt", lambda _: bomb), "model.pt2")
        assert found.unknown == ()

    def test_weights_that_are_pickled_are_refused(self, two_inputs_pt2: bytes) -> None:
        def pickled(part: bytes) -> bytes:
            config = json.loads(part)
            for each in config["config"].values():
                each["use_pickle"] = True
            return json.dumps(config).encode()

        with pytest.raises(FileError, match="can run code"):
            pt2_file.read(changed(two_inputs_pt2, "weights_config.json", pickled), "model.pt2")

    def test_a_formula_for_a_size_is_not_computed(self, two_inputs_pt2: bytes) -> None:
        def with_formula(part: bytes) -> bytes:
            model = json.loads(part)
            for each in model["graph_module"]["graph"]["tensor_values"].values():
                each["sizes"][0] = {"as_expr": {"expr_str": "__import__('os').abort()", "hint": {"as_int": 2}}}
            return json.dumps(model).encode()

        found = pt2_file.read(changed(two_inputs_pt2, "models/model.json", with_formula), "model.pt2")
        assert found.unknown == ()

    def test_a_tensor_larger_than_its_numbers_is_refused(self, two_inputs_pt2: bytes) -> None:
        def larger(part: bytes) -> bytes:
            config = json.loads(part)
            for each in config["config"].values():
                each["tensor_meta"]["sizes"][0]["as_int"] = 10**9
            return json.dumps(config).encode()

        with pytest.raises(FileError, match="larger than its numbers"):
            pt2_file.read(changed(two_inputs_pt2, "weights_config.json", larger), "model.pt2")

    @pytest.mark.parametrize("data", [b"", b"nonsense" * 50, b"PK\x03\x04" + b"\x00" * 100])
    def test_what_is_no_pt2_file_is_refused_with_a_sentence(self, data: bytes) -> None:
        with pytest.raises(FileError, match=r"^m\.pt2"):
            pt2_file.read(data, "m.pt2")

    def test_a_graph_of_another_form_is_refused_with_a_sentence(self, two_inputs_pt2: bytes) -> None:
        for text in (b"[]", b"{}", b'{"graph_module": 3}', b"[" * 100_000):
            with pytest.raises(FileError, match=r"^m\.pt2"):
                pt2_file.read(changed(two_inputs_pt2, "models/model.json", lambda _, t=text: t), "m.pt2")

    def test_a_damaged_graph_never_gives_more_than_a_sentence(self, two_inputs_pt2: bytes) -> None:
        rng = np.random.default_rng(0)

        def damaged(part: bytes) -> bytes:
            found = bytearray(part)
            for at in rng.integers(0, len(found), 3):
                found[at] = int(rng.integers(32, 127))
            return bytes(found)

        for _ in range(40):
            try:
                pt2_file.read(changed(two_inputs_pt2, "models/model.json", damaged), "m.pt2")
            except NNLabError as problem:
                said = str(problem)
            else:
                said = "read"
            assert said


def test_an_onnx_file_of_each_opset_since_nine_can_be_read() -> None:
    for opset in (9, 11, 13, 18):
        model = small_onnx(helper.make_node("Softmax", ["x"], ["y"], axis=1))
        model.opset_import[0].version = opset
        assert onnx.ModelProto.FromString(model.SerializeToString()).opset_import[0].version == opset
        assert kinds(onnx_file.read(model.SerializeToString(), "m").document) == ["Input", "Output", "Softmax"]


# ---------------------------------------------------------------- networks that NNLab built itself


@pytest.mark.parametrize("seed", range(40))
def test_a_network_that_was_built_here_brings_its_drawing_back(seed: int) -> None:
    document = random_document(seed + 500)
    network = build(document, 3, packed=False)
    project = nnlab.from_module(network, random_samples(document, seed))
    assert project.document == document
    assert project.weights is not None
    for name, tensor in network.state_dict().items():
        assert np.array_equal(project.weights[name], tensor.numpy(), equal_nan=True), name


def test_a_network_that_was_changed_by_hand_is_read_as_it_is_now() -> None:
    network = nnlab.Project.example("xor").build(seed=0)
    name = next(n for n, m in network.named_children() if isinstance(m, nn.Linear))
    setattr(network, name, nn.Linear(2, getattr(network, name).out_features, bias=False))
    document = nnlab.from_module(network, torch.randn(4, 2)).document
    assert any(node.type_id == "Linear" and not node.layer.bias for node in document.graph.nodes.values())


class Reused(nn.Module):
    """Sums that are read by more than one step, and by one step twice."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.a(x) + self.b(x)
        z = y + self.c(x)
        return z + y + (z + z) * (y * y)


@pytest.mark.parametrize("form", ["module", "onnx", "pt2"])
def test_a_sum_that_is_read_again_stays_a_sum_of_its_own(form: str) -> None:
    torch.manual_seed(0)
    model, x = Reused().eval(), torch.randn(2, 4)
    if form == "module":
        found = from_module(model, x)
    elif form == "onnx":
        found = onnx_file.read(onnx_bytes(model, (x,)), "m.onnx")
    else:
        found = pt2_file.read(pt2_bytes(model, (x,)), "m.pt2")
    assert found.unknown == ()
    assert distance(model, network_of(found.document), (x,)) < 1e-6
