"""The network panel and the steps panel with sequences, several inputs and outputs, graphs and whole pictures as answers."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.engine.events import Failed, Snapshot
from nnlab.engine.wants import SampleValues, SampleWant, Weights, WeightsWant
from nnlab.ui.canvas.looks import node_look
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.boundary import BoundaryPanel
from nnlab.ui.panels.network import NetworkPanel
from nnlab.ui.panels.network.formula import Moment, explain
from nnlab.ui.panels.network.wires import UnitTarget
from nnlab.ui.panels.network.wiring import bundles
from nnlab.ui.panels.phases import drawing as steps
from nnlab.ui.workbench import Workbench

NEW = [
    "mood", "first-word", "colours", "zed", "hourly-load", "molecules", "karate-club", "picworld-cnn", "outlines",
    "which-way", "house-price", "two-number-digits", "skips",
]  # fmt: skip


def moment_of(document: Document) -> Moment:
    """Numbers of the promised shapes for every output, and tensors for every layer."""
    draw, nodes, tensors = np.random.default_rng(0), {}, {}
    for node_id, node in document.graph.nodes.items():
        at = document.shapes[node_id]
        for k, shape in enumerate(at.outputs):
            ports = document.graph.output_ports(node_id)
            key = node_id if k == 0 else f"{node_id}.{ports[k].name}"
            whole = at.kinds[k : k + 1] in (("i",), ("e",), ("m",))
            numbers = draw.integers(0, 2, shape) if whole else draw.standard_normal(shape)
            nodes[key] = numbers.astype(np.float32)
        shapes = node.layer.parameter_shapes(*at.inputs)
        tensors[node_id] = {name: draw.standard_normal(s).astype(np.float32) for name, s in shapes.items()}
    spec = document.spec
    assert spec is not None
    raw = np.zeros(spec.packed_shape, np.float32)
    said = np.full(spec.width, 1 / spec.width, np.float32)
    return Moment(document, SampleValues(raw, nodes, 0.0, said, 10, np.zeros(3, np.float32)), Weights(tensors))


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Workbench]:
    made = Workbench(EXAMPLES["mood"].document())
    yield made
    made.close()


@pytest.fixture
def panel(bench: Workbench, qtbot: QtBot) -> NetworkPanel:
    made = PANELS["network"](bench)
    assert isinstance(made, NetworkPanel)
    qtbot.addWidget(made)
    bench.document_changed.connect(made.on_document)
    made.resize(420, 360)
    made.show()
    return made


def show(panel: NetworkPanel, bench: Workbench, document: Document) -> Moment:
    bench.open_document(document)
    moment = moment_of(document)
    want = next(want for want in panel.wants() if isinstance(want, SampleWant))
    panel.on_snapshot(Snapshot(1, 0, 0, {want: moment.sample, WeightsWant(): moment.weights}))
    return moment


@pytest.mark.parametrize("example", NEW)
def test_every_unit_of_every_new_example_has_a_card(panel: NetworkPanel, bench: Workbench, example: str) -> None:
    moment = show(panel, bench, EXAMPLES[example].document())
    assert panel.units.stacks
    for stack in panel.units.stacks.values():
        found = explain(moment, stack.node_id, stack.shown - 1)
        assert found.title
        assert found.lines
        panel.units.pinned = UnitTarget(stack.node_id, 0)
        assert not panel.units.grab().isNull()


def test_a_layer_of_a_sequence_has_a_square_for_each_place(panel: NetworkPanel, bench: Workbench) -> None:
    document = EXAMPLES["mood"].document()
    show(panel, bench, document)
    embedding = next(n for n, node in document.graph.nodes.items() if node.type_id == "Embedding")
    assert panel.units.stacks[embedding].total == document.shapes[embedding].outputs[0][0]


def test_the_units_of_words_are_called_by_the_words(panel: NetworkPanel, bench: Workbench) -> None:
    document = EXAMPLES["mood"].document()
    moment = show(panel, bench, document)
    entry = next(n for n, node in document.graph.nodes.items() if node.layer.is_entry)
    spec = document.spec
    assert spec is not None
    number = int(moment.sample.nodes[entry][2])
    expected = "padding" if number == 0 else spec.vocabulary[number]
    assert moment.unit_name(entry, 2) == expected


def test_each_input_has_the_names_of_its_own_field(panel: NetworkPanel, bench: Workbench) -> None:
    document = EXAMPLES["house-price"].document()
    moment = show(panel, bench, document)
    spec = document.spec
    assert spec is not None
    table = next(f for f in spec.fields if len(f.shape) == 1)
    entries = [n for n, node in document.graph.nodes.items() if node.layer.is_entry]
    by_shape = {len(document.shapes[n].outputs[0]): n for n in entries}
    assert moment.input_names(by_shape[1]) == table.names
    assert moment.input_names(by_shape[3]) == ()


def test_an_lstm_whose_last_moment_is_used_stands_for_that_moment() -> None:
    graph = Graph()
    for node_id, layer in (
        ("in", LAYERS["Input"]()), ("lstm", LAYERS["LSTM"](hidden_size=5)), ("linear", LAYERS["Linear"](out_features=6)),
        ("out", LAYERS["Output"]()),
    ):  # fmt: skip
        graph = graph.with_node(Node(node_id, layer))
    graph = graph.connect("in", "lstm").connect("lstm", "linear", source_port="last").connect("linear", "out")
    document = replace(EXAMPLES["hourly-load"].document(), graph=graph)
    moment = moment_of(document)
    assert moment.output("lstm").shape == (5,)
    shown = {"lstm": 5, "linear": 6}
    assert [len(b) for b in bundles(moment, shown) if b.target == "linear"] == [30]
    assert "bias" in str(explain(moment, "linear", 2).lines) or explain(moment, "linear", 2).terms


def test_where_the_answer_is_a_whole_picture_no_unit_is_called_a_class(
    panel: NetworkPanel, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("nnlab.ui.panels.network.cards.plots.draw_text", lambda *a, **k: said.append(str(a[2])))
    show(panel, bench, EXAMPLES["outlines"].document())
    panel.units.grab()
    assert said
    assert not any("Background" in text for text in said)


@pytest.mark.parametrize(
    ("example", "target", "said"),
    [
        ("outlines", [0.0] * 64, ""),
        ("two-number-digits", [0.0] * 64, ""),
        ("hourly-load", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "1, 2, 3, 4 …"),
        ("mood", [1.0], "Good mood"),
    ],
)
def test_the_truth_of_a_sample_is_told_where_it_can_be(example: str, target: list[float], said: str) -> None:
    spec = EXAMPLES[example].document().spec
    assert spec is not None
    assert steps._right_answer(spec.targets[0], target) == said


def test_the_truth_of_a_sentence_names_every_place_that_counts() -> None:
    spec = EXAMPLES["colours"].document().spec
    assert spec is not None
    assert steps._right_answer(spec.targets[0], [-1, 0, -1, 1]) == f"{spec.answers[0]} {spec.answers[1]}"


def test_an_input_of_several_says_which_one_enters() -> None:
    document = EXAMPLES["house-price"].document()
    spec = document.spec
    assert spec is not None
    entries = [n for n, node in document.graph.nodes.items() if node.layer.is_entry]
    title = document.data.dataset.title
    assert {node_look(document, n).summary for n in entries} <= {title, *(field.name for field in spec.fields)}
    for node_id in entries:
        named = document.graph.node(node_id)
        graph = document.graph.with_node(replace(named, name="", layer=named.layer.with_(source="")))
        document = replace(document, graph=graph)
    assert {node_look(document, n).summary for n in entries} == {field.name for field in spec.fields}


def test_the_boundary_panel_offers_no_axes_where_there_is_no_plane(bench: Workbench, qtbot: QtBot) -> None:
    panel = PANELS["boundary"](bench)
    assert isinstance(panel, BoundaryPanel)
    qtbot.addWidget(panel)
    bench.document_changed.connect(panel.on_document)
    bench.open_document(EXAMPLES["house-price"].document())
    assert panel.inputs_row.isHidden()
    assert panel.bar.isHidden()
    bench.open_document(EXAMPLES["iris"].document())
    assert not panel.inputs_row.isHidden()


def test_a_run_that_torch_refuses_is_explained_in_the_words_of_the_check(panel: NetworkPanel, bench: Workbench) -> None:
    document = EXAMPLES["mood"].document()
    node = next(n for n, made in document.graph.nodes.items() if made.type_id == "Embedding")
    made = document.graph.node(node)
    wrong = replace(made, layer=made.layer.with_(num_embeddings=8))
    bench.open_document(replace(document, graph=document.graph.with_node(wrong)))
    panel.on_events([Failed(1, "Training could not go on: index out of range in self", None, "")])
    assert "26" in panel.failure
    assert "index out of range" not in panel.failure


def test_a_failure_that_the_check_knows_nothing_of_keeps_its_words(panel: NetworkPanel, bench: Workbench) -> None:
    panel.on_events([Failed(1, "Training could not go on: the disk is on fire", None, "")])
    assert "disk is on fire" in panel.failure
