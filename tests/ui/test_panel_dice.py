"""The dice panel rolls without holding the window, shows every seed, and hands one over as one edit."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.engine.headless import run_to_end
from nnlab.engine.many.rolled import RollStatus
from nnlab.ui.look import plots
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.dice import COUNTS, DicePanel
from nnlab.ui.panels.dice.drawing import _folded
from nnlab.ui.panels.dice.paths import path_of
from nnlab.ui.panels.dice.view import OneRun, View
from nnlab.ui.workbench import Workbench

PATIENCE = 30_000


def document(data: str = "spiral", width: int = 2, **training: object) -> Document:
    graph, before = Graph(), ""
    made: list[Layer] = [LAYERS["Input"](), LAYERS["Linear"](out_features=6), LAYERS["Tanh"]()]
    for layer in [*made, LAYERS["Linear"](out_features=width), LAYERS["Output"]()]:
        node_id = graph.new_id(layer)
        graph = graph.with_node(Node(node_id, layer))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return Document(graph=graph).with_data(dataset=DATASETS[data]()).with_training(**{"epochs": 4, **training})


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Workbench]:
    made = Workbench(document())
    yield made
    made.close()


@pytest.fixture
def panel(bench: Workbench, qtbot: QtBot) -> DicePanel:
    made = PANELS["dice"](bench)
    assert isinstance(made, DicePanel)
    qtbot.addWidget(made)
    bench.document_changed.connect(made.on_document)
    bench.happened.connect(made.on_events)
    made.count_box.setCurrentIndex(COUNTS.index(8))
    made.count_box.activated.emit(COUNTS.index(8))
    made.resize(460, 420)
    made.show()
    return made


def rolled(panel: DicePanel, qtbot: QtBot) -> None:
    qtbot.mouseClick(panel.roll_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.roller.status().result is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: panel.dice.view.status.result is not None, timeout=PATIENCE)


def middle(panel: DicePanel, number: int) -> QPoint:
    return panel.dice.grid().tile(number).center().toPoint()


def test_a_roll_fills_the_panel(panel: DicePanel, qtbot: QtBot) -> None:
    before = panel.grab().toImage()
    rolled(panel, qtbot)
    assert panel.dice.message == ""
    assert panel.roll_button.text() == "Roll 8"
    assert panel.grab().toImage() != before
    view = panel.dice.view
    assert view.headline.startswith(str(round(100 * float(view.solved.mean()))))
    assert "of 8 seeds" in view.sentences[0]


def test_what_is_drawn_is_what_the_seeds_did(panel: DicePanel, bench: Workbench, qtbot: QtBot) -> None:
    rolled(panel, qtbot)
    epochs, values = panel.dice.view.fan
    alone = run_to_end(bench.document, seed=5)
    np.testing.assert_allclose(values[:, 5], alone.history["validation_loss"], atol=1e-6)
    assert epochs.tolist() == alone.history["epoch"].tolist()


def test_a_click_makes_the_seed_the_projects_own_with_what_it_learned(
    panel: DicePanel, bench: Workbench, qtbot: QtBot
) -> None:
    rolled(panel, qtbot)
    qtbot.mouseClick(panel.dice, Qt.MouseButton.LeftButton, pos=middle(panel, 5))
    assert bench.document.training.seed == 5
    assert bench.history.undo_label == "Seed 5"
    qtbot.waitUntil(lambda: bool(bench.trainer.weights()), timeout=PATIENCE)
    result = panel.roller.status().result
    assert result is not None
    learned = result.weights(5)
    assert learned is not None
    for name, values in bench.trainer.weights().items():
        np.testing.assert_array_equal(values, learned[name])
    bench.undo()
    assert bench.document.training.seed == 0


def test_a_seed_is_chosen_by_keyboard_too(panel: DicePanel, bench: Workbench, qtbot: QtBot) -> None:
    rolled(panel, qtbot)
    panel.dice.setFocus()
    for _ in range(3):
        qtbot.keyClick(panel.dice, Qt.Key.Key_Right)
    qtbot.keyClick(panel.dice, Qt.Key.Key_Return)
    assert bench.document.training.seed == 2


def test_seeds_of_an_earlier_network_are_not_taken(panel: DicePanel, bench: Workbench, qtbot: QtBot) -> None:
    rolled(panel, qtbot)
    said: list[str] = []
    bench.said.connect(lambda level, sentence: said.append(sentence))
    bench.apply_graph("Delete", bench.document.graph.without_node("tanh"))
    assert panel.dice.view.is_old
    qtbot.mouseClick(panel.dice, Qt.MouseButton.LeftButton, pos=middle(panel, 5))
    assert bench.document.training.seed == 0
    assert "roll again" in said[-1]
    bench.undo()
    assert not panel.dice.view.is_old


def test_another_seed_alone_makes_nothing_old(panel: DicePanel, bench: Workbench, qtbot: QtBot) -> None:
    rolled(panel, qtbot)
    bench.new_dice()
    assert not panel.dice.view.is_old


def test_a_network_with_mistakes_is_not_rolled_and_it_says_why(
    panel: DicePanel, bench: Workbench, qtbot: QtBot
) -> None:
    said: list[str] = []
    bench.said.connect(lambda level, sentence: said.append(sentence))
    bench.apply_graph("Delete", bench.document.graph.without_node("output"))
    qtbot.mouseClick(panel.roll_button, Qt.MouseButton.LeftButton)
    assert not panel.roller.is_busy
    assert "cannot be rolled yet" in said[-1]


def test_it_can_be_stopped(panel: DicePanel, bench: Workbench, qtbot: QtBot) -> None:
    bench.apply("Long", bench.document.with_training(epochs=100_000))
    qtbot.mouseClick(panel.roll_button, Qt.MouseButton.LeftButton)
    assert panel.roll_button.text() == "Stop"
    qtbot.waitUntil(lambda: panel.dice.view.status.epoch > 2, timeout=PATIENCE)
    assert panel.dice.view.is_rolling
    qtbot.mouseClick(panel.dice, Qt.MouseButton.LeftButton, pos=middle(panel, 5))  # too early
    assert bench.document.training.seed == 0
    qtbot.mouseClick(panel.roll_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.dice.view.status.result is not None, timeout=PATIENCE)
    assert panel.dice.view.status.message.startswith("Stopped")


def test_closing_the_window_in_the_middle_ends_the_thread(panel: DicePanel, bench: Workbench, qtbot: QtBot) -> None:
    bench.apply("Long", bench.document.with_training(epochs=100_000))
    panel.roll()
    qtbot.waitUntil(lambda: panel.roller.status().epoch > 0, timeout=PATIENCE)
    bench.close()
    assert panel.roller.wait(0.0)
    panel.roll()
    assert not panel.roller.is_busy


def test_the_best_come_first_if_asked(panel: DicePanel, qtbot: QtBot) -> None:
    rolled(panel, qtbot)
    panel.best_box.setChecked(True)
    view = panel.dice.view
    scores = view.scores[view.order]
    assert (np.diff(scores) <= 0).all()
    assert view.order[0] == view.best


def test_seeds_that_blew_up_are_crossed_out_and_counted(panel: DicePanel, bench: Workbench, qtbot: QtBot) -> None:
    wild = document("surface", 1, optimizer=OPTIMIZERS["sgd"](), learning_rate=900.0)
    bench.open_document(wild)
    said: list[str] = []
    bench.said.connect(lambda level, sentence: said.append(sentence))
    rolled(panel, qtbot)
    assert "8 blew up" in panel.dice.view.sentences[1]
    assert any("All 8 seeds blew up" in sentence for sentence in said)
    panel.grab()


@pytest.mark.parametrize(("data", "width"), [("curve", 1), ("surface", 1), ("iris", 3), ("digits", 10)])
def test_every_kind_of_data_has_pictures(
    data: str, width: int, panel: DicePanel, bench: Workbench, qtbot: QtBot
) -> None:
    if data == "digits":
        bench.open_document(_flattened())
    else:
        bench.open_document(document(data, width, epochs=1))
    rolled(panel, qtbot)
    for index in range(3):
        panel.curve_box.setCurrentIndex(index)
        panel.curve_box.activated.emit(index)
        assert panel.dice.view.of_metric == (index == 2)
        for size in ((900, 300), (300, 700), (60, 40)):
            panel.resize(*size)
            panel.grab()
        qtbot.mouseMove(panel.dice, middle(panel, 0))
        panel.grab()


def _flattened() -> Document:
    graph, before = Graph(), ""
    for layer in [LAYERS["Input"](), LAYERS["Flatten"](), LAYERS["Linear"](out_features=10), LAYERS["Output"]()]:
        node_id = graph.new_id(layer)
        graph = graph.with_node(Node(node_id, layer))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return Document(graph=graph).with_data(dataset=DATASETS["digits"]()).with_training(epochs=1, batch_size=256)


def test_the_pictures_never_leave_their_place(panel: DicePanel, qtbot: QtBot) -> None:
    rolled(panel, qtbot)
    for size in ((460, 420), (1200, 300), (260, 900), (2000, 1400)):
        panel.resize(*size)
        grid = panel.dice.grid()
        for number in range(8):
            tile = grid.tile(number)
            assert grid.area.adjusted(-1, -1, 1, 1).contains(tile)
            assert grid.at(tile.center()) == number


@pytest.mark.parametrize("blown", [0, 1, 2, 7])
def test_the_median_leaves_out_what_blew_up(blown: int) -> None:
    table = np.random.default_rng(blown).normal(size=(5, 8))
    table[2:, :blown] = np.nan
    view = View(RollStatus(seeds=tuple(range(8)), curves={"train_loss": table}), OneRun())
    np.testing.assert_allclose(view.median, np.nanmedian(table, axis=1))


def test_all_lines_are_one_path_and_end_where_their_numbers_do() -> None:
    ys = np.array([[1.0, 2.0, np.nan], [4.0, 5.0, 6.0]])
    path = path_of(np.tile([0.0, 1.0, 2.0], (2, 1)), ys)
    box = path.boundingRect()
    assert (box.left(), box.right(), box.bottom()) == (0.0, 2.0, 6.0)
    lines = sum(path.elementAt(k).isLineTo() for k in range(path.elementCount()))
    assert lines == 3
    assert path_of(np.empty((0, 0)), np.empty((0, 0))).isEmpty()


def test_sentences_that_are_too_long_for_a_narrow_dock_take_another_line(qtbot: QtBot):
    text = "on validation: median 98.7 %, best 100.0 % (seed 12), 3 blew up"
    lines = _folded(text, 160, 11)
    assert len(lines) > 1
    assert " ".join(lines) == text
    assert all(plots.text_width(line, 11) <= 160 for line in lines)
    assert _folded(text, 2_000, 11) == [text]
    assert _folded("", 100, 11) == []
    assert _folded("unbreakable" * 9, 60, 11)[0].endswith("…")
