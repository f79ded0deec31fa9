"""A layer with several ports names the one under the pointer."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.example import EXAMPLES
from nnlab.core.layer import LAYERS
from nnlab.ui.canvas.editor import GraphEditor
from nnlab.ui.inspector.inspector import Inspector
from nnlab.ui.look import theme
from nnlab.ui.look.port_words import port_words
from nnlab.ui.workbench import Workbench


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Workbench]:
    made = Workbench(EXAMPLES["colours"].document())
    yield made
    made.close()


@pytest.fixture
def editor(bench: Workbench, qtbot: QtBot) -> GraphEditor:
    made = GraphEditor(bench)
    qtbot.addWidget(made)
    made.resize(1000, 600)
    made.show()
    return made


def attention(bench: Workbench) -> str:
    return next(n for n, node in bench.document.graph.nodes.items() if node.type_id == "MultiheadAttention")


def test_every_port_of_every_layer_reads_as_words() -> None:
    for kind in LAYERS.values():
        for port in (*kind.inputs, *kind.outputs):
            text = port_words(port.name)
            assert "_" not in text
            assert len(text) > 1


def test_pointing_at_a_port_names_it_beside_the_node_and_in_the_tooltip(editor: GraphEditor, bench: Workbench) -> None:
    node = attention(bench)
    item = editor.picture.nodes[node]
    for name, words in (("q", "query"), ("k", "key (optional)"), ("padding", "padding mask (optional)")):
        place = item.port_point(name, False)
        editor.hover.move(place)
        assert item.state.hot_port == (name, False)
        assert item.look.label_of(name, False) == words
        assert item.boundingRect().left() < -30
        assert words in editor.hover.tip(place)
        assert "-1" not in editor.hover.tip(place).replace("−", "-")
    editor.hover.leave()
    assert item.boundingRect().left() > -30


def test_the_name_is_painted_inside_what_the_item_says_it_covers(editor: GraphEditor, bench: Workbench) -> None:
    item = editor.picture.nodes[attention(bench)]
    editor.fit_all()
    editor.hover.move(item.port_point("weights", True))
    QApplication.processEvents()
    box = item.boundingRect()
    assert box.right() > item.look.rect.right() + 60
    middle = item.pos() + QPointF(item.look.rect.right() + 40, item.port_point("weights", True).y() - item.pos().y())
    at = editor.mapFromScene(middle)
    picture = editor.viewport().grab().toImage()
    ratio = picture.devicePixelRatio()
    seen = {
        picture.pixelColor(int((at.x() + dx) * ratio), int((at.y() + dy) * ratio)).rgb()
        for dx in range(-15, 16)
        for dy in range(-4, 5)
    }
    assert QColor(theme.current().raised).rgb() in seen


def test_a_layer_with_one_port_on_a_side_needs_no_name(editor: GraphEditor, bench: Workbench) -> None:
    node = next(n for n, made in bench.document.graph.nodes.items() if made.type_id == "Linear")
    item = editor.picture.nodes[node]
    editor.hover.move(item.port_point("in", False))
    assert item.look.label_of("in", False) == ""


def test_the_inspector_names_what_arrives_and_leaves_out_what_does_not(bench: Workbench, qtbot: QtBot) -> None:
    inspector = Inspector(bench)
    qtbot.addWidget(inspector)
    inspector.show()
    bench.select([attention(bench)])
    inspector.refresh()
    facts = dict(inspector.node_page.facts.texts())
    assert "In, query" in facts
    assert "In, padding mask" in facts
    assert "In, mask" not in facts
    assert not any("-1" in value or "−1" in value for value in facts.values())
