"""A curve that may grow for ever: at most some two thousand points are kept, and no minimum or maximum is lost."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

BUCKETS = 1_000  # two points each


class Curve:
    """Points in buckets of equal length; when the buckets are full, each two become one. Adding costs the same for ever."""

    def __init__(self, buckets: int = BUCKETS) -> None:
        self._buckets = buckets + buckets % 2  # two become one: none may be left over
        self._low = np.empty((2, self._buckets))  # x and y of each bucket's least point
        self._high = np.empty((2, self._buckets))
        self._count = 0  # buckets, the open one included
        self._stride = 1  # points in a full bucket
        self._filled = 0  # points in the last bucket
        self.last: tuple[float, float] | None = None
        """The newest point."""

    def __len__(self) -> int:
        return max(0, self._count - 1) * self._stride + self._filled

    def add(self, x: float, y: float) -> None:
        """One more point, to the right of all others."""
        self.extend(np.array([x]), np.array([y]))

    def extend(self, xs: Numbers, ys: Numbers) -> None:
        """More points, in order."""
        if len(xs) == 0:
            return
        self.last = (float(xs[-1]), float(ys[-1]))
        at = 0
        while at < len(xs):
            at += self._fill(xs[at:], ys[at:])

    def points(self) -> tuple[Numbers, Numbers]:
        """The x and y of what is kept, in order: every bucket's least and greatest point, and the newest."""
        if self.last is None:
            return np.empty(0), np.empty(0)
        low, high = self._low[:, : self._count], self._high[:, : self._count]
        if self._stride == 1:
            return low[0].copy(), low[1].copy()
        swap = low[0] > high[0]
        first, second = np.where(swap, high, low), np.where(swap, low, high)
        both = np.stack([first, second], axis=2).reshape(2, -1)
        return np.append(both[0], self.last[0]), np.append(both[1], self.last[1])

    def cut(self, x: float) -> None:
        """Forget everything from this x on: the run went back in time."""
        keep = int(np.count_nonzero(np.maximum(self._low[0, : self._count], self._high[0, : self._count]) < x))
        if keep < self._count:
            self._count, self._filled = keep, self._stride
            end = keep - 1
            newest = max(self._low[:, end].tolist(), self._high[:, end].tolist()) if keep else None
            self.last = (newest[0], newest[1]) if newest else None

    def copied(self) -> "Curve":
        """The same curve, to grow on its own."""
        made = Curve(self._buckets)
        made._low[:], made._high[:] = self._low, self._high
        made._count, made._stride, made._filled, made.last = self._count, self._stride, self._filled, self.last
        return made

    def lowest(self) -> tuple[float, float] | None:
        """The first of the least points; None where there is no number."""
        if self._count == 0:
            return None
        ys = self._low[1, : self._count]
        at = int(np.where(np.isfinite(ys), ys, np.inf).argmin())
        return (float(self._low[0, at]), float(ys[at])) if np.isfinite(ys[at]) else None

    def at(self, x: float) -> tuple[float, float] | None:
        """The kept point nearest to this x."""
        xs, ys = self.points()
        if len(xs) == 0:
            return None
        nearest = int(np.abs(xs - x).argmin())
        return float(xs[nearest]), float(ys[nearest])

    def _fill(self, xs: Numbers, ys: Numbers) -> int:
        """Take as many points as fit without merging; how many were taken."""
        if self._count and self._filled < self._stride:
            taken = min(self._stride - self._filled, len(xs))
            self._widen(xs[:taken], ys[:taken])
            self._filled += taken
            return taken
        if self._count == self._buckets:
            self._merge()
            return 0
        whole = min(len(xs) // self._stride, self._buckets - self._count)
        if whole == 0:
            self._open(xs[:1], ys[:1], 1)
            self._filled = 1
            return 1
        taken = whole * self._stride
        self._open(xs[:taken], ys[:taken], whole)
        self._filled = self._stride
        return taken

    def _open(self, xs: Numbers, ys: Numbers, buckets: int) -> None:
        xs, ys = xs.reshape(buckets, -1), ys.reshape(buckets, -1)
        place = slice(self._count, self._count + buckets)
        rows = np.arange(buckets)
        least, most = _argmin(ys), _argmax(ys)
        self._low[:, place] = xs[rows, least], ys[rows, least]
        self._high[:, place] = xs[rows, most], ys[rows, most]
        self._count += buckets

    def _widen(self, xs: Numbers, ys: Numbers) -> None:
        last = self._count - 1
        least, most = int(_argmin(ys[None])[0]), int(_argmax(ys[None])[0])
        if not ys[least] >= self._low[1, last]:
            self._low[:, last] = xs[least], ys[least]
        if not ys[most] <= self._high[1, last]:
            self._high[:, last] = xs[most], ys[most]

    def _merge(self) -> None:
        half = self._count // 2
        rows = np.arange(half)
        low = self._low[:, : 2 * half].reshape(2, half, 2)
        high = self._high[:, : 2 * half].reshape(2, half, 2)
        self._low[:, :half] = low[:, rows, _argmin(low[1])]
        self._high[:, :half] = high[:, rows, _argmax(high[1])]
        self._count = half
        self._stride *= 2
        self._filled = self._stride


def _argmin(rows: Numbers) -> NDArray[np.intp]:
    return cast("NDArray[np.intp]", np.where(np.isnan(rows), np.inf, rows).argmin(axis=1))


def _argmax(rows: Numbers) -> NDArray[np.intp]:
    return cast("NDArray[np.intp]", np.where(np.isnan(rows), -np.inf, rows).argmax(axis=1))
