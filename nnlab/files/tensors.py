"""Learned numbers as safetensors bytes and back: plain arrays only, every claim of the file checked first."""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.errors import FileError
from nnlab.files.jsontext import parse

Array = NDArray[Any]

TENSORS_LIMIT = 20_000
HEADER_LIMIT = 8 * 2**20
RANK_LIMIT = 8
NAME_LIMIT = 512

_DTYPES = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "I64": np.int64,
    "I32": np.int32,
    "I16": np.int16,
    "I8": np.int8,
    "U8": np.uint8,
    "BOOL": np.bool_,
}


def to_bytes(tensors: Mapping[str, Array]) -> bytes:
    """Arrays by name as a safetensors file; FileError if one is of a kind that such a file does not hold here."""
    from safetensors.numpy import save

    for name, array in tensors.items():
        if array.dtype not in _DTYPES.values():
            raise FileError(f"the weights {name!r} are numbers of a kind that is not stored ({array.dtype})")
    return save({name: np.array(array, order="C") for name, array in tensors.items()})


def from_bytes(data: bytes, what: str) -> dict[str, Array]:
    """The arrays of a safetensors file, in the order they lie; FileError unless every byte is accounted for."""
    header = _header(data, what)
    if len(header) > TENSORS_LIMIT:
        raise FileError(f"{what} claims {len(header):,} tensors; NNLab opens at most {TENSORS_LIMIT:,}")
    start = 8 + int.from_bytes(data[:8], "little")
    spans = {name: _span(name, entry, what) for name, entry in header.items()}
    found: dict[str, Array] = {}
    at = 0
    for name, (begin, end, dtype, shape) in sorted(spans.items(), key=lambda item: item[1][:2]):
        if begin != at:
            raise FileError(f"{what} is damaged: its tensors overlap or leave holes at {name!r}")
        at = end
        if start + end > len(data):
            raise FileError(f"{what} is damaged: it ends before {name!r} does")
        array = np.frombuffer(data[start + begin : start + end], np.uint8 if dtype is np.bool_ else dtype)
        found[name] = array.reshape(shape).astype(dtype)  # a copy; a stored 2 becomes True
    if start + at != len(data):
        raise FileError(f"{what} is damaged: it is longer than its own list of contents")
    return found


def not_finite(tensors: Mapping[str, Array]) -> int:
    """How many numbers are infinite or not numbers at all."""
    floats = [array for array in tensors.values() if array.dtype.kind == "f"]
    return sum(int(array.size - np.count_nonzero(np.isfinite(array))) for array in floats)


def _header(data: bytes, what: str) -> dict[str, Any]:
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8 or size < 2:
        raise FileError(f"{what} is not a safetensors file" + _looks_like(data))
    if size > HEADER_LIMIT:
        raise FileError(f"{what} is damaged: its list of contents is too long")
    header = parse(data[8 : 8 + size], what)
    if not isinstance(header, dict):
        raise FileError(f"{what} is damaged: its list of contents cannot be read")
    header.pop("__metadata__", None)
    return header


def _span(name: str, entry: object, what: str) -> tuple[int, int, Any, tuple[int, ...]]:
    """Begin, end, type and shape of one tensor, all of which must agree."""
    problem = FileError(f"{what} is damaged: what it says of {name[:60]!r} makes no sense")
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"} or len(name) > NAME_LIMIT:
        raise problem
    shape, offsets, dtype = entry["shape"], entry["data_offsets"], entry["dtype"]
    if not _whole_numbers(shape) or not _whole_numbers(offsets) or len(offsets) != 2 or len(shape) > RANK_LIMIT:
        raise problem
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise FileError(f"{what}: {name[:60]!r} holds numbers of a kind that is not supported ({str(dtype)[:20]})")
    begin, end = offsets
    if end - begin != prod(shape) * np.dtype(_DTYPES[dtype]).itemsize or begin > end:
        raise problem
    return begin, end, _DTYPES[dtype], tuple(shape)


def _whole_numbers(value: object) -> bool:
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 2**48 for n in value)


def _looks_like(data: bytes) -> str:
    """What it may be instead, for the most frequent mistakes."""
    if data.startswith(b"version https://git-lfs"):
        return ": it is a Git LFS pointer; fetch the real file first"
    if data[:200].lstrip().lower().startswith((b"<!doctype", b"<html")):
        return ": it is a web page"
    if data.startswith((b"PK\x03\x04", b"\x80")):
        return ": it looks like a pickle, which can run code and is never opened; convert it to safetensors"
    return ""
