"""Long networks are laid out in rows that fit a window."""

from itertools import combinations, pairwise

import pytest

from nnlab.core.chain import dense, layer, wired
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.core.layout import HEIGHT, WIDTH, in_columns
from nnlab.core.wrapping import ROW, tidy, wrapped


def row(*layers: object) -> Graph:
    graph, last = Graph(), ""
    for kind in layers:
        node_id = graph.new_id(kind)  # type: ignore[arg-type]
        graph = graph.with_node(Node(node_id, kind))  # type: ignore[arg-type]
        graph = graph.connect(last, node_id) if last else graph
        last = node_id
    return in_columns(graph)


def free_of_overlap(graph: Graph) -> bool:
    return all(abs(a.x - b.x) >= WIDTH or abs(a.y - b.y) >= HEIGHT for a, b in combinations(graph.nodes.values(), 2))


@pytest.mark.parametrize("depth", range(1, 12))
def test_rows_are_short_even_and_do_not_overlap(depth: int) -> None:
    graph = wrapped(row(layer("Input"), *dense(*[4] * depth, activation="Tanh"), layer("Output")))
    rows: dict[float, int] = {}
    for node in graph.nodes.values():
        rows[node.y] = rows.get(node.y, 0) + 1
    assert max(rows.values()) <= ROW
    assert len(rows) == 1 or max(rows.values()) - min(rows.values()) <= 1
    assert free_of_overlap(graph)


def test_a_short_network_stays_as_it_is() -> None:
    graph = row(layer("Input"), *dense(8, activation="Tanh"), layer("Output"))
    assert wrapped(graph) is graph


def test_a_skip_connection_is_not_torn_apart() -> None:
    graph = row(layer("Input"), *dense(*[4] * 4, activation="Tanh"), layer("Output"))
    add = LAYERS["Add"]()
    graph = graph.with_node(Node("add", add)).connect("linear", "add").connect("tanh_3", "add")
    graph = tidy(graph)
    assert free_of_overlap(graph)
    assert graph.node("linear").y <= graph.node("add").y + HEIGHT


def test_wrapping_twice_changes_nothing_more() -> None:
    graph = wrapped(row(layer("Input"), *dense(*[4] * 6, activation="Tanh"), layer("Output")))
    assert wrapped(graph) == graph


def test_the_first_node_of_a_row_stands_at_its_top_so_that_its_wire_passes_behind_no_other() -> None:
    steps = {f"step_{k}": layer("ReLU") for k in range(6)}
    heads = {"fork": layer("Tanh"), "one": layer("Linear"), "other": layer("Linear"), "end": layer("Concat")}
    names = ["input", *steps, "fork"]
    wires = [f"{a} > {b}" for a, b in pairwise(names)] + ["fork > one", "fork > other", "one > end", "other > end"]
    graph = wired({"input": layer("Input"), **steps, **heads}, *wires)
    fork = graph.node("fork")
    in_row = [graph.node(n) for n in heads]
    assert fork.x == min(node.x for node in in_row), "the row begins with it"
    assert fork.y == min(node.y for node in in_row)
    assert tidy(graph) == graph
