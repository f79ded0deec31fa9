"""Where the lab keeps files of its own: settings, log, recovery. Never beside the user's documents."""

import os
from pathlib import Path

from PySide6.QtCore import QStandardPaths

VARIABLE = "NNLAB_DATA_DIR"
"""Environment variable that puts all of them into one folder: a USB stick, a test."""


def config() -> Path:
    """The folder of the settings."""
    return _place("config", QStandardPaths.StandardLocation.GenericConfigLocation)


def state() -> Path:
    """The folder of the log, the locks and the recovery files."""
    return _place("state", QStandardPaths.StandardLocation.GenericStateLocation)


def recovery() -> Path:
    """The folder of the copies of unsaved work."""
    return state() / "recovery"


def recovery_copies() -> list[Path]:
    """The copies of unsaved work, of this session and of others."""
    return list(recovery().glob("*.json"))


def usable(folder: Path) -> bool:
    """Whether the folder is there (it is made if not) and takes files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError):
        return False
    return os.access(folder, os.W_OK)


def _place(name: str, location: QStandardPaths.StandardLocation) -> Path:
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser() / name
    return Path(QStandardPaths.writableLocation(location)) / "nnlab"
