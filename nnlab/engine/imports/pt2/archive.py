"""What stands in a PT2 file: the graph as JSON, the numbers as plain bytes. torch's own loader would run pickled code in it."""

import io
import json
import zipfile
import zlib
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.errors import FileError

UNPACKED_LIMIT = 2 * 2**30  # bytes that the parts of a file may claim to hold
TEXT_LIMIT = 64 * 2**20  # bytes of the graph
PARTS_LIMIT = 50_000
TYPES: dict[int, Any] = {
    1: np.uint8, 2: np.int8, 3: np.int16, 4: np.int32, 5: np.int64, 6: np.float16, 7: np.float32, 8: np.float64, 12: np.bool_,
    13: np.uint16,
}  # fmt: skip
"""torch's number of a type; 13 is bfloat16, the upper half of a float32."""
BFLOAT = 13

Json = dict[str, Any]


class Archive:
    """The parts of one file."""

    def __init__(self, data: bytes, what: str) -> None:
        self.what = what
        try:
            self.file = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as problem:
            raise FileError(f"{what} is not a PT2 file, or it is damaged") from problem
        infos = self.file.infolist()
        if len(infos) > PARTS_LIMIT or sum(each.file_size for each in infos) > UNPACKED_LIMIT:
            raise FileError(f"{what} claims to hold more than NNLab reads from a model")
        self.sizes = {each.filename: each.file_size for each in infos}
        self.parts = {name.partition("/")[2]: name for name in self.sizes}

    def bytes(self, part: str, limit: int = UNPACKED_LIMIT) -> bytes:
        """One part; FileError if it is not there or damaged."""
        name = self.parts.get(part)
        if name is None or self.sizes[name] > limit:
            raise FileError(f"{self.what} is not a PT2 file that torch.export.save wrote: it has no usable {part[:60]}")
        try:
            return self.file.read(name)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as problem:
            raise FileError(f"{self.what} is damaged") from problem

    def json(self, part: str) -> Json:
        """One part that is a JSON object."""
        try:
            found = json.loads(self.bytes(part, TEXT_LIMIT))
        except (ValueError, RecursionError) as problem:
            raise FileError(f"{self.what} is damaged: {part[:60]} cannot be read") from problem
        if not isinstance(found, dict):
            raise FileError(f"{self.what} is damaged: {part[:60]} cannot be read")
        return found

    def model(self) -> Json:
        """The one program in the file."""
        names = [part for part in self.parts if part.startswith("models/") and part.endswith(".json")]
        if len(names) != 1:
            raise FileError(f"{self.what} is not a PT2 file that torch.export.save wrote, or holds several models")
        return self.json(names[0])

    def tensors(self, folder: str, config: str) -> dict[str, NDArray[Any]]:
        """The numbers in a folder by the names that the model has for them."""
        part = next((p for p in self.parts if p.startswith(folder) and p.endswith(config)), None)
        if part is None:
            return {}
        found = {}
        for name, each in self.json(part)["config"].items():
            found[name] = self._array(f"{folder}{each['path_name']}", each, name)
        return found

    def _array(self, part: str, each: Json, name: str) -> NDArray[Any]:
        meta = each.get("tensor_meta")
        if each.get("use_pickle") or not isinstance(meta, dict):
            raise FileError(
                f"{self.what} keeps {name[:60]} in a form that can run code when it is read, which NNLab never does: "
                "save the model as ONNX, or its weights as safetensors"
            )
        kind = TYPES.get(meta["dtype"])
        if kind is None:
            raise FileError(f"{self.what}: {name[:60]} holds numbers of a kind that NNLab has not")
        flat = np.frombuffer(self.bytes(part), kind)
        if meta["dtype"] == BFLOAT:
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        return _laid_out(flat, meta, self.what).astype(np.float32 if flat.dtype.kind == "f" else flat.dtype)


def _laid_out(flat: NDArray[Any], meta: Json, what: str) -> NDArray[Any]:
    """The numbers in their sizes; FileError if they reach beyond what is there."""
    sizes = tuple(int(n["as_int"]) for n in meta["sizes"])
    steps = tuple(int(n["as_int"]) for n in meta["strides"])
    offset = int(meta["storage_offset"]["as_int"])
    if len(sizes) > 16 or len(sizes) != len(steps) or any(n < 0 for n in (*sizes, *steps)) or offset < 0:
        raise FileError(f"{what} is damaged: a tensor has impossible sizes")
    if not prod(sizes):
        return np.zeros(sizes, flat.dtype)
    last = offset + sum((n - 1) * step for n, step in zip(sizes, steps, strict=True))
    if last >= flat.size or prod(sizes) > flat.size:
        raise FileError(f"{what} is damaged: a tensor is larger than its numbers")
    places = np.full((1,) * len(sizes), offset, np.int64)
    for axis, (n, step) in enumerate(zip(sizes, steps, strict=True)):
        shape = [1] * len(sizes)
        shape[axis] = n
        places = places + (np.arange(n, dtype=np.int64) * step).reshape(shape)
    return np.ascontiguousarray(flat[places.reshape(sizes)])
