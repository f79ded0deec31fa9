"""The examples of pictures have the networks that the course describes, and show what they say."""

from dataclasses import replace

import numpy as np
import pytest

from nnlab.core.blocks.block import Block
from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.core.learning import Learning
from nnlab.core.starts import Starts
from nnlab.engine.headless import run_to_end


def weights(document: Document) -> int:
    return sum(document.parameter_count(node_id) or 0 for node_id in document.graph.nodes)


@pytest.mark.parametrize(("id_", "count"), [("picworld-cnn", 24_216), ("outlines", 26_033)])
def test_networks_have_as_many_weights_as_in_the_course(id_: str, count: int) -> None:
    assert weights(EXAMPLES[id_].make()) == count


def test_without_skips_the_same_layers_learn_nothing() -> None:
    document = EXAMPLES["skips"].make()
    node = next(node for node in document.graph.nodes.values() if isinstance(node.layer, Block))
    assert isinstance(node.layer, Block)
    assert node.layer.repeat == 20
    inner = node.layer.inner.without_node("add").connect("relu", "output")
    bare = document.with_graph(document.graph.with_node(replace(node, layer=node.layer.with_(inner=inner))))
    assert weights(bare) == weights(document)
    assert run_to_end(bare, device="cpu").history["validation_metric"][-1] <= 0.75


def test_a_single_frame_does_not_tell_which_way_it_goes() -> None:
    """With filters that do not reach over time, the frames are seen one by one."""
    document = EXAMPLES["which-way"].make()
    graph = document.graph
    for node in list(graph.nodes.values()):
        if node.type_id == "Conv3d":
            graph = graph.with_node(replace(node, layer=node.layer.with_(kernel_size=(1, 3, 3))))
    result = run_to_end(document.with_graph(graph).with_training(epochs=2), device="cpu")
    assert result.history["validation_metric"][-1] <= 0.4


def test_the_frozen_layers_of_few_pictures_are_those_that_were_brought_along() -> None:
    document = EXAMPLES["few-pictures"].make()
    result = run_to_end(document, device="cpu")
    for name, start in document.starts.flat().items():
        assert np.array_equal(result.weights[name.replace("/", ".")], start), "not a bit has changed"
    assert result.history["validation_metric"][-1] >= 0.8


def test_ten_pictures_of_each_are_too_few_to_learn_to_see() -> None:
    document = EXAMPLES["few-pictures"].make()
    nodes = [replace(node, learning=Learning()) for node in document.graph.nodes.values()]
    scratch = replace(document.with_graph(document.graph.with_nodes(nodes)), starts=Starts())
    result = run_to_end(scratch, device="cpu")
    assert result.history["validation_metric"][-1] <= 0.75
