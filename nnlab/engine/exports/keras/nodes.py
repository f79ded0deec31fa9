"""What every node of a graph is in Keras, and a list of those that have no equal there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from nnlab.core.blocks.block import Block
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer, Shape
from nnlab.core.learning import sharing_problem
from nnlab.core.shapes import NodeShapes
from nnlab.engine.exports.keras.code import KerasCode, NoEqual
from nnlab.engine.exports.keras.norms import normed
from nnlab.engine.exports.keras.scope import Plan
from nnlab.engine.exports.keras.table import keras_code
from nnlab.engine.exports.keras.text import constructors
from nnlab.errors import BuildError

BlockCoder = Callable[[Block, tuple[Shape, ...], bool], KerasCode]
"""Gets the block, its input shapes, and whether it is held still."""
CHANCES = {"dropout": 0.0, "p": 0.0, "sigma": 0.0}
"""Settings that make a layer do by chance what it does while training, and their values without it."""
BY_CHANCE = ("Dropout", "AlphaDropout", "GaussianNoise", "DropPath")


@dataclass
class Missing:
    """The layers that have no equal, and the nodes of the drawing to point at."""

    titles: dict[str, None] = field(default_factory=dict)
    node: str = ""

    def add(self, title: str, why: str, node_id: str) -> None:
        """One more."""
        self.titles[f"{title}{f' ({why})' if why else ''}"] = None
        self.node = self.node or node_id

    def check(self) -> None:
        """BuildError if there are any."""
        if self.titles:
            raise BuildError(
                f"Keras has no equal for {', '.join(self.titles)}: export Python code or ONNX instead", self.node
            )


def equals(
    graph: Graph,
    order: Iterable[str],
    shapes: Mapping[str, NodeShapes],
    coder: BlockCoder,
    missing: Missing,
    at: str = "",
    still: bool = False,
) -> dict[str, KerasCode]:
    """What each node is; those that have no equal are noted, `at` being the node of the drawing that they are within."""
    found: dict[str, KerasCode] = {}
    for n in order:
        node, inputs = graph.nodes[n], shapes[n].inputs
        layer, frozen = node.layer, still or node.learning.frozen
        try:
            if isinstance(layer, Block):
                found[n] = coder(layer, inputs, frozen)
            else:
                code = keras_code(node.type_id, stilled(layer) if frozen else layer, inputs)
                found[n] = normed(code, node.learning.norm, transposed=node.type_id.startswith("ConvTranspose"))
            found[n] = _with_ports(graph, n, found[n])
        except NoEqual as lack:
            missing.add(called(node), str(lack), at or n)
    return found


def check_sharing(plan: Plan, shapes: Mapping[str, NodeShapes], missing: Missing, at: str = "") -> None:
    """Layers that use the weights of another must be made alike."""
    inputs = {n: shapes[n].inputs for n in plan.codes}
    for n in plan.codes:
        problem = sharing_problem(plan.graph, n, inputs)
        if problem:
            raise BuildError(f"{plan.graph.nodes[n].title} {problem}", at or n)
        other = plan.owner(n)
        if other != n and _made(plan.codes[n]) != _made(plan.codes[other]):
            missing.add(called(plan.graph.nodes[n]), "it uses the weights of a layer with other settings", at or n)


def _made(code: KerasCode) -> list[str]:
    names = {f"in{k}": f"{{{k}}}" for k in range(32)}
    classes = frozenset(each.name for each in code.support if each.text.lstrip().startswith("class "))
    text = code.forward.format(*names, name="it", batch="batch")
    return [each.text for each in constructors(text, classes) if each.name]


def _with_ports(graph: Graph, node_id: str, code: KerasCode) -> KerasCode:
    """The code that has all outputs that are read."""
    ports = [p.name for p in graph.output_ports(node_id)]
    used = {link.source_port for link in graph.outgoing[node_id]}
    beyond = [p for p in ports[len(code.results) :] if p in used]
    if beyond and code.fuller is None:
        raise NoEqual(f"what leaves at {beyond[0]} has another form there")
    return code.fuller if beyond and code.fuller else code


def called(node: Node) -> str:
    """What a node is called, with what it is where its user calls it otherwise."""
    return node.title if node.title == node.layer.title else f"{node.title}, a layer {node.layer.title}"


def stilled(layer: Layer) -> Layer:
    """A layer that is held still does nothing by chance, also while the others train."""
    known = {p.name for p in layer.params()}
    names = CHANCES if LAYERS.id_of(layer).startswith(BY_CHANCE) else ("dropout",)
    return layer.with_(**{name: 0.0 for name in names if name in known})
