"""What a block promises: shapes, weights and costs of what is inside, sentences that name the layer, limits, files."""

import dataclasses
import json
from itertools import pairwise

import pytest

from nnlab.core.blocks import grouping
from nnlab.core.blocks.block import DEPTH_LIMIT, LAYERS_LIMIT, Block, named
from nnlab.core.blocks.ports import EMPTY, BlockInput, BlockOutput
from nnlab.core.chain import chain, layer, wired
from nnlab.core.check import check
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.history import History
from nnlab.core.layer import LAYERS
from nnlab.errors import FileError, SettingError, ShapeError
from nnlab.files import codec


def block(*layers: object, **settings: object) -> Block:
    """A block of layers in a row."""
    parts = {"x": BlockInput()} | {f"l{k}": each for k, each in enumerate(layers)} | {"y": BlockOutput()}
    ids = list(parts)
    return Block(inner=wired(parts, *(f"{a} > {b}" for a, b in pairwise(ids))), **settings)  # type: ignore[arg-type]


def in_a_network(made: Block) -> Document:
    return Document(graph=chain(layer("Input"), made, layer("Linear", out_features=3), layer("Output")))


def test_a_new_block_is_a_wire() -> None:
    assert LAYERS["Block"]() == Block()
    assert Block().output_shapes((4,)) == ((4,),)
    assert (Block.title, Block.inputs[0].name, Block.outputs[0].name) == ("Block", "in", "out")


def test_a_block_is_called_what_it_is() -> None:
    assert (Block(called="Residual block").title, Block().title) == ("Residual block", "Block")
    assert Node("block", Block(called="Residual block"), name="Stage 1").title == "Stage 1"


def test_shapes_weights_and_costs_are_those_of_the_layers_inside() -> None:
    made = block(layer("Linear", out_features=6), layer("Tanh"), layer("Linear", out_features=4))
    first, last = layer("Linear", out_features=6), layer("Linear", out_features=4)
    assert made.output_shapes((4,)) == ((4,),)
    assert made.parameter_shapes((4,)) == {
        "l0.weight": (6, 4), "l0.bias": (6,), "l2.weight": (4, 6), "l2.bias": (4,),
    }  # fmt: skip
    assert made.flops((4,)) == first.flops((4,)) + layer("Tanh").flops((6,)) + last.flops((6,))


@pytest.mark.parametrize(("share", "times"), [(False, 5), (True, 1)])
def test_repeats_learn_apart_or_together_and_cost_alike(share: bool, times: int) -> None:
    once = block(layer("Linear", out_features=4), layer("Tanh"))
    often = once.with_(repeat=5, share=share)
    assert often.parameter_count((4,)) == times * once.parameter_count((4,))
    assert often.flops((4,)) == 5 * once.flops((4,))
    assert sum(a * b for a, b in ((4, 4), (4, 1))) == once.parameter_count((4,))
    assert len(often.parameter_shapes((4,))) == 2 * times


def test_what_changes_the_size_cannot_be_repeated_and_says_what_to_do() -> None:
    with pytest.raises(ShapeError, match="4 numbers go in and 6 numbers come out, and each copy"):
        block(layer("Linear", out_features=6), repeat=2).output_shapes((4,))


def test_a_mistake_inside_is_told_with_the_names_of_block_and_layer() -> None:
    made = block(layer("Conv2d"), called="Stem")
    document = in_a_network(made)
    assert document.shapes["block"].problem.startswith("has a mistake inside: Conv 2-D")
    message = next(p.message for p in check(document) if p.node == "block")
    assert message.startswith("Stem has a mistake inside: Conv 2-D needs")


def test_a_mistake_that_nothing_depends_on_keeps_no_block_from_working() -> None:
    made = block(layer("Tanh"))
    spare = dataclasses.replace(
        made, inner=made.inner.with_node(Node("conv2d", layer("Conv2d"))).connect("x", "conv2d")
    )
    assert spare.output_shapes((4,)) == ((4,),)
    assert spare.parameter_count((4,)) == 0


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        (Graph(), "takes nothing in"),
        (wired({"x": BlockInput()}), "lets nothing out"),
        (wired({"x": BlockInput(), "i": layer("Input"), "y": BlockOutput()}, "i > y"), "belongs outside"),
        (wired({"x": BlockInput(), "t": layer("Tanh"), "y": BlockOutput()}, "t > y"), "nothing connected"),
        (wired({"x": BlockInput(), "y": BlockOutput()}), "nothing connected"),
    ],
)
def test_an_unfinished_block_says_what_is_missing(inner: Graph, said: str) -> None:
    with pytest.raises(ShapeError, match=said):
        Block(inner=inner).output_shapes((4,))


def test_a_block_input_outside_of_a_block_is_a_mistake() -> None:
    graph = wired({"in_": BlockInput(), "linear": layer("Linear", out_features=3), "out": layer("Output")},
                  "in_ > linear", "linear > out")  # fmt: skip
    assert [p for p in check(Document(graph=graph)) if p.severity == "error"]


def test_ports_carry_the_kind_that_is_meant_inside() -> None:
    made = block(layer("Embedding"))
    assert (made.inputs[0].kind, made.outputs[0].kind) == ("i", "x")
    assert Block().inputs[0].kind == "*"
    nested = block(block(layer("Embedding")))
    assert nested.inputs[0].kind == "i"


