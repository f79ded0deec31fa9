"""Samples in files, for eval and predict: a CSV table, an array in .npy, one for each input in .npz, a folder of pictures."""

import io
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.cli import sample_arrays, sample_folders, sample_tables
from nnlab.cli.tables import SIZE_LIMIT, plain, read_csv
from nnlab.core.dataset import DataSpec
from nnlab.errors import FileError
from nnlab.files import disk as files

Arrays = tuple[NDArray[Any], ...]

_DAMAGED = (ValueError, TypeError, SyntaxError, EOFError, OverflowError, KeyError, MemoryError)


def read_inputs(path: str, spec: DataSpec) -> Arrays:
    """An array for each input of the data; FileError with a sentence if the file does not hold them."""
    if Path(path).is_dir():
        return (sample_folders.pictures(path, spec)[0],)
    if path.lower().endswith((".npy", ".npz")):
        name, arrays = files.name_of(path), _arrays(path)
        found = _named(name, arrays, [field.name for field in spec.fields])
        return _same_rows(name, tuple(sample_arrays.field(name, f, a) for f, a in zip(spec.fields, found, strict=True)))
    table = read_csv(path)
    return sample_tables.inputs(table, spec)[0]


def read_samples(path: str, spec: DataSpec, needed: Collection[int]) -> tuple[Arrays, Arrays]:
    """Inputs and right answers; of the things to predict only the `needed` ones, by their number, must be there."""
    if Path(path).is_dir():
        pictures, labels = sample_folders.labelled(path, spec)
        return (pictures,), (labels,)
    if path.lower().endswith(".npy"):
        raise FileError("a .npy file holds inputs alone: to compare with right answers, give a CSV or .npz file")
    if not path.lower().endswith(".npz"):
        return sample_tables.samples(read_csv(path), spec, needed)
    name, arrays = files.name_of(path), _arrays(path)
    wanted = [field.name for field in spec.fields] + [spec.targets[k].name for k in sorted(needed)]
    found = _named(name, arrays, wanted)
    inputs = tuple(sample_arrays.field(name, f, a) for f, a in zip(spec.fields, found, strict=False))
    given = dict(zip(sorted(needed), found[len(inputs) :], strict=True))
    targets = tuple(
        sample_arrays.target(name, target, given[k]) if k in given else sample_arrays.unused(target, len(inputs[0]))
        for k, target in enumerate(spec.targets)
    )
    _same_rows(name, (*inputs, *targets))
    return inputs, targets


def to_npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays as one .npz file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, array in arrays.items():
            packed.writestr(f"{name}.npy", to_npy(array))
    return stream.getvalue()


def to_npy(array: NDArray[Any]) -> bytes:
    """One array as a .npy file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=False)
    return stream.getvalue()


def _same_rows(name: str, arrays: Arrays) -> Arrays:
    rows = {len(array) for array in arrays}
    if len(rows) > 1:
        told = " and ".join(str(n) for n in sorted(rows))
        raise FileError(f"{name} has {told} samples: every array needs as many as the others")
    return arrays


def _arrays(path: str) -> dict[str, NDArray[Any]]:
    """What is in the file, by name; a .npy has one array without a name."""
    data, _ = files.read(path, SIZE_LIMIT)
    name = files.name_of(path)
    if path.lower().endswith(".npy"):
        return {"": _array(name, data)}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(each.file_size for each in packed.infolist()) > SIZE_LIMIT:
                raise FileError(f"{name} is too large once it is unpacked")
            return {
                each.filename.removesuffix(".npy"): _array(name, packed.read(each))
                for each in packed.infolist()
                if each.filename.endswith(".npy")
            }
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, *_DAMAGED):
        raise FileError(f"{name} is not a file of NumPy arrays (.npz)") from None


def _array(name: str, data: bytes) -> NDArray[Any]:
    try:
        array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except _DAMAGED:
        raise FileError(f"{name} is not a NumPy file of plain numbers") from None
    if array.dtype.kind not in "fiubU":
        raise FileError(f"{name} does not hold plain numbers")
    return np.asarray(array)


def _named(name: str, arrays: dict[str, NDArray[Any]], wanted: list[str]) -> list[NDArray[Any]]:
    """The arrays of these names; one that is alone needs none."""
    if len(wanted) == len(arrays) == 1:
        return list(arrays.values())
    if "" in arrays:
        raise FileError(f"a .npy file holds one array, and the network takes {' and '.join(wanted)}: give a .npz file")
    known = {plain(key): array for key, array in reversed(arrays.items())}
    missing = [each for each in wanted if plain(each) not in known]
    if missing:
        has = ", ".join(list(arrays)[:8]) or "none"
        raise FileError(f"{name} lacks an array called {' and one called '.join(missing)} (it has: {has})")
    return [known[plain(each)] for each in wanted]
