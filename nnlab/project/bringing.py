"""Models from Python as projects."""

from typing import Any

from nnlab.project.handle import Project
from nnlab.project.importing import of_module


def from_module(model: Any, example_input: Any, title: str = "", blocks: bool = True) -> Project:
    """Any `torch.nn.Module` as a project, its numbers with it: `nnlab.from_module(model, torch.randn(1, 3, 32, 32))`.

    The example is one tensor with the batch in front, or a tuple of several. What no layer does becomes a node that says
    so, and the project's `notices` name it. Modules of the model's own with several layers inside become blocks;
    with `blocks=False` all layers lie open. BuildError if the model cannot be read.
    """
    document, notices, weights = of_module(model, example_input, title, blocks)
    project = Project(document)
    project.notices, project.weights = notices, weights
    return project
