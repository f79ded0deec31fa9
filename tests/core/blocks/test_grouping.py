"""Putting layers into a block and taking them out again: the one is the exact inverse of the other."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlab.core.blocks import grouping
from nnlab.core.blocks.block import DEPTH_LIMIT, Block
from nnlab.core.blocks.grouping import group, inner_graph, ungroup, with_block, with_inner
from nnlab.core.blocks.inside import look_into, put_back, valid_path
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.blocks.promoting import Spot, demote, promote
from nnlab.core.chain import chain, dense, layer, wired
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Link, Node
from nnlab.errors import GraphError, LinkError

quick = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def row() -> Graph:
    return chain(layer("Input"), *dense(4, 8, 3, activation="Tanh"), layer("Output"))


def parameters(graph: Graph) -> int:
    document = Document(graph=graph)
    return sum(document.parameter_count(n) or 0 for n in graph.nodes)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Networks with branches, merges and layers of several outputs; places anywhere, wires at random."""
    kinds = ["Linear", "Tanh", "Add", "Concat", "Dropout", "LSTM", "Multiply"]
    graph = Graph().with_node(Node("input", layer("Input"), draw(st.floats(-500, 500)), 0.25))
    for _ in range(draw(st.integers(2, 9))):
        made = layer(draw(st.sampled_from(kinds)))
        node_id = graph.new_id(made)
        before = draw(st.lists(st.sampled_from(sorted(graph.nodes)), min_size=1, max_size=3))
        place = draw(st.floats(-1e4, 1e4)), draw(st.floats(-1e4, 1e4))
        graph = graph.with_node(Node(node_id, made, *place, name=draw(st.sampled_from(["", "Part", "x"]))))
        for source in before:
            port = draw(st.sampled_from([p.name for p in graph.output_ports(source)]))
            try:
                graph = graph.connect(source, node_id, source_port=port)
            except LinkError:
                continue
    return graph


@quick
@given(graphs(), st.data())
def test_ungroup_is_the_exact_inverse_of_group(graph: Graph, data: st.DataObject) -> None:
    ids = data.draw(st.sets(st.sampled_from(sorted(graph.nodes)), min_size=1))
    if grouping.refusal(graph, ids):
        with pytest.raises(GraphError):
            group(graph, ids)
        return
    grouped, block_id = group(graph, ids)
    assert len(grouped.nodes) == len(graph.nodes) - len(ids) + 1
    back, found = ungroup(grouped, block_id)
    assert back == graph
    assert set(found) == ids


@quick
@given(graphs(), st.data())
def test_a_group_is_a_network_that_computes_the_same(graph: Graph, data: st.DataObject) -> None:
    ids = data.draw(st.sets(st.sampled_from(sorted(graph.nodes)), min_size=1))
    if grouping.refusal(graph, ids):
        return
    grouped, block_id = group(graph, ids)
    before, after = Document(graph=graph), Document(graph=grouped)
    assert len(grouped.in_order) == len(grouped.nodes), "no loop"
    for node_id in grouped.nodes:
        if node_id != block_id and before.shapes[node_id].known and after.shapes[node_id].known:
            assert after.shapes[node_id] == before.shapes[node_id]
    if after.shapes[block_id].known and all(before.shapes[n].known for n in ids):
        block = grouping.block_of(grouped, block_id)
        inside = [n for n in ids if n in block.needed]
        assert after.parameter_count(block_id) == sum(before.parameter_count(n) or 0 for n in inside)


def test_a_group_keeps_its_place_in_the_order_so_that_first_weights_are_drawn_alike() -> None:
    grouped, block_id = group(row(), ["tanh", "linear_2", "tanh_2"])
    assert list(grouped.nodes) == ["input", "linear", block_id, "linear_3", "output"]


def test_what_would_feed_itself_is_refused_with_the_layer_that_is_missing() -> None:
    with pytest.raises(GraphError, match="Tanh lies between the selected layers"):
        group(row(), ["linear", "linear_2"])


