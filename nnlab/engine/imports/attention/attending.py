"""Attention put together again: files take it apart into products and turnings of axes, and here those are followed.

Every step of a file is followed as strides of the tensor that it started from. Where a product of two such tensors is a
product of queries and keys, head by head, and the steps after it are those of attention, they become one layer. Nothing is
guessed: what stands in another place by one number is no attention, and stays in its parts.
"""

from dataclasses import dataclass, replace
from math import prod, sqrt
from typing import Any

import numpy as np

from nnlab.engine.imports.attention.strides import View, joined
from nnlab.engine.imports.drawing import Drawing, Held, Value
from nnlab.engine.imports.pools import is_causal_table

NEAR = 1e-5  # how far a scale may be from 1 / √features, as a share of it


@dataclass(eq=False)
class Given:
    """A tensor that stands in the drawing."""

    value: Value
    sizes: tuple[int, ...]


@dataclass(eq=False)
class Product:
    """What a Linear layer makes of the last axis of a tensor."""

    of: Any
    weight: Held
    bias: Held | None
    sizes: tuple[int, ...]
    value: Value | None = None


@dataclass(eq=False)
class Looks:
    """How much each query takes from each value: a table for each head of each sample, before or after the softmax."""

    q: View
    k: View
    sizes: tuple[int, ...]
    causal: bool = False
    padding: Value | None = None
    soft: bool = False
    dropout: float = 0.0
    made: str = ""
    """The node of the attention that they are of, once it is drawn."""


@dataclass(eq=False)
class Hidden:
    """Zeros, and minus infinity where a mask is true: added to looks, it hides keys."""

    mask: Value | None
    sizes: tuple[int, ...]


@dataclass(eq=False)
class Looked:
    """What all heads have taken, side by side, for each query."""

    q: View
    k: View
    v: View
    heads: int
    scale: float
    looks: Looks
    sizes: tuple[int, ...]
    value: Value | None = None


@dataclass(frozen=True)
class Heads:
    """Queries, keys or values of all heads in the rows of one tensor."""

    base: Any
    first: int
    many: int
    steps: int
    width: int


def view_of(d: Drawing, x: Value) -> View:
    """A drawn tensor as it is."""
    sizes = (d.batch, *x.shape)
    return View.whole(Given(x, sizes), sizes)


# -------------------------------------------------------------------------- steps


