"""Tidy layout: nothing on top of anything else, every wire from left to right."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.core.chain import chain, layer
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layout import GAP_X, GAP_Y, GRID, HEIGHT, WIDTH, in_columns


def network(count: int, wires: list[tuple[int, int]]) -> Graph:
    """Add nodes n0, n1, ... with these wires, each at the next free port."""
    ports: dict[int, int] = {}
    links = set()
    for source, target in wires:
        ports[target] = ports.get(target, 0) + 1
        links.add(Link(f"n{source}", f"n{target}", f"in{ports[target]}"))
    return Graph({f"n{k}": Node(f"n{k}", layer("Add")) for k in range(count)}, frozenset(links))


@st.composite
def networks(draw: st.DrawFn, loops: bool = False) -> Graph:
    count = draw(st.integers(1, 14))
    pair = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    drawn = draw(st.lists(pair, max_size=24, unique=True))
    wires = drawn if loops else [(min(p), max(p)) for p in drawn if p[0] != p[1]]
    return network(count, wires)


def overlap(one: Node, other: Node) -> bool:
    return abs(one.x - other.x) < WIDTH + GAP_X and abs(one.y - other.y) < HEIGHT + GAP_Y


def check_tidy(graph: Graph) -> None:
    laid = in_columns(graph)
    assert laid.links == graph.links
    assert list(laid.nodes) == list(graph.nodes)
    nodes = list(laid.nodes.values())
    assert all(n.x % GRID == 0 and n.y % GRID == 0 for n in nodes)
    assert min((n.x, n.y) for n in nodes)[0] >= 0
    assert min(n.y for n in nodes) == 0
    clashes = [(a.id, b.id) for a, b in combinations(nodes, 2) if overlap(a, b)]
    assert not clashes
    assert in_columns(laid) == laid, "tidying twice changes nothing"


@settings(max_examples=150, deadline=None)
@given(networks())
def test_no_overlap_and_every_wire_runs_to_the_right(graph: Graph) -> None:
    check_tidy(graph)
    laid = in_columns(graph)
    for link in laid.links:
        assert laid.node(link.target).x >= laid.node(link.source).x + WIDTH + GAP_X


@settings(max_examples=100, deadline=None)
@given(networks(loops=True))
def test_a_loop_is_laid_out_like_the_rest(graph: Graph) -> None:
    check_tidy(graph)


def test_a_chain_stands_in_one_row() -> None:
    graph = in_columns(chain(layer("Input"), layer("Linear"), layer("Tanh"), layer("Linear"), layer("Output")))
    assert {n.y for n in graph.nodes.values()} == {0.0}
    assert [n.x for n in graph.nodes.values()] == [k * (WIDTH + GAP_X) for k in range(5)]


def test_a_skip_wire_passes_beside_the_nodes_it_skips() -> None:
    graph = in_columns(network(6, [(0, 1), (1, 2), (2, 3), (3, 4), (1, 4), (4, 5)]))
    start, end = graph.node("n1"), graph.node("n4")
    assert start.y == end.y, "the wire runs level"
    lane = start.y + HEIGHT / 2
    for between in ("n2", "n3"):
        node = graph.node(between)
        assert not node.y - GRID < lane < node.y + HEIGHT + GRID


def test_branches_do_not_cross() -> None:
    # two branches, wired to the merge in the opposite order of their making
    graph = in_columns(network(6, [(0, 1), (0, 2), (1, 3), (2, 4), (4, 5), (3, 5)]))
    first, second = graph.node("n4"), graph.node("n3")
    assert first.y < second.y, "the upper port belongs to the upper branch"
    assert graph.node("n2").y < graph.node("n1").y


def test_the_two_ways_of_a_fork_stand_above_and_below_it() -> None:
    graph = in_columns(network(4, [(0, 1), (0, 2), (1, 3), (2, 3)]))
    ys = [graph.node(f"n{k}").y for k in (1, 0, 3, 2)]
    assert ys[0] < ys[1] == ys[2] < ys[3]


def test_separate_parts_stand_below_each_other_with_loners_last() -> None:
    graph = in_columns(network(5, [(1, 2), (3, 4)]))
    assert graph.node("n1").y == graph.node("n2").y < graph.node("n3").y == graph.node("n4").y < graph.node("n0").y


def test_a_node_that_reads_nothing_stands_beside_its_reader() -> None:
    graph = in_columns(network(5, [(0, 1), (1, 2), (2, 3), (4, 3)]))
    assert graph.node("n4").x == graph.node("n2").x


def test_a_short_branch_ends_beside_the_merge_and_its_long_wire_runs_level() -> None:
    # two ways from n0 to n6: three nodes, and two
    graph = in_columns(network(7, [(0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (3, 6), (5, 6)]))
    assert graph.node("n5").x == graph.node("n3").x
    assert graph.node("n4").x == graph.node("n1").x
    assert graph.node("n4").y == graph.node("n5").y


def test_positions_of_before_do_not_matter() -> None:
    graph = network(4, [(0, 1), (1, 2), (2, 3)])
    moved = graph.with_nodes([Node("n2", layer("Add"), -500.0, 1234.5)])
    assert in_columns(moved) == in_columns(graph)


def test_an_empty_network_stays_empty() -> None:
    assert in_columns(Graph()) == Graph()


def test_large_networks_are_laid_out() -> None:
    blocks: list[tuple[int, int]] = []
    for block in range(33):
        at = 3 * block
        blocks += [(at, at + 1), (at + 1, at + 2), (at + 2, at + 3), (at, at + 3)]
    check_tidy(network(100, blocks))
    wires = [(k, k + 1) for k in range(4999)] + [(k, min(k + 1 + 37 * k % 900, 4999)) for k in range(0, 4900, 7)]
    laid = in_columns(network(5000, list(dict.fromkeys(wires))))
    assert len({(n.x, n.y) for n in laid.nodes.values()}) == 5000
