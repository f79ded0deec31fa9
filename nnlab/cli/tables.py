"""Data files for eval and predict: CSV with a header, or .npy, read with a sentence for whatever does not fit."""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.cli.output import one_line
from nnlab.core.dataset import DataSpec
from nnlab.core.words import count, plural
from nnlab.errors import FileError
from nnlab.files import disk as files

SIZE_LIMIT = 256 * 2**20
ROWS_LIMIT = 1_000_000
COLUMNS_LIMIT = 100_000

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Table:
    """A CSV file: its header and its rows of cells."""

    name: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    """In which line of the file each row ends."""
    comma: str
    """The decimal mark: "," in files that separate by ";" ."""

    def numbers(self, columns: Sequence[int]) -> NDArray[np.float32]:
        """These columns as numbers; FileError naming line and column for a cell that is none."""
        found = np.empty((len(self.rows), len(columns)), np.float64)
        for at, row in enumerate(self.rows):
            for to, column in enumerate(columns):
                found[at, to] = self._number(at, column, row[column])
        with np.errstate(over="ignore"):
            single = found.astype(np.float32)
        if not np.isfinite(single).all():
            at, to = (int(k[0]) for k in np.nonzero(~np.isfinite(single)))
            raise self._refuse(at, columns[to], "is too large a number")
        return single

    def _number(self, at: int, column: int, cell: str) -> float:
        text = cell.strip()
        if self.comma == ",":
            text = text.replace(",", ".", 1)
        if not _NUMBER.fullmatch(text):
            raise self._refuse(at, column, "is not a number" if text else "is empty")
        return float(text)

    def _refuse(self, at: int, column: int, what: str) -> FileError:
        cell = one_line(self.rows[at][column][:40])
        named = f"{cell!r} " if cell.strip() else "the cell "
        return FileError(f"{self.name}, line {self.lines[at]}, column {self.header[column][:40]!r}: {named}{what}")


def read_inputs(path: str, spec: DataSpec) -> NDArray[np.float32]:
    """The inputs of a .npy or CSV file, one sample a row; columns are found by name, else by their number."""
    if path.lower().endswith(".npy"):
        return _read_npy(path, spec)
    table = read_csv(path)
    return table.numbers(_input_columns(table, spec)).reshape(-1, *spec.input_shape)


