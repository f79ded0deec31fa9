"""Layers typed into the canvas's search: what it offers, what a pick builds, in one step back."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.layer import LAYERS
from nnlab.ui.canvas import geometry, search
from nnlab.ui.canvas.editor import GraphEditor
from nnlab.ui.workbench import Workbench


@pytest.fixture
def bench() -> Iterator[Workbench]:
    graph = chain(layer("Input"), layer("Flatten"), layer("Linear", out_features=10), layer("Output"))
    made = Workbench(Document(graph, Data(DATASETS["digits"]())))
    yield made
    made.close()


@pytest.fixture
def editor(bench: Workbench, qtbot: QtBot) -> GraphEditor:
    made = GraphEditor(bench)
    qtbot.addWidget(made)
    made.glide.enabled = False
    made.resize(1280, 720)
    made.show()
    made.zoom_reset()
    return made


def open_behind(editor: GraphEditor, node_id: str) -> None:
    editor.bench.select({node_id})
    editor.mouse_moved = False
    editor.add_layer()
    assert editor.choices.isVisible()


def typed(editor: GraphEditor, text: str) -> list[str]:
    """The titles that stand in the list for this text."""
    editor.choices.field.setText(text)
    rows = editor.choices.rows
    return [rows.item(n).text() for n in range(rows.count())]


def enter(editor: GraphEditor) -> None:
    QTest.keyClick(editor.choices.field, Qt.Key.Key_Return)


def test_a_chain_is_built_behind_the_selected_layer_in_one_step(editor: GraphEditor) -> None:
    before = editor.bench.document
    open_behind(editor, "input")
    assert typed(editor, "2x(conv 8, bn, relu)")[0] == "Add 2 × (Conv 2-D, Batch norm, ReLU)"
    enter(editor)
    graph = editor.bench.document.graph
    new = [n for n in graph.in_order if n not in before.graph.nodes]
    assert [graph.nodes[n].type_id for n in new] == ["Conv2d", "BatchNorm2d", "ReLU"] * 2
    assert [graph.incoming[n][0].source for n in (*new, "flatten")] == ["input", *new]
    assert editor.bench.selection == frozenset(new)
    places = [(n.x, n.y) for n in graph.nodes.values()]
    for k, (x, y) in enumerate(places):
        assert all(abs(x - a) >= geometry.WIDTH or abs(y - b) >= geometry.HEIGHT for a, b in places[:k])
    editor.bench.undo()
    assert editor.bench.document == before


def test_one_layer_with_settings_is_offered_as_it_will_be(editor: GraphEditor) -> None:
    open_behind(editor, "input")
    assert typed(editor, "conv 64 k3 s2")[0] == "Add Conv 2-D"
    choice = editor.choices.rows.item(0).data(Qt.ItemDataRole.UserRole)
    assert choice.text == "Filters 64 · Kernel 3 · Stride 2"
    enter(editor)
    made = editor.bench.document.graph.node("conv2d").layer
    assert (made.as_dict()["out_channels"], made.as_dict()["stride"]) == (64, 2)


def test_a_name_or_a_name_with_its_size_is_the_plain_search(editor: GraphEditor) -> None:
    open_behind(editor, "flatten")
    assert typed(editor, "linear")[0] == "Linear"
    assert typed(editor, "linear 32")[0] == "Linear · 32"
    assert typed(editor, "")[0] != ""


def test_what_cannot_be_read_says_why_where_the_list_would_be(editor: GraphEditor) -> None:
    before = editor.bench.document
    open_behind(editor, "input")
    assert typed(editor, "konv 64") == ["I do not know the layer “konv”: did you mean conv?"]
    assert typed(editor, "3x(conv 8") == ["A bracket is opened and not closed: put ) behind its last layer"]
    assert typed(editor, "zzz") == ["No layer is called that"]
    enter(editor)
    assert editor.choices.isVisible()
    assert editor.bench.document is before


def test_on_free_canvas_they_stand_by_themselves_where_the_search_was_opened(editor: GraphEditor) -> None:
    before = editor.bench.document
    editor.search_at(QPointF(400, 400))
    assert typed(editor, "mlp 16 8")[0] == "Add Linear, ReLU, Linear"
    enter(editor)
    graph = editor.bench.document.graph
    new = [n for n in graph.in_order if n not in before.graph.nodes]
    assert not graph.incoming[new[0]]
    assert editor.picture.nodes[new[0]].card().contains(QPointF(400, 400))
    editor.bench.undo()
    assert editor.bench.document == before


def test_into_a_wire_they_go_between_its_ends(editor: GraphEditor) -> None:
    link = next(k for k in editor.bench.document.graph.links if k.target == "linear")
    editor.search_at(editor.picture.wires[link].middle(), link)
    assert typed(editor, "dense 32 relu, drop 0.2")[0] == "Add Linear, ReLU, Dropout"
    enter(editor)
    graph = editor.bench.document.graph
    assert graph.incoming["linear"][0].source == "dropout"
    assert graph.incoming["linear_2"][0].source == "flatten"


def test_layers_that_cannot_follow_are_refused_with_a_sentence(editor: GraphEditor) -> None:
    before = editor.bench.document
    open_behind(editor, "input")
    typed(editor, "relu, input")
    enter(editor)
    assert editor.bench.document is before
    assert "takes no wire" in editor.bubble.text()


def test_behind_a_layer_whose_wire_does_not_fit_they_stand_beside_it(editor: GraphEditor) -> None:
    open_behind(editor, "flatten")
    typed(editor, "dense 5, arg-max")
    enter(editor)
    graph = editor.bench.document.graph
    assert graph.incoming["linear"][0].source == "flatten"
    assert graph.incoming["linear_2"][0].source == "flatten"


def test_any_typed_text_leaves_the_search_in_order(editor: GraphEditor) -> None:
    open_behind(editor, "input")
    for text in ("3x(", ")))", "999999999x(relu)", "conv " + "9" * 400, "a" * 5000, "→→", "=\n=", "mlp 1 " * 500):
        assert typed(editor, text)
    assert {c.value for c in search.layer_choices(list(LAYERS))} == set(LAYERS)


def test_at_the_end_of_a_wire_drawn_into_the_open(editor: GraphEditor) -> None:
    before = editor.bench.document
    port = editor.picture.nodes["flatten"].port_point("out", True)
    place = port + QPointF(60, 200)
    for kind, at in ((QEvent.Type.MouseButtonPress, port), (QEvent.Type.MouseMove, place)):
        send(editor, kind, at)
    send(editor, QEvent.Type.MouseButtonRelease, place)
    assert typed(editor, "dense 7, relu")[0] == "Add Linear, ReLU"
    enter(editor)
    graph = editor.bench.document.graph
    assert graph.incoming["linear_2"][0].source == "flatten"
    assert graph.incoming["relu"][0].source == "linear_2"
    editor.bench.undo()
    assert editor.bench.document == before


def send(editor: GraphEditor, kind: QEvent.Type, at: QPointF) -> None:
    """A mouse event with the left button at a point of the scene."""
    place = QPointF(editor.mapFromScene(at))
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    shown = editor.viewport()
    far = QPointF(shown.mapToGlobal(place.toPoint()))
    QApplication.sendEvent(shown, QMouseEvent(kind, place, far, button, held, Qt.KeyboardModifier.NoModifier))
