"""Pools in operations that ONNX has: those whose windows follow from the sizes, and those that reach over the edge."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nnlab.core.arithmetic.windows import positions

if TYPE_CHECKING:
    from torch import Tensor

Window = tuple[int, int]
"""Where a window begins, and where it ends."""


def _shares(length: int, parts: int) -> list[Window]:
    """The windows of an adaptive pool: the length in so many parts, which overlap where it does not divide."""
    return [(k * length // parts, -(-(k + 1) * length // parts)) for k in range(parts)]


def _steps(length: int, parts: int, size: int) -> list[Window]:
    """The windows of a fractional pool whose sample is a half, as torch counts them in 32 bits."""
    import numpy as np

    one, half = np.float32(1), np.float32(0.5)
    starts = [length - size]
    if parts > 1:
        alpha = np.float32(length - size) / np.float32(parts - one)
        starts = [int((np.float32(k) + half) * alpha) - int(half * alpha) for k in range(parts - 1)] + starts
    return [(start, start + size) for start in starts]


def _pooled(x: "Tensor", windows: Sequence[Sequence[Window]], is_max: bool) -> "Tensor":
    """The largest number or the mean of each window along the last axes, one axis after the other."""
    import torch

    for axis, along in enumerate(windows, x.dim() - len(windows)):
        parts = [x.narrow(axis, start, end - start) for start, end in along]
        x = torch.cat([p.amax(axis, True) if is_max else p.mean(axis, True) for p in parts], axis)
    return x


def adaptive(axes: int, is_max: bool) -> Callable[..., Any]:
    """The adaptive pool of so many axes: a plain one where the sizes divide, else each window by itself."""

    def pool(x: "Tensor", output_size: Sequence[int]) -> Any:
        import torch
        from torch.nn import functional

        sizes = [int(n) for n in x.shape[-axes:]]
        parts = [int(n) for n in output_size] * (axes if len(output_size) == 1 else 1)
        if all(n % m == 0 for n, m in zip(sizes, parts, strict=True)):
            plain = getattr(functional, f"{'max' if is_max else 'avg'}_pool{axes}d")
            made = plain(x, [n // m for n, m in zip(sizes, parts, strict=True)])
        else:
            windows = [_shares(n, m) for n, m in zip(sizes, parts, strict=True)]
            made = _pooled(x, windows, is_max)
        return (made, torch.zeros_like(made, dtype=torch.int64)) if is_max else made  # no layer asks for the places

    return pool


def fractional(x: "Tensor", kernel: Sequence[int], output_size: Sequence[int], samples: "Tensor") -> Any:
    """The fractional pool of the layer, whose windows lie still outside training: its samples are all a half."""
    import torch

    shape = zip(x.shape[-2:], output_size, kernel, strict=True)
    made = _pooled(x, [_steps(int(n), int(m), int(size)) for n, m, size in shape], is_max=True)
    return made, torch.zeros_like(made, dtype=torch.int64)


# -------------------------------------------------------------------- pools that round up


def is_ceiled(pool: Any) -> bool:
    """Whether its last windows may reach over the edge: programs count them otherwise than torch."""
    at = 4 if "avg" in str(pool.target) else 5
    return len(pool.args) > at and bool(pool.args[at])


class _Ceiled:
    """One axis of a pool that rounds up: how many windows there are, and how much border they need."""

    def __init__(self, length: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> None:
        self.count = positions(length, kernel, stride, padding, dilation, ceil=True)
        self.length, self.kernel, self.stride, self.padding = length, kernel, stride, padding
        self.behind = (self.count - 1) * stride + dilation * (kernel - 1) + 1 - length - padding
        """Places to add behind the last one; less than 0 where some are in no window."""

    def seen(self, border_counts: bool) -> "Tensor":
        """By how many numbers the sum of each window is divided."""
        import torch

        start = torch.arange(self.count) * self.stride - self.padding
        border = self.padding if border_counts else 0
        return (start + self.kernel).clamp(max=self.length + border) - start.clamp(min=-border)


def _axes(x: "Tensor", axes: int, *sizes: Sequence[int]) -> list[_Ceiled]:
    spread = [[int(n) for n in each] * (axes if len(each) == 1 else 1) for each in sizes]
    lengths = [int(n) for n in x.shape[-axes:]]
    return [_Ceiled(*given) for given in zip(lengths, *spread, strict=True)]


def _bordered(x: "Tensor", axes: list[_Ceiled], value: float) -> "Tensor":
    from torch.nn import functional

    border = [size for each in reversed(axes) for size in (each.padding, each.behind)]
    return functional.pad(x, border, value=value) if any(border) else x


def _ceiled_max(axes: int, with_places: bool = False) -> Callable[..., Any]:
    """The max pool of so many axes over a picture with a border that no window chooses."""

    def pool(
        x: "Tensor", kernel: Sequence[int], stride: Sequence[int] = (), padding: Sequence[int] = (0,),
        dilation: Sequence[int] = (1,), ceil_mode: bool = False,
    ) -> Any:  # fmt: skip
        from torch.nn import functional

        if not ceil_mode:
            return NotImplemented
        along = _axes(x, axes, kernel, stride or kernel, padding, dilation)
        wide = _bordered(x, along, float("-inf"))
        made = getattr(functional, f"max_pool{axes}d")(wide, kernel, stride or kernel, 0, dilation, False, with_places)
        if not with_places:
            return made
        rows, columns = along
        row, column = made[1] // wide.shape[-1], made[1] % wide.shape[-1]
        return made[0], (row - rows.padding) * columns.length + column - columns.padding

    return pool


def _ceiled_mean(axes: int) -> Callable[..., Any]:
    """The average pool of so many axes: the sum of each window in a border of zeros, divided by what counts."""

    def pool(
        x: "Tensor", kernel: Sequence[int], stride: Sequence[int] = (), padding: Sequence[int] = (0,),
        ceil_mode: bool = False, border_counts: bool = True, divisor: int | None = None,
    ) -> Any:  # fmt: skip
        from torch.nn import functional

        if not ceil_mode or divisor is not None:
            return NotImplemented
        along = _axes(x, axes, kernel, stride or kernel, padding)
        made = getattr(functional, f"avg_pool{axes}d")(_bordered(x, along, 0.0), kernel, stride or kernel)
        for k, each in enumerate(along):
            share = each.kernel / each.seen(border_counts).to(x.dtype)
            made = made * share.reshape(-1, *(1,) * (axes - 1 - k))
        return made

    return pool


CEILED: dict[str, Callable[..., Any]] = {
    **{f"max_pool{n}d": _ceiled_max(n) for n in (1, 2, 3)},
    **{f"avg_pool{n}d": _ceiled_mean(n) for n in (1, 2, 3)},
    "max_pool2d_with_indices": _ceiled_max(2, with_places=True),
}
