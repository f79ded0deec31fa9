"""The shape at every node, or the reason why there is none."""

from dataclasses import replace

import pytest

from nnlab.core.dataset import Field
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, Layer, Shape, UnknownLayer, shape_text
from nnlab.core.shapes import infer

LONG = 200


def layer(id_: str, **settings: object) -> Layer:
    return LAYERS[id_](**settings)


def chain(*layers: Layer) -> Graph:
    graph, before = Graph(), ""
    for each in layers:
        node_id = graph.new_id(each)
        graph = graph.with_node(Node(node_id, each))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return graph


def test_shapes_follow_the_wires() -> None:
    graph = chain(
        layer("Input"), layer("Conv2d", out_channels=6, kernel_size=5, padding=2), layer("MaxPool2d"),
        layer("Flatten"), layer("Linear", out_features=10), layer("Output"),
    )  # fmt: skip
    shapes = infer(graph, [Field("x", (1, 28, 28))])
    assert [shapes[n].outputs[0] for n in graph.in_order] == [
        (1, 28, 28), (6, 28, 28), (6, 14, 14), (1176,), (10,), (10,)
    ]  # fmt: skip
    assert shape_text(shapes["conv2d"].outputs[0]) == "N × 6 × 28 × 28"


def test_only_the_node_at_fault_says_why_and_those_after_it_wait() -> None:
    graph = chain(layer("Input"), layer("Conv2d"), layer("MaxPool2d"), layer("Flatten"))
    shapes = infer(graph, [Field("x", (4,))])
    assert "needs a picture" in shapes["conv2d"].problem
    assert shapes["conv2d"].inputs == ((4,),)
    assert [shapes[n].waiting for n in ("maxpool2d", "flatten")] == [True, True]
    assert not shapes["flatten"].problem


def test_no_data_is_said_at_the_input() -> None:
    shapes = infer(chain(layer("Input"), layer("Linear")), None)
    assert "choose a data set" in shapes["input"].problem
    assert shapes["linear"].waiting


def test_a_merge_says_that_it_needs_another_wire() -> None:
    graph = chain(layer("Input"), layer("Add"))
    assert infer(graph, [Field("x", (3,))])["add"].problem == "needs another wire, at in2"
    assert infer(graph.connect("input", "add"), [Field("x", (3,))])["add"].outputs == ((3,),)


def test_a_node_without_a_wire_says_so() -> None:
    assert "nothing connected" in infer(Graph().with_node(Node("a", layer("Linear"))), [Field("x", (3,))])["a"].problem


@pytest.mark.parametrize(
    ("shape", "layers", "says"),
    [
        ((65_536,), [layer("Linear", out_features=65_536)], "weights to learn"),
        ((3, 4096, 4096), [layer("Conv2d", out_channels=1000)], "numbers for each sample"),
    ],
)
def test_what_no_memory_could_hold_is_refused_before_torch_sees_it(
    shape: Shape, layers: list[Layer], says: str
) -> None:
    graph = chain(layer("Input"), *layers)
    problem = infer(graph, [Field("x", shape)])[graph.in_order[-1]].problem
    assert says in problem
    assert "smaller" in problem


@pytest.mark.parametrize(
    ("shapes", "kind", "says"),
    [
        ([(8,), (16,)], layer("Add"), "Linear with 16 units"),
        ([(8, 4, 4), (16, 4, 4)], layer("Add"), "Conv 2-D with 16 filters"),
        ([(8, 4, 4), (8, 2, 2)], layer("Add"), "same padding and stride"),
        ([(8,), (8, 2, 2)], layer("Add"), "Flatten"),
        ([(8, 4, 4), (8, 2, 2)], layer("Concat"), "other axes equal"),
        ([(8,)] * 2, layer("Concat", dim=0), "use axis 1"),
        ([(8,)] * 2, layer("Concat", dim=2), "use axis 1"),
        ([(8,)], layer("Softmax", dim=0), "use 1"),
        ([(8,)], layer("BatchNorm2d"), "Batch norm 1-D"),
        ([(8, 4, 4)], layer("BatchNorm1d"), "Batch norm 2-D"),
        ([(3, 8, 8)], layer("Conv2d", stride=2), "set padding to a number such as 1, or stride to 1"),
        ([(3, 8, 8)], layer("Conv2d", groups=2), "divides 3"),
        ([(4, 8, 8)], layer("Conv2d", groups=2, out_channels=5), "multiple of 2"),
        ([(3, 2, 2)], layer("Conv2d", kernel_size=3, padding="valid"), "make the kernel or dilation smaller"),
        ([(3, 2, 2)], layer("Conv2d", padding=5, padding_mode="reflect"), "fill the border with zeros"),
        ([(3, 8, 8)], layer("MaxPool2d", padding=2), "at most half the window"),
        ([(64,)], layer("MaxPool2d"), "needs a picture"),
        ([(3, 4)], layer("Flatten", start_dim=2, end_dim=1), "use start 1 and end -1"),
        ([(3, 4)], layer("Flatten", start_dim=0), "start at axis 1"),
    ],
)
def test_every_refusal_says_what_to_do(shapes: list[Shape], kind: Layer, says: str) -> None:
    from nnlab.errors import ShapeError

    with pytest.raises(ShapeError, match=says):
        kind.output_shape(*shapes)


def test_a_long_network_is_inferred_without_recursion_and_only_once_a_node() -> None:
    asked = 0

    class Counted(type(layer("Tanh"))):  # type: ignore[misc]
        def output_shape(self, *shapes: Shape) -> Shape:
            nonlocal asked
            asked += 1
            return shapes[0]

    nodes = {"input": Node("input", layer("Input")), **{f"n{k}": Node(f"n{k}", Counted()) for k in range(LONG)}}
    graph = Graph(nodes)
    for k in range(LONG):
        graph = graph.connect(f"n{k - 1}" if k else "input", f"n{k}")
    shapes = infer(graph, [Field("x", (2,))])
    assert shapes[f"n{LONG - 1}"].outputs == ((2,),)
    assert asked == LONG, "each rule is asked once: linear in the number of nodes"


def test_a_ladder_of_skips_is_linear_too() -> None:
    """2⁵⁰ paths, 50 nodes: a walk along paths would never end."""
    graph = chain(layer("Input"), *[layer("Add") for _ in range(50)])
    for before, after in zip(graph.in_order, graph.in_order[1:], strict=False):
        graph = graph.connect(before, after)
    assert infer(graph, [Field("x", (3,))])["add_50"].outputs == ((3,),)
    assert len(graph.upstream("add_50")) == 50


def test_a_layer_that_nobody_knows_is_named_whatever_its_wires_bring() -> None:
    graph = chain(layer("Input"), layer("Slice", end=1), layer("Squeeze"))
    graph = graph.with_node(Node("halved", UnknownLayer(type_id="halved", raw={})))
    graph = replace(graph, links=graph.links | {Link("squeeze", "halved", "in")})
    said = infer(graph, [Field("x", (2,))])["halved"].problem
    assert said.startswith("is the layer 'halved', which this version of NNLab does not know")


def test_an_unknown_layer_without_a_wire_is_said_to_be_unknown() -> None:
    graph = Graph().with_node(Node("halved", UnknownLayer(type_id="halved", raw={})))
    assert "does not know" in infer(graph, [Field("x", (2,))])["halved"].problem
