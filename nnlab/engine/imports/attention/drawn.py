"""Attention that was put together again, as layers: with all of its projections one, else in the parts that there are."""

from dataclasses import dataclass, replace
from math import isclose, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.arithmetic.axes import listed
from nnlab.core.graph import Graph
from nnlab.core.layer import Layer, UnknownLayer
from nnlab.core.learning import Learning
from nnlab.engine.imports import weighted
from nnlab.engine.imports.attention.attending import NEAR, Given, Looked, Product, heads_of
from nnlab.engine.imports.attention.strides import View
from nnlab.engine.imports.drawing import Drawing, Turned, Unfit, Value, layer_of


def drawn(d: Drawing, x: View, whole: bool = False) -> Value | Turned | None:
    """The tensor in the drawing, if its axes are those of a layer's answer, or the first two of them are exchanged.

    `whole` asks for attention with all of its projections as one layer: Unfit if it is none.
    """
    sizes = x.base.sizes
    turned = len(sizes) == 3 and not x.is_laid(sizes) and x.is_laid(sizes, (1, 0, 2))
    if not isinstance(x.base, (Given, Product, Looked)) or not (turned or x.is_laid(sizes)):
        return None
    value = value_of(d, x.base, whole)
    return Turned(value) if turned else value


def value_of(d: Drawing, base: Any, whole: bool = False) -> Value:
    """The answer of a layer that stands for this; Unfit if there is none."""
    if base.value is None:
        is_answer = isinstance(base, Product) and isinstance(base.of, Looked)
        made = _attention(d, base) if is_answer else None
        if made is None and whole:
            raise Unfit("attention without projections of its own")
        if made is None:
            made = _layer(d, base) if isinstance(base, Product) else _single(d, base)
        base.value = made
    found: Value = base.value
    return found


def adopt(x: object, value: object) -> None:
    """Keep in mind that a tensor that is followed stands in the drawing by now."""
    if not isinstance(x, View) or not isinstance(value, Value) or not isinstance(x.base, (Product, Looked)):
        return
    if x.base.value is None and x.is_laid(x.base.sizes):
        x.base.value = value


def is_attention(x: View) -> bool:
    """Whether it is the answer of attention with several heads and all of its projections."""
    base = x.base
    return isinstance(base, Product) and isinstance(base.of, Looked) and base.of.heads > 1


def _layer(d: Drawing, base: Product) -> Value:
    return weighted.linear(d, value_of(d, base.of), base.weight, base.bias)


@dataclass(frozen=True)
class _Projection:
    """A part of a Linear layer that makes queries, keys or values."""

    of: Any
    weight: NDArray[Any]
    bias: NDArray[Any] | None
    name: str


def _projection(x: View, d: Drawing) -> _Projection | None:
    found, base = heads_of(x, d.batch), x.base
    if found is None or not isinstance(base, Product):
        return None
    rows = slice(found.first, found.first + found.many * found.width)
    bias = None if base.bias is None else base.bias.array[rows]
    names = [each.name for each in (base.weight, base.bias) if each is not None]
    return _Projection(base.of, base.weight.array[rows], bias, next((n for n in names if "." in n), ""))


def _attention(d: Drawing, base: Product) -> Value | None:
    """Multi-head attention with all of its projections; None if they are others."""
    looked = base.of
    parts = [_projection(each, d) for each in (looked.q, looked.k, looked.v)]
    if any(part is None for part in parts):
        return None
    q, k, v = (part for part in parts if part is not None)
    inner = looked.sizes[2]
    width = q.of.sizes[2]
    usual = isclose(looked.scale, sqrt(looked.heads / inner), rel_tol=NEAR)
    if not (len(q.of.sizes) == 3 and width == inner == base.weight.array.shape[0] == v.weight.shape[0] and usual):
        return None
    bias = any(each is not None for each in (q.bias, k.bias, v.bias, base.bias))
    layer = layer_of("MultiheadAttention", num_heads=looked.heads, bias=bias, causal=looked.looks.causal)
    layer = layer.with_(dropout=looked.looks.dropout)
    values = [value_of(d, each.of) for each in (q, k, v)]
    inputs = _wires(values, looked.looks.padding)
    found = _placed(d, layer, inputs, _numbers(base, (q, k, v), bias), [q.name, k.name, v.name, base.weight.name])
    looked.looks.made = found.node
    return found


def _wires(values: list[Value], padding: Value | None) -> list[Value | None]:
    """What goes into q, k, v and padding: what is the same as that before it has no wire."""
    q, k, v = values
    keys = None if k == q and v == q else k
    return [q, keys, None if v == k else v, padding]


