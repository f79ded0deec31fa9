"""Series, words, edges and coloured pictures look like what they are, on nodes and in the activations panel."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core import words
from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.engine.events import Snapshot
from nnlab.engine.wants import Activations, ActivationsWant, NodeActivations
from nnlab.ui.look import pictures
from nnlab.ui.look.sample_pictures import edges_picture, vocabulary_of, word_of, words_picture
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.activations import ActivationsPanel, pieces
from nnlab.ui.workbench import Workbench


def shown(kind: str, values: np.ndarray, **more: object) -> NodeActivations:
    numbers = values.astype(np.float32)
    limits = float(numbers.min()), float(numbers.max())
    return replace(NodeActivations(kind, numbers, *limits, 0.0, 0.25, len(numbers)), **more)  # type: ignore[arg-type]


def entry(document: Document) -> str:
    return next(n for n, node in document.graph.nodes.items() if node.layer.is_entry)


@pytest.fixture
def panel_of(qapp: QApplication, qtbot: QtBot) -> Iterator[object]:
    benches: list[Workbench] = []

    def made(example: str, answer: dict[str, NodeActivations]) -> ActivationsPanel:
        benches.append(Workbench(EXAMPLES[example].document()))
        panel = PANELS["activations"](benches[-1])
        assert isinstance(panel, ActivationsPanel)
        qtbot.addWidget(panel)
        panel.resize(QSize(420, 400))
        panel.show()
        want = next(want for want in panel.wants() if isinstance(want, ActivationsWant))
        panel.on_snapshot(Snapshot(1, 0, 0, {want: Activations(answer)}))
        return panel

    yield made
    for bench in benches:
        bench.close()


def lines_at(panel: ActivationsPanel, unit: int, share: float = 0.5) -> list[tuple[str, str]]:
    row = panel.units.rows[0]
    box = row.place(unit)
    at = QPointF(box.left() + share * box.width(), box.center().y())
    return [(line.caption, line.value) for line in pieces.said_at(row, unit, box, at)]


def test_a_series_is_a_curve_that_tells_each_moment(panel_of) -> None:  # type: ignore[no-untyped-def]
    document = EXAMPLES["hourly-load"].document()
    values = np.linspace(-1, 1, 48).reshape(1, 48, 1)
    panel = panel_of("hourly-load", {entry(document): shown("maps", values)})
    row = panel.units.rows[0]
    assert row.form == "curve"
    assert row.place(0).width() > 300
    assert "series of 48 numbers" in row.caption()
    assert ("place", "1") in lines_at(panel, 0, 0.0)
    assert ("place", "48") in lines_at(panel, 0, 0.999)
    assert not panel.grab().isNull()
    panel.units.enlarge((row.node_id, 0))
    assert not panel.grab().isNull()


def test_words_stand_in_the_activations_as_words_and_padding_stays_empty(panel_of) -> None:  # type: ignore[no-untyped-def]
    document = EXAMPLES["mood"].document()
    node = entry(document)
    vocabulary = vocabulary_of(document, node)
    assert len(vocabulary) > 10
    panel = panel_of("mood", {node: shown("vector", np.array([3, 5, 1, 0, 0]))})
    row = panel.units.rows[0]
    assert row.form == "words"
    assert row.count == 5
    assert row.caption() == "5 places"
    assert row.warning() == ""
    assert lines_at(panel, 0)[-1] == ("word", vocabulary[3])
    assert lines_at(panel, 4)[-1] == ("word", "padding")
    for unit in range(5):
        assert panel.units.unit_at(row.place(unit).center()) == (node, unit)
    assert not panel.grab().isNull()
    panel.units.enlarge((node, 1))
    assert not panel.grab().isNull()


def test_a_mask_that_is_always_0_somewhere_is_no_warning(panel_of) -> None:  # type: ignore[no-untyped-def]
    document = EXAMPLES["mood"].document()
    mask = next(n for n, node in document.graph.nodes.items() if node.type_id == "PaddingMask")
    panel = panel_of("mood", {mask: shown("vector", np.array([0, 0, 1, 1]))})
    assert panel.units.rows[0].warning() == ""


def test_numbers_at_every_place_of_a_sentence_are_one_table_that_can_be_read(panel_of) -> None:  # type: ignore[no-untyped-def]
    document = EXAMPLES["mood"].document()
    node = next(n for n, made in document.graph.nodes.items() if made.type_id == "Embedding")
    panel = panel_of("mood", {node: shown("maps", np.linspace(-1, 1, 13 * 2).reshape(1, 13, 2))})
    row = panel.units.rows[0]
    assert row.form == "table"
    assert min(row.tile) >= 56
    assert "13 × 2 numbers" in row.caption()
    assert lines_at(panel, 0, 0.9)[1] == ("row, column", "7, 2")


def test_a_picture_enters_in_its_colours(panel_of) -> None:  # type: ignore[no-untyped-def]
    document = EXAMPLES["picworld-cnn"].document()
    colours = np.zeros((3, 32, 32), np.float32)
    colours[1] = 1.0
    given = shown("maps", np.zeros((3, 32, 32)), colours=colours)
    panel = panel_of("picworld-cnn", {entry(document): given})
    row = panel.units.rows[0]
    assert row.form == "photo"
    assert row.count == 1
    said = [("red", words.percent(0, 0)), ("green", words.percent(1, 0)), ("blue", words.percent(0, 0))]
    assert lines_at(panel, 0)[1:] == said
    grabbed = panel.units.grab().toImage()
    ratio = grabbed.devicePixelRatio()
    middle = row.place(0).center() * ratio
    assert grabbed.pixelColor(int(middle.x()), int(middle.y())).getRgb()[:3] == (0, 255, 0)


def test_edges_are_a_graph_and_their_number_is_told(panel_of) -> None:  # type: ignore[no-untyped-def]
    document = EXAMPLES["molecules"].document()
    node = next(n for n in document.graph.nodes if document.shapes[n].kinds[:1] == ("e",))
    edges = np.array([[[0, 1, 2, -1], [1, 2, 0, -1]]])
    panel = panel_of("molecules", {node: shown("maps", edges)})
    assert panel.units.rows[0].form == "edges"
    assert panel.units.rows[0].caption() == "3 edges"
    assert not panel.grab().isNull()


def inked(picture: QImage) -> list[int]:
    """How many pixels of each column are not clear."""
    return [sum(picture.pixelColor(x, y).alpha() > 0 for y in range(picture.height())) for x in range(picture.width())]


def test_the_small_picture_of_a_series_fills_its_width(qapp: QApplication) -> None:
    series = shown("maps", np.sin(np.linspace(0, 6, 48)).reshape(1, 48, 1))
    picture = pictures.thumbnail(series, 44, 44)
    assert min(inked(picture)) >= 1
    assert max(inked(picture)) > 10
    assert picture.size() == QSize(44, 44)


@pytest.mark.parametrize("values", [np.zeros(5), np.full(5, 2.0), np.full(5, -2.0), np.array([np.nan, 1, 2, 3, 4])])
def test_a_series_of_any_numbers_has_a_small_picture(qapp: QApplication, values: np.ndarray) -> None:
    series = NodeActivations("maps", values.reshape(1, 1, 5).astype(np.float32), -2, 4, 0, 0, 1)
    assert pictures.thumbnail(series, 44, 44).size() == QSize(44, 44)


def test_one_table_of_numbers_is_never_a_thread(qapp: QApplication) -> None:
    picture = pictures.thumbnail(shown("maps", np.ones((1, 60, 2))), 44, 44)
    assert sum(count > 0 for count in inked(picture)) >= 20


def test_words_and_edges_have_small_pictures(qapp: QApplication) -> None:
    assert max(inked(words_picture(["the", "film", "", "was"], 44, 44))) > 0
    assert max(inked(words_picture([], 44, 44))) == 0
    assert max(inked(edges_picture(np.array([[0, 1, -1], [1, 2, -1]]), 44, 44))) > 0
    assert word_of(("·", "a"), 0) == ""
    assert word_of(("·", "a"), 1) == "a"
    assert word_of((), 7) == "7"


def test_a_picture_of_edges_without_any_is_drawn(qapp: QApplication) -> None:
    picture = QImage(44, 44, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(picture)
    painter.end()
    assert edges_picture(np.full((2, 3), -1), 44, 44).size() == QSize(44, 44)
