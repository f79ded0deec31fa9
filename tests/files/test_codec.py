"""A document survives being written down; what is wrong in a file is named; what is unknown is kept."""

import copy
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.core.dataset import DATASETS, MissingDataset
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, UnknownLayer
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.param import Param, Settings
from nnlab.core.schedule import SCHEDULES
from nnlab.core.starts import NO_STARTS
from nnlab.errors import FileError, GraphError, NNLabError
from nnlab.files import codec, jsontext


def spiral() -> Document:
    return EXAMPLES["spiral"].make()


def plain(document: Document) -> dict:
    return json.loads(json.dumps(codec.document_to_dict(document)))


def through_text(document: Document) -> Document:
    text = jsontext.write(codec.document_to_dict(document))
    found, notices = codec.document_from_dict(jsontext.parse(text.encode(), "the project"))
    assert notices == ()
    return found


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_every_example_comes_back_equal(name):
    document = replace(EXAMPLES[name].make(), starts=NO_STARTS)  # learned numbers stand in a file of their own
    assert through_text(document) == document


def test_the_order_of_nodes_survives_because_first_weights_are_drawn_in_it():
    assert list(through_text(spiral()).graph.nodes) == list(spiral().graph.nodes)


def test_the_text_reads_well_in_a_diff():
    before, after = (jsontext.write(codec.document_to_dict(d)).splitlines() for d in (spiral(), bigger()))
    changed = [line for line in after if line not in before]
    assert len(changed) == 1
    assert '"linear"' in changed[0]
    assert all(len(line) < 130 for line in before if "notes" not in line)


def bigger() -> Document:
    document = spiral()
    node = document.graph.node("linear")
    return document.with_graph(document.graph.with_node(replace(node, layer=node.layer.with_(out_features=16))))


def test_missing_settings_take_their_defaults():
    raw = plain(spiral())
    raw["nodes"][1]["params"] = {}
    del raw["training"]["epochs"], raw["data"]
    document, _ = codec.document_from_dict(raw)
    assert document.graph.node("linear").layer == LAYERS["Linear"]()
    assert document.training.epochs == Training().epochs
    assert document.data == Data()


# -------------------------------------------------------------------- unknown things


def test_everything_unknown_is_kept_and_written_back():
    raw = plain(spiral())
    raw["future"] = {"deep": [1, 2.5, None]}
    raw["data"]["window"] = 3
    raw["data"]["dataset"]["twist"] = "left"
    raw["training"]["mood"] = "calm"
    raw["training"]["optimizer"]["warmth"] = 1
    raw["nodes"][0]["colour"] = "blue"
    raw["nodes"][1]["params"]["spin"] = [1, 2]
    raw["nodes"][2] = {"id": "tanh", "type": "FutureLayer", "x": 1, "y": 2, "params": {"a": {"b": 1}}}
    before = copy.deepcopy(raw)
    document, notices = codec.document_from_dict(raw)
    assert isinstance(document.graph.node("tanh").layer, UnknownLayer)
    assert any("FutureLayer" in n for n in notices)
    assert any("'spin'" in n for n in notices)
    assert plain(document) == before


def test_a_missing_data_set_is_named_and_kept():
    raw = plain(spiral())
    raw["data"]["dataset"] = {"type": "galaxy", "stars": 9}
    document, notices = codec.document_from_dict(raw)
    assert document.data.dataset == MissingDataset("galaxy", {"stars": 9})
    assert document.spec is None
    assert "galaxy" in notices[0]
    assert plain(document) == raw


@pytest.mark.parametrize(("field", "default"), [("optimizer", "adam"), ("schedule", "constant")])
def test_an_unknown_rule_has_a_stand_in_until_the_user_chooses_another(field, default):
    raw = plain(spiral())
    raw["training"][field] = {"type": "lion", "beta": 0.5}
    document, notices = codec.document_from_dict(raw)
    assert "lion" in notices[0]
    registry = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}[field]
    assert getattr(document.training, field) == registry[default]()
    assert plain(document) == raw
    other = next(i for i in registry if i != default)
    chosen = document.with_training(**{field: registry[other]()})
    assert plain(chosen)["training"][field]["type"] == other


def test_unknown_settings_go_with_the_layer_they_belong_to():
    raw = plain(spiral())
    raw["nodes"][1]["params"]["spin"] = 1
    document, _ = codec.document_from_dict(raw)
    node = document.graph.node("linear")
    swapped = document.with_graph(document.graph.with_node(replace(node, layer=LAYERS["Tanh"]())))
    assert "params" not in plain(swapped)["nodes"][1]


