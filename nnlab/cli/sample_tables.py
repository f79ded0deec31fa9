"""The columns of a CSV table as the inputs and answers of the data: found by name, else by their number."""

from collections.abc import Collection
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.cli.output import one_line
from nnlab.cli.sample_arrays import class_number, numbers_of, unused
from nnlab.cli.tables import Table, times
from nnlab.core.dataset import DataSpec, Field, Target
from nnlab.core.sample_words import NO_CLASS, PADDING
from nnlab.core.words import plural
from nnlab.errors import FileError

Arrays = tuple[NDArray[Any], ...]
UNCOUNTED = ("", "-", PADDING)  # in the place of a class: this place does not count


def inputs(table: Table, spec: DataSpec) -> tuple[Arrays, set[int]]:
    """An array for each input, and the columns they came from."""
    alone = len(spec.fields) == 1
    found, used = [], set()
    for field in spec.fields:
        columns, is_text = _columns(table, field, spec if alone else None)
        used.update(columns)
        array = _texts(table, field, columns[0]) if is_text else table.numbers(columns).reshape(-1, *field.shape)
        found.append(array)
    return tuple(found), used


def samples(table: Table, spec: DataSpec, needed: Collection[int]) -> tuple[Arrays, Arrays]:
    """Inputs and right answers; those that are not needed are not looked for."""
    found, used = inputs(table, spec)
    left = [k for k in range(len(table.header)) if k not in used]
    if len(spec.targets) == 1 and needed:
        return found, (_only_target(table, spec.targets[0], left, len(used)),)
    targets = tuple(
        _target(table, target, _named_columns(table, target)) if k in needed else unused(target, len(table.rows))
        for k, target in enumerate(spec.targets)
    )
    return found, targets


# ------------------------------------------------------------------- inputs


def _columns(table: Table, field: Field, spec: DataSpec | None) -> tuple[list[int], bool]:
    """Where an input stands, and whether it is one column of words; with a spec it is the only input there is."""
    own = table.place(field.name)
    if field.vocabulary and (own is not None or (spec and len(table.header) <= 1 + spec.width)):
        return [own or 0], True
    if spec is not None:
        return _positions(table, field, spec), False
    wide = prod(field.shape)
    names = field.names if len(field.names) == wide else tuple(f"{field.name} {k + 1}" for k in range(wide))
    places = [table.place(name) for name in names]
    missing = [name for name, k in zip(names, places, strict=True) if k is None]
    if not missing:
        return [k for k in places if k is not None], False
    if field.vocabulary:
        raise FileError(f"{table.name} lacks a column called {field.name}, with the words of each sample")
    if len(field.names) == wide:
        raise FileError(f"{table.name} lacks a column for {', '.join(missing)}")
    raise FileError(
        f"{table.name} lacks the {wide} columns {names[0]} to {names[-1]}: "
        f"{field.name} is {times(field.shape)} numbers a sample, easier to give in a .npz file"
    )


def _positions(table: Table, field: Field, spec: DataSpec) -> list[int]:
    """Where the only input stands: by its names if all are there, else the first columns."""
    needed = prod(field.shape)
    named = [table.place(name) for name in field.names]
    found = [k for k in named if k is not None]
    if len(found) == needed and len(set(found)) == needed:
        return found
    if found and len(found) < needed:
        missing = ", ".join(name for name, k in zip(field.names, named, strict=True) if k is None)
        raise FileError(f"{table.name} lacks a column for {missing}")
    if len(table.header) < needed:
        raise FileError(
            f"{table.name} has {plural(len(table.header), 'column')}, and the network takes {plural(needed, 'input')}"
            + (f": {', '.join(field.names)}" if 0 < len(field.names) <= 12 else "")
        )
    if len(table.header) > needed + max(1, spec.width):
        raise FileError(
            f"{table.name} has {plural(len(table.header), 'column')}, and none is named like the network's inputs"
            + (f": {', '.join(field.names)}" if 0 < len(field.names) <= 12 else "")
        )
    return list(range(needed))


def _texts(table: Table, field: Field, column: int) -> NDArray[np.int64]:
    """The words in a column, by their numbers."""
    found = []
    for at, row in enumerate(table.rows):
        numbers = numbers_of(row[column], field)
        if isinstance(numbers, str):
            raise table.refuse(at, column, one_line(numbers))
        found.append(numbers)
    return np.stack(found)


# ------------------------------------------------------------------- answers


def _only_target(table: Table, target: Target, left: list[int], used: int) -> NDArray[Any]:
    """The answers of data with one thing to predict: its own columns, or all that are left."""
    wanted = 1 if target.task == "classes" else target.width
    own = table.place(target.name)
    if wanted == 1 and own in left:
        return _target(table, target, [own])
    if len(left) != wanted:
        what = "one column with the class" if target.task == "classes" else "the values to predict"
        raise FileError(
            f"{table.name} must hold, besides the {plural(used, 'input')}, {what}; "
            f"it has {plural(len(left), 'more column')}"
        )
    return _target(table, target, left)


def _named_columns(table: Table, target: Target) -> list[int]:
    """Where one of several answers stands."""
    one = target.task == "classes" or target.width == 1
    names = (target.name,) if one else target.answers
    places = [table.place(name) for name in names]
    if one and places == [None] and target.task == "values":
        places = [table.place(target.answers[0])]
    missing = [name for name, k in zip(names, places, strict=True) if k is None]
    if missing:
        raise FileError(f"{table.name} lacks a column for the right answer {', '.join(missing[:8])}")
    return [k for k in places if k is not None]


def _target(table: Table, target: Target, columns: list[int]) -> NDArray[Any]:
    shape = target.own_shape
    if len(shape) > 1:
        raise FileError(f"{target.name} is {times(shape)} a sample: give inputs and answers in a .npz file")
    if target.task == "values":
        return table.numbers(columns)
    if not shape:
        return np.array([_class(table, target, at, columns[0]) for at in range(len(table.rows))], np.int64)
    return np.stack([_classes(table, target, at, columns[0]) for at in range(len(table.rows))])


def _class(table: Table, target: Target, at: int, column: int) -> int:
    """A class from its name, or from its number counted from 0."""
    return _number(table, target, at, table.rows[at][column])


def _classes(table: Table, target: Target, at: int, column: int) -> NDArray[np.int64]:
    """The class of every place of a sample, from their names with spaces between them."""
    names, length = table.rows[at][column].split(), target.own_shape[0]
    if len(names) > length:
        raise table.refuse(at, column, f"has {len(names)} classes, and a sample has {length}")
    found = np.full(length, NO_CLASS, np.int64)
    for place, name in enumerate(names):
        found[place] = NO_CLASS if name in UNCOUNTED else _number(table, target, at, name)
    return found


def _number(table: Table, target: Target, at: int, text: str) -> int:
    number = class_number(text, target.answers)
    if number is None:
        names = ", ".join(target.answers[:8]) + (", ..." if target.width > 8 else "")
        raise FileError(
            f"{table.name}, line {table.lines[at]}: {one_line(text[:40])!r} is none of the classes ({names})"
        )
    return number
