"""The canvas shows a layer as the check judges it."""

import nnlab
from nnlab.ui.canvas.looks import node_look


def test_a_mistake_beside_the_way_to_the_output_has_the_colour_of_a_suggestion() -> None:
    project = nnlab.Project.new()
    lone = project.graph.add("Linear")
    alone = node_look(project.document, lone)
    assert (alone.severity, bool(alone.problem)) == ("error", True)
    judged = node_look(project.document, lone, ("warning", "is not connected to the data"))
    assert (judged.severity, judged.problem) == ("warning", alone.problem)
