"""CSV files: text cells with a header, read with a sentence for whatever does not fit."""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnlab.cli.output import one_line
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
            raise self.refuse(at, columns[to], "is too large a number")
        return single

    def _number(self, at: int, column: int, cell: str) -> float:
        text = cell.strip()
        if self.comma == ",":
            text = text.replace(",", ".", 1)
        if not _NUMBER.fullmatch(text):
            raise self.refuse(at, column, "is not a number" if text else "is empty")
        return float(text)

    def place(self, name: str) -> int | None:
        """The column of this name, the first if there are several."""
        return next((k for k, cell in enumerate(self.header) if plain(cell) == plain(name)), None)

    def refuse(self, at: int, column: int, what: str) -> FileError:
        """An error that names line, column and what stands there."""
        cell = one_line(self.rows[at][column][:40])
        named = f"{cell!r} " if cell.strip() else "the cell "
        return FileError(f"{self.name}, line {self.lines[at]}, column {self.header[column][:40]!r}: {named}{what}")


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


def times(shape: Sequence[int]) -> str:
    """A form as people read it: "3 × 32 × 32"."""
    return " × ".join(str(n) for n in shape)


def plain(name: str) -> str:
    """A name without what people leave out: "x₁" is "x1"."""
    return unicodedata.normalize("NFKC", name).strip().casefold()
