"""A document as plain JSON values and back, checked field by field; what this version does not know is kept."""

import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from nnlab.core.blocks.block import DEPTH_LIMIT
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import ID_PATTERN, NOTHING, Graph, Link, Node
from nnlab.core.layer import LAYERS, VARIADIC_LIMIT, Layer, UnknownLayer
from nnlab.core.learning import USUAL, Learning
from nnlab.errors import FileError, GraphError, LinkError
from nnlab.files.fields import (
    NAME_LIMIT,
    Plain,
    group,
    mapping,
    sequence,
    settings_from_dict,
    settings_to_dict,
    shown,
    text_field,
    unknown_fields,
)
from nnlab.files.jsontext import JSON_LIMIT, check_plain, parse, write

NODES_LIMIT = 2_000
WIRES_LIMIT = 8_000
POSITION_LIMIT = 1_000_000.0  # canvas units either way
NOTICES_LIMIT = 20
CLIPBOARD_MARK = "nnlab-nodes"

PORT_PATTERN = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,31}")

_TOP = ("data", "nodes", "notes", "title", "training", "wires")
_NODE = ("id", "learning", "name", "note", "params", "type", "x", "y")
_WIRE = ("source", "source_port", "target", "target_port")


def document_to_dict(document: Document) -> Plain:
    """The document as JSON values, fields of a newer version included as they were found."""
    top = {key: value for key, value in document.extra.items() if key not in _TOP}
    graph = document.graph
    return {
        **top,
        "title": document.title,
        "notes": document.notes,
        "data": settings_to_dict(document.data, document.extra.get("data", NOTHING)),
        "training": settings_to_dict(document.training, document.extra.get("training", NOTHING)),
        **graph_to_dict(graph),
    }


def document_from_dict(raw: object) -> tuple[Document, tuple[str, ...]]:
    """The document and sentences about what was put right; FileError naming node and field if it cannot be one."""
    top = mapping(raw, "the project")
    notices: list[str] = []
    nodes = nodes_from_list(top.get("nodes", []), notices)
    graph = Graph(nodes, wires_from_list(top.get("wires", []), nodes, notices))
    data, data_extra = group(Data, top.get("data", {}), notices)
    training, training_extra = group(Training, top.get("training", {}), notices)
    extra = unknown_fields(top, _TOP, "the project")
    extra |= {key: value for key, value in (("data", data_extra), ("training", training_extra)) if value}
    document = Document(
        graph,
        data,
        training,
        text_field(top, "title", "the project"),
        text_field(top, "notes", "the project"),
        extra=extra or NOTHING,
    )
    return document, shortened(notices)


def shortened(notices: list[str]) -> tuple[str, ...]:
    """The first few of very many sentences, with how many more there are."""
    if len(notices) <= NOTICES_LIMIT:
        return tuple(notices)
    return (*notices[:NOTICES_LIMIT], f"... and {len(notices) - NOTICES_LIMIT} more of this kind")


# -------------------------------------------------------------------- nodes and wires


def node_to_dict(node: Node) -> Plain:
    """One node as JSON values; names and notes only if there are any."""
    kept: Plain = {key: value for key, value in node.extra.items() if key not in _NODE}
    params = node.layer.as_dict()
    params |= {p.name: graph_to_dict(params[p.name]) for p in node.layer.params() if p.kind == "graph"}
    if node.extra.get("type") == node.type_id:  # not after the layer was exchanged for another
        params = {**node.extra.get("params", {}), **params}
    found = {**kept, "id": node.id, "type": node.type_id, "x": _whole(node.x), "y": _whole(node.y)}
    found |= {"params": params} if params else {}
    found |= {"learning": settings_to_dict(node.learning, NOTHING)} if node.learning != USUAL else {}
    found |= {"name": node.name} if node.name else {}
    return found | ({"note": node.note} if node.note else {})


def wire_to_dict(link: Link) -> Plain:
    """One wire as JSON values; ports only where they are not the usual "out" and "in"."""
    found = {"source": link.source, "target": link.target}
    found |= {"source_port": link.source_port} if link.source_port != "out" else {}
    return found | ({"target_port": link.target_port} if link.target_port != "in" else {})


def graph_to_dict(graph: Graph) -> Plain:
    """Nodes and wires as JSON values: of the project, and of what is inside a block."""
    return {
        "nodes": [node_to_dict(node) for node in graph.nodes.values()],
        "wires": [wire_to_dict(link) for link in sorted(graph.links)],
    }


def graph_from_dict(raw: Plain, notices: list[str], depth: int = 0) -> Graph:
    """What `graph_to_dict` wrote; `depth` counts the blocks around it."""
    nodes = nodes_from_list(raw.get("nodes", []), notices, depth)
    return Graph(nodes, wires_from_list(raw.get("wires", []), nodes, notices))


