"""Modules of torch's and of ours that a file has taken apart, and that are one layer here: encoder layers, learned positions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from nnlab.core.graph import Graph, Link
from nnlab.core.layer import Layer
from nnlab.core.learning import USUAL
from nnlab.engine.imports.drawing import Arrays, layer_of
from nnlab.engine.imports.scopes import Scope

Source = tuple[str, str]
"""A node and one of its outputs."""
NORM = {"normalized_shape": 1, "eps": 1e-5, "elementwise_affine": True}


@dataclass(frozen=True)
class Whole:
    """One layer in the place of several."""

    layer: Layer
    inputs: Mapping[str, Source]
    end: str
    """The node whose output becomes the layer's."""
    tensors: Arrays


def whole(scope: Scope, graph: Graph, inside: list[str], starts: Mapping[str, Arrays]) -> Whole | None:
    """The layer that this module is, if its parts are exactly those of it."""
    read = (TORCHS if scope.is_torch else OURS).get(scope.kind)
    if read is None or any(graph.nodes[n].learning != USUAL for n in inside):
        return None
    found = read(_Room(graph, inside, starts))
    leaving = {k.source for k in graph.links if k.source in inside and k.target not in inside}
    return found if found is not None and leaving == {found.end} else None


class _Room:
    """The parts of a module, walked through from its beginning."""

    def __init__(self, graph: Graph, inside: list[str], starts: Mapping[str, Arrays]) -> None:
        self.graph, self.inside, self.starts = graph, inside, starts
        self.seen: set[str] = set()
        self.shares: set[float] = set()
        """Of the dropouts on the way."""

    def kind(self, node_id: str) -> str:
        """The id of a node's layer."""
        return self.graph.nodes[node_id].type_id

    def only(self, kind: str) -> str:
        """The one node of this kind, or empty."""
        found = [n for n in self.inside if self.kind(n) == kind]
        return found[0] if len(found) == 1 else ""

    def into(self, node_id: str, port: str = "in") -> Source | None:
        """Where a wire comes from."""
        link = self.graph.wire_into(node_id, port)
        return (link.source, link.source_port) if link is not None else None

    def after(self, node_id: str, *kinds: str) -> str:
        """The next node of one of these kinds, past dropouts; empty if there is none, or several."""
        targets = [k for k in self.graph.outgoing[node_id] if k.source_port == "out" and k.target in self.inside]
        found = [k.target for k in targets if self.kind(k.target) in (*kinds, "Dropout")]
        if len(found) != 1:
            return ""
        layer: Any = self.graph.nodes[found[0]].layer
        self.seen.add(found[0])
        if self.kind(found[0]) == "Dropout":
            self.shares.add(layer.p)
            return self.after(found[0], *kinds)
        return found[0]

    def layer(self, node_id: str) -> Any:
        """A node's layer."""
        return self.graph.nodes[node_id].layer

    def others(self, node_id: str, without: str) -> list[Link]:
        """The wires into a sum, but for the one that comes, past dropouts, from this node."""
        return [k for k in self.graph.incoming[node_id] if self._begin(k.source) != without]

    def _begin(self, node_id: str) -> str:
        while node_id in self.inside and self.kind(node_id) == "Dropout":
            node_id = self.graph.incoming[node_id][0].source
        return node_id


# -------------------------------------------------------------------------- transformers


def _encoder_layer(room: _Room) -> Whole | None:
    """Attention, a sum, a norm; two Linear layers, a sum, a norm; or with the norms before."""
    attention = room.only("MultiheadAttention")
    if not attention or room.into(attention, "k") or room.into(attention, "v") or room.into(attention, "mask"):
        return None
    room.seen.add(attention)
    query = room.into(attention, "q")
    first_sum = room.after(attention, "Add")
    if query is None or not first_sum:
        return None
    norm_first = query[0] in room.inside
    begin = room.into(query[0]) if norm_first else query
    norm_1 = query[0] if norm_first else room.after(first_sum, "LayerNorm")
    norm_2 = room.after(first_sum, "LayerNorm") if norm_first else ""
    wide = room.after(norm_2 if norm_first else norm_1, "Linear") if norm_1 else ""
    bend = room.after(wide, "ReLU", "GELU") if wide else ""
    narrow = room.after(bend, "Linear") if bend else ""
    second_sum = room.after(narrow, "Add") if narrow else ""
    last_norm = norm_2 if norm_first else room.after(second_sum, "LayerNorm") if second_sum else ""
    parts = [attention, first_sum, norm_1, wide, bend, narrow, second_sum, last_norm]
    if not all(parts) or {*parts, *room.seen} != set(room.inside) or begin is None:
        return None
    around = first_sum if norm_first else norm_1
    sums = ((first_sum, attention, begin[0]), (second_sum, narrow, around))
    if any([k.source for k in room.others(at, made)] != [beside] for at, made, beside in sums):
        return None
    return _as_encoder_layer(room, parts, begin, norm_first)


