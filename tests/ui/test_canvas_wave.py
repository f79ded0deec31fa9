"""While a batch is stepped through, the canvas shows it: the wave starts where the phase starts, and clears with the batch."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.engine.wants import NodePhases, Numbers, ParameterPhases, PhaseValues, PhaseWant
from nnlab.ui.canvas.editor import GraphEditor
from nnlab.ui.canvas.live import PHASES
from nnlab.ui.canvas.wave import scenery
from nnlab.ui.workbench import Workbench

PATIENCE_MS = 20_000


def network() -> Document:
    graph, before = Graph(), ""
    for place, (kind, settings) in enumerate(
        (("Input", {}), ("Linear", {"out_features": 3}), ("Tanh", {}), ("Linear", {"out_features": 2}), ("Output", {}))
    ):
        layer = LAYERS[kind](**settings)
        node_id = graph.new_id(layer)
        graph = graph.with_node(Node(node_id, layer, x=place * 220.0))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return Document(graph=graph).with_training(epochs=2)


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Workbench]:
    made = Workbench(network())
    yield made
    made.close()


@pytest.fixture
def editor(bench: Workbench, qtbot: QtBot) -> GraphEditor:
    made = GraphEditor(bench)
    qtbot.addWidget(made)
    made.glide.enabled = False
    made.resize(1280, 400)
    made.show()
    bench.prepare()
    qtbot.waitUntil(lambda: bench.status.state == "paused", timeout=PATIENCE_MS)
    return made


def go_to(bench: Workbench, editor: GraphEditor, phase: str, qtbot: QtBot) -> None:
    bench.step("phase")
    wave = editor.pictures.wave
    qtbot.waitUntil(lambda: wave.values is not None and wave.values.phase == phase, timeout=PATIENCE_MS)


def numbers(*values: float) -> Numbers:
    array = np.array(values, np.float32)
    return Numbers(array.shape, array, min(values), max(values), float(array.mean()), float(np.sqrt((array**2).mean())))


def values(phase: str) -> PhaseValues:
    """Gradients that grow towards the output; the second Linear moved further than the first."""
    nodes = {}
    for place, node_id in enumerate(network().graph.in_order):
        sign = -1.0 if node_id == "tanh" else 1.0
        found = ParameterPhases(numbers(1.0), numbers(0.1), numbers(0.1), numbers(1.1), numbers(0.1 * place))
        parameters = {"weight": found} if node_id.startswith("linear") else {}
        nodes[node_id] = NodePhases(numbers(-1.0, 2.0), numbers(0.001 * 10**place * sign, 0.0), parameters)
    return PhaseValues(phase, 0.7, nodes, 8)


def test_numbers_run_forward_and_gradients_back() -> None:
    graph = network().graph
    ahead, back = scenery(values("forward"), graph), scenery(values("backward"), graph)
    order = list(graph.in_order)
    assert sorted(order, key=lambda n: ahead.nodes[n].begins) == order
    assert sorted(order, key=lambda n: back.nodes[n].begins) == order[::-1]
    assert ahead.reached(0.0) == {"input"}
    assert back.reached(0.0) == {"output"}
    assert ahead.reached(1.0) == back.reached(1.0) == set(order)


def test_a_gradient_has_the_colour_of_its_sign_and_a_halo_of_its_size() -> None:
    looks = scenery(values("backward"), network().graph).nodes
    assert looks["tanh"].token == "negative"
    assert looks["linear"].token == "positive"
    assert looks["output"].strength == 1.0
    assert looks["input"].strength < looks["linear"].strength < looks["linear_2"].strength
    assert looks["output"].label.startswith("gradient ")


def test_the_loss_stands_at_the_output_and_steps_at_what_learns() -> None:
    graph = network().graph
    assert set(scenery(values("loss"), graph).nodes) == {"output"}
    assert scenery(values("loss"), graph).nodes["output"].label == "loss 0.7"
    assert set(scenery(values("update"), graph).nodes) == {"linear", "linear_2"}


def test_a_network_that_was_changed_meanwhile_is_no_error() -> None:
    graph = network().graph.without_node("tanh")
    assert set(scenery(values("backward"), graph).nodes) == {"input", "linear", "linear_2", "output"}


def test_the_canvas_asks_only_while_a_batch_is_under_way(bench: Workbench, editor: GraphEditor, qtbot: QtBot) -> None:
    assert PHASES not in editor.pictures.wants()
    go_to(bench, editor, "forward", qtbot)
    assert PHASES in editor.pictures.wants()
    editor.hide()
    assert not editor.pictures.wants()


def test_the_wave_follows_the_batch_and_goes_when_training_goes_on(
    bench: Workbench, editor: GraphEditor, qtbot: QtBot
) -> None:
    wave = editor.pictures.wave
    pixels = []
    for phase in ("forward", "loss", "backward", "update"):
        go_to(bench, editor, phase, qtbot)
        assert wave.note.isVisible()
        assert wave.shown_node("linear") is not None
        pixels.append(bytes(editor.grab().toImage().constBits()))
    assert len(set(pixels)) == 4
    bench.train()
    qtbot.waitUntil(lambda: wave.values is None, timeout=PATIENCE_MS)
    assert not wave.note.isVisible()
    assert wave.shown_node("linear") is None


def test_it_runs_over_the_network_unless_less_motion_is_wanted(
    bench: Workbench, editor: GraphEditor, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnlab.ui.canvas.wave.is_reduced", lambda: False)
    editor.glide.enabled = True
    wave = editor.pictures.wave
    go_to(bench, editor, "forward", qtbot)
    assert wave._run.state() == wave._run.State.Running
    wave._run.setCurrentTime(0)
    assert wave.shown_node("output") is None
    wave._run.setCurrentTime(wave._run.duration())
    assert wave.shown_node("output") is not None
    monkeypatch.setattr("nnlab.ui.canvas.wave.is_reduced", lambda: True)
    go_to(bench, editor, "loss", qtbot)
    go_to(bench, editor, "backward", qtbot)
    assert wave.shown_node("input") is not None


def test_editing_under_the_wave_is_no_error(bench: Workbench, editor: GraphEditor, qtbot: QtBot) -> None:
    go_to(bench, editor, "forward", qtbot)
    bench.apply_graph("Delete", bench.document.graph.without_node("tanh"))
    editor.pictures.wave.follow()
    editor.grab()
    bench.undo()
    editor.pictures.wave.follow()
    editor.grab()
    bench.open_document(network())
    assert editor.pictures.wave.values is None
    editor.grab()


def test_a_sample_that_a_panel_chose_is_shown_on_the_canvas_as_well(
    bench: Workbench, editor: GraphEditor, qtbot: QtBot
) -> None:
    bench.add_asker(lambda: frozenset({PhaseWant(sample=2)}))
    go_to(bench, editor, "forward", qtbot)
    wave = editor.pictures.wave
    qtbot.waitUntil(lambda: wave.values is not None and wave.values.sample == 2, timeout=PATIENCE_MS)
    assert "sample 3" in wave.note.text()
