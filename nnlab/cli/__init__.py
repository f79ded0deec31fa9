"""The command line: everything NNLab does, without a window. `nnlab [FILE]` opens the window."""

from nnlab.cli.main import main

__all__ = ["main"]
