"""What ONNX and PT2 files have taken apart comes back as layers: attention, norms, bends, encoder layers, and their blocks."""

import io
import json
import zipfile
from functools import lru_cache
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from hand_written import MODELS, SelfAttention, trained
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.export import ExportedProgram

from nnlab.core.blocks.block import Block
from nnlab.core.check import check
from nnlab.core.document import Document
from nnlab.core.graph import Graph
from nnlab.core.template import TEMPLATES
from nnlab.engine.compile import arguments, build
from nnlab.engine.exports.onnx_file import write as write_onnx
from nnlab.engine.exports.pt2_file import write as write_pt2
from nnlab.engine.imports.attention.strides import View
from nnlab.engine.imports.finishing import Imported
from nnlab.engine.imports.onnx import file as onnx_file
from nnlab.engine.imports.pt2 import file as pt2_file
from nnlab.engine.imports.scopes import Calls, of_node_name, of_text
from nnlab.errors import FileError


def as_pt2(program: ExportedProgram) -> bytes:
    file = io.BytesIO()
    torch.export.save(program, file)
    return file.getvalue()


def as_onnx(program: ExportedProgram) -> bytes:
    made = torch.onnx.export(program, dynamo=True, external_data=False, verbose=False)
    assert made is not None
    data: bytes = made.model_proto.SerializeToString()
    return data


def as_old_onnx(model: nn.Module, inputs: tuple[Tensor, ...], opset: int = 14) -> bytes:
    file = io.BytesIO()
    torch.onnx.export(model, inputs, file, dynamo=False, opset_version=opset)
    return file.getvalue()


FORMS = ("pt2", "onnx", "old onnx")


@lru_cache(maxsize=64)
def program_of(name: str) -> ExportedProgram:
    """What torch traces, once for the two files that are made of it."""
    return torch.export.export(*trained(name))


@lru_cache(maxsize=64)
def kept(name: str, form: str) -> bytes:
    """The file of a model, written once for all tests."""
    if form == "old onnx":
        return as_old_onnx(*trained(name))
    return (as_pt2 if form == "pt2" else as_onnx)(program_of(name))


def read(form: str, data: bytes) -> Imported:
    return (pt2_file if form == "pt2" else onnx_file).read(data, "model")


def answers(network: nn.Module, inputs: tuple[Tensor, ...]) -> list[np.ndarray[Any, Any]]:
    with torch.no_grad():
        found = network(*inputs)
    return [each.numpy() for each in (found if isinstance(found, tuple) else (found,))]


def mine(document: Document, inputs: tuple[Tensor, ...]) -> list[np.ndarray[Any, Any]]:
    network = build(document, 0, packed=False).eval()
    return answers(network, tuple(inputs[k] for k in arguments(document)))


def far(some: list[Any], others: list[Any]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(some, others, strict=True))


def kinds(graph: Graph) -> list[str]:
    """The ids of all layers, those inside blocks among them."""
    found = []
    for node in graph.nodes.values():
        found += kinds(node.layer.inner) if isinstance(node.layer, Block) else [node.type_id]
    return found


