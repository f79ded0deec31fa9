"""A folder of PNG pictures as samples: for eval, in a folder for each class."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnlab.cli.sample_arrays import class_number
from nnlab.cli.tables import ROWS_LIMIT, times
from nnlab.core.dataset import DataSpec
from nnlab.core.layer import Shape
from nnlab.errors import FileError
from nnlab.files import disk as files
from nnlab.files import png

SIZE_LIMIT = 64 * 2**20
CHANNELS = (1, 3)


def pictures(folder: str, spec: DataSpec) -> tuple[NDArray[np.float32], list[str]]:
    """Every .png of a folder, from 0 (black) to 1, and their names in this order."""
    _check(folder, spec)
    paths = _pngs(Path(folder))
    if not paths:
        raise FileError(f"there is no .png picture in {files.name_of(folder)}")
    return _read(paths, spec.input_shape), [path.name for path in paths]


def labelled(folder: str, spec: DataSpec) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Every .png in folders that are named like classes, and the classes."""
    _check(folder, spec)
    if spec.task != "classes" or spec.targets[0].own_shape or spec.also:
        raise FileError("pictures in folders are for data with one class a picture: give a .npz file")
    paths: list[Path] = []
    labels: list[int] = []
    for inner in sorted(each for each in Path(folder).iterdir() if each.is_dir()):
        number = class_number(inner.name, spec.answers)
        if number is None:
            known = ", ".join(spec.answers[:8])
            raise FileError(f"the folder {files.name_of(inner)} is named like none of the classes ({known})")
        found = _pngs(inner)
        paths += found
        labels += [number] * len(found)
    if not paths:
        raise FileError(f"there is no .png picture in folders named like the classes in {files.name_of(folder)}")
    return _read(paths, spec.input_shape), np.array(labels, np.int64)


def _check(folder: str, spec: DataSpec) -> None:
    if not spec.is_picture or spec.kind != "x" or spec.input_shape[0] not in CHANNELS:
        raise FileError(f"{files.name_of(folder)} is a folder, and the network does not take one picture a sample")


def _pngs(folder: Path) -> list[Path]:
    found = sorted(each for each in folder.iterdir() if each.suffix.lower() == ".png" and each.is_file())
    if len(found) > ROWS_LIMIT:
        raise FileError(f"{files.name_of(folder)} has too many pictures")
    return found


def _read(paths: Sequence[Path], shape: Shape) -> NDArray[np.float32]:
    return np.stack([_one(path, shape) for path in paths])


def _one(path: Path, shape: Shape) -> NDArray[np.float32]:
    name = files.name_of(path)
    whole = png.read(files.read(path, SIZE_LIMIT)[0], name)
    colours: NDArray[np.float32] = np.asarray(whole / 255, np.float32)
    if colours.shape[1:] != tuple(shape[1:]):
        has, wanted = times(colours.shape[1:]), times(shape[1:])
        raise FileError(f"{name} has {has} pixels (rows × columns), and the network takes {wanted}")
    return colours if shape[0] == 3 else np.asarray(colours.mean(0, keepdims=True), np.float32)
