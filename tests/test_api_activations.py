"""`graph.activate`: the activation of a layer from Python."""

import pytest

import nnlab


def test_an_activation_is_put_in_exchanged_and_taken_out_each_one_undo_step() -> None:
    project = nnlab.Project.example("xor")
    graph = project.graph
    linear = next(n for n in graph.nodes if graph.node(n).type == "Linear")
    count, before = len(graph.nodes), project.document
    act = graph.activate(linear, "ReLU")
    assert graph.node(act).type == "ReLU"
    assert len(graph.nodes) == count
    assert graph.activate(linear, None) == ""
    assert len(graph.nodes) == count - 1
    made = graph.activate(linear, "Sigmoid")
    assert graph.node(made).type == "Sigmoid"
    for _ in range(3):
        project.undo()
    assert project.document == before


def test_an_unknown_activation_names_its_neighbours_and_changes_nothing() -> None:
    project = nnlab.Project.example("xor")
    before = project.document
    with pytest.raises(nnlab.NNLabError, match="did you mean ReLU"):
        project.graph.activate("linear", "RELU")
    with pytest.raises(nnlab.NNLabError, match="no activation called 'Linear'"):
        project.graph.activate("linear", "Linear")
    with pytest.raises(nnlab.NNLabError, match="no node 'nowhere'"):
        project.graph.activate("nowhere", "ReLU")
    assert project.document is before
