"""The network panel's arithmetic: every number it draws is the model's own, and its formulas give the model's results."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core import parts
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.engine import compile
from nnlab.engine.events import Snapshot
from nnlab.engine.wants import Activations, NodeActivations, SampleValues, Weights, WeightsWant
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.network import NetworkPanel
from nnlab.ui.panels.network.columns import MOST, stacks
from nnlab.ui.panels.network.drawing import NetworkDrawing
from nnlab.ui.panels.network.formula import Explanation, Moment, explain
from nnlab.ui.panels.network.wires import UnitTarget, WireTarget
from nnlab.ui.panels.network.wiring import bundles
from nnlab.ui.workbench import Workbench

NO_FORMULA = {"BatchNorm1d", "BatchNorm2d"}  # their running means are no learned tensors


def layer(kind: str, **settings: object) -> Layer:
    return LAYERS[kind](**settings)


def chain(*layers: Layer) -> Graph:
    graph, before = Graph(), ""
    for one in layers:
        node_id = graph.new_id(one)
        graph = graph.with_node(Node(node_id, one))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return graph


def rows(*hidden: Layer, data: str = "iris", width: int = 3) -> Document:
    graph = chain(layer("Input"), *hidden, layer("Linear", out_features=width), layer("Output"))
    return Document(graph=graph).with_data(dataset=DATASETS[data]())


def maps(*hidden: Layer) -> Document:
    graph = chain(layer("Input"), *hidden, layer("Flatten"), layer("Linear", out_features=10), layer("Output"))
    return Document(graph=graph).with_data(dataset=DATASETS["digits"]())


def skip() -> Document:
    """input -> linear -> tanh -> linear_2 -> add(tanh, linear_2) -> concat(add, input) -> linear_3 -> output"""
    graph = chain(layer("Input"), layer("Linear", out_features=5), layer("Tanh"), layer("Linear", out_features=5))
    for node_id, kind in (("add", "Add"), ("concat", "Concat")):
        graph = graph.with_node(Node(node_id, layer(kind)))
    graph = graph.with_node(Node("linear_3", layer("Linear", out_features=2))).with_node(
        Node("output", layer("Output"))
    )
    for source, target in (("tanh", "add"), ("linear_2", "add"), ("add", "concat"), ("input", "concat")):
        graph = graph.connect(source, target)
    return Document(graph=graph.connect("concat", "linear_3").connect("linear_3", "output"))


def side_by_side() -> Document:
    """Two convolutions joined map by map."""
    graph = chain(layer("Input"), layer("Conv2d", out_channels=3))
    graph = graph.with_node(Node("conv2d_2", layer("Conv2d", out_channels=2, kernel_size=1)))
    graph = graph.with_node(Node("concat", layer("Concat"))).connect("input", "conv2d_2")
    graph = graph.connect("conv2d", "concat").connect("conv2d_2", "concat")
    for before, node_id, one in (
        ("concat", "pool", layer("GlobalAvgPool2d")),
        ("pool", "linear", layer("Linear", out_features=10)),
        ("linear", "output", layer("Output")),
    ):
        graph = graph.with_node(Node(node_id, one)).connect(before, node_id)
    return Document(graph=graph).with_data(dataset=DATASETS["digits"]())


DOCUMENTS = {
    "tanh": rows(layer("Linear", out_features=6), layer("Tanh")),
    "relu without bias": rows(layer("Linear", out_features=6, bias=False), layer("ReLU"), layer("Dropout")),
    "sigmoid, softmax": rows(layer("Linear", out_features=20), layer("Sigmoid"), layer("Softmax")),
    "batch norm": rows(layer("Linear", out_features=6), layer("BatchNorm1d")),
    "skip": skip(),
    "joined maps": side_by_side(),
    "same": maps(layer("Conv2d", out_channels=4), layer("ReLU"), layer("MaxPool2d")),
    "even kernel": maps(layer("Conv2d", out_channels=3, kernel_size=4), layer("AvgPool2d")),
    "valid, stride": maps(layer("Conv2d", out_channels=3, padding="valid", stride=2)),
    "border of two": maps(layer("Conv2d", out_channels=3, padding=2, dilation=2, bias=False)),
    "mirrored": maps(layer("Conv2d", out_channels=3, padding_mode="reflect"), layer("BatchNorm2d")),
    "groups": maps(layer("Conv2d", out_channels=4), layer("Conv2d", out_channels=6, groups=2), layer("Tanh")),
    "lopsided": maps(layer("Conv2d", out_channels=2, kernel_size=(3, 5), padding_mode="circular")),
    "padded pool": maps(layer("MaxPool2d", kernel_size=3, stride=2, padding=1), layer("AvgPool2d", stride=1)),
}


def moment_of(document: Document, sample: int = 0, seed: int = 0) -> Moment:
    """One sample through the real network, and its real tensors."""
    network = compile.build(document, seed=seed).eval()
    divided = parts.divide(document.data)
    with torch.no_grad():
        found = network.trace(torch.tensor(divided.train.inputs[sample : sample + 1]))
    names = {attribute: node_id for node_id, attribute in network.attributes.items()}
    weights: dict[str, dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]] = {}
    for key, tensor in network.named_parameters():
        attribute, _, name = key.partition(".")
        weights.setdefault(names[attribute], {})[name] = tensor.detach().numpy().copy()
    outputs = {node_id: values[0].numpy().copy() for node_id, values in found.items()}
    target = float(np.ravel(divided.raw_train.targets[sample])[0])
    said = np.full(max(2, document.spec.width if document.spec else 2), 0.5, np.float32)
    values = SampleValues(divided.raw_train.inputs[sample], outputs, target, said, len(divided.train))
    return Moment(document, values, Weights(weights))


def explanations(moment: Moment) -> Iterator[tuple[str, int, Explanation]]:
    for node_id, values in moment.sample.nodes.items():
        for unit in range(min(len(values), 7)):
            yield node_id, unit, explain(moment, node_id, unit)


def close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-5 * max(1.0, abs(b))


@pytest.fixture(params=sorted(DOCUMENTS))
def document(request: pytest.FixtureRequest) -> Document:
    return DOCUMENTS[request.param]


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Workbench]:
    made = Workbench(DOCUMENTS["tanh"])
    yield made
    made.close()


@pytest.fixture
def panel(bench: Workbench, qtbot: QtBot) -> NetworkPanel:
    made = PANELS["network"](bench)
    assert isinstance(made, NetworkPanel)
    qtbot.addWidget(made)
    made.resize(640, 460)
    made.show()
    return made


def show(panel: NetworkPanel, bench: Workbench, document: Document) -> Moment:
    bench.open_document(document)
    bench.run_document = document
    moment = moment_of(document)
    wants = dict.fromkeys(panel.wants())
    answers: dict[object, object] = {WeightsWant(): moment.weights}
    for want in wants:
        if type(want).__name__ == "SampleWant":
            answers[want] = moment.sample
    panel.on_snapshot(Snapshot(bench.trainer.run, 0, 0, answers))
    return moment


# ---------------------------------------------------------------- formulas


def test_each_formula_gives_the_models_own_number(document: Document) -> None:
    moment = moment_of(document)
    for node_id, unit, found in explanations(moment):
        output = moment.output(node_id)
        drawn = output[unit] if output.ndim == 1 else output[unit].ravel()[np.abs(output[unit]).argmax()]
        assert found.value == float(drawn), node_id
        if found.computed is not None:
            assert close(found.computed, found.value), (node_id, unit, found.lines)


def test_every_layer_of_the_beginners_palette_has_a_formula_but_the_batch_norms(document: Document) -> None:
    moment = moment_of(document)
    for node_id, _, found in explanations(moment):
        node = document.graph.nodes[node_id]
        padded = node.type_id.endswith("Pool2d") and getattr(node.layer, "padding", 0) != 0
        if node.layer.inputs and node.type_id not in NO_FORMULA and not padded:
            assert found.computed is not None, node_id


def test_products_and_bias_add_up_to_the_sum_the_layer_gave(document: Document) -> None:
    moment = moment_of(document)
    seen = 0
    for node_id, unit, found in explanations(moment):
        if moment.document.graph.nodes[node_id].type_id in ("Linear", "Conv2d"):
            total = sum(term.product for term in found.terms) + (found.bias or 0.0)
            assert close(total, found.value), (node_id, unit)
            assert [abs(t.product) for t in found.terms] == sorted((abs(t.product) for t in found.terms), reverse=True)
            seen += 1
    assert seen


@pytest.mark.parametrize("node_id", ["linear", "tanh", "linear_2"])
def test_a_number_that_is_not_the_models_is_noticed(node_id: str) -> None:
    moment = moment_of(DOCUMENTS["tanh"])
    wrong = {**moment.sample.nodes, node_id: moment.sample.nodes[node_id] + np.float32(0.01)}
    found = explain(replace(moment, sample=replace(moment.sample, nodes=wrong)), node_id, 0)
    assert found.computed is not None
    assert not close(found.computed, found.value)


def test_the_formula_shows_the_numbers_of_its_largest_products() -> None:
    moment = moment_of(DOCUMENTS["tanh"])
    found = explain(moment, "tanh", 1)
    weight, bias = moment.weights.nodes["linear"]["weight"][1], moment.weights.nodes["linear"]["bias"][1]
    inputs = moment.sample.nodes["input"]
    first = int(np.abs(weight * inputs).argmax())
    assert found.terms[0].weight == float(weight[first])
    assert found.terms[0].input == float(inputs[first])
    assert found.bias == float(bias)
    assert found.lines[0].startswith(("0.", "−0."))
    assert "= tanh(" in found.lines[0]
    assert "·" in found.lines[1]
    assert "…" in found.lines[1]


def test_a_formula_that_does_not_fit_writes_out_fewer_products() -> None:
    found = explain(moment_of(DOCUMENTS["sigmoid, softmax"]), "linear_2", 0)
    short = found.lines_that(lambda line: line.count("·") <= 1)
    assert short[-1].count("·") == 1
    assert found.lines_that(lambda line: True) == found.lines


# ---------------------------------------------------------------- wires


def test_each_wire_has_the_models_weight(document: Document) -> None:
    moment = moment_of(document)
    shown = {n: min(6, len(v)) for n, v in moment.sample.nodes.items() if n != "output"}
    found = bundles(moment, shown)
    assert {bundle.target for bundle in found} == set(shown) - {"input"}
    for bundle in found:
        assert (bundle.starts < shown[bundle.source]).all()
        assert (bundle.ends < shown[bundle.target]).all()
        weight = moment.weights.nodes.get(bundle.target, {}).get("weight")
        if bundle.weights is None or weight is None:
            continue
        for start, end, value in zip(bundle.starts, bundle.ends, bundle.weights, strict=True):
            per_group = weight.shape[1]
            expected = weight[end, start % per_group].sum()
            assert close(float(value), float(expected))


def test_joined_layers_are_wired_behind_one_another() -> None:
    moment = moment_of(DOCUMENTS["skip"])
    shown = {n: len(v) for n, v in moment.sample.nodes.items() if n != "output"}
    into = {b.source: b for b in bundles(moment, shown) if b.target == "concat"}
    assert into["add"].ends.tolist() == [0, 1, 2, 3, 4]
    assert into["input"].ends.tolist() == [5, 6]


def test_columns_follow_the_computation_and_large_layers_are_cut() -> None:
    document = rows(layer("Linear", out_features=64), layer("ReLU"))
    sizes = {"input": 4, "linear": 64, "relu": 64, "linear_2": 3}
    made = stacks(document, sizes, 640, 460)
    assert [stack.node_id for stack in sorted(made.values(), key=lambda s: s.x)] == list(sizes)
    assert made["linear"].shown == MOST
    assert made["linear"].more == f"… {64 - MOST} more"
    for stack in made.values():
        boxes = [stack.place(unit) for unit in range(stack.shown)]
        assert all(a.bottom() <= b.top() for a, b in pairwise(boxes))
        assert boxes[0].top() >= 0
        assert boxes[-1].bottom() <= 460
        assert all(stack.unit_at(box.center()) == unit for unit, box in enumerate(boxes))


# ---------------------------------------------------------------- the panel


def test_unfolds_every_kind_of_network(panel: NetworkPanel, bench: Workbench, document: Document) -> None:
    moment = show(panel, bench, document)
    assert panel.drawing.message == ""
    assert set(panel.units.stacks) == set(moment.sample.nodes) - {"output"}
    for node_id, stack in panel.units.stacks.items():
        panel.units.pinned = UnitTarget(node_id, stack.shown - 1)
        panel.grab()


def test_pointing_at_a_wire_finds_its_two_units(panel: NetworkPanel, bench: Workbench) -> None:
    show(panel, bench, DOCUMENTS["tanh"])
    drawing = panel.units
    start, end = drawing.stacks["input"].place(0), drawing.stacks["linear"].place(0)
    a, b = QPointF(start.right(), start.center().y()), QPointF(end.left(), end.center().y())
    assert drawing.target_at(a + (b - a) * 0.02) == WireTarget("input", "linear", 0, 0)
    assert drawing.target_at(start.center()) == UnitTarget("input", 0)
    assert drawing.target_at(QPointF(2, 2)) is None


def test_a_click_pins_a_unit_and_another_lets_go(panel: NetworkPanel, bench: Workbench, qtbot: QtBot) -> None:
    show(panel, bench, DOCUMENTS["tanh"])
    at = panel.units.stacks["tanh"].place(3).center().toPoint()
    qtbot.mouseClick(panel.units, Qt.MouseButton.LeftButton, pos=at)
    assert panel.units.pinned == UnitTarget("tanh", 3)
    panel.grab()
    qtbot.mouseClick(panel.units, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert panel.units.pinned is None


def test_the_keyboard_goes_from_unit_to_unit_and_says_the_formula(
    panel: NetworkPanel, bench: Workbench, qtbot: QtBot
) -> None:
    show(panel, bench, DOCUMENTS["tanh"])
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(panel.units, key)
    assert panel.units.pinned == UnitTarget("linear", 2)
    assert "·" in panel.units.accessibleDescription()
    qtbot.keyClick(panel.units, Qt.Key.Key_Escape)
    assert panel.units.pinned is None


def test_a_pin_goes_when_its_unit_does(panel: NetworkPanel, bench: Workbench) -> None:
    show(panel, bench, DOCUMENTS["tanh"])
    panel.units.pinned = UnitTarget("tanh", 5)
    show(panel, bench, rows(layer("Linear", out_features=2), layer("Tanh")))
    assert panel.units.pinned is None
    panel.grab()


def test_units_of_points_show_their_plane(panel: NetworkPanel, bench: Workbench) -> None:
    document = DOCUMENTS["skip"]
    moment = show(panel, bench, document)
    flat = panel.grab().toImage()
    planes = {
        node_id: NodeActivations("plane", np.random.default_rng(0).normal(size=(len(v), 32, 32)).astype(np.float32), -2, 2, 0, 0, len(v))
        for node_id, v in moment.sample.nodes.items()
    }  # fmt: skip
    panel.units.show_moment(moment, Activations(planes, (-1, 1), (-1, 1)))
    assert panel.grab().toImage() != flat


def test_a_network_without_units_says_so(panel: NetworkPanel, bench: Workbench) -> None:
    moment = moment_of(DOCUMENTS["tanh"])
    bench.open_document(DOCUMENTS["tanh"])
    odd = {node_id: np.zeros((), np.float32) for node_id in moment.sample.nodes}
    answers = {want: replace(moment.sample, nodes=odd) for want in panel.wants() if type(want).__name__ == "SampleWant"}
    panel.on_snapshot(Snapshot(1, 0, 0, {**answers, WeightsWant(): moment.weights}))
    assert "no units" in panel.drawing.message


def test_weights_that_are_no_numbers_are_drawn_as_nothing(panel: NetworkPanel, bench: Workbench) -> None:
    moment = show(panel, bench, DOCUMENTS["tanh"])
    moment.weights.nodes["linear"]["weight"][0, 0] = np.nan
    moment.sample.nodes["linear"][:] = np.inf
    panel.units.show_moment(moment, None)
    panel.units.pinned = UnitTarget("linear", 0)
    assert isinstance(panel.units, NetworkDrawing)
    panel.grab()
