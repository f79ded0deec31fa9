"""The activation of a Linear, chosen in its page: it edits the drawing, one undo step at a time."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from pytestqt.qtbot import QtBot

from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.ui.forms.fields import Field
from nnlab.ui.inspector.inspector import Inspector
from nnlab.ui.workbench import Workbench


def small_network() -> Document:
    """Input, linear, tanh, output in a row."""
    graph = Graph()
    kinds = ("Input", "Linear", "Tanh", "Output")
    for place, kind in enumerate(kinds):
        graph = graph.with_node(Node(kind.lower(), LAYERS[kind](), 224.0 * place, 0.0))
    for source, target in pairwise(kinds):
        graph = graph.connect(source.lower(), target.lower())
    return Document(graph=graph)


@pytest.fixture
def bench(qapp: object) -> Iterator[Workbench]:
    made = Workbench(small_network())
    yield made
    made.close()


@pytest.fixture
def inspector(qtbot: QtBot, bench: Workbench) -> Inspector:
    made = Inspector(bench)
    qtbot.addWidget(made)
    made.resize(300, 800)
    made.show()
    bench.select(["linear"])
    made.refresh()
    return made


def choose(inspector: Inspector, kind: str) -> None:
    """What a click on this entry of the list does."""
    field: Field = inspector.node_page.activation.form.fields["kind"]
    (box,) = field.controls()
    index = box.findData(kind)  # type: ignore[attr-defined]
    assert index >= 0
    box.setCurrentIndex(index)  # type: ignore[attr-defined]
    box.activated.emit(index)  # type: ignore[attr-defined]
    inspector.refresh()


def shown(inspector: Inspector) -> str:
    (box,) = inspector.node_page.activation.form.fields["kind"].controls()
    return str(box.currentText())  # type: ignore[attr-defined]


def test_it_shows_the_activation_that_is_drawn(inspector: Inspector, bench: Workbench) -> None:
    assert shown(inspector) == "Tanh"
    bench.select(["tanh"])
    inspector.refresh()
    assert not inspector.node_page.activation.isVisible()
    bench.select(["linear"])
    inspector.refresh()
    assert inspector.node_page.activation.isVisible()


def test_another_choice_changes_the_drawing_and_undo_brings_it_back(inspector: Inspector, bench: Workbench) -> None:
    before = bench.document
    choose(inspector, "ReLU")
    assert [n.type_id for n in bench.document.graph.nodes.values()] == ["Input", "Linear", "ReLU", "Output"]
    assert bench.history.undo_label == "Activation of Linear: ReLU"
    choose(inspector, "")
    assert [n.type_id for n in bench.document.graph.nodes.values()] == ["Input", "Linear", "Output"]
    choose(inspector, "GELU")
    assert shown(inspector) == "GELU"
    assert bench.selection == {"linear"}
    for _ in range(3):
        bench.undo()
    assert bench.document == before
    inspector.refresh()
    assert shown(inspector) == "Tanh"


def test_what_the_drawing_says_is_what_the_list_says(inspector: Inspector, bench: Workbench) -> None:
    bench.apply_graph("Delete", bench.document.graph.without_node("tanh"))
    inspector.refresh()
    assert shown(inspector) == "None"
