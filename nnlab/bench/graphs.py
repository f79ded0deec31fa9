"""Large networks to edit."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from nnlab.core.chain import layer
from nnlab.core.graph import Graph, Link, Node

ROW = 20  # nodes
WIDE, HIGH = 224.0, 160.0
BLOCK = ("Linear", "ReLU", "Linear", "ReLU", "Linear", "Add", "ReLU")
PIPE = ("Tanh", "ReLU", "Tanh", "ReLU", "Tanh", "Add", "ReLU")


@lru_cache(maxsize=4)
def sized(nodes: int) -> Graph:
    """So many nodes in rows: blocks of layers and activations with a way around them."""
    return _made(BLOCK, (nodes - 3) // len(BLOCK), nodes)


@lru_cache(maxsize=1)
def pipe(nodes: int) -> Graph:
    """So many nodes that all take the shape the first layer, `n1`, gives them."""
    return _made(PIPE, (nodes - 3) // len(PIPE), nodes)


@lru_cache(maxsize=1)
def residual(blocks: int) -> Graph:
    """So many blocks with a way around them."""
    return _made(BLOCK, blocks, len(BLOCK) * blocks + 3)


def _made(block: Sequence[str], blocks: int, nodes: int) -> Graph:
    """Input, one layer, the blocks, activations up to the number of nodes, output; wired and placed in rows."""
    kinds = ["Input", "Linear"]
    links = [(0, 1)]
    for _ in range(blocks):
        begins = len(kinds) - 1
        for kind in block:
            kinds.append(kind)
            links.append((len(kinds) - 2, len(kinds) - 1))
            if kind == "Add":
                links.append((begins, len(kinds) - 1))
    kinds += ["Tanh"] * (nodes - 1 - len(kinds)) + ["Output"]
    links += [(k - 1, k) for k in range(2 + blocks * len(block), len(kinds))]
    return _wired(kinds, links)


def _wired(kinds: Sequence[str], links: Sequence[tuple[int, int]]) -> Graph:
    """The graph in one go: node by node it would be copied each time."""
    nodes = {
        f"n{k}": Node(f"n{k}", layer(kind), x=WIDE * (k % ROW), y=HIGH * (k // ROW)) for k, kind in enumerate(kinds)
    }
    found: list[Link] = []
    for source, target in links:
        ports = sum(link.target == f"n{target}" for link in found[-2:])
        port = f"in{ports + 1}" if nodes[f"n{target}"].layer.variadic else "in"
        found.append(Link(f"n{source}", f"n{target}", port))
    return Graph(nodes, frozenset(found))


def with_width(graph: Graph, units: int) -> Graph:
    """The same with another number of units in its first layer."""
    node = graph.node("n1")
    return graph.with_node(replace(node, layer=node.layer.with_(out_features=units)))
