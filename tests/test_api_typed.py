"""graph.add_text: typed layers through the public handle."""

import pytest

import nnlab


def test_typed_layers_are_one_undo_step_and_the_last_id_comes_back() -> None:
    project = nnlab.Project.new()
    x = project.graph.add("Input")
    before = project.document
    last = project.graph.add_text("mlp 16 8 tanh, dense 3", after=x)
    assert project.graph.node(last).type == "Linear"
    assert project.graph.node(last).parameters["out_features"] == 3
    assert project.graph.shape(last) == ("N", 3)
    project.undo()
    assert project.document == before


def test_the_data_of_the_project_decide_what_conv_is() -> None:
    name = next(each["id"] for each in nnlab.examples() if "cnn" in each["id"])
    project = nnlab.Project.example(name)
    x = next(n for n in project.graph.nodes if project.graph.node(n).type == "Input")
    last = project.graph.add_text("conv 4 k3", after=x)
    assert project.graph.node(last).type == "Conv2d"


def test_what_cannot_be_understood_changes_nothing() -> None:
    project = nnlab.Project.new()
    x = project.graph.add("Input")
    before = project.document
    for text in ("konv 3", "dense 3, (", "relu, input", "relu, one-hot"):
        with pytest.raises(nnlab.NNLabError):
            project.graph.add_text(text, after=x)
    with pytest.raises(nnlab.NNLabError, match="no node"):
        project.graph.add_text("relu", after="nobody")
    assert project.document is before
