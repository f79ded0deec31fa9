"""What is seen of a node and of a wire, as plain values: compared to decide whether anything must be drawn anew."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from nnlab.core.blocks.block import Block
from nnlab.core.document import Document
from nnlab.core.graph import Link
from nnlab.core.layer import Port, PortKind, UnknownLayer, shape_text
from nnlab.core.learning import NORMS, USUAL
from nnlab.core.shapes import bindings
from nnlab.core.words import number, plural
from nnlab.ui.canvas import geometry
from nnlab.ui.look.port_words import port_words

FORMULA_LIMIT = 15  # characters that fit on a node's second line


@dataclass(frozen=True)
class PortLook:
    """One port of a node, where it sits and whether a wire is on it."""

    name: str
    kind: PortKind
    connected: bool
    x: float
    y: float
    optional: bool = False
    """It may stay without a wire."""

    @property
    def point(self) -> QPointF:
        """Its middle, from the node's top-left corner."""
        return QPointF(self.x, self.y)


@dataclass(frozen=True)
class NodeLook:
    """All that a node shows, except what the mouse does to it."""

    title: str
    summary: str
    category: str
    inputs: tuple[PortLook, ...]
    outputs: tuple[PortLook, ...]
    height: int
    problem: str = ""
    severity: str = "error"
    waiting: bool = False
    stacked: bool = False
    """More layers lie below it: a block."""

    @property
    def rect(self) -> QRectF:
        """The card, from its top-left corner."""
        return QRectF(0, 0, geometry.WIDTH, self.height)

    def label_of(self, name: str, is_output: bool) -> str:
        """What a port is called; nothing where it is the only one on its side."""
        port, side = self.port(name, is_output), self.outputs if is_output else self.inputs
        return port_words(name, port.optional) if port is not None and len(side) > 1 else ""

    def port(self, name: str, is_output: bool) -> PortLook | None:
        """The port of that name, if the node has it."""
        return next((p for p in (self.outputs if is_output else self.inputs) if p.name == name), None)


@dataclass(frozen=True)
class WireLook:
    """The text on a wire, how thick it is, and whether what flows in it is known and welcome."""

    text: str
    width: float
    known: bool
    refused: bool
    """The node it leads to cannot take what it carries."""


def node_look(document: Document, node_id: str, worse: tuple[str, str] | None = None) -> NodeLook:
    """How this node looks now; `worse` is (severity, sentence) of a check that knows more than the shapes."""
    graph = document.graph
    node, at = graph.nodes[node_id], document.shapes[node_id]
    ins, outs = graph.input_ports(node_id), graph.output_ports(node_id)
    height = geometry.height_for(max(len(ins), len(outs)))
    taken = {link.target_port for link in graph.incoming[node_id]}
    used = {link.source_port for link in graph.outgoing[node_id]}
    severity, problem = worse or ("error", "")  # beside the way to the Output a mistake is a warning only
    problem = at.problem or problem
    return NodeLook(
        title=node.title,
        summary=_summary(document, node_id),
        category=node.layer.category,
        inputs=_ports(ins, taken, 0.0, height, _arriving(document, node_id)),
        outputs=_ports(outs, used, float(geometry.WIDTH), height, at.kinds),
        height=height,
        problem=problem,
        severity=severity,
        waiting=at.waiting,
        stacked=isinstance(node.layer, Block),
    )


def wire_look(document: Document, link: Link) -> WireLook:
    """How this wire looks now."""
    at = document.shapes[link.source]
    names = [port.name for port in document.graph.output_ports(link.source)]
    if not at.known or link.source_port not in names:
        return WireLook("", 2.0, False, False)
    shape = at.outputs[names.index(link.source_port)]
    numbers = max(1, math.prod(shape))
    return WireLook(
        shape_text(shape),
        min(2.0 + 0.75 * max(0.0, math.log10(numbers) - 1), 5.0),
        True,
        bool(document.shapes[link.target].problem),
    )


def node_tooltip(look: NodeLook) -> str:
    """What hovering a node says: the problem if it has one."""
    if not look.problem:
        return ""
    text = look.problem
    return text if text[:1].isupper() else f"{look.title} {text}"


def _ports(
    ports: tuple[Port, ...], taken: set[str], x: float, height: int, known: tuple[PortKind, ...]
) -> tuple[PortLook, ...]:
    kinds: list[PortKind] = [
        port.kind if port.kind != "*" else next(iter(known[i : i + 1]), "x") for i, port in enumerate(ports)
    ]
    return tuple(
        PortLook(port.name, kinds[i], port.name in taken, x, geometry.port_y(i, len(ports), height), port.optional)
        for i, port in enumerate(ports)
    )


def _arriving(document: Document, node_id: str) -> tuple[PortKind, ...]:
    """What comes in at each wired port that takes anything: what leaves the node that the wire comes from."""
    graph = document.graph
    found: list[PortKind] = []
    for link in graph.incoming[node_id]:
        names = [port.name for port in graph.output_ports(link.source)]
        kinds = document.shapes[link.source].kinds
        at = names.index(link.source_port) if link.source_port in names else len(kinds)
        found += kinds[at : at + 1]
    return tuple(found)


def _summary(document: Document, node_id: str) -> str:
    """What stands below the title: how it learns, if not as usual, and the settings that matter."""
    learning = document.graph.nodes[node_id].learning
    if learning == USUAL:
        return _settings(document, node_id)
    other = document.graph.nodes.get(learning.shares)
    if other is not None and not learning.frozen:  # the other one says its settings
        return f"weights of {other.title}"
    said = "frozen" if learning.frozen else ""
    said = said or (f"rate × {number(learning.rate)}" if learning.rate != 1 else "")
    said = said or (NORMS[learning.norm].lower() if learning.norm != "none" else "")
    return " · ".join(filter(None, (said, _settings(document, node_id))))


def _settings(document: Document, node_id: str) -> str:
    layer = document.graph.nodes[node_id].layer
    if isinstance(layer, UnknownLayer):
        return layer.type_id
    if layer.is_entry and layer.summary().casefold() == document.graph.nodes[node_id].title.casefold():
        return document.data.dataset.title  # the title says already which input it is
    if layer.summary():
        return layer.summary()
    if not layer.inputs and layer.outputs:
        return _entering(document, node_id) or document.data.dataset.title
    if layer.inputs and not layer.outputs:
        if document.shapes[node_id].kinds[:1] == ("s",):
            return "part of the loss"
        spec = document.spec
        return plural(spec.width, "class", "classes") if spec and spec.task == "classes" else _values(document)
    return layer.formula if len(layer.formula) <= FORMULA_LIMIT else ""


def _entering(document: Document, node_id: str) -> str:
    """Which input of the data enters here, where there are several."""
    spec = document.spec
    if spec is None or len(spec.fields) < 2 or not document.graph.nodes[node_id].layer.is_entry:
        return ""
    at = bindings(document.graph, spec.fields).get(node_id)
    return "" if at is None else spec.fields[at].name


def _values(document: Document) -> str:
    return plural(document.spec.width, "value") if document.spec else ""
