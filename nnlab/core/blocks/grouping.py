"""Putting nodes into a block and taking them out again, and editing what is inside: each returns the next graph."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from nnlab.core import words
from nnlab.core.blocks import depth
from nnlab.core.blocks.block import Block
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.writing import slug
from nnlab.errors import GraphError, SettingError

CARD_WIDTH = 200.0  # of a node on the canvas, roughly: Block inputs and outputs stand so far beside the rest
COLUMN = 280.0
ROW = 96.0
GRID = 16.0
UNROLL_LIMIT = 500  # nodes that taking a repeated block apart may make

Path = Sequence[str]
"""Ids of blocks, each inside the one before."""


# ------------------------------------------------------------------- into a block


def group(graph: Graph, ids: Iterable[str], called: str = "") -> tuple[Graph, str]:
    """The graph with these nodes in one block, and the block's id; GraphError if they cannot be one layer."""
    chosen = [node_id for node_id in graph.nodes if node_id in set(ids)]
    _check_group(graph, chosen)
    inside = set(chosen)
    border = _Border(graph, inside)
    inner = Graph({n: graph.nodes[n] for n in chosen}, frozenset(k for k in graph.links if _within(k, inside)))
    left, top, right, _ = _frame(inner.nodes.values())
    wires: set[Link] = set()
    for k, (source, ports) in enumerate(border.incoming.items()):
        inner, port_id = _with_port(inner, BlockInput(name=border.names_in[source]), left - COLUMN, top + k * ROW)
        inner = replace(inner, links=inner.links | {Link(port_id, t, p) for t, p in ports})
        wires.add(Link(source[0], "", border.names_in[source], source[1]))
    for k, (source, ports) in enumerate(border.outgoing.items()):
        inner, port_id = _with_port(inner, BlockOutput(name=border.names_out[source]), right + COLUMN, top + k * ROW)
        inner = replace(inner, links=inner.links | {Link(source[0], port_id, "in", source[1])})
        wires |= {Link("", t, p, border.names_out[source]) for t, p in ports}
    if not border.incoming:
        inner = _with_open_inputs(inner, left - COLUMN, top)
    try:
        block = Block(called=called, inner=inner)
    except SettingError as problem:
        raise GraphError(str(problem)) from None
    return _in_place(graph, chosen, block, wires)


def _in_place(graph: Graph, chosen: list[str], block: Block, wires: set[Link]) -> tuple[Graph, str]:
    """The block where its layers were: in the order of the nodes, and on the canvas."""
    block_id = graph.without_nodes(chosen).new_id(block)
    x, y = anchor(block.inner)
    nodes: dict[str, Node] = {}
    for node_id, node in graph.nodes.items():
        if node_id == chosen[0]:
            nodes[block_id] = Node(block_id, block, x, y)
        if node_id not in chosen:
            nodes[node_id] = node
    outside = {k for k in graph.links if k.source not in chosen and k.target not in chosen}
    joined = {replace(k, source=k.source or block_id, target=k.target or block_id) for k in wires}
    return Graph(nodes, frozenset(outside | joined)), block_id


def refusal(graph: Graph, ids: Iterable[str]) -> str:
    """Why these nodes cannot be put into a block; empty if they can."""
    chosen = set(ids) & graph.nodes.keys()
    try:
        _check_group(graph, [n for n in graph.nodes if n in chosen])
    except GraphError as problem:
        return str(problem)
    return ""


def _check_group(graph: Graph, chosen: list[str]) -> None:
    if not chosen:
        raise GraphError("select the layers that are to become a block")
    for node_id in chosen:
        _check_may_go_in(graph.nodes[node_id])
    for node_id, node in graph.nodes.items():
        other = node.learning.shares
        if other in graph.nodes and (node_id in chosen) != (other in chosen):
            raise _shared(graph, node_id, other)
    before = frozenset[str]().union(*(graph.upstream(n) for n in chosen))
    after = frozenset[str]().union(*(graph.downstream(n) for n in chosen))
    for node_id in (n for n in graph.nodes if n in before & after and n not in chosen):
        raise GraphError(
            f"{graph.nodes[node_id].title} lies between the selected layers, so the block would feed itself: "
            "select it as well"
        )


