"""torch's functions that only rearrange: other sizes, other orders, pieces, and parts taken by square brackets."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from nnlab.core.arithmetic.axes import listed
from nnlab.core.layer import VARIADIC_LIMIT
from nnlab.engine.imports.drawing import Drawing, Held, Later, Pile, Spread, Turned, Unfit, Value, layer_of
from nnlab.engine.imports.operations import Piece, as_value, operation, plain, refuse, turned


@operation("cat", "concat", "concatenate")
def cat(d: Drawing, tensors: Sequence[Any], dim: int = 0) -> Value:
    """Side by side."""
    if tensors and all(isinstance(each, Piece) for each in tensors):
        first: Piece = tensors[0]
        second: Piece = tensors[-1]
        ends = len(tensors) == 2 and first.of is second.of and (first.at, second.at) == (-2, -1) and first.of.both
        if ends and first.of.last is not None:
            return first.of.last  # both directions of a recurrent layer, each at its own end
    ranks = [len(each.shape) for each in tensors if isinstance(each, Value)]
    made = [_for_each(d, each, ranks) for each in tensors]
    if len(made) == 1:
        return made[0]
    return d.one("Concat", *made, dim=dim)


def _for_each(d: Drawing, x: Any, ranks: Sequence[int]) -> Value:
    """Numbers that a file repeats for the batch, as a class token, are the same for each sample."""
    if isinstance(x, Held) and ranks and np.ndim(x.array) == max(ranks) + 1:
        array = np.asarray(x.array)
        if len(array) in (1, d.batch) and (array == array[:1]).all():
            return d.constant(Held(array[0], x.learned, x.name))
    return as_value(d, x)


@operation("stack")
def stack(d: Drawing, tensors: Sequence[Any], dim: int = 0) -> Any:
    """On top of each other, along a new axis."""
    if dim == 0:
        return Pile(tuple(as_value(d, each) for each in tensors))
    return d.one("Stack", *(as_value(d, each) for each in tensors), dim=dim)


@operation("flatten")
def flatten(d: Drawing, x: Any, start_dim: int = 0, end_dim: int = -1) -> Value:
    """In one row; behind a pool to one number it is part of that pool."""
    value = as_value(d, x)
    layer: Any = d.nodes[value.node].layer
    whole = start_dim == 1 and end_dim in (-1, len(value.shape))
    if whole and type(layer).__name__.startswith("Global") and not layer.flatten and not d.uses(value):
        d.change(value.node, layer.with_(flatten=True))
        return Value(value.node, value.port, (value.shape[0],), value.kind)
    return d.one("Flatten", value, start_dim=start_dim, end_dim=end_dim)


@operation("reshape", "view", "_unsafe_view")
def reshape(d: Drawing, x: Any, *sizes: Any, **named: Any) -> Any:
    """Other sizes, the batch in front kept."""
    given = named.get("shape", named.get("size", sizes))
    flat = list(given[0]) if len(given) == 1 and isinstance(given[0], (list, tuple)) else list(given)
    if isinstance(x, Turned):
        return _by_direction(x, [plain(n) for n in flat])
    value = as_value(d, x)
    if not flat or flat[0] not in (d.batch, -1) or (flat[0] == -1 and -1 in flat[1:]):
        raise Unfit("sizes that mix the samples of a batch")
    rest = [int(plain(n)) for n in flat[1:]]
    if not rest and prod(value.shape) == 1:
        return d.one("Squeeze", d.one("Flatten", value), dim=-1) if len(value.shape) > 1 else squeeze(d, value, -1)
    if not rest:
        raise Unfit("sizes that mix the samples of a batch")
    return d.one("Reshape", value, shape=listed(rest))


@operation("squeeze")
def squeeze(d: Drawing, x: Any, dim: Any = None) -> Any:
    """Without the axes of size 1, or without one of them."""
    if isinstance(x, Turned):
        return turned(x, "Squeeze", (dim,), {})
    value = as_value(d, x)
    if dim is None:
        ones = [k + 1 for k, n in enumerate(value.shape) if n == 1]
        if len(ones) != 1:
            rest = [n for n in value.shape if n != 1]
            return d.one("Reshape", value, shape=listed(rest or [1])) if ones else value
        dim = ones[0]
    return value if dim == 0 else d.one("Squeeze", value, dim=plain(dim))


def _by_direction(x: Turned, sizes: list[int]) -> Any:
    """A memory as torch's manual has it: for each layer one row, or the two of its directions."""
    rows = x.value.shape[0]
    if rows == 1 and len(sizes) == 2 and sizes[1] == x.value.shape[1] and x.last is not None:
        return x.last
    if len(sizes) != 4 or sizes[1] != 1 + x.both or -1 in sizes[:2] or sizes[0] * sizes[1] != rows:
        raise Unfit("a memory of other sizes")
    return tuple(tuple(Piece(x, k * sizes[1] + n - rows) for n in range(sizes[1])) for k in range(sizes[0]))


