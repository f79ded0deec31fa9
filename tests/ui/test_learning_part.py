"""How a layer learns, in the window: the inspector's part, the commands, and layers taken out of another project."""

from pathlib import Path

from pytestqt.qtbot import QtBot

import nnlab
from nnlab.ui.canvas.looks import node_look
from nnlab.ui.shell.main_window import MainWindow

PATIENCE = 20_000


def window_with(qtbot: QtBot, example: str = "xor") -> MainWindow:
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda w: w.leave_in_a_hurry())
    window.show()
    window.complete()
    window.files.example(example)
    qtbot.waitUntil(lambda: window.bench.status.state == "paused", timeout=PATIENCE)
    return window


def test_a_layer_is_frozen_and_thawed_as_undo_steps_and_says_so(qtbot: QtBot) -> None:
    window = window_with(qtbot)
    bench = window.bench
    node = next(n for n in bench.document.graph.in_order if bench.document.parameter_count(n))
    bench.select([node])
    window.commands.refresh()
    window.commands["edit.freeze"].trigger()
    assert bench.document.graph.node(node).learning.frozen
    look = node_look(bench.document, node)
    assert "frozen" in look.summary
    window.commands["edit.freeze"].trigger()
    assert not bench.document.graph.node(node).learning.frozen
    bench.undo()
    bench.undo()
    assert not bench.document.graph.node(node).learning.frozen


def test_layers_are_taken_out_of_a_trained_project(qtbot: QtBot, tmp_path: Path) -> None:
    project = nnlab.Project.example("xor")
    project.train(epochs=2)
    project.save(tmp_path / "trained.nnlab")
    window = window_with(qtbot, "moons")
    bench = window.bench
    before = len(bench.document.graph.nodes)
    window.files.take(tmp_path / "trained.nnlab")
    assert len(bench.document.graph.nodes) > before
    assert bench.document.starts
    assert all(bench.document.graph.node(n).learning.frozen for n in bench.document.starts)
    bench.undo()
    assert len(bench.document.graph.nodes) == before
