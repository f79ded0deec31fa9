"""Every gesture of the canvas with real mouse events: each is one undo step, and undo restores what was."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.check import check
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, UnknownLayer
from nnlab.engine.events import Snapshot
from nnlab.engine.wants import Activations, NodeActivations
from nnlab.ui.canvas import geometry, menus, motion, palette
from nnlab.ui.canvas.editor import EMPTY_HINT, STALE_NOTE, GraphEditor
from nnlab.ui.canvas.live import WANT
from nnlab.ui.canvas.overlays import Note
from nnlab.ui.look import theme
from nnlab.ui.workbench import Workbench

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
NONE, SHIFT, CTRL, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)


def small_network() -> Document:
    """Input, linear, tanh, output in a row, and a loose ReLU below."""
    graph = Graph()
    for place, kind in enumerate(("Input", "Linear", "Tanh", "Output")):
        graph = graph.with_node(Node(kind.lower(), LAYERS[kind](), 224.0 * place, 0.0))
    for source, target in (("input", "linear"), ("linear", "tanh"), ("tanh", "output")):
        graph = graph.connect(source, target)
    return Document(graph=graph.with_node(Node("relu", LAYERS["ReLU"](), 224.0, 192.0)))


@pytest.fixture
def bench() -> Iterator[Workbench]:
    made = Workbench(small_network())
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


class Hand:
    """A mouse over the canvas, in the scene's coordinates."""

    def __init__(self, editor: GraphEditor) -> None:
        self.editor = editor

    def send(self, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton, held: Qt.KeyboardModifier) -> None:
        view = self.editor.viewport()
        local = QPointF(self.editor.mapFromScene(at))
        down = button if kind != QEvent.Type.MouseButtonRelease else Qt.MouseButton.NoButton
        cause = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else button
        event = QMouseEvent(kind, local, QPointF(view.mapToGlobal(local.toPoint())), cause, down, held)
        QApplication.sendEvent(view, event)

    def press(self, at: QPointF, held: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT) -> None:
        self.send(QEvent.Type.MouseButtonPress, at, button, held)

    def move(self, at: QPointF, held: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT) -> None:
        self.send(QEvent.Type.MouseMove, at, button, held)

    def release(self, at: QPointF, held: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT) -> None:
        self.send(QEvent.Type.MouseButtonRelease, at, button, held)

    def drag(self, a: QPointF, b: QPointF, held: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT) -> None:
        self.press(a, held, button)
        for share in (0.3, 0.7, 1.0):
            self.move(a + (b - a) * share, held, button)
        self.release(b, held, button)

    def click(self, at: QPointF, held: Qt.KeyboardModifier = NONE) -> None:
        self.press(at, held)
        self.release(at, held)


@pytest.fixture
def hand(editor: GraphEditor) -> Hand:
    return Hand(editor)


def body(editor: GraphEditor, node_id: str) -> QPointF:
    return editor.picture.nodes[node_id].card().center()


def port(editor: GraphEditor, node_id: str, name: str, is_output: bool = False) -> QPointF:
    return editor.picture.nodes[node_id].port_point(name, is_output)


def mirrors(editor: GraphEditor) -> bool:
    """The items are what the graph is: nodes, places, wires, ports."""
    graph = editor.bench.document.graph
    scene = editor.picture
    assert scene.nodes.keys() == graph.nodes.keys()
    assert scene.wires.keys() == scene.chips.keys() == graph.links
    for node_id, node in graph.nodes.items():
        item = scene.nodes[node_id]
        assert (item.x(), item.y()) == (node.x, node.y)
        assert [p.name for p in item.look.inputs] == [p.name for p in graph.input_ports(node_id)]
        assert item.state.selected == (node_id in editor.bench.selection)
    for link, wire in scene.wires.items():
        assert wire.start == scene.nodes[link.source].port_point(link.source_port, True)
        assert wire.end == scene.nodes[link.target].port_point(link.target_port, False)
    return True


