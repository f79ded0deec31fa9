"""Wires keep clear of the cards between their ends, and labels of parallel wires part."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF
from pytestqt.qtbot import QtBot

from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS
from nnlab.core.template import TEMPLATES
from nnlab.ui.canvas import geometry
from nnlab.ui.canvas.editor import GraphEditor
from nnlab.ui.canvas.paint import SMALLEST_PX, summary_lines, title_lines
from nnlab.ui.canvas.routing import Cards, is_labelled, lane
from nnlab.ui.canvas.scene import GraphScene
from nnlab.ui.workbench import Workbench

KNOWN = {**{f"template {id_}": TEMPLATES[id_].make for id_ in TEMPLATES},
         **{f"example {id_}": EXAMPLES[id_].document for id_ in EXAMPLES}}  # fmt: skip


def hidden(scene: GraphScene) -> list[tuple[Link, str]]:
    """Wires of which a part lies behind the card of a node that is at neither of their ends."""
    found = []
    for link, wire in scene.wires.items():
        path = wire.path()
        points = [path.pointAtPercent(k / 200) for k in range(201)]
        for node_id, item in scene.nodes.items():
            if node_id not in (link.source, link.target) and any(item.card().contains(p) for p in points):
                found.append((link, node_id))
    return found


def a_row_with_a_skip() -> Document:
    """Input, three Linears and an Add in a row, and a wire from the Input to the Add straight behind them."""
    graph = Graph()
    for place, node_id in enumerate(("input", "one", "two", "three")):
        kind = "Input" if node_id == "input" else "Linear"
        graph = graph.with_node(Node(node_id, LAYERS[kind](), 224.0 * place, 0.0))
    graph = graph.with_node(Node("add", LAYERS["Add"](), 896.0, 0.0))
    for source, target in (("input", "one"), ("one", "two"), ("two", "three"), ("three", "add"), ("input", "add")):
        graph = graph.connect(source, target)
    return Document(graph=graph)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_what_is_shipped_opens_clean(name: str, qapp: object) -> None:
    scene = GraphScene(KNOWN[name]())
    assert hidden(scene) == []
    cards = [item.card() for item in scene.nodes.values()]
    assert not any(one.intersects(other) for one, other in combinations(cards, 2))
    for item in scene.nodes.values():
        lines, _ = title_lines(item.look.title)
        below, size = summary_lines(item.look.summary, 2 if len(lines) == 1 else 1)
        assert not any(line.endswith("…") for line in lines)
        assert size >= SMALLEST_PX
        assert item.look.summary.endswith("…") or not any(line.endswith("…") for line in below)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_no_label_lies_on_a_title_or_on_another_label(name: str, qapp: object) -> None:
    scene = GraphScene(KNOWN[name]())
    chips = [chip.sceneBoundingRect().adjusted(2, 2, -2, -2) for chip in scene.chips.values() if chip.look.text]
    assert not any(one.intersects(other) for one, other in combinations(chips, 2))
    words = [item.card().adjusted(20, 6, -20, -6) for item in scene.nodes.values()]
    assert not any(chip.intersects(card) for chip in chips for card in words)


def test_a_wire_goes_round_what_stands_between_its_ends(qapp: object) -> None:
    scene = GraphScene(a_row_with_a_skip())
    skip = next(w for k, w in scene.wires.items() if (k.source, k.target) == ("input", "add"))
    assert skip.lane is not None
    assert hidden(scene) == []
    assert not any(item.card().contains(skip.middle()) for item in scene.nodes.values())


def test_wires_that_pass_the_same_cards_run_beside_each_other(qapp: object) -> None:
    document = a_row_with_a_skip()
    graph = document.graph.with_node(Node("more", LAYERS["Add"](), 1120.0, 0.0))
    graph = graph.connect("add", "more").connect("one", "more").connect("input", "more")
    scene = GraphScene(document.with_graph(graph))
    lanes = {(k.source, k.target): w.lane for k, w in scene.wires.items() if w.lane is not None}
    assert set(lanes) == {("input", "add"), ("input", "more"), ("one", "more")}
    assert all(abs(lanes["one", "more"] - lanes["input", target]) > 10 for target in ("add", "more"))
    assert hidden(scene) == []


def test_a_wire_between_neighbours_goes_straight(qapp: object) -> None:
    scene = GraphScene(a_row_with_a_skip())
    assert [w.lane for k, w in scene.wires.items() if k.source != "input" or k.target == "one"] == [None] * 4


def test_wires_find_their_way_anew_when_a_card_comes_goes_or_moves(qapp: object) -> None:
    document = a_row_with_a_skip()
    scene = GraphScene(document)
    away = document.with_graph(document.graph.without_nodes(["one", "two", "three"]))
    scene.show_change(document, away)
    (wire,) = scene.wires.values()
    assert wire.lane is None
    loose = Node("loose", LAYERS["ReLU"](), 448.0, 0.0)
    come = away.with_graph(away.graph.with_node(loose))
    scene.show_change(away, come)
    assert wire.lane is not None
    moved = come.with_graph(come.graph.with_node(replace(loose, y=400.0)))
    scene.show_change(come, moved)
    assert wire.lane is None


def test_where_every_way_is_blocked_the_plain_one_is_taken() -> None:
    cards = Cards()
    cards.put("wall", QRectF(300, -10_000, 160, 20_000))
    start, end = QPointF(160, 32), QPointF(700, 32)
    found = lane(start, end, cards)
    assert found is not None  # over the top of it, far away
    for k in range(3):
        cards.put(f"near {k}", QRectF(170 + 2 * k, -20_000, 20, 40_000))
    assert lane(start, end, cards) is not None or geometry.wire_path(start, end).length() > 0


def test_of_wires_that_bring_the_same_to_one_layer_one_has_a_label(qapp: object) -> None:
    graph = Graph(nodes={n: Node(n, LAYERS[k](), x, 0.0) for n, k, x in (("input", "Input", 0), ("add", "Add", 224))})
    graph = graph.connect("input", "add", "in1").connect("input", "add", "in2")
    assert sum(is_labelled(graph, link) for link in graph.links) == 1
    scene = GraphScene(Document(graph=graph))
    assert sum(bool(chip.look.text) for chip in scene.chips.values()) == 1
    one = next(iter(graph.links))
    alone = Document(graph=graph.without_links([one]))
    scene.show_change(scene.document, alone)
    assert [bool(chip.look.text) for chip in scene.chips.values()] == [True]


def test_labels_of_different_wires_between_two_layers_lie_apart(qapp: object) -> None:
    graph = Graph(nodes={n: Node(n, LAYERS[k](), x, 0.0) for n, k, x in
                         (("input", "Input", 0), ("lstm", "LSTM", 224), ("again", "LSTM", 448))})  # fmt: skip
    graph = graph.connect("input", "lstm")
    for port in ("out", "h", "c"):
        if port in [p.name for p in graph.output_ports("lstm")]:
            target = {"out": "in"}.get(port, port)
            if target in [p.name for p in graph.input_ports("again")]:
                graph = graph.connect("lstm", "again", target, port)
    scene = GraphScene(Document(graph=graph, data=EXAMPLES["which-way"].document().data))
    chips = [chip.sceneBoundingRect() for link, chip in scene.chips.items() if link.target == "again"]
    assert len(chips) >= 2
    assert not any(one.intersects(other) for one, other in combinations(chips, 2))


place = st.tuples(st.integers(-4, 12), st.integers(-6, 6))


@settings(max_examples=80, deadline=None)
@given(st.lists(place, max_size=25, unique=True), place, place)
def test_a_way_that_was_found_touches_no_card(
    taken: list[tuple[int, int]], start: tuple[int, int], end: tuple[int, int]
) -> None:
    cards, boxes = Cards(), []
    for k, (column, row) in enumerate(taken):
        if (column, row) not in (start, end):
            boxes.append(QRectF(224 * column, 96 * row, 160, 64))
            cards.put(str(k), boxes[-1])
    a = QPointF(224 * start[0] + 160, 96 * start[1] + 32)
    b = QPointF(224 * end[0], 96 * end[1] + 32)
    found = lane(a, b, cards)
    if found is not None:
        points = geometry.way(a, b, found)
        assert not any(box.contains(*p) for box in boxes for p in points)
        assert geometry.wire_distance(a, b, geometry.wire_middle(a, b, found), found) < 1


def test_the_cards_in_a_place_are_found_wherever_they_were_moved() -> None:
    cards = Cards()
    cards.put("a", QRectF(0, 0, 160, 64))
    cards.put("b", QRectF(1000, 0, 160, 64))
    assert cards.within(-50, -10, 200, 100) == [(0, 0, 160, 64)]
    cards.put("b", QRectF(100, 500, 160, 64))
    assert len(cards.within(-50, -10, 200, 600) or ()) == 2
    assert len(cards.within(-50, -10, 200, 100) or ()) == 1
    cards.drop("a")
    assert cards.within(-50, -10, 200, 100) == []
    assert cards.within(-1e6, -1e6, 1e6, 1e6) is None


def test_a_tangle_is_drawn_the_plain_way_and_at_once(qapp: object) -> None:
    row = {f"n{k}": Node(f"n{k}", LAYERS["Linear"](), 224.0 * k, 0.0) for k in range(120)}
    graph = Graph(nodes=row).connect("n0", "n119").connect("n1", "n4")
    scene = GraphScene(Document(graph=graph))
    lanes = {(k.source, k.target): w.lane for k, w in scene.wires.items()}
    assert lanes["n0", "n119"] is None
    assert lanes["n1", "n4"] is not None


@pytest.fixture
def bench(qapp: object) -> Iterator[Workbench]:
    made = Workbench(a_row_with_a_skip())
    yield made
    made.close()


def test_a_wire_that_goes_round_is_found_under_the_pointer_and_by_the_knife(bench: Workbench, qtbot: QtBot) -> None:
    editor = GraphEditor(bench)
    qtbot.addWidget(editor)
    editor.resize(1200, 500)
    editor.show()
    link = next(k for k in editor.picture.wires if (k.source, k.target) == ("input", "add"))
    wire = editor.picture.wires[link]
    assert editor.picture.wire_at(wire.middle(), 7) == link
    above, below = wire.middle() + QPointF(0, -9), wire.middle() + QPointF(0, 9)
    assert geometry.wire_crosses(wire.start, wire.end, above, below, wire.lane)
    editor.picture.place_node("one", QPointF(224, 500))
    editor.picture.place_node("two", QPointF(448, 500))
    editor.picture.place_node("three", QPointF(672, 500))
    editor.picture.route(link)
    assert wire.lane is None
