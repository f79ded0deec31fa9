"""The inside of a model as rooms: nodes that stand in modules, and each module as one block of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.grouping import group
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.wrapping import tidy
from nnlab.core.writing import attribute_names
from nnlab.engine.imports.blocks.names import called, named_apart
from nnlab.engine.imports.blocks.whole_layers import whole
from nnlab.engine.imports.drawing import Arrays
from nnlab.engine.imports.scopes import Scope, Scopes
from nnlab.errors import GraphError

Given = Mapping[str, Mapping[tuple[str, str], str]]
"""For each call of a module, what its forward calls the wires that enter."""
LEAF_PARTS = 4  # of one of torch's own layers: fewer lie open, more become a block


@dataclass
class Rooms:
    """A graph, half of it in blocks already."""

    graph: Graph
    starts: dict[str, Arrays]
    where: dict[str, Scopes]
    """The modules that each node still stands in."""
    names: dict[str, str]
    """What each node is called in the model, from its outermost module on."""
    given: Given
    named: set[str] = field(default_factory=set)
    """Nodes that have got the name of the module that they are the whole of."""
    paths: dict[str, str] = field(default_factory=dict)
    """Block -> where the model keeps its module."""
    moved: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """What left a node that is in a block now -> the port of the block by which it leaves."""

    # ---------------------------------------------------------------- one module

    def members(self, at: Scopes) -> list[str]:
        """The nodes in this module."""
        return [n for n in self.graph.nodes if n in self.where and self.where[n][: len(at)] == at]

    def close(self, at: Scopes) -> str:
        """One block of a module's nodes, and its id; empty if it is none, and the nodes stand in the module around it."""
        inside, around = self.members(at), at[:-1]
        scope = at[-1]
        if len(inside) == 1:
            self._name(inside[0], scope)
        block_id = self._as_one(inside, scope)
        if not block_id and self._is_room(scope, inside, around):
            block_id = self._grouped(inside, scope)
        for n in self.members(at):
            self.where[n] = around
        if block_id:
            self.where[block_id], self.names[block_id] = around, scope.path
        return block_id

    def _around(self, at: Scopes) -> list[str]:
        """What a module holds, without what the model takes and gives."""
        ports = {n for n, node in self.graph.nodes.items() if node.layer.is_entry or node.type_id == "Output"}
        return [n for n in self.members(at) if n not in ports]

    def _is_room(self, scope: Scope, inside: list[str], around: Scopes) -> bool:
        """Whether a module is worth a block: it has layers, and is not just a list of all that there is."""
        whole = scope.is_container and len(inside) == len(self._around(around))
        return len(inside) >= (LEAF_PARTS if scope.is_leaf else 2) and not whole

    def _as_one(self, inside: list[str], scope: Scope) -> str:
        """The one layer that a module is; empty if it is none."""
        found = whole(scope, self.graph, inside, self.starts) if len(inside) > 1 else None
        if found is None:
            return ""
        outside = self.graph.without_nodes(inside)
        node_id = outside.new_id(found.layer)
        nodes = {node_id if n == found.end else n: node for n, node in self.graph.nodes.items()}
        nodes = {n: node for n, node in nodes.items() if n in outside.nodes or n == node_id}
        nodes[node_id] = Node(node_id, found.layer)
        links = {Link(source, node_id, port, output) for port, (source, output) in found.inputs.items()}
        links |= {replace(k, source=node_id) for k in self.graph.outgoing[found.end]}
        self.graph = Graph(nodes, outside.links | links)
        self.starts = {**self.starts, node_id: dict(found.tensors)}
        self.moved[found.end, "out"] = node_id, "out"
        self.named.add(node_id)
        return node_id

    def _name(self, node_id: str, scope: Scope) -> None:
        """What the only layer of a module is called: as the module, unless it has a name of its own that says more."""
        name = self.names.get(node_id, "")
        numbered = scope.is_container and name.rpartition(".")[2].isdigit()
        if not name or numbered or node_id in self.paths:
            self.names[node_id] = scope.path
            self.named.add(node_id)

    def _grouped(self, inside: list[str], scope: Scope) -> str:
        """The block of these nodes; empty if they cannot be one."""
        chosen = set(inside)
        enters = any(k.target in chosen and k.source not in chosen for k in self.graph.links)
        leaves = any(k.source in chosen and k.target not in chosen for k in self.graph.links)
        if not enters or not leaves:
            return ""
        try:
            graph, block_id = group(self.graph, inside, called(scope))
        except GraphError:
            return ""
        block = graph.nodes[block_id].layer
        if not isinstance(block, Block):
            return ""
        ports = self._port_names(graph, block_id, block, scope)
        inner, ids = self._inner(block, scope)
        self.starts = {**self.starts, block_id: self._numbers(inner, ids)}
        self.graph = graph
        leaving = {
            block.port_of(k.target): (k.source, k.source_port) for k in block.inner.links if k.target in block.exits
        }
        out = self._put(block_id, replace(block, inner=inner), ids, ports)
        self.moved |= {source: (block_id, out[port]) for port, source in leaving.items()}
        self.paths[block_id] = scope.path
        return block_id

    def _put(self, block_id: str, block: Block, ids: Mapping[str, str], ports: Mapping[str, str]) -> dict[str, str]:
        """Put in the block with its new inside, and with ports that are called as in the code; what its outputs became."""
        old = self.graph.nodes[block_id].layer
        assert isinstance(old, Block)
        inner = block.inner
        exits = _exit_names(inner, [ids[n] for n in old.exits])
        for node_id, name in {**{ids[n]: name for n, name in ports.items()}, **exits}.items():
            node = inner.nodes[node_id]
            inner = inner.with_node(replace(node, layer=node.layer.with_(name=name)))
        first = [ids[n] for n in ports]
        order = [*first, *(n for n in inner.nodes if n not in first and n not in exits), *exits]
        block = replace(block, inner=tidy(Graph({n: inner.nodes[n] for n in order}, inner.links)))
        into = {old.port_of(n): block.port_of(ids[n]) for n in old.entries}
        out = {old.port_of(n): block.port_of(ids[n]) for n in old.exits}
        links = {k for k in self.graph.links if block_id not in (k.source, k.target)}
        links |= {replace(k, target_port=into[k.target_port]) for k in self.graph.incoming[block_id]}
        links |= {replace(k, source_port=out[k.source_port]) for k in self.graph.outgoing[block_id]}
        nodes = {**self.graph.nodes, block_id: replace(self.graph.nodes[block_id], layer=block)}
        self.graph = Graph(nodes, frozenset(links))
        return out

    def _port_names(self, graph: Graph, block_id: str, block: Block, scope: Scope) -> dict[str, str]:
        """Block inputs with the names of the arguments that they are, in the order of these."""
        words = {self._now(source): name for source, name in self.given.get(scope.call, {}).items()}
        sources = {k.target_port: (k.source, k.source_port) for k in graph.incoming[block_id]}
        found = {n: words[sources[block.port_of(n)]] for n in block.entries if sources[block.port_of(n)] in words}
        if len(block.entries) < 2:
            return {}
        if len(set(found.values())) < len(block.entries):
            return _usual_names(block)
        place = {name: k for k, name in enumerate(words.values())}
        return dict(sorted(found.items(), key=lambda pair: place[pair[1]]))

    def _now(self, source: tuple[str, str]) -> tuple[str, str]:
        """Where that which a node gave is to be had by now."""
        while source in self.moved and source[0] not in self.graph.nodes:
            source = self.moved[source]
        return source

    def _inner(self, block: Block, scope: Scope) -> tuple[Graph, dict[str, str]]:
        """The inside with names from here on, and the new id of each node."""
        names = {n: self._relative(n, scope) for n in block.inner.nodes}
        return named_apart(block.inner, names, self.paths)

    def _relative(self, node_id: str, scope: Scope) -> str:
        name = self.names.get(node_id, "")
        return name.removeprefix(f"{scope.path}.") if name.startswith(f"{scope.path}.") else name

    def _numbers(self, inner: Graph, ids: Mapping[str, str]) -> dict[str, Any]:
        """What the layers inside begin with, under the names that a block's code has for them."""
        attributes = attribute_names(inner)
        return {
            f"{attributes[ids[n]]}.{name}": array
            for n, tensors in self.starts.items()
            if n in ids
            for name, array in tensors.items()
        }

    def finished(self) -> Graph:
        """The whole, with ids of its blocks that say what they are."""
        names = {n: self.names.get(n, "") for n in self.graph.nodes if n in self.paths or n in self.named}
        graph, ids = named_apart(self.graph, names, self.paths, only=names)
        self.starts = {ids[n]: tensors for n, tensors in self.starts.items() if n in ids}
        return graph


def _usual_names(block: Block) -> dict[str, str]:
    """Names of ports where the model tells none: the only one that is called after what stands outside is x, and first."""
    inner = block.inner
    names = {n: block.port_of(n) for n in block.entries}
    outside = [n for n, name in names.items() if name not in {k.target_port for k in inner.outgoing[n]}]
    if len(outside) != 1 or "x" in names.values():
        return {}
    return {outside[0]: "x", **{n: name for n, name in names.items() if n != outside[0]}}


def _exit_names(inner: Graph, exits: list[str]) -> dict[str, str]:
    """Block outputs in the order in which what leaves is made, named after it."""
    if len(exits) < 2:
        return {}
    made = {n: inner.incoming[n][0] for n in exits}
    ports = {n: [p.name for p in inner.output_ports(k.source)].index(k.source_port) for n, k in made.items()}
    place = {n: k for k, n in enumerate(inner.in_order)}
    order = sorted(exits, key=lambda n: (place[made[n].source], ports[n]))
    return {n: made[n].source if made[n].source_port == "out" else made[n].source_port for n in order}