@pytest.mark.parametrize(
    ("ids", "said"), [([], "select"), (["input", "linear"], "data enter"), (["output"], "answer leaves")]
)
def test_what_cannot_be_grouped_says_why(ids: list[str], said: str) -> None:
    with pytest.raises(GraphError, match=said):
        group(row(), ids)


def test_a_single_wire_in_and_out_makes_ports_called_in_and_out() -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2"])
    block = grouping.block_of(grouped, block_id)
    assert ([p.name for p in block.inputs], [p.name for p in block.outputs]) == (["in"], ["out"])


def test_several_ports_are_named_after_what_they_are_for_and_stand_as_their_sources_do() -> None:
    graph = Graph().with_nodes(
        [Node("input", layer("Input")), Node("low", layer("Linear"), 200, 300, "Low road"),
         Node("high", layer("Linear"), 200, 0, "High road"), Node("add", layer("Add"), 400, 0)]
    )  # fmt: skip
    for source, target in (("input", "low"), ("input", "high"), ("low", "add"), ("high", "add")):
        graph = graph.connect(source, target)
    grouped, block_id = group(graph, ["add"])
    assert [p.name for p in grouping.block_of(grouped, block_id).inputs] == ["high_road", "low_road"]


def test_one_source_that_is_read_twice_is_one_port() -> None:
    graph = wired({"input": layer("Input"), "a": layer("Linear"), "b": layer("Linear"), "add": layer("Add")},
                  "input > a", "input > b", "a > add", "b > add")  # fmt: skip
    grouped, block_id = group(graph, ["a", "b", "add"])
    assert len(grouping.block_of(grouped, block_id).inputs) == 1
    assert len(grouped.incoming[block_id]) == 1


def test_a_moved_block_takes_its_layers_along() -> None:
    graph = row()
    grouped, block_id = group(graph, ["linear_2", "tanh_2"])
    node = grouped.node(block_id)
    back, _ = ungroup(grouped.with_node(replace(node, x=node.x + 32, y=node.y - 64)), block_id)
    assert back.node("linear_2").x == graph.node("linear_2").x + 32
    assert back.node("tanh_2").y == graph.node("tanh_2").y - 64


def test_ids_that_are_taken_outside_are_made_anew() -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2"])
    taken = grouped.with_node(Node("linear_2", layer("Linear")))
    back, ids = ungroup(taken, block_id)
    assert "linear_2" not in ids
    assert len(back.nodes) == len(row().nodes) + 1


def test_a_repeated_block_comes_apart_into_its_copies() -> None:
    graph = chain(layer("Input"), layer("Linear", out_features=2), layer("Tanh"), layer("Output"))
    grouped, block_id = group(graph, ["linear", "tanh"])
    block = grouping.block_of(grouped, block_id).with_(repeat=3)
    repeated = with_block(grouped, block_id, block)
    back, ids = ungroup(repeated, block_id)
    assert len(ids) == 6
    assert parameters(back) == parameters(repeated) == 3 * parameters(graph)
    assert not [n for n, at in Document(graph=back).shapes.items() if not at.known]


def test_weights_are_not_shared_across_the_edge_of_a_block_and_go_along_with_both_layers() -> None:
    graph = chain(layer("Input"), *dense(4, 4, 4, activation="Tanh"), layer("Output"))
    node = graph.node("linear_3")
    graph = graph.with_node(replace(node, learning=node.learning.with_(shares="linear_2")))
    for ids in (["linear_3"], ["linear_2"]):
        with pytest.raises(GraphError, match="select both"):
            group(graph, ids)
    grouped, block_id = group(graph, ["linear_2", "tanh_2", "linear_3"])
    assert ungroup(grouped, block_id)[0] == graph
    taken = grouped.with_node(Node("linear_2", layer("Linear")))
    back, ids = ungroup(taken, block_id)
    users = [back.node(n).learning.shares for n in ids if back.node(n).learning.shares]
    assert len(users) == 1
    assert users[0] in ids


