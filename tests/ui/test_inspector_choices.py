"""Input's source and Output's target and loss are chosen from what the present data have."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.blocks.block import Block
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.core.loss import LOSSES
from nnlab.ui.forms.fields import ChoiceField
from nnlab.ui.forms.form import NamedField
from nnlab.ui.inspector.inspector import Inspector
from nnlab.ui.workbench import Workbench


def ids(document: Document, kind: str) -> list[str]:
    return [n for n, node in document.graph.nodes.items() if node.type_id == kind]


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Workbench]:
    made = Workbench(EXAMPLES["house-price"].document())
    yield made
    made.close()


@pytest.fixture
def inspector(bench: Workbench, qtbot: QtBot) -> Inspector:
    made = Inspector(bench)
    qtbot.addWidget(made)
    made.resize(QSize(304, 700))
    made.show()
    return made


def field(inspector: Inspector, bench: Workbench, node_id: str, name: str) -> ChoiceField | NamedField:
    bench.select([node_id])
    inspector.refresh()
    assert inspector.node_page.form is not None
    found = inspector.node_page.form.fields[name]
    assert isinstance(found, ChoiceField | NamedField)
    return found


def texts(found: ChoiceField | NamedField) -> list[str]:
    return [found.box.itemText(k) for k in range(found.box.count())]


def values(found: ChoiceField | NamedField) -> list[str]:
    return [found.box.itemData(k) for k in range(found.box.count())]


def choose(found: ChoiceField | NamedField, value: str) -> None:
    place = values(found).index(value)
    found.box.setCurrentIndex(place)
    found.box.activated.emit(place)


def test_an_input_offers_every_input_of_the_data(inspector: Inspector, bench: Workbench) -> None:
    node = ids(bench.document, "Input")[0]
    spec = bench.document.spec
    assert spec is not None
    source = field(inspector, bench, node, "source")
    assert values(source) == ["", *(f.name for f in spec.fields)]
    assert texts(source)[0].startswith("Automatic: ")


def test_choosing_stores_the_name_and_is_one_undo_step(inspector: Inspector, bench: Workbench) -> None:
    node = ids(bench.document, "Input")[0]
    source = field(inspector, bench, node, "source")
    before = bench.document.graph.node(node).layer
    choose(source, "")
    assert getattr(bench.document.graph.node(node).layer, "source") == ""  # noqa: B009
    inspector.refresh()
    assert field(inspector, bench, node, "source") is source  # the list is not taken away under the pointer
    bench.undo()
    assert bench.document.graph.node(node).layer == before


def test_other_data_offer_other_names_and_the_old_one_is_said_to_be_missing(
    inspector: Inspector, bench: Workbench
) -> None:
    node = ids(bench.document, "Input")[0]
    named = bench.document.graph.node(node)
    bench.apply_graph("name", bench.document.graph.with_node(replace(named, layer=named.layer.with_(source="table"))))
    bench.apply("data", bench.document.with_data(dataset=DATASETS["spiral"]()))
    source = field(inspector, bench, node, "source")
    assert texts(source)[-1] == "table (not there)"
    assert source.box.currentText() == "table (not there)"
    assert "picture" not in values(source)


def test_an_output_offers_targets_and_losses(inspector: Inspector, bench: Workbench) -> None:
    node = ids(bench.document, "Output")[0]
    target = field(inspector, bench, node, "target")
    assert values(target)[0] == ""
    assert values(target)[-1] == "input"
    loss = field(inspector, bench, node, "loss")
    assert set(values(loss)) == {"auto", *LOSSES}
    choose(loss, "l1")
    assert getattr(bench.document.graph.node(node).layer, "loss") == "l1"  # noqa: B009


def test_several_inputs_are_chosen_for_together(inspector: Inspector, bench: Workbench) -> None:
    bench.select(ids(bench.document, "Input"))
    inspector.refresh()
    form = inspector.several_page.form
    assert form is not None
    assert isinstance(form.fields["source"], ChoiceField)


def test_a_block_has_one_field_for_its_name(bench: Workbench, inspector: Inspector) -> None:
    bench.open_document(EXAMPLES["skips"].document())
    block = next(n for n, node in bench.document.graph.nodes.items() if isinstance(node.layer, Block))
    bench.select([block])
    inspector.refresh()
    form = inspector.node_page.form
    assert form is not None
    assert not form.fields["called"].widget.isVisible()
    inspector.node_page.name.setText("Deep")
    inspector.node_page.name.setModified(True)
    inspector.node_page.name.editingFinished.emit()
    assert bench.document.graph.node(block).title == "Deep"