def nodes_from_list(raw: object, notices: list[str], depth: int = 0) -> dict[str, Node]:
    """Nodes by id, in their order."""
    items = sequence(raw, "nodes", NODES_LIMIT)
    nodes: dict[str, Node] = {}
    for number, item in enumerate(items, 1):
        node = _node(mapping(item, f"node {number}"), number, notices, depth)
        if node.id in nodes:
            raise FileError(f"two nodes are called {node.id!r}: every node needs an id of its own")
        nodes[node.id] = node
    return nodes


def wires_from_list(raw: object, nodes: Mapping[str, Node], notices: list[str]) -> frozenset[Link]:
    """The wires that can stand; the others are left out with a notice. Loops stay: the editor shows them as mistakes."""
    links: set[Link] = set()
    ends: set[tuple[str, str]] = set()
    for number, item in enumerate(sequence(raw, "wires", WIRES_LIMIT), 1):
        link = _wire(mapping(item, f"wire {number}"), number, notices)
        problem = _wire_problem(link, nodes)
        if not problem and (link.target, link.target_port) in ends:
            problem = f"{link.target} already has a wire at {link.target_port!r}"
        if problem:
            notices.append(f"Left out the wire from {link.source} to {link.target}: {problem}")
            continue
        links.add(link)
        ends.add((link.target, link.target_port))
    return frozenset(links)


def _node(raw: Plain, number: int, notices: list[str], depth: int) -> Node:
    node_id = raw.get("id")
    if not isinstance(node_id, str) or not ID_PATTERN.fullmatch(node_id):
        raise FileError(f"node {number}: its id must be small letters, digits and _, not {shown(node_id)}")
    type_id = raw.get("type")
    if not isinstance(type_id, str) or not 0 < len(type_id) <= NAME_LIMIT:
        raise FileError(f"{node_id}: its type must be the name of a layer, not {shown(type_id)}")
    extra = unknown_fields(raw, _NODE, node_id)
    params = mapping(raw.get("params", {}), f"{node_id}: params")
    layer, unknown = _layer(type_id, params, node_id, notices, depth)
    if unknown:
        extra |= {"params": unknown, "type": type_id}
    x, y = (_position(raw.get(axis, 0.0), node_id, axis, notices) for axis in "xy")
    name, note = (text_field(raw, field, node_id) for field in ("name", "note"))
    learning, _ = settings_from_dict(
        Learning, mapping(raw.get("learning", {}), f"{node_id}: learning"), f"{layer.title} ({node_id})", notices
    )
    return Node(node_id, layer, x, y, name, note, learning, extra or NOTHING)


def _layer(type_id: str, params: Plain, node_id: str, notices: list[str], depth: int) -> tuple[Layer, Plain]:
    if type_id not in LAYERS:
        notices.append(f"{node_id}: this version of NNLab does not know the layer {type_id!r}; it is kept as it is")
        check_plain(params, node_id)
        return UnknownLayer(type_id, params), {}
    kind = LAYERS[type_id]
    for p in kind.params():
        if p.kind == "graph" and p.name in params:
            params = {**params, p.name: _inner(params[p.name], node_id, notices, depth + 1)}
    layer, unknown = settings_from_dict(kind, params, f"{kind.title} ({node_id})", notices)
    return layer, unknown


def _inner(raw: object, node_id: str, notices: list[str], depth: int) -> Graph:
    """What is inside a block, read as a project's network is."""
    if depth > DEPTH_LIMIT:
        raise FileError(f"{node_id}: blocks nest at most {DEPTH_LIMIT} deep")
    told: list[str] = []
    try:
        graph = graph_from_dict(mapping(raw, f"{node_id}: the inside"), told, depth)
    except FileError as problem:
        raise FileError(f"{node_id}: inside it, {problem}") from None
    notices += [f"Inside {node_id}: {said}" for said in told]
    return graph


