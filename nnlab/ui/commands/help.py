"""Commands of the Help menu."""

from typing import TYPE_CHECKING

from nnlab.ui.actions import action, in_lab
from nnlab.ui.shell.sheets import About, Shortcuts

if TYPE_CHECKING:
    from nnlab.ui.shell.main_window import MainWindow


def one_selected(window: "MainWindow") -> bool:
    """Exactly one layer is selected."""
    return in_lab(window) and len(window.bench.selection) == 1


@action("help.layer", "What this layer does", menu="Help", key="F1", icon="help", enabled=one_selected)
def layer(window: "MainWindow") -> None:
    """Read in the inspector how the selected layer computes."""
    window.workspace.show_help()


@action("help.welcome", "Welcome page", menu="Help", icon="home", group=True)
def welcome(window: "MainWindow") -> None:
    """Show the examples and the files opened lately."""
    window.show_welcome()


@action("help.back", "Back to the project", menu="Help", enabled=lambda w: not in_lab(w) and w.has_project)
def back(window: "MainWindow") -> None:
    """Leave the welcome page without opening anything."""
    window.show_lab()


@action("help.shortcuts", "Keyboard shortcuts", menu="Help", key=("?", "Ctrl+/"), icon="keyboard", group=True)
def shortcuts(window: "MainWindow") -> None:
    """Every key that does something."""
    Shortcuts(window.commands.described(), window).open()


@action("help.about", "About NNLab", menu="Help", icon="info", group=True)
def about(window: "MainWindow") -> None:
    """Versions, device and licences."""
    About(window.bench.status.device, window).open()
