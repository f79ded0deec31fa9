"""torch's functions that take several layers: spreads, sums in Einstein's letters, and numbers put in by a mask."""

from typing import Any

import numpy as np

from nnlab.engine.imports.drawing import Drawing, Held, Unfit, Value
from nnlab.engine.imports.operations import OPERATIONS, as_value, mul, operation, plain, sub
from nnlab.engine.imports.pools import reduce
from nnlab.engine.imports.weighted import linear

LOW = -1e4  # a number that is put in so that softmax makes nothing of it
FINITE = float(np.finfo(np.float32).max)


@operation("var")
def variance(
    d: Drawing, x: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, correction: Any = None
) -> Value:
    """How far numbers are from their mean: the mean of the squares."""
    value = as_value(d, x)
    dims = [dim] if isinstance(dim, int) else list(plain(dim) or ())
    many = int(np.prod([value.shape[n - 1 if n > 0 else n] for n in dims]))
    less = int(correction if correction is not None else unbiased)
    if not dims or many <= less:
        raise Unfit("a spread of a whole batch")
    off = sub(d, value, reduce(d, value, dims, True))
    found = reduce(d, d.one("Multiply", off, off), dims, keepdim)
    return mul(d, found, many / (many - less)) if less else found


@operation("std")
def spread(d: Drawing, x: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, **more: Any) -> Value:
    """The root of that."""
    return d.one("Expression", variance(d, x, dim, unbiased, keepdim, **more), expression="sqrt(a)")


@operation("einsum")
def einsum(d: Drawing, equation: str, *given: Any) -> Value:
    """A sum over letters: a Linear layer, or a product of matrices."""
    tensors = list(given[0]) if len(given) == 1 and isinstance(given[0], (list, tuple)) else list(given)
    left, _, made = equation.replace(" ", "").replace("...", "").partition("->")
    first, _, second = left.partition(",")
    if len(tensors) != 2 or not second or len(set(first)) < len(first) or len(set(second)) < len(second):
        raise Unfit("a sum of another form")
    x, y = tensors
    if isinstance(y, Held) and len(second) == 2 and first[-1] in second and len(first) <= len(made):
        other = second.replace(first[-1], "")
        if made == first[:-1] + other:
            across = y.array if second[0] == other else y.array.T
            return linear(d, x, Held(np.ascontiguousarray(across), y.learned, y.name))
    common, rows, columns = first[:-2], first[-2], second.replace(first[-1], "")[-1:]
    if made != common + rows + columns or not second.startswith(common) or len(second) != len(first):
        raise Unfit("a sum of another form")
    turned = second[-1] == first[-1]
    return d.one("MatMul", as_value(d, x), as_value(d, y), transpose_b=turned)


@operation("masked_fill")
def masked_fill(d: Drawing, x: Any, mask: Any, value: Any) -> Value:
    """Other numbers where a mask that is always the same says so."""
    if not isinstance(mask, Held) or not isinstance(value, (int, float)):
        raise Unfit("numbers put in where a sample says so")
    hidden = np.asarray(mask.array, bool)
    if value == 0:
        return mul(d, x, Held((~hidden).astype(np.float32)))
    if value > LOW:
        raise Unfit("numbers put in by a mask")
    highest = np.where(hidden, max(float(value), -FINITE), FINITE).astype(np.float32)
    found: Value = OPERATIONS["minimum"](d, x, Held(highest))
    return found