def test_a_network_is_taken_apart_whole() -> None:
    graph = chain(layer("Input"), layer("Linear", out_features=2), layer("Tanh"), layer("Output"))
    grouped, inner_id = group(graph, ["linear"])
    grouped, outer_id = group(grouped, [inner_id, "tanh"])
    twice = with_block(grouped, outer_id, grouping.block_of(grouped, outer_id).with_(repeat=2))
    apart = grouping.taken_apart(twice)
    assert sorted(node.type_id for node in apart.nodes.values()) == [
        "Input",
        "Linear",
        "Linear",
        "Output",
        "Tanh",
        "Tanh",
    ]
    assert parameters(apart) == parameters(twice)


def test_shared_repeats_cannot_come_apart_and_say_so() -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2"])
    block = grouping.block_of(grouped, block_id).with_(repeat=3, share=True)
    with pytest.raises(GraphError, match="shared weights off"):
        ungroup(with_block(grouped, block_id, block), block_id)


def test_blocks_nest_so_deep_and_no_deeper() -> None:
    graph, made = row(), "linear_2"
    for _ in range(DEPTH_LIMIT):
        graph, made = group(graph, [made])
    with pytest.raises(GraphError, match="nest at most"):
        group(graph, [made])
    for _ in range(DEPTH_LIMIT):
        graph, (made,) = ungroup(graph, made)
    assert graph == row()


# ------------------------------------------------------------------- inside


def test_an_edit_inside_is_an_edit_of_the_whole() -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2"])
    inner = inner_graph(grouped, [block_id])
    changed = with_inner(grouped, [block_id], inner.with_node(Node("linear_2", layer("Linear", out_features=5))))
    assert Document(graph=changed).shapes[block_id].outputs == ((5,),)
    assert Document(graph=grouped).shapes[block_id].outputs == ((8,),)


def test_a_port_that_is_renamed_inside_keeps_its_wires_and_one_that_goes_loses_them() -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2"])
    inner = inner_graph(grouped, [block_id])
    entry, leaving = grouping.block_of(grouped, block_id).entries[0], grouping.block_of(grouped, block_id).exits[0]
    named = inner.with_node(replace(inner.node(entry), layer=BlockInput(name="signal")))
    renamed = with_inner(grouped, [block_id], named)
    assert Link("tanh", block_id, "signal") in renamed.links
    assert Document(graph=renamed).shapes["output"].known
    cut = with_inner(renamed, [block_id], inner_graph(renamed, [block_id]).without_node(leaving))
    assert not cut.outgoing[block_id]


def test_nested_blocks_are_edited_by_their_path() -> None:
    graph, inner_id = group(row(), ["linear_2"])
    graph, outer_id = group(graph, [inner_id, "tanh_2"])
    path = [outer_id, inner_id]
    changed = with_inner(
        graph, path, inner_graph(graph, path).with_node(Node("linear_2", layer("Linear", out_features=6)))
    )
    assert Document(graph=changed).shapes[outer_id].outputs == ((6,),)


def test_the_inside_knows_the_shapes_that_come_from_outside() -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2"])
    document = Document(graph=grouped)
    inside = look_into(document, [block_id])
    assert inside.shapes["linear_2"].inputs == ((4,),)
    assert inside.shapes["tanh_2"].outputs == ((8,),)
    loose = look_into(document.with_graph(grouped.without_links(grouped.incoming[block_id])), [block_id])
    assert loose.shapes["linear_2"].waiting


def test_what_is_edited_inside_is_put_back() -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2"])
    document = Document(graph=grouped)
    inside = look_into(document, [block_id])
    assert put_back(document, [block_id], inside) == document
    edited = put_back(document, [block_id], inside.with_graph(inside.graph.with_node(Node("relu", layer("ReLU")))))
    assert "relu" in inner_graph(edited.graph, [block_id]).nodes


