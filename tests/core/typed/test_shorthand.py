"""Networks as one types them: what is understood, what is refused with a sentence, and where it ends up."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.core.dataset import DATASETS, Field
from nnlab.core.document import Data, Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.layout import HEIGHT, WIDTH
from nnlab.core.param import Param
from nnlab.core.shapes import infer
from nnlab.core.typed import spelling
from nnlab.core.typed.meant import Description, Repeated, ShorthandError, Typed
from nnlab.core.typed.planting import planted_in, which
from nnlab.core.typed.shorthand import LAYER_LIMIT, add_text, parse
from nnlab.errors import NNLabError

PICTURE, SIGNAL, ROW = Field("x", (3, 16, 16)), Field("x", (2, 40)), Field("x", (10,))
quick = settings(max_examples=150, deadline=None, derandomize=True)


def begun(layer: str = "Input") -> Graph:
    return Graph().with_node(Node("input", LAYERS[layer]()))


def layer(id_: str, **settings: object) -> Layer:
    return LAYERS[id_](**settings)


def made(text: str, field: Field | None = PICTURE) -> list[Layer]:
    """The layers that a text makes behind an Input."""
    graph, ids = add_text(begun(), text, "input", [field] if field else None)
    return [graph.nodes[node_id].layer for node_id in ids]


RELU, TANH, CONV_4 = layer("ReLU"), layer("Tanh"), layer("Conv2d", out_channels=4)
PERCEPTRON = [layer("Linear", out_features=256), RELU, layer("Linear", out_features=128), RELU]
SMALL_NET = [CONV_4, layer("BatchNorm2d"), RELU, layer("MaxPool2d"), layer("Flatten"), layer("Linear", out_features=10)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conv 64 k3 s2", [layer("Conv2d", out_channels=64, kernel_size=3, stride=2)]),
        ("conv 64 5", [layer("Conv2d", out_channels=64, kernel_size=5)]),
        ("conv 8 3x5 same", [layer("Conv2d", out_channels=8, kernel_size=(3, 5), padding="same")]),
        ("Conv2d out_channels=64 kernel_size=(3, 5)", [layer("Conv2d", out_channels=64, kernel_size=(3, 5))]),
        ("Conv2d(64, kernel_size=5)", [layer("Conv2d", out_channels=64, kernel_size=5)]),
        ("CONV FILTERS=32", [layer("Conv2d", out_channels=32)]),
        ("mlp 256 128 10", [*PERCEPTRON, layer("Linear", out_features=10)]),
        ("mlp 9 7 tanh", [layer("Linear", out_features=9), TANH, layer("Linear", out_features=7)]),
        ("dense 32 relu", [layer("Linear", out_features=32), RELU]),
        ("fc 32 nobias", [layer("Linear", out_features=32, bias=False)]),
        ("dense 32 bias=no", [layer("Linear", out_features=32, bias=False)]),
        ("drop 0.3", [layer("Dropout", p=0.3)]),
        ("dropout p=.25", [layer("Dropout", p=0.25)]),
        ("pool 2", [layer("MaxPool2d", kernel_size=2)]),
        ("max pool 3 s2", [layer("MaxPool2d", kernel_size=3, stride=2)]),
        ("lstm 64 l2 bidirectional", [layer("LSTM", hidden_size=64, num_layers=2, bidirectional=True)]),
        ("attention h4", [layer("MultiheadAttention", num_heads=4)]),
        ("multi-head attention 2", [layer("MultiheadAttention", num_heads=2)]),
        ("reshape 1x28x28", [layer("Reshape", shape="1, 28, 28")]),
        ("reshape 4 -1", [layer("Reshape", shape="4, -1")]),
        ('reshape shape="2, -1"', [layer("Reshape", shape="2, -1")]),
        ("concat axis=-1", [layer("Concat", dim=-1)]),
        ("reduce sum", [layer("Reduce", kind="sum")]),
        ("pad 1 1 2 2 reflect", [layer("Pad", padding="1, 1, 2, 2", mode="reflect")]),
        ("2x(conv 4, relu)", [CONV_4, RELU] * 2),
        ("2 × (conv 4 relu)", [CONV_4, RELU] * 2),
        ("(conv 4, relu) x2", [CONV_4, RELU] * 2),
        ("(conv 4, relu) × 2", [CONV_4, RELU] * 2),
        ("2(conv 4, relu)", [CONV_4, RELU] * 2),
        ("3x relu", [RELU] * 3),
        ("1x(relu)", [RELU]),
        ("2x(2x(relu), tanh)", [RELU, RELU, TANH] * 2),
        ("conv 4 | bn -> relu → pool, flatten\ndense 10", SMALL_NET),
        (" , relu ,, tanh; ", [RELU, TANH]),
    ],
)
def test_a_typed_text_becomes_these_layers(text: str, expected: list[Layer]) -> None:
    assert made(text) == expected


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("conv 8", SIGNAL, "Conv1d"),
        ("conv 8", PICTURE, "Conv2d"),
        ("conv 8", None, "Conv2d"),
        ("conv 8", ROW, "Conv2d"),
        ("conv1d 8", PICTURE, "Conv1d"),
        ("pool", SIGNAL, "MaxPool1d"),
        ("bn", ROW, "BatchNorm1d"),
        ("bn", SIGNAL, "BatchNorm1d"),
        ("bn", PICTURE, "BatchNorm2d"),
        ("global average pool", SIGNAL, "GlobalAvgPool1d"),
    ],
)
def test_the_data_at_a_place_decide_the_dimension(text: str, field: Field | None, expected: str) -> None:
    graph, (node_id,) = add_text(begun(), text, "input", [field] if field else None)
    assert graph.nodes[node_id].type_id == expected


def test_the_dimension_is_followed_along_the_chain() -> None:
    assert [LAYERS.id_of(each) for each in made("conv 4, bn, relu, pool, flatten, dense 5, bn")] == [
        *("Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Flatten", "Linear", "BatchNorm1d")
    ]
    assert [LAYERS.id_of(each) for each in made("conv1d 4, bn, pool, flatten, dense 5, bn", None)] == [
        *("Conv1d", "BatchNorm1d", "MaxPool1d", "Flatten", "Linear", "BatchNorm1d")
    ]


@pytest.mark.parametrize(
    ("text", "word", "says"),
    [
        ("konv 64", "konv", "I do not know the layer “konv”: did you mean conv?"),
        ("relu, batchnrom", "batchnrom", "did you mean batchnorm?"),
        ("conv 64 quux", "quux", "I cannot use “quux” for Conv 2-D: put a comma before the next layer"),
        ("conv 9999999", "9999999", "does not fit Conv 2-D: Filters needs a whole number from 1 to"),
        ("drop p=2", "p", "“p” does not fit Dropout"),
        ("relu 5", "5", "“5” is one number too many: ReLU takes no number"),
        ("conv 3 3 1 1 1 1 1 1", "1", "is one number too many"),
        ("conv colour=red", "colour", "Conv 2-D has no setting “colour” (it has: out_channels,"),
        ("64, relu", "64", "is a number where a layer should be"),
        ("(conv 4, relu", "(", "a bracket is opened and not closed"),
        ("conv 4)", ")", "closing bracket without an opening one"),
        ("3x()", "3x", "nothing in the brackets"),
        ("0x(relu)", "0x", "repeats nothing"),
        ("mlp", "mlp", "mlp needs the sizes of its layers"),
        ("mlp 3 banana", "banana", "I cannot use “banana” for mlp"),
        ("mlp 3 99999999", "99999999", "does not fit Linear"),
        ("= 3", "= 3", "cannot begin a layer"),
        ("600x(relu)", "600x", "more than 500 layers"),
        ("9x(9x(9x(relu)))", "9x", "more than 500 layers"),
        ("(((((((((relu)))))))))", "(", "brackets stand in more than 8 others"),
    ],
)
def test_what_is_not_understood_is_pointed_at(text: str, word: str, says: str) -> None:
    with pytest.raises(ShorthandError) as problem:
        parse(text)
    assert says in str(problem.value)
    assert text[slice(*problem.value.at)] == word


def test_an_empty_text_asks_for_a_layer() -> None:
    for text in ("", "  ", ",;|"):
        with pytest.raises(ShorthandError, match="type a layer, such as conv 64 k3"):
            parse(text)
    with pytest.raises(ShorthandError, match="longer than"):
        parse("relu, " * 1000)


# ---------------------------------------------------------------- any text


SIGNS = [*"()|,x×*=→-\"'\\\n 0123", "->", "3x(", "１", "²", "999999999", "1e9", "1e999", "p.5"]
PARTS = [*SIGNS, "conv", "mlp", "k3", "k", "relu", "s2", "dense", "bias=", "none"]
ANY_TEXT = st.text(max_size=60) | st.lists(st.sampled_from(PARTS), max_size=25).map("".join)


@quick
@given(ANY_TEXT)
def test_no_text_raises_anything_but_a_sentence(text: str) -> None:
    try:
        described = parse(text)
    except NNLabError as problem:
        said = str(problem)
        assert 20 < len(said) < 1000
        assert "\n" not in said
        return
    assert 0 < described.count <= LAYER_LIMIT
    assert parse(str(described)) == described
    try:
        graph, ids = add_text(begun(), text, "input", [PICTURE])
    except NNLabError:
        return
    assert len(ids) == described.count
    assert len(graph.nodes) == 1 + len(ids)


def typed_value(p: Param) -> st.SearchStrategy[object]:
    low, high = int(p.low or 0), int(min(p.high if p.high is not None else 50, 50))
    number = st.integers(low, max(low, high))
    made: dict[str, st.SearchStrategy[object]] = {
        "bool": st.booleans(),
        "choice": st.sampled_from([value for value, _ in p.choices] or [""]),
        "int": number,
        "float": st.floats(p.low, p.high, allow_subnormal=False) if p.low is not None else st.just(0.5),
        "text": st.text(max_size=8),
        "size": number if p.axes in (None, 1) else st.one_of(number, st.tuples(*[number] * p.axes)),
    }
    return made[p.kind]


@st.composite
def descriptions(draw: st.DrawFn, depth: int = 0) -> tuple[Typed | Repeated, ...]:
    items: list[Typed | Repeated] = []
    for _ in range(draw(st.integers(1, 3))):
        if depth < 2 and draw(st.integers(0, 4)) == 0:
            items.append(Repeated(draw(st.integers(2, 4)), draw(descriptions(depth=depth + 1))))
            continue
        id_ = draw(st.sampled_from(list(LAYERS)))
        params = [p for p in spelling.typed_params(LAYERS[id_]) if draw(st.booleans())]
        chosen = {p.name: p.check(draw(typed_value(p))) for p in params}
        items.append(Typed((id_,), tuple(chosen.items())))
    return tuple(items)


@quick
@given(descriptions())
def test_whatever_is_printed_is_read_again(items: tuple[Typed | Repeated, ...]) -> None:
    described = Description(items)
    assert parse(str(described)) == described


def test_every_layer_is_found_by_its_id_and_by_its_title() -> None:
    known = spelling.names()
    for id_, kind in LAYERS.items():
        assert known[spelling.plain(id_)] == (id_,)
        assert parse(id_).items == (Typed((id_,)),)
        title = kind.title.split(" (")[0]
        assert id_ in {i for typed in parse(title).layers() for i in typed.ids}, title
    for short in spelling.SHORT:
        assert spelling.plain(short) in known or spelling.SHORT[short] not in {spelling.family(i) for i in LAYERS}


# ---------------------------------------------------------------- in a network


def test_they_are_wired_one_after_the_other_and_none_lies_on_another() -> None:
    graph, ids = add_text(begun(), "3x(conv 8, bn, relu), flatten, mlp 32 10, output", "input", [PICTURE])
    assert [graph.incoming[n][0].source for n in ids] == ["input", *ids[:-1]]
    boxes = [(n.x, n.y) for n in graph.nodes.values()]
    for k, (x, y) in enumerate(boxes):
        assert all(abs(x - a) >= WIDTH or abs(y - b) >= HEIGHT for a, b in boxes[:k])
    shapes = Document(graph, Data(DATASETS["digits"]())).shapes
    assert all(at.known for at in shapes.values())


def test_a_second_branch_steps_aside() -> None:
    graph, first = add_text(begun(), "relu, tanh", "input", [PICTURE])
    graph, second = add_text(graph, "tanh, relu", "input", [PICTURE])
    assert [graph.nodes[n].x for n in first] == [graph.nodes[n].x for n in second]
    assert all(graph.nodes[b].y >= graph.nodes[a].y + HEIGHT for a, b in zip(first, second, strict=True))


def test_without_a_place_they_begin_by_themselves() -> None:
    graph, ids = add_text(Graph(), "input, dense 3, output")
    assert [graph.nodes[n].type_id for n in ids] == ["Input", "Linear", "Output"]
    assert not graph.incoming[ids[0]]


def test_attention_reads_one_sequence_at_all_its_ports() -> None:
    graph, (node_id,) = add_text(begun(), "scaled dot-product", "input", [SIGNAL])
    assert {k.target_port for k in graph.incoming[node_id]} == {"q", "k", "v"}
    assert {k.source for k in graph.incoming[node_id]} == {"input"}


def test_in_the_middle_of_a_wire_what_comes_behind_moves_on() -> None:
    graph, ids = add_text(begun(), "flatten, output", "input", [PICTURE])
    (link,) = graph.outgoing["input"]
    grown, new = planted_in(graph, parse("conv 4, relu"), link, infer(graph, [PICTURE]))
    assert [grown.incoming[n][0].source for n in (*new, ids[0])] == ["input", *new]
    places = [grown.nodes[n].x for n in ("input", *new, *ids)]
    assert all(b - a >= WIDTH for a, b in pairwise(places))
    many, _ = planted_in(graph, parse("4x(conv 4, relu)"), link, infer(graph, [PICTURE]))
    assert len({(n.x, n.y) for n in many.nodes.values()}) == 11


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("output, relu", "nothing can follow Output: it is where the answer leaves"),
        ("relu, input", "Input takes no wire, so it cannot follow ReLU: put it first"),
        ("relu, one-hot", "One-hot cannot follow ReLU: this output carries decimal numbers"),
    ],
)
def test_layers_that_cannot_follow_each_other_are_refused(text: str, says: str) -> None:
    before = begun()
    with pytest.raises(ShorthandError) as problem:
        add_text(before, text, "input", [PICTURE])
    assert says in str(problem.value)


def test_a_description_says_what_it_is_in_few_words() -> None:
    described = parse("3x(conv 64, bn, relu), dense 10")
    assert described.title() == "3 × (Conv 2-D, Batch norm, ReLU), Linear"
    assert described.title(which(described, (2, 40))) == "3 × (Conv 1-D, Batch norm, ReLU), Linear"
    assert parse("relu, relu, tanh").title() == "2 × ReLU, Tanh"


def test_the_longest_text_is_added_without_waiting_long() -> None:
    from time import process_time

    begin = process_time()
    graph, ids = add_text(begun(), "250x(conv 8, relu)", "input", [PICTURE])
    assert len(ids) == LAYER_LIMIT
    assert process_time() - begin < 20
    assert len({(n.x, n.y) for n in graph.nodes.values()}) == len(graph.nodes)


def test_one_number_for_an_embedding_is_the_size_of_its_rows() -> None:
    graph, ids = add_text(Graph(), "embedding 8")
    assert graph.node(ids[0]).layer.embedding_dim == 8
    graph, ids = add_text(Graph(), "embedding 500 16")
    assert (graph.node(ids[0]).layer.num_embeddings, graph.node(ids[0]).layer.embedding_dim) == (500, 16)
