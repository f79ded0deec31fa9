"""The .nnlab file: a document with its weights, history and picture, written whole or not at all, read with suspicion."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnlab
from nnlab.core.document import Document, Training
from nnlab.core.starts import Starts
from nnlab.errors import FileError
from nnlab.files import archive, codec, jsontext, tensors
from nnlab.files import disk as files
from nnlab.files import facts as facts_of_a_run
from nnlab.files.disk import Fingerprint
from nnlab.files.facts import RunFacts
from nnlab.files.fields import Plain, group, settings_to_dict

FORMAT = (1, 1)  # (major, minor): a minor one adds what older versions may leave alone, a major one changes meaning
SUFFIX = ".nnlab"
FILE_LIMIT = 512 * 2**20
THUMBNAIL_LIMIT = 2 * 2**20
HISTORY_LIMIT = 10_000_000  # numbers in one recorded curve

Arrays = Mapping[str, NDArray[Any]]

_MANIFEST = "manifest.json"
_PROJECT = "project.json"
_WEIGHTS = "weights/model.safetensors"
_STARTS = "weights/starts.safetensors"
_SETTINGS = "runs/last/settings.json"
_FACTS = "runs/last/facts.json"
_CURVES = "runs/last/"
_THUMBNAIL = "thumbnail.png"
_CURVE_TYPES = ("<f4", "<f8", "<i4", "<i8")
_CURVE_HEADER = re.compile(rb"\{'descr': '(<f4|<f8|<i4|<i8)', 'fortran_order': False, 'shape': \((\d{1,9}),\), \} *\n")
_PNG = b"\x89PNG\r\n\x1a\n"

UPGRADES: tuple[Any, ...] = ()
"""UPGRADES[0] takes a project's dictionary from format 1 to 2, the next one from 2 to 3, and so on."""


@dataclass(frozen=True)
class Opened:
    """What a project file held."""

    document: Document
    weights: dict[str, NDArray[Any]] | None
    """The network's state_dict as arrays, or None if the file has none."""
    history: dict[str, NDArray[Any]] | None
    """Curves of the last run by name, or None."""
    notices: tuple[str, ...] = ()
    """Sentences the user should read: what was put right, what is not known here."""
    thumbnail: bytes | None = None
    """A PNG picture, for lists of files."""
    fingerprint: Fingerprint | None = None
    """Compare with `files.fingerprint(path)` to see whether another program changed the file since."""
    trained_with: Training | None = None
    """The settings that made weights and history."""
    facts: RunFacts | None = None
    """How the run that made them was computed, if the file says so."""


def save(
    path: files.AnyPath,
    document: Document,
    weights: Arrays | None = None,
    history: Arrays | None = None,
    thumbnail: bytes | None = None,
    trained_with: Training | None = None,
    facts: RunFacts | None = None,
) -> Fingerprint:
    """Write the project file, all or nothing; FileError with the reason if it cannot be.

    `trained_with` is what made weights and history, if it was not the document's own training settings; `facts` says
    how that was computed.
    """
    return files.write(path, to_bytes(document, weights, history, thumbnail, trained_with, facts))


def open(path: files.AnyPath) -> Opened:
    """Read a project file. Any file whatever either opens or raises NNLabError; nothing in it is ever run."""
    data, found = files.read(path, FILE_LIMIT)
    return from_bytes(data, files.name_of(path), found)


def to_bytes(
    document: Document,
    weights: Arrays | None = None,
    history: Arrays | None = None,
    thumbnail: bytes | None = None,
    trained_with: Training | None = None,
    facts: RunFacts | None = None,
) -> bytes:
    """The project file as bytes; the same project gives the same bytes."""
    major, minor = FORMAT
    manifest = {"app": "NNLab", "app_version": nnlab.__version__, "format": {"major": major, "minor": minor}}
    project = jsontext.write(codec.document_to_dict(document)).encode()
    _check_opens(project)
    members = {_MANIFEST: jsontext.write(manifest).encode(), _PROJECT: project}
    if weights:
        members[_WEIGHTS] = tensors.to_bytes(weights)
    starts = document.starts.only(document.graph.nodes)
    if starts:
        members[_STARTS] = tensors.to_bytes(starts.flat())
    if history:
        members[_SETTINGS] = jsontext.write(settings_to_dict(trained_with or document.training)).encode()
        members |= {_FACTS: facts_of_a_run.to_bytes(facts)} if facts is not None else {}
        members |= {f"{_CURVES}{name}.npy": _curve_to_bytes(curve) for name, curve in sorted(history.items())}
    if thumbnail is not None and thumbnail.startswith(_PNG) and len(thumbnail) <= THUMBNAIL_LIMIT:
        members[_THUMBNAIL] = thumbnail
    data = archive.pack(members)
    if len(data) > FILE_LIMIT:
        raise FileError(f"this project would be larger than {FILE_LIMIT // 2**20} MB, which NNLab does not open")
    return data


def from_bytes(data: bytes, what: str, fingerprint: Fingerprint | None = None) -> Opened:
    """The project these bytes of a file hold; `what` names it in errors."""
    try:
        return _opened(data, what, fingerprint)
    except (MemoryError, RecursionError):
        raise FileError(f"{what} could not be opened: it is too large for this computer") from None


