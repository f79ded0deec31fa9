"""Models from elsewhere as projects: a module in Python, an ONNX file, a PT2 file. torch is loaded on use."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlab.errors import BuildError, FileError
from nnlab.files import disk
from nnlab.files.disk import AnyPath

if TYPE_CHECKING:
    from nnlab.engine.imports.finishing import Imported
    from nnlab.project.handle import Project

ENDINGS = (".onnx", ".pt2")
"""Files that hold a whole model of another program."""
FILE_LIMIT = 2 * 2**30  # bytes


def from_module(model: Any, example_input: Any, title: str = "") -> "Project":
    """Any `torch.nn.Module` as a project, its numbers with it: `nnlab.from_module(model, torch.randn(1, 3, 32, 32))`.

    The example is one tensor with the batch in front, or a tuple of several. What no layer does becomes a node that says
    so, and the project's `notices` name it. BuildError if the model cannot be read.
    """
    from nnlab.engine.imports import fx_graph

    return _project(fx_graph.from_module(model, example_input, title))


def is_model(path: AnyPath) -> bool:
    """Whether a file's ending says that it holds a model of another program."""
    return Path(path).suffix.lower() in ENDINGS


def opened(path: AnyPath) -> "Project":
    """The model in an ONNX or PT2 file as a project without a file of its own; FileError if it cannot be read.

    Only this file is read, and nothing in it is run.
    """
    what = disk.name_of(path)
    data, _ = disk.read(path, FILE_LIMIT)
    title = Path(path).stem
    try:
        if Path(path).suffix.lower() == ".onnx":
            from nnlab.engine.imports import onnx_file

            return _project(onnx_file.read(data, what, title))
        from nnlab.engine.imports import pt2_file

        return _project(pt2_file.read(data, what, title))
    except BuildError as problem:
        raise FileError(f"{what}: {problem}") from problem


def _project(made: "Imported") -> "Project":
    """The project; what was learned comes as its weights, if every part is known."""
    from nnlab.core.check import check
    from nnlab.project.handle import Project

    project = Project(made.document)
    project.notices = made.notices
    if not any(p.severity == "error" for p in check(made.document)):
        network = project.build()
        project.weights = {name: each.detach().cpu().numpy().copy() for name, each in network.state_dict().items()}
    return project