@operation("unflatten")
def unflatten(d: Drawing, x: Any, dim: int, sizes: Sequence[int]) -> Value:
    """One axis as several."""
    return d.one("Unflatten", as_value(d, x), dim=dim, unflattened_size=listed(list(plain(sizes))))


@operation("permute")
def permute(d: Drawing, x: Any, *dims: Any) -> Any:
    """The axes in another order."""
    order = list(dims[0]) if len(dims) == 1 and isinstance(dims[0], (list, tuple)) else list(dims)
    if isinstance(x, Turned):
        return turned(x, "Transpose", tuple(order[:2]), {}) if order[2:] == [2] else refuse("a memory turned round")
    return d.one("Permute", as_value(d, x), dims=listed(order))


@operation("t")
def t(d: Drawing, x: Any) -> Value:
    """Rows as columns, which would mix the batch."""
    raise Unfit("the batch in another place")


@operation("expand", "broadcast_to")
def expand(d: Drawing, x: Any, *sizes: Any) -> Any:
    """Repeated for the batch: what has no batch needs no more than that."""
    if isinstance(x, Later) and x.of is not None:
        return d.one("CausalMask", x.of)
    flat = list(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (list, tuple)) else list(sizes)
    if isinstance(x, Held):
        array = np.asarray(x.array)
        rest = array.shape[1:] if array.ndim == len(flat) else array.shape
        wanted = [n if size == -1 else size for n, size in zip(rest, flat[1:], strict=False)]
        if array.ndim < len(flat) and flat[0] in (d.batch, -1):
            return d.constant(Held(np.broadcast_to(array, [int(plain(n)) for n in flat[1:]]), x.learned, x.name))
        if array.ndim == len(flat) and array.shape[0] == 1 and tuple(wanted) == rest and flat[0] in (d.batch, -1):
            return d.constant(Held(array.reshape(rest), x.learned, x.name))
        raise Unfit("numbers repeated in another form")
    value = as_value(d, x)
    full = tuple(n if s == -1 else int(plain(s)) for n, s in zip(value.shape, flat[1:], strict=False))
    if len(flat) != len(value.shape) + 1 or flat[0] not in (d.batch, -1):
        raise Unfit("numbers repeated along an axis")
    return value if full == value.shape else Spread(value, full)


@operation("repeat", "tile")
def repeat(d: Drawing, x: Any, *times: Any) -> Any:
    """One copy behind the other."""
    flat = list(times[0]) if len(times) == 1 and isinstance(times[0], (list, tuple)) else list(times)
    if isinstance(x, Held) and x.array.ndim == len(flat) and x.array.shape[0] * int(plain(flat[0])) == d.batch:
        return d.constant(Held(np.tile(x.array[0], [int(plain(n)) for n in flat[1:]]), x.learned, x.name))
    value = as_value(d, x)
    if len(flat) != len(value.shape) + 1 or flat[0] != 1 or max(flat) > VARIADIC_LIMIT:
        raise Unfit("copies of samples")
    for dim, many in enumerate(flat):
        value = value if many == 1 else d.one("Concat", *[value] * many, dim=dim)
    return value


@operation("expand_as")
def expand_as(d: Drawing, x: Any, other: Any) -> Any:
    """Repeated to the sizes of another."""
    return expand(d, x, d.batch, *as_value(d, other).shape)


@operation("getattr")
def attribute(d: Drawing, x: Any, name: str) -> Any:
    """Parts of an answer by name, and rows as columns."""
    if isinstance(x, tuple) and name in ("values", "indices"):
        return x[("values", "indices").index(name)]
    if isinstance(x, Value) and name == "mT":
        return d.one("Transpose", x, dim0=-2, dim1=-1)
    if isinstance(x, Value) and name == "data":
        return d.one("Detach", x)
    raise Unfit(f"a tensor's {name}")


@operation("chunk", "tensor_split")
def chunk(d: Drawing, x: Any, chunks: int, dim: int = 0) -> tuple[Value, ...]:
    """Equal pieces."""
    return d.add(layer_of("Split", parts=plain(chunks), dim=dim), as_value(d, x))


