"""Nodes and wires as one frozen value: each edit returns the next graph, and one rule decides which wires may be."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from types import MappingProxyType
from typing import Any

from nnlab.core.layer import LAYERS, VARIADIC_LIMIT, Layer, Port, PortKind, Shape, UnknownLayer
from nnlab.core.learning import USUAL, Learning, parameter_shapes
from nnlab.errors import GraphError, LinkError

NOTHING: Mapping[str, Any] = MappingProxyType({})
ID_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True)
class Node:
    """One layer in its place on the canvas."""

    id: str
    layer: Layer
    x: float = 0.0
    y: float = 0.0
    name: str = ""
    """What the user calls it; empty means the layer's title."""
    note: str = ""
    learning: Learning = USUAL
    """How its weights are treated in training."""
    extra: Mapping[str, Any] = field(default_factory=lambda: NOTHING, hash=False)
    """Fields of a newer file that are kept and saved back unchanged."""

    @property
    def title(self) -> str:
        """The name on the canvas."""
        return self.name or self.layer.title

    @property
    def type_id(self) -> str:
        """The id of the layer's kind, as it stands in files."""
        return self.layer.type_id if isinstance(self.layer, UnknownLayer) else LAYERS.id_of(self.layer)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """Trainable tensors by torch's name for them, its norm of weights taken into account."""
        return parameter_shapes(self.layer, self.learning, *shapes)

    def parameter_count(self, *shapes: Shape) -> int:
        """How many numbers it learns for these inputs."""
        if self.learning.norm == "none":
            return self.layer.parameter_count(*shapes)
        return sum(prod(shape) for shape in self.parameter_shapes(*shapes).values())


@dataclass(frozen=True, order=True)
class Link:
    """One wire, from an output port to an input port."""

    source: str
    target: str
    target_port: str = "in"
    source_port: str = "out"