# -------------------------------------------------------------------- wrong things


def opened(raw: object) -> Document | None:
    """The document, or None if it was refused; any other error passes through and fails the test."""
    try:
        return codec.document_from_dict(raw)[0]
    except FileError:
        return None


def broken(change) -> str:
    raw = plain(spiral())
    change(raw)
    with pytest.raises(FileError) as caught:
        codec.document_from_dict(raw)
    return str(caught.value)


@pytest.mark.parametrize("value", ["x", True, 0.5, None, [8], {"n": 8}, -1, 2**31, 10**400, float("nan"), float("inf")])
def test_a_wrong_value_names_node_and_field(value):
    sentence = broken(lambda raw: raw["nodes"][1]["params"].update(out_features=value))
    assert sentence.startswith("Linear (linear): Units needs a whole number from 1 to 65\u202f536, not ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("learning_rate", "0,01"),
        ("learning_rate", float("nan")),
        ("learning_rate", -1),
        ("epochs", 10**18),
        ("batch_size", 0),
        ("seed", 2**70),
        ("loss", "os.system"),
        ("device", 5),
        ("optimizer", "adam"),
        ("optimizer", {"type": ["adam"]}),
        ("optimizer", {"type": "adam", "beta1": "x"}),
        ("schedule", {}),
    ],
)
def test_a_wrong_training_setting_names_the_field(field, value):
    label = field.split("_")[0]
    assert label in broken(lambda raw: raw["training"].update({field: value})).lower()


@pytest.mark.parametrize("device", ["cuda:99", "cpu; rm -rf", "", "tpu"])
def test_an_unknown_device_gives_way_to_the_best_one_with_a_notice(device):
    raw = plain(spiral())
    raw["training"]["device"] = device
    document, notices = codec.document_from_dict(raw)
    assert document.training.device == "auto"
    assert "device" in notices[0]


@pytest.mark.parametrize("value", [None, 1, [], "", "Input", "input two", "x" * 65, "__class__", {"a": 1}, True])
def test_a_wrong_id_is_refused(value):
    assert "node 1" in broken(lambda raw: raw["nodes"][0].update(id=value))


@pytest.mark.parametrize("value", [None, 1, [], "", "x" * 201])
def test_a_wrong_type_is_refused(value):
    assert "input" in broken(lambda raw: raw["nodes"][0].update(type=value))


@pytest.mark.parametrize("key", ["nodes", "wires", "data", "training", "title", "notes"])
@pytest.mark.parametrize("value", [None, 7, True, "nodes", [1], {"a": 1}, [[]], [None]])
def test_parts_of_the_wrong_kind_are_refused_or_empty(key, value):
    raw = plain(spiral())
    raw[key] = value
    document = opened(raw)
    if document is not None:
        plain(document)


def test_two_nodes_of_one_id_are_refused():
    assert "'input'" in broken(lambda raw: raw["nodes"].append(raw["nodes"][0]))


def test_too_many_nodes_and_wires_are_refused():
    assert "2 000" in broken(lambda raw: raw.update(nodes=raw["nodes"] * 300))
    assert "8 000" in broken(lambda raw: raw.update(wires=raw["wires"] * 1100))


@pytest.mark.parametrize("field", ["name", "note"])
def test_long_and_broken_texts_are_refused(field):
    assert "longer" in broken(lambda raw: raw["nodes"][0].update({field: "x" * 10_001}))
    assert "Unicode" in broken(lambda raw: raw["nodes"][0].update({field: "\ud800"}))
    assert field in broken(lambda raw: raw["nodes"][0].update({field: 5}))


def test_hostile_texts_come_back_character_for_character():
    text = "<img src='file:///etc/passwd'> \u202e\u0000\n 'DROP' =cmd| 🧨 {x}"
    document = spiral()
    node = replace(document.graph.node("linear"), name=text, note=text)
    document = replace(document, graph=document.graph.with_node(node), title=text, notes=text)
    assert through_text(document) == document


def test_half_a_character_does_not_make_a_file_that_cannot_be_read():
    document = replace(spiral(), title="caf\udce9 \ud83e\udde8 \ud83e")
    raw = jsontext.parse(jsontext.write(codec.document_to_dict(document)).encode(), "x")
    assert raw["title"] == "caf\ufffd \U0001f9e8 \ufffd"


def test_what_cannot_be_written_as_text_is_refused_with_a_sentence():
    for extra in ({"a": float("nan")}, {"a": object()}):
        with pytest.raises(FileError, match="written down"):
            jsontext.write(codec.document_to_dict(replace(spiral(), extra=extra)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e308, -1e9, 10**300])
