"""Data that take a while to make, made once: kept on disk under a name that says all that went into them, and in memory.

Nothing depends on the disk: where none takes files, or a file is damaged, the data are made anew.
"""

import contextlib
import hashlib
import json
import os
import struct
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]

VARIABLE = "NNLAB_DATA_DIR"  # puts all of the lab's own files into one folder
MEMORY_KEPT = 6  # the three parts of two data sets: what is drawn of the same pictures for two purposes is drawn once
DISK_LIMIT = 400 * 1024 * 1024  # bytes; beyond it the files that were used longest ago go
SUFFIX = ".npz"
HALF_WRITTEN = 3600  # seconds after which nobody still writes a file
NAMES = "names"  # in each file: which arrays there should be
DAMAGE = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, NotImplementedError, MemoryError, SyntaxError),
    *(zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, OverflowError),
)
"""What reading a file that is not whole may end in."""

_memory: "OrderedDict[str, Arrays]" = OrderedDict()
_lock = threading.Lock()


def kept(name: str, facts: Mapping[str, object], make: Callable[[], Arrays]) -> Arrays:
    """What `make` gives for these facts, from memory or disk where it was made before. The arrays are read-only.

    `facts` are plain values (numbers, texts, lists) that decide every number; give them a version that rises
    whenever `make` changes.
    """
    key = f"{name}-{_digest(facts)}"
    with _lock:
        if key in _memory:
            _memory.move_to_end(key)
            return _memory[key]
    arrays = _read(key)
    if arrays is None:
        arrays = make()
        _write(key, arrays)
    for array in arrays.values():
        array.flags.writeable = False
    with _lock:
        _memory[key] = arrays
        while len(_memory) > MEMORY_KEPT:
            _memory.popitem(last=False)
    return arrays


def forget() -> None:
    """Let go of what is in memory; the disk keeps its own."""
    with _lock:
        _memory.clear()


def folder() -> Path | None:
    """Where the files lie: the place that the system has for what can be made again. None where there is no home."""
    chosen = os.environ.get(VARIABLE)
    try:
        return Path(chosen).expanduser() / "cache" if chosen else _system_place() / "nnlab"
    except RuntimeError:  # nobody's home is known
        return None


def _system_place() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    stated = os.environ.get("XDG_CACHE_HOME", "")
    return Path(stated) if os.path.isabs(stated) else Path.home() / ".cache"


def _digest(facts: Mapping[str, object]) -> str:
    text = json.dumps(facts, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


# ---------------------------------------------------------------- the disk


def _read(key: str) -> Arrays | None:
    """The arrays of a file; None where there is none or it is not whole (the archive carries a checksum of each)."""
    place = folder()
    if place is None:
        return None
    path = place / f"{key}{SUFFIX}"
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
            if sorted(arrays.pop(NAMES).tolist()) != sorted(arrays):
                return None
    except DAMAGE:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # used just now: it goes last
    return arrays


def _write(key: str, arrays: Arrays) -> None:
    """Into a file of another name first, so that nobody ever reads half of one. A disk that refuses is let be."""
    place = folder()
    if place is None:
        return
    with contextlib.suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".part", dir=place)
        try:
            with os.fdopen(handle, "wb") as file:
                named = {NAMES: np.array(list(arrays)), **arrays}
                np.savez(file, **cast(dict[str, Any], named))  # plain numbers: nothing is pickled
            os.replace(temporary, place / f"{key}{SUFFIX}")
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _make_room(place)


def _make_room(place: Path) -> None:
    """Remove what an interrupted program left, and the files used longest ago until the rest keeps to the limit."""
    for left in place.glob("*.part"):
        if left.stat().st_mtime < time.time() - HALF_WRITTEN:
            left.unlink(missing_ok=True)
    files = [(found.stat(), found) for found in place.glob(f"*{SUFFIX}")]
    total = sum(facts.st_size for facts, _ in files)
    for facts, path in sorted(files, key=lambda each: each[0].st_mtime)[:-1]:
        if total <= DISK_LIMIT:
            return
        path.unlink(missing_ok=True)
        total -= facts.st_size
