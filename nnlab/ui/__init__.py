"""The window: the only place that knows Qt."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnlab.ui.shell.main_window import MainWindow

__all__ = ["MainWindow"]


def __getattr__(name: str) -> Any:
    """`nnlab.ui.MainWindow`, imported when it is asked for."""
    if name == "MainWindow":
        from nnlab.ui.shell.main_window import MainWindow

        return MainWindow
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
