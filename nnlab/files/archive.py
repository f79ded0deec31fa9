"""The zip around a project, read in memory under limits: nothing is ever extracted to disk or trusted to be small."""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping

from nnlab.errors import FileError

MEMBERS_LIMIT = 2_000
UNPACKED_LIMIT = 2**30
RATIO_LIMIT = 200
SMALL = 2**20  # bytes that may be packed at any ratio
CHUNK = 2**20

_END = struct.Struct("<4s4H2LH")
_LOCAL_SIZE = 30
_NAME = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]*(/[A-Za-z0-9_\-][A-Za-z0-9_.\-]*){0,7}")
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    struct.error,
)


def pack(members: Mapping[str, bytes]) -> bytes:
    """A zip of these members in this order; the same members give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.create_system = 3  # else Windows and Linux would differ
            info.compress_type = zipfile.ZIP_STORED if _is_dense(name, data) else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()


def unpack(data: bytes, what: str) -> dict[str, bytes]:
    """Every member by name; FileError for an archive that is damaged, ambiguous or a trap."""
    _check_end(data, what)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) != _END.unpack(data[-_END.size :])[4]:  # a length that is too large hides what comes after it
                raise FileError(f"{what} is damaged: its archive cannot be read")
            _check_members(infos, archive.start_dir, what)
            return {info.filename: _inflate(archive, info, what) for info in infos}
    except _FAULTS as problem:
        raise FileError(f"{what} is damaged: its archive cannot be read") from problem


def _check_end(data: bytes, what: str) -> None:
    """The archive must be the whole file, and its directory must lie right before its end."""
    if not data.startswith(b"PK"):
        raise FileError(f"{what} is not an NNLab project")
    if len(data) < _END.size or data[-_END.size :][:4] != b"PK\x05\x06":
        raise FileError(f"{what} is damaged: it ends too early, or something was added to it")
    _, disk, first_disk, here, total, size, offset, comment = _END.unpack(data[-_END.size :])
    if disk or first_disk or comment or here != total or offset + size != len(data) - _END.size:
        raise FileError(f"{what} is damaged: its archive cannot be read")
    if total > MEMBERS_LIMIT or size > MEMBERS_LIMIT * 400:
        raise FileError(f"{what} holds too many parts to be an NNLab project")


def _check_members(infos: list[zipfile.ZipInfo], end: int, what: str) -> None:
    seen: set[str] = set()
    free_from = 0
    for info in sorted(infos, key=lambda i: i.header_offset):
        name = info.filename
        if not _NAME.fullmatch(name) or len(name) > 200 or info.orig_filename != name:
            raise FileError(f"{what} is damaged: a part of it has a name that is not allowed")
        if name.lower() in seen:
            raise FileError(f"{what} is damaged: it holds {name} twice")
        seen.add(name.lower())
        _check_member(info, what)
        if info.header_offset < free_from:
            raise FileError(f"{what} is damaged: parts of it overlap")
        free_from = info.header_offset + _LOCAL_SIZE + len(name) + info.compress_size
        if free_from > end:
            raise FileError(f"{what} is damaged: parts of it overlap")
    if sum(info.file_size for info in infos) > UNPACKED_LIMIT:
        raise FileError(f"{what} would unpack to more than {UNPACKED_LIMIT // 2**30} GB")


def _check_member(info: zipfile.ZipInfo, what: str) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise FileError(f"{what} is damaged: {info.filename} is a link or a device")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 0x1:
        raise FileError(f"{what}: {info.filename} is encrypted or packed in a way that is not supported")
    if info.file_size > SMALL and info.file_size > RATIO_LIMIT * max(info.compress_size, 1):
        raise FileError(f"{what}: {info.filename} would unpack to far more than it holds")


def _inflate(archive: zipfile.ZipFile, info: zipfile.ZipInfo, what: str) -> bytes:
    """One member; never more than it declares, whatever it unpacks to."""
    pieces: list[bytes] = []
    size = 0
    with archive.open(info) as member:
        while piece := member.read(CHUNK):
            pieces.append(piece)
            size += len(piece)
            if size > info.file_size:
                raise FileError(f"{what}: {info.filename} unpacks to more than it declares")
    if size != info.file_size:
        raise FileError(f"{what} is damaged: {info.filename} is cut short")
    return b"".join(pieces)


def _is_dense(name: str, data: bytes) -> bool:
    """Weights and pictures hardly shrink; what shrinks beyond the limit would be refused when read."""
    if name.endswith((".safetensors", ".png")):
        return True
    return len(data) > SMALL and len(data) > RATIO_LIMIT // 2 * len(zlib.compress(data, 1))
