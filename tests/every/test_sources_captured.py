"""Constants and noise, trained by both engines from the same start: one run, the same draws."""

import pytest
from test_every_layer_captured import assert_one_run, trained

from nnlab.core.chain import layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import Layer
from nnlab.core.typed.shorthand import add_text

CONSTANTS = [
    layer("Constant", shape="6", start="normal"),
    layer("Constant", shape="1", start="ones", learned=False),
]


def joined_with(source: Layer) -> Document:
    """A row of numbers to which the source's are added."""
    graph, (*_, last) = add_text(Graph(), "input, dense 6")
    graph = graph.with_node(Node("source", source))
    graph, (joined,) = add_text(graph, "add", last)
    graph, _ = add_text(graph.connect("source", joined), "dense 3, output", joined)
    return trained_on_iris(graph)


def trained_on_iris(graph: Graph) -> Document:
    document = Document(graph, Data(DATASETS["iris"]()))
    return document.with_training(batch_size=50, epochs=18, learning_rate=0.02)


@pytest.mark.parametrize("source", CONSTANTS, ids=["learned", "fixed"])
def test_a_constant_trains_alike_in_both_engines(source: Layer) -> None:
    assert_one_run(joined_with(source))


def test_noise_that_is_drawn_while_looking_is_left_to_the_eager_engine_with_a_reason() -> None:
    loop, _ = trained(joined_with(layer("Noise", shape="6")).with_training(device="cpu"), captured=True)
    assert loop.captured is None
    assert "draws random numbers" in loop.engine_reason
    assert loop.finished is not None


def test_a_gate_of_two_pieces_trains_alike_in_both_engines() -> None:
    graph, (*_, split) = add_text(Graph(), "input, dense 8, split")
    graph, (gate,) = add_text(graph, "multiply", split)
    graph = graph.with_node(Node("open", layer("Sigmoid")))
    graph = graph.connect(split, "open", source_port="out2").connect("open", gate)
    graph, _ = add_text(graph, "dense 3, output", gate)
    assert_one_run(trained_on_iris(graph))
