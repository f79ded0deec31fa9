"""Where the files that come with the program are: icons, pictures, learned weights."""

import sys
from pathlib import Path


def path(*parts: str) -> Path:
    """The file or folder below `resources`, in a source checkout and in a frozen program alike."""
    frozen = getattr(sys, "_MEIPASS", None)
    root = Path(frozen) if frozen else Path(__file__).resolve().parents[2]
    return root.joinpath("resources", *parts)
