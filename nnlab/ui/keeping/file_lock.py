"""One window for one file: a lock in the lab's own folder, named after the file's full path."""

import hashlib
import os
from pathlib import Path

from PySide6.QtCore import QLockFile

from nnlab.ui.keeping import places


class FileLock:
    """The lock of the project file that is open here."""

    def __init__(self) -> None:
        self._held: QLockFile | None = None

    def try_for(self, path: Path) -> QLockFile | None:
        """The lock of this file, or None while another window holds it; without a folder for locks, one that does nothing."""
        folder = places.state() / "locks"
        real = os.path.normcase(os.path.realpath(path))
        name = folder / f"{hashlib.sha256(os.fsencode(real)).hexdigest()[:32]}.lock"
        if self._held is not None and Path(self._held.fileName()) == name:
            return self._held
        lock = QLockFile(str(name))
        if not places.usable(folder):
            return lock
        lock.setStaleLockTime(0)  # it is stale when its process is gone, not after a time
        return lock if lock.tryLock(0) or lock.error() != QLockFile.LockError.LockFailedError else None

    def keep(self, lock: QLockFile | None) -> None:
        """Hold this lock from now on, and give back the one before; None gives back alone."""
        if self._held is not None and self._held is not lock:
            self._held.unlock()
        self._held = lock
