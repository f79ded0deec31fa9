"""What can be taken away from a project: a program, the learned weights, a picture."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.errors import NNLabError
from nnlab.files import disk as disk
from nnlab.ui import dialogs

if TYPE_CHECKING:
    from nnlab.ui.shell.main_window import MainWindow


def python(window: "MainWindow") -> None:
    """Write the network as a program."""

    def write(path: Path) -> None:
        from nnlab.engine import export

        disk.write(path, export.python(window.bench.document).encode())

    _export(window, "Export as Python", ".py", "Python programs (*.py)", write)


def weights(window: "MainWindow") -> None:
    """Write what was learned."""

    def write(path: Path) -> None:
        from nnlab.engine import export

        disk.write(path, export.safetensors(window.bench.trainer.weights()))

    _export(window, "Export the learned weights", ".safetensors", "Safetensors files (*.safetensors)", write)


def picture(window: "MainWindow") -> None:
    """Write the diagram; the ending of the name says which kind."""
    kinds = "Vector pictures (*.svg);;Pictures (*.png);;PDF documents (*.pdf)"
    _export(window, "Export a picture of the network", ".svg", kinds, window.editor.export)


def file_name(name: str) -> str:
    """The name of a project as every system takes it for a file."""
    return "".join(c if c.isalnum() or c in " -_" else "-" for c in name.replace(",", "")).strip()[:80] or "Untitled"


def _export(window: "MainWindow", title: str, suffix: str, kinds: str, write: Callable[[Path], None]) -> None:
    start = window.settings.folder / f"{file_name(window.files.name)}{suffix}"
    path = dialogs.file_to_save(window, title, start, kinds)
    if path is None:
        return
    try:
        write(path)
    except NNLabError as problem:
        dialogs.tell(window, str(problem), "The network itself is unchanged.", level="error")
    else:
        window.settings.folder = path.parent
        window.toasts.say("info", f"Written to {disk.name_of(path)}")
