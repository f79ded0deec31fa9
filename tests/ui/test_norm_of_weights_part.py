"""The norm of weights in the inspector: there for layers that can have one, one undo step, and said on the card."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from pytestqt.qtbot import QtBot

from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.ui.canvas.looks import node_look
from nnlab.ui.forms.fields import Field
from nnlab.ui.inspector.inspector import Inspector
from nnlab.ui.workbench import Workbench

KINDS = ("Input", "Linear", "BatchNorm1d", "Output")


@pytest.fixture
def bench(qapp: object) -> Iterator[Workbench]:
    graph = Graph()
    for place, kind in enumerate(KINDS):
        graph = graph.with_node(Node(kind.lower(), LAYERS[kind](), 224.0 * place, 0.0))
    for source, target in pairwise(KINDS):
        graph = graph.connect(source.lower(), target.lower())
    made = Workbench(Document(graph=graph))
    yield made
    made.close()


@pytest.fixture
def inspector(qtbot: QtBot, bench: Workbench) -> Inspector:
    made = Inspector(bench)
    qtbot.addWidget(made)
    made.resize(300, 800)
    made.show()
    return made


def field_of(inspector: Inspector, bench: Workbench, node_id: str) -> Field:
    bench.select([node_id])
    inspector.refresh()
    inspector.node_page.learning.fold.setChecked(True)
    found: Field = inspector.node_page.learning.form_of().fields["norm"]
    return found


def test_it_is_there_for_layers_that_can_have_one(inspector: Inspector, bench: Workbench) -> None:
    assert field_of(inspector, bench, "linear").widget.isVisible()
    assert not field_of(inspector, bench, "batchnorm1d").widget.isVisible()


def test_choosing_one_is_an_undo_step_and_stands_on_the_card(inspector: Inspector, bench: Workbench) -> None:
    (box,) = field_of(inspector, bench, "linear").controls()
    index = box.findData("weight")  # type: ignore[attr-defined]
    box.setCurrentIndex(index)  # type: ignore[attr-defined]
    box.activated.emit(index)  # type: ignore[attr-defined]
    assert bench.document.graph.node("linear").learning.norm == "weight"
    assert node_look(bench.document, "linear").summary.startswith("weight norm")
    bench.undo()
    assert bench.document.graph.node("linear").learning.norm == "none"
