"""Layers with what they learned, taken out of another project: from Python."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nnlab
from nnlab.errors import GraphError


def trained(path: Path) -> nnlab.Project:
    project = nnlab.Project.example("digits-mlp")
    project.train(epochs=2)
    project.save(path)
    return project


def test_taken_layers_keep_what_they_learned_frozen_through_training_undo_and_files(tmp_path: Path) -> None:
    source = trained(tmp_path / "source.nnlab")
    project = nnlab.Project.new()
    project.set_data("digits")
    ids = project.take(tmp_path / "source.nnlab")
    assert all(project.graph.node(n).type not in ("Input", "Output") for n in ids)
    graph = project.graph
    x, head, y = graph.add("Input"), graph.add("Linear", out_features=10), graph.add("Output")
    entry = next(n for n in ids if not any(wire.target == n for wire in graph.wires))
    last = ids[-2]
    graph.connect(x, entry)
    graph.remove(ids[-1])
    graph.connect(last, head)
    graph.connect(head, y)
    names = [n for n in ids[:-1] if graph.parameter_count(n)]
    assert names
    assert all(graph.node(n).learning.frozen for n in names)
    project.train(epochs=1)
    learned = source.weights
    assert learned is not None
    assert project.weights is not None
    for node_id, array in project.weights.items():
        layer, _, name = node_id.partition(".")
        if layer in names:
            assert any(np.array_equal(array, other) for key, other in learned.items() if key.endswith(name))
    project.save(tmp_path / "mine.nnlab")
    mine = project.document  # what a layer would start from that was removed since is not saved
    mine = replace(mine, starts=mine.starts.only(mine.graph.nodes))
    assert nnlab.Project.open(tmp_path / "mine.nnlab").document == mine


def test_taking_is_one_undo_step_and_nothing_to_take_is_said(tmp_path: Path) -> None:
    trained(tmp_path / "source.nnlab")
    project = nnlab.Project.new()
    before = project.document
    project.take(tmp_path / "source.nnlab", freeze=False)
    assert not any(project.graph.node(n).learning.frozen for n in project.graph.nodes)
    project.undo()
    assert project.document == before
    with pytest.raises(GraphError, match="no layers to take"):
        project.take(nnlab.Project.new())


def test_unfrozen_layers_can_learn_slowly(tmp_path: Path) -> None:
    project = trained(tmp_path / "source.nnlab")
    node = next(n for n in project.graph.nodes if project.graph.parameter_count(n))
    project.graph.learn(node, frozen=False, rate=0.1)
    assert project.graph.node(node).learning.rate == 0.1
    project.undo()
    assert project.graph.node(node).learning.rate == 1.0