def _check_may_go_in(node: Node) -> None:
    if isinstance(node.layer, (BlockInput, BlockOutput)):
        raise GraphError(f"{node.title} is the edge of the block it stands in, and stays there")
    if node.layer.is_entry or node.type_id == "Output":
        said = "the data enter" if node.layer.is_entry else "the answer leaves"
        raise GraphError(f"{node.title} stays outside a block: it is where {said} the network")


def _shared(graph: Graph, node_id: str, other: str) -> GraphError:
    one, two = graph.nodes[node_id].title, graph.nodes[other].title
    return GraphError(
        f"{one} uses the weights of {two}, and weights cannot be shared across the edge of a block: select both"
    )


class _Border:
    """The wires that cross the edge of a group: what comes in, what goes out, and the names of the ports they make."""

    def __init__(self, graph: Graph, inside: set[str]) -> None:
        crossing = sorted(graph.links)
        into = [k for k in crossing if k.target in inside and k.source not in inside]
        out = [k for k in crossing if k.source in inside and k.target not in inside]
        place = {n: (node.y, node.x, n) for n, node in graph.nodes.items()}
        into.sort(key=lambda k: (place[k.source], k.source_port))
        out.sort(key=lambda k: (place[k.source], k.source_port))
        self.incoming: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for k in into:
            self.incoming.setdefault((k.source, k.source_port), []).append((k.target, k.target_port))
        self.outgoing: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for k in out:
            self.outgoing.setdefault((k.source, k.source_port), []).append((k.target, k.target_port))
        if not self.outgoing:  # the end of a network that is still being built: what it makes must be to be had outside
            ends = [
                n for n in sorted(inside, key=lambda n: place[n]) if not graph.outgoing[n] and graph.output_ports(n)
            ]
            self.outgoing = {(n, graph.output_ports(n)[0].name): [] for n in ends}
        wanted = {source: _port_word(graph, source, ends) for source, ends in self.incoming.items()}
        self.names_in = _apart(wanted, "in")
        self.names_out = _apart({s: s[1] if s[1] != "out" else _node_word(graph, s[0]) for s in self.outgoing}, "out")


def _with_open_inputs(inner: Graph, x: float, y: float) -> Graph:
    """With a Block input for each input that has no wire yet: this is the beginning of a network still being built."""
    taken = {(k.target, k.target_port) for k in inner.links}
    needed = [(n, port.name) for n, node in inner.nodes.items() for port in node.layer.inputs if not port.optional]
    ends = [end for end in needed if end not in taken]
    names = _apart({end: _node_word(inner, end[0]) for end in ends}, "in")
    for k, end in enumerate(ends):
        inner, port_id = _with_port(inner, BlockInput(name=names[end]), x, y + k * ROW)
        inner = replace(inner, links=inner.links | {Link(port_id, *end)})
    return inner


def _port_word(graph: Graph, source: tuple[str, str], ends: list[tuple[str, str]]) -> str:
    """What an input is best called: the port it leads to if that says something, else where it comes from."""
    ports = {port for _, port in ends}
    port = next(iter(ports))
    if len(ports) == 1 and port != "in" and not (port.startswith("in") and port[2:].isdigit()):
        return port
    return source[1] if source[1] != "out" else _node_word(graph, source[0])


def _node_word(graph: Graph, node_id: str) -> str:
    return slug(graph.nodes[node_id].name) or node_id


def _apart(wanted: Mapping[tuple[str, str], str], alone: str) -> dict[tuple[str, str], str]:
    """These names, each once; a single port is just called in or out."""
    if len(wanted) == 1:
        return dict.fromkeys(wanted, alone)
    found: dict[tuple[str, str], str] = {}
    for source, name in wanted.items():
        n, tried = 2, name
        while tried in found.values():
            n, tried = n + 1, f"{name}_{n}"
        found[source] = tried
    return found


def _with_port(inner: Graph, port: BlockInput | BlockOutput, x: float, y: float) -> tuple[Graph, str]:
    port_id = inner.new_id(port)
    return inner.with_node(Node(port_id, port, x, y)), port_id


def _within(link: Link, inside: set[str]) -> bool:
    return link.source in inside and link.target in inside


# ------------------------------------------------------------------- on the canvas


def anchor(inner: Graph) -> tuple[float, float]:
    """Where a block of this inside stands when it takes the place of its layers: in their middle, on the grid."""
    left, top, right, bottom = _frame(_cards(inner))
    return round((left + right) / 2 / GRID) * GRID, round((top + bottom) / 2 / GRID) * GRID