def read_samples(path: str, spec: DataSpec) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Inputs and right answers of a CSV file: one column of classes, or one for each value to predict."""
    if path.lower().endswith(".npy"):
        raise FileError("a .npy file holds inputs alone: to compare with right answers, give a CSV file")
    table = read_csv(path)
    inputs = _input_columns(table, spec)
    left = [k for k in range(len(table.header)) if k not in inputs]
    wanted = 1 if spec.task == "classes" else spec.width
    if len(left) != wanted:
        what = "one column with the class" if wanted == 1 and spec.task == "classes" else "the values to predict"
        raise FileError(
            f"{table.name} must hold, besides the {plural(len(inputs), 'input')}, {what}; "
            f"it has {plural(len(left), 'more column')}"
        )
    answers = _classes(table, left[0], spec) if spec.task == "classes" else table.numbers(left)
    return table.numbers(inputs).reshape(-1, *spec.input_shape), answers


def read_csv(path: str) -> Table:
    """A CSV file as text cells; FileError with a sentence if it is none."""
    data, _ = files.read(path, SIZE_LIMIT)
    name = files.name_of(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(f"{name} is not a text file in UTF-8: save it as CSV (UTF-8) and try again") from None
    if "\0" in text:
        raise FileError(f"{name} is not a CSV file")
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise FileError(f"{name} is empty")
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as problem:
        raise FileError(f"{name}, line {reader.line_num}: {problem}") from None
    return _table(name, rows, lines, "," if separator == ";" else ".")


def to_csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A CSV text that a spreadsheet reads as text and numbers, never as formulas."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for row in [header, *rows]:
        writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _table(name: str, rows: list[list[str]], lines: list[int], comma: str) -> Table:
    header = [cell.strip() for cell in rows[0]]
    if len(rows) - 1 > ROWS_LIMIT or len(header) > COLUMNS_LIMIT:
        raise FileError(f"{name} has more than {count(ROWS_LIMIT)} rows or {count(COLUMNS_LIMIT)} columns")
    if len(rows) < 2:
        raise FileError(f"{name} has no rows below its header")
    if _is_sample(header, comma):
        raise FileError(f"{name} needs the names of its columns in the first line")
    for row, line in zip(rows[1:], lines[1:], strict=True):
        if len(row) != len(header):
            raise FileError(
                f"{name}, line {line}: {plural(len(row), 'cell')}, and the header has {plural(len(header), 'column')}"
            )
    return Table(name, header, rows[1:], lines[1:], comma)


def _is_sample(header: list[str], comma: str) -> bool:
    """Whether the first line holds a sample instead of names: nothing but numbers, or numbers with decimals."""
    cells = [cell.replace(comma, ".", 1) for cell in header]
    return any("." in cell and _NUMBER.fullmatch(cell) for cell in cells) or all(_NUMBER.fullmatch(c) for c in cells)


def _input_columns(table: Table, spec: DataSpec) -> list[int]:
    """Where the inputs stand: by their names if all are there, else the first columns."""
    needed = prod(spec.input_shape)
    places = {_plain(name): k for k, name in reversed(list(enumerate(table.header)))}
    named = [places.get(_plain(name)) for name in spec.inputs]
    found = [k for k in named if k is not None]
    if len(found) == needed and len(set(found)) == needed:
        return found
    if found and len(found) < needed:
        missing = ", ".join(name for name, k in zip(spec.inputs, named, strict=True) if k is None)
        raise FileError(f"{table.name} lacks a column for {missing}")
    if len(table.header) < needed:
        raise FileError(
            f"{table.name} has {plural(len(table.header), 'column')}, and the network takes {plural(needed, 'input')}"
            + (f": {', '.join(spec.inputs)}" if 0 < len(spec.inputs) <= 12 else "")
        )
    if len(table.header) > needed + max(1, spec.width):
        raise FileError(
            f"{table.name} has {plural(len(table.header), 'column')}, and none is named like the network's inputs"
            + (f": {', '.join(spec.inputs)}" if 0 < len(spec.inputs) <= 12 else "")
        )
    return list(range(needed))


def _plain(name: str) -> str:
    """A name without what people leave out: "x₁" is "x1"."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _classes(table: Table, column: int, spec: DataSpec) -> NDArray[np.int64]:
    """Class numbers, from names or from numbers counted from 0."""
    known = {_plain(name): k for k, name in enumerate(spec.answers)}
    numbers = {str(k): k for k in range(spec.width)}
    found = np.empty(len(table.rows), np.int64)
    for at, row in enumerate(table.rows):
        number = known.get(_plain(row[column]), numbers.get(row[column].strip()))
        if number is None:
            cell = one_line(row[column][:40])
            names = ", ".join(spec.answers[:8]) + (", ..." if spec.width > 8 else "")
            raise FileError(f"{table.name}, line {table.lines[at]}: {cell!r} is none of the classes ({names})")
        found[at] = number
    return found


def _read_npy(path: str, spec: DataSpec) -> NDArray[np.float32]:
    data, _ = files.read(path, SIZE_LIMIT)
    name = files.name_of(path)
    try:
        array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except (ValueError, TypeError, SyntaxError, EOFError, OverflowError, KeyError, MemoryError):
        raise FileError(f"{name} is not a NumPy file of plain numbers") from None
    if array.dtype.kind not in "fiub":
        raise FileError(f"{name} does not hold plain numbers")
    if array.ndim < 1 or array.size == 0 or array.size != len(array) * prod(spec.input_shape):
        wanted = " × ".join(str(n) for n in spec.input_shape)
        raise FileError(f"{name} holds {' × '.join(str(n) for n in array.shape)} numbers; needed are rows of {wanted}")
    return array.astype(np.float32).reshape(-1, *spec.input_shape)
