"""Where wires enter and leave a block: two layers that only stand inside one, and the ports that they make."""

from dataclasses import dataclass
from typing import ClassVar

from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import Layer, Port, PortKind, Shape, TorchCode
from nnlab.core.param import param


@dataclass(frozen=True)
class BlockInput(Layer):
    """Where a wire from outside enters a block. Each one is an input port of the block, under its name."""

    title = "Block input"
    category = "Blocks"
    tier = 3
    formula = "x"
    inputs = ()
    outputs = (Port("out", "*"),)
    is_entry = True
    fits: ClassVar[tuple[tuple[Shape, ...], ...]] = (((4,),), ((2, 5, 5),))

    name: str = param("in", "What the port is called on the outside.")
    order: int = param(0, "Ports with smaller numbers stand higher; equal ones as they were added.", low=-99, high=99)

    def output_shape(self, *shapes: Shape) -> Shape:
        """What comes from outside, unchanged."""
        return shapes[0]

    @property
    def source(self) -> str:
        """Outside of blocks there is nothing that it could stand for, but an input of the data of its name."""
        return self.name

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The value itself."""
        return TorchCode("{0}")

    def summary(self) -> str:
        """Its name."""
        return self.name[:24]


@dataclass(frozen=True)
class BlockOutput(Layer):
    """Where a value leaves a block. Each one is an output port of the block, under its name."""

    title = "Block output"
    category = "Blocks"
    tier = 3
    formula = "y"
    inputs = (Port("in", "*"),)
    outputs = ()

    name: str = param("out", "What the port is called on the outside.")
    order: int = param(0, "Ports with smaller numbers stand higher; equal ones as they were added.", low=-99, high=99)

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """What leaves, as the one thing that can be asked of a node without outputs."""
        return (shapes[0],)

    def output_shape(self, *shapes: Shape) -> Shape:
        """What leaves, unchanged."""
        return shapes[0]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The value itself."""
        return TorchCode("{0}")

    def summary(self) -> str:
        """Its name."""
        return self.name[:24]


EMPTY = Graph(
    {"block_input": Node("block_input", BlockInput()), "block_output": Node("block_output", BlockOutput(), x=240.0)},
    frozenset({Link("block_input", "block_output")}),
)
"""What a new block holds: a wire from its input to its output."""


def ordered(inner: Graph, kind: type[BlockInput] | type[BlockOutput]) -> tuple[str, ...]:
    """The ids of the Block inputs, or of the Block outputs, in the order of the ports."""
    found = [
        (node.layer.order, k, n) for k, (n, node) in enumerate(inner.nodes.items()) if isinstance(node.layer, kind)
    ]
    return tuple(node_id for _, _, node_id in sorted(found))


def port_names(inner: Graph, ids: tuple[str, ...]) -> dict[str, str]:
    """Every port's name; of two that are called the same, the later gets a number."""
    found: dict[str, str] = {}
    for node_id in ids:
        stem = str(getattr(inner.nodes[node_id].layer, "name", ""))[:60].strip() or node_id
        name, n = stem, 2
        while name in found.values():
            name, n = f"{stem}_{n}", n + 1
        found[node_id] = name
    return found


def kind_taken(inner: Graph, node_id: str) -> PortKind:
    """What the layers that this Block input leads to agree on."""
    kinds: set[PortKind] = set()
    for link in inner.outgoing[node_id]:
        kinds |= {port.kind for port in inner.input_ports(link.target) if port.name == link.target_port}
    return next(iter(kinds)) if len(kinds) == 1 else "*"


def kind_made(inner: Graph, node_id: str) -> PortKind:
    """What the layer that leads to this Block output gives."""
    for link in inner.incoming[node_id]:
        for port in inner.output_ports(link.source):
            if port.name == link.source_port:
                return port.kind
    return "*"