def _cards(inner: Graph) -> list[Node]:
    """The nodes inside that are not its edge."""
    return [node for node in inner.nodes.values() if not isinstance(node.layer, (BlockInput, BlockOutput))]


def _frame(nodes: Iterable[Node]) -> tuple[float, float, float, float]:
    """The smallest and largest x and y of these nodes, as left, top, right, bottom."""
    xs, ys = zip(*((node.x, node.y) for node in nodes), strict=True) if (nodes := list(nodes)) else ((0.0,), (0.0,))
    return min(xs), min(ys), max(xs), max(ys)


# ------------------------------------------------------------------- out of a block


def ungroup(graph: Graph, block_id: str) -> tuple[Graph, tuple[str, ...]]:
    """The graph with the block's layers in its place, and their ids: the inverse of `group`.

    A repeated block becomes its copies one after the other; one whose copies share their weights cannot be taken apart.
    """
    block = block_of(graph, block_id)
    if block.is_over_time:
        raise GraphError(
            f"{graph.node(block_id).title} runs over the steps of a sequence, and separate layers cannot: let it run one "
            "after the other first"
        )
    if block.repeat > 1:
        return _ungroup_repeated(graph, block_id, block)
    at = graph.nodes[block_id]
    x, y = anchor(block.inner)
    cards = _cards(block.inner)
    ids = _free_ids(graph.without_node(block_id), cards)
    moved = [replace(_freed(n, ids), x=_shifted(n.x, at.x - x), y=_shifted(n.y, at.y - y)) for n in cards]
    nodes: dict[str, Node] = {}
    for node_id, node in graph.nodes.items():
        nodes |= {n.id: n for n in moved} if node_id == block_id else {node_id: node}
    links = {k for k in graph.links if block_id not in (k.source, k.target)} | set(
        _rejoined(graph, block_id, block, ids)
    )
    return Graph(nodes, frozenset(links)), tuple(ids.values())


def _freed(node: Node, ids: Mapping[str, str]) -> Node:
    """The node under its id outside; whose weights it uses is found again there."""
    shares = ids.get(node.learning.shares, node.learning.shares)
    return replace(node, id=ids[node.id], learning=node.learning.with_(shares=shares))


def _shifted(place: float, by: float) -> float:
    return place + by if by else place  # nothing is added to a block that was not moved, so places come back exactly


def _free_ids(graph: Graph, nodes: Iterable[Node]) -> dict[str, str]:
    """An id for each of these in the graph: its own if that is free."""
    found: dict[str, str] = {}
    waiting = []
    for node in nodes:
        if node.id in graph.nodes:
            waiting.append(node)
        else:
            found[node.id] = node.id
    for node in waiting:
        stem = re.sub(r"_\d+$", "", node.id)[:58]
        taken = {*graph.nodes, *found.values()}
        found[node.id] = next(f"{stem}_{n}" for n in count(2) if f"{stem}_{n}" not in taken)
    return found


def _rejoined(graph: Graph, block_id: str, block: Block, ids: Mapping[str, str]) -> Iterator[Link]:
    """The wires of the inside, those at its edge joined with the block's own."""
    before = {k.target_port: (k.source, k.source_port) for k in graph.incoming[block_id]}
    entering = {n: before.get(block.port_of(n)) for n in block.entries}

    def start(link: Link) -> tuple[str, str] | None:
        return entering[link.source] if link.source in entering else (ids[link.source], link.source_port)

    for link in block.inner.links:
        source = start(link)
        if link.target in ids and source is not None:
            yield Link(source[0], ids[link.target], link.target_port, source[1])
    for link in graph.outgoing[block_id]:
        leaving = next((n for n in block.exits if block.port_of(n) == link.source_port), None)
        for inside in block.inner.incoming[leaving] if leaving else ():
            source = start(inside)
            if source is not None:
                yield Link(source[0], link.target, link.target_port, source[1])


def taken_apart(graph: Graph) -> Graph:
    """The graph without any block, for those who know none; GraphError if one repeats shared weights."""
    while blocks := [n for n, node in graph.nodes.items() if isinstance(node.layer, Block)]:
        graph, _ = ungroup(graph, blocks[0])
    return graph