@operation("split", "split_with_sizes")
def split(d: Drawing, x: Any, sizes: Any, dim: int = 0) -> tuple[Value, ...]:
    """Pieces of these sizes."""
    value = as_value(d, x)
    if isinstance(sizes, int):
        total = value.shape[dim - 1 if dim > 0 else dim]
        sizes = [sizes] * (total // sizes) + ([total % sizes] if total % sizes else [])
    if len(sizes) == 1:
        return (value,)
    return d.add(layer_of("Split", parts=len(sizes), sizes=listed(list(plain(sizes))), dim=dim), value)


@operation("select")
def select(d: Drawing, x: Any, dim: int, index: int) -> Any:
    """One place of an axis."""
    if isinstance(x, Pile) and dim == 0:
        return x.parts[plain(index)]
    if isinstance(x, Turned) and dim == 0:
        return _row(d, x, plain(index))
    value = as_value(d, x)
    at = dim if dim >= 0 else dim + len(value.shape) + 1
    index = plain(index)
    if at == 1 and len(value.shape) == 2 and index in (0, -1, value.shape[0] - 1):
        return _end(d, value, index)
    size = value.shape[at - 1] if at else 0
    index = index if index >= 0 or not at else index + size
    cut = d.add(layer_of("Slice", dim=at, start=index, end=index + 1), value)[0]
    return d.one("Squeeze", cut, dim=at)


def _end(d: Drawing, value: Value, index: int) -> Value:
    """The first or last step of a sequence; of a recurrent layer there is a port for the last."""
    layer = d.nodes[value.node].layer
    if index != 0 and value.port == "out" and hasattr(layer, "bidirectional") and not layer.bidirectional:
        return Value(value.node, "last", value.shape[1:], "x")
    if index != 0:
        return d.one("LastStep", value)
    return d.one("SequencePool", value, mode="first")


@operation("slice")
def slice_(d: Drawing, x: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    """A part of an axis."""
    value = as_value(d, x)
    at = dim - 1 if dim > 0 else dim + len(value.shape) if dim < 0 else -1
    size = value.shape[at] if at >= 0 else d.batch
    start = 0 if start is None else plain(start)
    last = None if end is None or plain(end) >= size else plain(end)
    if start == 0 and last is None and step == 1:
        return value
    if at < 0:
        raise Unfit("some samples of a batch")
    return d.add(layer_of("Slice", dim=dim, start=start, end=last, step=step), value)[0]


@operation("getitem")
def getitem(d: Drawing, x: Any, index: Any) -> Any:
    """Square brackets: a piece of a tuple, or parts of a tensor's axes."""
    if isinstance(x, (tuple, list, Pile)):
        return (x.parts if isinstance(x, Pile) else x)[plain(index)]
    if isinstance(x, Turned):
        behind = index[1:] if isinstance(index, tuple) else ()
        whole = all(each in (slice(None), Ellipsis) for each in behind)
        return _row(d, x, index[0] if isinstance(index, tuple) and whole else index)
    value = as_value(d, x)
    items = list(index) if isinstance(index, tuple) else [index]
    rest = items[1:]
    cuts = [k for k, each in enumerate(rest) if each != slice(None)] if items[0] is Ellipsis else []
    if len(cuts) == 1 and all(isinstance(each, slice) for each in rest):  # counted from behind, as it is written
        cut = rest[cuts[0]]
        return slice_(d, value, cuts[0] - len(rest), cut.start, cut.stop, cut.step or 1)
    if Ellipsis in items:
        at = items.index(Ellipsis)
        items[at : at + 1] = [slice(None)] * (len(value.shape) + 1 - sum(i is not None for i in items) + 1)
    return _indexed(d, value, items)


def _indexed(d: Drawing, value: Value, items: list[Any]) -> Any:
    dim = 0
    for item in items:
        if item is None:
            value = d.one("Unsqueeze", value, dim=dim)
        elif isinstance(item, slice):
            value = slice_(d, value, dim, item.start, item.stop, item.step or 1)
        elif isinstance(item, int):
            value = select(d, value, dim, item)
            continue
        elif (
            isinstance(item, list) and dim and 1 < len(item) <= VARIADIC_LIMIT and all(isinstance(n, int) for n in item)
        ):
            size = value.shape[dim - 1]
            value = d.one("Concat", *(slice_(d, value, dim, n % size, n % size + 1) for n in item), dim=dim)
        else:
            raise Unfit("places that are looked up in a tensor")
        dim += 1
    return value


def _row(d: Drawing, x: Turned, index: Any) -> Any:
    """One layer's memory; the last one of all is the last step."""
    if index in (-1, x.value.shape[0] - 1) and x.last is not None and not x.both:
        return x.last
    if isinstance(index, int):
        if x.both:
            return Piece(x, index if index < 0 else index - x.value.shape[0])
        return as_value(d, Piece(x, index % x.value.shape[0] - x.value.shape[0]))
    raise Unfit("a part of a memory")
