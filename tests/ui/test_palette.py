"""The palette shows every layer, finds by typing, and adds behind the selection."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QMimeData, QModelIndex, QPointF, Qt
from PySide6.QtGui import QHoverEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from nnlab.core.document import Document
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS
from nnlab.ui.canvas import palette, search, shelf
from nnlab.ui.canvas.palette import Palette
from nnlab.ui.canvas.shelf import ONLY_INSIDE
from nnlab.ui.workbench import Workbench


@pytest.fixture
def bench() -> Iterator[Workbench]:
    graph = Graph()
    for place, kind in enumerate(("Input", "Linear", "Output")):
        graph = graph.with_node(Node(kind.lower(), LAYERS[kind](), 224.0 * place, 0.0))
    made = Workbench(Document(graph=graph.connect("input", "linear").connect("linear", "output")))
    yield made
    made.close()


@pytest.fixture
def shown(bench: Workbench, qtbot: QtBot) -> Palette:
    made = Palette(bench)
    qtbot.addWidget(made)
    made.resize(220, 800)
    made.show()
    return made


def test_every_layer_is_listed_once(shown: Palette) -> None:
    shown.open_all()
    assert sorted(shown.shown_layers()) == sorted(each.id for each in shelf.things() if each.id not in ONLY_INSIDE)


def test_a_beginner_sees_the_first_layers_alone(shown: Palette) -> None:
    assert all(LAYERS[id_].tier == 1 for id_ in shown.shown_layers() if id_ in LAYERS)
    assert {"Linear", "ReLU", "Conv2d", "Dropout"} <= set(shown.shown_layers())
    assert len(shown.shown_layers()) < 40


def more_row(shown: Palette, heading: str) -> QTreeWidgetItem:
    (found,) = shown.tree.findItems(heading, Qt.MatchFlag.MatchExactly)
    return found.child(found.childCount() - 1)


def test_the_last_row_of_a_heading_opens_it_step_by_step_and_closes_it(shown: Palette, qtbot: QtBot) -> None:
    def click() -> None:
        shown.tree.scrollToItem(more_row(shown, "Activation"))
        place = shown.tree.visualItemRect(more_row(shown, "Activation")).center()
        qtbot.mouseClick(shown.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)

    assert "GELU" not in shown.shown_layers()
    click()
    assert "GELU" in shown.shown_layers()
    assert "Hardswish" not in shown.shown_layers()
    click()
    assert "Hardswish" in shown.shown_layers()
    assert more_row(shown, "Activation").text(0) == "Fewer"
    click()
    assert "GELU" not in shown.shown_layers()
    assert "ReLU" in shown.shown_layers()


def test_enter_opens_a_heading_too_and_it_stays_open_when_listed_anew(shown: Palette) -> None:
    shown.tree.setCurrentItem(more_row(shown, "Pooling"))
    QTest.keyClick(shown.tree, Qt.Key.Key_Return)
    assert "MaxPool1d" in shown.shown_layers()
    shown.refill()
    assert "MaxPool1d" in shown.shown_layers()


def test_search_finds_what_is_folded_away_and_leaves_the_folding_as_it_was(shown: Palette) -> None:
    before = shown.shown_layers()
    shown.field.setText("hardswish")
    assert shown.shown_layers() == ["Hardswish"]
    assert more_row(shown, "Activation").isHidden()
    shown.field.clear()
    assert shown.shown_layers() == before


def test_typing_filters_and_enter_adds_behind_the_selection(shown: Palette, bench: Workbench) -> None:
    bench.select({"linear"})
    before = bench.document
    QTest.keyClicks(shown.field, "relu")
    assert shown.shown_layers()[0] == "ReLU"
    assert "Linear" not in shown.shown_layers()
    QTest.keyClick(shown.field, Qt.Key.Key_Return)
    assert {Link("linear", "relu"), Link("relu", "output")} <= bench.document.graph.links
    assert bench.selection == {"relu"}
    bench.undo()
    assert bench.document == before


def test_a_chain_is_built_by_adding_again_and_again(bench: Workbench, shown: Palette) -> None:
    bench.apply_graph("Empty", Graph())
    for layer_id in ("Input", "Linear", "Tanh", "Output"):
        shown.add(layer_id)
    graph = bench.document.graph
    assert graph.links == {Link("input", "linear"), Link("linear", "tanh"), Link("tanh", "output")}
    assert len({(n.x, n.y) for n in graph.nodes.values()}) == 4


def test_double_click_adds(shown: Palette, bench: Workbench) -> None:
    shown.field.setText("flatten")
    item = shown.tree.currentItem()
    shown.tree.itemDoubleClicked.emit(item, 0)
    assert "flatten" in bench.document.graph.nodes


def test_a_drag_carries_a_layer_that_exists_and_nothing_else() -> None:
    assert palette.layer_in(palette.mime_of("Linear")) == "Linear"
    assert palette.layer_in(palette.mime_of("os.system")) is None
    foreign = QMimeData()
    foreign.setText("Linear")
    assert palette.layer_in(foreign) is None


def test_the_drag_shows_the_node_that_will_be(shown: Palette) -> None:
    for layer_id in LAYERS:
        assert not palette.ghost_of(layer_id, 2.0).isNull()


@pytest.mark.parametrize(
    ("typed", "first"),
    [("lin", "Linear"), ("conv", "Conv2d"), ("mxpl", "MaxPool2d"), ("dropout", "Dropout"), ("activation", "ReLU")],
)
def test_search_finds_by_title_id_category_and_letters(typed: str, first: str) -> None:
    assert search.found(search.layer_choices(list(LAYERS)), typed)[0].value == first


def test_a_number_behind_a_name_sets_the_size() -> None:
    choice = search.found(search.layer_choices(list(LAYERS)), "linear 128")[0]
    layer = search.configured(choice.value, choice.number)
    assert layer is not None
    assert layer.as_dict()["out_features"] == 128
    assert search.found(search.layer_choices(list(LAYERS)), "linear 99999999999") == []


def test_nothing_found_says_so_and_enter_does_nothing(bench: Workbench, shown: Palette) -> None:
    before = bench.document
    QTest.keyClicks(shown.field, "qqqq")
    assert shown.shown_layers() == []
    QTest.keyClick(shown.field, Qt.Key.Key_Return)
    assert bench.document is before


def test_layers_light_up_under_the_pointer_and_headings_do_not(shown: Palette) -> None:
    def picture_with_pointer_on(place: QModelIndex) -> QImage:
        spot = QPointF(shown.tree.visualRect(place).center())
        QApplication.sendEvent(shown.tree.viewport(), QHoverEvent(QEvent.Type.HoverMove, spot, spot, spot))
        return shown.tree.viewport().grab().toImage()

    model = shown.tree.model()
    heading = model.index(0, 0)
    plain = shown.tree.viewport().grab().toImage()
    assert picture_with_pointer_on(model.index(0, 0, heading)) != plain
    assert picture_with_pointer_on(heading) == plain


def test_at_its_whole_width_no_name_is_cut(shown: Palette) -> None:
    shown.resize(shown.whole_width(), 300)
    assert shown.tree.sizeHintForColumn(0) <= shown.tree.viewport().width()