def test_places_far_away_are_brought_near(value):
    raw = plain(spiral())
    raw["nodes"][0]["x"] = value
    document, notices = codec.document_from_dict(raw)
    assert abs(document.graph.node("input").x) <= codec.POSITION_LIMIT
    assert len(notices) == 1


def test_unknown_fields_that_no_json_can_hold_are_refused():
    assert "finite" in broken(lambda raw: raw.update(future=float("nan")))
    deep: list = []
    for _ in range(100):
        deep = [deep]
    assert "deeper" in broken(lambda raw: raw.update(future=deep))


# -------------------------------------------------------------------- wires


def wired(*wires: dict) -> tuple[Graph, tuple[str, ...]]:
    raw = plain(spiral())
    raw["nodes"].append({"id": "add", "type": "Add"})
    raw["nodes"].append({"id": "odd", "type": "Odd"})
    raw["wires"] = list(wires)
    document, notices = codec.document_from_dict(raw)
    list(document.shapes), document.graph.in_order
    [document.graph.input_ports(n) for n in document.graph.nodes]
    return document.graph, notices


@pytest.mark.parametrize(
    "wire",
    [
        {"source": "nobody", "target": "linear"},
        {"source": "input", "target": "nobody"},
        {"source": "output", "target": "linear"},
        {"source": "input", "target": "linear", "target_port": "in2"},
        {"source": "input", "target": "linear", "source_port": "left"},
        {"source": "tanh", "target": "input"},
        {"source": "input", "target": "add", "target_port": "in17"},
        {"source": "input", "target": "add", "target_port": "in0"},
        {"source": "input", "target": "add", "target_port": "in²"},
        {"source": "input", "target": "add", "target_port": "in01"},
        {"source": "input", "target": "odd", "target_port": "in" + "9" * 60},
        {"source": "input", "target": "odd", "target_port": "in²"},
    ],
)
def test_a_wire_to_nowhere_is_left_out_with_a_notice(wire):
    graph, notices = wired(wire)
    assert graph.links == frozenset()
    assert any(n.startswith("Left out the wire") for n in notices)


def test_two_wires_into_one_port_keep_the_first():
    graph, notices = wired({"source": "input", "target": "linear"}, {"source": "tanh", "target": "linear"})
    assert graph.links == {Link("input", "linear")}
    assert any("already has a wire" in n for n in notices)


@pytest.mark.parametrize("loop", [["linear"], ["linear", "tanh"], ["linear", "tanh", "linear_2"]])
def test_a_loop_opens_so_that_the_editor_can_show_it(loop):
    wires = [{"source": a, "target": b} for a, b in zip(loop, [*loop[1:], loop[0]], strict=True)]
    graph, _ = wired(*wires)
    assert len(graph.links) == len(wires)
    document = Document(graph)
    assert document.shapes[loop[0]].problem


def test_a_wire_to_an_unknown_layer_is_kept():
    graph, _ = wired({"source": "input", "target": "odd", "target_port": "left", "source_port": "out"})
    assert graph.links == {Link("input", "odd", "left")}


@pytest.mark.parametrize("field", ["source", "target", "source_port", "target_port"])
@pytest.mark.parametrize("value", [None, 5, [], "", "x" * 201])
def test_a_wire_of_the_wrong_kind_is_refused(field, value):
    with pytest.raises(FileError, match="wire 1"):
        wired({"source": "input", "target": "linear", field: value})


# -------------------------------------------------------------------- the clipboard


def test_copied_nodes_are_pasted_with_new_ids_and_their_wires():
    graph = spiral().graph
    text = codec.copy(graph, ["linear", "tanh"])
    pasted, ids = codec.paste(graph, text, at=(500, 40))
    assert ids == ("linear_5", "tanh_4")
    assert Link("linear_5", "tanh_4") in pasted.links
    assert len(pasted.links) == len(graph.links) + 1
    assert (pasted.node("linear_5").x, min(pasted.node(i).y for i in ids)) == (500, 40)
    assert pasted.node("linear_5").layer == graph.node("linear").layer


def test_pasting_can_keep_the_wires_from_outside():
    graph = spiral().graph
    pasted, ids = codec.paste(graph, codec.copy(graph, ["linear", "tanh"]), keep_wires=True)
    assert Link("input", ids[0]) in pasted.links


def test_pasting_into_another_network_leaves_wires_from_outside_away():
    pasted, ids = codec.paste(Graph(), codec.copy(spiral().graph, ["linear", "tanh"]), keep_wires=True)
    assert pasted.links == {Link(*ids)}


