"""Edges that stand in a list in both directions are counted once, and it is said so."""

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from nnlab.core.example import EXAMPLES
from nnlab.ui.canvas.editor import GraphEditor
from nnlab.ui.look.sample_pictures import edge_words
from nnlab.ui.workbench import Workbench


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ([[0, 1, 1, 2], [1, 0, 2, 1]], "2 edges, each both ways"),
        ([[0, 1, -1], [1, 0, -1]], "1 edge, both ways"),
        ([[0, 1, 2], [1, 2, 0]], "3 edges"),
        ([[0, 1, 1], [1, 0, 2]], "3 edges"),
        ([[-1, -1], [-1, -1]], "0 edges"),
    ],
)
def test_edges_are_told_as_one_would_count_them(edges: list[list[int]], said: str) -> None:
    assert edge_words(np.array(edges)) == said


@pytest.fixture
def bench(qapp: object) -> Iterator[Workbench]:
    made = Workbench(EXAMPLES["molecules"].document())
    yield made
    made.close()


def test_a_port_of_edges_says_how_many_it_has_room_for(bench: Workbench, qtbot: QtBot) -> None:
    editor = GraphEditor(bench)
    qtbot.addWidget(editor)
    editor.resize(900, 600)
    editor.show()
    node_id = next(n for n in bench.document.graph.nodes if bench.document.shapes[n].kinds[:1] == ("e",))
    port = editor.picture.nodes[node_id].look.outputs[0]
    tip = editor.hover.tip(editor.picture.nodes[node_id].pos() + port.point)
    assert "a list of edges, at most " in tip
    assert "counts twice" in tip
