"""How numbers of one tensor stand in another after any cutting, turning and joining of axes: strides, worked out, not run."""

from dataclasses import dataclass, replace
from math import prod
from typing import Any, Self

Piece = tuple[int, int]
"""A size, and how many numbers of the tensor lie between two of its places."""
Axis = tuple[Piece, ...]
"""One axis made of several, the outermost first."""


def joined(pieces: Axis) -> Axis:
    """The same with pieces of size 1 left out, and those put together that lie behind each other anyway."""
    found: list[Piece] = []
    for size, stride in pieces:
        if size == 1:
            continue
        if found and found[-1][1] == size * stride:
            found[-1] = (found[-1][0] * size, stride)
        else:
            found.append((size, stride))
    return tuple(found)


def row_strides(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Those of a tensor whose numbers lie in one row."""
    return tuple(prod(sizes[k + 1 :]) for k in range(len(sizes)))


@dataclass(frozen=True, eq=False)
class View:
    """A tensor that holds numbers of another one, each in its place, all of them times one factor."""

    base: Any
    axes: tuple[Axis, ...]
    offset: int = 0
    scale: float = 1.0

    @classmethod
    def whole(cls, base: Any, sizes: tuple[int, ...]) -> Self:
        """All numbers of a tensor as it has them."""
        return cls(base, tuple(((n, s),) for n, s in zip(sizes, row_strides(sizes), strict=True)))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of all axes, the batch among them."""
        return tuple(prod(n for n, _ in axis) for axis in self.axes)

    def at(self, dim: int) -> int:
        """The number of an axis that may be counted from behind."""
        return dim % len(self.axes)

    def is_laid(self, sizes: tuple[int, ...], order: tuple[int, ...] | None = None) -> bool:
        """Whether it is the whole of a tensor of these sizes, with its axes in this order."""
        strides = row_strides(sizes)
        wanted = [(sizes[k], strides[k]) for k in order or range(len(sizes))]
        mine = [joined(axis) for axis in self.axes]
        return (
            not self.offset
            and self.scale == 1
            and self.sizes == tuple(n for n, _ in wanted)
            and mine == [joined((pair,)) for pair in wanted]
        )

    # ---------------------------------------------------------------- other forms

    def permuted(self, order: tuple[int, ...]) -> Self:
        """The axes in another order."""
        return replace(self, axes=tuple(self.axes[self.at(k)] for k in order))

    def swapped(self, one: int, other: int) -> Self:
        """Two axes exchanged."""
        order = list(range(len(self.axes)))
        order[self.at(one)], order[self.at(other)] = order[self.at(other)], order[self.at(one)]
        return self.permuted(tuple(order))

    def unsqueezed(self, dim: int) -> Self:
        """A new axis of size 1."""
        at = dim % (len(self.axes) + 1)
        return replace(self, axes=(*self.axes[:at], (), *self.axes[at:]))

    def squeezed(self, dim: int) -> Self:
        """An axis of size 1 gone; one of another size stays."""
        at = self.at(dim)
        return self if self.sizes[at] != 1 else replace(self, axes=(*self.axes[:at], *self.axes[at + 1 :]))

    def selected(self, dim: int, index: int) -> Self:
        """One place of an axis."""
        at, offset = self.at(dim), self.offset
        index %= self.sizes[at]
        for size, stride in reversed(self.axes[at]):
            offset += index % size * stride
            index //= size
        return replace(self, axes=(*self.axes[:at], *self.axes[at + 1 :]), offset=offset)

    def sliced(self, dim: int, start: int, end: int) -> Self | None:
        """Some places of an axis, one after the other; None if they do not lie evenly."""
        at = self.at(dim)
        size = self.sizes[at]
        start, end = (max(0, min(size, n + size if n < 0 else n)) for n in (start, end))
        axis = joined(self.axes[at])
        if (start, end) == (0, size):
            return self
        if len(axis) != 1 or end <= start:
            return None
        ((_, stride),) = axis
        axes = (*self.axes[:at], ((end - start, stride),), *self.axes[at + 1 :])
        return replace(self, axes=axes, offset=self.offset + start * stride)

    def expanded(self, sizes: tuple[int, ...]) -> Self | None:
        """Axes of size 1 repeated; None if others would be."""
        axes = ((),) * (len(sizes) - len(self.axes)) + self.axes
        found: list[Axis] = []
        for wanted, axis in zip(sizes, axes, strict=True):
            size = prod(n for n, _ in axis)
            if size != 1 and wanted not in (-1, size):
                return None
            found.append(axis if wanted in (-1, size) else ((wanted, 0),))
        return replace(self, axes=tuple(found))

    def reshaped(self, sizes: tuple[int, ...]) -> Self | None:
        """The same numbers in the same order in other sizes; None if that takes a copy of them."""
        total = prod(self.sizes)
        if sizes.count(-1) == 1:
            rest = -prod(sizes)
            sizes = tuple(total // rest if n == -1 else n for n in sizes) if rest else sizes
        if prod(sizes) != total or any(n < 1 for n in sizes):
            return None
        left = list(joined(tuple(piece for axis in self.axes for piece in axis)))
        found: list[Axis] = []
        for wanted in sizes:
            axis: list[Piece] = []
            while wanted > 1:
                size, stride = left.pop(0)
                if size <= wanted and wanted % size == 0:
                    axis.append((size, stride))
                    wanted //= size
                elif size % wanted == 0:
                    axis.append((wanted, size // wanted * stride))
                    left.insert(0, (size // wanted, stride))
                    wanted = 1
                else:
                    return None
            found.append(tuple(axis))
        return replace(self, axes=tuple(found))

    def scaled(self, by: float) -> Self:
        """All numbers times this."""
        return replace(self, scale=self.scale * by)
