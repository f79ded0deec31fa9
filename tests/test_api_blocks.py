"""Blocks from Python: put together, set, taken apart, trained."""

import itertools

import pytest

import nnlab


def network() -> "nnlab.Project":
    project = nnlab.Project()
    graph = project.graph
    graph.remove(*graph.nodes)
    ids = [
        graph.add("Input"),
        graph.add("Linear", out_features=8),
        graph.add("Tanh"),
        graph.add("Linear", out_features=2),
    ]
    ids.append(graph.add("Output"))
    for before, after in itertools.pairwise(ids):
        graph.connect(before, after)
    return project


def test_layers_become_a_block_and_come_apart_again() -> None:
    graph = network().graph
    before = graph.nodes
    block = graph.group(["linear", "tanh"], name="Hidden")
    assert graph.nodes == ("input", block, "linear_2", "output")
    assert graph.shape(block) == ("N", 8)
    assert set(graph.ungroup(block)) == {"linear", "tanh"}
    assert graph.nodes == before


def test_what_cannot_be_one_layer_says_why_and_changes_nothing() -> None:
    graph = network().graph
    before = graph.nodes
    with pytest.raises(nnlab.NNLabError, match="lies between"):
        graph.group(["linear", "linear_2"])
    with pytest.raises(nnlab.NNLabError, match="is no block"):
        graph.ungroup("linear")
    assert graph.nodes == before


def test_a_ready_block_is_added_by_its_id_and_its_promoted_settings_are_set() -> None:
    graph = network().graph
    block = graph.add("mlp", hidden=4, units=8, repeat=2)
    graph.disconnect("tanh", "linear_2")
    graph.connect("tanh", block)
    graph.connect(block, "linear_2")
    assert graph.parameter_count(block) == 2 * (8 * 4 + 4 + 4 * 8 + 8)
    graph.set(block, hidden=6, share=True)
    assert graph.parameter_count(block) == 8 * 6 + 6 + 6 * 8 + 8
    with pytest.raises(nnlab.NNLabError):
        graph.set(block, nonsense=1)
