"""One array of a file as an input or an answer of the data: its form, its padding, its words."""

import difflib
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import Field, Target
from nnlab.core.sample_words import NO_CLASS, PADDING
from nnlab.errors import FileError


def field(name: str, wanted: Field, array: NDArray[Any]) -> NDArray[Any]:
    """An input: sentences become numbers, shorter samples are filled up; FileError if it has another form."""
    if array.dtype.kind == "U":
        if not wanted.vocabulary:
            raise FileError(f"{name}: {wanted.name} does not hold plain numbers")
        if array.ndim not in (1, 2) or array.size == 0:
            raise _refusal(name, wanted.name, wanted.shape, array)
        texts = [" ".join(row) if np.ndim(row) else str(row) for row in array]
        return np.stack([_spelt(name, wanted, text, at) for at, text in enumerate(texts, 1)])
    array = _filled(array, wanted.shape, _padding(wanted))
    if array.ndim < 1 or array.size == 0 or array.size != len(array) * prod(wanted.shape):
        raise _refusal(name, wanted.name, wanted.shape, array)
    made = array.reshape(-1, *wanted.shape)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, as any number of that size
        return made.astype(np.float32) if wanted.kind == "x" else made


def target(name: str, wanted: Target, array: NDArray[Any]) -> NDArray[Any]:
    """Right answers: class names become numbers; FileError if it has another form."""
    shape = wanted.own_shape
    if array.dtype.kind == "U":
        array = _named(name, wanted, array)
    if wanted.task == "classes":
        array = _filled(array, shape, NO_CLASS)
    if array.ndim < 1 or array.size == 0 or array.size != len(array) * prod(shape):
        raise _refusal(name, wanted.name, shape, array)
    return array.reshape(-1, *shape)


def unused(wanted: Target, rows: int) -> NDArray[Any]:
    """Something in the place of answers that nothing is compared with."""
    return np.zeros((rows, *wanted.own_shape), np.int64 if wanted.task == "classes" else np.float32)


def numbers_of(text: str, wanted: Field) -> NDArray[np.int64] | str:
    """The numbers that the words of a text stand for, filled up to the length of a sample; else what is wrong with it."""
    vocabulary, length = wanted.vocabulary, prod(wanted.shape)
    places = {word.casefold(): k for k, word in reversed(list(enumerate(vocabulary)))}
    found = np.zeros(length, np.int64)
    words = text.split()
    filling = _padding(wanted)
    if len(words) > length or (len(words) < length and filling is None) or not words:
        return f"has {len(words)} words, and a sample has {'at most ' if filling is not None else ''}{length}"
    for at, word in enumerate(words):
        number = places.get(word.casefold(), int(word) if word.isascii() and word.isdigit() and len(word) < 9 else -1)
        if not 0 <= number < len(vocabulary):
            return _unknown(word, vocabulary)
        found[at] = number
    return found.reshape(wanted.shape)


def class_number(text: str, names: Sequence[str]) -> int | None:
    """The class of this name, or of this number counted from 0; also as `tables.to_csv` writes one like "-i"."""
    text = text.strip().removeprefix("'")
    known = {name.casefold(): k for k, name in enumerate(names)}
    numbers = {str(k): k for k in range(len(names))}
    return known.get(text.casefold(), numbers.get(text))


def _unknown(word: str, vocabulary: Sequence[str]) -> str:
    near = difflib.get_close_matches(word[:40].casefold(), vocabulary, n=1)
    known = ", ".join(vocabulary[:8]) + (", ..." if len(vocabulary) > 8 else "")
    hint = f"did you mean {near[0]!r}?" if near else f"it knows {known}"
    return f"has the word {word[:40]!r}, which the network does not know: {hint}"


def _spelt(name: str, wanted: Field, text: str, at: int) -> NDArray[np.int64]:
    found = numbers_of(text, wanted)
    if isinstance(found, str):
        raise FileError(f"{name}, {wanted.name}, sample {at} {found}")
    return found


def _named(name: str, wanted: Target, array: NDArray[Any]) -> NDArray[np.int64]:
    found = [class_number(str(text), wanted.answers) for text in array.ravel()]
    if wanted.task != "classes" or None in found:
        raise FileError(f"{name}: {wanted.name} holds what is none of the classes ({', '.join(wanted.answers[:8])})")
    return np.array(found, np.int64).reshape(array.shape)


def _padding(wanted: Field) -> int | None:
    """What stands where a sample is shorter than the others, if samples may be."""
    if wanted.kind == "e":
        return -1
    return 0 if wanted.kind == "i" and wanted.vocabulary[:1] == (PADDING,) else None


def _filled(array: NDArray[Any], shape: Sequence[int], filling: int | None) -> NDArray[Any]:
    """With the last axis as long as it has to be."""
    if filling is None or not shape or array.ndim != len(shape) + 1 or array.shape[-1] >= shape[-1]:
        return array
    if array.shape[1:-1] != tuple(shape[:-1]):
        return array
    return np.pad(array, [(0, 0)] * len(shape) + [(0, shape[-1] - array.shape[-1])], constant_values=filling)


def _refusal(name: str, what: str, shape: Sequence[int], array: NDArray[Any]) -> FileError:
    has = " × ".join(str(n) for n in array.shape) or "one number"
    wanted = " × ".join(str(n) for n in shape) or "one class"
    return FileError(f"{name}: {what} holds {has} numbers; needed are rows of {wanted}")
