"""Commands of the File menu."""

from typing import TYPE_CHECKING

from nnlab.ui.actions import action, in_lab
from nnlab.ui.shell import exports

if TYPE_CHECKING:
    from nnlab.ui.shell.main_window import MainWindow


@action("file.new", "New", menu="File", key="Ctrl+N", icon="new")
def new(window: "MainWindow") -> None:
    """Start with an input, an output and nothing in between."""
    window.files.new()


@action("file.open", "Open…", menu="File", key="Ctrl+O", icon="open")
def open_(window: "MainWindow") -> None:
    """Open a project that was saved before."""
    window.files.open()


@action("file.take", "Take layers from a project…", menu="File", enabled=in_lab)
def take(window: "MainWindow") -> None:
    """Add the layers of a saved project with what they learned, frozen, below the network: transfer learning."""
    window.files.take()


@action("file.clear_recent", "Clear the list", menu="File/Open recent", enabled=lambda w: bool(w.settings.recent))
def clear_recent(window: "MainWindow") -> None:
    """Forget which files were opened lately."""
    window.settings.clear_recent()
    window.welcome.show_recent([])


@action("file.save", "Save", menu="File", key="Ctrl+S", icon="save", enabled=in_lab, group=True)
def save(window: "MainWindow") -> None:
    """Write the project with what the network has learned to its file."""
    window.files.save()


@action("file.save_as", "Save as…", menu="File", key="Ctrl+Shift+S", enabled=in_lab)
def save_as(window: "MainWindow") -> None:
    """Write the project to another file and go on with that one."""
    window.files.save_as()


@action("file.export_python", "Python code…", menu="File/Export", icon="export", enabled=in_lab, group=True)
def export_python(window: "MainWindow") -> None:
    """Write the network as a PyTorch program that needs nothing but torch."""
    exports.form(window, "python")


@action("file.export_notebook", "Notebook…", menu="File/Export", enabled=in_lab)
def export_notebook(window: "MainWindow") -> None:
    """Write the network and its training as a notebook, in cells with a few words about each."""
    exports.form(window, "notebook")


@action("file.export_keras", "Keras code…", menu="File/Export", enabled=in_lab)
def export_keras(window: "MainWindow") -> None:
    """Write the network and its training for Keras 3, if every layer has an equal there."""
    exports.form(window, "keras")


@action("file.export_onnx", "ONNX model…", menu="File/Export", enabled=in_lab, group=True)
def export_onnx(window: "MainWindow") -> None:
    """Write the trained network for programs in other languages, on phones and in browsers."""
    exports.form(window, "onnx")


@action("file.export_pt2", "PyTorch program (PT2)…", menu="File/Export", enabled=in_lab)
def export_pt2(window: "MainWindow") -> None:
    """Write the trained network as torch.export keeps it, to be opened without NNLab."""
    exports.form(window, "pt2")


@action("file.export_weights", "Learned weights…", menu="File/Export", enabled=in_lab)
def export_weights(window: "MainWindow") -> None:
    """Write what the network has learned as a safetensors file."""
    exports.form(window, "safetensors")


@action("file.export_picture", "Picture of the network…", menu="File/Export", enabled=in_lab, group=True)
def export_picture(window: "MainWindow") -> None:
    """Write the diagram as SVG, PNG or PDF."""
    exports.picture(window)


@action("file.close", "Close", menu="File", key="Ctrl+W", enabled=in_lab, group=True)
def close(window: "MainWindow") -> None:
    """Close the project and show the welcome page."""
    window.files.close()


@action("file.quit", "Quit", menu="File", key="Ctrl+Q", icon="close")
def quit_(window: "MainWindow") -> None:
    """Close the window; asks first if something is not saved."""
    window.close()
