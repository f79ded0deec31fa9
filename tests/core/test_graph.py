"""Nodes and wires: every sequence of edits leaves a network that is whole, and the rule that is asked is the rule obeyed."""

import random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nnlab.core.dataset import Field
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.history import History
from nnlab.core.layer import LAYERS, VARIADIC_LIMIT, Layer, UnknownLayer
from nnlab.core.shapes import infer
from nnlab.errors import GraphError, LinkError, NNLabError

KINDS = ["Input", "Output", "Linear", "Tanh", "Conv2d", "Flatten", "Add", "Concat", "BatchNorm1d", "Softmax"]


def layer(id_: str, **settings: object) -> Layer:
    return LAYERS[id_](**settings)


def graph_of(**kinds: str) -> Graph:
    graph = Graph()
    for node_id, kind in kinds.items():
        graph = graph.with_node(Node(node_id, layer(kind)))
    return graph


def assert_whole(graph: Graph) -> None:
    """What must hold of every graph, however it came about."""
    for link in graph.links:
        assert link.source in graph.nodes
        assert link.target in graph.nodes
        assert link.target_port in [p.name for p in graph.input_ports(link.target)]
        assert link.source_port in [p.name for p in graph.output_ports(link.source)]
    ends = [(link.target, link.target_port) for link in graph.links]
    assert len(ends) == len(set(ends)), "one wire into each port"
    order = graph.in_order
    assert sorted(order) == sorted(graph.nodes), "no circle anywhere"
    place = {node_id: n for n, node_id in enumerate(order)}
    assert all(place[link.source] < place[link.target] for link in graph.links)
    for node_id in graph.nodes:
        assert node_id not in graph.upstream(node_id)
        assert all(node_id in graph.downstream(before) for before in graph.upstream(node_id))


class Edits(RuleBasedStateMachine):
    """Any edits in any order, through a history as in the window."""

    def __init__(self) -> None:
        super().__init__()
        self.history: History[Graph] = History(Graph())
        self.rng = random.Random(0)
        self.seen = [self.history.value]

    def _apply(self, graph: Graph, merge_key: str | None = None) -> None:
        before = self.history.value
        self.history.apply("Edit", graph, merge_key)
        if self.history.value != before and merge_key is None:
            assert self.history.undo()
            assert self.history.value == before
            assert self.history.redo()
            assert self.history.value == graph

    def _pick(self) -> str:
        return self.rng.choice(list(self.history.value.nodes))

    @rule(seed=st.integers(0, 2**32))
    def shake(self, seed: int) -> None:
        self.rng.seed(seed)

    @rule(kind=st.sampled_from(KINDS))
    def add(self, kind: str) -> None:
        graph, new = self.history.value, layer(kind)
        if len(graph.nodes) < 12:
            self._apply(graph.with_node(Node(graph.new_id(new), new)))

    @precondition(lambda self: self.history.value.nodes)
    @rule(times=st.integers(1, 4))
    def connect(self, times: int) -> None:
        for _ in range(times):
            graph, source, target = self.history.value, self._pick(), self._pick()
            free = graph.free_port(target)
            outputs = graph.output_ports(source)
            link = Link(source, target, free or "in", outputs[0].name if outputs else "out")
            try:
                graph.check_link(link)
                allowed = free is not None
            except LinkError:
                allowed = False
            try:
                connected = graph.connect(source, target)
            except LinkError:
                assert not allowed, "what the rule allows is done"
            else:
                assert allowed, "what the rule refuses is not done"
                self._apply(connected)

    @precondition(lambda self: self.history.value.links)
    @rule()
    def disconnect(self) -> None:
        graph = self.history.value
        self._apply(graph.without_links([self.rng.choice(sorted(graph.links))]))

    @precondition(lambda self: self.history.value.nodes)
    @rule()
    def remove(self) -> None:
        self._apply(self.history.value.without_node(self._pick()))

    @precondition(lambda self: self.history.value.nodes)
    @rule(x=st.floats(-1e4, 1e4), drag=st.booleans())
    def move(self, x: float, drag: bool) -> None:
        graph = self.history.value
        node = graph.node(self._pick())
        self._apply(graph.with_node(Node(node.id, node.layer, x, node.y)), f"move {node.id}" if drag else None)

    @rule()
    def undo(self) -> None:
        before = self.history.value
        if self.history.undo():
            self.history.redo()
            assert self.history.value == before
            self.history.undo()

    @rule()
    def redo(self) -> None:
        before = self.history.value
        if self.history.redo():
            self.history.undo()
            assert self.history.value == before
            self.history.redo()

    @invariant()
    def is_whole(self) -> None:
        assert_whole(self.history.value)

    @invariant()
    def every_node_has_a_shape_or_a_reason(self) -> None:
        graph = self.history.value
        shapes = infer(graph, [Field("x", (2,))])
        assert set(shapes) == set(graph.nodes)
        for at in shapes.values():
            assert at.known == bool(at.outputs)
            assert at.known or at.problem or at.waiting

    def teardown(self) -> None:
        while self.history.undo():
            pass
        assert self.history.value == Graph(), "undoing everything ends where it began"


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True)