PARTS = {
    "MatMul",
    "Softmax",
    "Transpose",
    "Reshape",
    "Split",
    "Slice",
    "Permute",
    "Constant",
    "Multiply",
    "Subtract",
    "Divide",
}
WHOLE = {
    "attention": ["MultiheadAttention", "Linear"],
    "no-bias": ["MultiheadAttention", "Linear"],
    "causal": ["MultiheadAttention", "Linear"],
    "weights": ["MultiheadAttention", "Linear"],
    "cross": ["MultiheadAttention", "Linear"],
    "self-attention": ["MultiheadAttention"],
    "writer": ["Embedding", "LayerNorm", "MultiheadAttention", "Add", "GELU", "Linear"],
    "reader": ["Embedding", "LayerNorm", "MultiheadAttention", "Add", "GELU", "Linear", "PaddingMask"],
    "mixed": ["Linear", "LayerNorm", "GELU", "LSTM", "GRU"],
    "mixed-tanh": ["Linear", "LayerNorm", "GELU", "LSTM", "GRU"],
}
"""Layers that are there again, none of them left in its parts."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_from_every_file_whole_and_answers_the_same(name: str) -> None:
    model, inputs = trained(name)
    wanted = answers(model, inputs)
    for form in FORMS:
        data = kept(name, form)
        found = read(form, data)
        assert found.unknown == (), form
        assert [p.message for p in check(found.document) if p.severity == "error"] == [], form
        assert far(mine(found.document, inputs), wanted) < 1e-5, form
        if name in WHOLE:
            layers = kinds(found.document.graph)
            assert not PARTS & set(layers), form
            assert set(WHOLE[name]) <= set(layers), form
        if form != "pt2":
            session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
            fed = {each.name: x.numpy() for each, x in zip(session.get_inputs(), inputs, strict=True)}
            assert far(wanted, session.run(None, fed)) < 1e-5, form


@pytest.mark.filterwarnings("ignore")
class TestAttention:
    def test_looks_that_only_reach_back_are_a_setting(self) -> None:
        for form in FORMS:
            graph = read(form, kept("causal", form)).document.graph
            (layer,) = (n.layer for n in graph.nodes.values() if n.type_id == "MultiheadAttention")
            assert (layer.num_heads, layer.causal, layer.bias) == (2, True, True)

    def test_the_other_sequence_goes_into_the_port_for_keys(self) -> None:
        graph = read("onnx", kept("cross", "onnx")).document.graph
        (node,) = (n for n in graph.nodes.values() if n.type_id == "MultiheadAttention")
        assert [k.target_port for k in graph.incoming[node.id]] == ["q", "k"]

    def test_a_scale_of_its_own_is_kept_so_that_it_stays_in_parts(self) -> None:
        graph = read("pt2", kept("halves", "pt2")).document.graph
        (layer,) = (n.layer for n in graph.nodes.values() if n.type_id == "ScaledDotProductAttention")
        assert layer.scale == pytest.approx(0.3)

    @pytest.mark.parametrize("form", ["pt2", "onnx"])
    def test_torchs_encoder_comes_back_as_one_layer(self, form: str) -> None:
        for name in ("encoder", "encoder-norm-first"):
            graph = read(form, kept(name, form)).document.graph
            (layer,) = (n.layer for n in graph.nodes.values() if n.type_id == "TransformerEncoder")
            assert (layer.num_layers, layer.nhead, layer.activation) == (2, 2, "gelu")
            assert layer.norm_first is (name == "encoder-norm-first")

    def test_shares_along_the_other_axis_are_no_attention(self) -> None:
        class Odd(SelfAttention):
            def forward(self, x: Tensor) -> Tensor:
                q, k, v = (t.view(2, 5, 2, 4).transpose(1, 2) for t in self.c_attn(x).split(8, dim=2))
                looks = torch.softmax((q @ k.transpose(-2, -1)) * 0.5, dim=-2)
                return self.c_proj((looks @ v).transpose(1, 2).reshape(2, 5, 8))

        torch.manual_seed(0)
        model, x = Odd().eval(), torch.randn(2, 5, 8)
        found = read("onnx", as_onnx(torch.export.export(model, (x,))))
        assert "MultiheadAttention" not in kinds(found.document.graph)
        assert found.unknown == ()
        assert far(mine(found.document, (x,)), answers(model, (x,))) < 1e-5


class ShortWay(nn.Module):
    """An encoder layer as torch computes it where no gradients are wanted, whole or its attention alone."""

    def __init__(self, whole: bool) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).requires_grad_(False)
        self.whole, self.out = whole, nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        a, layer = self.layer.self_attn, self.layer
        weights = (a.in_proj_weight, a.in_proj_bias, a.out_proj.weight, a.out_proj.bias)
        if not self.whole:
            return self.out(torch._native_multi_head_attention(x, x, x, 8, 2, *weights, need_weights=False)[0])
        norms = (layer.norm1.weight, layer.norm1.bias, layer.norm2.weight, layer.norm2.bias)
        inner = (layer.linear1.weight, layer.linear1.bias, layer.linear2.weight, layer.linear2.bias)
        return self.out(torch._transformer_encoder_layer_fwd(x, 8, 2, *weights, False, False, 1e-5, *norms, *inner))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("whole", "kind"), [(False, "MultiheadAttention"), (True, "TransformerEncoderLayer")])
def test_torchs_short_way_through_attention_is_known(whole: bool, kind: str) -> None:
    torch.manual_seed(0)
    model, x = ShortWay(whole).eval().requires_grad_(False), torch.randn(2, 5, 8)
    found = read("pt2", as_pt2(torch.export.export(model, (x,))))
    assert found.unknown == ()
    assert kinds(found.document.graph) == ["Input", kind, "Linear", "Output"]
    assert far(mine(found.document, (x,)), answers(model, (x,))) < 1e-5


@pytest.mark.filterwarnings("ignore")
class TestScopes:
    @pytest.mark.parametrize("form", FORMS)
    def test_modules_are_blocks_with_the_names_of_the_model(self, form: str) -> None:
        graph = read(form, kept("resnet", form)).document.graph
        first = graph.nodes["layer1"].layer
        assert isinstance(first, Block)
        assert first.repeat == 2
        assert {"conv1", "conv2"} < first.inner.nodes.keys()
        assert graph.nodes["fc"].type_id == "Linear"

    @pytest.mark.parametrize("form", ["pt2", "onnx"])
    def test_a_module_that_is_called_twice_shares_its_weights(self, form: str) -> None:
        graph = read(form, kept("twins", form)).document.graph
        assert [n.learning.shares for n in graph.nodes.values() if isinstance(n.layer, Block)] == ["", "twin"]
        again = read(form, kept("again", form)).document.graph.nodes["step"].layer
        assert isinstance(again, Block)
        assert (again.repeat, again.share) == (3, True)

    def test_equal_numbers_of_two_modules_are_not_shared_weights(self) -> None:
        torch.manual_seed(0)
        model, inputs = MODELS["writer"]()  # norms begin with ones and zeros, and files keep those once
        graph = read("onnx", as_onnx(torch.export.export(model.eval(), inputs))).document.graph
        (row,) = (n.layer for n in graph.nodes.values() if isinstance(n.layer, Block))
        assert row.repeat == 3
        assert not any(n.learning.shares for n in row.inner.nodes.values())

    def test_names_of_files_are_read_as_paths(self) -> None:
        assert [s.path for s in of_node_name("/net/net.0/conv/Conv")] == ["net", "net.0", "net.0.conv"]
        text = "L__self__,,a.Model;L__self___b@1,b@1,a.Block;L__self___b_fc@1,b.fc@1,torch.nn.modules.linear.Linear"
        assert [(s.path, s.kind, s.is_leaf) for s in of_text(text)] == [("b", "Block", False), ("b.fc", "Linear", True)]
        assert of_text(None) == of_text("nonsense") == of_node_name("Conv_3") == ()
        assert Calls().scopes("['', 'a']", "nonsense") == ()


def tensor(name: str, *values: float) -> Any:
    return numpy_helper.from_array(np.array(values if len(values) > 1 else values[0], np.float32), name)


def onnx_of(nodes: list[Any], tensors: list[Any], width: int = 4) -> bytes:
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", width]) for n in "xy"]
    graph = helper.make_graph(nodes, "net", ports[:1], ports[1:], tensors)
    data: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8
    ).SerializeToString()
    return data


GELU = [
    helper.make_node("Div", ["x", "root"], ["a"]), helper.make_node("Erf", ["a"], ["b"]), helper.make_node("Add", ["b", "one"], ["c"]),
    helper.make_node("Mul", ["x", "c"], ["d"]), helper.make_node("Mul", ["d", "half"], ["y"]),
]  # fmt: skip


class TestArithmetic:
    def test_the_formula_of_gelu_is_gelu_and_one_with_another_number_is_not(self) -> None:
        found = onnx_file.read(onnx_of(GELU, [tensor("root", 2**0.5), tensor("one", 1), tensor("half", 0.5)]), "m")
        assert kinds(found.document.graph) == ["Input", "GELU", "Output"]
        other = onnx_file.read(onnx_of(GELU, [tensor("root", 1.5), tensor("one", 1), tensor("half", 0.5)]), "m")
        assert other.unknown == ("Erf",)
        assert "GELU" not in kinds(other.document.graph)

    def test_an_operation_that_is_not_known_is_named_and_the_rest_kept(self) -> None:
        nodes = [
            helper.make_node("Relu", ["x"], ["a"]),
            helper.make_node("Det", ["a"], ["b"]),
            helper.make_node("Tanh", ["b"], ["y"]),
        ]
        found = onnx_file.read(onnx_of(nodes, []), "m")
        assert found.unknown == ("Det",)
        assert "Det" in found.notices[0]
        graph = found.document.graph
        assert [n.type_id for n in graph.nodes.values()] == ["Input", "ReLU", "Det (from outside)", "Tanh", "Output"]

    def test_modules_that_a_file_only_claims_do_no_harm(self) -> None:
        deep = [helper.make_node("Relu", ["x"], ["a"], name="/a" * 4000 + "/Relu"), helper.make_node("Tanh", ["a"], ["b"], name="//./0"),
                helper.make_node("Relu", ["b"], ["c"], name="/a" * 4000 + "/Relu"), helper.make_node("Tanh", ["c"], ["y"])]  # fmt: skip
        found = onnx_file.read(onnx_of(deep, []), "m")
        assert found.unknown == ()
        assert kinds(found.document.graph) == ["Input", "ReLU", "Tanh", "ReLU", "Tanh", "Output"]

    def test_numbers_that_no_whole_number_can_be_are_cast_without_a_word(self) -> None:
        nodes = [helper.make_node("Cast", ["w"], ["a"], to=TensorProto.INT64), helper.make_node("Cast", ["a"], ["b"], to=1),
                 helper.make_node("Add", ["x", "b"], ["y"])]  # fmt: skip
        found = onnx_file.read(onnx_of(nodes, [tensor("w", float("nan"), 1e30, 2.0, 3.0)]), "m")
        assert found.unknown == ()

    def test_what_an_answer_does_not_need_is_not_counted_as_unknown(self) -> None:
        nodes = [helper.make_node("Det", ["x"], ["a"]), helper.make_node("Relu", ["x"], ["y"])]
        assert onnx_file.read(onnx_of(nodes, []), "m").unknown == ()


@lru_cache(maxsize=8)
def read_again(name: str) -> tuple[Imported, Imported]:
    """A template as its ONNX and its PT2 file are read."""
    document = TEMPLATES[name].make()
    return onnx_file.read(write_onnx(document).data, "m"), pt2_file.read(write_pt2(document).data, "m")


@pytest.mark.parametrize("damage", [
    {"config": None}, {"config": [[]]}, {"config": {"w": 3}}, {"config": {"w": {"path_name": "w"}}}, {},
    *({"config": {"w": {"path_name": "weight_0", "use_pickle": False, "tensor_meta": meta}}} for meta in (
        {}, {"dtype": 7, "sizes": 5}, {"dtype": 7, "sizes": [5], "strides": [{"as_int": None}]},
        {"dtype": 7, "sizes": [{"as_int": "../x"}], "strides": []},
    )),
])  # fmt: skip
def test_weights_that_a_pt2_file_describes_wrongly_are_refused_with_a_sentence(damage: dict[str, Any]) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(kept("again", "pt2"))) as good, zipfile.ZipFile(made, "w") as bad:
        for name in good.namelist():
            is_config = name.endswith("weights_config.json")
            bad.writestr(name, json.dumps(damage) if is_config else good.read(name))
    with pytest.raises(FileError, match=r"^model"):
        pt2_file.read(made.getvalue(), "model")


class TestWrittenHere:
    @pytest.mark.parametrize("name", ["resnet-18", "tiny-gpt"])
    def test_a_template_comes_back_from_its_files_with_its_blocks(self, name: str) -> None:
        graph = TEMPLATES[name].make().graph
        wanted = [b.layer.repeat for b in graph.nodes.values() if isinstance(b.layer, Block)]
        for found in read_again(name):
            blocks = [b.layer for b in found.document.graph.nodes.values() if isinstance(b.layer, Block)]
            assert found.unknown == ()
            assert [b.repeat for b in blocks] == wanted

    @pytest.mark.parametrize("name", ["vit-tiny", "vae"])
    def test_a_class_token_and_typed_arithmetic_come_back_and_answer_alike(self, name: str) -> None:
        written = TEMPLATES[name].make()
        model = build(written, written.training.seed, packed=False).eval()
        x = torch.rand(3, 1, 8, 8)
        for found in read_again(name):
            assert found.unknown == ()
            again = build(found.document, 1, packed=False).eval()
            answers = []
            for network in (model, again):
                torch.manual_seed(2)
                with torch.no_grad():
                    given = network(x)
                answers.append(given if isinstance(given, tuple) else (given,))
            for mine, theirs in zip(*answers, strict=True):
                assert torch.allclose(mine, theirs.reshape(mine.shape), rtol=1e-5, atol=1e-5)

    def test_positions_that_are_learned_come_back_as_one_layer(self) -> None:
        (onnx, _), written = read_again("tiny-gpt"), TEMPLATES["tiny-gpt"].make()
        node = "positionalencoding"
        assert onnx.document.graph.nodes[node].layer == written.graph.nodes[node].layer

    def test_masks_of_padding_come_back_with_the_encoder_and_the_mean_that_they_are_for(self) -> None:
        document = TEMPLATES["transformer-classifier"].make()
        for found in read_again("transformer-classifier"):
            assert found.unknown == ()
            assert sorted(kinds(found.document.graph)) == sorted(kinds(document.graph))
            wires = found.document.graph.incoming
            assert [k.target_port for k in wires["encoder"]] == ["in", "padding"]
            assert [k.target_port for k in wires["sequencepool"]] == ["in", "mask"]


class TestStrides:
    """Every form of a tensor is compared with what numpy makes of it."""

    SIZES = (2, 6, 4)

    def numbers(self, view: View | None) -> np.ndarray[Any, Any]:
        assert view is not None
        index = np.array(view.offset)
        for axis in view.axes:
            for n, stride in axis:
                index = index[..., None] + np.arange(n) * stride
        return index.reshape(view.sizes)

    @pytest.mark.parametrize("seed", range(30))
    def test_any_chain_of_cuts_and_turns_is_where_numpy_has_it(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        view, array = View.whole(None, self.SIZES), np.arange(48).reshape(self.SIZES)
        for _ in range(6):
            view, array = step(rng, view, array)
            assert np.array_equal(self.numbers(view), array)


def step(rng: Any, view: View, array: Any) -> tuple[View, Any]:
    """One change that both go through."""
    way, at = int(rng.integers(6)), int(rng.integers(array.ndim))
    if way == 0:
        order = tuple(int(n) for n in rng.permutation(array.ndim))
        return view.permuted(order), array.transpose(order)
    if way == 1:
        return view.unsqueezed(at), np.expand_dims(array, at)
    if way == 2 and array.shape[at] > 1 and array.ndim > 2:
        index = int(rng.integers(array.shape[at]))
        return view.selected(at, index), np.take(array, index, at)
    if way == 3 and array.shape[at] % 2 == 0:
        sizes = (*array.shape[:at], 2, array.shape[at] // 2, *array.shape[at + 1 :])
        found = view.reshaped(sizes)
        return (found, array.reshape(sizes)) if found is not None else (view, array)
    if way == 4:
        found = view.sliced(at, 1, array.shape[at])
        cut = array[(slice(None),) * at + (slice(1, None),)]
        return (found, cut) if found is not None and array.shape[at] > 1 else (view, array)
    found = view.reshaped((-1, *array.shape[2:])) if array.ndim > 2 else None
    return (found, array.reshape(-1, *array.shape[2:])) if found is not None else (view, array)
