"""Learned numbers that others kept: the state dict of a PyTorch file read without running anything, and fitted to a network."""

import io
import re
import warnings
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnlab.core.document import Document
from nnlab.core.words import count
from nnlab.errors import BuildError, FileError

Arrays = dict[str, NDArray[Any]]

UNPACKED_LIMIT = 2 * 2**30  # bytes that the parts of a file may claim to hold
REMEDY = "save the state dict alone, torch.save(model.state_dict(), ...), or better as safetensors"
SHOWN = 4  # names in a sentence
WRAPPERS = ("module.", "_orig_mod.", "model.", "network.")
"""What DataParallel, torch.compile and Lightning put before every name."""
NORMED = re.compile(r"(.*)parametrizations\.weight\.(original0?)")
OLD_NORMS = {
    "original0": {"weight_g": "original0", "weight_v": "original1"},
    "original": {"weight_orig": "original", "weight_u": "0._u", "weight_v": "0._v"},
}
"""What older PyTorch called the numbers of a layer with weight norm or spectral norm, and what it calls them now."""
INSIDE = ("state_dict", "model_state_dict", "model", "weights", "params")
"""Where checkpoints keep the state dict, beside epoch and optimizer."""


def read(data: bytes, what: str) -> Arrays:
    """The tensors of a .pt or .pth file by name; FileError with a sentence if it is not a plain state dict.

    Only tensors and plain containers are made: whatever else the file asks for is refused before it is done.
    """
    _check_parts(data, what)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old ways to keep a tensor
            found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True, mmap=False)
    except Exception as problem:  # noqa: BLE001 - a file of others: torch raises all kinds, and all of them mean this
        raise _refusal(problem, what) from None
    return {name: _array(value, name, what) for name, value in _state(found, what).items()}


def fitted(document: Document, given: Mapping[str, NDArray[Any]], what: str) -> Arrays:
    """The numbers for every tensor of this network; BuildError names what is missing, what is too much and what differs."""
    from nnlab.engine.compile import build
    from nnlab.engine.dice import undisturbed

    with undisturbed():
        state = build(document, document.training.seed).state_dict()
    given = _renamed(_unwrapped(given, state), state)
    counters = {name for name in state if name.endswith(".num_batches_tracked")}  # older files do not count
    missing = [name for name in state if name not in given and name not in counters]
    beyond = [name for name in given if name not in state]
    if missing or beyond:
        raise BuildError(f"{what} is not of this network: {_names_sentence(missing, beyond)}")
    for name, value in given.items():
        if value.shape != tuple(state[name].shape):
            raise BuildError(
                f"{what} is not of this network: {name} is {_sizes(value.shape)} in the file and "
                f"{_sizes(tuple(state[name].shape))} here"
            )
    return {name: _as(given[name], value) if name in given else value.numpy() for name, value in state.items()}


def _check_parts(data: bytes, what: str) -> None:
    """A packed file may claim any size: what it unpacks to is added up before anything is."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            sizes = [(each.filename, each.file_size) for each in parts.infolist()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise FileError(f"{what} is damaged: its list of contents cannot be read") from None
    if sum(size for _, size in sizes) > UNPACKED_LIMIT:
        raise FileError(f"{what} claims to hold more than {UNPACKED_LIMIT // 2**30} GB: NNLab opens no more than that")
    if any("/code/" in f"/{name}" for name, _ in sizes) and any(name.endswith("constants.pkl") for name, _ in sizes):
        raise FileError(f"{what} is a whole program (TorchScript), which NNLab never runs: {REMEDY}")


def _refusal(problem: Exception, what: str) -> FileError:
    said = str(problem)
    if "Unsupported operand" in said:
        return FileError(f"{what} is no plain state dict, or it is damaged, so it was not opened: {REMEDY}")
    if "weights_only" in said or "Weights only" in said or "Unsupported" in said:
        return FileError(
            f"{what} holds more than numbers, and opening that could run code, so it was not opened: {REMEDY}"
        )
    if isinstance(problem, MemoryError) or "memory" in said.lower():
        return FileError(f"{what} asks for more memory than there is")
    return FileError(f"{what} is not a PyTorch file, or it is damaged")


def _state(found: object, what: str) -> Mapping[str, Any]:
    """The state dict itself, or the one in a checkpoint."""
    if isinstance(found, Mapping):
        if found and all(isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items()):
            return found
        for key in INSIDE:
            inner = found.get(key)
            if isinstance(inner, Mapping) and inner:
                return _state(inner, what)
    raise FileError(f"{what} holds no weights by name: {REMEDY}")


def _array(value: Tensor, name: str, what: str) -> NDArray[Any]:
    if value.layout != torch.strided or value.is_quantized:
        raise FileError(f"{what}: {name} is kept in a form that is not supported (sparse or quantised)")
    if value.numel() * value.element_size() > UNPACKED_LIMIT:
        raise FileError(f"{what}: {name} claims to be larger than {UNPACKED_LIMIT // 2**30} GB")
    if value.is_complex():
        raise FileError(f"{what}: {name} holds complex numbers, which no layer here has")
    plain = value.detach().resolve_neg()
    wide = plain.float() if plain.dtype in (torch.bfloat16, torch.float16) else plain
    try:
        return np.array(wide.contiguous().numpy())
    except (TypeError, RuntimeError):
        raise FileError(f"{what}: {name} holds numbers of a kind that is not supported ({value.dtype})") from None


def _unwrapped(given: Mapping[str, NDArray[Any]], state: Mapping[str, Tensor]) -> Mapping[str, NDArray[Any]]:
    """Without a word that stands before every name, where the names fit better so."""
    for prefix in WRAPPERS:
        if given and all(name.startswith(prefix) for name in given) and not set(given) & set(state):
            return _unwrapped({name.removeprefix(prefix): value for name, value in given.items()}, state)
    return given


def _renamed(given: Mapping[str, NDArray[Any]], state: Mapping[str, Tensor]) -> Mapping[str, NDArray[Any]]:
    """Weights with a norm under torch's present names; those of layers without weight norm as it would keep them."""
    found = dict(given)
    for normed in filter(None, map(NORMED.fullmatch, state)):
        place, kind = normed.groups()
        now = f"{place}parametrizations.weight."
        if f"{place}weight" in found and kind == "original0":
            weight = torch.from_numpy(np.array(found.pop(f"{place}weight"), np.float32))
            length = torch.norm_except_dim(weight, 2, 0)
            found |= {f"{now}original0": length.numpy(), f"{now}original1": weight.numpy()}
        for old, new in OLD_NORMS[kind].items():
            if f"{place}{old}" in found:
                found[f"{now}{new}"] = found.pop(f"{place}{old}")
    return found


def _as(value: NDArray[Any], wanted: Tensor) -> NDArray[Any]:
    made: NDArray[Any] = np.asarray(value).astype(wanted.numpy().dtype)
    return made


def _names_sentence(missing: list[str], beyond: list[str]) -> str:
    parts = []
    if missing:
        parts.append(f"it has nothing for {_some(missing)}")
    if beyond:
        parts.append(f"it has {_some(beyond)}, which this network has not")
    return "; ".join(parts)


def _some(names: list[str]) -> str:
    shown = ", ".join(name[:60] for name in names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {count(len(names) - SHOWN)} more"


def _sizes(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "one number"
