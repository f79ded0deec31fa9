"""Reading and writing files with care: regular files only, sizes capped, and an old file stays until the new one is whole."""

import contextlib
import errno
import os
import platform
import re
import secrets
import stat
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nnlab.errors import FileError

AnyPath = str | os.PathLike[str]

STRAY_AGE = 86_400.0  # seconds after which a temporary file is a stray even if its writer cannot be asked
RETRY_PAUSES = (0.1, 0.3, 0.6)  # seconds: a virus scanner may hold a file for a moment

_TEMPORARY = re.compile(r"\.nnlab-save-([0-9a-f]{8})-(\d{1,9})-[0-9a-f]{8}\.tmp")  # computer, process, chance
_WORDS = {
    errno.ENOENT: "there is no such file or folder",
    errno.ENOTDIR: "a part of the path is not a folder",
    errno.EACCES: "you may not do that here (permission denied)",
    errno.EPERM: "you may not do that here (permission denied)",
    errno.EROFS: "the place is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is full",
    errno.EFBIG: "it would become too large for this disk",
    errno.EISDIR: "that is a folder, not a file",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its links lead round in a circle",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.EIO: "the disk reports an error",
    errno.ETXTBSY: "another program is using it",
    errno.EBUSY: "another program is using it",
}


@dataclass(frozen=True)
class Fingerprint:
    """Tells whether a file is still the one that was read or written: compare with a later one."""

    modified_ns: int
    size: int


def fingerprint(path: AnyPath) -> Fingerprint | None:
    """The file's fingerprint now, or None if there is no such file to look at."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return Fingerprint(found.st_mtime_ns, found.st_size)


def name_of(path: AnyPath) -> str:
    """The file's name as messages show it, whatever bytes it is made of."""
    name = Path(path).name or str(path)
    return os.fsencode(name).decode("utf-8", "replace") if "\0" not in name else name.replace("\0", "?")


def read(path: AnyPath, limit: int) -> tuple[bytes, Fingerprint]:
    """The bytes of a regular file of at most `limit` bytes; FileError with a sentence otherwise.

    Devices, pipes and folders are refused without being read, so nothing can make this wait for ever.
    """
    name = name_of(path)
    with _in_words(f"{name} could not be opened"):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise FileError(f"{name} could not be opened: {_kind(os.stat(path).st_mode)}")
        handle = os.open(path, os.O_RDONLY | _flag("O_NONBLOCK") | _flag("O_CLOEXEC") | _flag("O_BINARY"))
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise FileError(f"{name} could not be opened: {_kind(found.st_mode)}")
            if found.st_size > limit:
                raise FileError(f"{name} could not be opened: it is larger than {limit // 2**20} MB")
            data = _all_of(handle, limit)
        finally:
            os.close(handle)
    if len(data) > limit:
        raise FileError(f"{name} could not be opened: it is larger than {limit // 2**20} MB")
    return data, Fingerprint(found.st_mtime_ns, found.st_size)


def write(path: AnyPath, data: bytes) -> Fingerprint:
    """Put `data` in the file, all or nothing: on any fault the file that was there stays as it was.

    A link stays a link and its target is replaced. FileError says what went wrong.
    """
    name = name_of(path)
    with _in_words(f"{name} could not be saved"):
        target = Path(os.path.realpath(path))
        mode = _mode_for(target, name)
        _clean_strays(target.parent)
        temporary = _beside(target)
        try:
            written = _write_new(temporary, data, mode)
            _replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    with contextlib.suppress(OSError):  # the file is in place and whole; only a power cut just now could undo it
        _sync_folder(target.parent)
    return written


def check_writable(path: AnyPath) -> None:
    """FileError if a file could not be written here, found out before the work that it is to hold."""
    name = name_of(path)
    with _in_words(f"{name} could not be saved"):
        target = Path(os.path.realpath(path))
        _mode_for(target, name)
        temporary = _beside(target)
        _write_new(temporary, b"", 0o600)
        os.unlink(temporary)


# -------------------------------------------------------------------- steps of reading and writing


def _all_of(handle: int, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while size <= limit:
        piece = os.read(handle, min(2**20, limit + 1 - size))
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _mode_for(target: Path, name: str) -> int:
    """The permissions of the file that is replaced, or the usual ones; FileError if it is no file to write to."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return 0o666  # the system takes away what the user's umask says
    if not stat.S_ISREG(mode):
        raise FileError(f"{name} could not be saved: {_kind(mode)}")
    if not os.access(target, os.W_OK):
        raise FileError(f"{name} could not be saved: it is write-protected; save under another name")
    return stat.S_IMODE(mode)


def _write_new(path: Path, data: bytes, mode: int) -> Fingerprint:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _flag("O_CLOEXEC") | _flag("O_BINARY") | _flag("O_NOFOLLOW")
    handle = os.open(path, flags, mode)
    try:
        rest = memoryview(data)
        while rest:
            count = os.write(handle, rest)  # a filling disk may take a part only
            if count <= 0:
                raise OSError(errno.ENOSPC, "nothing was written")
            rest = rest[count:]
        os.fsync(handle)
        found = os.fstat(handle)
        if found.st_size != len(data):
            raise OSError(errno.EIO, "the size is wrong")
    finally:
        os.close(handle)
    return Fingerprint(found.st_mtime_ns, found.st_size)


def _replace(source: Path, target: Path) -> None:
    for pause in RETRY_PAUSES:
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(pause)
    return os.replace(source, target)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY | _flag("O_CLOEXEC"))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(target: Path) -> Path:
    return target.parent / f".nnlab-save-{_computer()}-{os.getpid()}-{secrets.token_hex(4)}.tmp"


def _computer() -> str:
    """Tells this computer from others that write to the same folder over a network."""
    return f"{zlib.crc32(platform.node().encode('utf-8', 'replace')):08x}"


def _clean_strays(folder: Path) -> None:
    """Remove what a save that was killed has left beside the file."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            match = _TEMPORARY.fullmatch(entry.name)
            if match is not None and entry.is_file(follow_symlinks=False) and _is_stray(match, entry):
                os.unlink(entry.path)


def _is_stray(match: re.Match[str], entry: "os.DirEntry[str]") -> bool:
    if match[1] == _computer() and not _alive(int(match[2])):
        return True
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > STRAY_AGE


def _alive(pid: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(pid))


def _flag(name: str) -> int:
    return int(getattr(os, name, 0))  # not every system has every flag


def _kind(mode: int) -> str:
    return "it is a folder" if stat.S_ISDIR(mode) else "it is a device or a pipe, not a file"


def reason(problem: OSError) -> str:
    """What an error of the system means, in words."""
    return _WORDS.get(problem.errno or 0, (problem.strerror or "the system refused").lower())


@contextlib.contextmanager
def _in_words(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise FileError(f"{what}: {reason(problem)}") from problem
    except (ValueError, OverflowError):  # a NUL in the name
        raise FileError(f"{what}: no file can have this name") from None
