"""Layers typed into the search, as "conv 64 k3" or "3x(conv 64, bn, relu)": what is offered, and what a pick does."""

import re
from collections.abc import Sequence

from nnlab.core import words
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Link
from nnlab.core.layer import LAYERS, Layer, Shape
from nnlab.core.typed import shorthand
from nnlab.core.typed.meant import Description, Repeated, ShorthandError, Typed, how_many
from nnlab.core.typed.planting import planted, planted_in, shape_at, which
from nnlab.ui.canvas.geometry import snap

SHOWN = 6  # layers named in a line
MARKS = re.compile(r"[0-9(),|=;→]|->")
"""Signs that somebody is typing layers, and not only the name of one."""


def understood(typed: str) -> Description | None:
    """What was typed, if it says more than the name of a layer."""
    if not typed.strip():
        return None
    try:
        described = shorthand.parse(typed)
    except ShorthandError:
        return None
    return None if _is_name(described) else described


def _is_name(described: Description) -> bool:
    first = described.items[0]
    return len(described.items) == 1 and isinstance(first, Typed) and not first.settings


def why_not(typed: str) -> str:
    """Why layers that somebody seems to type cannot be read; empty if it does not look like that."""
    if not MARKS.search(typed):
        return ""
    try:
        shorthand.parse(typed)
    except ShorthandError as problem:
        said = str(problem)
        return said[:1].upper() + said[1:]
    return ""


def chosen(described: Description, shape: Shape | None) -> tuple[Layer, ...]:
    """The layers that it stands for where numbers of this shape come in."""
    ids = which(described, shape)
    return tuple(typed.layer(id_) for typed, id_ in zip(described.layers(), ids, strict=True))


def title(described: Description, layers: Sequence[Layer]) -> str:
    """What the pick does: "Add 3 × (Conv 2-D, Batch norm, ReLU)"."""
    return f"Add {described.title([LAYERS.id_of(layer) for layer in layers])}"


def details(described: Description, layers: Sequence[Layer]) -> str:
    """The settings of one layer, or how many there are and what stands on their nodes."""
    if len(layers) == 1:
        (typed,) = described.layers()
        return " · ".join(_setting(layers[0], key) for key, _ in typed.settings)
    once = layers[: _one_round(described)]
    named = [f"{layer.title} {layer.summary()}".strip() for layer in once if layer.summary()]
    more = "…" if len(named) > SHOWN else ""
    said = f"{words.plural(len(layers), 'layer')} in a row"
    return f"{said}: {', '.join(named[:SHOWN])}{more}" if named else said


def _one_round(described: Description) -> int:
    """How many layers there are before they repeat."""
    first = described.items[0]
    return how_many(first.items) if isinstance(first, Repeated) and len(described.items) == 1 else described.count


def _setting(layer: Layer, key: str) -> str:
    value = getattr(layer, key)
    if isinstance(value, bool):
        said = "on" if value else "off"
    elif isinstance(value, tuple):
        said = "×".join(map(str, value))
    else:
        said = dict(layer.param(key).choices).get(
            str(value), words.number(value) if isinstance(value, float) else str(value)
        )
    return f"{layer.param(key).label} {said}"


# ---------------------------------------------------------------- into the network


def shape_behind(document: Document, node_id: str, port: str = "") -> Shape | None:
    """What leaves a node, if that is known."""
    ports = document.graph.output_ports(node_id)
    name = port or next((p.name for p in ports), "")
    return shape_at(document.graph, node_id, name, document.shapes)


def behind(document: Document, described: Description, node_id: str, port: str = "") -> tuple[Graph, tuple[str, ...]]:
    """With the typed layers behind a node: in the middle of its wire if it has one, else connected to it."""
    graph, shapes = document.graph, document.shapes
    onward = [k for k in graph.outgoing[node_id] if port in ("", k.source_port)]
    last = tuple(described.layers())[-1]
    if len(onward) == 1 and LAYERS[last.ids[0]].outputs:
        try:
            return planted_in(graph, described, onward[0], shapes)
        except ShorthandError:
            pass  # what comes behind does not take it: beside it, then
    return planted(graph, described, node_id, shapes, port)


def inside(document: Document, described: Description, link: Link) -> tuple[Graph, tuple[str, ...]]:
    """With the typed layers in the middle of a wire."""
    return planted_in(document.graph, described, link, document.shapes)


def at_place(document: Document, described: Description, x: float, y: float) -> tuple[Graph, tuple[str, ...]]:
    """With the typed layers by themselves, the first one at this place."""
    return planted(document.graph, described, place=(snap(x), snap(y)))


def behind_wire(
    document: Document, described: Description, node_id: str, port: str, corner: tuple[float, float]
) -> tuple[Graph, tuple[str, ...]]:
    """With the typed layers at the end of a wire that was drawn from this output, the first one at this place."""
    place = (snap(corner[0]), snap(corner[1]))
    return planted(document.graph, described, node_id, document.shapes, port, place)
