"""The public handle of a project: everything the window can do to one, as calls. No Qt; torch on first use."""

from nnlab.project.handle import Project
from nnlab.project.many import ManyRuns
from nnlab.project.network import NodeView, ProjectGraph
from nnlab.project.run import Run

__all__ = ["ManyRuns", "NodeView", "Project", "ProjectGraph", "Run"]