def linear(x: View, weight: Held, bias: Held | None) -> View | None:
    """A weighted sum along the last axis, wherever the others stand."""
    out, width = weight.array.shape
    sizes = x.base.sizes
    last = joined(x.axes[-1])
    whole = prod(x.sizes) == prod(sizes) and not x.offset and x.scale == 1 and sizes[-1] == x.sizes[-1] == width
    if not whole or last != joined(((width, 1),)):
        return None
    base = Product(x.base, weight, bias, (*sizes[:-1], out))
    axes = tuple(tuple((n, s // width * out) for n, s in joined(axis)) for axis in x.axes[:-1])
    return View(base, (*axes, ((out, 1),)))


def biased(x: View, bias: Held) -> View | None:
    """Constants added to what a Linear layer without any made."""
    base, many = x.base, bias.array.size
    if not isinstance(base, Product) or base.bias is not None or many != base.sizes[-1] or x.sizes[-1] != many:
        return None
    if bias.array.shape[-1] != many or x.scale != 1 or joined(x.axes[-1]) != joined(((many, 1),)):
        return None
    return replace(x, base=replace(base, bias=Held(bias.array.reshape(-1), bias.learned, bias.name), value=None))


def heads_of(x: View, batch: int) -> Heads | None:
    """What a tensor of heads × steps × features of a head takes from the rows of another; None if it is none."""
    sizes = x.base.sizes
    if len(sizes) != 3 or len(x.axes) < 3 or sizes[0] != batch:
        return None
    _, steps, row = sizes
    *lead, seen, width = x.sizes
    many = prod(lead) // batch
    wanted = joined(((batch, steps * row), (many, width)))
    before = joined(tuple(piece for axis in x.axes[:-2] for piece in axis))
    fits = before == wanted and joined(x.axes[-2]) == joined(((steps, row),)) and seen == steps
    fits = fits and joined(x.axes[-1]) == joined(((width, 1),)) and prod(lead) == batch * many
    return Heads(x.base, x.offset, many, steps, width) if fits and x.offset + many * width <= row else None


def product(d: Drawing, x: View, y: View) -> View | None:
    """A product of matrices: of queries and keys, or of looks and values."""
    if isinstance(x.base, Looks) and x.base.soft:
        return _taken(d, x, y)
    q, k = heads_of(x, d.batch), heads_of(y.swapped(-1, -2), d.batch)
    if q is None or k is None or q.many != k.many or q.width != k.width or x.sizes[:-2] != y.sizes[:-2]:
        return None
    sizes = (d.batch, q.many, q.steps, k.steps)
    table = View.whole(Looks(x, y.swapped(-1, -2), sizes), sizes)
    found = table.reshaped((*x.sizes[:-1], k.steps))
    return None if found is None else found.scaled(x.scale * y.scale)


def _taken(d: Drawing, x: View, y: View) -> View | None:
    looks, v = x.base, heads_of(y, d.batch)
    q = heads_of(looks.q, d.batch)
    if v is None or q is None or v.many != q.many or not _is_table(x, looks) or v.steps != looks.sizes[3]:
        return None
    if x.scale != 1 or y.scale != 1 or x.sizes[:-1] != (*y.sizes[:-2], q.steps):
        return None
    return _side_by_side(d, looks, y, v, looks.q.scale, y.sizes[:-2])


def _side_by_side(d: Drawing, looks: Looks, y: View, v: Heads, scale: float, lead: tuple[int, ...]) -> View | None:
    """The answers of all heads, as heads × steps × features."""
    steps = looks.sizes[2]
    sizes = (d.batch, steps, v.many * v.width)
    base = Looked(looks.q, looks.k, y, v.many, scale, looks, sizes)
    apart = View.whole(base, sizes).reshaped((d.batch, steps, v.many, v.width))
    return None if apart is None else apart.swapped(1, 2).reshaped((*lead, steps, v.width))


def _is_table(x: View, looks: Looks) -> bool:
    """Whether it is all the looks, with queries and keys as the last axes."""
    whole = View.whole(looks, looks.sizes).reshaped(x.sizes)
    return whole is not None and [joined(a) for a in whole.axes] == [joined(a) for a in x.axes] and not x.offset


def softmax(x: View, dim: int) -> View | None:
    """Shares of each query."""
    looks = x.base
    if not isinstance(looks, Looks) or looks.soft or x.at(dim) != len(x.axes) - 1 or not _is_table(x, looks):
        return None
    # the scale of the product is that of the queries from here on
    base = replace(looks, soft=True, q=replace(looks.q, scale=x.scale))
    return replace(x, base=base, scale=1.0)


def masked(x: View, mask: Held) -> View | None:
    """Looks at later steps taken away."""
    looks = x.base
    if not isinstance(looks, Looks) or looks.soft or looks.causal:
        return None
    array = np.asarray(mask.array)
    table = array.reshape(array.shape[-2:]) if array.ndim > 2 and prod(array.shape[:-2]) == 1 else array
    if table.shape != looks.sizes[2:] or not is_causal_table(Held(table)):
        return None
    return replace(x, base=replace(looks, causal=True))


def hidden(mask: View) -> View | None:
    """Zeros with minus infinity in the places of this mask."""
    base = mask.base
    if not isinstance(base, Given) or base.value.kind != "m" or not mask.is_laid(base.sizes):
        return None
    return View.whole(Hidden(base.value, base.sizes), base.sizes)


def zeros(x: View) -> View:
    """As many zeros."""
    return View.whole(Hidden(None, x.sizes), x.sizes)


def padded(x: View, mask: View) -> View | None:
    """Keys hidden from all queries: those that only fill up a sequence."""
    looks, base = x.base, mask.base
    if not isinstance(looks, Looks) or looks.soft or looks.padding is not None or not isinstance(base, Hidden):
        return None
    batch, heads, steps, keys = looks.sizes
    if base.mask is None or base.sizes != (batch, keys):
        return None
    rows = View.whole(base, (batch, 1, 1, keys)).expanded((batch, heads, steps, keys))
    wanted = rows.reshaped(x.sizes) if rows is not None else None
    found = mask.expanded(x.sizes)
    if wanted is None or found is None or [joined(a) for a in wanted.axes] != [joined(a) for a in found.axes]:
        return None
    return replace(x, base=replace(looks, padding=base.mask)) if not mask.offset and _is_table(x, looks) else None


def hiding(x: View, mask: object) -> View | None:
    """Looks with minus infinity added where they may not be."""
    if isinstance(mask, View):
        return padded(x, mask)
    return masked(x, mask) if isinstance(mask, Held) else None


def scaled_dot_product(
    d: Drawing, q: View, k: View, v: View, mask: Any = None, causal: bool = False, scale: float | None = None
) -> View | None:
    """All of it in one step, as newer files have it."""
    asked, keys, said = (heads_of(each, d.batch) for each in (q, k, v))
    if asked is None or keys is None or said is None or (q.scale, k.scale, v.scale) != (1, 1, 1):
        return None
    if not asked.many == keys.many == said.many or asked.width != keys.width or keys.steps != said.steps:
        return None
    sizes = (d.batch, asked.many, asked.steps, keys.steps)
    looks = Looks(q, k, sizes, bool(causal), soft=True)
    if mask is not None:
        found = None if causal else hiding(View.whole(replace(looks, soft=False), sizes), mask)
        if found is None:
            return None
        looks = replace(found.base, soft=True)
    return _side_by_side(d, looks, v, said, 1 / sqrt(asked.width) if scale is None else scale, v.sizes[:-2])


def dropped(x: View, share: float) -> View | None:
    """Some looks dropped while training."""
    looks = x.base
    if not isinstance(looks, Looks) or not looks.soft or looks.dropout:
        return None
    return replace(x, base=replace(looks, dropout=float(share)))


def mean_looks(x: View, dim: int) -> Value | None:
    """The looks of all heads together, if the attention that they are of is drawn."""
    looks = x.base
    if not isinstance(looks, Looks) or not looks.made or x.at(dim) != 1 or not x.is_laid(looks.sizes):
        return None
    return Value(looks.made, "weights", looks.sizes[2:])