def one_step(editor: GraphEditor, before: Document) -> None:
    """Exactly one edit was made since `before`; undo restores it and redo makes it again."""
    after = editor.bench.document
    assert after != before
    assert mirrors(editor)
    editor.bench.undo()
    assert editor.bench.document == before
    assert mirrors(editor)
    editor.bench.redo()
    assert editor.bench.document == after
    assert mirrors(editor)


def pick(editor: GraphEditor, typed: str) -> None:
    """Type into the open search and press Enter."""
    assert editor.choices.isVisible()
    QTest.keyClicks(editor.choices.field, typed)
    QTest.keyClick(editor.choices.field, Qt.Key.Key_Return)
    assert not editor.choices.isVisible()


# ---------------------------------------------------------------- moving and selecting


def test_dragging_a_node_moves_it_on_the_grid_in_one_step(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    at = body(editor, "linear")
    hand.press(at)
    hand.move(at + QPointF(37, -90))
    assert editor.bench.document is before  # nothing is edited during a drag
    assert editor.picture.nodes["linear"].pos() == QPointF(256, -96)
    hand.release(at + QPointF(37, -90))
    assert (editor.bench.document.graph.node("linear").x, editor.bench.document.graph.node("linear").y) == (256, -96)
    one_step(editor, before)


def test_the_whole_selection_moves_together(editor: GraphEditor, hand: Hand) -> None:
    editor.bench.select({"linear", "tanh"})
    before = editor.bench.document
    at = body(editor, "tanh")
    hand.drag(at, at + QPointF(0, 64))
    nodes = editor.bench.document.graph.nodes
    assert (nodes["linear"].y, nodes["tanh"].y, nodes["output"].y) == (64, 64, 0)
    one_step(editor, before)


def test_escape_during_a_move_puts_everything_back(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    at = body(editor, "linear")
    hand.press(at)
    hand.move(at + QPointF(80, 80))
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    hand.release(at + QPointF(80, 80))
    assert editor.bench.document is before
    assert mirrors(editor)


def test_click_ctrl_click_and_shift_click_select(editor: GraphEditor, hand: Hand) -> None:
    hand.click(body(editor, "linear"))
    assert editor.bench.selection == {"linear"}
    hand.click(body(editor, "tanh"), SHIFT)
    assert editor.bench.selection == {"linear", "tanh"}
    hand.click(body(editor, "linear"), CTRL)
    assert editor.bench.selection == {"tanh"}
    hand.click(QPointF(500, 400))
    assert editor.bench.selection == frozenset()
    assert editor.bench.history.undo_label is None


def test_dragging_on_the_canvas_selects_what_the_box_touches(editor: GraphEditor, hand: Hand) -> None:
    hand.drag(QPointF(200, -60), QPointF(500, 80))
    assert editor.bench.selection == {"linear", "tanh"}
    hand.drag(QPointF(200, 170), QPointF(420, 280), SHIFT)
    assert editor.bench.selection == {"linear", "tanh", "relu"}
    assert mirrors(editor)


# ---------------------------------------------------------------- wires


@pytest.mark.parametrize("backwards", [False, True], ids=["from the output", "from the input"])
def test_dragging_between_ports_connects(editor: GraphEditor, hand: Hand, backwards: bool) -> None:
    before = editor.bench.document
    ends = [port(editor, "linear", "out", True), port(editor, "relu", "in")]
    a, b = reversed(ends) if backwards else ends
    hand.drag(a, b + QPointF(0, 15))  # within the snap radius
    assert Link("linear", "relu") in editor.bench.document.graph.links
    one_step(editor, before)


def test_dropping_a_wire_on_a_body_takes_its_best_free_port(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    hand.drag(port(editor, "linear", "out", True), body(editor, "relu"))
    assert Link("linear", "relu") in editor.bench.document.graph.links
    one_step(editor, before)


def test_a_refused_port_says_why_while_hovering_and_edits_nothing(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    hand.press(port(editor, "tanh", "out", True))
    hand.move(body(editor, "linear") + QPointF(0, 4))
    assert editor.bubble.isVisible()
    assert "loop" in editor.bubble.text()
    hand.release(body(editor, "linear") + QPointF(0, 4))
    assert editor.bench.document is before
    assert "loop" in editor.bubble.text()
    assert mirrors(editor)


def test_an_input_has_no_port_to_drop_on_and_says_so(editor: GraphEditor, hand: Hand) -> None:
    hand.press(port(editor, "relu", "out", True))
    hand.move(body(editor, "input"))
    assert "where the data enters" in editor.bubble.text()
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert not editor.bubble.isVisible()


def test_dragging_from_a_connected_input_moves_the_wire(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    hand.drag(port(editor, "tanh", "in"), port(editor, "relu", "in"))
    links = editor.bench.document.graph.links
    assert Link("linear", "relu") in links
    assert Link("linear", "tanh") not in links
    one_step(editor, before)


def test_a_wire_dropped_on_empty_canvas_offers_layers_and_connects_the_pick(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    hand.drag(port(editor, "linear", "out", True), QPointF(460, 200))
    offered = [editor.choices.rows.item(i).text() for i in range(editor.choices.rows.count())]
    assert "Conv 2-D" not in offered  # it takes pictures, and this wire carries a row of numbers
    assert "Input" not in offered
    pick(editor, "sigm")
    assert Link("linear", "sigmoid") in editor.bench.document.graph.links
    assert editor.bench.selection == {"sigmoid"}
    one_step(editor, before)


def test_escape_in_that_search_restores_the_wire_that_was_picked_up(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    hand.drag(port(editor, "tanh", "in"), QPointF(460, 300))
    wire = editor.picture.wires[Link("linear", "tanh")]
    assert not wire.isVisible()
    QTest.keyClick(editor.choices.field, Qt.Key.Key_Escape)
    assert not editor.choices.isVisible()
    assert wire.isVisible()
    assert editor.bench.document is before


def test_a_wire_pulled_from_a_free_input_finds_a_source(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    hand.drag(port(editor, "relu", "in"), QPointF(100, 330))
    pick(editor, "linear")
    assert Link("linear_2", "relu") in editor.bench.document.graph.links
    one_step(editor, before)


def test_alt_click_cuts_a_wire(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    hand.click(editor.picture.wires[Link("linear", "tanh")].middle(), ALT)
    assert Link("linear", "tanh") not in editor.bench.document.graph.links
    one_step(editor, before)


def test_alt_shift_drag_cuts_every_wire_it_crosses(editor: GraphEditor, hand: Hand) -> None:
    editor.bench.apply_graph("Wire", editor.bench.document.graph.connect("input", "relu"))
    before = editor.bench.document
    hand.drag(QPointF(192, -60), QPointF(192, 230), ALT | SHIFT)
    left = editor.bench.document.graph.links
    assert before.graph.links - left == {Link("input", "linear"), Link("input", "relu")}
    one_step(editor, before)


def test_a_selected_wire_is_deleted(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    hand.click(editor.picture.wires[Link("linear", "tanh")].middle())
    assert editor.picture.chosen_wires == {Link("linear", "tanh")}
    QTest.keyClick(editor, Qt.Key.Key_Delete)
    assert Link("linear", "tanh") not in editor.bench.document.graph.links
    one_step(editor, before)


# ---------------------------------------------------------------- adding


def drop(editor: GraphEditor, layer_id: str, at: QPointF, held: Qt.KeyboardModifier = NONE) -> None:
    data, local = palette.mime_of(layer_id), editor.mapFromScene(at)
    copy = Qt.DropAction.CopyAction
    view = editor.viewport()
    QApplication.sendEvent(view, QDragEnterEvent(local, copy, data, LEFT, held))
    QApplication.sendEvent(view, QDragMoveEvent(local, copy, data, LEFT, held))
    QApplication.sendEvent(view, QDropEvent(QPointF(local), copy, data, LEFT, held))


def test_a_layer_dragged_from_the_palette_stands_where_it_is_dropped(editor: GraphEditor) -> None:
    before = editor.bench.document
    drop(editor, "Dropout", QPointF(500, 250))
    node = editor.bench.document.graph.node("dropout")
    assert (node.x, node.y) == (416, 224)
    one_step(editor, before)


def test_dropped_on_a_wire_it_goes_into_it_and_neighbours_make_room(editor: GraphEditor) -> None:
    before = editor.bench.document
    drop(editor, "Dropout", editor.picture.wires[Link("linear", "tanh")].middle())
    graph = editor.bench.document.graph
    assert {Link("linear", "dropout"), Link("dropout", "tanh")} <= graph.links
    assert Link("linear", "tanh") not in graph.links
    order = [graph.node(n).x for n in ("linear", "dropout", "tanh", "output")]
    assert all(b - a >= geometry.WIDTH + 16 for a, b in pairwise(order))
    one_step(editor, before)


def test_inserting_pushes_the_own_row_only(editor: GraphEditor) -> None:
    graph = editor.bench.document.graph
    editor.bench.apply_graph("Row", graph.with_node(replace(graph.node("output"), x=0.0, y=320.0)))
    before = editor.bench.document
    drop(editor, "Dropout", editor.picture.wires[Link("linear", "tanh")].middle())
    after = editor.bench.document.graph
    assert after.node("tanh").x > before.graph.node("tanh").x
    assert after.node("output") == before.graph.node("output")
    drop(editor, "Dropout", editor.picture.wires[Link("tanh", "output")].middle())
    graph = editor.bench.document.graph
    assert graph.node("dropout_2").x > graph.node("tanh").x
    assert graph.node("dropout_2").y == graph.node("tanh").y


def test_alt_suspends_the_insertion(editor: GraphEditor) -> None:
    before = editor.bench.document
    drop(editor, "Dropout", editor.picture.wires[Link("linear", "tanh")].middle(), ALT)
    assert editor.bench.document.graph.links == before.graph.links
    assert "dropout" in editor.bench.document.graph.nodes


def test_a_loose_node_dragged_onto_a_wire_goes_into_it(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    at = body(editor, "relu")
    hand.press(at)
    hand.move(editor.picture.wires[Link("linear", "tanh")].middle())
    assert editor.picture.chosen_wires == {Link("linear", "tanh")}
    hand.release(editor.picture.wires[Link("linear", "tanh")].middle())
    assert {Link("linear", "relu"), Link("relu", "tanh")} <= editor.bench.document.graph.links
    one_step(editor, before)


def test_double_click_on_the_canvas_searches_and_adds_there(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    at = QPointF(480, 300)
    hand.send(QEvent.Type.MouseButtonDblClick, at, LEFT, NONE)
    pick(editor, "dropo")
    assert editor.picture.nodes["dropout"].card().contains(at)
    one_step(editor, before)


def test_double_click_on_a_wire_inserts_there(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    hand.send(QEvent.Type.MouseButtonDblClick, editor.picture.wires[Link("tanh", "output")].middle(), LEFT, NONE)
    assert editor.choices.rows.item(0).text() == "Linear"  # what comes after an activation
    pick(editor, "dropo")
    assert {Link("tanh", "dropout"), Link("dropout", "output")} <= editor.bench.document.graph.links
    one_step(editor, before)


@pytest.mark.parametrize(
    ("key", "held"), [(Qt.Key.Key_A, NONE), (Qt.Key.Key_A, SHIFT), (Qt.Key.Key_Insert, NONE)], ids=str
)
def test_keys_open_the_search(editor: GraphEditor, key: Qt.Key, held: Qt.KeyboardModifier) -> None:
    before = editor.bench.document
    QTest.keyClick(editor, key, held)
    pick(editor, "linear 32")
    layer = editor.bench.document.graph.node("linear_2").layer
    assert layer.as_dict()["out_features"] == 32
    one_step(editor, before)


# ---------------------------------------------------------------- deleting and the clipboard


def test_delete_takes_nodes_and_their_wires(editor: GraphEditor) -> None:
    before = editor.bench.document
    editor.bench.select({"tanh"})
    editor.delete_selection()
    assert editor.bench.document.graph.links == {Link("input", "linear")}
    assert editor.bench.selection == frozenset()
    one_step(editor, before)


def test_delete_and_reconnect_joins_the_neighbours(editor: GraphEditor) -> None:
    before = editor.bench.document
    editor.bench.select({"linear", "tanh"})
    editor.delete_selection(reconnect=True)
    assert editor.bench.document.graph.links == {Link("input", "output")}
    one_step(editor, before)


def test_copy_and_paste_keep_inner_wires_only(editor: GraphEditor) -> None:
    editor.bench.select({"linear", "tanh"})
    editor.copy()
    before = editor.bench.document
    editor.paste()
    graph = editor.bench.document.graph
    assert graph.links - before.graph.links == {Link("linear_2", "tanh_2")}
    assert editor.bench.selection == {"linear_2", "tanh_2"}
    one_step(editor, before)


def test_paste_with_wires_connects_to_what_fed_the_originals(editor: GraphEditor) -> None:
    editor.bench.select({"linear"})
    editor.copy()
    before = editor.bench.document
    editor.paste(keep_wires=True)
    assert Link("input", "linear_2") in editor.bench.document.graph.links
    one_step(editor, before)


def test_cut_and_duplicate_are_one_step_each(editor: GraphEditor) -> None:
    before = editor.bench.document
    editor.bench.select({"tanh"})
    editor.cut()
    assert "tanh" not in editor.bench.document.graph.nodes
    one_step(editor, before)
    before = editor.bench.document
    editor.bench.select({"linear"})
    editor.duplicate()
    assert "linear_2" in editor.bench.document.graph.nodes
    one_step(editor, before)


def test_a_foreign_clipboard_is_answered_with_a_sentence(editor: GraphEditor) -> None:
    QApplication.clipboard().setText("<img src='file:///etc/passwd'>")
    before = editor.bench.document
    editor.paste()
    assert editor.bench.document is before
    assert "clipboard" in editor.bubble.text()
    assert editor.bubble.textFormat() == Qt.TextFormat.PlainText


# ---------------------------------------------------------------- keys


def test_arrow_keys_nudge_and_nudges_undo_as_one(editor: GraphEditor) -> None:
    before = editor.bench.document
    editor.bench.select({"relu"})
    QTest.keyClick(editor, Qt.Key.Key_Right)
    QTest.keyClick(editor, Qt.Key.Key_Down, SHIFT)
    node = editor.bench.document.graph.node("relu")
    assert (node.x, node.y) == (240, 272)
    one_step(editor, before)


def test_with_nothing_selected_arrows_walk_and_enter_edits(editor: GraphEditor, qtbot: QtBot) -> None:
    QTest.keyClick(editor, Qt.Key.Key_Right)
    assert editor.hover.focused == "input"
    QTest.keyClick(editor, Qt.Key.Key_Right)
    assert editor.hover.focused == "linear"
    assert editor.picture.nodes["linear"].state.focused
    with qtbot.waitSignal(editor.edit_requested) as asked:
        QTest.keyClick(editor, Qt.Key.Key_Return)
    assert asked.args == ["linear"]
    assert editor.bench.selection == {"linear"}


def test_space_selects_the_focused_node(editor: GraphEditor) -> None:
    QTest.keyClick(editor, Qt.Key.Key_Right)
    QTest.keyClick(editor, Qt.Key.Key_Space)
    assert editor.bench.selection == {"input"}


def test_ctrl_arrows_grow_the_selection_along_wires(editor: GraphEditor) -> None:
    editor.bench.select({"linear"})
    QTest.keyClick(editor, Qt.Key.Key_Right, CTRL)
    assert editor.bench.selection == {"linear", "tanh"}
    QTest.keyClick(editor, Qt.Key.Key_Left, CTRL)
    assert editor.bench.selection == {"input", "linear", "tanh"}


def test_c_connects_with_listed_candidates(editor: GraphEditor) -> None:
    before = editor.bench.document
    editor.bench.select({"linear"})
    QTest.keyClick(editor, Qt.Key.Key_C)
    offered = [editor.choices.rows.item(i).text() for i in range(editor.choices.rows.count())]
    assert "Input" not in offered  # it takes no wire
    pick(editor, "relu")
    assert Link("linear", "relu") in editor.bench.document.graph.links
    one_step(editor, before)


def test_rename_in_place(editor: GraphEditor) -> None:
    before = editor.bench.document
    editor.bench.select({"linear"})
    editor.rename_selection()
    editor.name_field.selectAll()
    QTest.keyClicks(editor.name_field, "First layer")
    QTest.keyClick(editor.name_field, Qt.Key.Key_Return)
    assert editor.bench.document.graph.node("linear").name == "First layer"
    assert editor.picture.nodes["linear"].look.title == "First layer"
    one_step(editor, before)


def test_escape_leaves_the_name_as_it_was(editor: GraphEditor) -> None:
    before = editor.bench.document
    editor.bench.select({"linear"})
    editor.rename_selection()
    QTest.keyClicks(editor.name_field, "x")
    QTest.keyClick(editor.name_field, Qt.Key.Key_Escape)
    assert editor.bench.document is before
    assert not editor.name_field.isVisible()


def test_tidy_is_one_step(editor: GraphEditor) -> None:
    before = editor.bench.document
    editor.tidy()
    one_step(editor, before)


def test_escape_clears_the_selection(editor: GraphEditor) -> None:
    editor.select_all()
    assert len(editor.bench.selection) == 5
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert editor.bench.selection == frozenset()


def test_a_whole_network_is_built_from_the_keyboard_alone(editor: GraphEditor) -> None:
    editor.select_all()
    QTest.keyClick(editor, Qt.Key.Key_Delete)
    for typed in ("input", "linear 16", "tanh", "linear 2", "output"):
        QTest.keyClick(editor, Qt.Key.Key_A)
        pick(editor, typed)
    document = editor.bench.document
    assert [document.graph.node(n).title for n in document.graph.in_order] == [
        "Input", "Linear", "Tanh", "Linear", "Output",
    ]  # fmt: skip
    assert check(document) == ()
    assert mirrors(editor)


def test_a_network_seen_whole_stays_seen_whole_when_a_layer_is_added(editor: GraphEditor) -> None:
    editor.fit_all()
    for _ in range(4):
        link = max(editor.bench.document.graph.links, key=lambda k: editor.picture.wires[k].end.x())
        drop(editor, "Tanh", editor.picture.wires[link].middle())
        assert editor.seen().contains(editor.picture.bounds())


def test_whoever_moves_the_view_during_a_travel_has_it(editor: GraphEditor, qtbot: QtBot) -> None:
    if motion.is_reduced():
        pytest.skip("this platform's style asks for less motion")
    editor.travel.go(QPointF(500, 500), 0.5, True)
    assert editor.travel.state() == editor.travel.State.Running
    editor.zoom_by(0.8)
    where = editor.zoom, editor.seen()
    qtbot.waitUntil(lambda: editor.travel.state() == editor.travel.State.Stopped)
    assert (editor.zoom, editor.seen()) == where
    editor.travel.go(QPointF(300, 300), 0.5, True)
    qtbot.waitUntil(lambda: editor.travel.state() == editor.travel.State.Stopped)
    assert editor.zoom == pytest.approx(0.5)


def test_reached_with_tab_it_shows_where_the_keyboard_is(editor: GraphEditor) -> None:
    QApplication.sendEvent(editor, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.TabFocusReason))
    assert editor.picture.nodes["input"].state.focused


# ---------------------------------------------------------------- looking


def test_middle_drag_and_space_drag_pan(editor: GraphEditor, hand: Hand) -> None:
    before = editor.bench.document
    at = QPointF(300, 300)
    seen = editor.mapFromScene(QPointF(0, 0))
    view = editor.mapFromScene(at)
    hand.press(at, NONE, MIDDLE)
    hand.move(at + QPointF(40, 20), NONE, MIDDLE)
    hand.release(editor.mapToScene(view + QPoint(40, 20)), NONE, MIDDLE)
    assert editor.mapFromScene(QPointF(0, 0)) - seen == QPoint(40, 20)
    QTest.keyPress(editor, Qt.Key.Key_Space)
    hand.press(at)
    hand.move(at + QPointF(-40, -20))
    hand.release(at)
    QTest.keyRelease(editor, Qt.Key.Key_Space)
    assert editor.mapFromScene(QPointF(0, 0)) == seen
    assert editor.bench.document is before


def test_zoom_keeps_the_point_below_the_pointer(editor: GraphEditor) -> None:
    place = QPointF(200, 150)
    below = editor.mapToScene(place.toPoint())
    for _ in range(4):
        editor.zoom_by(1.25, place)
    moved = editor.mapToScene(place.toPoint()) - below
    assert moved.manhattanLength() < 3
    editor.zoom_reset()
    assert editor.zoom == pytest.approx(1)


def wheel(editor: GraphEditor, angle: QPoint, pixels: QPoint, held: Qt.KeyboardModifier = NONE) -> None:
    view = editor.viewport()
    place = QPointF(300, 200)
    phase = Qt.ScrollPhase.NoScrollPhase
    at = QPointF(view.mapToGlobal(place.toPoint()))
    event = QWheelEvent(place, at, pixels, angle, Qt.MouseButton.NoButton, held, phase, False)
    QApplication.sendEvent(view, event)


def test_the_wheel_zooms_and_two_fingers_pan(editor: GraphEditor) -> None:
    none, at = QPoint(), QPoint(300, 200)
    below = editor.mapToScene(at)
    wheel(editor, QPoint(0, 120), none)
    assert editor.zoom == pytest.approx(1.25)
    assert (editor.mapToScene(at) - below).manhattanLength() < 3
    wheel(editor, QPoint(0, -120), none)
    assert editor.zoom == pytest.approx(1)
    origin = editor.mapFromScene(QPointF())
    wheel(editor, QPoint(10, 20), QPoint(15, 25))
    assert editor.mapFromScene(QPointF()) - origin == QPoint(15, 25)
    wheel(editor, QPoint(0, 120), QPoint(0, 25), CTRL)
    assert editor.zoom == pytest.approx(1.25)
    origin = editor.mapFromScene(QPointF())
    wheel(editor, QPoint(0, 120), none, SHIFT)
    assert editor.mapFromScene(QPointF()) - origin == QPoint(60, 0)


def test_from_far_away_the_overview_stands_for_everything(editor: GraphEditor, hand: Hand) -> None:
    while editor.zoom > 0.2:
        editor.zoom_out()
    assert editor.picture.overview.isVisible()
    assert not any(item.isVisible() for item in editor.picture.nodes.values())
    hand.click(body(editor, "tanh"))
    assert editor.bench.selection == {"tanh"}
    editor.fit_all()
    assert not editor.picture.overview.isVisible()
    assert all(item.isVisible() for item in editor.picture.nodes.values())


def test_an_empty_canvas_says_how_to_begin(editor: GraphEditor) -> None:
    notes = {note.text(): note for note in editor.findChildren(Note)}
    assert not notes[EMPTY_HINT].isVisible()
    editor.select_all()
    editor.delete_selection()
    assert notes[EMPTY_HINT].isVisible()
    editor.bench.undo()
    assert not notes[EMPTY_HINT].isVisible()


def test_a_stale_run_is_announced(editor: GraphEditor) -> None:
    notes = {note.text(): note for note in editor.findChildren(Note)}
    editor.bench.bench.stale = True
    editor.bench.stale_changed.emit(True)
    assert notes[STALE_NOTE].isVisible()


# ---------------------------------------------------------------- problems and menus


def test_a_failing_node_has_its_sentence_on_hover_as_plain_text(editor: GraphEditor) -> None:
    assert editor.picture.nodes["relu"].look.problem
    tip = editor.hover.tip(body(editor, "relu"))
    assert "nothing connected" in tip


def test_the_menu_of_a_failing_node_offers_fixes_that_undo_as_one(editor: GraphEditor) -> None:
    editor.problems.look()
    problem = next(p for p in editor.problems.at("relu") if p.fixes)
    menu = menus.build(editor, body(editor, "relu"))
    action = next(a for a in menu.actions() if a.text() == problem.fixes[0].label)
    before = editor.bench.document
    action.trigger()
    one_step(editor, before)


def test_menus_of_wire_and_canvas_offer_what_fits_there(editor: GraphEditor) -> None:
    wire = menus.build(editor, editor.picture.wires[Link("linear", "tanh")].middle())
    assert any(a.text().startswith("Delete wire") for a in wire.actions())
    canvas = menus.build(editor, QPointF(600, 500))
    assert any(a.text().startswith("Paste") for a in canvas.actions())


def test_opening_another_document_replaces_everything(editor: GraphEditor) -> None:
    editor.bench.select({"tanh"})
    editor.picture.show_change(editor.bench.document, Document())
    assert not editor.picture.nodes
    assert not editor.picture.wires
    editor.picture.show_change(Document(), editor.bench.document)
    assert editor.picture.nodes.keys() == editor.bench.document.graph.nodes.keys()


def test_a_right_click_during_a_drag_cancels_it(
    editor: GraphEditor, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[QPointF] = []
    monkeypatch.setattr(menus, "show", lambda editor, at, place: shown.append(place))
    before = editor.bench.document
    hand.press(body(editor, "linear"))
    hand.move(body(editor, "linear") + QPointF(90, 90))
    QApplication.sendEvent(
        editor.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(5, 5), QPoint(5, 5))
    )
    assert shown
    assert editor.bench.document is before
    assert mirrors(editor)


def test_an_unknown_layer_and_hostile_names_are_drawn_as_they_are(editor: GraphEditor) -> None:
    graph = editor.bench.document.graph
    graph = graph.with_node(Node("odd", UnknownLayer("Capsule", {}), 0.0, 400.0, name="<img src='/dev/zero'>" * 20))
    graph = graph.with_node(replace(graph.node("tanh"), name="a\n\u202eb  c"))
    editor.bench.apply_graph("Odd", graph)
    assert not editor.grab().isNull()
    assert editor.picture.nodes["odd"].look.summary == "Capsule"
    assert "<img" not in editor.hover.tip(body(editor, "odd"))
    assert mirrors(editor)


def test_the_picture_of_a_run_replaces_the_icons(editor: GraphEditor, qtbot: QtBot) -> None:
    values = np.linspace(-1, 1, 4 * 24 * 24, dtype=np.float32).reshape(4, 24, 24)
    shown = NodeActivations("plane", values, -1.0, 1.0, 0.0, 0.0, 4)
    assert editor.pictures.wants() == {WANT}
    answers = {WANT: Activations({"linear": shown, "gone": shown})}
    editor.bench.pictured.emit(Snapshot(run=1, step=1, epoch=1, answers=answers))
    qtbot.waitUntil(lambda: editor.picture.nodes["linear"].picture is not None)
    assert editor.picture.nodes["tanh"].picture is None
    while editor.zoom > 0.4:
        editor.zoom_out()
    assert editor.pictures.wants() == frozenset()  # too far away to be seen: costs nothing
    editor.hide()
    editor.zoom_reset()
    assert editor.pictures.wants() == frozenset()


def test_the_minimap_shows_once_part_is_out_of_sight_and_a_click_looks_there(editor: GraphEditor) -> None:
    editor.minimap.refresh()
    assert not editor.minimap.isVisible()
    editor.centerOn(2_000, 2_000)
    editor.minimap.refresh()
    assert editor.minimap.isVisible()
    QTest.mouseClick(editor.minimap, LEFT, NONE, editor.minimap.rect().center())
    assert editor.seen().intersects(editor.picture.bounds())


def test_themes_change_every_colour(editor: GraphEditor) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    was = theme.current()
    light = editor.grab().toImage().pixelColor(5, 5)
    try:
        theme.apply(app, theme.DARK)
        editor.on_theme()
        assert editor.grab().toImage().pixelColor(5, 5) == QColor(theme.DARK.canvas)
        assert light != QColor(theme.DARK.canvas)
    finally:
        theme.apply(app, was)


def test_a_canvas_that_is_gone_is_no_longer_asked_nor_told(bench: Workbench, qtbot: QtBot) -> None:
    made = GraphEditor(bench)
    made.show()
    made.deleteLater()
    del made
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    bench.apply_graph("Gone", bench.document.graph.without_node("relu"))
    bench.pictured.emit(Snapshot(run=1, step=1, epoch=1, answers={WANT: Activations({})}))
    bench.frame()