def _ungroup_repeated(graph: Graph, block_id: str, block: Block) -> tuple[Graph, tuple[str, ...]]:
    if block.share:
        raise GraphError(
            f"{graph.node(block_id).title} repeats the same weights, and separate layers cannot: "
            "turn shared weights off, or set its repeats to 1"
        )
    made = block.repeat * len(_cards(block.inner))
    if made > UNROLL_LIMIT:
        raise GraphError(
            f"{graph.node(block_id).title} would become {words.plural(made, 'layer')}: {words.count(UNROLL_LIMIT)} are the most"
        )
    unrolled, copies = _unrolled(graph, block_id, block)
    found: list[str] = []
    for copy in copies:
        unrolled, ids = ungroup(unrolled, copy)
        found += ids
    return unrolled, tuple(found)


def _unrolled(graph: Graph, block_id: str, block: Block) -> tuple[Graph, list[str]]:
    """The graph with a single block for each repeat, one feeding the next, and their ids."""
    at = graph.nodes[block_id]
    left, _, right, _ = _frame(_cards(block.inner))
    ins, outs = [p.name for p in block.ports_in], [p.name for p in block.ports_out]
    into, out = graph.incoming[block_id], graph.outgoing[block_id]
    copies: list[str] = []
    graph = graph.without_node(block_id)
    for k, once in enumerate(replace(each, repeat=1) for each in depth.copies(block)):
        copy = graph.new_id(block)
        graph = graph.with_node(replace(at, id=copy, layer=once, x=at.x + k * (right - left + COLUMN)))
        fed = ins[: len(outs)] if k else []
        wires = {replace(link, target=copy) for link in into if link.target_port not in fed}
        wires |= {Link(copies[-1], copy, port, before) for port, before in zip(fed, outs, strict=False)}
        graph = replace(graph, links=graph.links | wires)
        copies.append(copy)
    return replace(graph, links=graph.links | {replace(link, source=copies[-1]) for link in out}), copies


# ------------------------------------------------------------------- inside a block


def named(node: Node, name: str) -> Node:
    """The node under this name; a block that is not called anything yet is called so as well, also in code."""
    layer = node.layer
    if isinstance(layer, Block) and not layer.called:
        layer = replace(layer, called=name)
    return replace(node, name="" if name == layer.title else name, layer=layer)


def block_of(graph: Graph, node_id: str) -> Block:
    """The block of that id; GraphError if it is no block."""
    layer = graph.node(node_id).layer
    if not isinstance(layer, Block):
        raise GraphError(f"{graph.node(node_id).title} is no block")
    return layer


def inner_graph(graph: Graph, path: Path) -> Graph:
    """The graph inside the block at this path; the graph itself for an empty one."""
    for node_id in path:
        graph = block_of(graph, node_id).inner
    return graph


def with_inner(graph: Graph, path: Path, inner: Graph) -> Graph:
    """The graph with another inside for the block at this path; wires follow ports that got another name.

    Wires at ports that are no longer there go, and so do promoted settings of layers that are no longer there.
    """
    if not path:
        return inner
    first, rest = path[0], path[1:]
    block = block_of(graph, first)
    try:
        changed = replace(block, inner=with_inner(block.inner, rest, inner))
    except SettingError as problem:
        raise GraphError(str(problem)) from None
    return with_block(graph, first, replace(changed, promoted=_kept(changed)))


def with_block(graph: Graph, block_id: str, block: Block) -> Graph:
    """The graph with this block in the place of the one of that id; its wires follow ports that got another name."""
    old = block_of(graph, block_id)
    ins = {old.port_of(n): block.port_of(n) for n in old.entries if n in block.entries}
    outs = {old.port_of(n): block.port_of(n) for n in old.exits if n in block.exits}
    links = {k for k in graph.links if block_id not in (k.source, k.target)}
    links |= {replace(k, target_port=ins[k.target_port]) for k in graph.incoming[block_id] if k.target_port in ins}
    links |= {replace(k, source_port=outs[k.source_port]) for k in graph.outgoing[block_id] if k.source_port in outs}
    nodes = {**graph.nodes, block_id: replace(graph.nodes[block_id], layer=block)}
    return Graph(nodes, frozenset(links))


def _kept(block: Block) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = []
    for name, spots in block.promoted:
        there = tuple(spot for spot in spots if block.has(*spot.split(".", 1)))
        if there:
            found.append((name, there))
    return tuple(found)
