"""A fix that is pointed at shows on the canvas what it would change, and changes nothing."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QFocusEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from nnlab.core.check import check
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.fixes import bypass, fix, set_layer
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.ui.canvas import menus, shelf
from nnlab.ui.canvas.editor import GraphEditor
from nnlab.ui.inspector.inspector import Inspector
from nnlab.ui.look import theme
from nnlab.ui.scope import Scope
from nnlab.ui.workbench import Workbench


def picture_network() -> Document:
    """Digits into a Linear without a Flatten: a mistake with a fix."""
    graph = Graph()
    for place, kind in enumerate(("Input", "Conv2d", "Linear", "Output")):
        graph = graph.with_node(Node(kind.lower(), LAYERS[kind](), 224.0 * place, 0.0))
    for source, target in (("input", "conv2d"), ("conv2d", "linear"), ("linear", "output")):
        graph = graph.connect(source, target)
    graph = set_layer(graph, "linear", out_features=10)
    return Document(graph=graph, data=Data(dataset=DATASETS["digits"]()))


@pytest.fixture
def bench(qapp: object) -> Iterator[Workbench]:
    made = Workbench(picture_network())
    yield made
    made.close()


@pytest.fixture
def scope(bench: Workbench) -> Scope:
    return Scope(bench)


@pytest.fixture
def editor(qtbot: QtBot, scope: Scope) -> GraphEditor:
    made = GraphEditor(scope)
    made.glide.enabled = False
    qtbot.addWidget(made)
    made.resize(1100, 500)
    made.show()
    return made


@pytest.fixture
def inspector(qtbot: QtBot, scope: Scope) -> Inspector:
    made = Inspector(scope)
    qtbot.addWidget(made)
    made.resize(300, 700)
    made.show()
    return made


def places(editor: GraphEditor) -> dict[str, QPointF]:
    return {n: item.pos() for n, item in editor.picture.nodes.items()}


def point(widget: QWidget) -> None:
    at = QPointF(4, 4)
    QApplication.sendEvent(widget, QEnterEvent(at, at, at))


def flatten_first(document: Document) -> Document:
    """What the first fix of the first mistake makes."""
    return check(document)[0].fixes[0].apply(document)


def test_a_previewed_layer_stands_where_it_would_land_and_the_rest_makes_room(editor: GraphEditor) -> None:
    bench, before = editor.bench, places(editor)
    document, steps = bench.document, bench.history.undo_label
    new = flatten_first(document)
    bench.preview(flatten_first)
    found = editor.ghost.shown
    assert found is not None
    assert found.added == ("flatten",)
    for node_id, item in editor.picture.nodes.items():
        assert item.pos() == QPointF(new.graph.nodes[node_id].x, new.graph.nodes[node_id].y)
    assert bench.document is document
    assert bench.history.undo_label == steps
    bench.preview(None)
    assert editor.ghost.shown is None
    assert places(editor) == before
    assert {i.opacity() for i in (*editor.picture.nodes.values(), *editor.picture.wires.values())} == {1.0}


def test_nothing_of_a_preview_stays_in_the_scene(editor: GraphEditor) -> None:
    items = len(editor.picture.items())
    editor.bench.preview(flatten_first)
    assert len(editor.picture.items()) == items + 3  # the layer and its two wires
    editor.bench.preview(None)
    assert len(editor.picture.items()) == items


def test_layers_that_would_go_are_faded(editor: GraphEditor) -> None:
    editor.bench.preview(lambda d: d.with_graph(bypass(d.graph, "conv2d")))
    assert editor.picture.nodes["conv2d"].opacity() < 0.5
    editor.bench.preview(None)
    assert editor.picture.nodes["conv2d"].opacity() == 1.0


def test_changes_of_the_training_stand_in_a_note(editor: GraphEditor) -> None:
    editor.bench.preview(lambda d: d.with_training(loss="mse"))
    assert editor.ghost.note.isVisible()
    assert editor.ghost.note.text().startswith("Loss Automatic → ")
    editor.bench.preview(None)
    assert not editor.ghost.note.isVisible()


def test_a_preview_that_changes_nothing_or_fails_shows_nothing(editor: GraphEditor) -> None:
    editor.bench.preview(lambda d: d)
    assert editor.ghost.shown is None
    editor.bench.preview(fix("Go", lambda d: d.with_graph(bypass(d.graph, "nowhere"))).apply)
    assert editor.ghost.shown is None
    editor.bench.preview(lambda d: d.with_graph(bypass(d.graph, "nowhere")))
    assert editor.ghost.shown is None


def test_an_edit_ends_the_preview_and_undo_takes_back_the_edit_alone(editor: GraphEditor) -> None:
    bench, before = editor.bench, editor.bench.document
    bench.preview(flatten_first)
    bench.apply("Insert a Flatten", flatten_first(before))
    assert editor.ghost.shown is None
    assert "flatten" in editor.picture.nodes
    bench.undo()
    assert bench.document == before
    assert places(editor) == {n: QPointF(node.x, node.y) for n, node in before.graph.nodes.items()}


def test_what_would_change_comes_into_view_and_the_view_comes_back(editor: GraphEditor) -> None:
    editor.look_at(QPointF(-2000, -2000), 1.0)
    where = editor.seen()
    editor.bench.preview(flatten_first)
    assert not editor.seen().intersects(where)
    editor.bench.preview(None)
    assert editor.seen().center() == where.center()


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK])
def test_it_is_painted_in_both_themes(editor: GraphEditor, qapp: QApplication, colors: theme.Theme) -> None:
    before = theme.current()
    theme.apply(qapp, colors)
    plain = editor.grab().toImage()
    editor.bench.preview(flatten_first)
    assert editor.grab().toImage() != plain
    editor.bench.preview(lambda d: d.with_graph(set_layer(bypass(d.graph, "conv2d"), "linear", out_features=3)))
    assert editor.grab().toImage() != plain
    editor.bench.preview(None)
    theme.apply(qapp, before)


def test_a_button_under_the_mouse_previews_its_fix(editor: GraphEditor, inspector: Inspector, qtbot: QtBot) -> None:
    problem = next(p for p in check(editor.bench.document) if p.node is not None and p.fixes)
    editor.bench.select({str(problem.node)})
    inspector.refresh()
    button = inspector.node_page.cards.cards[0].buttons[0]
    point(button)
    qtbot.waitUntil(lambda: editor.ghost.shown is not None)
    QApplication.sendEvent(button, QEvent(QEvent.Type.Leave))
    assert editor.ghost.shown is None


def test_a_button_under_the_keyboard_previews_its_fix_until_it_is_left(
    editor: GraphEditor, inspector: Inspector
) -> None:
    problem = next(p for p in check(editor.bench.document) if p.node is not None and p.fixes)
    editor.bench.select({str(problem.node)})
    inspector.refresh()
    button = inspector.node_page.cards.cards[0].buttons[0]
    QApplication.sendEvent(button, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.TabFocusReason))
    assert editor.ghost.shown is not None
    button.click()
    assert editor.ghost.shown is None
    assert editor.bench.document != picture_network()


def test_an_entry_of_the_menu_previews_its_fix(editor: GraphEditor) -> None:
    problem = next(p for p in check(editor.bench.document) if p.node is not None and p.fixes)
    menu = menus.build(editor, editor.picture.nodes[str(problem.node)].card().center())
    menu.hovered.emit(menu.actions()[0])
    assert editor.ghost.shown is not None
    other = next(action for action in menu.actions() if action.text().startswith("Rename"))
    menu.hovered.emit(other)
    assert editor.ghost.shown is None
    menu.deleteLater()


def test_inside_a_block_a_fix_of_the_whole_network_shows_what_it_does_inside(editor: GraphEditor) -> None:
    editor.bench.select({"conv2d"})
    editor.group_selection()
    (block,) = editor.bench.selection
    editor.bench.enter(block)
    editor.bench.preview(lambda d: d.with_training(loss="mse"), whole=True)
    assert editor.ghost.shown is not None
    editor.bench.preview(lambda d: d.with_graph(bypass(d.graph, block)), whole=True)
    assert editor.ghost.shown is None  # the open block itself would go: there is no inside to show it in


def test_a_layer_added_at_the_end_stays_in_view_with_all_the_others(editor: GraphEditor, qtbot: QtBot) -> None:
    editor.glide.enabled = True
    editor.fit_all()
    link = next(k for k in editor.picture.wires if k.target == "output")
    editor.drop_layer(LAYERS["ReLU"](), editor.picture.wires[link].middle(), link)
    qtbot.waitUntil(lambda: editor.travel.state() == editor.travel.State.Stopped)
    editor.glide.settle()
    assert editor.bench.selection == {"relu"}
    assert editor.seen().contains(editor.picture.bounds())


def test_the_search_on_the_canvas_begins_with_what_one_meets_first() -> None:
    first = shelf.usual_first(shelf.offered(False))
    assert first[:2] == ["Input", "Output"]
    assert first.index("Linear") < first.index("Conv2d") < first.index("Bilinear")
    assert sorted(first) == sorted(shelf.offered(False))