def test_a_path_ends_where_blocks_end() -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2"])
    assert valid_path(grouped, [block_id, "linear_2"]) == (block_id,)
    assert valid_path(grouped, ["linear", block_id]) == ()


# ------------------------------------------------------------------- promoted settings


def test_a_promoted_setting_is_read_and_set_outside() -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2"])
    block = promote(grouping.block_of(grouped, block_id), Spot("linear_2", "out_features"), "width")
    assert block.width == 8
    assert [p.label for p in block.open_params()][-1] == "Width"
    wider = block.with_(width=12, repeat=2)
    assert (wider.width, wider.repeat) == (12, 2)
    assert wider.inner.node("linear_2").layer.out_features == 12
    assert demote(wider, "width").promoted == ()
    assert demote(wider, "width").inner == wider.inner


def test_one_name_may_set_several_layers() -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2", "linear_3"])
    block = grouping.block_of(grouped, block_id)
    both = promote(promote(block, Spot("linear_2", "out_features"), "units"), Spot("linear_3", "out_features"), "units")
    assert [n.layer.out_features for n in both.with_(units=7).inner.nodes.values() if n.type_id == "Linear"] == [7, 7]


@pytest.mark.parametrize(
    ("spot", "name"),
    [(Spot("linear_2", "nothing"), ""), (Spot("gone", "bias"), ""), (Spot("linear_2", "bias"), "repeat")],
)
def test_what_cannot_be_promoted_says_why(spot: Spot, name: str) -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2"])
    with pytest.raises(GraphError):
        promote(grouping.block_of(grouped, block_id), spot, name)


def test_a_promoted_setting_goes_with_its_layer() -> None:
    grouped, block_id = group(row(), ["linear_2", "tanh_2"])
    block = promote(grouping.block_of(grouped, block_id), Spot("linear_2", "out_features"), "width")
    graph = with_block(grouped, block_id, block)
    less = with_inner(graph, [block_id], inner_graph(graph, [block_id]).without_node("linear_2"))
    assert grouping.block_of(less, block_id).promoted == ()


def test_ports_of_one_name_are_told_apart() -> None:
    inner = wired(
        {"x": BlockInput(), "z": BlockInput(), "add": layer("Add"), "y": BlockOutput()}, "x > add", "z > add", "add > y"
    )
    assert [p.name for p in Block(inner=inner).inputs] == ["in", "in_2"]


def test_ports_stand_in_the_order_of_their_numbers() -> None:
    inner = wired({"x": BlockInput(name="b", order=1), "z": BlockInput(name="a"), "add": layer("Add"), "y": BlockOutput()},
                  "x > add", "z > add", "add > y")  # fmt: skip
    assert [p.name for p in Block(inner=inner).inputs] == ["a", "b"]


def test_layers_that_lead_nowhere_yet_become_a_block_that_can_be_wired() -> None:
    row = chain(layer("Input"), layer("Linear", out_features=4), layer("ReLU"))
    at_the_end, block_id = grouping.group(row, ["linear", "relu"])
    assert [p.name for p in at_the_end.output_ports(block_id)] == ["out"]
    output = layer("Output")
    whole = at_the_end.with_node(Node("output", output)).connect(block_id, "output")
    assert grouping.ungroup(at_the_end, block_id)[0] == row
    assert Document(graph=whole).shapes["output"].inputs == ((4,),)
    alone, block_id = grouping.group(row.without_node("input"), ["linear", "relu"])
    assert [p.name for p in alone.input_ports(block_id)] == ["in"]
    wired_later = alone.with_node(Node("input", layer("Input"))).connect("input", block_id)
    assert Document(graph=wired_later).shapes[block_id].outputs == ((4,),)
    assert grouping.ungroup(alone, block_id)[0] == row.without_node("input")