def test_several_outputs_leave_by_ports_of_their_names() -> None:
    made = Block(inner=wired({"x": BlockInput(), "lstm": layer("LSTM"), "all": BlockOutput(name="steps"),
                              "end": BlockOutput(name="end")}, "x > lstm", "lstm > all", "lstm.last > end"))  # fmt: skip
    assert made.output_shapes((5, 3)) == ((5, 8), (8,))
    assert [p.name for p in made.outputs] == ["steps", "end"]


# ------------------------------------------------------------------- limits


def test_nesting_is_limited() -> None:
    made = Block()
    for _ in range(DEPTH_LIMIT - 1):
        made = block(made)
    with pytest.raises(SettingError, match="nest at most"):
        block(made)


def test_repeats_of_repeats_are_limited() -> None:
    made = block(layer("Tanh"), repeat=50)
    assert block(made, repeat=50).size == 2500
    with pytest.raises(SettingError, match="repeat it less often"):
        block(made, repeat=LAYERS_LIMIT // 50 + 1)


@pytest.mark.parametrize("inner", [None, {}, "graph", 3, Document()])
def test_only_a_network_is_inside(inner: object) -> None:
    with pytest.raises(SettingError, match="network"):
        Block(inner=inner)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "promoted", [{"A": ("a.b",)}, {"a": "a.b"}, {"a": ()}, {"a": ("ab",)}, [1], {"a": ("../x",)}, 7]
)
def test_promoted_settings_are_names_and_places(promoted: object) -> None:
    with pytest.raises(SettingError):
        Block(promoted=promoted)  # type: ignore[arg-type]


# ------------------------------------------------------------------- files, undo, clipboard


def deep() -> Block:
    inner = block(layer("Linear", out_features=4), layer("Tanh"), called="Brick", repeat=3, share=True)
    return block(inner, layer("Dropout"), called="Wall", promoted=named({"p": ("l1.p",)}))


def test_a_block_is_written_and_read_as_it_is() -> None:
    document = in_a_network(deep())
    raw = json.loads(json.dumps(codec.document_to_dict(document)))
    again, notices = codec.document_from_dict(raw)
    assert (again, notices) == (document, ())


def test_a_setting_inside_that_is_not_known_is_kept() -> None:
    raw = codec.document_to_dict(in_a_network(deep()))
    raw["nodes"][1]["params"]["inner"]["nodes"][1]["params"]["inner"]["nodes"][1]["params"]["later"] = 7
    again, notices = codec.document_from_dict(raw)
    assert len(notices) == 1
    assert codec.document_to_dict(again) == raw


def test_a_wire_to_nowhere_inside_is_left_out_with_a_notice() -> None:
    raw = codec.document_to_dict(in_a_network(deep()))
    raw["nodes"][1]["params"]["inner"]["wires"].append({"source": "x", "target": "nowhere"})
    again, notices = codec.document_from_dict(raw)
    assert again == in_a_network(deep())
    assert notices[0].startswith("Inside block: Left out the wire")


def nested(depth: int) -> dict[str, object]:
    raw: dict[str, object] = {"nodes": [], "wires": []}
    for _ in range(depth):
        raw = {"nodes": [{"id": "block", "type": "Block", "params": {"inner": raw}, "x": 0, "y": 0}], "wires": []}
    return raw


@pytest.mark.parametrize("depth", [DEPTH_LIMIT + 1, 12, 60, 400])
def test_a_hostile_depth_is_refused_with_a_sentence(depth: int) -> None:
    with pytest.raises(FileError, match="deep"):
        codec.document_from_dict(nested(depth))


@pytest.mark.parametrize(
    "inner",
    [
        None,
        [],
        "x",
        {"nodes": 3},
        {"nodes": [{"id": "A"}]},
        {"nodes": [{"id": "a", "type": "Linear", "params": {"out_features": -1}}]},
    ],
)
def test_a_damaged_inside_is_refused_with_the_name_of_the_block(inner: object) -> None:
    raw = {"nodes": [{"id": "brick", "type": "Block", "params": {"inner": inner}, "x": 0, "y": 0}]}
    with pytest.raises(FileError, match="brick"):
        codec.document_from_dict(raw)


def test_hostile_repeats_are_refused() -> None:
    raw: dict[str, object] = {"nodes": [{"id": "tanh", "type": "Tanh", "x": 0, "y": 0}], "wires": []}
    for _ in range(4):
        params = {"inner": raw, "repeat": 1000}
        raw = {"nodes": [{"id": "block", "type": "Block", "params": params, "x": 0, "y": 0}], "wires": []}
    with pytest.raises(FileError, match="repeat it less often"):
        codec.document_from_dict(raw)


def test_a_block_goes_through_the_clipboard() -> None:
    graph = in_a_network(deep()).graph
    text = codec.copy(graph, ["block"])
    pasted, (new,) = codec.paste(graph, text)
    assert pasted.node(new).layer == graph.node("block").layer


def test_undo_takes_back_what_was_done_inside() -> None:
    document = Document(graph=chain(layer("Input"), layer("Linear", out_features=4), deep(), layer("Output")))
    history = History(document)
    path = ["block", "l0"]
    inner = grouping.inner_graph(document.graph, path)
    graph = grouping.with_inner(
        document.graph, path, inner.with_node(Node("l0", layer("Linear", out_features=4, bias=False)))
    )
    history.apply("Change bias", document.with_graph(graph))
    assert history.value.parameter_count("block") == 16
    history.undo()
    assert history.value is document


def test_the_empty_inside_is_a_network_like_any_other() -> None:
    assert Graph(EMPTY.nodes, EMPTY.links) == EMPTY