def test_unknown_layers_are_copied_too():
    graph = Graph().with_node(Node("odd", UnknownLayer("Odd", {"a": 1})))
    pasted, ids = codec.paste(graph, codec.copy(graph, ["odd"]))
    assert ids == ("odd_2",)
    assert pasted.node("odd_2").layer == graph.node("odd").layer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{}",
        "[1, 2]",
        '{"nnlab-nodes": 1}',
        '{"nnlab-nodes": 1, "nodes": []}',
        '{"nnlab-nodes": 1, "nodes": 5}',
        '{"nnlab-nodes": 1, "nodes": [{"id": "a", "type": "Linear", "params": {"out_features": "x"}}]}',
        '{"nnlab-nodes": 1, "nodes": [{"id": "a", "type": "Tanh"}], "wires": [5]}',
        '{"nnlab-nodes": 1, ' + "[" * 100_000,
        "nnlab-nodes" * 2_000_000,
        "\ud800 nnlab-nodes",
    ],
)
def test_a_foreign_clipboard_is_refused_with_a_sentence(text):
    with pytest.raises(GraphError) as caught:
        codec.paste(Graph(), text)
    assert 10 < len(str(caught.value)) < 300


def test_a_paste_that_would_be_too_large_is_refused():
    graph = Graph().with_nodes(Node(f"n{k}", LAYERS["Tanh"]()) for k in range(1500))
    with pytest.raises(GraphError, match="at most"):
        codec.paste(graph, codec.copy(graph, graph.nodes))


# -------------------------------------------------------------------- any document whatever


def values_of(p: Param) -> st.SearchStrategy:
    if p.kind == "bool":
        return st.booleans()
    if p.kind == "choice":
        return st.sampled_from([value for value, _ in p.choices])
    if p.kind == "variant":
        return st.sampled_from(list(p.registry)).flatmap(lambda i: settings_of(p.registry[i]))
    if p.kind == "text":
        return st.text(max_size=20).filter(str.isprintable)
    low, high = p.low if p.low is not None else -1e6, p.high if p.high is not None else 1e6
    if p.kind == "float":
        return st.floats(low, high, allow_subnormal=False)
    number = st.integers(int(low), int(high))
    if p.kind == "int":
        return number
    return number | st.tuples(number, number) | st.sampled_from([v for v, _ in p.choices] or [int(low)])


@st.composite
def settings_of(draw, kind: type[Settings]):
    values = {p.name: draw(values_of(p)) for p in kind.params() if draw(st.booleans())}
    try:
        return kind(**values)
    except NNLabError:
        return kind()


@st.composite
def documents(draw):
    graph = Graph()
    for type_id in draw(st.lists(st.sampled_from(list(LAYERS)), max_size=8)):
        layer = draw(settings_of(LAYERS[type_id]))
        place = st.floats(-1e5, 1e5, width=32)
        text = st.text(st.characters(exclude_categories=["Cs"]), max_size=15)
        graph = graph.with_node(Node(graph.new_id(layer), layer, draw(place), draw(place), draw(text), draw(text)))
    ids = list(graph.nodes)
    for source, target in draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)))) if ids else []:
        try:
            graph = graph.connect(source, target)
        except NNLabError:
            continue
    data, training = draw(settings_of(Data)), draw(settings_of(Training))
    return Document(graph, data, training, draw(text) if ids else "", "")


@settings(max_examples=60, deadline=None)
@given(documents())
def test_any_document_comes_back_equal(document):
    again = through_text(document)
    assert again == document
    assert list(again.graph.nodes) == list(document.graph.nodes)
    assert jsontext.write(codec.document_to_dict(again)) == jsontext.write(codec.document_to_dict(document))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def mutants(draw):
    raw = plain(spiral())
    for _ in range(draw(st.integers(1, 4))):
        at = raw
        while isinstance(at, (dict, list)) and at:
            key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
            if draw(st.booleans()) or not isinstance(at[key], (dict, list)):
                at[key] = draw(JSON)
                break
            at = at[key]
    return raw


@settings(max_examples=150, deadline=None)
@given(mutants())
def test_a_damaged_document_opens_or_is_refused_with_a_sentence(raw):
    document = opened(raw)
    if document is None:
        return
    again, _ = codec.document_from_dict(plain(document))
    assert again == document
    assert all(document.shapes[n] for n in document.graph.nodes)


def test_every_data_set_is_stored_by_its_id():
    for name in DATASETS:
        raw = plain(Document(data=Data(dataset=DATASETS[name]())))
        assert raw["data"]["dataset"]["type"] == name
