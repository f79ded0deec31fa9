"""A copy of unsaved work in the lab's own folder: written a second after a change, offered after a bad end."""

import hashlib
import json
import logging
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLockFile, QObject, QTimer

from nnlab.core.document import Document
from nnlab.errors import NNLabError
from nnlab.files import codec
from nnlab.files import disk as files
from nnlab.ui.keeping import places
from nnlab.ui.workbench import Workbench

LOG = logging.getLogger("nnlab")
DELAY_MS = 1_000
FORMAT = 1
FILE_LIMIT = 64 * 2**20
KEEP = timedelta(days=30)


@dataclass(frozen=True)
class Found:
    """Work that a session left behind when it ended badly."""

    file: Path
    document: Document
    path: Path | None
    """The project file it belongs to, if it had one."""
    written: datetime

    @property
    def name(self) -> str:
        """What to call it."""
        return self.path.stem if self.path else self.document.title or "Untitled"


class Recovery(QObject):
    """Keeps the copy of this window's work, and finds the copies of sessions that ended badly."""

    def __init__(self, bench: Workbench, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bench = bench
        self.folder = folder or places.recovery()
        self._file = self.folder / f"{uuid.uuid4().hex}.json"
        self._lock: QLockFile | None = None
        self._written: Document | None = None
        self._timer = QTimer(self, interval=DELAY_MS, singleShot=True)
        self._timer.timeout.connect(self.write)
        self.on = places.usable(self.folder) and self._take_lock()
        bench.document_changed.connect(self._on_change)
        bench.file_changed.connect(self._on_change)

    def write(self) -> bool:
        """Write the copy now, or take it away if all is saved; False if the folder does not take it."""
        self._timer.stop()
        if not self.on or self._lock is None:
            return False
        document = self._bench.document
        if self._bench.history.is_saved:
            self._file.unlink(missing_ok=True)
            self._written = None
            return True
        if document is self._written:
            return True
        try:
            files.write(self._file, _packed(document, self._bench.path))
        except (NNLabError, OSError) as problem:
            LOG.warning("recovery copy not written: %s", problem)
            return False
        self._written = document
        return True

    def close(self) -> None:
        """The session ended well: nothing is left to recover."""
        self._timer.stop()
        self._bench.document_changed.disconnect(self._on_change)
        self._bench.file_changed.disconnect(self._on_change)
        with suppress(OSError):
            self._file.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.unlock()

    def leave(self) -> None:
        """The session is being ended from outside: keep the copy for the next start."""
        self.write()
        if self._lock is not None:
            self._lock.unlock()

    def found(self) -> list[Found]:
        """Copies of sessions that are no longer alive, newest first; damaged ones are passed over, never in the way."""
        if not self.on:
            return []
        copies = [self._read(file) for file in self.folder.glob("*.json") if file != self._file]
        return sorted((c for c in copies if c is not None), key=lambda c: c.written, reverse=True)

    def forget(self, copy: Found) -> None:
        """The copy is restored or not wanted: away with it."""
        with suppress(OSError):
            copy.file.unlink(missing_ok=True)
            copy.file.with_suffix(".lock").unlink(missing_ok=True)

    # ---------------------------------------------------------------- inside

    def _on_change(self, *_: object) -> None:
        if self.on and not self._timer.isActive():
            self._timer.start()

    def _take_lock(self) -> bool:
        self._lock = QLockFile(str(self._file.with_suffix(".lock")))
        self._lock.setStaleLockTime(0)
        return self._lock.tryLock(0)

    def _read(self, file: Path) -> Found | None:
        lock = QLockFile(str(file.with_suffix(".lock")))
        lock.setStaleLockTime(0)  # a lock is stale when its process is gone, however old it is
        if not lock.tryLock(0):
            return None
        lock.unlock()
        try:
            found = _unpacked(file)
        except (NNLabError, OSError, ValueError, TypeError, KeyError, RecursionError, OverflowError) as problem:
            LOG.warning("recovery copy %s passed over: %s", file.name, problem)
            return None
        if datetime.now() - found.written > KEEP:
            self.forget(found)
            return None
        return found


def _packed(document: Document, path: Path | None) -> bytes:
    body = {
        "document": codec.document_to_dict(document),
        "path": str(path) if path else "",
        "written": time.time(),
    }
    text = json.dumps(body, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    check = hashlib.sha256(text.encode()).hexdigest()
    return f'{{"format":{FORMAT},"sha256":"{check}"}}\n{text}'.encode()


def _unpacked(file: Path) -> Found:
    raw, _ = files.read(file, FILE_LIMIT)
    head, _, body = raw.partition(b"\n")
    facts: dict[str, Any] = json.loads(head)
    if facts["format"] != FORMAT or facts["sha256"] != hashlib.sha256(body).hexdigest():
        raise ValueError("it is damaged or of another version")
    held: dict[str, Any] = json.loads(body)
    document, _notices = codec.document_from_dict(held["document"])
    path = Path(held["path"]) if held["path"] else None
    return Found(file, document, path, datetime.fromtimestamp(held["written"]))
