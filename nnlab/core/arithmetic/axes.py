"""Axes, sizes and lists of numbers that merges and reshapes share: the batch is axis 0, and stays what it is."""

import re
from collections.abc import Sequence

from nnlab.core.layer import Shape, shape_text
from nnlab.errors import ShapeError

AXIS_LIMIT = 8  # more axes than any tensor here has
NUMBERS_LIMIT = 16  # in one list
SIZE_LIMIT = 65_536  # of one number in a list


def axis(dim: int, shape: Shape) -> int:
    """Where this axis stands in a shape without its batch; ShapeError if it is the batch, or there is none."""
    return _place(dim, shape, len(shape))


def new_axis(dim: int, shape: Shape) -> int:
    """Where a new axis would stand in a shape without its batch; -1 is behind the last."""
    return _place(dim, shape, len(shape) + 1)


def _place(dim: int, shape: Shape, count: int) -> int:
    found = dim - 1 if dim >= 0 else dim + count
    if found == -1:
        raise ShapeError("would mix the samples of a batch: axis 0 is the batch, use axis 1")
    if not 0 <= found < count:
        only = f"there are only {count} after the batch" if count != 1 else "there is only 1 after the batch"
        raise ShapeError(f"has no axis {dim} in {shape_text(shape)}: {only}; use axis 1 or -1")
    return found


def axes(dims: Sequence[int], shape: Shape) -> tuple[int, ...]:
    """Where these axes stand in a shape without its batch; ShapeError if one is named twice."""
    found = tuple(axis(dim, shape) for dim in dims)
    if len(set(found)) < len(found):
        raise ShapeError(f"names an axis twice in {listed(dims)}: name each axis once")
    return found


def numbers(text: str, what: str, example: str) -> tuple[int, ...]:
    """The whole numbers written in a setting, apart by commas, spaces or ×; ShapeError if that cannot be read."""
    parts = re.split(r"[\s,;×x]+", text.strip().strip("()[]").strip())
    parts = [part for part in parts if part]
    if len(parts) > NUMBERS_LIMIT or not all(re.fullmatch(r"[+\-−]?[0-9]{1,5}", part) for part in parts):
        raise ShapeError(f"cannot read its {what}: write whole numbers with commas between them, as {example}")
    found = tuple(int(part.replace("−", "-")) for part in parts)
    if not found:
        raise ShapeError(f"has no {what}: write whole numbers with commas between them, as {example}")
    if any(abs(n) > SIZE_LIMIT for n in found):
        raise ShapeError(f"has a number beyond 65 536 in its {what}: use smaller ones, as {example}")
    return found


def listed(values: Sequence[int]) -> str:
    """A list of numbers as a user writes it: "4, 8, 8"."""
    return ", ".join(map(str, values))


def at_axis(dim: int, index: str) -> str:
    """What stands in the square brackets to take `index` along this axis: ":, :, 2:5"."""
    if dim >= 0:
        return ", ".join([":"] * dim + [index])
    return ", ".join(["...", index, *[":"] * (-dim - 1)])


def common(shapes: Sequence[Shape], verb: str) -> Shape:
    """The shape of numbers taken together one by one; an axis of size 1 is repeated. ShapeError with a remedy if not."""
    first = shapes[0]
    for shape in shapes[1:]:
        if len(shape) != len(first):
            raise ShapeError(
                f"cannot {verb} {shape_text(first)} and {shape_text(shape)}, which have different numbers of axes: "
                "put a Flatten and a Linear into the one with more"
            )
        if any(a != b and 1 not in (a, b) for a, b in zip(first, shape, strict=True)):
            raise ShapeError(_unequal(first, shape, verb))
        first = tuple(max(a, b) for a, b in zip(first, shape, strict=True))
    return first


def _unequal(first: Shape, second: Shape, verb: str) -> str:
    said = f"cannot {verb} {shape_text(first)} and {shape_text(second)}: make them equal, "
    if len(first) == 1:
        return said + f"for instance with a Linear with {max(first[0], second[0])} units on the smaller one"
    if first[1:] == second[1:] and len(first) == 3:
        return said + f"for instance with a Conv 2-D with {max(first[0], second[0])} filters on the one with fewer"
    return said + "with the same padding and stride on both ways, or a Resize to match"
