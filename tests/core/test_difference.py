"""Two documents compared: layers, wires, places and settings, in words."""

from dataclasses import replace

from nnlab.core.blocks import grouping
from nnlab.core.blocks.grouping import with_inner
from nnlab.core.difference import Difference, difference
from nnlab.core.document import Document
from nnlab.core.fixes import bypass, insert, set_layer, swap_layer
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS


def chain(*kinds: str) -> Document:
    """These layers in a row."""
    graph, before = Graph(), ""
    for place, kind in enumerate(kinds):
        graph = graph.with_node(Node(kind.lower(), LAYERS[kind](), 224.0 * place, 0.0))
        graph = graph.connect(before, kind.lower()) if before else graph
        before = kind.lower()
    return Document(graph=graph)


def test_a_document_does_not_differ_from_itself() -> None:
    document = chain("Input", "Linear", "Output")
    assert difference(document, document).is_nothing
    assert difference(document, document) == Difference()


def test_a_layer_put_in_is_new_has_new_wires_and_moves_the_rest() -> None:
    old = chain("Input", "Linear", "Output")
    new = old.with_graph(insert(old.graph, "linear", LAYERS["Flatten"]()))
    found = difference(old, new)
    assert found.added == ("flatten",)
    assert {(k.source, k.target) for k in found.wired} == {("input", "flatten"), ("flatten", "linear")}
    assert {(k.source, k.target) for k in found.cut} == {("input", "linear")}
    assert set(found.moved) == {"linear", "output"}
    assert not found.removed
    assert not found.changed


def test_a_layer_taken_out_is_gone_with_its_wires() -> None:
    old = chain("Input", "Linear", "Output")
    found = difference(old, old.with_graph(bypass(old.graph, "linear")))
    assert found.removed == ("linear",)
    assert [(k.source, k.target) for k in found.wired] == [("input", "output")]


def test_changed_settings_are_told_with_old_and_new_value() -> None:
    old = chain("Input", "Linear", "Output")
    graph = set_layer(old.graph, "linear", out_features=31, bias=False)
    assert difference(old, old.with_graph(graph)).changed == {"linear": ("Units 8 → 31", "Bias on → off")}
    swapped = difference(old, old.with_graph(swap_layer(old.graph, "linear", "Tanh")))
    assert swapped.changed == {"linear": ("Linear → Tanh",)}


def test_what_changes_in_data_and_training_is_told_apart() -> None:
    old = chain("Input", "Linear", "Output")
    found = difference(old, old.with_data(validation=0.1).with_training(loss="mse"))
    assert found.settings[0] == "Validation share 0.2 → 0.1"
    assert found.settings[1].startswith("Loss Automatic → Mean squared")


def test_what_changes_inside_a_block_is_told_at_the_block() -> None:
    old = chain("Input", "Linear", "Tanh", "Output")
    graph, block = grouping.group(old.graph, ["linear", "tanh"])
    old = old.with_graph(graph)
    inner = grouping.block_of(graph, block).inner
    linear = next(n for n, node in inner.nodes.items() if node.layer.title == "Linear")
    wider = old.with_graph(with_inner(graph, (block,), set_layer(inner, linear, out_features=9)))
    assert difference(old, wider).changed == {block: ("Linear inside: Units 8 → 9",)}
    longer = old.with_graph(with_inner(graph, (block,), insert(inner, linear, LAYERS["Flatten"]())))
    assert "inside: Flatten is added" in difference(old, longer).changed[block]


def test_a_new_name_is_a_change() -> None:
    old = chain("Input", "Linear", "Output")
    graph = old.graph.with_node(replace(old.graph.node("linear"), name="first"))
    assert difference(old, old.with_graph(graph)).changed == {"linear": ("Name Linear → first",)}
