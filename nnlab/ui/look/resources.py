"""Where the files that come with the program are: icons, pictures, sample projects."""

from nnlab.core.resources import path

__all__ = ["path"]