@dataclass(frozen=True)
class Graph:
    """A network as drawn: nodes in the order they were added, and wires. Never changed in place."""

    nodes: Mapping[str, Node] = field(default_factory=lambda: NOTHING)
    links: frozenset[Link] = frozenset()

    # ---------------------------------------------------------------- asking

    def node(self, node_id: str) -> Node:
        """The node of that id; GraphError if there is none."""
        try:
            return self.nodes[node_id]
        except KeyError:
            raise GraphError(f"there is no node {node_id!r} in this network") from None

    @cached_property
    def incoming(self) -> Mapping[str, tuple[Link, ...]]:
        """The wires into each node, in the order of its ports."""
        found: dict[str, list[Link]] = {node_id: [] for node_id in self.nodes}
        for link in self.links:
            found[link.target].append(link)
        return {node_id: tuple(sorted(links, key=self._port_order(node_id))) for node_id, links in found.items()}

    @cached_property
    def outgoing(self) -> Mapping[str, tuple[Link, ...]]:
        """The wires out of each node."""
        found: dict[str, list[Link]] = {node_id: [] for node_id in self.nodes}
        for link in sorted(self.links):
            found[link.source].append(link)
        return {node_id: tuple(links) for node_id, links in found.items()}

    def input_ports(self, node_id: str) -> tuple[Port, ...]:
        """The places where wires may end at this node; a merge always shows one free port more than it has wires."""
        layer = self.node(node_id).layer
        if isinstance(layer, UnknownLayer):
            return tuple(Port(link.target_port) for link in self.incoming[node_id])
        if not layer.variadic:
            return layer.inputs
        used = [int(link.target_port[2:]) for link in self.incoming[node_id]]
        count = min(max([len(layer.inputs), *(n + 1 for n in used)]), VARIADIC_LIMIT)
        return tuple(Port(f"in{n}", layer.inputs[0].kind) for n in range(1, count + 1))

    def output_ports(self, node_id: str) -> tuple[Port, ...]:
        """The places where wires may start at this node."""
        layer = self.node(node_id).layer
        if isinstance(layer, UnknownLayer):
            names = sorted({link.source_port for link in self.outgoing[node_id]})
            return tuple(Port(name) for name in names)
        return layer.outputs

    def free_port(self, node_id: str) -> str | None:
        """The first input port without a wire, or None."""
        taken = {link.target_port for link in self.incoming[node_id]}
        return next((port.name for port in self.input_ports(node_id) if port.name not in taken), None)

    def wire_into(self, node_id: str, port: str) -> Link | None:
        """The wire that ends at this port, if one does."""
        return next((link for link in self.incoming[node_id] if link.target_port == port), None)

    def upstream(self, node_id: str) -> frozenset[str]:
        """Every node this one's input depends on."""
        return self._reach(node_id, lambda n: (link.source for link in self.incoming[n]))

    def downstream(self, node_id: str) -> frozenset[str]:
        """Every node that depends on this one."""
        return self._reach(node_id, lambda n: (link.target for link in self.outgoing[n]))

    @cached_property
    def in_order(self) -> tuple[str, ...]:
        """Every node after the nodes it reads from; nodes on a loop (only a damaged file has one) are left out."""
        waiting = {node_id: len({k.source for k in links}) for node_id, links in self.incoming.items()}
        ready = [node_id for node_id, count in waiting.items() if count == 0]
        done: list[str] = []
        for node_id in ready:  # grows while we walk it
            done.append(node_id)
            for target in dict.fromkeys(link.target for link in self.outgoing[node_id]):
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
        return tuple(done)

    def check_link(self, link: Link) -> None:
        """Raise LinkError if this wire would be refused. The canvas asks while dragging; `with_link` obeys."""
        source, target = self.node(link.source), self.node(link.target)
        if link.source_port not in [port.name for port in self.output_ports(link.source)]:
            raise LinkError(f"{source.title} has no output {link.source_port!r}")
        ports = {port.name: port for port in self.input_ports(link.target)}
        if not ports:
            raise LinkError(f"{target.title} takes no wire: it is where the data enters")
        if link.target_port not in ports:
            raise LinkError(f"{target.title} has no input {link.target_port!r} (it has: {', '.join(ports)})")
        if link.source == link.target or link.target in self.upstream(link.source):
            raise LinkError("a network may not loop back on itself: this wire would close a circle")
        self._check_kinds(link, ports[link.target_port])

    def _check_kinds(self, link: Link, port: Port) -> None:
        offered = next(p for p in self.output_ports(link.source) if p.name == link.source_port)
        if offered.kind != port.kind and "*" not in (offered.kind, port.kind):
            raise LinkError(
                f"this output carries {KIND_WORDS[offered.kind]}, and that input takes {KIND_WORDS[port.kind]}"
                f"{remedy(port.kind, offered.kind)}"
            )

    # ---------------------------------------------------------------- editing

    def with_node(self, node: Node) -> "Graph":
        """With this node added, or put in the place of the one with its id."""
        if not ID_PATTERN.fullmatch(node.id):
            raise GraphError(f"{node.id!r} cannot name a node: use small letters, digits and _")
        return replace(self, nodes={**self.nodes, node.id: node})

    def with_nodes(self, nodes: Iterable[Node]) -> "Graph":
        """With several nodes added or replaced."""
        return replace(self, nodes={**self.nodes, **{node.id: node for node in nodes}})

    def without_nodes(self, node_ids: Iterable[str]) -> "Graph":
        """Without these nodes and every wire that touches them."""
        gone = set(node_ids)
        for node_id in gone:
            self.node(node_id)
        kept = {node_id: node for node_id, node in self.nodes.items() if node_id not in gone}
        links = frozenset(k for k in self.links if k.source not in gone and k.target not in gone)
        return Graph(kept, links)

    def without_node(self, node_id: str) -> "Graph":
        """Without this node and its wires."""
        return self.without_nodes([node_id])

    def with_link(self, link: Link) -> "Graph":
        """With this wire; a wire that ended at the same port gives way. LinkError if the rule refuses it."""
        base = self
        old = self.wire_into(link.target, link.target_port) if link.target in self.nodes else None
        if old is not None:
            base = replace(self, links=self.links - {old})
        if base is self or not self.node(link.target).layer.variadic:
            base.check_link(link)
        else:
            self.check_link(link)  # the freed port of a merge still exists in the graph before
        return replace(base, links=base.links | {link})

    def without_links(self, links: Iterable[Link]) -> "Graph":
        """Without these wires."""
        return replace(self, links=self.links - frozenset(links))

    def connect(self, source: str, target: str, port: str | None = None, source_port: str | None = None) -> "Graph":
        """With a wire from one node to another, at the first free input unless a port is named."""
        self.node(source)
        node = self.node(target)
        chosen = port or self.free_port(target)
        if chosen is None and self.input_ports(target):
            raise LinkError(f"every input of {node.title} has its wire; name the port to replace one")
        outputs = self.output_ports(source)
        first = outputs[0].name if outputs else "out"
        return self.with_link(Link(source, target, chosen or "in", source_port or first))

    def new_id(self, layer: Layer, taken: Iterable[str] = ()) -> str:
        """A free id for a node of this kind: linear, linear_2, linear_3, ..."""
        stem = re.sub(r"[^a-z0-9]+", "_", LAYERS.id_of(layer).lower()).strip("_")
        used = {*self.nodes, *taken}
        if stem not in used:
            return stem
        n = 2
        while f"{stem}_{n}" in used:
            n += 1
        return f"{stem}_{n}"

    def _port_order(self, node_id: str) -> Callable[[Link], tuple[int, str, int]]:
        layer = self.nodes[node_id].layer
        places = {} if layer.variadic else {port.name: k for k, port in enumerate(layer.inputs)}
        return lambda link: (places.get(link.target_port, len(places)), *_port_key(link.target_port))

    def _reach(self, start: str, step: Any) -> frozenset[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for other in step(todo.pop()):
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        return frozenset(seen)


KIND_WORDS = {
    "x": "decimal numbers",
    "i": "whole-number indices",
    "m": "a mask",
    "h": "a hidden state",
    "e": "a list of edges",
    "s": "a loss",
    "*": "anything",
}
"""What goes through a wire of each kind, in words."""


def remedy(takes: PortKind, gets: PortKind) -> str:
    """What to do where a wire brings another kind of numbers than its port takes, to end a sentence with."""
    if (takes, gets) == ("x", "i"):
        return ": put an Embedding before it, which learns a row of numbers for each of them"
    if takes == "x" and gets == "h":
        return ": connect its output out or last, or put a Change kind between"
    if takes == "m" and gets == "i":
        return ": put a Padding mask before it, which says yes where the number is that of padding"
    if takes == "i" and gets in ("x", "h"):
        return ": connect it to an Input of words or other whole numbers, or remove it"
    return ": connect another output to it"


def _port_key(name: str) -> tuple[str, int]:
    digits = name[2:]
    return ("in", int(digits)) if name.startswith("in") and digits.isdigit() else (name, 0)
