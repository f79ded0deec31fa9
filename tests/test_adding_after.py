"""Layers added behind others in one call."""

import pytest

from nnlab import NNLabError, Project


def test_a_layer_is_added_and_wired_as_one_step() -> None:
    project = Project.new()
    graph = project.graph
    entry = graph.add("Input", x=100, y=50)
    other = graph.add("Tanh", x=900, y=50)
    linear = graph.add("Linear", after=entry, out_features=3)
    assert [(k.source, k.target) for k in graph.wires] == [(entry, linear)]
    assert graph.node(linear).x < graph.node(other).x, "it stands beside the node that it follows"
    assert graph.node(linear).y == 50
    assert graph.shape(linear) == ("N", 3)
    assert project.undo()
    assert linear not in graph.nodes
    assert not graph.wires


def test_one_of_several_outputs_is_named_after_a_dot() -> None:
    graph = Project.new().graph
    lstm = graph.add("LSTM")
    assert graph.add("Linear", after=f"{lstm}.last")
    assert [k.source_port for k in graph.wires] == ["last"]


@pytest.mark.parametrize(
    ("after", "said"), [("nothing", "no node"), ("lstm.first", "no output"), ("output", "Output has no output")]
)
def test_what_cannot_be_followed_says_why_and_adds_nothing(after: str, said: str) -> None:
    graph = Project.new().graph
    graph.add("LSTM")
    graph.add("Output")
    before = graph.nodes
    with pytest.raises(NNLabError, match=said):
        graph.add("Linear", after=after)
    assert graph.nodes == before
