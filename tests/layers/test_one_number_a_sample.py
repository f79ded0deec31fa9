"""One number for each sample, without any axis: every layer takes it and computes with it, or says why it does not."""

import pytest
import torch

from nnlab import Project
from nnlab.core.layer import LAYERS

LEFT_OUT = ("Input", "Output", "BlockInput", "BlockOutput", "Block")


@pytest.mark.parametrize("kind", [id_ for id_, kind in LAYERS.items() if id_ not in LEFT_OUT and kind.inputs])
def test_a_layer_takes_one_number_a_sample_or_says_why_not(kind: str) -> None:
    project = Project.new()
    project.set_data("iris")
    graph = project.graph
    lone = graph.add("Squeeze", after=graph.add("Slice", end=1, after=graph.add("Input")))
    assert graph.shape(lone) == ("N",)
    node = graph.add(kind)
    layer = project.document.graph.nodes[node].layer
    for port in layer.inputs:
        if port.kind in ("x", "*"):
            graph.connect(lone, node, port.name)
    at = project.document.shapes[node]
    if not at.known:
        assert at.problem
        return
    for port, of in zip(layer.outputs, at.kinds, strict=True):
        if of == "s":
            graph.connect(node, graph.add("Output"), source_port=port.name)
    last = lone if at.kinds[0] == "s" else node
    row = graph.add("Reshape", shape=(-1,), after=last)
    graph.add("Output", after=graph.add("Linear", out_features=3, after=row))
    assert [each for each in project.check() if each.severity == "error"] == []
    made = project.build(seed=0).eval().trace(torch.rand(5, 4))[node]
    assert tuple(made.shape) == (5, *at.outputs[0])