def _position(value: object, node_id: str, axis: str, notices: list[str]) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FileError(f"{node_id}: {axis} must be a number, not {shown(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        notices.append(f"{node_id} had no place on the canvas and was put at the start")
        return 0.0
    if -POSITION_LIMIT <= value <= POSITION_LIMIT:
        return float(value)
    notices.append(f"{node_id} was too far away on the canvas and was brought nearer")
    return POSITION_LIMIT if value > 0 else -POSITION_LIMIT


def _wire(raw: Plain, number: int, notices: list[str]) -> Link:
    usual = {"source_port": "out", "target_port": "in"}
    found: dict[str, str] = {}
    for field in _WIRE:
        value = raw.get(field, usual.get(field))
        if not isinstance(value, str) or not value or len(value) > NAME_LIMIT:
            raise FileError(f"wire {number}: {field} must be a name, not {shown(value)}")
        found[field] = value
    if not raw.keys() <= set(_WIRE):
        notices.append(f"wire {number}: fields not known here were left out")
    return Link(**found)


def _wire_problem(link: Link, nodes: Mapping[str, Node]) -> str:
    for node_id in (link.source, link.target):
        if node_id not in nodes:
            return f"there is no node {shown(node_id)}"
    source, target = nodes[link.source].layer, nodes[link.target].layer
    offered = _kind_at(source, link.source_port, outgoing=True)
    taken = _kind_at(target, link.target_port, outgoing=False)
    if offered is None:
        return f"{link.source} has no output {shown(link.source_port)}"
    if taken is None:
        return f"{link.target} has no input {shown(link.target_port)}"
    fits = offered == taken or bool({"", "*"} & {offered, taken})
    return "" if fits else "the two ends carry different kinds of numbers"


def _kind_at(layer: Layer, port: str, *, outgoing: bool) -> str | None:
    """What a port carries: "" if that is not known, None if the layer has no such port."""
    if isinstance(layer, UnknownLayer):
        return "" if PORT_PATTERN.fullmatch(port) else None
    if layer.variadic and not outgoing:
        names = [f"in{n}" for n in range(1, VARIADIC_LIMIT + 1)]
        return layer.inputs[0].kind if port in names else None
    ports = layer.outputs if outgoing else layer.inputs
    return next((p.kind for p in ports if p.name == port), None)


def _whole(position: float) -> float | int:
    """A position as files hold it: 96 rather than 96.0, and never out of bounds."""
    if not math.isfinite(position):
        return 0
    near = min(max(position, -POSITION_LIMIT), POSITION_LIMIT)
    return int(near) if near == int(near) else near


# -------------------------------------------------------------------- clipboard


def copy(graph: Graph, node_ids: Iterable[str]) -> str:
    """These nodes and the wires at them as JSON text for the clipboard."""
    chosen = set(node_ids)
    nodes = [node_to_dict(graph.node(node_id)) for node_id in graph.nodes if node_id in chosen]
    wires = [wire_to_dict(link) for link in sorted(graph.links) if link.target in chosen]
    return write({CLIPBOARD_MARK: 1, "nodes": nodes, "wires": wires})


def paste(
    graph: Graph, text: str, at: tuple[float, float] | None = None, keep_wires: bool = False
) -> tuple[Graph, tuple[str, ...]]:
    """The graph with copied nodes added, their upper left corner at `at`, and the new nodes' ids.

    Wires among the copied nodes come along; `keep_wires` also wires them to the nodes outside that fed the originals.
    GraphError if the text is not a copy of nodes, or if the network would become too large.
    """
    try:
        nodes, links = _copied(text)
    except FileError as problem:
        raise GraphError(f"these nodes cannot be pasted: {problem}") from None
    if len(graph.nodes) + len(nodes) > NODES_LIMIT:
        raise GraphError(f"a network has at most {NODES_LIMIT:,} nodes".replace(",", " "))
    left, top = min(node.x for node in nodes.values()), min(node.y for node in nodes.values())
    dx, dy = (at[0] - left, at[1] - top) if at is not None else (0.0, 0.0)
    ids: dict[str, str] = {}
    for node in nodes.values():
        ids[node.id] = _new_id(graph, node)
        graph = graph.with_node(replace(node, id=ids[node.id], x=node.x + dx, y=node.y + dy))
    inner = [replace(k, source=ids[k.source], target=ids[k.target]) for k in links if k.source in ids]
    graph = replace(graph, links=graph.links | frozenset(inner))
    if keep_wires:
        for link in sorted(links):
            if link.source not in ids and link.source in graph.nodes:
                with suppress(LinkError):
                    graph = graph.with_link(replace(link, target=ids[link.target]))
    return graph, tuple(ids.values())


def _copied(text: str) -> tuple[dict[str, Node], frozenset[Link]]:
    if CLIPBOARD_MARK not in text[:JSON_LIMIT]:
        raise GraphError("the clipboard holds no copied nodes")
    raw = mapping(parse(text, "the clipboard"), "the clipboard")
    if CLIPBOARD_MARK not in raw:
        raise GraphError("the clipboard holds no copied nodes")
    nodes = nodes_from_list(raw.get("nodes", []), [])
    if not nodes:
        raise GraphError("the clipboard holds no copied nodes")
    wires = [
        _wire(mapping(w, "a wire"), n, [])
        for n, w in enumerate(sequence(raw.get("wires", []), "wires", WIRES_LIMIT), 1)
    ]
    from_outside = {link for link in wires if link.source not in nodes and link.target in nodes}
    return nodes, wires_from_list(raw.get("wires", []), nodes, []) | from_outside


def _new_id(graph: Graph, node: Node) -> str:
    if not isinstance(node.layer, UnknownLayer):
        return graph.new_id(node.layer)
    stem = re.sub(r"_\d+$", "", node.id)[:58]
    return next(i for i in (stem, *(f"{stem}_{n}" for n in range(2, NODES_LIMIT + 2))) if i not in graph.nodes)
