"""The activations panel shows every layer in order, only what can be seen, and one unit large."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.engine.events import Prepared, Snapshot
from nnlab.engine.wants import Activations, ActivationsWant, NodeActivations, SampleValues, SampleWant
from nnlab.ui.look import pictures
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.activations import COARSE, FINE, ActivationsPanel
from nnlab.ui.workbench import Workbench


def chain(*layers: Layer) -> Graph:
    graph, before = Graph(), ""
    for one in layers:
        node_id = graph.new_id(one)
        graph = graph.with_node(Node(node_id, one))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return graph


def document(data: str = "spiral", depth: int = 2) -> Document:
    hidden = [one for _ in range(depth) for one in (LAYERS["Linear"](), LAYERS["Tanh"]())]
    graph = chain(LAYERS["Input"](), *hidden, LAYERS["Linear"](out_features=2), LAYERS["Output"]())
    return Document(graph=graph).with_data(dataset=DATASETS[data]())


def node(kind: str, count: int, side: int = 8, dead: float = 0.0, total: int = 0) -> NodeActivations:
    shape = (count,) if kind == "vector" else (count, side, side)
    values = np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    return NodeActivations(kind, values, -1, 1, 0, dead, total or count)  # type: ignore[arg-type]


def planes(made: Document, count: int = 8) -> Activations:
    return Activations({node_id: node("plane", count, 16) for node_id in made.graph.nodes}, (-1, 1), (-2, 2))


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Workbench]:
    made = Workbench(document())
    yield made
    made.close()


@pytest.fixture
def panel(bench: Workbench, qtbot: QtBot) -> ActivationsPanel:
    made = PANELS["activations"](bench)
    assert isinstance(made, ActivationsPanel)
    qtbot.addWidget(made)
    bench.document_changed.connect(made.on_document)
    made.resize(420, 320)
    made.show()
    return made


def answer(panel: ActivationsPanel, answer: object) -> None:
    found = {want: answer for want in panel.wants() if isinstance(want, ActivationsWant)}
    panel.on_snapshot(Snapshot(1, 0, 0, found))


def test_every_layer_has_a_row_in_the_order_of_computing(panel: ActivationsPanel, bench: Workbench) -> None:
    answer(panel, planes(bench.document))
    assert [row.node_id for row in panel.units.rows] == list(bench.document.graph.in_order)
    tops = [row.top for row in panel.units.rows]
    assert tops == sorted(tops)
    assert panel.units.minimumHeight() == panel.units.rows[-1].bottom


@pytest.mark.parametrize(("kind", "count"), [("plane", 3), ("plane", 64), ("maps", 32), ("vector", 5), ("vector", 64)])
@pytest.mark.parametrize("width", [200, 420, 1000])
def test_every_unit_is_found_where_it_is_drawn(
    panel: ActivationsPanel, bench: Workbench, kind: str, count: int, width: int
) -> None:
    panel.resize(width, 400)
    answer(panel, Activations({"linear": node(kind, count)}))
    row = panel.units.rows[0]
    for unit in range(count):
        box = row.place(unit)
        assert panel.units.unit_at(box.center()) == ("linear", unit)
        assert box.left() >= 0
        assert box.right() <= panel.units.width() + 1
    panel.grab()


def test_says_how_many_units_their_range_and_which_never_speak(panel: ActivationsPanel) -> None:
    answer(panel, Activations({"linear": node("maps", 16, dead=0.25, total=128), "tanh": node("vector", 3)}))
    first, second = panel.units.rows
    assert first.caption() == "128 maps of 8 × 8 (16 drawn) · −1 to 1"
    assert first.warning() == "25\u202f% always 0"
    assert second.warning() == ""
    panel.grab()


def test_only_rows_that_can_be_seen_are_painted(
    panel: ActivationsPanel, bench: Workbench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open_document(document(depth=20))
    answer(panel, planes(bench.document))
    made: list[object] = []
    real = pictures.sheet
    monkeypatch.setattr(pictures, "sheet", lambda *args: made.append(args) or real(*args))
    panel.units.update()
    qtbot.waitUntil(lambda: bool(made))
    assert len(made) < 12
    assert len(panel.units.rows) == 43


def test_a_click_enlarges_and_another_goes_back(panel: ActivationsPanel, bench: Workbench, qtbot: QtBot) -> None:
    answer(panel, planes(bench.document))
    assert next(iter(panel.wants())) == ActivationsWant(resolution=COARSE)
    at = panel.units.rows[1].place(2).center().toPoint()
    qtbot.mouseClick(panel.units, Qt.MouseButton.LeftButton, pos=at)
    assert panel.units.large == ("linear", 2)
    assert next(iter(panel.wants())) == ActivationsWant(resolution=FINE)
    answer(panel, planes(bench.document))
    panel.units.hover = QPointF(200, 160)
    panel.grab()
    qtbot.mouseClick(panel.units, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert panel.units.large is None


def test_the_keyboard_chooses_and_enlarges(panel: ActivationsPanel, bench: Workbench, qtbot: QtBot) -> None:
    answer(panel, planes(bench.document))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(panel.units, key)
    assert panel.units.large == ("linear", 1)
    qtbot.keyClick(panel.units, Qt.Key.Key_Right)
    assert panel.units.large == ("linear", 2)
    qtbot.keyClick(panel.units, Qt.Key.Key_Escape)
    assert panel.units.large is None


def test_an_enlarged_unit_that_is_gone_is_let_go(panel: ActivationsPanel, bench: Workbench) -> None:
    answer(panel, planes(bench.document))
    panel.units.enlarge(("tanh_2", 7))
    bench.open_document(document(depth=1))
    answer(panel, planes(bench.document, count=2))
    assert panel.units.large is None
    panel.grab()


def test_points_in_the_plane_need_no_sample_and_all_else_does(panel: ActivationsPanel, bench: Workbench) -> None:
    assert not panel.picker.isVisible()
    bench.open_document(document("iris"))
    assert panel.picker.isVisible()
    panel.on_events([Prepared(1, bench.document, "CPU", "eager", 1, 10, (100, 50, 0))])
    panel.picker.number.setValue(41)
    assert panel.wants() == {ActivationsWant(40), SampleWant(40)}
    panel.picker.part_choice.setCurrentIndex(1)
    assert ActivationsWant(40, "validation") in panel.wants()


def test_the_sample_is_named(panel: ActivationsPanel, bench: Workbench) -> None:
    bench.open_document(document("iris"))
    said = np.array([0.1, 0.7, 0.2], np.float32)
    sample = SampleValues(np.zeros(4, np.float32), {}, 2.0, said, 120)
    panel.on_snapshot(Snapshot(1, 0, 0, {SampleWant(): sample}))
    assert panel.picker.said.text() == "Virginica, taken for Versicolor"
    assert panel.picker.number.maximum() == 120