def _opened(data: bytes, what: str, fingerprint: Fingerprint | None) -> Opened:
    members = archive.unpack(data, what)
    major, notices = _check_format(_required(members, _MANIFEST, what), what)
    raw = jsontext.parse(_required(members, _PROJECT, what), f"{what}: {_PROJECT}")
    document, repairs = _document(raw, what, major)
    weights = None
    if _WEIGHTS in members:
        weights, lost = _weights(members.pop(_WEIGHTS), f"{what}: {_WEIGHTS}")
        notices += lost
    if _STARTS in members:
        starts, lost = _weights(members.pop(_STARTS), f"{what}: {_STARTS}")
        notices += lost
        document = replace(document, starts=Starts.of_flat(starts or {}).only(document.graph.nodes))
    trained_with = _settings(members.pop(_SETTINGS), what) if _SETTINGS in members else None
    facts = facts_of_a_run.from_bytes(members.pop(_FACTS), f"{what}: {_FACTS}") if _FACTS in members else None
    curves = [name for name in members if name.startswith(_CURVES) and name.endswith(".npy")]
    history = {name[len(_CURVES) : -4]: _curve_from_bytes(members.pop(name), f"{what}: {name}") for name in curves}
    thumbnail = members.pop(_THUMBNAIL, None)
    if thumbnail is not None and (len(thumbnail) > THUMBNAIL_LIMIT or not thumbnail.startswith(_PNG)):
        thumbnail = None
    if members:
        notices.append(f"{what} holds parts this version does not know ({_few(members)}); saving leaves them out.")
    notices.extend(repairs)
    return Opened(document, weights, history or None, tuple(notices), thumbnail, fingerprint, trained_with, facts)


# -------------------------------------------------------------------- the members


def _required(members: dict[str, bytes], name: str, what: str) -> bytes:
    if name not in members:
        raise FileError(f"{what} is not an NNLab project: it has no {name}")
    return members.pop(name)


def _check_format(data: bytes, what: str) -> tuple[int, list[str]]:
    """The major format, and a notice if a newer NNLab wrote this; FileError if this one cannot read it."""
    manifest = jsontext.parse(data, f"{what}: {_MANIFEST}")
    found = manifest.get("format") if isinstance(manifest, dict) else None
    major, minor = (found.get("major"), found.get("minor")) if isinstance(found, dict) else (None, None)
    if type(major) is not int or type(minor) is not int or not 1 <= major < 2**31 or not 0 <= minor < 2**31:
        raise FileError(f"{what} is not an NNLab project: its {_MANIFEST} names no format that exists")
    by = manifest.get("app_version")
    writer = f"NNLab {by}" if isinstance(by, str) and 0 < len(by) <= 30 and by.isprintable() else "a newer NNLab"
    if major > FORMAT[0]:
        raise FileError(f"{what} was written by {writer}, whose files this version cannot read: update NNLab")
    if major == FORMAT[0] and minor > FORMAT[1]:
        return major, [f"{what} was written by {writer}; what this version does not know is kept where it can be."]
    return major, []


def _document(raw: Any, what: str, major: int) -> tuple[Document, tuple[str, ...]]:
    try:
        return codec.document_from_dict(upgraded(raw, major))
    except FileError as problem:
        raise FileError(f"{what}: {problem}") from None


def _settings(data: bytes, what: str) -> Training:
    name = f"{what}: {_SETTINGS}"
    try:
        training: Training = group(Training, jsontext.parse(data, name), [])[0]
    except FileError as problem:
        raise FileError(f"{name}: {str(problem).removeprefix(f'{name} ')}") from None
    return training


def upgraded(raw: Plain, major: int, steps: tuple[Any, ...] = UPGRADES) -> Plain:
    """The project's dictionary brought from an older major format to the present one, a step at a time."""
    for step in steps[major - 1 :]:
        raw = step(raw)
    return raw


def _check_opens(project: bytes) -> None:
    """What is about to be written must be what can be read: limits are met before the old file is touched."""
    try:
        codec.document_from_dict(jsontext.parse(project, "the project"))
    except FileError as problem:
        raise FileError(f"this project cannot be saved: {problem}") from None


def _weights(data: bytes, what: str) -> tuple[dict[str, NDArray[Any]] | None, list[str]]:
    found = tensors.from_bytes(data, what)
    bad = tensors.not_finite(found)
    if bad:
        return None, [
            f"{bad:,} of the saved weights are not finite numbers, as after a run that blew up;"
            " the weights were left out, so train again."
        ]
    return found, []


def _curve_to_bytes(curve: NDArray[Any]) -> bytes:
    out = io.BytesIO()
    if curve.ndim != 1 or curve.dtype.str not in _CURVE_TYPES or len(curve) > HISTORY_LIMIT:
        raise FileError("this project cannot be saved: a recorded curve is not a plain row of numbers")
    np.lib.format.write_array(out, curve, version=(1, 0), allow_pickle=False)
    return out.getvalue()


def _curve_from_bytes(data: bytes, what: str) -> NDArray[Any]:
    """The curve, if the bytes are exactly what `_curve_to_bytes` makes; the header is matched, never evaluated."""
    size = int.from_bytes(data[8:10], "little")
    match = _CURVE_HEADER.fullmatch(data[10 : 10 + size])
    if data[:8] != b"\x93NUMPY\x01\x00" or match is None:
        raise FileError(f"{what} is damaged: it is not a recorded curve")
    dtype, length, rest = np.dtype(match[1].decode()), int(match[2]), data[10 + size :]
    if length > HISTORY_LIMIT or len(rest) != length * dtype.itemsize:
        raise FileError(f"{what} is damaged: it is not a recorded curve")
    return np.frombuffer(rest, dtype).copy()


def _few(names: Mapping[str, object]) -> str:
    some = sorted(names)[:3]
    return ", ".join(some) + (", ..." if len(names) > 3 else "")
