"""What leaves the layers inside a block, asked for only while somebody looks there: of repeats, the first copy."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.code import trace_text
from nnlab.core.document import Document
from nnlab.core.graph import Graph
from nnlab.core.layer import Shape
from nnlab.core.writing import attribute_names
from nnlab.engine.compile import Network, run_text

Trace = Callable[[Tensor], dict[str, Tensor]]


def tracer(network: Network, document: Document, path: tuple[str, ...]) -> Trace:
    """A function that gives the output of every node at this path by its id; nothing if the path leads nowhere."""
    return (lambda x: _inside(network, document, path, x)) if path else network.trace


def _inside(network: Network, document: Document, path: tuple[str, ...], x: Tensor) -> dict[str, Tensor]:
    graph, shapes, module = document.graph, document.shapes, network
    values: dict[tuple[str, int], Tensor] = {}
    traced = network.trace(x)
    for node_id in graph.nodes:
        for k, port in enumerate(p.name for p in graph.output_ports(node_id)):
            key = f"{node_id}.{port}" if k else node_id
            if key in traced:
                values[node_id, k] = traced[key]
    at: nn.Module = module
    for node_id in path:
        node = graph.nodes.get(node_id)
        if node is None or not isinstance(node.layer, Block) or not shapes[node_id].known:
            return {}
        inputs = _arriving(graph, node_id, values)
        if inputs is None:
            return {}
        at = _copy(at.get_submodule(attribute_names(graph)[node_id]), node.layer)
        sizes = shapes[node_id].inputs
        if node.layer.is_over_time:
            inputs = _first_step(inputs, node.layer.step_shapes(sizes))
        values = _trace(_Key(node.layer, sizes))(at, *inputs)
        graph, shapes = node.layer.inner, node.layer.within(*sizes)
    return {node_id: value for (node_id, k), value in values.items() if k == 0}


def _arriving(graph: Graph, node_id: str, values: dict[tuple[str, int], Tensor]) -> list[Tensor | None] | None:
    found: list[Tensor | None] = []
    links = {link.target_port: link for link in graph.incoming[node_id]}
    for port in graph.input_ports(node_id):
        link = links.get(port.name)
        names = [p.name for p in graph.output_ports(link.source)] if link is not None else []
        value = values.get((link.source, names.index(link.source_port))) if link is not None else None
        if value is None and not (port.optional and link is None):
            return None
        found.append(value)
    return found


def _first_step(inputs: list[Tensor | None], shapes: tuple[Shape, ...]) -> list[Tensor | None]:
    """What enters a block that runs over time at the first step of a sequence."""
    sequence = inputs[0]
    assert sequence is not None  # it has a wire, or the block would not be known
    zeros = [torch.zeros(len(sequence), *shape, device=sequence.device) for shape in shapes]
    begun = [zeros[k] if given is None else given for k, given in enumerate(inputs)]
    return [sequence[:, 0], *begun[1:]]


def _copy(module: nn.Module, block: Block) -> nn.Module:
    """The first of a block's copies."""
    if block.is_over_time:
        return module.get_submodule("step")
    if block.repeat == 1:
        return module
    return module.get_submodule("block" if block.share else "0" if block.is_row else "blocks.0")


class _Key:
    """A block that takes certain shapes, compared by identity: blocks do not change."""

    def __init__(self, block: Block, shapes: tuple[Shape, ...]) -> None:
        self.block, self.shapes = block, shapes

    def __hash__(self) -> int:
        return hash((id(self.block), self.shapes))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.block is other.block and self.shapes == other.shapes


@lru_cache(maxsize=16)
def _trace(key: _Key) -> Any:
    return run_text(trace_text(key.block, key.shapes))["trace"]