def _as_encoder_layer(room: _Room, parts: list[str], begin: Source, norm_first: bool) -> Whole | None:
    attention, _, norm_1, wide, bend, narrow, second_sum, norm_2 = parts
    heads, norms = room.layer(attention), [room.layer(n) for n in (norm_1, norm_2)]
    biases = {heads.bias, room.layer(wide).bias, room.layer(narrow).bias, *(n.bias for n in norms)}
    usual = all(getattr(norm, name) == value for norm in norms for name, value in NORM.items())
    smooth = getattr(room.layer(bend), "approximate", "none") != "none"
    if len(biases) > 1 or len(room.shares) > 1 or not usual or smooth or room.kind(norm_1) != "LayerNorm":
        return None
    units = room.layer(wide).out_features
    width = room.layer(narrow).out_features
    layer = layer_of(
        "TransformerEncoderLayer", nhead=heads.num_heads, dim_feedforward=None if units == 4 * width else units,
        dropout=next(iter(room.shares), 0.0), activation="relu" if room.kind(bend) == "ReLU" else "gelu",
        norm_first=norm_first, bias=biases.pop(), causal=heads.causal,
    )  # fmt: skip
    names = {"self_attn": attention, "linear1": wide, "linear2": narrow, "norm1": norm_1, "norm2": norm_2}
    tensors = {f"{name}.{key}": each for name, n in names.items() for key, each in room.starts.get(n, {}).items()}
    padding = room.into(attention, "padding")
    inputs = {"in": begin, **({"padding": padding} if padding else {})}
    return Whole(layer, inputs, second_sum if norm_first else norm_2, tensors)


def _encoder(room: _Room) -> Whole | None:
    """Equal encoder layers behind each other, and perhaps a norm."""
    order = [n for n in room.graph.in_order if n in room.inside]
    layers = [n for n in order if room.kind(n) == "TransformerEncoderLayer"]
    rest = [n for n in order if n not in layers]
    if not layers or len(rest) > 1 or order[len(layers) :] != rest or len({room.layer(n) for n in layers}) > 1:
        return None
    chained = all(room.into(b) == (a, "out") for a, b in pairwise(order))
    paddings = {room.into(n, "padding") for n in layers}
    is_norm = not rest or (room.kind(rest[0]) == "LayerNorm" and _is_usual_norm(room.layer(rest[0])))
    begin, padding = room.into(order[0]), room.into(order[0], "padding")
    if not chained or len(paddings) > 1 or not is_norm or begin is None:
        return None
    settings = room.layer(layers[0]).as_dict()
    layer = layer_of("TransformerEncoder", **settings, num_layers=len(layers), norm=bool(rest))
    names = {**{f"layers.{k}": n for k, n in enumerate(layers)}, **({"norm": rest[0]} if rest else {})}
    tensors = {f"{name}.{key}": each for name, n in names.items() for key, each in room.starts.get(n, {}).items()}
    return Whole(layer, {"in": begin, **({"padding": padding} if padding else {})}, order[-1], tensors)


def _is_usual_norm(norm: Any) -> bool:
    return norm.bias and all(getattr(norm, name) == value for name, value in NORM.items())


# -------------------------------------------------------------------------- ours


def _learned_positions(room: _Room) -> Whole | None:
    """A table added to every step."""
    table, total = room.only("Constant"), room.only("Add")
    if not table or not total or len(room.graph.incoming[total]) != 2:
        return None
    array = np.asarray(room.starts.get(table, {}).get("weight", np.zeros(())))
    beside = room.others(total, table)
    if len(beside) != 1 or array.ndim not in (2, 3) or array.shape[: array.ndim - 2] not in ((), (1,)):
        return None
    room.after(total, "none")
    if {table, total, *room.seen} != set(room.inside) or len(room.seen) > 1:
        return None
    share = next(iter(room.shares), 0.0)
    layer = layer_of("PositionalEncoding", kind="learned", dropout=share)
    tensors = {"table": np.ascontiguousarray(array.reshape(array.shape[-2:]), np.float32)}
    end = next(iter(room.seen), total)
    return Whole(layer, {"in": (beside[0].source, beside[0].source_port)}, end, tensors)


Read = Callable[[_Room], Whole | None]
TORCHS: dict[str, Read] = {"TransformerEncoderLayer": _encoder_layer, "TransformerEncoder": _encoder}
OURS: dict[str, Read] = {"LearnedPositions": _learned_positions}