class TestTheRule:
    @pytest.mark.parametrize(
        ("link", "says"),
        [
            (Link("a", "a"), "circle"),
            (Link("b", "a"), "circle"),
            (Link("a", "input"), "where the data enters"),
            (Link("output", "a"), "no output"),
            (Link("a", "b", "in7"), "no input"),
            (Link("a", "b", "in", "left"), "no output"),
        ],
    )
    def test_refuses_with_a_sentence(self, link: Link, says: str) -> None:
        graph = graph_of(input="Input", a="Linear", b="Tanh", output="Output").connect("a", "b")
        with pytest.raises(LinkError, match=says):
            graph.with_link(link)

    @pytest.mark.parametrize("link", [Link("nobody", "a"), Link("a", "nobody")])
    def test_knows_who_is_there(self, link: Link) -> None:
        with pytest.raises(GraphError, match="nobody"):
            graph_of(a="Linear").with_link(link)

    def test_a_new_wire_takes_the_place_of_the_old_one(self) -> None:
        graph = graph_of(input="Input", other="Input", a="Linear").connect("input", "a")
        again = graph.with_link(Link("other", "a"))
        assert again.links == {Link("other", "a")}

    def test_a_refused_wire_leaves_the_old_one(self) -> None:
        graph = graph_of(input="Input", a="Linear", b="Linear").connect("input", "a").connect("a", "b")
        with pytest.raises(LinkError):
            graph.with_link(Link("b", "a"))
        assert Link("input", "a") in graph.links

    def test_a_merge_grows_a_port_for_every_wire_up_to_its_limit(self) -> None:
        graph = graph_of(input="Input", add="Add")
        for n in range(1, VARIADIC_LIMIT + 1):
            graph = graph.connect("input", "add")
            assert len(graph.input_ports("add")) == min(max(2, n + 1), VARIADIC_LIMIT)
        with pytest.raises(LinkError, match="every input"):
            graph.connect("input", "add")

    def test_the_wires_of_a_merge_come_in_the_order_of_its_ports(self) -> None:
        graph = graph_of(input="Input", **{f"n{k}": "Linear" for k in range(12)}, cat="Concat")
        for k in range(12):
            graph = graph.connect(f"n{k}", "cat")
        assert [link.source for link in graph.incoming["cat"]] == [f"n{k}" for k in range(12)]

    def test_wires_of_an_unknown_layer_are_kept(self) -> None:
        graph = graph_of(input="Input", b="Linear").with_node(Node("odd", UnknownLayer(type_id="Quantum")))
        links = frozenset({Link("input", "odd", "left"), Link("odd", "b", "in", "up")})
        kept = Graph(graph.nodes, links)
        assert [p.name for p in kept.input_ports("odd")] == ["left"]
        assert [p.name for p in kept.output_ports("odd")] == ["up"]
        assert infer(kept, [Field("x", (2,))])["odd"].problem


class TestNodes:
    def test_ids_count_up(self) -> None:
        graph = graph_of(linear="Linear", linear_2="Linear")
        assert graph.new_id(layer("Linear")) == "linear_3"
        assert graph.new_id(layer("Linear"), taken=["linear_3"]) == "linear_4"
        assert graph.new_id(layer("Conv2d")) == "conv2d"

    @pytest.mark.parametrize("node_id", ["", "A", "1a", "a-b", "a b", "é", "x" * 65, "a\n"])
    def test_an_id_that_could_not_be_a_name_is_refused(self, node_id: str) -> None:
        with pytest.raises(GraphError):
            Graph().with_node(Node(node_id, layer("Linear")))

    def test_a_node_that_is_not_there_is_refused_everywhere(self) -> None:
        graph = graph_of(a="Linear")
        calls: list[Any] = [graph.node, graph.without_node, graph.input_ports, graph.output_ports]
        for call in calls:
            with pytest.raises(NNLabError, match="ghost"):
                call("ghost")
        with pytest.raises(NNLabError, match="ghost"):
            graph.connect("a", "ghost")

    def test_removing_a_node_takes_its_wires_along_and_no_others(self) -> None:
        graph = graph_of(input="Input", a="Linear", b="Tanh", c="Linear")
        graph = graph.connect("input", "a").connect("a", "b").connect("b", "c").connect
        left = graph("input", "b", "in").without_node("a")
        assert left.links == {Link("input", "b"), Link("b", "c")}
        assert list(left.nodes) == ["input", "b", "c"]

    def test_an_edit_leaves_the_graph_before_as_it_was(self) -> None:
        before = graph_of(a="Linear")
        after = before.with_node(Node("b", layer("Tanh"))).connect("a", "b")
        assert list(before.nodes) == ["a"]
        assert before.links == frozenset()
        assert after.node("a") is before.node("a"), "what did not change is shared"

    def test_a_loop_in_a_damaged_file_does_not_hang(self) -> None:
        nodes = graph_of(input="Input", a="Linear", b="Linear", output="Output").nodes
        graph = Graph(nodes, frozenset({Link("a", "b"), Link("b", "a"), Link("b", "output")}))
        assert set(graph.in_order) == {"input"}
        shapes = infer(graph, [Field("x", (2,))])
        assert "loop" in shapes["a"].problem
        assert graph.upstream("output") == {"a", "b"}
