"""Step by step: buttons, keys and clicks take one batch through its phases, and what is drawn is what the network computed."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.formula import Formula, Term
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.engine.events import RunStatus
from nnlab.engine.wants import MEAN
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.phases import OVER, PhasesPanel
from nnlab.ui.panels.phases.bar import NAMES
from nnlab.ui.panels.phases.controls import PATIENCE
from nnlab.ui.panels.phases.formulas import formula_card
from nnlab.ui.panels.phases.rows import Sizes, Target, wrapped
from nnlab.ui.panels.phases.table import lines_of, step_size
from nnlab.ui.shell.main_window import MainWindow
from nnlab.ui.workbench import Workbench

PATIENCE_MS = 20_000
NARROWEST_DOCK = 320


def chain(*layers: Layer) -> Graph:
    graph, before = Graph(), ""
    for layer in (LAYERS["Input"](), *layers, LAYERS["Output"]()):
        node_id = graph.new_id(layer)
        graph = graph.with_node(Node(node_id, layer))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return graph


def rows(**training: object) -> Document:
    layers = LAYERS["Linear"](out_features=5), LAYERS["Tanh"](), LAYERS["Linear"](out_features=2)
    return Document(graph=chain(*layers)).with_training(epochs=3, batch_size=8, **training)


def pictures() -> Document:
    layers = LAYERS["Conv2d"](out_channels=3), LAYERS["ReLU"](), LAYERS["Flatten"](), LAYERS["Linear"](out_features=10)
    return Document(graph=chain(*layers)).with_data(dataset=DATASETS["digits"]()).with_training(epochs=1)


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Workbench]:
    made = Workbench(rows())
    yield made
    made.close()


@pytest.fixture
def panel(bench: Workbench, qtbot: QtBot) -> PhasesPanel:
    made = PANELS["phases"](bench)
    assert isinstance(made, PhasesPanel)
    qtbot.addWidget(made)
    bench.add_asker(lambda: made.wants() if made.isVisible() else frozenset())
    bench.pictured.connect(lambda snapshot: made.on_snapshot(snapshot) if made.isVisible() else None)
    bench.happened.connect(made.on_events)
    bench.document_changed.connect(made.on_document)
    made.resize(420, 640)
    made.show()
    bench.prepare()
    qtbot.waitUntil(lambda: made.has_picture and bench.status.state == "paused", timeout=PATIENCE_MS)
    return made


def reaches(panel: PhasesPanel, phase: str, qtbot: QtBot) -> None:
    """The panel shows this phase."""
    qtbot.waitUntil(lambda: panel.steps.values.phase == phase, timeout=PATIENCE_MS)


def go_to(panel: PhasesPanel, phase: str, qtbot: QtBot) -> None:
    for name in list(NAMES)[: list(NAMES).index(phase) + 1]:
        panel.buttons.step("phase")
        reaches(panel, name, qtbot)


def place_of(panel: PhasesPanel, target: Target) -> QPointF:
    """A point of the picture where a click means this."""
    area = QRectF(panel.steps.rect())
    for y in range(0, int(area.height()), 3):
        for x in range(4, int(area.width()), 6):
            if panel.steps.target_at(QPointF(x, y)) == target:
                return QPointF(x, y)
    raise AssertionError(f"nothing to click for {target}")


def click(panel: PhasesPanel, target: Target, qtbot: QtBot) -> None:
    at = place_of(panel, target)
    qtbot.mouseClick(panel.steps, Qt.MouseButton.LeftButton, pos=at.toPoint())


# ---------------------------------------------------------------- going through the phases


def test_each_press_goes_one_phase_further_and_the_picture_follows(panel: PhasesPanel, qtbot: QtBot) -> None:
    for phase in (*NAMES, "forward"):
        qtbot.mouseClick(panel.buttons.next, Qt.MouseButton.LeftButton)
        reaches(panel, phase, qtbot)
        assert panel.steps.shown == phase
        focus = panel.steps.values.focus
        assert focus is not None
        assert focus.node == "linear"
        assert list(focus.formulas)[-1] == phase
        assert panel.drawing.message == ""
        panel.grab()


def test_what_trains_is_held_first(panel: PhasesPanel, bench: Workbench, qtbot: QtBot) -> None:
    bench.apply("Epochs", bench.document.with_training(epochs=100_000))
    bench.train()
    qtbot.waitUntil(lambda: bench.status.state == "running" and bench.status.step > 5, timeout=PATIENCE_MS)
    qtbot.mouseClick(panel.buttons.next, Qt.MouseButton.LeftButton)
    reaches(panel, "forward", qtbot)
    qtbot.waitUntil(lambda: bench.status.state == "paused", timeout=PATIENCE_MS)
    step = bench.status.step
    bench.frame()
    assert bench.status.step == step


def test_the_rest_of_a_batch_is_one_press(panel: PhasesPanel, bench: Workbench, qtbot: QtBot) -> None:
    assert panel.buttons.finish.text() == "Whole batch"
    go_to(panel, "loss", qtbot)
    qtbot.waitUntil(lambda: panel.buttons.finish.text() == "Finish this batch", timeout=PATIENCE_MS)
    qtbot.mouseClick(panel.buttons.finish, Qt.MouseButton.LeftButton)
    reaches(panel, "update", qtbot)
    assert bench.status.step == 1


def test_it_plays_by_itself_and_gives_way_to_training(panel: PhasesPanel, bench: Workbench, qtbot: QtBot) -> None:
    panel.buttons.play.click()
    reaches(panel, "forward", qtbot)
    qtbot.waitUntil(lambda: bench.status.state == "paused", timeout=PATIENCE_MS)
    panel.buttons._tick()  # the clock's own call, without waiting for the clock
    reaches(panel, "loss", qtbot)
    bench.status = RunStatus(run=bench.status.run, state="running")
    for _ in range(PATIENCE):
        assert panel.buttons.play.isChecked()
        panel.buttons._tick()
    assert not panel.buttons.play.isChecked()
    assert not panel.buttons._timer.isActive()


def test_nothing_plays_where_nobody_looks(panel: PhasesPanel, qtbot: QtBot) -> None:
    panel.buttons.play.click()
    reaches(panel, "forward", qtbot)
    panel.hide()
    assert not panel.buttons._timer.isActive()


def test_a_network_with_a_mistake_keeps_what_it_learned(panel: PhasesPanel, bench: Workbench, qtbot: QtBot) -> None:
    go_to(panel, "update", qtbot)
    run, said = bench.trainer.run, []
    bench.said.connect(lambda level, sentence: said.append((level, sentence)))
    bench.apply_graph("Delete", bench.document.graph.without_node("output"))
    panel.buttons.step("phase")
    assert said
    assert said[0][0] == "mistake"
    assert bench.trainer.run == run


def test_with_nothing_under_way_it_says_what_to_press(panel: PhasesPanel, bench: Workbench, qtbot: QtBot) -> None:
    assert panel.steps.values.phase == ""
    assert not panel.sample.isEnabled()
    panel.grab()
    bench.train()
    qtbot.waitUntil(lambda: bench.status.state == "finished" and panel.steps.hint == OVER, timeout=PATIENCE_MS)
    assert not panel.buttons.next.isEnabled()
    panel.grab()


# ---------------------------------------------------------------- choosing what to look at


def test_a_layer_is_chosen_on_the_canvas_or_in_the_table(panel: PhasesPanel, bench: Workbench, qtbot: QtBot) -> None:
    go_to(panel, "forward", qtbot)
    bench.select(["tanh"])
    qtbot.waitUntil(lambda: panel.steps.values.focus.node == "tanh", timeout=PATIENCE_MS)  # type: ignore[union-attr]
    click(panel, Target("node", "linear_2"), qtbot)
    assert bench.selection == {"linear_2"}
    qtbot.waitUntil(lambda: panel.steps.values.focus.node == "linear_2", timeout=PATIENCE_MS)  # type: ignore[union-attr]


def test_a_number_is_chosen_in_the_cells_and_stays_chosen_through_the_phases(panel: PhasesPanel, qtbot: QtBot) -> None:
    go_to(panel, "forward", qtbot)
    click(panel, Target("place", (3,)), qtbot)
    qtbot.waitUntil(lambda: panel.steps.values.focus.place == (3,), timeout=PATIENCE_MS)  # type: ignore[union-attr]
    panel.buttons.step("phase")
    reaches(panel, "loss", qtbot)
    assert panel.steps.values.focus is not None
    assert panel.steps.values.focus.place == (3,)


def test_a_pixel_is_chosen_in_its_map(panel: PhasesPanel, bench: Workbench, qtbot: QtBot) -> None:
    bench.open_document(pictures())
    qtbot.waitUntil(lambda: bench.status.state == "paused" and panel._node == "conv2d", timeout=PATIENCE_MS)
    go_to(panel, "forward", qtbot)
    click(panel, Target("place", (2, 1, 6)), qtbot)
    qtbot.waitUntil(lambda: panel.steps.values.focus.place == (2, 1, 6), timeout=PATIENCE_MS)  # type: ignore[union-attr]
    (said,) = panel.steps.values.focus.formulas["forward"]  # type: ignore[union-attr]
    assert said.value == float(panel.steps.values.outputs["conv2d"][2, 1, 6])
    assert said.computed == pytest.approx(said.value, rel=1e-4)
    panel.grab()


def test_another_sample_or_all_of_them(panel: PhasesPanel, qtbot: QtBot) -> None:
    go_to(panel, "loss", qtbot)
    first = panel.steps.values.outputs["linear"]
    click(panel, Target("sample", 4), qtbot)
    qtbot.waitUntil(lambda: panel.steps.values.sample == 4, timeout=PATIENCE_MS)
    assert panel.sample.value() == 5
    assert not np.array_equal(panel.steps.values.outputs["linear"], first)
    panel.sample.setValue(0)
    qtbot.waitUntil(lambda: panel.steps.values.sample == MEAN, timeout=PATIENCE_MS)
    assert panel.sample.text() == "All samples"
    panel.grab()


def test_the_keyboard_walks_through_layers_numbers_and_phases(panel: PhasesPanel, qtbot: QtBot) -> None:
    go_to(panel, "backward", qtbot)

    def focus() -> tuple[str, tuple[int, ...]]:
        found = panel.steps.values.focus
        assert found is not None
        return found.node, found.place

    start = focus()
    qtbot.keyClick(panel.steps, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: focus()[0] == "tanh", timeout=PATIENCE_MS)
    qtbot.keyClick(panel.steps, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: focus() == start, timeout=PATIENCE_MS)
    by = Qt.Key.Key_Right if start[1][0] < 4 else Qt.Key.Key_Left
    qtbot.keyClick(panel.steps, by)
    qtbot.waitUntil(lambda: abs(focus()[1][0] - start[1][0]) == 1, timeout=PATIENCE_MS)
    qtbot.keyClick(panel.steps, Qt.Key.Key_PageUp)
    assert panel.steps.shown == "loss"
    qtbot.keyClick(panel.steps, Qt.Key.Key_PageDown)
    assert panel.steps.shown == "backward"
    qtbot.keyClick(panel.steps, Qt.Key.Key_PageDown)
    assert panel.steps.shown == "backward", "the update has not been reached"


def test_one_can_look_back_at_a_phase_until_the_next_one(panel: PhasesPanel, qtbot: QtBot) -> None:
    go_to(panel, "loss", qtbot)
    click(panel, Target("phase", "forward"), qtbot)
    assert panel.steps.shown == "forward"
    panel.buttons.step("phase")
    reaches(panel, "backward", qtbot)
    assert panel.steps.shown == "backward"


# ---------------------------------------------------------------- what is drawn


def test_the_table_has_every_layer_with_its_own_figures(panel: PhasesPanel, bench: Workbench, qtbot: QtBot) -> None:
    go_to(panel, "update", qtbot)
    values = panel.steps.values
    lines = lines_of(values, {n: n for n in bench.document.graph.nodes})
    assert [line.node_id for line in lines] == list(bench.document.graph.in_order)
    assert [line.step == "–" for line in lines] == [True, False, True, False, True]
    assert max(line.gradient_share for line in lines) == 1.0
    steps = np.concatenate([u.ravel() for u in values.updates["linear"].values()])
    assert step_size(values.nodes["linear"]) == pytest.approx(float(np.sqrt((steps**2).mean())), rel=1e-5)


def test_the_controls_fit_a_narrow_dock_and_stand_in_one_row_in_a_wide_one(panel: PhasesPanel, qtbot: QtBot) -> None:
    assert panel.bar.minimumSizeHint().width() <= NARROWEST_DOCK
    assert panel.second.minimumSizeHint().width() <= NARROWEST_DOCK
    panel.resize(900, 500)
    assert panel.second.parent() is panel.bar
    panel.resize(420, 500)
    assert panel.second.parent() is panel


def test_texts_are_larger_where_there_is_room(qapp: QApplication) -> None:
    small, large = Sizes.at(320), Sizes.at(1400)
    assert large.caption > small.caption
    assert large.text > small.text
    assert large.large > small.large


def test_long_lines_are_broken_and_nothing_of_a_sum_is_lost(qapp: QApplication) -> None:
    line = "0.53 = " + " + ".join(f"0.{k}·1.2" for k in range(20))
    broken = wrapped(line, 200, 13)
    assert len(broken) > 2
    assert " ".join(broken) == line
    assert wrapped("", 200, 13) == [""]


def test_a_card_of_any_formula_has_a_height(qapp: QApplication) -> None:
    nan = float("nan")
    terms = tuple(Term(f"sample {k}", nan if k == 2 else 1.0, float("inf") if k == 3 else -k) for k in range(9))
    rich = Formula("∂L/∂weight[1, 1]", "Σ", "0 = 1", nan, None, terms, 30, nan, nan, ("<b>note</b>",))
    kernel = np.ones((2, 3, 3), np.float32)
    laid = Formula("output", "", "0 = 1", 0.0, kernel=kernel, patch=kernel * nan)
    for formula in (rich, laid, Formula("output", "", "", 0.0)):
        for width in (60.0, 300.0, 1200.0):
            assert formula_card(formula, width, Sizes.at(width)).height > 0


# ---------------------------------------------------------------- in the window


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow()
    qtbot.addWidget(made, before_close_func=lambda w: w.leave_in_a_hurry())
    made.show()
    made.complete()
    made.bench.open_document(rows())
    made.show_lab()
    qtbot.waitUntil(lambda: made.bench.status.state == "paused", timeout=PATIENCE_MS)
    return made


def test_the_step_key_takes_one_phase_while_the_panel_is_in_front(window: MainWindow, qtbot: QtBot) -> None:
    bench, step = window.bench, window.commands["train.step"]
    window.workspace.open("phases")
    qtbot.waitUntil(lambda: window.workspace.is_in_front("phases"), timeout=PATIENCE_MS)
    window.commands.refresh()
    assert step.text() == "Next phase"
    step.trigger()
    qtbot.waitUntil(lambda: bench.status.phase == "forward" and bench.status.state == "paused", timeout=PATIENCE_MS)
    window.workspace.open("boundary")
    qtbot.waitUntil(lambda: not window.workspace.is_in_front("phases"), timeout=PATIENCE_MS)
    step.trigger()  # half way, so it goes on
    qtbot.waitUntil(lambda: bench.status.phase == "loss" and bench.status.state == "paused", timeout=PATIENCE_MS)
    for phase in ("backward", "update"):
        step.trigger()
        qtbot.waitUntil(lambda p=phase: bench.status.phase == p and bench.status.state == "paused", timeout=PATIENCE_MS)  # type: ignore[misc]
    window.commands.refresh()
    assert step.text() == "Step one batch"
    step.trigger()
    qtbot.waitUntil(lambda: bench.status.step == 2 and bench.status.phase == "", timeout=PATIENCE_MS)
