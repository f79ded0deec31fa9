"""The activation of a layer is the node behind it: found, put in, exchanged, taken out."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.core.activation import activated, activation_of, choices, takes_activation
from nnlab.core.fixes import PITCH
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.core.template import TEMPLATES
from nnlab.errors import GraphError


def chain(*kinds: str, pitch: float = PITCH) -> Graph:
    """These layers in a row."""
    graph, before = Graph(), ""
    for place, kind in enumerate(kinds):
        node_id = graph.new_id(LAYERS[kind]())
        graph = graph.with_node(Node(node_id, LAYERS[kind](), pitch * place, 0.0))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return graph


def row(graph: Graph) -> list[tuple[str, float]]:
    """(type, place) along the wires."""
    return [(graph.nodes[n].type_id, graph.nodes[n].x / PITCH) for n in graph.in_order]


def test_the_only_reader_is_the_activation() -> None:
    assert activation_of(chain("Input", "Linear", "ReLU", "Output"), "linear").node == "relu"
    assert activation_of(chain("Input", "Linear", "Output"), "linear").node == ""
    assert activation_of(chain("Input", "Conv2d", "BatchNorm2d", "ReLU"), "conv2d").node == "relu"
    assert activation_of(chain("Input", "Linear", "LayerNorm", "GELU"), "linear").node == "gelu"
    assert activation_of(chain("Input", "Conv2d", "BatchNorm2d", "Flatten"), "conv2d").after == "batchnorm2d"
    assert activation_of(chain("Input", "Linear", "LayerNorm", "Linear"), "linear").after == "linear"


def test_one_of_several_readers_is_not() -> None:
    graph = chain("Input", "Linear", "ReLU", "Output").with_node(Node("tanh", LAYERS["Tanh"](), 0.0, 200.0))
    assert activation_of(graph.connect("linear", "tanh"), "linear").node == ""


def test_put_in_it_has_its_place_and_the_rest_makes_room() -> None:
    graph = activated(chain("Input", "Linear", "Output"), "linear", "ReLU")
    assert row(graph) == [("Input", 0), ("Linear", 1), ("ReLU", 2), ("Output", 3)]


def test_where_there_is_room_nothing_moves() -> None:
    graph = activated(chain("Input", "Linear", "Output", pitch=2 * PITCH), "linear", "ReLU")
    assert row(graph) == [("Input", 0), ("Linear", 2), ("ReLU", 3), ("Output", 4)]


def test_behind_a_convolution_it_stands_behind_the_norm() -> None:
    graph = activated(chain("Input", "Conv2d", "BatchNorm2d", "Flatten"), "conv2d", "ReLU")
    assert [kind for kind, _ in row(graph)] == ["Input", "Conv2d", "BatchNorm2d", "ReLU", "Flatten"]


def test_all_who_read_from_the_layer_read_from_its_activation() -> None:
    graph = chain("Input", "Linear", "Linear", "Add", "Output").connect("linear", "add")
    graph = activated(graph, "linear", "Tanh")
    assert {(k.source, k.target) for k in graph.links} == {
        ("input", "linear"), ("linear", "tanh"), ("tanh", "linear_2"), ("tanh", "add"), ("linear_2", "add"),
        ("add", "output"),
    }  # fmt: skip


def test_exchanged_it_keeps_its_name_place_and_wires() -> None:
    graph = chain("Input", "Linear", "ReLU", "Output")
    graph = graph.with_node(replace(graph.nodes["relu"], name="bend"))
    new = activated(graph, "linear", "Tanh")
    assert new.nodes["relu"].type_id == "Tanh"
    assert new.nodes["relu"].name == "bend"
    assert (new.nodes["relu"].x, new.links) == (graph.nodes["relu"].x, graph.links)
    assert activated(graph, "linear", "ReLU") is graph


def test_taken_out_the_rest_closes_up() -> None:
    graph = activated(chain("Input", "Linear", "ReLU", "Output"), "linear", "")
    assert row(graph) == [("Input", 0), ("Linear", 1), ("Output", 2)]
    assert activated(graph, "linear", "") is graph


def test_taken_out_of_a_branch_no_wire_is_made_to_lead_back() -> None:
    graph = chain("Input", "Linear", "ReLU", "Add", "Output")
    graph = graph.with_node(Node("other", LAYERS["Linear"](), 2 * PITCH, 200.0))
    graph = graph.connect("input", "other").connect("other", "add")
    new = activated(graph, "linear", "")
    assert new.nodes["add"].x == graph.nodes["add"].x


def test_softmax_behind_a_linear_works_along_its_units() -> None:
    assert activated(chain("Input", "Linear"), "linear", "Softmax").nodes["softmax"].layer.dim == -1
    assert activated(chain("Input", "Conv2d"), "conv2d", "Softmax").nodes["softmax"].layer.dim == 1


def test_what_is_no_activation_is_refused() -> None:
    with pytest.raises(GraphError, match="no activation called 'Linear'"):
        activated(chain("Input", "Linear"), "linear", "Linear")


def test_the_usual_ones_come_first_and_all_are_there() -> None:
    assert [id_ for id_, _ in choices()][:4] == ["ReLU", "Sigmoid", "Softmax", "Tanh"]
    assert len(choices()) == sum(kind.category == "Activation" for kind in LAYERS.values())


def test_linear_and_convolutions_are_asked_for_one() -> None:
    asked = {id_ for id_, kind in LAYERS.items() if takes_activation(kind(), id_)}
    assert {"Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d", "SeparableConv2d"} <= asked
    assert not asked & {"ReLU", "Flatten", "LSTM", "Output", "Embedding"}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(TEMPLATES)), st.data())
def test_in_every_template_none_and_back_is_the_same_network(name: str, data: st.DataObject) -> None:
    graph = TEMPLATES[name].make().graph
    asked = [n for n, node in graph.nodes.items() if takes_activation(node.layer, node.type_id)]
    if not asked:
        return
    node_id = data.draw(st.sampled_from(asked))
    had = activation_of(graph, node_id).node
    without = activated(graph, node_id, "")
    assert activation_of(without, node_id).node == ""
    again = activated(without, node_id, graph.nodes[had].type_id if had else "Tanh")
    assert len(again.nodes) == len(graph.nodes) + (not had)
    assert len(again.links) == len(graph.links) + (not had)
    placed = list(again.nodes.values())
    before = {(one.id, other.id) for one in graph.nodes.values() for other in graph.nodes.values() if _on(one, other)}
    new = {(one.id, other.id) for one in placed for other in placed if _on(one, other)}
    assert new <= before  # nothing lies on anything that it did not lie on


def _on(one: Node, other: Node) -> bool:
    return one.id < other.id and abs(one.x - other.x) < 160 and abs(one.y - other.y) < 64