def _numbers(base: Product, parts: tuple[_Projection, ...], bias: bool) -> dict[str, NDArray[Any]]:
    """The projections under torch's names."""
    weights = [np.asarray(part.weight, np.float32) for part in parts]
    found: dict[str, NDArray[Any]] = {}
    if len({each.shape for each in weights}) == 1 and weights[0].shape[0] == weights[0].shape[1]:
        found["in_proj_weight"] = np.concatenate(weights)
    else:
        found |= {f"{name}_proj_weight": each for name, each in zip("qkv", weights, strict=True)}
    out = np.asarray(base.weight.array, np.float32)
    found["out_proj.weight"] = out
    if bias:
        rows = [np.zeros(len(part.weight)) if part.bias is None else part.bias for part in parts]
        found["in_proj_bias"] = np.concatenate(rows).astype(np.float32)
        last = np.zeros(len(out)) if base.bias is None else base.bias.array
        found["out_proj.bias"] = np.asarray(last, np.float32)
    return found


def _placed(d: Drawing, layer: Layer, inputs: list[Value | None], tensors: Any, names: list[str]) -> Value:
    """The node, called as the weights are; the same weights a second time are shared."""
    module = d.scope[-1].path if d.scope else tuple(names)  # equal numbers alone may be chance, as at the beginning
    key = ("attention", module, *(array.tobytes() for array in tensors.values()))
    known = d.made_of.get(key)
    learning = Learning(shares=known) if known is not None and known in d.nodes else None
    was, d.name = d.name, common(names) or d.name
    try:
        found = d.add(layer, *inputs, tensors=tensors, learning=learning)[0]
    finally:
        d.name = was
    d.made_of.setdefault(key, found.node)
    return found


def common(names: list[str]) -> str:
    """The module that all of these names of weights begin with."""
    split = [name.split(".")[:-1] for name in dict.fromkeys(names) if "." in name]
    if len(split) == 1 and not any("in_proj" in name for name in names):
        split = [split[0][:-1]]  # told by one name alone, it would be that of a projection
    found = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        found.append(parts[0])
    return ".".join(found)


def _single(d: Drawing, base: Looked) -> Value:
    """Attention without projections of its own: cut into heads, compared, and put together again."""
    looks = base.looks
    wires: list[Value | None] = [_head_rows(d, each) for each in (base.q, base.k, base.v)]
    if looks.padding is not None and looks.causal:
        raise Unfit("attention with two masks of its own")
    wires.append(looks.padding)
    width = base.q.sizes[-1]
    scale = None if isclose(base.scale, 1 / sqrt(width), rel_tol=NEAR) else float(f"{base.scale:.7g}")
    found = d.add(
        layer_of("ScaledDotProductAttention", causal=looks.causal, scale=scale, dropout=looks.dropout), *wires
    )[0]
    if base.heads == 1:
        return found
    turned = d.one("Transpose", found, dim0=1, dim1=2)
    return d.one("Reshape", turned, shape=listed(base.sizes[1:]))


def _head_rows(d: Drawing, x: View) -> Value:
    found = heads_of(x, d.batch)
    if found is None:
        raise Unfit("attention of another form")
    value = value_of(d, found.base)
    inner = found.many * found.width
    if value.shape[1] != inner:
        value = d.add(layer_of("Slice", dim=2, start=found.first, end=found.first + inner), value)[0]
    if found.many == 1:
        return value
    apart = d.one("Reshape", value, shape=listed((found.steps, found.many, found.width)))
    return d.one("Transpose", apart, dim0=1, dim1=2)


# -------------------------------------------------------------------------- what is left over


def forget_unused(d: Drawing, answers: list[Value]) -> None:
    """Leave out what no answer needs any more: from the count of what no layer does, and as owners of weights."""
    graph = Graph(d.nodes, frozenset(d.links))
    needed = frozenset[str]().union(*(graph.upstream(v.node) | {v.node} for v in answers))
    d.unknown.clear()
    heirs: dict[str, str] = {}
    for n, node in d.nodes.items():
        owner = node.learning.shares
        if n in needed and isinstance(node.layer, UnknownLayer):
            what = node.layer.type_id.removesuffix(" (from outside)")
            d.unknown[what] = d.unknown.get(what, 0) + 1
        if n in needed and owner and owner not in needed:
            heir = heirs.setdefault(owner, n)
            d.nodes[n] = replace(node, learning=node.learning.with_(shares="" if heir == n else heir))
            if heir == n:
                d.starts[n] = d.starts.get(owner, {})
